package durable_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/faultfs"
)

var written = time.Date(2024, 2, 29, 6, 30, 0, 0, time.UTC)

// dropped makes dir/in/a.csv, written long ago, and an empty dir/done.
func dropped(t *testing.T, fs afero.Fs, dir string) (from, to string) {
	t.Helper()
	from, to = filepath.Join(dir, "in", "a.csv"), filepath.Join(dir, "done", "a.csv")
	for _, p := range []string{from, to} {
		if err := fs.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, fs, from, "Personalnummer;Name\n1;Grüß\n")
	if err := fs.Chtimes(from, written, written); err != nil {
		t.Fatal(err)
	}
	return from, to
}

func checkMoved(t *testing.T, fs afero.Fs, from, to string) {
	t.Helper()
	if got := content(t, fs, to); got != "Personalnummer;Name\n1;Grüß\n" {
		t.Errorf("target holds %q", got)
	}
	if fi, err := fs.Stat(to); err != nil || !fi.ModTime().Equal(written) {
		t.Errorf("target was modified %v, %v", fi.ModTime(), err)
	}
	if in, done := names(t, fs, filepath.Dir(from)), names(t, fs, filepath.Dir(to)); in != "" || done != "a.csv" {
		t.Errorf("folders hold %q and %q", in, done)
	}
}

func TestMove(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		from, to := dropped(t, fs, dir)
		if err := durable.Move(fs, from, to); err != nil {
			t.Fatal(err)
		}
		checkMoved(t, fs, from, to)
		if err := durable.Move(fs, from, filepath.Join(dir, "done", "b.csv")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("moving what is gone: %v", err)
		}
	})
}

func TestMoveAcrossVolumes(t *testing.T) {
	disks(t, func(t *testing.T, real afero.Fs, dir string) {
		from, to := dropped(t, real, dir)
		fs := failing(real, faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: exdev})
		if err := durable.Move(fs, from, to); err != nil {
			t.Fatal(err)
		}
		checkMoved(t, real, from, to)
	})
}

func TestMoveToAnotherFileSystem(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "durable")
	if err != nil {
		t.Skip("no second file system at /dev/shm; runs on Linux")
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	fs := afero.NewOsFs()
	from, _ := dropped(t, fs, t.TempDir())
	to := filepath.Join(other, "a.csv")
	if err := durable.Move(fs, from, to); err != nil {
		t.Fatal(err)
	}
	checkMoved(t, fs, from, to)
}

func TestMoveNeverOverwrites(t *testing.T) {
	for _, across := range []bool{false, true} {
		disks(t, func(t *testing.T, real afero.Fs, dir string) {
			from, to := dropped(t, real, dir)
			put(t, real, to, "last year's")
			fs := real
			if across {
				fs = failing(real, faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: exdev})
			}
			if err := durable.Move(fs, from, to); !errors.Is(err, os.ErrExist) {
				t.Errorf("error is %v", err)
			}
			if content(t, real, to) != "last year's" || names(t, real, filepath.Dir(from)) != "a.csv" {
				t.Errorf("target holds %q, source folder %q", content(t, real, to), names(t, real, filepath.Dir(from)))
			}
		})
	}
}

// A link to nowhere is something that stands there, too.
func TestMoveSparesADanglingLink(t *testing.T) {
	fs := afero.NewOsFs()
	from, to := dropped(t, fs, t.TempDir())
	if err := os.Symlink("nowhere", to); err != nil {
		t.Skip("no right to make symbolic links; runs on Linux")
	}
	if err := durable.Move(fs, from, to); !errors.Is(err, os.ErrExist) {
		t.Errorf("error is %v", err)
	}
}

