//go:build !linux && !windows && !darwin

package watch

import "io/fs"

func inode(fs.FileInfo) (changed int64, id uint64) { return 0, 0 }

func withheld(fs.FileInfo) bool { return false }
