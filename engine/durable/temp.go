package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/afero"
)

const (
	tempSuffix = ".dropform-tmp"
	tempRandom = 12  // characters, 60 bits
	nameBytes  = 255 // what the usual file systems allow for one name
	dirBatch   = 1024
)

// tempName is the hidden name under which base is written. A long base is cut so that every name that a file can have
// can also be written.
func tempName(base string) string {
	return "." + tempStem(base) + "." + strings.ToLower(rand.Text()[:tempRandom]) + tempSuffix
}

// tempStem is what a temporary name keeps of base.
func tempStem(base string) string { return cut(base, nameBytes-2-tempRandom-len(tempSuffix)) }

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// IsTemp reports whether a base name is that of a temporary file of this package.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, tempSuffix)
}

// making are the names of the temporary files that this process is writing, and how many of each.
var making = struct {
	sync.Mutex
	names map[string]int
}{names: map[string]int{}}

// Making keeps RemoveTemp and RemoveTempOf from a temporary file that this process is writing, until done is called: one that
// waits for the next bytes of a slow server is nobody's leftover, however old it is. Create does it by itself.
func Making(path string) (done func()) {
	name := filepath.Base(path)
	making.Lock()
	defer making.Unlock()
	making.names[name]++
	return sync.OnceFunc(func() {
		making.Lock()
		defer making.Unlock()
		if making.names[name]--; making.names[name] == 0 {
			delete(making.names, name)
		}
	})
}

func inMaking(path string) bool {
	making.Lock()
	defer making.Unlock()
	return making.names[filepath.Base(path)] > 0
}

// RemoveTemp removes from dir (not below it) the temporary files that a crash left behind and that were last modified
// before the given time; a zero time means all of them. What this process is writing stays. Where others may be writing,
// pass a time that none of their writes can be older than. It returns how many stay because they are too young or being
// written. Everything removable is removed before the first error is returned.
func RemoveTemp(fs afero.Fs, dir string, before time.Time) (left int, err error) {
	names, err := tempNames(fs, dir)
	if err != nil {
		return 0, fmt.Errorf("look for temporary files in %s: %w", dir, err)
	}
	var errs []error
	for _, name := range names {
		gone, err := removeTemp(fs, filepath.Join(dir, name), before)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			errs = append(errs, fmt.Errorf("remove temporary file: %w", err))
		case !gone:
			left++
		}
	}
	return left, errors.Join(errs...)
}

// RemoveTempOf removes the temporary files that a crash left behind while path was being written. No other process may be
// writing path.
func RemoveTempOf(fs afero.Fs, path string) error {
	dir, base := filepath.Split(path)
	prefix := "." + tempStem(base) + "."
	names, err := tempNames(fs, dir)
	if err != nil {
		return fmt.Errorf("look for temporary files in %s: %w", dir, err)
	}
	var errs []error
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if _, err := removeTemp(fs, filepath.Join(dir, name), time.Time{}); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove temporary file: %w", err))
		}
	}
	return errors.Join(errs...)
}

// removeTemp reports false for what stays. Somebody's folder of such a name is none of ours.
func removeTemp(fs afero.Fs, path string, before time.Time) (gone bool, err error) {
	fi, err := lstat(fs, path)
	switch {
	case err != nil:
		return false, err
	case !fi.Mode().IsRegular():
		return true, nil
	case inMaking(path) || !before.IsZero() && !fi.ModTime().Before(before):
		return false, nil
	}
	return true, retryBusy(isBusy, func() error { return fs.Remove(path) })
}

// tempNames reads dir in batches and keeps only temporary names: a drop folder may hold a hundred thousand others.
func tempNames(fs afero.Fs, dir string) ([]string, error) {
	d, err := fs.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var found []string
	for {
		names, err := d.Readdirnames(dirBatch)
		for _, name := range names {
			if IsTemp(name) {
				found = append(found, name)
			}
		}
		if errors.Is(err, io.EOF) || err == nil && len(names) == 0 {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// lstat is Stat without following a symbolic link, where the file system knows the difference.
func lstat(fs afero.Fs, path string) (os.FileInfo, error) {
	if l, ok := fs.(afero.Lstater); ok {
		fi, _, err := l.LstatIfPossible(path)
		return fi, err
	}
	return fs.Stat(path)
}
