package perbit_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"dropform/engine/perbit"
)

// tenant is a server with sessions and one password, enough to watch logins.
type tenant struct {
	t        *testing.T
	password string
	arrived  chan struct{} // if set, calls under a dead id report here
	hold     chan struct{} // and wait here

	mu     sync.Mutex
	logins int
	alive  map[string]bool
	calls  []string
	bodies []string
}

func newTenant(t *testing.T) (*tenant, string) {
	s := &tenant{t: t, password: password, alive: map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func (s *tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	action := r.URL.Query().Get("ImportAction") + r.URL.Query().Get("ExportAction")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, action)
	if token := r.Header.Get("Authorization"); token != "" {
		if raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(token, "Basic ")); string(raw) != "API-Import-User:"+s.password {
			http.Error(w, "Ungültige Anmeldeparameter!", http.StatusBadRequest)
			return
		}
	}
	if action == "Login" {
		s.logins++
		id := fmt.Sprintf("40e66335-3c09-4c70-8af8-%012d", s.logins)
		s.alive[id] = true
		fmt.Fprintf(w, `{"SecurityId":%q}`, id)
		return
	}
	if !s.alive[r.Header.Get("SecurityId")] {
		if hold := s.hold; hold != nil {
			s.mu.Unlock()
			s.arrived <- struct{}{}
			<-hold
			s.mu.Lock()
		}
		http.Error(w, "Die Sitzung wurde nicht gefunden oder ist abgelaufen!", http.StatusBadRequest)
		return
	}
	switch action {
	case "Import":
		s.bodies = append(s.bodies, string(body))
		_, _ = io.WriteString(w, importOK)
	case "Export":
		_, _ = io.WriteString(w, exportOK)
	case "GetProgress":
		_, _ = io.WriteString(w, runsOn)
	case "GetProtocol", "GetResult":
		_, _ = io.WriteString(w, r.Header.Get("ImportId")+r.Header.Get("ExportId"))
	case "Logout":
		delete(s.alive, r.Header.Get("SecurityId"))
	}
}

// kill ends all sessions, as a timeout does.
func (s *tenant) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.alive)
}

func (s *tenant) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.calls, " ")
	s.calls = nil
	return out
}

// TestSessionLife: one login when needed, one renewal with the same job, one logout.
func TestSessionLife(t *testing.T) {
	s, url := newTenant(t)
	c := client(t, url)
	ctx := t.Context()
	in := c.Session(perbit.ImportStream)
	step := func(want string, errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if got := s.seen(); got != want {
			t.Errorf("server saw %q, want %q", got, want)
		}
	}
	step("", in.Logout(ctx))
	_, err := in.Import(ctx, staff(text("a\n")))
	step("Login Import", err)
	s.kill()
	_, err = in.ImportProgress(ctx, iid)
	step("GetProgress Login GetProgress", err)
	s.kill()
	got, err := content(in.Protocol(ctx, iid))
	step("GetProtocol Login GetProtocol", err)
	if got != string(iid) {
		t.Errorf("another job: %q", got)
	}
	s.kill()
	opened := 0
	body := perbit.Body{Size: 2, Open: func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("b\n")), nil
	}}
	_, err = in.Import(ctx, staff(body))
	step("Import Login Import", err)
	if opened != 2 || strings.Join(s.bodies, "") != "a\nb\n" {
		t.Errorf("opened %d times, imported %q", opened, s.bodies)
	}
	s.kill()
	_, err = content(in.ImportAndWait(ctx, staff(text("c\n"))))
	step("Import Login Import", err)
	step("Cancel", in.CancelImport(ctx, iid))
	s.kill()
	step("Logout", in.Logout(ctx))
	step("", in.Logout(ctx))

	out := c.Session(perbit.ExportStream)
	_, err = out.Export(ctx, perbit.ExportRequest{Object: "Mitarbeiter", Method: "M"})
	step("Login Export", err)
	_, err = out.ExportProgress(ctx, eid)
	_, err2 := content(out.Result(ctx, eid))
	_, err3 := content(out.ExportAndWait(ctx, perbit.ExportRequest{Object: "Mitarbeiter", Method: "M"}))
	step("GetProgress GetResult Export Cancel", err, err2, err3, out.CancelExport(ctx, eid))
	if out != c.Session(perbit.ExportStream) || out == in {
		t.Error("not one session per stream")
	}
	if _, err := in.Result(ctx, eid); failure(t, err).Certainty != perbit.NotSent {
		t.Error(err)
	}
	step("")
}

