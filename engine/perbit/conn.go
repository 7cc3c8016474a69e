package perbit

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

// answerGrace is how long a failed write waits for the answer that explains it.
const answerGrace = 500 * time.Millisecond

// patientConn holds a failed write back until the other direction has ended or answerGrace is over. A server that
// refuses a file early (too large, not allowed) answers and closes; without this the broken pipe of our write would
// race with that answer and hide it.
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
