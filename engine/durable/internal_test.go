//go:build unix

package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// The busy answers come from Windows alone; the patience with them is the same code everywhere.
func TestRetryBusy(t *testing.T) {
	inUse, denied := errors.New("in use"), errors.New("denied")
	busy := func(err error) bool { return errors.Is(err, inUse) }
	for _, c := range []struct {
		name    string
		answers []error // the last one is repeated
		want    error
		calls   int
		took    time.Duration
	}{
		{"free", []error{nil}, nil, 1, 0},
		{"other error", []error{denied}, denied, 1, 0},
		{"scanner lets go", []error{inUse, inUse, nil}, nil, 3, 200 * time.Millisecond},
		{"scanner, then an error", []error{inUse, denied}, denied, 2, 100 * time.Millisecond},
		{"open in Excel", []error{inUse}, inUse, 10, 900 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls, start := 0, time.Now()
			err := retryBusy(busy, func() error {
				calls++
				return c.answers[min(calls, len(c.answers))-1]
			})
			if !errors.Is(err, c.want) || calls != c.calls || time.Since(start) != c.took {
				t.Errorf("%s: %v after %d calls and %v", c.name, err, calls, time.Since(start))
			}
		})
	}
}

// What Move does on a file system without exclusive renames.
func TestLinkExclusive(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(from, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := linkExclusive(from, to); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "new" {
		t.Errorf("target: %q, %v", b, err)
	}
	if _, err := os.Lstat(from); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("source: %v", err)
	}
	if err := os.WriteFile(from, []byte("newer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := linkExclusive(from, to); !errors.Is(err, os.ErrExist) {
		t.Errorf("onto an existing file: %v", err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "new" {
		t.Errorf("target after the refusal: %q, %v", b, err)
	}
}
