package perbit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dropform/engine/wire"
)

const (
	someSession = SecurityID("40e66335-3c09-4c70-8af8-7cae5f894e95")
	someImport  = `{"ImportId": "d74bf33d-c2c7-4586-b1cf-dbcaa2b5751c"}`
)

// inTime runs test against a server on a pipe, in a bubble where time passes only when all wait. Requests may take 10
// seconds.
func inTime(t *testing.T, serve func(net.Conn, *bufio.Reader), test func(*Client)) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{
			URL: "http://pipe", CustomerID: "7d2f0c55-6f1e-4f0b-9f5e-2f6f1a9c0d11", Username: "u", Timeout: 10 * time.Second,
			Password: func(context.Context) (string, error) { return "p", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		var servers sync.WaitGroup
		c.transport.Proxy = nil
		c.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			servers.Go(func() {
				defer there.Close()
				serve(there, bufio.NewReader(there))
			})
			return wire.Patient(here), nil
		}
		test(c)
		c.Close()
		servers.Wait()
	})
}

func slowly(size int, every time.Duration) Body {
	return Body{Size: int64(size), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(&slow{strings.NewReader(strings.Repeat("x", size)), every}), nil
	}}
}

type slow struct {
	r     io.Reader
	every time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(s.every)
	return s.r.Read(p[:min(len(p), 1000)])
}

func upload(c *Client, b Body) error {
	_, err := c.Import(context.Background(), someSession, ImportRequest{Object: "O", Method: "M", Body: b})
	return err
}

// TestTimeout: a file may take for ever as long as it moves, on our disk as on the line; silence may not.
func TestTimeout(t *testing.T) {
	reply := "HTTP/1.1 200 OK\r\nContent-Length: " + "52" + "\r\n\r\n" + someImport
	if len(someImport) != 52 {
		t.Fatal(len(someImport))
	}
	take := func(r *bufio.Reader, pause time.Duration) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		for err == nil {
			time.Sleep(pause)
			_, err = io.CopyN(io.Discard, req.Body, 20_000)
		}
	}
	tests := map[string]struct {
		body      Body
		serve     func(net.Conn, *bufio.Reader)
		certainty Certainty
		ok        bool
		after     time.Duration
	}{
		"slow disk": {slowly(5000, time.Minute), func(c net.Conn, r *bufio.Reader) { take(r, 0); _, _ = io.WriteString(c, reply) }, 0, true, 6 * time.Minute},
		"slow line": {slowly(200_000, 0), func(c net.Conn, r *bufio.Reader) { take(r, 9*time.Second); _, _ = io.WriteString(c, reply) }, 0, true, 90 * time.Second},
		"slow answer": {slowly(5000, 0), func(c net.Conn, r *bufio.Reader) {
			take(r, 0)
			time.Sleep(9 * time.Second)
			_, _ = io.WriteString(c, reply)
		}, 0, true, 9 * time.Second},
		"no answer": {slowly(5000, 0), func(_ net.Conn, r *bufio.Reader) { take(r, 0); time.Sleep(time.Hour) }, Unknown, false, 10 * time.Second},
		"dead line": {slowly(200_000, 0), func(_ net.Conn, r *bufio.Reader) { _, _ = http.ReadRequest(r); time.Sleep(time.Hour) }, NotSent, false, 10 * time.Second},
		"half a head": {slowly(5000, 0), func(c net.Conn, r *bufio.Reader) {
			take(r, 0)
			_, _ = io.WriteString(c, reply[:9])
			time.Sleep(time.Hour)
		}, Unknown, false, 10 * time.Second},
		"half an answer": {slowly(5000, 0), func(c net.Conn, r *bufio.Reader) {
			take(r, 0)
			_, _ = io.WriteString(c, reply[:60])
			time.Sleep(time.Hour)
		}, Unknown, false, 10 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inTime(t, test.serve, func(c *Client) {
				begin := time.Now()
				err := upload(c, test.body)
				took := time.Since(begin)
				if took < test.after || took > test.after+21*time.Second {
					t.Errorf("took %s", took)
				}
				if test.ok {
					if err != nil {
						t.Error(err)
					}
					return
				}
				e, ok := asError(err)
				if !ok || e.Certainty != test.certainty || !e.Transient() || !errors.As(err, new(wire.TimeoutError)) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestStreamTimeout: between two pieces of a result lies at most one timeout; a reader who takes his time is no reason.
func TestStreamTimeout(t *testing.T) {
	for name, pause := range map[string]time.Duration{"slow": 9 * time.Second, "silent": time.Hour} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(c net.Conn, r *bufio.Reader) {
				_, _ = http.ReadRequest(r)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n"+strings.Repeat("x", 20000))
				for range 30 {
					time.Sleep(pause)
					if _, err := io.WriteString(c, strings.Repeat("x", 1000)); err != nil {
						return
					}
				}
			}, func(c *Client) {
				r, err := c.Result(context.Background(), someSession, "72827ed6-8950-4923-8d5b-44d8ed39f186")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				n, err := io.Copy(io.Discard, r)
				r.Close()
				if ok := name == "slow"; ok != (err == nil) || ok && n != 50000 {
					t.Error(n, err)
				}
			})
		})
	}
}

// TestWait: waiting for a result is bounded by the context alone, and a session that is gone after a long wait is no
// refusal before the start.
func TestWait(t *testing.T) {
	const gone = "Die Sitzung wurde nicht gefunden oder ist abgelaufen!"
	for pause, want := range map[time.Duration]Certainty{time.Second: Refused, time.Hour: Unknown} {
		inTime(t, func(c net.Conn, r *bufio.Reader) {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			time.Sleep(pause)
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"+gone)
		}, func(c *Client) {
			body := slowly(10, 0)
			_, err := c.ImportAndWait(context.Background(), someSession, ImportRequest{Object: "O", Method: "M", Body: body})
			if e, ok := asError(err); !ok || e.Class != ClassSession || e.Certainty != want {
				t.Errorf("after %s: %v", pause, err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), pause/2)
			defer cancel()
			_, err = c.ImportAndWait(ctx, someSession, ImportRequest{Object: "O", Method: "M", Body: body})
			if e, ok := asError(err); !ok || e.Certainty != Unknown || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %s: %v", pause/2, err)
			}
		})
	}
}
