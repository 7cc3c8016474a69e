//go:build unix

package ledger_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Where SQLite keeps its shared locks in a database file.
const sharedFirst, sharedSize = 1<<30 + 2, 510

func init() {
	probe = func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		lock := unix.Flock_t{Type: unix.F_WRLCK, Start: sharedFirst, Len: sharedSize}
		if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
			return err
		}
		fmt.Println("locked:", lock.Type != unix.F_UNLCK)
		return nil
	}
}

// Closing any handle of a file drops the POSIX locks that this process holds on it. A second Open must not do that:
// another process could then take itself for the last one and clear the log away while it is in use here.
func TestOpenKeepsTheLocksOfThisProcess(t *testing.T) {
	s := newSite(t)
	check := func() {
		t.Helper()
		_, out := child(t, "probe", s.path)
		expectLine(t, out, "locked: true")
	}
	check()
	second := open(t, s.path)
	check()
	s.must(second.Close())
	check()
}
