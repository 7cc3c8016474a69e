package sandbox

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// perbitCall is one request as the web API reads it: names of parameters in
// any case, as header or in the URL (perbit 2.1, 3.1).
type perbitCall struct {
	*http.Request
	stream stream
	action string
	query  map[string]string // lower-case names
	faults faultSet
}

func newPerbitCall(r *http.Request, on stream) *perbitCall {
	c := &perbitCall{Request: r, stream: on, query: make(map[string]string)}
	// A pair that cannot be unescaped is left out, as if it had not been sent.
	values, _ := url.ParseQuery(r.URL.RawQuery)
	for name, list := range values {
		c.query[strings.ToLower(name)] = decodeText(list[0])
	}
	c.action = c.param(string(on) + "Action")
	return c
}

// param returns a parameter from the headers, else from the URL; "" is not
// filled.
func (c *perbitCall) param(name string) string {
	if v := strings.TrimSpace(decodeText(c.Header.Get(name))); v != "" {
		return v
	}
	return strings.TrimSpace(c.query[strings.ToLower(name)])
}

// tenantID is taken from the URL only (perbit 2.2.1).
func (c *perbitCall) tenantID() string { return strings.TrimSpace(c.query["id"]) }

// waits says whether the caller asked for the result as answer.
func (c *perbitCall) waits() bool { return c.param("WaitForResult") == "1" }

// basic returns the credentials of the header authorization, the only place
// for them (perbit 2.2.1); present tells whether there was such a header.
func (c *perbitCall) basic() (name, password string, present bool) {
	header := c.Header.Get("Authorization")
	if header == "" {
		return "", "", false
	}
	scheme, code, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", true
	}
	// What cannot be decoded matches no user.
	plain, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(code))
	name, password, _ = strings.Cut(decodeText(string(plain)), ":")
	return name, password, true
}

// multipart bodies do not work (perbit 2.1).
func (c *perbitCall) multipart() bool {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	return err == nil && strings.HasPrefix(kind, "multipart/")
}

// decodeText reads UTF-8, and what is not UTF-8 as Windows-1252.
func decodeText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	// A decoder of a single-byte charset maps every byte and cannot fail.
	s, _ = charmap.Windows1252.NewDecoder().String(s)
	return s
}
