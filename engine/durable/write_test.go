package durable_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/faultfs"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestWriteFileReplaces(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		path := filepath.Join(dir, "march.csv.protocol.txt")
		for _, text := range []string{"first, and longer", "second", ""} {
			if err := durable.WriteFile(fs, path, 0o640, write(text)); err != nil {
				t.Fatal(err)
			}
			if got := content(t, fs, path); got != text {
				t.Errorf("target holds %q, want %q", got, text)
			}
		}
		if got := names(t, fs, dir); got != "march.csv.protocol.txt" {
			t.Errorf("folder holds %s", got)
		}
		if fi, err := fs.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm()&0o037 != 0 {
			t.Errorf("mode of the target: %v, %v", fi.Mode(), err)
		}
	})
}

func TestWriteNewFileNeverReplaces(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		path := filepath.Join(dir, "marker")
		if err := durable.WriteNewFile(fs, path, 0o644, write("first")); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteNewFile(fs, path, 0o644, write("second")); !errors.Is(err, os.ErrExist) {
			t.Errorf("the second one: %v", err)
		}
		if got := content(t, fs, path); got != "first" {
			t.Errorf("it holds %q", got)
		}
		if got := names(t, fs, dir); got != "marker" {
			t.Errorf("folder holds %s", got)
		}
	})
}

func TestWriteFileOfTheLongestName(t *testing.T) {
	fs, dir := afero.NewOsFs(), t.TempDir()
	path := filepath.Join(dir, strings.Repeat("ü", 125)+".csv")
	if err := durable.WriteFile(fs, path, 0o644, write("x")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, fs, path); got != "x" {
		t.Errorf("target holds %q", got)
	}
}

func TestWriteFileFaults(t *testing.T) {
	cases := []struct {
		fault  faultfs.Fault
		target string // what the target holds afterwards
	}{
		{faultfs.Fault{Op: faultfs.OpWrite, Err: enospc}, "old"},
		{faultfs.Fault{Op: faultfs.OpWrite, Err: enospc, Keep: 3}, "old"},
		{faultfs.Fault{Op: faultfs.OpSync, Err: eio}, "old"},
		{faultfs.Fault{Op: faultfs.OpClose, On: ".dropform-tmp", Err: eio}, "old"},
		{faultfs.Fault{Op: faultfs.OpRename, Err: eacces}, "old"},
		{faultfs.Fault{Op: faultfs.OpRename, Err: exdev}, "old"},
		{faultfs.Fault{Op: faultfs.OpSyncDir, Err: eio}, "new content"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %v", c.fault.Op, c.fault.Err), func(t *testing.T) {
			disks(t, func(t *testing.T, real afero.Fs, dir string) {
				if c.fault.Op == faultfs.OpSyncDir && runtime.GOOS == "windows" {
					t.Skip("no folder is flushed on Windows; runs elsewhere")
				}
				fs := failing(real, c.fault)
				path := filepath.Join(dir, "target.csv")
				put(t, real, path, "old")
				err := durable.WriteFile(fs, path, 0o644, write("new content"))
				if fs.Hits() == 0 || !errors.Is(err, c.fault.Err) {
					t.Errorf("after %d faults the error is %v, want one that wraps %v", fs.Hits(), err, c.fault.Err)
				}
				if got := content(t, real, path); got != c.target {
					t.Errorf("target holds %q, want %q", got, c.target)
				}
				if got := names(t, real, dir); got != "target.csv" {
					t.Errorf("folder holds %s", got)
				}
			})
		})
	}
}

func TestWriterErrorKeepsTarget(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		path := filepath.Join(dir, "target.csv")
		put(t, fs, path, "old")
		cause := errors.New("answer cut")
		err := durable.WriteFile(fs, path, 0o644, func(w io.Writer) error {
			_, _ = io.WriteString(w, "half")
			return cause
		})
		if !errors.Is(err, cause) {
			t.Errorf("error %v does not wrap its cause", err)
		}
		if content(t, fs, path) != "old" || names(t, fs, dir) != "target.csv" {
			t.Errorf("folder holds %s", names(t, fs, dir))
		}
	})
}

// A caller that overlooks a failed write must not be able to commit the gap.
func TestFailedWriteCannotBeCommitted(t *testing.T) {
	mem := afero.NewMemMapFs()
	fs := failing(mem, faultfs.Fault{Op: faultfs.OpWrite, Err: enospc, Keep: 2})
	f, err := durable.Create(fs, "/t.csv", 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte("abcd")); n != 2 || !errors.Is(err, enospc) {
		t.Errorf("Write = %d, %v", n, err)
	}
	fs.Clear() // there is room again
	if _, err := f.Write([]byte("ef")); !errors.Is(err, enospc) {
		t.Errorf("a Write after a failed one: %v", err)
	}
	if err := f.Commit(); !errors.Is(err, enospc) {
		t.Errorf("Commit: %v", err)
	}
	if got := names(t, mem, "/"); got != "" {
		t.Errorf("folder holds %s", got)
	}
}

