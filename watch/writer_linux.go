package watch

import (
	"errors"

	"golang.org/x/sys/unix"
)

func writer(path string) WriterState {
	// Non-blocking and not following: a FIFO or a link that took the name since
	// it was looked at must neither hang us nor lead elsewhere.
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Open(path, flags, 0)
	for errors.Is(err, unix.EINTR) {
		fd, err = unix.Open(path, flags, 0)
	}
	if err != nil {
		return Unknown
	}
	defer func() { _ = unix.Close(fd) }() // gives the lease back, too
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Unknown
	}
	switch _, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK); {
	case err == nil:
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
		return Free
	case errors.Is(err, unix.EAGAIN):
		return Busy
	}
	return Unknown // not the owner, or a file system without leases
}