// TestOneLoginForTwo: two holders of a dead id cause one login; so do many callers at the beginning.
func TestOneLoginForTwo(t *testing.T) {
	s, url := newTenant(t)
	in := client(t, url).Session(perbit.ImportStream)
	many := func(n int) {
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				if _, err := in.ImportProgress(t.Context(), iid); err != nil {
					t.Error(err)
				}
			})
		}
		if s.hold != nil {
			// Both stand before the server with the dead id before either is told.
			<-s.arrived
			<-s.arrived
			close(s.hold)
		}
		all.Wait()
	}
	many(8)
	if s.logins != 1 {
		t.Errorf("%d logins at the beginning", s.logins)
	}
	s.kill()
	s.arrived, s.hold = make(chan struct{}), make(chan struct{})
	many(2)
	if s.logins != 2 {
		t.Errorf("%d logins after the session's end", s.logins)
	}
}

// TestRenewedOnce: a server that knows no session at all is asked twice, not for ever, and the file was not imported.
func TestRenewedOnce(t *testing.T) {
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.URL.Query().Get("ImportAction"))
		if calls[len(calls)-1] == "Login" {
			_, _ = io.WriteString(w, loginOK)
			return
		}
		http.Error(w, "Ungültiges Securitytoken!", http.StatusBadRequest)
	}))
	defer server.Close()
	_, err := client(t, server.URL).Session(perbit.ImportStream).Import(t.Context(), staff(text("a\n")))
	e := failure(t, err)
	if e.Class != perbit.ClassSession || e.Certainty != perbit.Refused || strings.Join(calls, " ") != "Login Import Login Import" {
		t.Errorf("%v, server saw %v", err, calls)
	}
}

// TestLoginFailureIsNotTheJobs: when the login is lost, the file certainly was not sent.
func TestLoginFailureIsNotTheJobs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	_, err := client(t, server.URL).Session(perbit.ImportStream).Import(t.Context(), staff(text("a\n")))
	if e := failure(t, err); e.Certainty != perbit.NotSent || e.Action != "Login" || !e.Transient() {
		t.Errorf("%s: %v", e.Certainty, err)
	}
}

// TestRejectedPasswordIsSentOnce, by however many jobs on both streams, until there is another.
func TestRejectedPasswordIsSentOnce(t *testing.T) {
	for _, everyCall := range []bool{false, true} {
		s, url := newTenant(t)
		s.password = "neu"
		var mu sync.Mutex
		current := password
		c := client(t, url, func(o *perbit.Options) {
			o.BasicEveryCall = everyCall
			o.Password = func(context.Context) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				return current, nil
			}
		})
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				var err error
				switch i % 4 {
				case 0:
					_, err = c.Session(perbit.ImportStream).Import(t.Context(), staff(text("a\n")))
				case 1:
					_, err = c.Session(perbit.ExportStream).Export(t.Context(), perbit.ExportRequest{Object: "O", Method: "M"})
				case 2:
					_, _, err = c.LoginAndImport(t.Context(), staff(text("a\n")))
				case 3:
					_, err = c.Login(t.Context(), perbit.ImportStream)
				}
				if e := failure(t, err); e.Class != perbit.ClassAuth || e.Transient() || !strings.Contains(e.Message, "Ungültige") {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		all.Wait()
		if got := s.seen(); strings.Contains(got, " ") {
			t.Errorf("the wrong password was sent more than once: %s", got)
		}
		_, err := c.Session(perbit.ImportStream).Import(t.Context(), staff(text("a\n")))
		if e := failure(t, err); e.Certainty != perbit.NotSent || s.seen() != "" {
			t.Errorf("sent again: %v", err)
		}
		mu.Lock()
		current = "neu"
		mu.Unlock()
		if _, err := c.Session(perbit.ImportStream).Import(t.Context(), staff(text("a\n"))); err != nil || s.seen() != "Login Import" {
			t.Errorf("after the rotation: %v", err)
		}
	}
}