func TestRacingMovesHaveOneWinner(t *testing.T) {
	fs, dir := afero.NewOsFs(), t.TempDir()
	const racers = 16
	var wg sync.WaitGroup
	errs := make([]error, racers)
	start := make(chan struct{})
	for i := range racers {
		from := filepath.Join(dir, fmt.Sprintf("%02d.csv", i))
		put(t, fs, from, from)
		wg.Go(func() {
			<-start
			errs[i] = durable.Move(fs, from, filepath.Join(dir, "target"))
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for i, err := range errs {
		from := filepath.Join(dir, fmt.Sprintf("%02d.csv", i))
		if err == nil {
			won++
			if got := content(t, fs, filepath.Join(dir, "target")); got != from {
				t.Errorf("target holds %s, but %s was moved", got, from)
			}
			continue
		}
		if !errors.Is(err, os.ErrExist) || content(t, fs, from) != from {
			t.Errorf("loser %s: %v", from, err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d moves succeeded", won, racers)
	}
}

func TestMoveFaults(t *testing.T) {
	cases := []struct {
		name  string
		fault faultfs.Fault
	}{
		{"rename denied", faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: eacces}},
		{"disk full", faultfs.Fault{Op: faultfs.OpWrite, Err: enospc, Keep: 4}},
		{"copy not flushed", faultfs.Fault{Op: faultfs.OpSync, Err: eio}},
		{"copy not named", faultfs.Fault{Op: faultfs.OpRename, On: "/done/", Err: eacces}},
		{"source not removable", faultfs.Fault{Op: faultfs.OpRemove, On: "/in/", Err: eacces}},
		{"target folder not flushed", faultfs.Fault{Op: faultfs.OpSyncDir, On: "/done", Err: eio}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			disks(t, func(t *testing.T, real afero.Fs, dir string) {
				if c.fault.Op == faultfs.OpSyncDir && runtime.GOOS == "windows" {
					t.Skip("no folder is flushed on Windows; runs elsewhere")
				}
				from, to := dropped(t, real, dir)
				fs := failing(real, c.fault)
				if c.fault.On != "/in/" || c.fault.Op != faultfs.OpRename {
					fs.Inject(faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: exdev})
				}
				err := durable.Move(fs, from, to)
				if fs.Hits() == 0 || !errors.Is(err, c.fault.Err) {
					t.Errorf("after %d faults the error is %v, want one that wraps %v", fs.Hits(), err, c.fault.Err)
				}
				if content(t, real, from) == "" || names(t, real, filepath.Dir(from)) != "a.csv" {
					t.Error("the source is not as it was")
				}
				if got := names(t, real, filepath.Dir(to)); got != "" {
					t.Errorf("the target folder holds %s", got)
				}
			})
		})
	}
}

// growing appends to the source while it is being copied.
type growing struct {
	*faultfs.FS
	from string
}

func (g *growing) Chtimes(path string, atime, mtime time.Time) error {
	f, err := g.Fs.OpenFile(g.from, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("2;Neu\n"); err != nil {
		return err
	}
	return errors.Join(f.Close(), g.Fs.Chtimes(path, atime, mtime))
}

func TestMoveLeavesAFileThatChanges(t *testing.T) {
	disks(t, func(t *testing.T, real afero.Fs, dir string) {
		from, to := dropped(t, real, dir)
		fs := &growing{failing(real, faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: exdev}), from}
		if err := durable.Move(fs, from, to); err == nil {
			t.Error("no error")
		}
		if got := content(t, real, from); !strings.HasSuffix(got, "2;Neu\n") {
			t.Errorf("source holds %q", got)
		}
		if got := names(t, real, filepath.Dir(to)); got != "" {
			t.Errorf("the target folder holds %s", got)
		}
	})
}

func TestOnlyFilesCrossVolumes(t *testing.T) {
	mem := afero.NewMemMapFs()
	from, to := dropped(t, mem, "/d")
	fs := failing(mem, faultfs.Fault{Op: faultfs.OpRename, On: "/in", Err: exdev})
	if err := durable.Move(fs, filepath.Dir(from), to); err == nil {
		t.Error("a folder was moved")
	}
	if got := content(t, mem, from); got == "" {
		t.Error("its file is gone")
	}
}

// rotten loses a bit of every copy between writing and reading it back.
type rotten struct{ *faultfs.FS }

func (r *rotten) Open(path string) (afero.File, error) {
	if durable.IsTemp(filepath.Base(path)) {
		if err := afero.WriteFile(r.Fs, path, []byte("Personalnummer;Name\n1;Gruss\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return r.Fs.Open(path)
}

func TestMoveVerifiesItsCopy(t *testing.T) {
	disks(t, func(t *testing.T, real afero.Fs, dir string) {
		from, to := dropped(t, real, dir)
		fs := &rotten{failing(real, faultfs.Fault{Op: faultfs.OpRename, On: "/in/", Err: exdev})}
		if err := durable.Move(fs, from, to); err == nil {
			t.Error("no error")
		}
		if in, done := names(t, real, filepath.Dir(from)), names(t, real, filepath.Dir(to)); in != "a.csv" || done != "" {
			t.Errorf("folders hold %q and %q", in, done)
		}
	})
}