func TestCommitAndAbortEndAFile(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		f, err := durable.Create(fs, filepath.Join(dir, "a.csv"), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		if got := names(t, fs, dir); !durable.IsTemp(got) {
			t.Errorf("before Commit the folder holds %s", got)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		f.Abort()
		if err := f.Commit(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("second Commit: %v", err)
		}
		dropped, err := durable.Create(fs, filepath.Join(dir, "b.csv"), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		dropped.Abort()
		if err := dropped.Commit(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Commit after Abort: %v", err)
		}
		if got := names(t, fs, dir); got != "a.csv" {
			t.Errorf("folder holds %s", got)
		}
	})
}

func TestCreateInAMissingFolder(t *testing.T) {
	_, err := durable.Create(afero.NewOsFs(), filepath.Join(t.TempDir(), "gone", "a.csv"), 0o644)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestRemoveTemp(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		now := time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)
		for name, age := range map[string]time.Duration{
			".a.csv.x1.dropform-tmp": 2 * time.Hour,
			".b.csv.x2.dropform-tmp": time.Minute,
			"c.dropform-tmp":         2 * time.Hour, // not hidden: somebody else's
			".d.csv":                 2 * time.Hour,
			"e.csv":                  2 * time.Hour,
		} {
			path := filepath.Join(dir, name)
			put(t, fs, path, "x")
			if err := fs.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := durable.RemoveTemp(fs, dir, now.Add(-time.Hour)); err != nil || left != 1 {
			t.Fatalf("%d left, %v", left, err)
		}
		if got := names(t, fs, dir); got != ".b.csv.x2.dropform-tmp .d.csv c.dropform-tmp e.csv" {
			t.Errorf("folder holds %s", got)
		}
		if left, err := durable.RemoveTemp(fs, dir, time.Time{}); err != nil || left != 0 {
			t.Fatalf("%d left, %v", left, err)
		}
		if got := names(t, fs, dir); got != ".d.csv c.dropform-tmp e.csv" {
			t.Errorf("folder holds %s", got)
		}
		if _, err := durable.RemoveTemp(fs, filepath.Join(dir, "gone"), now); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("in a missing folder: %v", err)
		}
	})
}

// TestRemoveTempLeavesWhatIsBeingWritten: a file that waits for the rest of a slow answer is as old as a leftover.
func TestRemoveTempLeavesWhatIsBeingWritten(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		path := filepath.Join(dir, "a.csv")
		f, err := durable.Create(fs, path, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		own := filepath.Join(dir, ".a.csv.received.dropform-tmp")
		put(t, fs, own, "x")
		done := durable.Making(own)
		if left, err := durable.RemoveTemp(fs, dir, time.Time{}); err != nil || left != 2 {
			t.Errorf("%d left, %v", left, err)
		}
		if err := durable.RemoveTempOf(fs, path); err != nil {
			t.Error(err)
		}
		if err := f.Commit(); err != nil {
			t.Error(err)
		}
		second := durable.Making(own)
		done()
		done()
		if left, err := durable.RemoveTemp(fs, dir, time.Time{}); err != nil || left != 1 {
			t.Errorf("%d left, %v", left, err)
		}
		second()
		if left, err := durable.RemoveTemp(fs, dir, time.Time{}); err != nil || left != 0 {
			t.Errorf("%d left, %v", left, err)
		}
		if got := names(t, fs, dir); got != "a.csv" {
			t.Errorf("folder holds %s", got)
		}
	})
}

func TestRemoveTempGoesOnAfterAFailure(t *testing.T) {
	mem := afero.NewMemMapFs()
	put(t, mem, "/d/.a.x.dropform-tmp", "x")
	put(t, mem, "/d/.b.x.dropform-tmp", "x")
	fs := failing(mem, faultfs.Fault{Op: faultfs.OpRemove, On: "/.a.", Err: eacces})
	if _, err := durable.RemoveTemp(fs, "/d", time.Time{}); !errors.Is(err, eacces) {
		t.Errorf("error is %v", err)
	}
	if got := names(t, mem, "/d"); got != ".a.x.dropform-tmp" {
		t.Errorf("folder holds %s", got)
	}
}
