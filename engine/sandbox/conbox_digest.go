package sandbox

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// maxNonces is how many nonces are remembered; older ones are stale.
const maxNonces = 10_000

// nonces are those that were issued and are still good, oldest first.
type nonces struct {
	order []string
	used  map[string]*nonceUse
}

// nonceUse is what one nonce has served.
type nonceUse struct {
	requests int
	counts   map[uint64]bool // the nc values seen
}

func (n *nonces) issue(nonce string) {
	if n.used == nil {
		n.used = make(map[string]*nonceUse)
	}
	if len(n.order) == maxNonces {
		for _, old := range n.order[:maxNonces/2] {
			delete(n.used, old)
		}
		n.order = slices.Delete(n.order, 0, maxNonces/2)
	}
	n.order = append(n.order, nonce)
	n.used[nonce] = &nonceUse{counts: make(map[uint64]bool)}
}

// expire makes all nonces stale.
func (n *nonces) expire() { n.order, n.used = nil, nil }

// digestChallenge is what IIS sends for MD5-sess, RFC 7616's form otherwise.
func (c *conbox) digestChallenge(isStale bool) string {
	random := make([]byte, 24)
	// It never fails: crypto/rand ends the process instead.
	_, _ = rand.Read(random)
	nonce := hex.EncodeToString(random)
	staleness := ""
	if isStale {
		staleness = ",stale=true"
	}
	if c.settings.Algorithm == "MD5-sess" {
		nonce = "+Upgraded+v1" + nonce
		c.nonces.issue(nonce)
		return `Digest qop="` + c.settings.Qop + `",algorithm=MD5-sess,nonce="` + nonce + `",charset=utf-8,realm="` + conboxRealm + `"` + staleness
	}
	c.nonces.issue(nonce)
	return `Digest realm="` + conboxRealm + `", qop="` + c.settings.Qop + `", algorithm=` + c.settings.Algorithm +
		`, nonce="` + nonce + `", opaque="5ccc069c403ebaf9f0171e9517f40e41"` + staleness
}

// digestParams reads the parameters behind the word Digest; a name that comes
// twice, or a text that never ends, makes them empty.
func digestParams(text string) map[string]string {
	params := make(map[string]string)
	for text = strings.TrimLeft(text, " ,\t"); text != ""; text = strings.TrimLeft(text, " ,\t") {
		name, rest, found := strings.Cut(text, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := params[name]; !found || twice {
			return nil
		}
		value := ""
		if rest = strings.TrimLeft(rest, " \t"); strings.HasPrefix(rest, `"`) {
			if value, text, found = unquote(rest[1:]); !found {
				return nil
			}
		} else {
			value, text, _ = strings.Cut(rest, ",")
			value = strings.TrimSpace(value)
		}
		params[name] = value
	}
	return params
}

// unquote reads up to the closing quote; a stroke takes the next byte as it is.
func unquote(s string) (value, rest string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// judgeDigest checks a digest by RFC 7616 3.4: first whether it is right for
// what it claims, then whether its nonce is still good.
func (c *conbox) judgeDigest(call *conboxCall, p map[string]string) verdict {
	algorithm := p["algorithm"]
	if algorithm == "" {
		algorithm = "MD5" // RFC 7616 3.4: what its absence means
	}
	count, err := strconv.ParseUint(p["nc"], 16, 64)
	switch {
	case !strings.EqualFold(algorithm, c.settings.Algorithm), p["username"] != c.settings.Username, p["realm"] != conboxRealm,
		p["uri"] != call.RequestURI, p["cnonce"] == "", err != nil, len(p["nc"]) != 8,
		!slices.Contains(strings.Split(c.settings.Qop, ","), p["qop"]),
		!strings.EqualFold(p["response"], c.digestResponse(call, p)):
		return rejected
	}
	return c.spend(call, p["nonce"], count)
}

func (c *conbox) digestResponse(call *conboxCall, p map[string]string) string {
	sum := digestHash(c.settings.Algorithm)
	secret := sum(c.settings.Username + ":" + conboxRealm + ":" + c.settings.Password)
	if strings.HasSuffix(c.settings.Algorithm, "-sess") {
		secret = sum(secret + ":" + p["nonce"] + ":" + p["cnonce"])
	}
	request := call.Method + ":" + p["uri"]
	if p["qop"] == "auth-int" {
		request += ":" + sum(string(call.body))
	}
	return sum(strings.Join([]string{secret, p["nonce"], p["nc"], p["cnonce"], p["qop"], sum(request)}, ":"))
}

func digestHash(algorithm string) func(string) string {
	start := md5.New
	if strings.HasPrefix(algorithm, "SHA-256") {
		start = sha256.New
	}
	return func(text string) string {
		var h hash.Hash = start()
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil))
	}
}

// spend uses a nonce once more.
func (c *conbox) spend(call *conboxCall, nonce string, count uint64) verdict {
	use := c.nonces.used[nonce]
	if use == nil || c.settings.NonceUses > 0 && use.requests >= c.settings.NonceUses || call.faults.has(FaultStaleNonce) {
		return stale
	}
	if use.counts[count] {
		c.journal.fault(call, ProtocolNonceReplay, "nc "+strconv.FormatUint(count, 16)+" for the second time")
		return stale
	}
	use.requests++
	use.counts[count] = true
	return authorised
}
