package sandbox

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// conboxRealm is the realm of both challenges.
const conboxRealm = "moveIT CONBOX"

// verdict is what the web server thinks of a request's credentials.
type verdict int

const (
	authorised verdict = iota
	anonymous          // none were sent
	rejected           // wrong, or of a kind that is not offered
	stale              // right, but for a nonce that is no longer good
)

// judge checks the credentials of a call. The caller holds the lock.
func (c *conbox) judge(call *conboxCall) verdict {
	if c.settings.Auth == AuthNone {
		return authorised
	}
	header := call.Header.Get("Authorization")
	if header == "" {
		return anonymous
	}
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Basic") && c.settings.Auth != AuthDigest:
		return c.judgeBasic(rest)
	case strings.EqualFold(scheme, "Basic"):
		// The password has gone over the wire in the clear, unasked.
		c.journal.fault(call, ProtocolUnaskedBasic, "the challenge is Digest")
	case strings.EqualFold(scheme, "Digest") && c.settings.Auth != AuthBasic:
		return c.judgeDigest(call, digestParams(rest))
	}
	return rejected
}

func (c *conbox) judgeBasic(code string) verdict {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(code))
	want := c.settings.Username + ":" + c.settings.Password
	if err != nil || subtle.ConstantTimeCompare(plain, []byte(want)) == 0 {
		return rejected
	}
	return authorised
}

// noteCredentials counts what a verdict means, and a body that should have
// waited for its credentials. A stale nonce is the server's doing: a read may
// meet one, a write has asked for a fresh nonce just before.
func (c *conbox) noteCredentials(call *conboxCall) {
	switch {
	case call.probe():
		c.journal.probes++
	case call.Header.Get("Authorization") != "":
		c.journal.bodiesWithCredentials++
	default:
		c.journal.bodiesWithoutCredentials++
	}
	switch call.verdict {
	case anonymous:
		if !call.probe() {
			c.journal.fault(call, ProtocolBodyBeforeAuth, "a body without credentials")
		}
	case rejected:
		c.journal.rejectedCredentials++
		if !call.probe() {
			c.journal.fault(call, ProtocolBodyRejected, "a body with credentials that are not right")
		}
	case stale:
		c.journal.staleNonces++
		if !call.probe() && !call.reads() {
			c.journal.fault(call, ProtocolBodyStale, "a write with a nonce that is not fresh")
		}
	case authorised:
	}
}

// challenge is the 401 of the web server. The caller holds the lock.
func (c *conbox) challenge(v verdict) answer {
	a := htmlAnswer(http.StatusUnauthorized, "")
	if c.settings.Auth != AuthBasic {
		a.challenges = append(a.challenges, c.digestChallenge(v == stale))
	}
	if c.settings.Auth != AuthDigest {
		a.challenges = append(a.challenges, `Basic realm="`+conboxRealm+`", charset="UTF-8"`)
	}
	c.journal.challenges++
	return a
}
