package durable

import (
	"os"
	"sync"
)

// flushes are the folders of the real disk that are being flushed.
var flushes = sharing{of: map[string]*flushing{}}

// sharing lets callers that want the same thing done share one doing of it that begins after they came.
type sharing struct {
	mu sync.Mutex
	of map[string]*flushing
}

// flushing is one folder's: a flush that is under way, and those who came too late for it.
type flushing struct {
	turn  chan struct{} // holds a token while a flush is under way
	users int
	late  []chan error // each has room for the answer
}

// share does what is asked under a key and returns its error. A caller is never served by a doing that had begun before it
// came: what it wants flushed may have come too late for that.
func (s *sharing) share(key string, do func() error) error {
	done := make(chan error, 1)
	s.mu.Lock()
	f := s.of[key]
	if f == nil {
		f = &flushing{turn: make(chan struct{}, 1)}
		s.of[key] = f
	}
	f.users++
	f.late = append(f.late, done)
	s.mu.Unlock()
	defer s.leave(key, f)
	select {
	case err := <-done:
		return err
	case f.turn <- struct{}{}:
	}
	s.mu.Lock()
	mine := f.late
	f.late = nil
	s.mu.Unlock()
	if len(mine) > 0 { // else this call was served while it took the turn
		err := do()
		for _, d := range mine {
			d <- err
		}
	}
	<-f.turn
	return <-done
}

func (s *sharing) leave(key string, f *flushing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.users--; f.users == 0 {
		delete(s.of, key)
	}
}

// Flusher flushes one file for many callers, who write to it by other handles.
type Flusher struct {
	file   *os.File
	shared sharing
}

// OpenFlusher opens the file at a real path to be flushed.
func OpenFlusher(path string) (*Flusher, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows flushes no file that is open for reading only
	if err != nil {
		return nil, err
	}
	return &Flusher{file: f, shared: sharing{of: map[string]*flushing{}}}, nil
}

// Flush returns when all bytes that the file had when it was called are on disk, and its size. Calls that come while it is
// being flushed wait and share the next flush.
func (f *Flusher) Flush() error {
	return f.shared.share("", func() error { return syncData(f.file) })
}

// Close ends the flusher. Nobody may be in Flush.
func (f *Flusher) Close() error { return f.file.Close() }
