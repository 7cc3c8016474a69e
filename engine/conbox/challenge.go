package conbox

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strings"

	"github.com/icholy/digest"
	"golang.org/x/text/unicode/norm"

	"dropform/engine/wire"
)

// scheme is how a request is authenticated.
type scheme int

const (
	schemeOpen scheme = iota // not at all
	schemeBasic
	schemeDigest
)

// offer is what a 401 asks for, narrowed to what will be used.
type offer struct {
	scheme    scheme
	challenge *digest.Challenge // of schemeDigest
}

// stale reports whether a 401 blames the nonce and not the password.
func (o offer) stale() bool { return o.challenge != nil && o.challenge.Stale }

var (
	errAuthInt     = errors.New("the server wants Digest with qop auth-int, which is not supported")
	errNoChallenge = errors.New("the server wants authentication but does not say which")
)

// choose picks among the challenges of a 401: the first Digest that can be answered, else Basic. The error says what
// the server wants instead.
func choose(h http.Header, auth string) (offer, error) {
	var others []string
	basic := false
	reason := error(nil)
	for _, challenge := range challenges(h) {
		name, _, _ := strings.Cut(challenge, " ")
		switch strings.ToLower(name) {
		case "digest":
			c, err := parseChallenge(challenge)
			switch {
			case err != nil:
				reason = err
			case auth != authBasic:
				return offer{schemeDigest, c}, nil
			}
		case "basic":
			basic = auth != authDigest
		}
		others = append(others, name)
	}
	switch {
	case basic:
		return offer{scheme: schemeBasic}, nil
	case reason != nil:
		return offer{}, reason
	case len(others) == 0:
		return offer{}, errNoChallenge
	}
	slices.Sort(others)
	wanted := strings.Join(slices.Compact(others), ", ")
	if auth == authAuto {
		return offer{}, fmt.Errorf("the server wants %s, which is not supported", wanted)
	}
	return offer{}, fmt.Errorf("the server wants %s, but auth is %q", wanted, auth)
}

// parseChallenge reads a Digest challenge that can be answered. Bytes outside ASCII, such as a realm in Latin-1, are
// carried through the parser one by one, because they have to be hashed and repeated as they came.
func parseChallenge(s string) (*digest.Challenge, error) {
	c, err := digest.ParseChallenge(spread(s))
	if err != nil {
		return nil, errors.New("the server's Digest challenge cannot be read")
	}
	c.Realm, c.Nonce, c.Opaque = gather(c.Realm), gather(c.Nonce), gather(c.Opaque)
	if c.Nonce == "" {
		return nil, errors.New("the server's Digest challenge has no nonce")
	}
	qops := c.QOP
	c.QOP = nil
	for _, qop := range qops {
		if qop = strings.ToLower(strings.TrimSpace(qop)); qop != "" {
			c.QOP = append(c.QOP, qop)
		}
	}
	if len(c.QOP) > 0 {
		if !slices.Contains(c.QOP, "auth") {
			return nil, errAuthInt
		}
		c.QOP = []string{"auth"}
	}
	if _, _, ok := algorithm(c); !ok {
		return nil, fmt.Errorf("the server wants Digest with the algorithm %q, which is not supported", wire.OneLine(c.Algorithm))
	}
	return c, nil
}

func spread(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func gather(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// challenges takes WWW-Authenticate apart: one header line may hold several, and commas separate them as well as the
// parameters of each.
func challenges(h http.Header) []string {
	var out []string
	for _, line := range h.Values("WWW-Authenticate") {
		for _, part := range outsideQuotes(line) {
			name, rest, _ := strings.Cut(part, " ")
			if begins := name != "" && !strings.Contains(name, "=") && !strings.HasPrefix(strings.TrimSpace(rest), "="); begins {
				out = append(out, part)
			} else if n := len(out); n > 0 && part != "" {
				joint := ", "
				if !strings.Contains(out[n-1], " ") {
					joint = " "
				}
				out[n-1] += joint + part
			}
		}
	}
	return out
}

// outsideQuotes splits at commas that do not stand in a quoted string.
func outsideQuotes(s string) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

// algorithm is the hash of a challenge, without -sess.
func algorithm(c *digest.Challenge) (base string, sum func() hash.Hash, ok bool) {
	base = strings.TrimSuffix(strings.ToUpper(c.Algorithm), "-SESS")
	switch base {
	case "", "MD5":
		return base, md5.New, true
	case "SHA-256":
		return base, sha256.New, true
	}
	return "", nil, false
}

// login is who asks, with the password of this moment.
type login struct {
	user, password string
	hash           string // of both, salted
}

func (l login) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(l.user+":"+l.password))
}

// digest is the Authorization for one POST to uri, the count-th with this challenge. The library does not know the
// -sess algorithms that IIS asks for: there the hash of the password is hashed again with both nonces.
func (l login) digest(c *digest.Challenge, method, uri, cnonce string, count int) (string, error) {
	base, sum, ok := algorithm(c)
	if !ok {
		return "", fmt.Errorf("unsupported algorithm %q", c.Algorithm)
	}
	user, password := l.user, l.password
	if strings.EqualFold(c.Charset, "utf-8") {
		user, password = norm.NFC.String(user), norm.NFC.String(password)
	}
	plain := *c
	plain.Algorithm = base
	o := digest.Options{Method: method, URI: uri, Count: count, Cnonce: cnonce, Username: user, Password: password}
	if base != strings.ToUpper(c.Algorithm) {
		hashed := func(s string) string {
			h := sum()
			h.Write([]byte(s))
			return hex.EncodeToString(h.Sum(nil))
		}
		o.A1 = hashed(hashed(user+":"+c.Realm+":"+password) + ":" + c.Nonce + ":" + cnonce)
	}
	answer, err := digest.Digest(&plain, o)
	if err != nil {
		return "", fmt.Errorf("answer the challenge: %w", err)
	}
	answer.Algorithm = c.Algorithm
	answer.Cnonce = cnonce
	return format(answer), nil
}

func newCnonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// format writes the header. Values are quoted as HTTP does it, not as Go does.
func format(a *digest.Credentials) string {
	var b strings.Builder
	b.WriteString(digest.Prefix)
	quoted := func(name, v string) {
		b.WriteString(name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `", `)
	}
	quoted("username", a.Username)
	quoted("realm", a.Realm)
	quoted("nonce", a.Nonce)
	quoted("uri", a.URI)
	if a.Algorithm != "" {
		b.WriteString("algorithm=" + a.Algorithm + ", ")
	}
	if a.QOP != "" {
		fmt.Fprintf(&b, "qop=%s, nc=%08x, ", a.QOP, a.Nc)
	}
	if a.QOP != "" || strings.HasSuffix(strings.ToLower(a.Algorithm), "-sess") {
		quoted("cnonce", a.Cnonce)
	}
	if a.Opaque != "" {
		quoted("opaque", a.Opaque)
	}
	if a.Userhash {
		b.WriteString("userhash=true, ")
	}
	b.WriteString(`response="` + a.Response + `"`)
	return b.String()
}
