package command

import (
	"errors"
	"io"
	"io/fs"
	"sync"
)

// sink is standard output. It remembers the first error, so that a command whose output was lost does not end as if all
// were well.
type sink struct {
	w  io.Writer
	mu sync.Mutex
	e  error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.e == nil {
			s.e = err
		}
	}
	return n, err
}

func (s *sink) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.e
}
