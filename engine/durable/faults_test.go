package durable_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/afero"
)

// faulty is a file system that fails one kind of operation on paths that hold a given text.
type faulty struct {
	afero.Fs
	op    string // write, sync, close, rename, remove, dirsync
	on    string // part of the path; empty for all
	err   error
	after int // bytes that a write still takes before it fails
	hit   int // how often the fault happened
}

func (f *faulty) fails(op, path string) error {
	if f.op != op || !strings.Contains(filepath.ToSlash(path), f.on) {
		return nil
	}
	f.hit++
	return &os.PathError{Op: op, Path: path, Err: f.err}
}

func (f *faulty) LstatIfPossible(path string) (os.FileInfo, bool, error) {
	if l, ok := f.Fs.(afero.Lstater); ok {
		return l.LstatIfPossible(path)
	}
	fi, err := f.Stat(path)
	return fi, false, err
}

func (f *faulty) Open(path string) (afero.File, error) {
	return f.wrap(f.Fs.Open(path))
}

func (f *faulty) OpenFile(path string, flag int, perm os.FileMode) (afero.File, error) {
	return f.wrap(f.Fs.OpenFile(path, flag, perm))
}

func (f *faulty) wrap(file afero.File, err error) (afero.File, error) {
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, fs: f}, nil
}

func (f *faulty) Rename(from, to string) error {
	if err := f.fails("rename", from); err != nil {
		return err
	}
	return f.Fs.Rename(from, to)
}

func (f *faulty) Remove(path string) error {
	if err := f.fails("remove", path); err != nil {
		return err
	}
	return f.Fs.Remove(path)
}

type faultyFile struct {
	afero.File
	fs *faulty
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.fs.op != "write" || len(p) <= f.fs.after {
		f.fs.after -= len(p)
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:f.fs.after]) // a full disk takes a part
	if err != nil {
		return n, err
	}
	f.fs.after = 0
	return n, f.fs.fails("write", f.Name())
}

func (f *faultyFile) Sync() error {
	op := "sync"
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		op = "dirsync"
	}
	if err := f.fs.fails(op, f.Name()); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	err := f.File.Close()
	if fault := f.fs.fails("close", f.Name()); fault != nil {
		return fault
	}
	return err
}

// disks runs a test in memory and on a real folder.
func disks(t *testing.T, test func(t *testing.T, fs afero.Fs, dir string)) {
	t.Run("memory", func(t *testing.T) {
		fs := afero.NewMemMapFs()
		if err := fs.MkdirAll("/d", 0o755); err != nil {
			t.Fatal(err)
		}
		test(t, fs, "/d")
	})
	t.Run("disk", func(t *testing.T) { test(t, afero.NewOsFs(), t.TempDir()) })
}

func put(t *testing.T, fs afero.Fs, path, content string) {
	t.Helper()
	if err := afero.WriteFile(fs, path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, fs afero.Fs, path string) string {
	t.Helper()
	b, err := afero.ReadFile(fs, path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists what is in dir, which no failure may leave a temporary file in.
func names(t *testing.T, fs afero.Fs, dir string) string {
	t.Helper()
	list, err := afero.ReadDir(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, fi := range list {
		all = append(all, fi.Name())
	}
	return strings.Join(all, " ")
}

const (
	enospc = syscall.ENOSPC
	eio    = syscall.EIO
	eacces = syscall.EACCES
	exdev  = syscall.EXDEV
)
