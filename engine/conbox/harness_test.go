package conbox_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dropform/engine/conbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "erp"
	password = "geheim-Wels"
	userCode = "ERP01"
	apiKey   = "7546b3a7-73e8-40a7-a7b6-699b4d648ac1"
	guid     = "550e8400-e29b-41d4-a716-446655440000"
	bought   = `{"Success":true,"ErrorMessage":"","ServiceReturnData":{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","PosNbr":"Pos01","PosData":[{"PosNbr":"Pos01"}]}}`
	position = `{"Success":true,"ErrorMessage":"","ServiceReturnData":{"Action":"GetPositionData","PositionGuid":"` + guid + `","ListPrice":345.0,"FCoPrc":1234.560}}`
)

// order is the write of most tests.
var order = conbox.Purchase{
	DocTyp: new(2), DocNbr: "101224-01", FinalCustomerLndCde: "D", PosNbr: "Pos01",
	PosData: []conbox.PosData{{PosNbr: "Pos01", Amount: "1"}},
}

// seat is the read of most tests.
var seat = conbox.GetPositionData{DocTyp: new(2), DocNbr: "000007", PosNbr: "Pos01"}

func fixed(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

func config(address string) conbox.Config {
	return conbox.Config{
		URL: address, Auth: "none", Username: user, Password: fixed(password), UserCode: userCode, UserAPIKey: fixed(apiKey),
		UserAgent: "dropform-test", Timeout: 20 * time.Second, RetryFirst: time.Millisecond, RetryLongest: 10 * time.Millisecond,
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}
}

func client(t *testing.T, address string, change ...func(*conbox.Config)) *conbox.Client {
	t.Helper()
	cfg := config(address)
	for _, f := range change {
		f(&cfg)
	}
	c, err := conbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func auth(way string) func(*conbox.Config) { return func(c *conbox.Config) { c.Auth = way } }

func failure(t *testing.T, err error) *conbox.Error {
	t.Helper()
	var e *conbox.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	return e
}

// service is an HTTP server that keeps what it was sent.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

type request struct {
	authorization, body, from string
	header                    http.Header
}

// serve answers every request with handle, whose body is that of the request.
func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, body string)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request{r.Header.Get("Authorization"), string(raw), r.RemoteAddr, r.Header})
		s.mu.Unlock()
		handle(w, r, string(raw))
	}))
	t.Cleanup(s.Close)
	return s
}

// seen is everything received so far.
func (s *service) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// shape is one letter a request: p for a probe, P for a probe with credentials, b for a body, B with credentials.
func (s *service) shape() string {
	var out strings.Builder
	for _, r := range s.seen() {
		letter := "p"
		if r.body != "" {
			letter = "b"
		}
		if r.authorization != "" {
			letter = strings.ToUpper(letter)
		}
		out.WriteString(letter)
	}
	return out.String()
}

// action is the Action of a body, empty for a probe.
func action(body string) string {
	var e struct{ ServiceData struct{ Action string } }
	if json.Unmarshal([]byte(body), &e) != nil {
		return ""
	}
	return e.ServiceData.Action
}

// rawServer gives each connection to serve and closes it afterwards.
func rawServer(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String() + "/service"
}

// wireRequest is one request as it came over a raw connection.
type wireRequest struct {
	bytes []byte
	body  string
}

// next reads one request of a connection; ok is false at its end.
func next(r *bufio.Reader) (wireRequest, bool) {
	var raw bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(onebyte{r}, &raw), 16))
	if err != nil {
		return wireRequest{}, false
	}
	body, err := io.ReadAll(req.Body)
	return wireRequest{raw.Bytes(), string(body)}, err == nil
}

// onebyte keeps a buffered reader above it from taking bytes of the next request.
type onebyte struct{ r io.Reader }

func (o onebyte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// afterProbes serves raw connections: probes get an empty 200 and keep the connection, the first body goes to last.
func afterProbes(t *testing.T, last func(conn net.Conn, r wireRequest)) string {
	return rawServer(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			r, ok := next(in)
			switch {
			case !ok:
				return
			case r.body != "":
				last(conn, r)
				return
			}
			_, _ = io.WriteString(conn, answer("200 OK", "application/json", "{}"))
		}
	})
}

func answer(status, contentType, body string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}
