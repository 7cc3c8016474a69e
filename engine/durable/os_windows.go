package durable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// Windows refuses to flush a folder ("Access is denied"); NTFS journals its entries by itself.
const dirsFlush = false

func cannotFlush(error) bool { return true }

// syncData flushes a file's bytes and size.
func syncData(f *os.File) error { return f.Sync() }

// isBusy recognises a file that another program has open.
func isBusy(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

// isCrossDevice also knows the portable spelling, which wrapped file systems use.
func isCrossDevice(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) || errors.Is(err, syscall.EXDEV)
}

// renameExclusive renames without the flag that allows replacing, and returns when the change is on disk.
func renameExclusive(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(f, t, windows.MOVEFILE_WRITE_THROUGH)
}

func identity(fi os.FileInfo) (changeTime int64, id string) {
	d, ok := fi.Sys().(*syscall.Win32FileAttributeData)
	if !ok {
		return 0, ""
	}
	return d.CreationTime.Nanoseconds(), ""
}

// networkKind judges a UNC path by its name alone, because asking an unreachable server takes half a minute.
func networkKind(path string) (string, error) {
	if isUNC(path) {
		return "unc", nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if isUNC(real) {
		return "unc", nil
	}
	p, err := windows.UTF16PtrFromString(real)
	if err != nil {
		return "", err
	}
	root := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(p, &root[0], uint32(len(root))); err != nil {
		return "", err
	}
	if windows.GetDriveType(&root[0]) == windows.DRIVE_REMOTE {
		return "network drive", nil
	}
	return "", nil
}

func isUNC(path string) bool {
	v := strings.ToUpper(filepath.ToSlash(filepath.VolumeName(path)))
	if strings.HasPrefix(v, "//?/") || strings.HasPrefix(v, "//./") {
		return strings.HasPrefix(v[4:], "UNC/")
	}
	return strings.HasPrefix(v, "//")
}

// lockAt is far behind any note: a lock here forbids to read what it covers.
func lockAt() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1 << 30} }

// flock asks for the lock on f without waiting: false means that somebody else has it.
func flock(f *os.File, exclusive bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, lockAt())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

func funlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, lockAt())
}
