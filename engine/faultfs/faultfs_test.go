package faultfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/spf13/afero"

	"dropform/engine/faultfs"
)

var errFull = errors.New("disk full")

func TestFaultsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	fs := faultfs.New(afero.NewOsFs())
	path := filepath.Join(dir, "a.txt")
	fs.Inject(faultfs.Fault{Op: faultfs.OpWrite, On: "a.txt", Err: errFull, After: 1, Times: 2, Keep: 3})
	f, err := fs.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{8, 3, 3, 8} { // passes, torn, torn, passes again
		n, err := f.Write([]byte("12345678"))
		if n != want || errors.Is(err, errFull) != (want == 3) {
			t.Errorf("write %d: %d bytes, %v", i, n, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if raw, err := os.ReadFile(path); string(raw) != "1234567812312312345678" || err != nil || fs.Hits() != 2 {
		t.Errorf("the file holds %q, %v, after %d faults", raw, err, fs.Hits())
	}
}

// What fails has no effect, each operation has its own name, and Clear ends it.
func TestEveryOperationCanFail(t *testing.T) {
	dir := t.TempDir()
	path, there := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")
	fs := faultfs.New(afero.NewOsFs())
	opened := func(name string, do func(f afero.File) error) func() error {
		return func() error {
			f, err := fs.OpenFile(name, os.O_RDWR, 0)
			if name == dir {
				f, err = fs.Open(name)
			}
			if err != nil {
				return err
			}
			return errors.Join(do(f), f.Close())
		}
	}
	nothing := func(afero.File) error { return nil }
	for op, do := range map[faultfs.Op]func() error{
		faultfs.OpOpen:     func() error { _, err := fs.Open(path); return err },
		faultfs.OpCreate:   func() error { _, err := fs.Create(path); return err },
		faultfs.OpRead:     opened(path, func(f afero.File) error { _, err := f.Read(make([]byte, 1)); return err }),
		faultfs.OpReadDir:  opened(dir, func(f afero.File) error { _, err := f.Readdirnames(-1); return err }),
		faultfs.OpWrite:    opened(path, func(f afero.File) error { _, err := f.WriteAt([]byte("xx"), 0); return err }),
		faultfs.OpTruncate: opened(path, func(f afero.File) error { return f.Truncate(0) }),
		faultfs.OpSync:     opened(path, func(f afero.File) error { return f.Sync() }),
		faultfs.OpSyncDir:  opened(dir, func(f afero.File) error { return f.Sync() }),
		faultfs.OpClose:    opened(path, nothing),
		faultfs.OpStat:     func() error { _, _, err := fs.LstatIfPossible(path); return err },
		faultfs.OpRename:   func() error { return fs.Rename(path, there) },
		faultfs.OpRemove:   func() error { return fs.Remove(path) },
		faultfs.OpMkdir:    func() error { return fs.MkdirAll(there, 0o755) },
	} {
		if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
		fs.Inject(faultfs.Fault{Op: op, Err: errFull})
		if err := do(); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", op, err)
		}
		_, err := os.Stat(there)
		if raw, rerr := os.ReadFile(path); string(raw) != "content" || rerr != nil || err == nil {
			t.Errorf("%s had an effect: %q", op, raw)
		}
		fs.Clear()
		if _, err := fs.Stat(path); err != nil {
			t.Errorf("%s goes on: %v", op, err)
		}
	}
}

func TestVolumes(t *testing.T) {
	dir := t.TempDir()
	fs := faultfs.New(afero.NewOsFs())
	fs.Volume(filepath.Join(dir, "other"))
	for _, folder := range []string{"here", "other/deep"} {
		if err := fs.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := afero.WriteFile(fs, at("here/a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := fs.Rename(at("here/a"), at("other/deep/a")); !errors.Is(err, syscall.EXDEV) {
		t.Errorf("into the other volume: %v", err)
	}
	if err := fs.Rename(at("here/a"), at("here/b")); err != nil {
		t.Error(err)
	}
}

func TestBeforeRefuses(t *testing.T) {
	fs := faultfs.New(afero.NewMemMapFs())
	var heard []faultfs.Op
	fs.Before = func(op faultfs.Op, _ string) error {
		heard = append(heard, op)
		if op.Changes() {
			return errFull
		}
		return nil
	}
	if err := fs.Mkdir("/d", 0o755); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if _, err := fs.Stat("/d"); !errors.Is(err, os.ErrNotExist) || len(heard) != 2 {
		t.Errorf("%v, heard %q", err, heard)
	}
}
