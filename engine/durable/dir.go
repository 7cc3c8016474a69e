package durable

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/afero"
)

// SyncDir flushes a folder's entries to disk: without it a rename may not survive a power cut. On Windows, and on file
// systems that have no such operation, it does nothing. Calls for one folder that come while it is being flushed wait and
// share the next flush.
func SyncDir(fs afero.Fs, dir string) error {
	switch _, real := fs.(*afero.OsFs); {
	case !dirsFlush:
		return nil
	case real:
		return flushes.share(filepath.Clean(dir), func() error { return syncDir(fs, dir) })
	}
	return syncDir(fs, dir)
}

func syncDir(fs afero.Fs, dir string) error {
	d, err := fs.Open(dir)
	if err != nil {
		return fmt.Errorf("flush folder %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !cannotFlush(err) {
		return fmt.Errorf("flush folder %s: %w", dir, err)
	}
	return nil
}

// MkdirAll makes dir and what is missing above it, and flushes the parent of each folder that it made. A dir that is
// there already costs one Stat. Something else of that name is an error.
func MkdirAll(fs afero.Fs, dir string, perm os.FileMode) error {
	dir = filepath.Clean(dir)
	made, err := missing(fs, dir)
	if err != nil {
		return fmt.Errorf("make folder %s: %w", dir, err)
	}
	if len(made) == 0 {
		return nil
	}
	if err := fs.MkdirAll(dir, perm); err != nil {
		return fmt.Errorf("make folder %s: %w", dir, err)
	}
	for _, d := range made {
		if err := SyncDir(fs, filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}

// missing lists dir and its parents that do not exist, the deepest first.
func missing(fs afero.Fs, dir string) ([]string, error) {
	var list []string
	for {
		fi, err := fs.Stat(dir)
		switch {
		case err == nil && fi.IsDir():
			return list, nil
		case err == nil:
			return nil, fmt.Errorf("%s is not a folder", dir)
		case !os.IsNotExist(err):
			return nil, err
		}
		list = append(list, dir)
		parent := filepath.Dir(dir)
		if parent == dir {
			return list, nil
		}
		dir = parent
	}
}

// privateName is the folder that is ours alone, whoever made it.
const privateName = ".dropform"

// MkdirPrivate makes a folder, and what is missing above it, into which only its owner can look: mode 0700; on Windows an
// access list of owner, SYSTEM and Administrators that files inside inherit. dir is a real path. A folder that exists
// is tightened only when it is named .dropform: a ledger path such as /srv/ledger.db must not close /srv to others.
func MkdirPrivate(dir string) error {
	dir = filepath.Clean(dir)
	disk := afero.NewOsFs()
	gone, err := missing(disk, dir)
	if err != nil {
		return fmt.Errorf("make private folder %s: %w", dir, err)
	}
	if len(gone) > 0 {
		if err := MkdirAll(disk, filepath.Dir(dir), 0o755); err != nil {
			return err
		}
		// Made private from its first moment; another process may be first, which is as good.
		if err := mkdirPrivate(dir); err != nil && !os.IsExist(err) {
			return fmt.Errorf("make private folder %s: %w", dir, err)
		}
		return SyncDir(disk, filepath.Dir(dir))
	}
	if filepath.Base(dir) != privateName {
		return nil
	}
	if err := restrict(dir, true); err != nil {
		return fmt.Errorf("keep folder %s private: %w", dir, err)
	}
	return nil
}

// Private keeps a file to its owner: mode 0600; on Windows an access list of owner, SYSTEM and Administrators. A file
// that is missing is made, empty, so that there is no moment at which others could open it. path is a real path.
func Private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep file private: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("keep file private: %w", err)
	}
	if err := restrict(path, false); err != nil {
		return fmt.Errorf("keep file %s private: %w", path, err)
	}
	return nil
}
