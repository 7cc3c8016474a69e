package perbit_test

import (
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
	"testing"
	"time"

	"dropform/engine/perbit"
)

// zeros is a body of size bytes that ends as told.
func zeros(size, real int64, end error) perbit.Body {
	return perbit.Body{Size: size, Open: func() (io.ReadCloser, error) {
		r := io.LimitReader(zero{}, real)
		if end != nil {
			r = io.MultiReader(r, failing{end})
		}
		return io.NopCloser(r), nil
	}}
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// TestCertainty cuts an import at every place, with real sockets.
func TestCertainty(t *testing.T) {
	const big = 16 << 20
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	changed := errors.New("the file has changed")
	over := make(chan struct{}) // lets stuck servers go
	hang := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

	tests := map[string]struct {
		url       string // instead of serve
		serve     func(net.Conn)
		body      perbit.Body
		timeout   time.Duration
		class     perbit.Class
		certainty perbit.Certainty
		cause     error
	}{
		"nobody listens": {url: "http://" + dead.Addr().String(), class: perbit.ClassTransient, certainty: perbit.NotSent},
		"tls cut": {
			url:   "https://",
			serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) },
			class: perbit.ClassTransient, certainty: perbit.NotSent,
		},
		"tls silent": {
			url: "https://", serve: hang, timeout: 50 * time.Millisecond,
			class: perbit.ClassTransient, certainty: perbit.NotSent,
		},
		"cut before the request was read": {
			serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) },
			class: perbit.ClassTransient, certainty: perbit.Unknown,
		},
		"cut by the server inside the body": {
			serve: func(conn net.Conn) { _ = takeHead(conn) }, body: zeros(big, big, nil),
			class: perbit.ClassTransient, certainty: perbit.Unknown,
		},
		"cut after the request": {
			serve: func(conn net.Conn) { _, _ = takeRequest(conn) },
			class: perbit.ClassTransient, certainty: perbit.Unknown, cause: io.EOF,
		},
		"cut inside the answer's head": {
			serve: func(conn net.Conn) { _, _ = takeRequest(conn); _, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nCont") },
			class: perbit.ClassTransient, certainty: perbit.Unknown,
		},
		"cut inside the id": {
			serve: func(conn net.Conn) {
				_, _ = takeRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"+importOK[:30])
			},
			class: perbit.ClassTransient, certainty: perbit.Unknown, cause: io.ErrUnexpectedEOF,
		},
		"no answer": {
			serve: hang, timeout: 50 * time.Millisecond,
			class: perbit.ClassTransient, certainty: perbit.Unknown,
		},
		"stuck inside the body": {
			serve: func(conn net.Conn) { _ = takeHead(conn); <-over },
			body:  zeros(big, big, nil), timeout: 200 * time.Millisecond,
			class: perbit.ClassTransient, certainty: perbit.NotSent,
		},
		"we cut: another digest": {serve: hang, body: zeros(big, big, changed), class: perbit.ClassBody, certainty: perbit.NotSent, cause: changed},
		"we cut: too short":      {serve: hang, body: zeros(9, 8, nil), class: perbit.ClassBody, certainty: perbit.NotSent, cause: io.ErrUnexpectedEOF},
		"we cut: too long":       {serve: hang, body: zeros(9, 10, nil), class: perbit.ClassBody, certainty: perbit.NotSent},
		"we cut, and it answers": {
			serve: func(conn net.Conn) {
				_ = takeHead(conn)
				_, _ = io.Copy(io.Discard, conn)
				_, _ = io.WriteString(conn, answer("200 OK", "application/json", importOK))
			},
			body: zeros(9, 8, nil), class: perbit.ClassBody, certainty: perbit.NotSent,
		},
		"no file": {
			serve: hang, body: perbit.Body{Size: 1, Open: func() (io.ReadCloser, error) { return nil, changed }},
			class: perbit.ClassBody, certainty: perbit.NotSent, cause: changed,
		},
		"id before the whole file": {
			serve: func(conn net.Conn) {
				_ = takeHead(conn)
				_, _ = io.WriteString(conn, answer("200 OK", "application/json", importOK))
				<-over
			},
			body: zeros(big, big, nil), class: perbit.ClassUnknown, certainty: perbit.Unknown,
		},
	}
	parent := t
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.serve != nil {
				if test.url == "" {
					test.url = "http://"
				}
				test.url += rawServer(parent, test.serve)
			}
			if test.body.Open == nil {
				test.body = text("a;b\n1;2\n")
			}
			c := client(t, test.url, func(o *perbit.Options) {
				if test.timeout > 0 {
					o.Timeout = test.timeout
				}
			})
			_, err := c.Import(t.Context(), sid, staff(test.body))
			e := failure(t, err)
			if e.Class != test.class || e.Certainty != test.certainty || e.Action != "Import" || !errors.Is(err, test.cause) && test.cause != nil {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
		})
	}
	close(over)
}

func TestHalfAnAnswerMayHoldTheID(t *testing.T) {
	host := rawServer(t, func(conn net.Conn) {
		_, _ = takeRequest(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"+strings.TrimSuffix(importOK, "}"))
	})
	if got, err := client(t, "http://"+host).Import(t.Context(), sid, staff(text("a\n"))); err != nil || got != iid {
		t.Error(string(got), err)
	}
}

