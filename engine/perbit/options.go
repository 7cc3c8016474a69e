package perbit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"dropform/engine/wire"
)

// Options say how to reach one tenant of one perbit system.
type Options struct {
	// URL is the base to which /ImportStream.ashx and /ExportStream.ashx are appended; http or https, without
	// user, query or fragment.
	URL string
	// CustomerID is the tenant, a GUID; it is sent as Id, in the URL only (perbit 2.2.1).
	CustomerID string
	// Username is the name for Basic authentication; it cannot hold a colon.
	Username string
	// Password is asked for at each login, so that a rotated secret is used without a restart.
	Password func(context.Context) (string, error)
	// BasicEveryCall sends Basic with every call (perbit 2.1) instead of with logins only (perbit 3.1).
	BasicEveryCall bool
	// CredentialCharset is how non-ASCII credentials are encoded: "utf-8" (default) or "windows-1252".
	CredentialCharset string
	// Parameters is where names, e-mail and variables go: "auto" (default: ASCII in headers, else percent-encoded in
	// the URL), "header" or "url". Ids of sessions and jobs are always headers.
	Parameters string
	// Timeout bounds one request; the time in which a body makes progress is not counted. Default 60 s. Calls that
	// wait for the result are bounded by their context alone.
	Timeout time.Duration
	// TLS is used as it is, except that only HTTP/1.1 is spoken. Nil means the system's roots.
	TLS *tls.Config
	// Proxy picks the proxy for a request. Nil means the environment's.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial opens a connection to a host and port. Nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Parallel is how many idle connections are kept, at least one.
	Parallel int
	// UserAgent is sent as it is. Default "dropform".
	UserAgent string
	// Log takes a debug line for each call: its action, how long it took, how it ended; no address and no id. Nil: none.
	Log *slog.Logger
}

// Client speaks to one tenant. It is safe for concurrent use and holds no job.
type Client struct {
	options   Options
	base      string
	transport *http.Transport
	logins    *credentials
	sessions  [2]*Session
}

// New checks the options and makes a client; it sends nothing. The error names the first option that is wrong and
// never holds a secret.
func New(o Options) (*Client, error) {
	o = withDefaults(o)
	base, err := baseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	c := &Client{options: o, base: base, transport: wire.NewTransport(wire.Options{
		Timeout: o.Timeout, TLS: o.TLS, Proxy: o.Proxy, Dial: o.Dial, Idle: o.Parallel, Buffer: 32 << 10,
	}), logins: newCredentials(o)}
	for _, s := range []Stream{ImportStream, ExportStream} {
		c.sessions[s] = &Session{client: c, stream: s}
	}
	return c, nil
}

// Close closes idle connections. It ends no session; see [Session.Logout].
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Session is the one session of a stream that all jobs share: the same value at each call.
func (c *Client) Session(s Stream) *Session { return c.sessions[s] }

func withDefaults(o Options) Options {
	if o.CredentialCharset == "" {
		o.CredentialCharset = "utf-8"
	}
	if o.Parameters == "" {
		o.Parameters = "auto"
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.UserAgent == "" {
		o.UserAgent = "dropform"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Parallel = max(o.Parallel, 1)
	return o
}

// baseURL returns the address without a slash at its end. Errors do not quote it, because it may hold a password.
func baseURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New(`perbit url: not an address of the form "https://host/path"`)
	case u.User != nil:
		return "", errors.New("perbit url: user and password do not belong in the address; use username and password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("perbit url: the address must end before ? and #")
	case strings.HasSuffix(strings.ToLower(u.Path), ".ashx"):
		return "", errors.New("perbit url: leave out the last segment; ImportStream.ashx and ExportStream.ashx are appended")
	}
	return strings.TrimRight(s, "/"), nil
}

func checkOptions(o Options) error {
	switch {
	case !customerGUID.MatchString(o.CustomerID):
		return errors.New("perbit customer id: not of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx (hexadecimal digits)")
	case o.CustomerID == nilGUID:
		return errors.New("perbit customer id: this is the placeholder of the vendor's sample script; perbit tells you yours")
	case o.Username == "":
		return errors.New("perbit user name: empty")
	case strings.Contains(o.Username, ":"):
		return errors.New("perbit user name: a colon cannot be sent with Basic authentication")
	case strings.ContainsFunc(o.Username, unicode.IsControl):
		return errors.New("perbit user name: holds a control character")
	case strings.ContainsFunc(o.UserAgent, unicode.IsControl):
		return errors.New("perbit user agent: holds a control character")
	case o.Password == nil:
		return errors.New("perbit password: none")
	case o.CredentialCharset != "utf-8" && o.CredentialCharset != "windows-1252":
		return fmt.Errorf("perbit credential charset %q: neither utf-8 nor windows-1252", o.CredentialCharset)
	case o.Parameters != "auto" && o.Parameters != "header" && o.Parameters != "url":
		return fmt.Errorf("perbit parameters %q: none of auto, header, url", o.Parameters)
	}
	return nil
}
