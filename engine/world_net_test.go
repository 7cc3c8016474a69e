package engine_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// wire is a network in memory between the processes of a world and its servers, so that a bubble of synctest knows when
// everybody waits.
type wire struct {
	server *http.Server
	lines  chan net.Conn
	ended  sync.WaitGroup

	mu   sync.Mutex
	open map[*cable]bool
	down bool // nobody can be reached
}

func newWire(handler http.Handler) *wire {
	w := &wire{lines: make(chan net.Conn), open: map[*cable]bool{}}
	w.server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	w.ended.Go(func() { _ = w.server.Serve(&listener{w.lines, make(chan struct{}), sync.Once{}}) })
	return w
}

func (w *wire) setDown(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

// dial connects a process.
func (w *wire) dial(ctx context.Context, l *life) (net.Conn, error) {
	w.mu.Lock()
	down := w.down
	w.mu.Unlock()
	if err := l.moment(); err != nil || down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.Join(err, syscall.ECONNREFUSED)}
	}
	near, far := net.Pipe()
	select {
	case w.lines <- far:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c := &cable{near, w, l}
	w.mu.Lock()
	w.open[c] = true
	w.mu.Unlock()
	return c, nil
}

// cut ends every connection of a process.
func (w *wire) cut(l *life) {
	w.mu.Lock()
	var mine []*cable
	for c := range w.open {
		if c.life == l {
			mine = append(mine, c)
		}
	}
	w.mu.Unlock()
	for _, c := range mine {
		_ = c.Close()
	}
}

func (w *wire) close() {
	_ = w.server.Close()
	w.ended.Wait()
}

// cable is the near end of a connection. Each use of it is a moment at which its process may die.
type cable struct {
	net.Conn
	wire *wire
	life *life
}

func (c *cable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		err = c.life.moment()
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (c *cable) Write(p []byte) (int, error) {
	if err := c.life.moment(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if err == nil {
		err = c.life.moment()
	}
	return n, err
}

func (c *cable) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.open, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}

// listener hands the far ends to the server.
type listener struct {
	lines chan net.Conn
	over  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.lines:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.over) }); return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }
