package conbox_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dropform/engine/conbox"
)

// gatekeeper is a web server's authentication, written for these tests only.
type gatekeeper struct {
	mu        sync.Mutex
	scheme    string // "Basic", or a Digest algorithm
	password  string
	uses      int // of a nonce until it is stale; 0: without end
	nonces    map[string]int
	made      int
	rejected  int // requests with a wrong password
	noStale   bool
	extraLine string
}

// admit answers 401 unless the request may pass.
func (g *gatekeeper) admit(w http.ResponseWriter, r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	header := r.Header.Get("Authorization")
	stale := false
	switch {
	case g.scheme == "":
		return true
	case header == "":
	case g.scheme == "Basic":
		if u, p, ok := r.BasicAuth(); ok && u == user && p == g.password {
			return true
		}
		g.rejected++
	default:
		var ok bool
		if ok, stale = g.digest(r, header); ok {
			return true
		}
		if !stale {
			g.rejected++
		}
	}
	if g.extraLine != "" {
		w.Header().Add("WWW-Authenticate", g.extraLine)
	}
	if g.scheme == "Basic" {
		w.Header().Add("WWW-Authenticate", `Basic realm="conbox"`)
	} else {
		g.made++
		nonce := fmt.Sprintf("+Upgraded+v1%032d", g.made)
		if g.nonces == nil {
			g.nonces = map[string]int{}
		}
		g.nonces[nonce] = 0
		challenge := fmt.Sprintf(`Digest qop="auth",algorithm=%s,nonce="%s",charset=utf-8,realm="conbox"`, g.scheme, nonce)
		if stale && !g.noStale {
			challenge += ",stale=true"
		}
		w.Header().Add("WWW-Authenticate", challenge)
	}
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, "<h1>Nicht autorisiert</h1>")
	return false
}

// digest checks credentials: the count of each nonce has to go up by one.
func (g *gatekeeper) digest(r *http.Request, header string) (ok, stale bool) {
	p := map[string]string{}
	for _, item := range strings.Split(strings.TrimPrefix(header, "Digest "), ", ") {
		name, value, _ := strings.Cut(item, "=")
		p[name] = strings.Trim(value, `"`)
	}
	sum := map[bool]func() hash.Hash{true: md5.New, false: sha256.New}[strings.HasPrefix(g.scheme, "MD5")]
	h := func(parts ...string) string {
		x := sum()
		_, _ = io.WriteString(x, strings.Join(parts, ":"))
		return hex.EncodeToString(x.Sum(nil))
	}
	a1 := h(user, "conbox", g.password)
	if strings.HasSuffix(g.scheme, "-sess") {
		a1 = h(a1, p["nonce"], p["cnonce"])
	}
	if p["response"] != h(a1, p["nonce"], p["nc"], p["cnonce"], "auth", h(r.Method, p["uri"])) || p["uri"] != r.URL.RequestURI() ||
		p["algorithm"] != g.scheme || p["username"] != user {
		return false, false
	}
	used, known := g.nonces[p["nonce"]]
	if !known || g.uses > 0 && used >= g.uses {
		return false, true
	}
	if p["nc"] != fmt.Sprintf("%08x", used+1) {
		return false, false
	}
	g.nonces[p["nonce"]]++
	return true, false
}

// guarded is a service behind a gatekeeper. Orders are counted by those that passed.
func guarded(t *testing.T, g *gatekeeper) (*service, *atomic.Int32) {
	t.Helper()
	placed := new(atomic.Int32)
	s := serve(t, func(w http.ResponseWriter, r *http.Request, body string) {
		if !g.admit(w, r) {
			return
		}
		switch action(body) {
		case "":
			w.WriteHeader(http.StatusInternalServerError) // an empty request is nothing to it
		case "Purchase":
			placed.Add(1)
			_, _ = io.WriteString(w, bought)
		default:
			_, _ = io.WriteString(w, position)
		}
	})
	return s, placed
}

