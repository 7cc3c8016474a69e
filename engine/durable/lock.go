package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// ErrLocked says that another live process (or another part of this one) holds the lock.
var ErrLocked = errors.New("locked by another process")

const (
	noteBytes = 4 << 10
	// A probe by Held takes the lock for microseconds, more when its process is just then put aside. A tenth of a second
	// of tries lets it pass, so that it is never taken for a holder.
	lockTries = 50
	lockPause = 2 * time.Millisecond
)

// Lock is a lock of the operating system on a file. It is free as soon as its process is dead, however it died, so a
// lock file on disk means nothing by itself and is never removed (removing it would let two processes hold it).
type Lock struct {
	file *os.File
}

// TryLock takes the lock at path (a real path, made with mode 0600 when missing) or fails within a tenth of a second. note is text for
// people, up to 4 KiB: who holds it, since when. When it is held, the error wraps ErrLocked and ends with the holder's note.
func TryLock(path, note string) (*Lock, error) {
	for try := 1; ; try++ {
		f, err := lockOnce(path)
		if err == nil {
			writeNote(f, note)
			return &Lock{file: f}, nil
		}
		if !errors.Is(err, ErrLocked) || try == lockTries {
			return nil, err
		}
		time.Sleep(lockPause)
	}
}

func lockOnce(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	ok, err := flock(f, true)
	if err == nil && ok && stillThere(f, path) {
		return f, nil
	}
	note := readNote(f)
	f.Close()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	case note == "":
		return nil, fmt.Errorf("%s: %w", path, ErrLocked)
	}
	return nil, fmt.Errorf("%s: %w: %s", path, ErrLocked, note)
}

// stillThere guards against a file that somebody removed between our open and our lock: the lock on it would be ours
// alone, and worth nothing.
func stillThere(f *os.File, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(held, named)
}

// Unlock frees the lock. The file stays. A second call returns an error that wraps os.ErrClosed.
func (l *Lock) Unlock() error {
	_ = l.file.Truncate(0) // before the lock is free: the next holder's note must not be cut
	unlockErr := funlock(l.file)
	if err := errors.Join(unlockErr, l.file.Close()); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}

// Held reports whether a live process holds the lock at path, and its note. It takes nothing that outlasts the call,
// writes nothing, and a file that is missing is free.
func Held(path string) (held bool, note string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, "", nil
	}
	if err != nil {
		return false, "", fmt.Errorf("open lock: %w", err)
	}
	defer f.Close()
	// Shared, so that two probes do not take each other for a holder.
	free, err := flock(f, false)
	if err != nil {
		return false, "", fmt.Errorf("probe lock %s: %w", path, err)
	}
	if !free {
		return true, readNote(f), nil
	}
	if err := funlock(f); err != nil {
		return false, "", fmt.Errorf("probe lock %s: %w", path, err)
	}
	return false, "", nil
}

// writeNote leaves word for others. A note that cannot be written (a full disk) takes nothing from the lock.
func writeNote(f *os.File, note string) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(cut(note, noteBytes)), 0)
	}
}

func readNote(f *os.File) string {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, noteBytes))
	return strings.TrimSpace(string(b))
}
