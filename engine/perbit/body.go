package perbit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Body is a file to upload.
//
// Size in bytes is announced as Content-Length. Open is called at most once per request; a [Session] that has to
// repeat a refused start calls it again. The reader must end with io.EOF after exactly Size bytes: anything else, and
// any other error, makes us end the request before its last block, which is certain not to have been a request.
// Whoever has to verify the bytes holds the last block back and returns an error instead of it. The reader is closed
// before the call returns.
type Body struct {
	Size int64
	Open func() (io.ReadCloser, error)
}

var errBodyClosed = errors.New("the request is over")

// sending is a Body on its way. The transport reads and closes it on a goroutine of its own, also after the answer.
type sending struct {
	size   int64
	parent context.Context // the caller's
	ctx    context.Context // the request's
	dog    *watchdog

	mu     sync.Mutex // guards what follows, and is held while source is read
	source io.ReadCloser
	sent   int64
	failed error // why we cut it
	closed bool
}

// Read hands on the source but keeps the last block until the source has ended cleanly.
func (s *sending) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failed != nil:
		return 0, s.failed
	case s.sent == s.size:
		return 0, io.EOF
	case s.closed:
		return 0, errBodyClosed
	case len(p) == 0:
		return 0, nil
	}
	// The time that our own disk takes is not the server's.
	s.dog.pause()
	n, err := s.block(p[:min(int64(len(p)), s.size-s.sent)])
	s.dog.touch()
	if err != nil {
		s.failed = err
		return 0, err
	}
	for _, ctx := range []context.Context{s.parent, s.ctx} { // the caller's end reaches the request's a moment later
		if ctx.Err() != nil {
			return 0, context.Cause(ctx) // a request that has ended gets no last block
		}
	}
	s.sent += int64(n)
	return n, nil
}

func (s *sending) block(p []byte) (int, error) {
	n, err := readSome(s.source, p)
	if s.sent+int64(n) < s.size {
		if err == io.EOF {
			return 0, fmt.Errorf("the file ended after %d of %d bytes: %w", s.sent+int64(n), s.size, io.ErrUnexpectedEOF)
		}
		return n, err
	}
	if err == nil {
		var more int
		if more, err = readSome(s.source, make([]byte, 1)); more > 0 {
			return 0, fmt.Errorf("the file is longer than the %d bytes announced", s.size)
		}
	}
	if err == io.EOF {
		return n, nil
	}
	return 0, err
}

// readSome reads at least one byte or an error.
func readSome(r io.Reader, p []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Close closes the source once; the transport and the call both do it. When the call returns the file is free, which
// matters on Windows.
func (s *sending) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.source.Close()
}

// state tells why we cut the body, if we did, and whether its last block was handed out.
func (s *sending) state() (failed error, complete bool) {
	if s == nil {
		return nil, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed, s.sent == s.size
}
