package durable

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/afero"
)

// Move gives the file at from the name to, in the same or in another folder or volume, keeping its modification time.
// It never overwrites: when to exists, by whatever race, the error wraps os.ErrExist and from is untouched. (On a file
// system other than afero.OsFs, and on one that knows neither exclusive renames nor links, a program that makes to
// within the same microseconds is not noticed.) The folder of to must exist. Across volumes only regular files are
// moved, by a verified copy; a file that changes meanwhile is an error and stays. On any other error from is still
// there, except that a failed flush, which the error names, comes after the move.
func Move(fs afero.Fs, from, to string) error {
	err := retryBusy(isBusy, func() error { return renameNew(fs, from, to) })
	if isCrossDevice(err) {
		err = copyAcross(fs, from, to)
	}
	if err != nil {
		return fmt.Errorf("move %s to %s: %w", from, to, err)
	}
	// The new name is flushed first: a power cut between the two may show the file twice, never not at all.
	if err := SyncDir(fs, filepath.Dir(to)); err != nil {
		return fmt.Errorf("moved %s to %s, but a power cut could undo it: %w", from, to, err)
	}
	if filepath.Dir(from) == filepath.Dir(to) {
		return nil
	}
	if err := SyncDir(fs, filepath.Dir(from)); err != nil {
		return fmt.Errorf("moved %s to %s, but a power cut could undo it: %w", from, to, err)
	}
	return nil
}

// renameNew renames within a volume unless to exists.
func renameNew(fs afero.Fs, from, to string) error {
	if err := mustBeFree(fs, to); err != nil {
		return err
	}
	if _, ok := fs.(*afero.OsFs); ok {
		return renameExclusive(from, to)
	}
	return fs.Rename(from, to)
}

func mustBeFree(fs afero.Fs, path string) error {
	_, err := lstat(fs, path)
	switch {
	case err == nil:
		return os.ErrExist
	case errors.Is(err, os.ErrNotExist):
		return nil
	}
	return err
}

// copyAcross copies from into the folder of to, verifies the copy, gives it its name and removes from, in this order,
// so that from is removed only when its bytes are durable elsewhere.
func copyAcross(fs afero.Fs, from, to string) error {
	fi, err := lstat(fs, from)
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return errors.New("only a regular file can be moved to another volume")
	}
	before, written := StampOf(fi), fi.ModTime() // taken now: in memory a FileInfo follows its file
	f, err := Create(fs, to, fi.Mode().Perm())
	if err != nil {
		return err
	}
	defer f.Abort()
	digest, err := copyInto(f, from)
	if err != nil {
		return err
	}
	if err := f.seal(); err != nil {
		return err
	}
	if err := f.verify(digest); err != nil {
		return err
	}
	// After every handle is closed, because closing one may set the time again. The bytes are durable by now, the time
	// becomes so with the rename on file systems with a journal.
	if err := fs.Chtimes(f.temp.Name(), written, written); err != nil {
		return fmt.Errorf("keep the modification time: %w", err)
	}
	if err := unchanged(fs, from, before); err != nil {
		return err
	}
	if err := f.name(func(temp, to string) error { return renameNew(fs, temp, to) }); err != nil {
		return err
	}
	if err := f.flushed(SyncDir(fs, filepath.Dir(to))); err != nil {
		_ = fs.Remove(to) // from is still whole
		return err
	}
	return removeMoved(fs, from, to, before)
}

// copyInto streams the file at from into f and returns the SHA-256 of what it read.
func copyInto(f *File, from string) ([]byte, error) {
	src, err := f.fs.Open(from)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(f, io.TeeReader(src, h), make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// verify reads a sealed file back and compares its digest.
func (f *File) verify(digest []byte) error {
	temp, err := f.fs.Open(f.temp.Name())
	if err != nil {
		return fmt.Errorf("read the copy back: %w", err)
	}
	defer temp.Close()
	h := sha256.New()
	if _, err := io.Copy(h, temp); err != nil {
		return fmt.Errorf("read the copy back: %w", err)
	}
	if !bytes.Equal(h.Sum(nil), digest) {
		return errors.New("the copy does not hold the bytes that were read")
	}
	return nil
}

// unchanged reports a file that was written to, or replaced, since before.
func unchanged(fs afero.Fs, path string, before Stamp) error {
	now, err := lstat(fs, path)
	if err != nil {
		return err
	}
	if !StampOf(now).Equal(before) {
		return errors.New("the file changed while it was copied")
	}
	return nil
}

// removeMoved removes the old name after a copy. When it cannot, and the file is certainly still there, the copy is
// taken back, so that the caller finds what it had before.
func removeMoved(fs afero.Fs, from, to string, before Stamp) error {
	err := retryBusy(isBusy, func() error { return fs.Remove(from) })
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if unchanged(fs, from, before) == nil {
		_ = fs.Remove(to)
	}
	return err
}
