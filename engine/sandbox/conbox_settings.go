package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// How the web server before CONBOX authenticates, for ConboxSettings.Auth.
const (
	// AuthNone lets everybody pass and ignores credentials.
	AuthNone = "none"
	// AuthBasic offers Basic.
	AuthBasic = "basic"
	// AuthDigest offers Digest with one Algorithm.
	AuthDigest = "digest"
	// AuthBoth offers Digest, then Basic.
	AuthBoth = "digest+basic"
)

// Which spellings of the action GetPositionData the service knows, for
// ConboxSettings.PositionData.
const (
	// PositionDataBoth knows both, and both keys for the GUID.
	PositionDataBoth = "both"
	// PositionDataRight knows GetPositionData with the key PositionGuid.
	PositionDataRight = "GetPositionData"
	// PositionDataSample knows what the vendor's request samples spell: the
	// action GetPostionData with the GUID in the key GetPostionData.
	PositionDataSample = "GetPostionData"
	// PositionDataNeither is a moveIT before 54.30.14.
	PositionDataNeither = "neither"
)

// ConboxSettings say how the CONBOX service behaves. The zero value of a field
// stands for its default. They can be changed while it runs, with
// Server.SetConbox or PUT /sandbox/conbox/settings.
type ConboxSettings struct {
	// Auth is AuthNone (default), AuthBasic, AuthDigest or AuthBoth.
	Auth string `json:"auth"`
	// Algorithm of Digest: "MD5-sess" (default, in the form of IIS), "MD5",
	// "SHA-256" or "SHA-256-sess".
	Algorithm string `json:"algorithm"`
	// Qop that Digest offers: "auth" (default), "auth-int" or "auth,auth-int".
	Qop string `json:"qop"`
	// NonceUses is how many requests one nonce serves before it is stale; 0 is
	// no limit.
	NonceUses int `json:"nonce_uses"`
	// Username and Password are the one account of the web server.
	Username string `json:"username"`
	Password string `json:"password"`
	// UserCode and UserAPIKey are what the envelope must hold; "" is anything.
	UserCode   string `json:"user_code"`
	UserAPIKey string `json:"user_api_key"`
	// APIKeyRequired refuses calls without a UserAPIKey ("künftig ein
	// Pflichtfeld"); otherwise one that is sent must still be right.
	APIKeyRequired bool `json:"api_key_required"`
	// PositionData is PositionDataBoth (default), PositionDataRight,
	// PositionDataSample or PositionDataNeither.
	PositionData string `json:"position_data"`
}

func (s ConboxSettings) withDefaults() ConboxSettings {
	for _, f := range []struct {
		field    *string
		standard string
	}{{&s.Auth, AuthNone}, {&s.Algorithm, "MD5-sess"}, {&s.Qop, "auth"}, {&s.PositionData, PositionDataBoth}} {
		if *f.field == "" {
			*f.field = f.standard
		}
	}
	return s
}

func (s ConboxSettings) check() error {
	for _, f := range []struct {
		name, value string
		known       []string
	}{
		{"auth", s.Auth, []string{AuthNone, AuthBasic, AuthDigest, AuthBoth}},
		{"algorithm", s.Algorithm, []string{"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"}},
		{"qop", s.Qop, []string{"auth", "auth-int", "auth,auth-int"}},
		{"position_data", s.PositionData, []string{PositionDataBoth, PositionDataRight, PositionDataSample, PositionDataNeither}},
	} {
		if !slices.Contains(f.known, f.value) {
			return fmt.Errorf("%s %q is none of %q", f.name, f.value, f.known)
		}
	}
	if s.NonceUses < 0 {
		return fmt.Errorf("nonce_uses %d is below 0", s.NonceUses)
	}
	return nil
}

// ConboxSettings returns how the CONBOX service behaves now, defaults filled in.
func (s *Server) ConboxSettings() ConboxSettings {
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	return s.conbox.settings
}

// SetConbox changes how the CONBOX service behaves from the next call on; all
// nonces become stale. A value that does not exist is an error and changes
// nothing.
func (s *Server) SetConbox(settings ConboxSettings) error {
	settings = settings.withDefaults()
	if err := settings.check(); err != nil {
		return fmt.Errorf("set conbox: %w", err)
	}
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	s.conbox.settings = settings
	s.conbox.nonces.expire()
	return nil
}

// MergeConbox is SetConbox with the fields that a JSON object names, the form
// of PUT /sandbox/conbox/settings; what it does not name stays as it is.
func (s *Server) MergeConbox(data []byte) error {
	settings := s.ConboxSettings()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return fmt.Errorf("read conbox settings: %w", err)
	}
	return s.SetConbox(settings)
}
