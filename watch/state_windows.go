package watch

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"
)

// inode returns zeros: a listing on Windows tells neither without opening the
// file.
func inode(fs.FileInfo) (changed int64, id uint64) { return 0, 0 }

// withheld says whether a file is hidden, belongs to the system, or is a
// placeholder whose content is not on this machine (reading it would fetch it).
// The sweep finds it again when that has changed.
func withheld(fi fs.FileInfo) bool {
	d, ok := fi.Sys().(*syscall.Win32FileAttributeData)
	const attributes = windows.FILE_ATTRIBUTE_HIDDEN | windows.FILE_ATTRIBUTE_SYSTEM |
		windows.FILE_ATTRIBUTE_OFFLINE | windows.FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS
	return ok && d.FileAttributes&attributes != 0
}