// TestBasicEveryCall: with it every call carries Basic, without it logins only; a password that stops working in the
// middle is not repeated either.
func TestBasicEveryCall(t *testing.T) {
	for _, everyCall := range []bool{false, true} {
		var with []bool
		reject := false
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			with = append(with, r.Header.Get("Authorization") != "")
			switch {
			case reject:
				w.WriteHeader(http.StatusUnauthorized)
			case r.URL.Query().Get("ImportAction") == "Login":
				_, _ = io.WriteString(w, loginOK)
			default:
				_, _ = io.WriteString(w, runsOn)
			}
		}))
		defer server.Close()
		s := client(t, server.URL, func(o *perbit.Options) { o.BasicEveryCall = everyCall }).Session(perbit.ImportStream)
		if _, err := s.ImportProgress(t.Context(), iid); err != nil || len(with) != 2 || !with[0] || with[1] != everyCall {
			t.Error(with, err)
		}
		reject = true
		for range 3 {
			if _, err := s.ImportProgress(t.Context(), iid); failure(t, err).Class != perbit.ClassAuth {
				t.Error(err)
			}
		}
		if want := map[bool]int{true: 3, false: 5}[everyCall]; len(with) != want {
			t.Errorf("every call %v: %d requests, want %d", everyCall, len(with), want)
		}
	}
}

func TestCredentialCharset(t *testing.T) {
	for charset, want := range map[string]string{"utf-8": "Müller:gr\u00fcn€", "windows-1252": "M\xfcller:gr\xfcn\x80"} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, pass, _ := r.BasicAuth()
			got = user + ":" + pass
			_, _ = io.WriteString(w, loginOK)
		}))
		defer server.Close()
		secret := "grün€"
		c := client(t, server.URL, func(o *perbit.Options) {
			o.Username, o.CredentialCharset = "Müller", charset
			o.Password = func(context.Context) (string, error) { return secret, nil }
		})
		if _, err := c.Login(t.Context(), perbit.ExportStream); err != nil || got != want {
			t.Errorf("%s: %q, %v", charset, got, err)
		}
		if secret = "ж"; charset == "windows-1252" {
			if _, err := c.Login(t.Context(), perbit.ExportStream); failure(t, err).Class != perbit.ClassConfig || strings.Contains(err.Error(), secret) {
				t.Error(err)
			}
		}
	}
}

// TestLeaderGivesUp: a caller who gives up while logging in does not take the others with it.
func TestLeaderGivesUp(t *testing.T) {
	arrived, logins := make(chan struct{}), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("ImportAction") != "Login" {
			_, _ = io.WriteString(w, runsOn)
			return
		}
		if logins++; logins == 1 {
			close(arrived)
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, loginOK)
	}))
	defer server.Close()
	in := client(t, server.URL).Session(perbit.ImportStream)
	ctx, giveUp := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		_, err := in.ImportProgress(ctx, iid)
		if e := failure(t, err); e.Class != perbit.ClassCanceled || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	<-arrived
	all.Go(func() {
		if _, err := in.ImportProgress(t.Context(), iid); err != nil {
			t.Error(err)
		}
	})
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.ImportProgress(late, iid); failure(t, err).Certainty != perbit.NotSent {
		t.Error(err)
	}
	giveUp()
	all.Wait()
	if logins != 2 {
		t.Errorf("%d logins", logins)
	}
}
