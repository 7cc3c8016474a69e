package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// idleConn is how long an unused connection is kept. It is short, because a connection that the server has given up
	// meanwhile turns a write into an unknown.
	idleConn = 15 * time.Second
	// answerGrace is how long a failed write of bytes waits for the answer that explains it.
	answerGrace = 500 * time.Millisecond
)

// Options say what a transport is for.
type Options struct {
	// Timeout bounds dialling and the TLS handshake.
	Timeout time.Duration
	// Dial opens a connection to a host and port. Nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is used as it is, except that only HTTP/1.1 is spoken. Nil means the system's roots.
	TLS *tls.Config
	// Proxy picks the proxy for a request. Nil means none.
	Proxy func(*http.Request) (*url.URL, error)
	// Idle is how many unused connections are kept. With 0 every request has a connection of its own, so that there is
	// no moment at which the transport could take one that the server is just giving up, and send a write again on
	// another.
	Idle int
	// Buffer is the size in bytes of what is read or written at once; 0 is the transport's own.
	Buffer int
}

// NewTransport speaks HTTP/1.1 only and asks for no compression, so that bytes arrive as the server's application wrote
// them. It is for use without an http.Client around it: nothing follows redirects or repeats a request.
func NewTransport(o Options) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}).DialContext
	}
	t := &http.Transport{
		Proxy: o.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := o.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return Patient(conn), nil
		},
		TLSHandshakeTimeout:    o.Timeout,
		DisableCompression:     true,
		DisableKeepAlives:      o.Idle == 0,
		MaxIdleConns:           o.Idle,
		MaxIdleConnsPerHost:    o.Idle,
		IdleConnTimeout:        idleConn,
		MaxResponseHeaderBytes: 64 << 10,
		WriteBufferSize:        o.Buffer,
		ReadBufferSize:         o.Buffer,
		Protocols:              protocols,
		OnProxyConnectResponse: proxyAnswer,
	}
	if o.TLS != nil {
		t.TLSClientConfig = o.TLS.Clone()
		t.TLSClientConfig.NextProtos = nil
	}
	return t
}

// Patient holds a failed write of a connection back until the other direction has ended or half a second is over. A
// server that refuses a file early (too large, not allowed) answers and closes; without this the broken pipe of our
// write would race with that answer and hide it.
func Patient(c net.Conn) net.Conn {
	over := make(chan struct{})
	return &patientConn{Conn: c, over: over, ended: sync.OnceFunc(func() { close(over) })}
}

// patientConn is what Patient returns.
type patientConn struct {
	net.Conn
	ended func()
	over  <-chan struct{}
}

// Read notes the end of what the server has to say.
func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended()
	}
	return n, err
}

// bodyBlock is how many bytes of a request's body are written at once: the 32 KiB of io.Copy cost a fifth of a large upload.
const bodyBlock = 256 << 10

// bodyBlocks are kept between requests: among many small files a new one for each was most of what the program allocated.
var bodyBlocks = sync.Pool{New: func() any { return new([bodyBlock]byte) }}

// ReadFrom writes what r has, see bodyBlock; net/http asks for it with a body.
func (c *patientConn) ReadFrom(r io.Reader) (int64, error) {
	block := bodyBlocks.Get().(*[bodyBlock]byte)
	defer bodyBlocks.Put(block)
	return io.CopyBuffer(struct{ io.Writer }{c}, r, block[:])
}

// Write returns an error late, see Patient.
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

func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal{res.StatusCode}
}