// TestAuthentication: what leaves for the first and second write and then two reads, in each scheme. A body never goes
// out without credentials where they are wanted, and never twice.
func TestAuthentication(t *testing.T) {
	tests := map[string]struct {
		auth, scheme  string
		first, second string // shapes of the writes
		reads         string
		uses          int
	}{
		"none":                     {"none", "", "pb", "pb", "bb", 0},
		"auto, open":               {"auto", "", "pb", "pb", "bb", 0},
		"basic":                    {"basic", "Basic", "PB", "PB", "BB", 0},
		"auto, basic":              {"auto", "Basic", "pPB", "PB", "BB", 0},
		"digest MD5":               {"digest", "MD5", "pPpB", "pB", "BB", 0},
		"auto, digest MD5":         {"auto", "MD5", "pPpB", "pB", "BB", 0},
		"auto, digest MD5-sess":    {"auto", "MD5-sess", "pPpB", "pB", "BB", 0},
		"auto, digest SHA-256":     {"auto", "SHA-256", "pPpB", "pB", "BB", 0},
		"auto, digest SHA256-sess": {"auto", "SHA-256-sess", "pPpB", "pB", "BB", 0},
		"a nonce for each request": {"auto", "MD5-sess", "pPpB", "pB", "BBBB", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := &gatekeeper{scheme: test.scheme, password: password, uses: test.uses}
			s, placed := guarded(t, g)
			c := client(t, s.URL+"/service?mandant=1", auth(test.auth))
			want := ""
			for _, shape := range []string{test.first, test.second} {
				if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil {
					t.Fatal(err)
				}
				if want += shape; s.shape() != want {
					t.Fatalf("the server saw %s, want %s", s.shape(), want)
				}
			}
			for range 2 {
				if a, err := c.Read(t.Context(), seat); err != nil || a.Data.FCoPrc != "1234.560" {
					t.Error(err)
				}
			}
			if want += test.reads; s.shape() != want || placed.Load() != 2 || g.rejected > 0 {
				t.Errorf("the server saw %s, want %s; %d placed, %d rejected", s.shape(), want, placed.Load(), g.rejected)
			}
			last := s.seen()
			for _, r := range last {
				if r.header.Get("Content-Type") != "application/json" {
					t.Error(r.header)
				}
			}
		})
	}
}

// TestWrongPassword: one attempt, then nothing more leaves with that password, by whichever call; a new one is tried.
func TestWrongPassword(t *testing.T) {
	for _, scheme := range []string{"Basic", "MD5", "MD5-sess", "SHA-256"} {
		t.Run(scheme, func(t *testing.T) {
			g := &gatekeeper{scheme: scheme, password: password}
			s, placed := guarded(t, g)
			current := "falsch"
			c := client(t, s.URL, auth("auto"), func(cfg *conbox.Config) {
				cfg.Password = func(context.Context) (string, error) { return current, nil }
			})
			_, first := c.Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error { t.Error("hook called"); return nil }})
			seen := s.shape()
			_, second := c.Do(t.Context(), order, conbox.Hooks{})
			_, third := c.Read(t.Context(), seat)
			for _, err := range []error{first, second, third} {
				if e := failure(t, err); e.Class != conbox.ClassAuth || e.Certainty != conbox.NotSent || e.Status != 401 {
					t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
				}
			}
			if g.rejected != 1 || s.shape() != seen || placed.Load() != 0 || seen != "pP" {
				t.Errorf("%d rejections, %s then %s", g.rejected, seen, s.shape())
			}
			current = password
			if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil || placed.Load() != 1 {
				t.Error(err)
			}
			g.mu.Lock()
			g.password = "neu" // changed on the server: the next call is the one attempt
			g.mu.Unlock()
			for range 3 {
				_, err := c.Do(t.Context(), order, conbox.Hooks{})
				if e := failure(t, err); e.Class != conbox.ClassAuth || e.Certainty != conbox.NotSent {
					t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
				}
			}
			if g.rejected != 2 || placed.Load() != 1 {
				t.Errorf("%d rejections, %d placed", g.rejected, placed.Load())
			}
		})
	}
}

// TestParallelTrial: of many calls at once one tries the password; the others wait and then send nothing.
func TestParallelTrial(t *testing.T) {
	for _, right := range []bool{false, true} {
		g := &gatekeeper{scheme: "MD5-sess", password: password}
		s, placed := guarded(t, g)
		c := client(t, s.URL, auth("auto"), func(cfg *conbox.Config) {
			if !right {
				cfg.Password = fixed("falsch")
			}
		})
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = c.Do(t.Context(), order, conbox.Hooks{})
				} else {
					_, err = c.Read(t.Context(), seat)
				}
				if (err == nil) != right {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if right && (g.rejected != 0 || placed.Load() != 10) || !right && (g.rejected != 1 || s.shape() != "pP") {
			t.Errorf("%d rejections, %d placed, the server saw %s", g.rejected, placed.Load(), s.shape())
		}
	}
}

// TestCanceledTrial: whoever gives up waiting for another's trial is not sent, and the trial goes on.
func TestCanceledTrial(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request, body string) {
		if body == "" && r.Header.Get("Authorization") != "" {
			close(asked)
			<-answer
		}
		if body != "" {
			_, _ = io.WriteString(w, position)
		}
	})
	c := client(t, s.URL, auth("basic"))
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.Read(t.Context(), seat); err != nil {
			t.Error(err)
		}
	})
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, order, conbox.Hooks{})
	if e := failure(t, err); e.Class != conbox.ClassCanceled || e.Certainty != conbox.NotSent {
		t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
	}
	close(answer)
	all.Wait()
}

