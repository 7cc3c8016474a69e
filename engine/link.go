package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dropform/engine/conbox"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// link is one connection at work: its client, its tenant's job slots, and whether it is down.
type link struct {
	conn   *Connection
	client *perbit.Client // of a perbit connection
	box    *conbox.Client // of a conbox connection
	system ledger.SystemID
	slots  *slots

	mu    sync.Mutex
	down  *outage
	lost  int // starts in a row whose outcome is unknown
	pause *backoff.ExponentialBackOff
}

// outage is why nothing is sent to a connection just now.
type outage struct {
	text, next, code string
	since            time.Time
	retry            time.Time // when watch tries again
	told             time.Time // when people last heard of it
}

// ending is how a step ends that the outage keeps from beginning.
func (o outage) ending() ending {
	return ending{result: ResultNotStarted, text: o.text, stop: o.text, quiet: true}
}

// since is how old the work is: its file, or the slot of its export.
func (a *Action) since() time.Time {
	if a.File.Stamp.ModTime != 0 {
		return time.Unix(0, a.File.Stamp.ModTime)
	}
	return a.Slot
}

// enter is how every step that speaks to a server begins: the connection's link, which must be up, and one of its tenant's
// job slots. Where the step cannot begin, the ending says why.
func (n *run) enter(ctx context.Context, a *Action) (*link, func(), *ending) {
	l, err := n.link(ctx, a.connection())
	if err != nil {
		e := failed("prepare the connection", err)
		return nil, nil, &e
	}
	if o, down := l.outage(n.o.Now()); down {
		e := o.ending()
		return nil, nil, &e
	}
	release, err := l.slots.acquire(n.soft, a.since())
	if err != nil {
		return nil, nil, &ending{result: ResultNotStarted, text: errStopped.Error()}
	}
	if o, down := l.outage(n.o.Now()); down { // it went down while this step waited
		release()
		e := o.ending()
		return nil, nil, &e
	}
	return l, release, nil
}

// link returns the connection's link, made at its first use. A changed definition gets a new one; work under way keeps
// the old.
func (r *Runner) link(ctx context.Context, c *Connection) (*link, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.links[c.Address]
	if ok && old.serves(c) {
		return old, nil
	}
	l := &link{conn: c}
	if err := r.connect(l); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Address, err)
	}
	system, err := r.o.Ledger.System(ctx, c.Address.String(), c.Endpoint())
	if err != nil {
		return nil, err
	}
	l.system = system
	if r.tenants[system] == nil {
		r.tenants[system] = newSlots(r.o.Process, fmt.Sprintf("job/%d", system), max(1, c.Parallel))
	}
	l.slots = r.tenants[system] // two connections to one tenant share its slots
	l.pause = &backoff.ExponentialBackOff{InitialInterval: c.RetryFirst, MaxInterval: c.RetryLongest, Multiplier: 2, RandomizationFactor: 0.1}
	if ok {
		r.retired = append(r.retired, old)
	}
	r.links[c.Address] = l
	return l, nil
}

// connect gives the link its client. It sends nothing.
func (r *Runner) connect(l *link) (err error) {
	if l.conn.Address.Kind == KindConnectionConbox {
		l.box, err = r.o.Conboxes.client(l.conn)
	} else {
		l.client, err = newClient(l.conn, r.o.UserAgent, r.o.Log, r.o.Dial, l.password)
	}
	return err
}

// serves reports whether the link was made for the same definition, and takes over the newer reading of it: its secret
// may come from another literal, which definitions do not show.
func (l *link) serves(c *Connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == c {
		return true
	}
	_, now := l.conn.encode()
	_, then := c.encode()
	if now == then {
		l.conn = c
	}
	return now == then
}

// current is the newest reading of the connection's definition.
func (l *link) current() *Connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}

// session is the login that the action's jobs share.
func (l *link) session(a *Action) *perbit.Session {
	if a.Export != nil {
		return l.client.Session(perbit.ExportStream)
	}
	return l.client.Session(perbit.ImportStream)
}

func (l *link) password(ctx context.Context) (string, error) { return l.current().Password.Reveal(ctx) }

