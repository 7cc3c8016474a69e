// Package faultfs is a file system that fails when it is told to, around another one: a full disk, a short write, a share
// that is gone, a folder on another volume. Faults come and go while it is in use. It is for tests, of which three packages
// have need, and imports nothing of ours.
//
// What it promises: an operation that a fault meets has no effect, except that a write keeps as many bytes as the fault
// says, and that a close closes all the same. Reading a folder is OpReadDir, flushing one OpSyncDir.
package faultfs

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/afero"
)

// Op is a kind of operation.
type Op string

// The operations that can fail.
const (
	OpOpen     Op = "open"   // for reading, also of a folder
	OpCreate   Op = "create" // for writing, also of a file that exists
	OpRead     Op = "read"
	OpReadDir  Op = "readdir"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpSyncDir  Op = "syncdir"
	OpClose    Op = "close"
	OpStat     Op = "stat"
	OpRename   Op = "rename" // Path is where the file was
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
	OpChtimes  Op = "chtimes"
)

// Changes reports whether the operation changes something on the disk.
func (o Op) Changes() bool {
	switch o {
	case OpCreate, OpWrite, OpTruncate, OpSync, OpSyncDir, OpRename, OpRemove, OpMkdir, OpChtimes:
		return true
	}
	return false
}

// Fault makes one kind of operation fail.
type Fault struct {
	Op    Op
	On    string // part of the path, with slashes; empty: everywhere
	Err   error
	After int // operations that still pass
	Times int // operations that it meets then; 0: all until Clear
	Keep  int // bytes that a write it meets still takes, at most half of them: torn, not merely refused

	hits int
}

// FS is a file system with faults around another one. It is safe for concurrent use as far as that one is.
type FS struct {
	afero.Fs
	// Before hears of every operation and may refuse it. It is set before the first use and called without a lock.
	Before func(op Op, path string) error

	mu      sync.Mutex
	faults  []*Fault
	volumes []string
}

// New makes a file system without faults.
func New(around afero.Fs) *FS { return &FS{Fs: around} }

// Inject arms a fault. Of several that meet an operation the first decides.
func (f *FS) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
}

// Clear ends all faults. Volumes stay.
func (f *FS) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Hits counts the operations that the armed faults have met.
func (f *FS) Hits() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		n += fault.hits
	}
	return n
}

// Volume makes a folder one of another volume: nothing is renamed into it or out of it.
func (f *FS) Volume(folder string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.volumes = append(f.volumes, filepath.Clean(folder))
}

// meet finds what happens to an operation: nil where it passes.
func (f *FS) meet(op Op, path string) (keep int, err error) {
	if f.Before != nil {
		if err := f.Before(op, path); err != nil {
			return 0, failed(op, path, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		if fault.Op != op || !strings.Contains(filepath.ToSlash(path), fault.On) || fault.Times > 0 && fault.hits >= fault.Times {
			continue
		}
		if fault.After > 0 {
			fault.After--
			continue
		}
		fault.hits++
		return fault.Keep, failed(op, path, fault.Err)
	}
	return 0, nil
}

func failed(op Op, path string, err error) error {
	return &os.PathError{Op: string(op), Path: path, Err: err}
}

func (f *FS) volumeOf(path string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.volumes {
		if rel, err := filepath.Rel(v, path); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return v
		}
	}
	return ""
}

// Create is OpCreate.
func (f *FS) Create(name string) (afero.File, error) {
	return f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// Open is OpOpen.
func (f *FS) Open(name string) (afero.File, error) { return f.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile is OpOpen, or OpCreate where the file may be written.
func (f *FS) OpenFile(name string, flag int, perm os.FileMode) (afero.File, error) {
	op := OpOpen
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0 {
		op = OpCreate
	}
	if _, err := f.meet(op, name); err != nil {
		return nil, err
	}
	opened, err := f.Fs.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &file{opened, f}, nil
}

// Rename is OpRename; between volumes it fails with EXDEV.
func (f *FS) Rename(from, to string) error {
	if _, err := f.meet(OpRename, from); err != nil {
		return err
	}
	if f.volumeOf(from) != f.volumeOf(to) {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EXDEV}
	}
	return f.Fs.Rename(from, to)
}

// Remove is OpRemove.
func (f *FS) Remove(name string) error {
	if _, err := f.meet(OpRemove, name); err != nil {
		return err
	}
	return f.Fs.Remove(name)
}

// Mkdir is OpMkdir.
func (f *FS) Mkdir(name string, perm os.FileMode) error {
	if _, err := f.meet(OpMkdir, name); err != nil {
		return err
	}
	return f.Fs.Mkdir(name, perm)
}

// MkdirAll is one OpMkdir.
func (f *FS) MkdirAll(name string, perm os.FileMode) error {
	if _, err := f.meet(OpMkdir, name); err != nil {
		return err
	}
	return f.Fs.MkdirAll(name, perm)
}

// Chtimes is OpChtimes.
func (f *FS) Chtimes(name string, atime, mtime time.Time) error {
	if _, err := f.meet(OpChtimes, name); err != nil {
		return err
	}
	return f.Fs.Chtimes(name, atime, mtime)
}

// Stat is OpStat.
func (f *FS) Stat(name string) (os.FileInfo, error) {
	if _, err := f.meet(OpStat, name); err != nil {
		return nil, err
	}
	return f.Fs.Stat(name)
}

// LstatIfPossible is OpStat.
func (f *FS) LstatIfPossible(name string) (os.FileInfo, bool, error) {
	if _, err := f.meet(OpStat, name); err != nil {
		return nil, false, err
	}
	if l, ok := f.Fs.(afero.Lstater); ok {
		return l.LstatIfPossible(name)
	}
	fi, err := f.Fs.Stat(name)
	return fi, false, err
}

// file is an open file or folder of an FS.
type file struct {
	afero.File
	fs *FS
}

func (f *file) meet(op Op) (keep int, err error) { return f.fs.meet(op, f.Name()) }

func (f *file) Read(p []byte) (int, error) {
	if _, err := f.meet(OpRead); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *file) ReadAt(p []byte, at int64) (int, error) {
	if _, err := f.meet(OpRead); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

func (f *file) Readdir(n int) ([]os.FileInfo, error) {
	if _, err := f.meet(OpReadDir); err != nil {
		return nil, err
	}
	return f.File.Readdir(n)
}

func (f *file) Readdirnames(n int) ([]string, error) {
	if _, err := f.meet(OpReadDir); err != nil {
		return nil, err
	}
	return f.File.Readdirnames(n)
}

func (f *file) Write(p []byte) (int, error) {
	return f.write(p, func(part []byte) (int, error) { return f.File.Write(part) })
}

func (f *file) WriteAt(p []byte, at int64) (int, error) {
	return f.write(p, func(part []byte) (int, error) { return f.File.WriteAt(part, at) })
}

func (f *file) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

func (f *file) write(p []byte, do func([]byte) (int, error)) (int, error) {
	keep, err := f.meet(OpWrite)
	if err == nil {
		return do(p)
	}
	keep = min(keep, len(p)/2)
	if keep == 0 {
		return 0, err
	}
	n, werr := do(p[:keep])
	if werr != nil {
		return n, werr
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	if _, err := f.meet(OpTruncate); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *file) Sync() error {
	op := OpSync
	if fi, err := f.File.Stat(); err == nil && fi.IsDir() {
		op = OpSyncDir
	}
	if _, err := f.meet(op); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *file) Close() error {
	err := f.File.Close()
	if _, fault := f.meet(OpClose); fault != nil {
		return fault
	}
	return err
}
