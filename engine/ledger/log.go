package ledger

import (
	"sync"

	"dropform/engine/durable"
)

// flusher makes a file's bytes last; see durable.Flusher.
type flusher interface {
	Flush() error
	Close() error
}

// logFile is SQLite's write-ahead log, which is there from the first commit on, and as long as a connection is open.
//
// SQLite could flush it by itself (synchronous = FULL), but does so inside the commit: nobody else can write until the disk has
// answered. Here commits go on beside a flush, and share the next one.
type logFile struct {
	path string
	mu   sync.Mutex
	open *durable.Flusher
}

func (f *logFile) Flush() error {
	f.mu.Lock()
	var err error
	if f.open == nil {
		f.open, err = durable.OpenFlusher(f.path)
	}
	log := f.open
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return log.Flush()
}

func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
