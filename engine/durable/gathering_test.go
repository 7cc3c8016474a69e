package durable_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/faultfs"
)

// commitAll writes files side by side and answers the error of each.
func commitAll(t *testing.T, fs afero.Fs, g *durable.Gathering, paths ...string) []error {
	t.Helper()
	errs := make([]error, len(paths))
	var all sync.WaitGroup
	for i, path := range paths {
		f, err := durable.Create(fs, path, 0o644)
		if err == nil {
			_, err = fmt.Fprint(f, path)
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() { errs[i] = g.Commit(f) })
	}
	all.Wait()
	return errs
}

// Files that come for one folder together share its flush, and not with those of another folder, or later ones.
func TestGatheringSharesTheFlush(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not flushed there")
	}
	synctest.Test(t, func(t *testing.T) {
		memory := afero.NewMemMapFs()
		fs := faultfs.New(memory)
		for _, dir := range []string{"/a", "/b"} {
			if err := memory.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			fs.Inject(faultfs.Fault{Op: faultfs.OpSyncDir, On: dir, Err: eio, After: 1})
		}
		g := &durable.Gathering{}
		if err := errors.Join(commitAll(t, fs, g, "/a/1", "/a/2", "/b/1", "/a/3", "/b/2")...); err != nil {
			t.Errorf("more than one flush of a folder: %v", err)
		}
		if a, b := names(t, memory, "/a"), names(t, memory, "/b"); a != "1 2 3" || b != "1 2" || content(t, memory, "/b/2") != "/b/2" {
			t.Errorf("got %s and %s", a, b)
		}
		for _, err := range commitAll(t, fs, g, "/a/4", "/a/5") {
			if !errors.Is(err, eio) || !strings.Contains(err.Error(), "is in place") {
				t.Errorf("a flush that fails: %v", err)
			}
		}
	})
}

// One that fails fails alone and leaves nothing behind.
func TestGatheringSparesTheOthers(t *testing.T) {
	disks(t, func(t *testing.T, memory afero.Fs, dir string) {
		for _, op := range []faultfs.Op{faultfs.OpSync, faultfs.OpClose, faultfs.OpRename} {
			fs := failing(memory, faultfs.Fault{Op: op, On: "/.bad", Err: enospc})
			errs := commitAll(t, fs, &durable.Gathering{}, dir+"/bad", dir+"/good", dir+"/better")
			if !errors.Is(errs[0], enospc) || errs[1] != nil || errs[2] != nil {
				t.Errorf("%s: %v", op, errs)
			}
			if all := names(t, memory, dir); all != "better good" {
				t.Errorf("%s: the folder has %s", op, all)
			}
		}
	})
}
