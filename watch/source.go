package watch

import (
	"errors"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// Source is where file system events come from. It is an interface because the
// faults that matter (overflow, a dead watch, a limit) are driven by a fake.
//
// Open starts anew: watches of an earlier Open are gone, and Events and Errors
// return new channels, which may be closed when the source dies. Add, Remove
// and Watched may be called from any goroutine; none of them may wait for
// somebody to receive an event. An error that wraps
// fsnotify.ErrEventOverflow means that events were lost; every other error is
// taken to mean that all watches may be dead, and the source is opened again.
type Source interface {
	Open() error
	Close() error
	Events() <-chan fsnotify.Event
	Errors() <-chan error
	Add(path string) error
	Remove(path string) error
	Watched() []string // paths as given to Add that still have a watch
}

// bufferSize is what one watch may buffer on Windows, in bytes. Network shares,
// where the system refuses more than 64 KiB, are polled and never get here.
const bufferSize = 256 << 10

var errSourceClosed = errors.New("file system events are not available")

// system is the Source of this operating system.
type system struct {
	mu sync.Mutex
	w  *fsnotify.Watcher // nil until opened and after Close
}

func (s *system) Open() error {
	_ = s.Close()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.w = w
	return nil
}

// Close takes the watcher out under the lock and closes it outside: closing
// waits for a goroutine that may be answering an Add.
func (s *system) Close() error {
	s.mu.Lock()
	w := s.w
	s.w = nil
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	return w.Close()
}

func (s *system) watcher() *fsnotify.Watcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w
}

func (s *system) Events() <-chan fsnotify.Event {
	if w := s.watcher(); w != nil {
		return w.Events
	}
	return nil
}

func (s *system) Errors() <-chan error {
	if w := s.watcher(); w != nil {
		return w.Errors
	}
	return nil
}

func (s *system) Add(path string) error {
	w := s.watcher()
	if w == nil {
		return errSourceClosed
	}
	return w.AddWith(path, fsnotify.WithBufferSize(bufferSize))
}

func (s *system) Remove(path string) error {
	w := s.watcher()
	if w == nil {
		return errSourceClosed
	}
	return w.Remove(path)
}

func (s *system) Watched() []string {
	if w := s.watcher(); w != nil {
		return w.WatchList()
	}
	return nil
}