// TestMismatch: a server that wants something else than configured is told apart from a wrong password.
func TestMismatch(t *testing.T) {
	tests := map[string]struct {
		auth, scheme, line string
		class              conbox.Class
		text, shape        string
	}{
		"none, but asked":     {"none", "Basic", "", conbox.ClassAuth, `auth is "none"`, "p"},
		"digest, not asked":   {"digest", "", "", conbox.ClassConfig, "does not ask for Digest", "p"},
		"digest, basic asked": {"digest", "Basic", "", conbox.ClassConfig, `wants Basic, but auth is "digest"`, "p"},
		"basic, digest asked": {"basic", "MD5", "", conbox.ClassConfig, `wants Digest, but auth is "basic"`, "P"},
		"auth-int":            {"auto", "SHA-512", `Digest realm="x", nonce="n", qop="auth-int"`, conbox.ClassConfig, "auth-int", "p"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := guarded(t, &gatekeeper{scheme: test.scheme, password: password, extraLine: test.line})
			if name == "auth-int" {
				s = serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
					w.Header().Set("WWW-Authenticate", test.line)
					w.WriteHeader(http.StatusUnauthorized)
				})
			}
			_, err := client(t, s.URL, auth(test.auth)).Do(t.Context(), order, conbox.Hooks{})
			e := failure(t, err)
			if e.Class != test.class || e.Certainty != conbox.NotSent || !strings.Contains(err.Error(), test.text) || s.shape() != test.shape {
				t.Errorf("%s, %s, the server saw %s: %v", e.Class, e.Certainty, s.shape(), err)
			}
		})
	}
}

// TestNoLogin: a server that asks gets no made-up credentials, and no body.
func TestNoLogin(t *testing.T) {
	s, _ := guarded(t, &gatekeeper{scheme: "Basic", password: password})
	c := client(t, s.URL, auth("auto"), func(cfg *conbox.Config) { cfg.Username, cfg.Password = "", nil })
	_, err := c.Do(t.Context(), order, conbox.Hooks{})
	if e := failure(t, err); e.Class != conbox.ClassAuth || e.Certainty != conbox.NotSent || s.shape() != "p" || !strings.Contains(e.Hint, "username") {
		t.Errorf("%s, the server saw %s: %v", e.Class, s.shape(), err)
	}
}

// TestSchemeChanges: a server that begins or ceases to ask, or asks otherwise, is followed in auto.
func TestSchemeChanges(t *testing.T) {
	g := &gatekeeper{password: password}
	s, placed := guarded(t, g)
	c := client(t, s.URL, auth("auto"))
	for i, scheme := range []string{"", "MD5", "Basic", "SHA-256", "", "Basic"} {
		if scheme == "SHA-256" {
			continue // from Basic to Digest is a rejection of what was sent: that needs a person
		}
		g.mu.Lock()
		g.scheme = scheme
		g.mu.Unlock()
		if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil {
			t.Fatalf("%d, %q: %v, the server saw %s", i, scheme, err, s.shape())
		}
		if _, err := c.Read(t.Context(), seat); err != nil {
			t.Errorf("%d, %q: %v", i, scheme, err)
		}
	}
	if g.rejected != 0 || placed.Load() != 5 {
		t.Errorf("%d rejections, %d placed", g.rejected, placed.Load())
	}
}

// TestStaleWrite: a nonce that goes stale between probe and write is nobody's fault. The write is not repeated here, and
// the next one passes.
func TestStaleWrite(t *testing.T) {
	g := &gatekeeper{scheme: "MD5-sess", password: password}
	s, placed := guarded(t, g)
	c := client(t, s.URL, auth("auto"))
	_, err := c.Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		clear(g.nonces)
		return nil
	}})
	if e := failure(t, err); e.Class != conbox.ClassBusy || e.Certainty != conbox.NotSent || s.shape() != "pPpB" {
		t.Errorf("%s, %s, the server saw %s: %v", e.Class, e.Certainty, s.shape(), err)
	}
	if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil || placed.Load() != 1 || s.shape() != "pPpBpB" {
		t.Errorf("%v, the server saw %s", err, s.shape())
	}
}

// TestAlwaysStale: a server that never lets a nonce count is not asked without end, and the password is not blamed.
func TestAlwaysStale(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n", qop="auth", stale=true`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	c := client(t, s.URL, auth("digest"), func(cfg *conbox.Config) { cfg.RetryAttempts = 1 })
	for range 2 {
		_, err := c.Do(t.Context(), order, conbox.Hooks{})
		if e := failure(t, err); e.Class != conbox.ClassBusy || e.Certainty != conbox.NotSent {
			t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
		}
	}
	if s.shape() != "pPPpPP" {
		t.Errorf("the server saw %s", s.shape())
	}
}
