package watch

import (
	"io/fs"
	"syscall"
)

// inode returns the change time in nanoseconds and the inode's number, zero for
// a file that is not the system's own.
func inode(fi fs.FileInfo) (changed int64, id uint64) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctimespec.Nano(), st.Ino
}

// withheld is always false here: hidden names are the matcher's business.
func withheld(fs.FileInfo) bool { return false }
