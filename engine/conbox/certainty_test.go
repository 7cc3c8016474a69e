package conbox_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dropform/engine/conbox"
)

// TestStatuses pins PROTOCOL.md's table: what an answer to the probe and to the write itself means.
func TestStatuses(t *testing.T) {
	const reached = conbox.Certainty(-1)
	tests := []struct {
		status       int
		probe, write conbox.Certainty
		class        conbox.Class // of the write
	}{
		{200, reached, conbox.Unknown, conbox.ClassUnreadable},
		{204, reached, conbox.Unknown, conbox.ClassUnreadable},
		{302, conbox.NotSent, conbox.Unknown, conbox.ClassConfig},
		{307, conbox.NotSent, conbox.Unknown, conbox.ClassConfig},
		{308, conbox.NotSent, conbox.Unknown, conbox.ClassConfig},
		{400, reached, conbox.Unknown, conbox.ClassUnreadable},
		{401, conbox.NotSent, conbox.NotSent, conbox.ClassAuth},
		{403, conbox.NotSent, conbox.Unknown, conbox.ClassPermission},
		{404, conbox.NotSent, conbox.Unknown, conbox.ClassConfig},
		{405, conbox.NotSent, conbox.NotSent, conbox.ClassConfig},
		{407, conbox.NotSent, conbox.Unknown, conbox.ClassProxy},
		{408, conbox.NotSent, conbox.Unknown, conbox.ClassBusy},
		{411, reached, conbox.Unknown, conbox.ClassUnreadable},
		{413, conbox.NotSent, conbox.NotSent, conbox.ClassTooLarge},
		{415, reached, conbox.Unknown, conbox.ClassUnreadable},
		{429, conbox.NotSent, conbox.Unknown, conbox.ClassBusy},
		{500, reached, conbox.Unknown, conbox.ClassUnreadable},
		{502, conbox.NotSent, conbox.Unknown, conbox.ClassBusy},
		{503, conbox.NotSent, conbox.Unknown, conbox.ClassBusy},
		{504, conbox.NotSent, conbox.Unknown, conbox.ClassBusy},
	}
	for _, test := range tests {
		for _, stage := range []string{"probe", "write"} {
			elsewhere := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request, body string) {
				switch {
				case r.URL.Path == "/elsewhere":
					elsewhere++
					_, _ = io.WriteString(w, bought)
				case stage == "write" && body == "":
				default:
					w.Header().Set("Location", "/elsewhere")
					w.Header().Set("Retry-After", "7")
					w.WriteHeader(test.status)
					if test.status != http.StatusNoContent {
						// Even Success counts from a 2xx only: here it says nothing, elsewhere it would be a lie.
						_, _ = io.WriteString(w, map[bool]string{true: "<p>Wartung</p>", false: `{"Success":false,"ErrorMessage":"Wartung"}`}[test.status == 200])
					}
				}
			})
			a, err := client(t, s.URL).Do(t.Context(), order, conbox.Hooks{})
			e := failure(t, err)
			want, shape := test.write, "pb"
			if stage == "probe" {
				want, shape = test.probe, "p"
				if want == reached { // then the write meets the same status
					want, shape = test.write, "pb"
				}
			}
			if e.Certainty != want || e.Status != test.status || e.Class != test.class || e.RetryAfter != 7*time.Second && test.status != 401 || a != nil {
				t.Errorf("%d to the %s: %s, %s, retry after %s: %v", test.status, stage, e.Class, e.Certainty, e.RetryAfter, err)
			}
			if test.status != http.StatusNoContent && e.Message != "Wartung" {
				t.Errorf("%d to the %s: message %q", test.status, stage, e.Message)
			}
			if got := s.shape(); got != shape || elsewhere > 0 {
				t.Errorf("%d to the %s: the server saw %s, redirects followed: %d", test.status, stage, got, elsewhere)
			}
		}
	}
}

// TestLoginPage: a probe that meets a web page asking for a password has met no service, though it says 200.
func TestLoginPage(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		_, _ = io.WriteString(w, `<html><body><form><p>Bitte anmelden</p><input name="p" type="password"></form></body></html>`)
	})
	_, err := client(t, s.URL).Do(t.Context(), order, conbox.Hooks{})
	if e := failure(t, err); e.Class != conbox.ClassConfig || e.Certainty != conbox.NotSent || s.shape() != "p" {
		t.Errorf("%s, %s, the server saw %s: %v", e.Class, e.Certainty, s.shape(), err)
	}
}

