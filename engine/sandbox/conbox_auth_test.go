package sandbox

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func guarded(auth, algorithm string) ConboxSettings {
	return ConboxSettings{Auth: auth, Algorithm: algorithm, Username: "jürgen", Password: "Öl:7"}
}

// probe is a POST without a body.
func (s *shop) probe(authorization string) reply {
	s.t.Helper()
	headers := params{}
	if authorization != "" {
		headers["Authorization"] = authorization
	}
	return s.post(s.address, headers, nil)
}

func (s *shop) sendWith(authorization, data string) reply {
	s.t.Helper()
	headers := params{"Content-Type": "application/json"}
	if authorization != "" {
		headers["Authorization"] = authorization
	}
	return s.post(s.address, headers, strings.NewReader(envelope(data)))
}

// challenged demands a 401 without an effect and returns its challenges.
func (s *shop) challenged(r reply) []string {
	s.t.Helper()
	if r.err != nil || r.status != http.StatusUnauthorized || len(r.header.Values("WWW-Authenticate")) == 0 {
		s.t.Fatalf("got %d %v, error %v; want a challenge", r.status, r.header, r.err)
	}
	s.effects(0)
	return r.header.Values("WWW-Authenticate")
}

// nonceOf reads a Digest challenge by the form in which it is known to come.
func nonceOf(t *testing.T, challenge, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(`^` + pattern + `$`).FindStringSubmatch(challenge)
	if found == nil {
		t.Fatalf("challenge %s does not match %s", challenge, pattern)
	}
	return found[1]
}

const (
	iisForm = `Digest qop="[a-z,-]+",algorithm=MD5-sess,nonce="(\+Upgraded\+v1[0-9a-f]+)",charset=utf-8,realm="moveIT CONBOX"`
	rfcForm = `Digest realm="moveIT CONBOX", qop="[a-z,-]+", algorithm=[A-Z0-9a-z-]+, nonce="([0-9a-f]+)", opaque="[0-9a-f]+"`
)

// digestOf is RFC 7616 3.4 worked out once more, for the account of guarded.
type digestOf struct {
	algorithm, nonce, user, password, qop, nc, cnonce, body string
}

func (d digestOf) header() string {
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	if strings.HasPrefix(d.algorithm, "SHA-256") {
		hash = func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	}
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	user, password, qop, nc := or(d.user, "jürgen"), or(d.password, "Öl:7"), or(d.qop, "auth"), or(d.nc, "00000001")
	cnonce := strings.TrimSuffix(or(d.cnonce, "0a4f113b"), "none")
	a1 := hash(user + ":moveIT CONBOX:" + password)
	if strings.HasSuffix(d.algorithm, "-sess") {
		a1 = hash(a1 + ":" + d.nonce + ":" + cnonce)
	}
	a2 := "POST:/conbox/service"
	if qop == "auth-int" {
		a2 += ":" + hash(d.body)
	}
	response := hash(a1 + ":" + d.nonce + ":" + nc + ":" + cnonce + ":" + qop + ":" + hash(a2))
	return `Digest username="` + user + `", realm="moveIT CONBOX", nonce="` + d.nonce + `", uri="/conbox/service", algorithm=` + d.algorithm +
		`, response="` + response + `", qop=` + qop + `, nc=` + nc + `, cnonce="` + cnonce + `"`
}

const readySet = `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`

