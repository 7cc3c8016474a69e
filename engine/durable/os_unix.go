//go:build unix

package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const dirsFlush = true

// cannotFlush recognises file systems that have no flush for folders.
func cannotFlush(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS)
}

// isBusy is never true here: an open file can be renamed.
func isBusy(error) bool { return false }

func isCrossDevice(err error) bool { return errors.Is(err, unix.EXDEV) }

// linkExclusive renames by a second name: link(2) fails when to exists. A crash between the two steps leaves both names.
// A file system without links (FAT) gets a check and a rename, which is not free of races.
func linkExclusive(from, to string) error {
	err := os.Link(from, to)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) {
		if _, err := os.Lstat(to); err == nil {
			return os.ErrExist
		}
		return os.Rename(from, to)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(from); err != nil && !errors.Is(err, os.ErrNotExist) {
		if _, still := os.Lstat(from); still == nil {
			_ = os.Remove(to) // both are names of one file: the first one keeps it
		}
		return err
	}
	return nil
}

// flock asks for the lock on f without waiting: false means that somebody else has it. The lock hangs on the open file,
// which is closed on exec, so no child process keeps it alive.
func flock(f *os.File, exclusive bool) (bool, error) {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return err == nil, err
		}
	}
}

func funlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

func mkdirPrivate(dir string) error { return os.Mkdir(dir, 0o700) }

// restrict takes all rights from group and others, and gives the owner theirs.
func restrict(path string, dir bool) error {
	want := os.FileMode(0o600)
	if dir {
		want = 0o700
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() == want {
		return err
	}
	return os.Chmod(path, want)
}