// TestAnswers pins what a 2xx to a write means.
func TestAnswers(t *testing.T) {
	const placed = conbox.Certainty(-1)
	const head = `{"Success":true,"ErrorMessage":"","ServiceReturnData":{"Action":"Purchase","DocNbr":"101224-01"`
	tests := map[string]struct {
		body     string
		want     conbox.Certainty
		lenient  bool
		warnings int
		message  string
	}{
		"as documented":     {bought, placed, false, 0, ""},
		"other letter case": {strings.NewReplacer(`"Success"`, `"success"`, `"Action"`, `"ACTION"`, "PosNbr", "posnbr").Replace(bought), placed, false, 0, ""},
		"bom":               {"\ufeff" + bought, placed, true, 1, ""},
		"comments":          {"// so\n" + strings.Replace(bought, `,"PosNbr"`, `, /* hier " */ "PosNbr"`, 1), placed, true, 1, ""},
		"commas":            {strings.NewReplacer(`"2,`, `"2`, `]}}`, `,],}}`).Replace(bought), placed, true, 1, ""},
		"windows-1252":      {strings.Replace(bought, `"ErrorMessage":""`, "\"ErrorMessage\":\"f\xfcr\"", 1), placed, true, 2, ""},
		"a remark":          {strings.Replace(bought, `"ErrorMessage":""`, `"ErrorMessage":"Pos01 nicht\nlieferbar"`, 1), placed, false, 1, ""},
		"another action":    {strings.Replace(bought, "Purchase", "Delete", 1), placed, false, 1, ""},
		"another document":  {strings.Replace(bought, "101224-01", "1", 1), placed, false, 1, ""},
		"other positions":   {strings.Replace(bought, `"Pos01","PosData"`, `"Pos01,Pos02","PosData"`, 1), placed, false, 1, ""},
		"fewer positions":   {strings.Replace(bought, `[{"PosNbr":"Pos01"}]`, `[]`, 1), placed, false, 1, ""},
		"no data":           {`{"Success":true}`, placed, false, 1, ""},
		"null data":         {`{"Success":true,"ErrorMessage":null,"ServiceReturnData":null}`, placed, false, 1, ""},
		"broken behind":     {head + `,"PosNbr":Pos01}}`, placed, true, 3, ""},
		"ends early":        {head + `,"Pos`, placed, true, 3, ""},
		"garbage behind":    {bought + "</html>", placed, true, 1, ""},
		"refused":           {`{"Success":false,"ErrorMessage":"Beleg 101224-01 ist gesperrt.\r\n   bei Moveit.X()","ServiceReturnData":null}`, conbox.Refused, false, 0, "Beleg 101224-01 ist gesperrt."},
		"refused broken":    {`{"Success":false,"ErrorMessage":"gesperrt",`, conbox.Refused, true, 0, "gesperrt"},
		"refused silently":  {`{"Success":false}`, conbox.Refused, false, 0, ""},
		"says both":         {`{"Success":true,"success":false}`, conbox.Unknown, false, 0, ""},
		"cut in the word":   {`{"Success":tru`, conbox.Unknown, false, 0, ""},
		"nested":            {`{"d":{"Success":true}}`, conbox.Unknown, false, 0, ""},
		"in a text":         {`{"ErrorMessage":"\"Success\":true, // not"}`, conbox.Unknown, false, 0, "\"Success\":true, // not"},
		"number":            {`{"Success":1}`, conbox.Unknown, false, 0, ""},
		"array":             {`[` + bought + `]`, conbox.Unknown, false, 0, ""},
		"html":              {"<!DOCTYPE html><html><title>Anmelden</title></html>", conbox.Unknown, false, 0, "Anmelden"},
		"empty":             {"", conbox.Unknown, false, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request, body string) {
				if body != "" {
					_, _ = io.WriteString(w, test.body)
				}
			})
			a, err := client(t, s.URL).Do(t.Context(), order, conbox.Hooks{})
			if s.shape() != "pb" {
				t.Errorf("the server saw %s", s.shape())
			}
			if test.want == placed {
				if err != nil || !a.Success || a.Lenient != test.lenient || len(a.Warnings) != test.warnings {
					t.Errorf("%+v, %v", a, err)
				}
				return
			}
			e := failure(t, err)
			if e.Certainty != test.want || test.message != "" && e.Message != test.message || (a != nil) != (test.want == conbox.Refused) {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
		})
	}
}