// TestEarlyRefusal: a server that refuses a file while it is being sent, and closes, is heard.
func TestEarlyRefusal(t *testing.T) {
	host := rawServer(t, func(conn net.Conn) {
		_ = takeHead(conn)
		_, _ = io.WriteString(conn, answer("413 Request Entity Too Large", "text/plain", "Maximale Nachrichtengröße überschritten (30,5 MB)!"))
	})
	c := client(t, "http://"+host)
	for range 30 {
		_, err := c.Import(t.Context(), sid, staff(zeros(64<<20, 64<<20, nil)))
		e := failure(t, err)
		if e.Class != perbit.ClassTooLarge || e.Certainty != perbit.Refused || e.Limit != 30_500_000 {
			t.Fatalf("%s, %s: %v", e.Class, e.Certainty, err)
		}
	}
}

// TestCancel: ending the request before its last block is certain, after it nothing is.
func TestCancel(t *testing.T) {
	for name, want := range map[string]perbit.Certainty{"before": perbit.NotSent, "inside": perbit.NotSent, "after": perbit.Unknown} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			host := rawServer(t, func(conn net.Conn) {
				if name == "after" {
					_, _ = takeRequest(conn)
				} else {
					_ = takeHead(conn)
				}
				cancel()
				_, _ = io.Copy(io.Discard, conn)
			})
			body, opened, closed := text("a;b\n"), 0, 0
			if name == "inside" {
				// The last block is not to be had before the request has ended.
				body = perbit.Body{Size: 4, Open: func() (io.ReadCloser, error) {
					return io.NopCloser(io.MultiReader(strings.NewReader("a;"), waiting{ctx})), nil
				}}
			}
			if name == "before" {
				cancel()
			}
			open := body.Open
			body.Open = func() (io.ReadCloser, error) {
				opened++
				r, err := open()
				return struct {
					io.Reader
					io.Closer
				}{r, closer(func() { closed++ })}, err
			}
			_, err := client(t, "http://"+host).Import(ctx, sid, staff(body))
			e := failure(t, err)
			if e.Class != perbit.ClassCanceled || e.Certainty != want || !errors.Is(err, context.Canceled) || e.Transient() {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
			if opened != closed {
				t.Errorf("opened %d times, closed %d times", opened, closed)
			}
		})
	}
}

type closer func()

func (c closer) Close() error { c(); return nil }

// waiting is a file that cannot be read on until the request is over.
type waiting struct{ ctx context.Context }

func (w waiting) Read(p []byte) (int, error) {
	<-w.ctx.Done()
	return copy(p, "b\n"), io.EOF
}

func TestTLSAndProxy(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	tests := map[string]struct {
		proxy     string // answer to CONNECT; empty: no proxy
		class     perbit.Class
		transient bool
		hint      string
	}{
		"unknown authority":    {"", perbit.ClassTransient, true, "ca_file"},
		"proxy wants a login":  {"407 Proxy Authentication Required", perbit.ClassProxy, false, "proxy"},
		"proxy forbids":        {"403 Forbidden", perbit.ClassProxy, false, "proxy"},
		"proxy cannot reach":   {"503 Service Unavailable", perbit.ClassTransient, true, "proxy"},
		"proxy does not speak": {"-", perbit.ClassTransient, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := client(t, server.URL, func(o *perbit.Options) {
				if test.proxy == "" {
					return
				}
				host := rawServer(t, func(conn net.Conn) {
					_ = takeHead(conn)
					if test.proxy != "-" {
						_, _ = io.WriteString(conn, answer(test.proxy, "text/plain", "no"))
					}
				})
				o.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: host, User: url.UserPassword("u", "proxygeheim")})
			})
			_, err := c.Import(t.Context(), sid, staff(text("a\n")))
			e := failure(t, err)
			if e.Class != test.class || e.Certainty != perbit.NotSent || e.Transient() != test.transient || !strings.Contains(e.Hint, test.hint) {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
			if strings.Contains(err.Error(), "proxygeheim") {
				t.Error(err)
			}
		})
	}
}

// TestBrokenStream: a result that breaks off fails the read, at once or later.
func TestBrokenStream(t *testing.T) {
	for name, sent := range map[string]int{"soon": 100, "later": 100_000} {
		t.Run(name, func(t *testing.T) {
			host := rawServer(t, func(conn net.Conn) {
				_, _ = takeRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"+strings.Repeat("x", sent))
			})
			got, err := content(client(t, "http://"+host).Result(t.Context(), sid, eid))
			e := failure(t, err)
			if !e.Transient() || !errors.Is(err, io.ErrUnexpectedEOF) || len(got) > sent {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// TestFlatMemory moves a quarter of a GiB each way.
func TestFlatMemory(t *testing.T) {
	const size = 256 << 20
	var mu sync.Mutex
	var received int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		mu.Lock()
		received += n
		mu.Unlock()
		if r.Header.Get("ImportId") == "" {
			if r.ContentLength != size {
				t.Errorf("announced %d", r.ContentLength)
			}
			_, _ = io.WriteString(w, importOK)
			return
		}
		w.Header().Set("Content-Length", itoa(size))
		_, _ = io.Copy(w, io.LimitReader(zero{}, size))
	}))
	defer server.Close()
	c := client(t, server.URL)
	allocated := testing.AllocsPerRun(1, func() {
		if _, err := c.Import(t.Context(), sid, staff(zeros(size, size, nil))); err != nil {
			t.Error(err)
		}
		r, err := c.Protocol(t.Context(), sid, iid)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		if n, err := io.Copy(io.Discard, r); n != size || err != nil {
			t.Error(n, err)
		}
	})
	if received != 2*size {
		t.Errorf("received %d", received)
	}
	// 16,000 blocks pass by; one allocation for each would show.
	if allocated > 4000 {
		t.Errorf("%.0f allocations", allocated)
	}
}
