package conbox

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

	"golang.org/x/time/rate"

	"dropform/engine/wire"
)

// Config says how to reach one CONBOX service.
type Config struct {
	// URL is the operator's one address; http or https, without user or fragment.
	URL string
	// Auth is "auto" (default: what the server asks for, Digest before Basic), "basic", "digest" or "none"
	// (Authentifizierung).
	Auth string
	// Username is the name for the web server; it cannot hold a colon. Required for basic and digest.
	Username string
	// Password is asked for at each call, so that a rotated secret is used without a restart.
	Password func(context.Context) (string, error)
	// UserCode identifies the user in the body. Required.
	UserCode string
	// UserAPIKey is the key beside the user code, asked for at each call. Nil: none is sent; the document says that one
	// will be required in future.
	UserAPIKey func(context.Context) (string, error)
	// Language is the envelope's, default "DE".
	Language string
	// Service is the envelope's, default "CONBOX".
	Service string
	// Timeout bounds one request with its answer. Default 60 s.
	Timeout time.Duration
	// Rate is how many calls a second may start, evenly spaced; a write and its probe are one call. 0: no limit.
	Rate float64
	// RetryAttempts bounds how often a read is sent, default 5. Writes are sent once whatever it says.
	RetryAttempts int
	// RetryFirst and RetryLongest are the pauses between reads, doubling from the one to the other; defaults 1 s, 5 min.
	RetryFirst, RetryLongest time.Duration
	// TLS is used as it is, except that only HTTP/1.1 is spoken. Nil means the system's roots.
	TLS *tls.Config
	// Proxy picks the proxy for a request. Nil means the environment's.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial opens a connection to a host and port. Nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// UserAgent is sent as it is. Default "dropform".
	UserAgent string
	// Log takes a debug line for each request: its action, how long it took, how it ended; no address and no field. Nil: none.
	Log *slog.Logger
}

// idleConns is how many unused connections are kept for reads and probes.
const idleConns = 8

// The values of Config.Auth.
const (
	authAuto   = "auto"
	authBasic  = "basic"
	authDigest = "digest"
	authNone   = "none"
)

// Client speaks to one CONBOX service. It is safe for concurrent use.
type Client struct {
	cfg     Config
	target  *url.URL
	reads   *http.Transport // reads and probes
	writes  *http.Transport // a connection for each
	gate    *gate
	limiter *rate.Limiter

	spelling spelling
}

// New checks the configuration and makes a client; it sends nothing. The error names the first setting that is wrong
// and never holds a secret.
func New(cfg Config) (*Client, error) {
	cfg = withDefaults(cfg)
	target, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := checkConfig(cfg); err != nil {
		return nil, err
	}
	limit := rate.Inf
	if cfg.Rate > 0 {
		limit = rate.Limit(cfg.Rate)
	}
	return &Client{
		cfg: cfg, target: target,
		reads:  wire.NewTransport(wire.Options{Timeout: cfg.Timeout, TLS: cfg.TLS, Proxy: cfg.Proxy, Dial: cfg.Dial, Idle: idleConns}),
		writes: wire.NewTransport(wire.Options{Timeout: cfg.Timeout, TLS: cfg.TLS, Proxy: cfg.Proxy, Dial: cfg.Dial}),
		gate:   newGate(), limiter: rate.NewLimiter(limit, 1),
	}, nil
}

// Close closes idle connections.
func (c *Client) Close() {
	c.reads.CloseIdleConnections()
	c.writes.CloseIdleConnections()
}

func withDefaults(cfg Config) Config {
	for _, s := range []struct {
		field *string
		value string
	}{{&cfg.Auth, authAuto}, {&cfg.Language, "DE"}, {&cfg.Service, "CONBOX"}, {&cfg.UserAgent, "dropform"}} {
		if *s.field == "" {
			*s.field = s.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&cfg.Timeout, time.Minute}, {&cfg.RetryFirst, time.Second}, {&cfg.RetryLongest, 5 * time.Minute}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.RetryAttempts < 1 {
		cfg.RetryAttempts = 5
	}
	if cfg.Proxy == nil {
		cfg.Proxy = http.ProxyFromEnvironment
	}
	return cfg
}

// address parses the URL. Errors do not quote it, because it may hold a password.
func address(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New(`conbox url: not an address of the form "https://host/path"`)
	case u.User != nil:
		return nil, errors.New("conbox url: user and password do not belong in the address; use username and password")
	case u.Fragment != "":
		return nil, errors.New("conbox url: the address must end before #")
	}
	return u, nil
}

func checkConfig(cfg Config) error {
	switch cfg.Auth {
	case authAuto, authNone:
	case authBasic, authDigest:
		if cfg.Username == "" {
			return fmt.Errorf("conbox user name: empty, but auth is %q", cfg.Auth)
		}
	default:
		return fmt.Errorf("conbox auth %q: none of auto, basic, digest, none", cfg.Auth)
	}
	control := func(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
	switch {
	case cfg.Username != "" && cfg.Password == nil && cfg.Auth != authNone:
		return errors.New("conbox password: none, but there is a user name")
	case strings.Contains(cfg.Username, ":"):
		return errors.New("conbox user name: a colon cannot be sent with Basic or Digest authentication")
	case control(cfg.Username):
		return errors.New("conbox user name: holds a control character")
	case strings.TrimSpace(cfg.UserCode) == "":
		return errors.New("conbox user code: empty")
	case control(cfg.UserCode), control(cfg.Language), control(cfg.Service):
		return errors.New("conbox user code, language or service: holds a control character")
	case control(cfg.UserAgent):
		return errors.New("conbox user agent: holds a control character")
	case cfg.Rate < 0:
		return errors.New("conbox rate: below 0")
	case cfg.RetryFirst > cfg.RetryLongest:
		return errors.New("conbox retry: first is longer than longest")
	}
	return nil
}
