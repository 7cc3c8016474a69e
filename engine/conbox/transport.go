package conbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// idleConn is how long an unused connection is kept for reads and probes.
	idleConn = 15 * time.Second
	// idleConns is how many of them are kept.
	idleConns = 8
	// answerGrace is how long a failed write of bytes waits for the answer that explains it.
	answerGrace = 500 * time.Millisecond
)

// newTransport speaks HTTP/1.1 only. It is used without an http.Client around it: nothing follows redirects or repeats
// a request. Without keep-alive every request has a connection of its own, so that there is no moment at which the
// transport could take a connection that the server is just giving up, and send a write again on another.
func newTransport(cfg Config, keepAlive bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy: cfg.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return newPatientConn(conn), nil
		},
		TLSHandshakeTimeout:    cfg.Timeout,
		DisableCompression:     true,
		DisableKeepAlives:      !keepAlive,
		MaxIdleConns:           idleConns,
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        idleConn,
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              protocols,
		OnProxyConnectResponse: proxyAnswer,
	}
	if cfg.TLS != nil {
		t.TLSClientConfig = cfg.TLS.Clone()
		t.TLSClientConfig.NextProtos = nil
	}
	return t
}

// patientConn holds a failed write back until the other direction has ended or answerGrace is over: a server that
// refuses a request early (413) answers and closes, and a broken pipe must not hide that answer.
type patientConn struct {
	net.Conn
	ended func()
	over  <-chan struct{}
}

func newPatientConn(c net.Conn) *patientConn {
	over := make(chan struct{})
	return &patientConn{Conn: c, over: over, ended: sync.OnceFunc(func() { close(over) })}
}

// Read notes the end of what the server has to say.
func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended()
	}
	return n, err
}

// Write returns an error late, see patientConn.
func (c *patientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		grace := time.NewTimer(answerGrace)
		defer grace.Stop()
		select {
		case <-c.over:
		case <-grace.C:
		}
	}
	return n, err
}

// Close lets a waiting Write go.
func (c *patientConn) Close() error {
	c.ended()
	return c.Conn.Close()
}

// proxyRefusal is a proxy's answer to CONNECT other than 200: nothing has reached the server.
type proxyRefusal struct{ status int }

func (e proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy answered %s", statusText(e.status))
}

func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal{res.StatusCode}
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("HTTP %d %s", status, text)
	}
	return fmt.Sprintf("HTTP %d", status)
}
