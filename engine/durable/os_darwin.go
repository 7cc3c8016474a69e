package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// renameExclusive is renamex_np(2), which fails with EEXIST instead of replacing. File systems that do not know the flag
// get the link form.
func renameExclusive(from, to string) error {
	err := unix.RenamexNp(from, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return linkExclusive(from, to)
	}
	return err
}

// syncData flushes a file's bytes and size.
func syncData(f *os.File) error { return f.Sync() }

func identity(fi os.FileInfo) (changeTime int64, id string) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, ""
	}
	return syscall.TimespecToNsec(st.Ctimespec), fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

func networkKind(path string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "", err
	}
	if st.Flags&unix.MNT_LOCAL != 0 {
		return "", nil
	}
	return unix.ByteSliceToString(st.Fstypename[:]), nil
}
