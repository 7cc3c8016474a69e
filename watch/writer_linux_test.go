package watch_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"dropform/watch"
)

func TestWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(path)
	must(t, err)
	if got := watch.Writer(path); got == watch.Unknown {
		t.Skip("no leases on this file system")
	} else if got != watch.Busy {
		t.Errorf("open for writing: %v", got)
	}
	must(t, f.Close())
	reader, err := os.Open(path)
	must(t, err)
	defer func() { _ = reader.Close() }()
	if got := watch.Writer(path); got != watch.Free {
		t.Errorf("open for reading only: %v", got)
	}
	// The lease is given back: a non-blocking open for writing would fail else.
	f, err = os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0)
	must(t, err)
	must(t, f.Close())

	fifo := filepath.Join(t.TempDir(), "fifo")
	must(t, unix.Mkfifo(fifo, 0o600))
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(path, link))
	for _, odd := range []string{fifo, link, filepath.Dir(path), path + "x"} {
		if got := watch.Writer(odd); got != watch.Unknown {
			t.Errorf("%s: %v", odd, got)
		}
	}
}