// TestNeverTwice is the proof that a write leaves once: the server reads it, on a connection of its own, and then does
// every thing after which a transport may feel invited to try again.
func TestNeverTwice(t *testing.T) {
	tests := map[string]struct {
		reply string
		want  conbox.Certainty
		class conbox.Class // empty: not looked at
	}{
		"closes":                 {"", conbox.Unknown, ""},
		"closes inside the head": {"HTTP/1.1 200 OK\r\nContent-Le", conbox.Unknown, ""},
		"closes inside the body": {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Succ", conbox.Unknown, ""},
		"asks to come again":     {"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", conbox.Unknown, ""},
		"is overloaded":          {"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", conbox.Unknown, ""},
		"sends elsewhere":        {"HTTP/1.1 307 Temporary Redirect\r\nLocation: /service\r\nContent-Length: 0\r\n\r\n", conbox.Unknown, ""},
		"moved":                  {"HTTP/1.1 308 Permanent Redirect\r\nLocation: /service\r\nContent-Length: 0\r\n\r\n", conbox.Unknown, ""},
		"wants a login":          {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", conbox.NotSent, conbox.ClassAuth},
		"calls the nonce stale":  {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=x, nonce=n, stale=true\r\nContent-Length: 0\r\n\r\n", conbox.NotSent, conbox.ClassBusy},
		"talks nonsense":         {"SSH-2.0-OpenSSH\r\n\r\n", conbox.Unknown, ""},
		"hints early":            {"HTTP/1.1 103 Early Hints\r\n\r\n", conbox.Unknown, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var bodies, connections int
			address := rawServer(t, func(conn net.Conn) {
				mu.Lock()
				connections++
				mu.Unlock()
				in := bufio.NewReader(conn)
				for earlier := 0; ; earlier++ {
					r, ok := next(in)
					if !ok {
						return
					}
					if r.body == "" {
						_, _ = io.WriteString(conn, answer("200 OK", "application/json", "{}"))
						continue
					}
					if head := strings.ToLower(string(r.bytes)); strings.Contains(head, "idempotency") || strings.Contains(head, "expect:") ||
						strings.Contains(head, "chunked") || !strings.Contains(head, "\r\nconnection: close\r\n") {
						t.Errorf("request:\n%s", head)
					}
					mu.Lock()
					bodies++
					mu.Unlock()
					if earlier > 0 {
						t.Error("the write came over a connection that had been used")
					}
					_, _ = io.WriteString(conn, test.reply)
					return
				}
			})
			c := client(t, address)
			for n := 1; n <= 3; n++ { // the second and third find the connection of the probes in use already
				sending := 0
				_, err := c.Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error { sending++; return nil }})
				if e := failure(t, err); e.Certainty != test.want || test.class != "" && e.Class != test.class {
					t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
				}
				mu.Lock()
				if bodies != n || sending != 1 || connections < 2 {
					t.Errorf("after %d calls: %d bodies on %d connections, hook called %d times", n, bodies, connections, sending)
				}
				mu.Unlock()
			}
		})
	}
}

// TestDeadIdleConnection: a server that closed the probes' connection meanwhile costs nothing; only the probe is
// repeated.
func TestDeadIdleConnection(t *testing.T) {
	var probes, bodies, connections atomic.Int32
	address := rawServer(t, func(conn net.Conn) {
		first := connections.Add(1) == 1
		in := bufio.NewReader(conn)
		for n := 1; ; n++ {
			r, ok := next(in)
			if !ok {
				return
			}
			if r.body != "" {
				bodies.Add(1)
				_, _ = io.WriteString(conn, answer("200 OK", "application/json", bought))
				return
			}
			probes.Add(1)
			if first && n == 2 {
				return // read, and closed without an answer
			}
			_, _ = io.WriteString(conn, answer("200 OK", "application/json", "{}"))
		}
	})
	c := client(t, address)
	for range 2 {
		if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil {
			t.Error(err)
		}
	}
	if probes.Load() != 3 || bodies.Load() != 2 {
		t.Errorf("%d probes, %d bodies", probes.Load(), bodies.Load())
	}
}

// TestNotWritten: whatever fails before the headers are written is not sent, and the hook tells how far it came.
func TestNotWritten(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	strange := httptest.NewUnstartedServer(http.NotFoundHandler())
	strange.Config.ErrorLog = log.New(io.Discard, "", 0)
	strange.StartTLS()
	defer strange.Close()
	silent := strings.TrimSuffix(rawServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }), "/service")
	tests := map[string]struct {
		address, proxy string
		class          conbox.Class
		hint           string
	}{
		"nobody listens":       {"http://" + dead.Addr().String(), "", conbox.ClassNetwork, ""},
		"unknown authority":    {strange.URL, "", conbox.ClassConfig, "ca_file"},
		"tls silent":           {strings.Replace(silent, "http:", "https:", 1), "", conbox.ClassNetwork, ""},
		"proxy wants a login":  {strange.URL, "407 Proxy Authentication Required", conbox.ClassProxy, "proxy"},
		"proxy forbids":        {strange.URL, "403 Forbidden", conbox.ClassProxy, "proxy"},
		"proxy cannot reach":   {strange.URL, "503 Service Unavailable", conbox.ClassNetwork, "proxy"},
		"proxy does not speak": {strange.URL, "-", conbox.ClassNetwork, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := client(t, test.address, func(cfg *conbox.Config) {
				if name == "tls silent" {
					cfg.Timeout = 300 * time.Millisecond
				}
				if test.proxy == "" {
					return
				}
				host := rawServer(t, func(conn net.Conn) {
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					if test.proxy != "-" {
						_, _ = io.WriteString(conn, answer(test.proxy, "text/plain", "no"))
					}
				})
				u, _ := url.Parse(host)
				u.Path, u.User = "", url.UserPassword("u", "proxygeheim")
				cfg.Proxy = http.ProxyURL(u)
			})
			_, err := c.Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error { t.Error("hook called"); return nil }})
			e := failure(t, err)
			if e.Class != test.class || e.Certainty != conbox.NotSent || !strings.Contains(e.Hint, test.hint) || strings.Contains(err.Error(), "proxygeheim") {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
		})
	}
}

