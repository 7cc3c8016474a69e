package sandbox

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// Server is an http.Handler that answers the vendor's streams and, at
// ConboxPath, the CONBOX service under any path prefix, and its own control
// pages under /sandbox/. Its cut faults need a real
// connection: they end the handler with http.ErrAbortHandler.
type Server struct {
	faults *faultScript
	perbit *perbit
	conbox *conbox

	closed    chan struct{} // ends every wait inside a call
	closeOnce sync.Once
	listeners sync.WaitGroup
}

// New returns a sandbox with its own copy of the tenants' data and of the
// documents. It panics on settings or documents that SetConbox or PutDocuments
// would refuse.
func New(options Options) *Server {
	options = options.withDefaults()
	closed := make(chan struct{})
	faults := &faultScript{}
	s := &Server{
		faults: faults,
		perbit: newPerbit(options, faults, closed),
		conbox: newConbox(options, faults, closed),
		closed: closed,
	}
	if err := errors.Join(s.SetConbox(options.Conbox), s.PutDocuments(options.Documents...)); err != nil {
		panic(err)
	}
	return s
}

// Close ends every wait and every listener and returns when their goroutines
// are gone. Calls that wait for something are cut.
func (s *Server) Close() {
	s.closeOnce.Do(func() { close(s.closed) })
	s.listeners.Wait()
}

// ServeHTTP answers one call; an address that is neither a service nor a
// control page gets the HTML 404 of a web server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch strings.ToLower(path.Base(r.URL.Path)) {
	case "importstream.ashx":
		s.perbit.serve(w, r, importStream)
		return
	case "exportstream.ashx":
		s.perbit.serve(w, r, exportStream)
		return
	}
	switch address := strings.ToLower(r.URL.Path); {
	case strings.HasPrefix(address, "/sandbox/"):
		s.serveControl(w, r)
		return
	case strings.HasSuffix(address, ConboxPath):
		s.conbox.serve(w, r)
		return
	case strings.Contains(address, conboxImagePath):
		s.conbox.noteFetch(r)
	}
	htmlAnswer(http.StatusNotFound, "").write(w)
}

// pause waits d; false means that the caller went away or the server closed.
func pause(ctx context.Context, closed <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-closed:
		return false
	}
}