func TestBasic(t *testing.T) {
	s := openShop(t, guarded(AuthBasic, ""))
	right := basic("jürgen", "Öl:7")
	if got := s.challenged(s.probe("")); got[0] != `Basic realm="moveIT CONBOX", charset="UTF-8"` || len(got) != 1 {
		t.Errorf("challenge %q", got)
	}
	s.protocolFaults()
	s.challenged(s.probe(basic("jürgen", "falsch")))
	s.challenged(s.sendWith("", readySet))
	s.challenged(s.sendWith(basic("jürgen", "falsch"), readySet))
	s.challenged(s.sendWith("Basic ???", readySet))
	s.challenged(s.sendWith("Bearer x", readySet))
	s.protocolFaults(ProtocolBodyBeforeAuth, ProtocolBodyRejected, ProtocolBodyRejected, ProtocolBodyRejected)
	s.denied(s.probe(right), "Die Anfrage enthält keine Daten.")
	s.done(s.sendWith(right, readySet))
	got := s.server.ConboxState()
	if s.effects(1); got.RejectedCredentials != 4 || got.Challenges != 6 || got.Probes != 3 || got.BodiesWithCredentials != 4 || got.BodiesWithoutCredentials != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDigest(t *testing.T) {
	for algorithm, form := range map[string]string{"MD5": rfcForm, "MD5-sess": iisForm, "SHA-256": rfcForm, "SHA-256-sess": rfcForm} {
		t.Run(algorithm, func(t *testing.T) {
			s := openShop(t, guarded(AuthDigest, algorithm))
			challenges := s.challenged(s.probe(""))
			if len(challenges) != 1 {
				t.Fatalf("challenges %q", challenges)
			}
			d := digestOf{algorithm: algorithm, nonce: nonceOf(t, challenges[0], form)}
			wrong := []digestOf{d, d, d, d, d, d}
			wrong[0].user, wrong[1].password, wrong[2].qop, wrong[3].nc = "other", "other", "auth-int", "1"
			wrong[4].algorithm = map[bool]string{true: "SHA-256", false: "MD5"}[algorithm == "MD5"]
			wrong[5].cnonce = "none"
			for _, w := range wrong {
				s.challenged(s.probe(w.header()))
			}
			s.challenged(s.probe(strings.Replace(d.header(), `uri="/`, `uri="/x/`, 1)))
			s.challenged(s.probe(strings.Replace(d.header(), `realm="moveIT CONBOX"`, `realm="x"`, 1)))
			s.challenged(s.probe(d.header() + `, nonce="twice"`))
			s.protocolFaults()
			s.denied(s.probe(d.header()), "Die Anfrage enthält keine Daten.")
			d.nc = "00000002"
			s.done(s.sendWith(d.header(), readySet))
			if got := s.server.ConboxState(); got.RejectedCredentials != 9 || got.StaleNonces != 0 {
				t.Errorf("%+v", got)
			}
			s.protocolFaults()
		})
	}
}

func TestDigestReadsWhatClientsQuote(t *testing.T) {
	s := openShop(t, ConboxSettings{Auth: AuthDigest, Algorithm: "MD5", Username: `a"b\`, Password: "p"})
	d := digestOf{algorithm: "MD5", nonce: nonceOf(t, s.challenged(s.probe(""))[0], rfcForm), user: `a"b\`, password: "p"}
	header := strings.Replace(d.header(), `username="a"b\"`, `username="a\"b\\"`, 1)
	header = strings.Replace(header, "algorithm=MD5, ", "", 1) // absent is MD5
	s.denied(s.probe(header), "Die Anfrage enthält keine Daten.")
}

func TestDigestWithAuthInt(t *testing.T) {
	settings := guarded(AuthDigest, "MD5-sess")
	settings.Qop = "auth-int"
	s := openShop(t, settings)
	challenge := s.challenged(s.probe(""))[0]
	if !strings.Contains(challenge, `qop="auth-int"`) {
		t.Errorf("challenge %s", challenge)
	}
	d := digestOf{algorithm: "MD5-sess", nonce: nonceOf(t, challenge, iisForm)}
	s.challenged(s.sendWith(d.header(), readySet))
	d.qop, d.body = "auth-int", envelope(readRequest)
	s.challenged(s.sendWith(d.header(), readySet))
	s.protocolFaults(ProtocolBodyRejected, ProtocolBodyRejected)
	d.body = envelope(readySet)
	s.done(s.sendWith(d.header(), readySet))
}

func TestBothChallenges(t *testing.T) {
	s := openShop(t, guarded(AuthBoth, "SHA-256"))
	got := s.challenged(s.probe(""))
	if len(got) != 2 || !strings.HasPrefix(got[0], "Digest ") || !strings.HasPrefix(got[1], "Basic ") {
		t.Errorf("challenges %q", got)
	}
	s.denied(s.probe(basic("jürgen", "Öl:7")), "Die Anfrage enthält keine Daten.")
	s.denied(s.probe(digestOf{algorithm: "SHA-256", nonce: nonceOf(t, got[0], rfcForm)}.header()), "Die Anfrage enthält keine Daten.")
}

func TestBasicIsNotForADigestServer(t *testing.T) {
	s := openShop(t, guarded(AuthDigest, ""))
	s.challenged(s.probe(basic("jürgen", "Öl:7")))
	s.protocolFaults(ProtocolUnaskedBasic)
	s = openShop(t, guarded(AuthBasic, ""))
	s.challenged(s.probe(digestOf{algorithm: "MD5", nonce: "x"}.header()))
	s.protocolFaults()
}

// stale demands a 401 that calls the nonce stale, and returns the next nonce.
func (s *shop) stale(r reply) string {
	s.t.Helper()
	if r.status != http.StatusUnauthorized || !strings.HasSuffix(r.header.Get("WWW-Authenticate"), ",stale=true") {
		s.t.Fatalf("got %d %v, want stale=true", r.status, r.header)
	}
	return nonceOf(s.t, strings.TrimSuffix(r.header.Get("WWW-Authenticate"), ",stale=true"), iisForm)
}

func TestStaleNonces(t *testing.T) {
	settings := guarded(AuthDigest, "MD5-sess")
	settings.NonceUses = 2
	s := openShop(t, settings)
	d := digestOf{algorithm: "MD5-sess", nonce: nonceOf(t, s.challenged(s.probe(""))[0], iisForm)}
	use := func(nc, data string) reply {
		d.nc = nc
		return s.sendWith(d.header(), data)
	}
	s.done(use("00000001", readRequest))
	s.done(use("00000002", readRequest))
	// Used up: a read renews, and that is no fault of its client.
	d.nonce = s.stale(use("00000003", readRequest))
	s.done(use("00000001", readRequest))
	s.protocolFaults()
	// The same nc once more.
	d.nonce = s.stale(use("00000001", readRequest))
	s.protocolFaults(ProtocolNonceReplay)
	// Made stale: for a write that is a fault.
	s.inject(Fault{Kind: FaultStaleNonce, Action: "SetReadyStatus", Times: 1})
	d.nonce = s.stale(use("00000001", readySet))
	s.protocolFaults(ProtocolNonceReplay, ProtocolBodyStale)
	// Changed settings: every nonce is stale, also of the same account.
	if err := s.server.SetConbox(settings); err != nil {
		t.Fatal(err)
	}
	d.nonce = s.stale(use("00000001", readRequest))
	s.done(use("00000001", readySet))
	if got := s.server.ConboxState(); got.StaleNonces != 4 || got.RejectedCredentials != 0 || len(got.Effects) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestAWrongPasswordIsNeverCalledStale: a client must not try it again.
func TestAWrongPasswordIsNeverCalledStale(t *testing.T) {
	s := openShop(t, guarded(AuthDigest, "MD5-sess"))
	r := s.probe(digestOf{algorithm: "MD5-sess", nonce: "never issued", password: "x"}.header())
	if strings.Contains(r.header.Get("WWW-Authenticate"), "stale") {
		t.Errorf("%v", r.header)
	}
	s.stale(s.probe(digestOf{algorithm: "MD5-sess", nonce: "never issued"}.header()))
}

func TestRotatedPassword(t *testing.T) {
	settings := guarded(AuthBasic, "")
	s := openShop(t, settings)
	settings.Password = "neu"
	if err := s.server.SetConbox(settings); err != nil {
		t.Fatal(err)
	}
	s.challenged(s.probe(basic("jürgen", "Öl:7")))
	s.done(s.sendWith(basic("jürgen", "neu"), readySet))
}

func TestTheDemoAsksAsIISDoes(t *testing.T) {
	c := start(t, Demo())
	s := &shop{c, c.base + ConboxPath}
	d := digestOf{algorithm: "MD5-sess", nonce: nonceOf(t, s.challenged(s.probe(""))[0], iisForm), user: DemoConboxUser, password: DemoPassword}
	s.done(s.sendWith(d.header(), readySet))
	s.protocolFaults()
}

func TestManyNoncesDoNotPileUp(t *testing.T) {
	var n nonces
	for i := range 3 * maxNonces {
		n.issue(fmt.Sprint(i))
	}
	if len(n.order) > maxNonces || len(n.used) != len(n.order) || n.used["0"] != nil || n.used[fmt.Sprint(3*maxNonces-1)] == nil {
		t.Errorf("%d, %d kept", len(n.order), len(n.used))
	}
}

// TestDigestURIHasTheQuery: the digest is over the address as it was asked for.
func TestDigestURIHasTheQuery(t *testing.T) {
	s := openShop(t, guarded(AuthDigest, "MD5"))
	d := digestOf{algorithm: "MD5", nonce: nonceOf(t, s.challenged(s.probe(""))[0], rfcForm)}
	address, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	address.RawQuery = "x=1"
	s.challenged(s.post(address.String(), params{"Authorization": d.header()}, nil))
}
