package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// plainClient talks to a sandbox over a real connection, by the vendor's text.
type plainClient struct {
	t      *testing.T
	server *Server
	base   string
	http   *http.Client
	id     string
}

// params are sent as headers.
type params map[string]string

type reply struct {
	status int
	body   string
	header http.Header
	err    error // nil, or what net/http said
}

func start(t *testing.T, options Options) *plainClient {
	t.Helper()
	if options.Tenants == nil {
		options.Tenants = Demo().Tenants
	}
	server := New(options)
	listener := httptest.NewServer(server)
	// One connection per call, so that a cut is never retried by net/http.
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		listener.Close()
	})
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &plainClient{t, server, listener.URL, &http.Client{Transport: transport, CheckRedirect: stay}, DemoCustomerID}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// call posts to a stream; query is appended to the URL as it is.
func (c *plainClient) call(on, action, query string, headers params, body io.Reader) reply {
	c.t.Helper()
	address := fmt.Sprintf("%s/webApi/%sStream.ashx?Id=%s&%sAction=%s%s", c.base, on, c.id, on, url.QueryEscape(action), query)
	return c.post(address, headers, body)
}

func (c *plainClient) post(address string, headers params, body io.Reader) reply {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, string(data), response.Header, err}
}

// field reads one text field of a JSON answer that must be good.
func (c *plainClient) field(r reply, name string) string {
	c.t.Helper()
	c.good(r)
	var object map[string]string
	if err := json.Unmarshal([]byte(r.body), &object); err != nil || object[name] == "" {
		c.t.Fatalf("no %s in %q: %v", name, r.body, err)
	}
	return object[name]
}

func (c *plainClient) good(r reply) string {
	c.t.Helper()
	if r.err != nil || r.status != http.StatusOK {
		c.t.Fatalf("status %d, body %q, error %v", r.status, r.body, r.err)
	}
	return r.body
}

// refused demands the message of the vendor's text, a stack trace behind it,
// and the default form of a refusal.
func (c *plainClient) refused(r reply, message string) {
	c.t.Helper()
	if r.err != nil || r.status != http.StatusBadRequest {
		c.t.Fatalf("status %d, body %q, error %v; want 400 %s", r.status, r.body, r.err, message)
	}
	if !strings.HasPrefix(r.body, message+"\r\n   bei ") {
		c.t.Fatalf("got %q, want %q and a stack trace", r.body, message)
	}
	if got := r.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		c.t.Fatalf("content type %q", got)
	}
}

func (c *plainClient) login(on string) string {
	c.t.Helper()
	return c.field(c.call(on, "Login", "", params{"authorization": basic(DemoUser, DemoPassword)}, nil), "SecurityId")
}

func staffParams(session string) params {
	return params{"SecurityId": session, "ObjectName": "Mitarbeiter", "MethodName": "Import Mitarbeiterstammdaten Standard"}
}

const absenceMethod = "Import Abwesenheiten"

func absenceParams(session string) params {
	return params{"SecurityId": session, "ObjectName": "Abwesenheiten", "MethodName": absenceMethod}
}

// importText runs one import to its end and returns its protocol.
func (c *plainClient) importText(headers params, text string) (id, protocol string) {
	c.t.Helper()
	id = c.field(c.call("Import", "Import", "", headers, strings.NewReader(text)), "ImportId")
	protocol = c.good(c.call("Import", "GetProtocol", "", params{"SecurityId": headers["SecurityId"], "ImportId": id}, nil))
	return id, protocol
}

type progress struct {
	IsCanceled, IsCompleted, IsFaulted bool
	ProgressMessage, ProgressValue     string
}

func (c *plainClient) progress(on, session, job string) progress {
	c.t.Helper()
	body := c.good(c.call(on, "GetProgress", "", params{"SecurityId": session, on + "Id": job}, nil))
	var p progress
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		c.t.Fatalf("progress %q: %v", body, err)
	}
	return p
}

// export starts an export, which must succeed, and returns its result.
func (c *plainClient) export(session, object, method, variables string) string {
	c.t.Helper()
	id := c.field(c.call("Export", "Export", "", params{
		"SecurityId": session, "ObjectName": object, "MethodName": method, "ExportVariables": variables,
	}, nil), "ExportId")
	return c.good(c.call("Export", "GetResult", "", params{"SecurityId": session, "ExportId": id}, nil))
}

func (c *plainClient) inject(f Fault) {
	c.t.Helper()
	if err := c.server.Inject(f); err != nil {
		c.t.Fatal(err)
	}
}