// retryAt is when watch tries a connection again that is down; the zero time when it is up.
func (r *Runner) retryAt(c Address) time.Time {
	r.mu.Lock()
	l, ok := r.links[c]
	r.mu.Unlock()
	if !ok {
		return time.Time{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down == nil {
		return time.Time{}
	}
	return l.down.retry
}

func newClient(c *Connection, agent string, log *slog.Logger, dial Dial, password func(context.Context) (string, error)) (*perbit.Client, error) {
	tlsConfig, err := tlsOf(c)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyOf(c)
	if err != nil {
		return nil, err
	}
	return perbit.New(perbit.Options{
		URL: c.URL, CustomerID: c.CustomerID, Username: c.Username, Password: password,
		BasicEveryCall: c.Auth == "every_call", CredentialCharset: c.CredentialCharset, Parameters: c.Parameters,
		Timeout: c.Timeout, TLS: tlsConfig, Proxy: proxy, Parallel: max(1, c.Parallel), UserAgent: agent, Log: log, Dial: dial,
	})
}

// proxyOf picks the proxy: the connection's own, else the environment's.
func proxyOf(c *Connection) (func(*http.Request) (*url.URL, error), error) {
	if c.Proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return http.ProxyURL(u), nil
}

func tlsOf(c *Connection) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("tls.ca_file holds no certificate in PEM form")
		}
	}
	if c.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("tls.client_cert: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// outage tells whether the connection is down at the given time. In watch an outage ends, for one try, when its retry time
// has come.
func (l *link) outage(now time.Time) (outage, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down == nil || !l.down.retry.IsZero() && !now.Before(l.down.retry) {
		return outage{}, false
	}
	return *l.down, true
}

// summaryEvery is how often an outage that lasts is told again.
const summaryEvery = time.Hour

// summary reports whether it is time to tell again of an outage.
func (l *link) summary(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down == nil || now.Sub(l.down.told) < summaryEvery {
		return false
	}
	l.down.told = now
	return true
}

// fail marks the connection as down. first is whether it was up before: an outage is reported once.
func (l *link) fail(t trouble, now time.Time, again bool) (o outage, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first = l.down == nil
	if first {
		l.down = &outage{since: now, told: now}
		l.pause.Reset()
	}
	l.down.text, l.down.next, l.down.code = t.text, t.next, t.code
	if again {
		wait := max(l.pause.NextBackOff(), t.retryAfter)
		l.down.retry = now.Add(wait)
	}
	return *l.down, first
}

// mostLost is how many starts in a row may end unknown before nothing more is sent for now: each of them needs a person.
const mostLost = 3

// unanswered counts a start whose outcome is unknown and reports whether to stop.
func (l *link) unanswered(t trouble) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost++
	return l.lost >= mostLost || t.retryAfter > 0
}

// answered ends an outage and tells how long it lasted, 0 when there was none.
func (l *link) answered(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = 0
	if l.down == nil {
		return 0
	}
	lasted := now.Sub(l.down.since)
	l.down = nil
	return max(lasted, 1)
}

// stopsBlock reports whether an error speaks of the whole import or export: its method is wrong or not allowed.
func stopsBlock(e *perbit.Error) bool {
	return e.Class == perbit.ClassConfig || e.Class == perbit.ClassPermission || e.Class == perbit.ClassPlaceholder
}

// unreachable marks the connection as down when the error speaks of all of it, and tells so once. The step that met it
// is told as not started: nothing of it has happened.
func (n *run) unreachable(l *link, a *Action, err error, out *ending) {
	t, ok := troubleOf(err)
	if !ok || !t.connection && (out.result != ResultUnknown || !l.unanswered(t)) {
		return
	}
	o, first := n.wentDown(l, t, n.queued(l))
	out.stop = o.text
	if out.result == ResultFailed && (n.o.KeepTrying || !first) {
		out.result, out.quiet = ResultNotStarted, true
	}
}

// queued is how many steps wait for the connection, but for the one that has met its end.
func (n *run) queued(l *link) int {
	n.mu.Lock()
	queued := max(n.open[l.current().Address]-1, 0)
	n.mu.Unlock()
	if n.other != nil {
		queued += n.other(l.current().Address)
	}
	return queued
}

// wentDown marks a connection as down and tells so, once and then now and again.
func (r *Runner) wentDown(l *link, t trouble, queued int) (o outage, first bool) {
	o, first = l.fail(t, r.o.Now(), r.o.KeepTrying)
	if first || l.summary(r.o.Now()) {
		r.emit(ConnectionDown{Address: l.current().Address, Text: o.text, Next: o.next, Code: o.code, Retry: o.retry, Queued: queued})
	}
	return o, first
}

func (n *run) reachable(l *link, a *Action) {
	defer n.tellBegun(a, time.Now())
	if lasted := l.answered(n.o.Now()); lasted > 0 {
		n.emit(ConnectionUp{Address: l.current().Address, After: lasted})
	}
}
