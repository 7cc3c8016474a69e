package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Network reports whether path (a real path; what does not exist yet is judged by its nearest folder) lies on a file
// system served by another machine, and its kind: "nfs", "cifs", "smb2", "fuse", "9p", … on Linux, the system's own name
// on macOS, "unc" or "network drive" on Windows. No change events come from such a file system for what other machines
// do, and SQLite's locks cannot be trusted there. "fuse" may be local in truth: nobody can tell from outside.
func Network(path string) (kind string, remote bool, err error) {
	p, err := filepath.Abs(path)
	if err != nil {
		return "", false, fmt.Errorf("look at the file system of %s: %w", path, err)
	}
	for {
		kind, err = networkKind(p)
		parent := filepath.Dir(p)
		if !errors.Is(err, os.ErrNotExist) || parent == p {
			break
		}
		p = parent
	}
	if err != nil {
		return "", false, fmt.Errorf("look at the file system of %s: %w", path, err)
	}
	return kind, kind != "", nil
}
