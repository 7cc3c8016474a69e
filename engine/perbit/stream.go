package perbit

import (
	"bytes"
	"io"
)

// peekLimit is how much of a stream is searched for an error text.
const peekLimit = 8 << 10

// stream is a protocol or result on its way to the caller.
type stream struct {
	x      *exchange
	prefix *bytes.Reader
	whole  bool // the prefix is all of it
	fail   *Error
}

// open looks at the answer's beginning, because an error text may come with status 200, and hands on all of it.
func (x *exchange) open() (io.ReadCloser, *Error) {
	size := peekLimit
	if length := x.res.ContentLength; length >= 0 && length < peekLimit {
		size = int(length) + 1 // one more, to meet its end
	}
	head, n := make([]byte, size), 0
	var err error
	for err == nil && n < len(head) {
		var more int
		more, err = x.Read(head[n:])
		n += more
	}
	if err != nil && err != io.EOF {
		defer x.end()
		return nil, x.lost(err)
	}
	x.timed()
	if n == 0 && x.call.start && x.call.stream == ImportStream {
		// A job that ran has a protocol: with nothing in it, nobody knows whether it ran.
		defer x.end()
		return nil, x.call.unreadable(x.res.StatusCode, nil, "protocol")
	}
	if e := x.call.misplaced(x.res.StatusCode, head[:n]); e != nil {
		x.end()
		return nil, e
	}
	return &stream{x: x, prefix: bytes.NewReader(head[:n]), whole: err == io.EOF}, nil
}

// Read fails with an *Error when the answer breaks off.
func (s *stream) Read(p []byte) (int, error) {
	if s.prefix.Len() > 0 {
		return s.prefix.Read(p)
	}
	if s.fail != nil {
		return 0, s.fail
	}
	n, err := s.x.Read(p)
	if err != nil && err != io.EOF {
		s.fail = s.x.lost(err)
		err = s.fail
	}
	return n, err
}

// WriteTo is for io.Copy, which would need a large buffer of its own for the smallest protocol.
func (s *stream) WriteTo(w io.Writer) (int64, error) {
	n, err := s.prefix.WriteTo(w)
	if err != nil || s.whole {
		return n, err
	}
	more, err := io.Copy(w, struct{ io.Reader }{s})
	return n + more, err
}

// Close gives the connection back if the answer was read to its end, else closes it.
func (s *stream) Close() error {
	s.x.end()
	return nil
}
