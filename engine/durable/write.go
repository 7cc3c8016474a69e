package durable

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/afero"
)

// WriteFile replaces the file at path by what write writes, or leaves it as it was: the bytes go to a temporary file in
// the same folder, which is flushed, closed and renamed over path; then the folder is flushed. The folder must exist.
// Of perm the process's umask is taken off; the file replaced does not pass its mode on. A symbolic link at path is
// replaced, not followed. An error wraps its cause (that of write included), and the temporary file is gone.
func WriteFile(fs afero.Fs, path string, perm os.FileMode, write func(io.Writer) error) error {
	return writeFile(fs, path, perm, write, fs.Rename)
}

// WriteNewFile is WriteFile for a file that must not be there yet: when path exists, by whatever race, the error wraps
// os.ErrExist and what is there stays (Move says where a race could be lost).
func WriteNewFile(fs afero.Fs, path string, perm os.FileMode, write func(io.Writer) error) error {
	return writeFile(fs, path, perm, write, func(from, to string) error { return renameNew(fs, from, to) })
}

func writeFile(fs afero.Fs, path string, perm os.FileMode, write func(io.Writer) error, rename func(from, to string) error) error {
	f, err := Create(fs, path, perm)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.commit(rename)
}

// File is a file on its way to its name: written to a temporary file until Commit gives it the name. It belongs to one
// goroutine, and either Commit or Abort ends it.
type File struct {
	fs     afero.Fs
	temp   afero.File
	target string
	made   func() // it is not in the making any more
	err    error  // the first failed write: after it the content has a gap, so Commit refuses
	done   bool
}

// Create starts the streaming form of WriteFile. Nothing is seen at path before Commit.
func Create(fs afero.Fs, path string, perm os.FileMode) (*File, error) {
	name := filepath.Join(filepath.Dir(path), tempName(filepath.Base(path)))
	f := &File{fs: fs, target: path, made: Making(name)}
	defer func() {
		if f.temp == nil {
			f.made()
		}
	}()
	temp, err := fs.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	f.temp = temp
	return f, nil
}

// Write appends p. After a failed Write every later one fails the same way.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.temp.Write(p)
	f.err = err
	return n, err
}

// Commit makes the file durable under its name. On an error the temporary file is gone and the old target untouched,
// with one exception that the error names: when only the last flush of the folder failed, the new content is in place.
func (f *File) Commit() error { return f.commit(f.fs.Rename) }

func (f *File) commit(rename func(from, to string) error) error {
	if err := f.put(rename); err != nil {
		return err
	}
	return f.flushed(SyncDir(f.fs, filepath.Dir(f.target)))
}

// put is commit without the flush of the folder.
func (f *File) put(rename func(from, to string) error) error {
	if f.done {
		return fmt.Errorf("commit %s: %w", f.target, os.ErrClosed)
	}
	defer f.Abort()
	if err := f.seal(); err != nil {
		return err
	}
	return f.name(rename)
}

// Abort drops what was written. After Commit or Abort it does nothing, so it can stand in a defer. That the temporary
// file cannot be removed is not reported: RemoveTemp will find it.
func (f *File) Abort() {
	if f.done {
		return
	}
	defer f.made()
	f.done = true
	_ = f.temp.Close() // Windows removes no open file; closed before is fine
	_ = f.fs.Remove(f.temp.Name())
}

// seal flushes and closes the temporary file. The flush comes before the rename: otherwise a power cut could leave the
// new name with no bytes behind it.
func (f *File) seal() error {
	if f.err != nil {
		return fmt.Errorf("write %s: %w", f.target, f.err)
	}
	if err := f.temp.Sync(); err != nil {
		return fmt.Errorf("flush %s: %w", f.target, err)
	}
	if err := f.temp.Close(); err != nil {
		return fmt.Errorf("close %s: %w", f.target, err)
	}
	return nil
}

// name gives a sealed file its name by rename, which a power cut may undo until the folder is flushed.
func (f *File) name(rename func(from, to string) error) error {
	if err := retryBusy(isBusy, func() error { return rename(f.temp.Name(), f.target) }); err != nil {
		return fmt.Errorf("put %s in place: %w", f.target, err)
	}
	f.done = true // the temporary name is the target now: from here Abort must not remove anything
	f.made()
	return nil
}

// flushed says what came of a file that has its name, by the error of its folder's flush.
func (f *File) flushed(err error) error {
	if err != nil {
		return fmt.Errorf("%s is in place, but a power cut could undo it: %w", f.target, err)
	}
	return nil
}