// TestTLS: HTTP/1.1 is spoken where the server offers more, and the certificates of the configuration count.
func TestTLS(t *testing.T) {
	var others atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			others.Add(1)
		}
		_, _ = io.WriteString(w, bought)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := client(t, server.URL, func(cfg *conbox.Config) { cfg.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig })
	if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil || others.Load() > 0 {
		t.Errorf("%v, %d requests in another protocol", err, others.Load())
	}
}

// TestWriteCannotConnect: the server goes away between the probe and the write.
func TestWriteCannotConnect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	_, err = client(t, "http://"+l.Addr().String()).Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error { return server.Close() }})
	if e := failure(t, err); e.Class != conbox.ClassNetwork || e.Certainty != conbox.NotSent {
		t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
	}
}

// TestEnds: a context or our own timeout that ends a call before its body is complete is certain, afterwards nothing is.
func TestEnds(t *testing.T) {
	full := errors.New("disk full")
	tests := map[string]struct {
		when      string
		timeout   time.Duration
		class     conbox.Class
		certainty conbox.Certainty
	}{
		"canceled before":     {"before", 0, conbox.ClassCanceled, conbox.NotSent},
		"canceled at probe":   {"probe", 0, conbox.ClassCanceled, conbox.NotSent},
		"canceled in hook":    {"hook", 0, conbox.ClassCanceled, conbox.NotSent},
		"hook fails":          {"fails", 0, conbox.ClassLocal, conbox.NotSent},
		"canceled at write":   {"write", 0, conbox.ClassCanceled, conbox.Unknown},
		"probe not answered":  {"silent", 50 * time.Millisecond, conbox.ClassNetwork, conbox.NotSent},
		"write not answered":  {"slow", 200 * time.Millisecond, conbox.ClassNetwork, conbox.Unknown},
		"canceled in the end": {"answer", 0, conbox.ClassCanceled, conbox.Unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			at := func(when string) {
				if test.when == when {
					cancel()
				}
			}
			var bodies atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if raw, _ := io.ReadAll(r.Body); len(raw) == 0 {
					at("probe")
					if test.when == "silent" || test.when == "probe" {
						<-r.Context().Done()
					}
					return
				}
				bodies.Add(1)
				if test.when == "answer" {
					w.Header().Set("Content-Length", "400")
					_, _ = io.WriteString(w, `{"Succ`)
					_ = http.NewResponseController(w).Flush()
				}
				at("write")
				at("answer")
				<-r.Context().Done()
			}))
			defer s.Close()
			at("before")
			c := client(t, s.URL, func(cfg *conbox.Config) {
				if test.timeout > 0 {
					cfg.Timeout = test.timeout
				}
			})
			_, err := c.Do(ctx, order, conbox.Hooks{Sending: func(context.Context) error {
				at("hook")
				if test.when == "fails" {
					return full
				}
				return nil
			}})
			e := failure(t, err)
			if e.Class != test.class || e.Certainty != test.certainty || test.when == "fails" && !errors.Is(err, full) {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
			if sent := bodies.Load() == 1; sent != (test.certainty == conbox.Unknown) {
				t.Errorf("%d bodies seen, %s", bodies.Load(), e.Certainty)
			}
		})
	}
}

// TestCutButSaid: an answer that breaks off behind Success counts.
func TestCutButSaid(t *testing.T) {
	address := afterProbes(t, func(conn net.Conn, _ wireRequest) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"+`{"Success": true, "ServiceReturnData": {"Action": "Purchase", "DocNbr": "101224-01", "ListPrice": 12`)
	})
	a, err := client(t, address).Do(t.Context(), order, conbox.Hooks{})
	if err != nil || !a.Lenient || a.Data.DocNbr != "101224-01" || a.Data.ListPrice != "" {
		t.Errorf("%+v, %v", a, err)
	}
}
