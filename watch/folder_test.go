package watch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/afero"

	"dropform/watch"
)

func TestFilesThatWereThere(t *testing.T) {
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		for _, name := range []string{"f10.csv", "F2.CSV", "f1.csv", "f9.csv", "no.txt"} {
			must(t, afero.WriteFile(o.FS, filepath.Join(in, name), []byte("x"), 0o644))
		}
	}, func(r *rig) {
		r.expect(499 * ms)
		r.expect(2*ms, "f1.csv", "F2.CSV", "f9.csv", "f10.csv")
		r.expect(5 * time.Minute) // the sweeps report nothing again
		if s := r.status(); s.Mode != "events" || s.Pending != 0 || s.LastSweep.Before(r.begin.Add(4*time.Minute)) {
			t.Errorf("status %+v", s)
		}
	})
}

// The watch is added before the folder is listed, so a file that comes in
// between is met by the listing though nothing was heard of it.
func TestAddedBeforeListed(t *testing.T) {
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		o.Source.(*source).onAdd = func(path string) {
			must(t, afero.WriteFile(o.FS, filepath.Join(path, "a.csv"), []byte("x"), 0o644))
		}
	}, func(r *rig) { r.expect(time.Second, "a.csv") })
}

func TestLostEventIsFoundBySweep(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.expect(time.Second)
		r.write("a.csv", "x")
		r.expect(28 * time.Second)
		r.expect(2*time.Second, "a.csv")
	})
}

func TestOverflowListsAgainAndVoidsProofs(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.heard(fsnotify.Create, "a.csv", "x")
		r.write("b.csv", "x") // its events are among the lost
		r.src.fail(fmt.Errorf("read: %w", fsnotify.ErrEventOverflow))
		r.expect(499 * ms) // a Write of a.csv may be among them, too
		r.expect(2*ms, "a.csv", "b.csv")
		opens, _ := r.src.counts()
		if s := r.status(); s.Overflows != 1 || s.Rearms != 0 || opens != 1 {
			t.Errorf("status %+v, opened %d times", s, opens)
		}
	})
}

func TestOtherErrorOpensTheSourceAgain(t *testing.T) {
	for _, dead := range []bool{false, true} {
		t.Run(fmt.Sprint("closed ", dead), func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.expect(time.Second)
				r.write("a.csv", "x") // never told: the watch died
				if dead {
					close(r.src.events)
				} else {
					r.src.fail(errors.New("the specified network name is no longer available"))
				}
				r.expect(499 * ms)
				r.expect(2*ms, "a.csv")
				r.heard(fsnotify.Create, "b.csv", "x")
				r.expect(10*ms, "b.csv")
				if s := r.status(); s.Rearms != 1 || s.Mode != "events" || s.Degraded != nil {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

func TestManyErrorsBackOff(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		for range 8 {
			r.src.fail(errors.New("again"))
			time.Sleep(11 * time.Second)
			synctest.Wait()
		}
		spaced, _ := r.src.counts()
		begin := time.Now()
		for range 5 {
			before, _ := r.src.counts()
			r.src.fail(errors.New("again"))
			for opens := before; opens == before; opens, _ = r.src.counts() {
				time.Sleep(50 * ms)
				synctest.Wait()
				if time.Since(begin) > time.Minute {
					t.Fatal("not opened again")
				}
			}
		}
		if spaced != 9 {
			t.Errorf("opened %d times, want 9", spaced)
		}
		if took := time.Since(begin); took < 400*ms {
			t.Errorf("five renewals in %v", took)
		}
	})
}

func TestSourceThatCannotBeOpened(t *testing.T) {
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		o.Source.(*source).openErr = syscall.EMFILE
	}, func(r *rig) {
		got := r.drain()
		if len(got) != 1 || !errors.Is(got[0].(watch.Degraded).Reason, syscall.EMFILE) {
			t.Fatalf("got %v", got)
		}
		r.write("a.csv", "x")
		r.expect(31*time.Second, "a.csv") // polled
		r.src.with(func() { r.src.openErr = nil })
		if got := r.after(31 * time.Second); len(got) != 1 || got[0] != (watch.Healed{FolderID: "f"}) {
			t.Fatalf("got %v", got)
		}
		if s := r.status(); s.Mode != "events" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestWatchLimit(t *testing.T) {
	bubble(t, func(f *watch.Folder, o *watch.Options) {
		o.Source.(*source).addErr = syscall.ENOSPC
		f.Poll = 5 * time.Second
	}, func(r *rig) {
		got := r.drain()
		if len(got) != 1 || !errors.Is(got[0].(watch.Degraded).Reason, syscall.ENOSPC) {
			t.Fatalf("got %v", got)
		}
		r.write("a.csv", "x")
		r.expect(6*time.Second, "a.csv")
		r.expect(5 * time.Minute) // told once
		if s := r.status(); s.Mode != "poll" || s.Degraded == nil {
			t.Errorf("status %+v", s)
		}
		r.src.with(func() { r.src.addErr = nil })
		if got := r.after(31 * time.Second); len(got) != 1 || got[0] != (watch.Healed{FolderID: "f"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestNetworkFileSystemIsPolled(t *testing.T) {
	bubble(t, func(f *watch.Folder, o *watch.Options) {
		f.Poll = 5 * time.Second
		o.Network = func(string) string { return "nfs" }
		o.Writer = func(string) watch.WriterState { return watch.Unknown }
	}, func(r *rig) {
		r.expect(time.Second)
		r.write("a.csv", "x")
		r.expect(5 * time.Second)
		r.write("a.csv", "changed")
		r.expect(2 * time.Second)
		r.expect(2*time.Second, "a.csv")
		_, added := r.src.counts()
		if s := r.status(); s.Mode != "poll" || s.Network != "nfs" || s.Degraded != nil || added != 0 {
			t.Errorf("status %+v, %d watches", s, added)
		}
	})
}

func TestMissingFolder(t *testing.T) {
	bubble(t, func(_ *watch.Folder, o *watch.Options) { must(t, o.FS.Remove(in)) }, func(r *rig) {
		got := r.drain()
		if len(got) != 1 || !errors.Is(got[0].(watch.Degraded).Reason, fs.ErrNotExist) {
			t.Fatalf("got %v", got)
		}
		if got := r.after(time.Hour); len(got) != 0 {
			t.Errorf("told again: %v", got)
		}
		must(t, r.fs.Mkdir(in, 0o755))
		r.write("a.csv", "x")
		got = r.after(31 * time.Second)
		if len(got) != 2 || got[0] != (watch.Healed{FolderID: "f"}) || !tells(got[1], "f", "a.csv") {
			t.Errorf("got %v", got)
		}
	})
}

// A listing that fails is retried; what was reported before is not again.
func TestListingFails(t *testing.T) {
	var disk *broken
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		disk = &broken{Fs: o.FS}
		o.FS = disk
	}, func(r *rig) {
		r.heard(fsnotify.Create, "a.csv", "x")
		r.expect(10*ms, "a.csv")
		disk.set(errStale)
		got := r.after(31 * time.Second)
		if len(got) != 1 || !errors.Is(got[0].(watch.Degraded).Reason, errStale) {
			t.Fatalf("got %v", got)
		}
		if got := r.after(10 * time.Minute); len(got) != 0 {
			t.Errorf("told again: %v", got)
		}
		r.write("b.csv", "x")
		disk.set(nil)
		got = r.after(32 * time.Second)
		if len(got) != 2 || got[0] != (watch.Healed{FolderID: "f"}) || !tells(got[1], "f", "b.csv") {
			t.Errorf("got %v", got)
		}
	})
}

// Real folders, because only they have an identity; the events are the test's.
func TestRootExchangedWithoutEvent(t *testing.T) {
	base := t.TempDir()
	one, two, link := filepath.Join(base, "one"), filepath.Join(base, "two"), filepath.Join(base, "link")
	must(t, os.Mkdir(one, 0o755))
	must(t, os.Mkdir(two, 0o755))
	must(t, os.WriteFile(filepath.Join(two, "two.csv"), []byte("x"), 0o644))
	must(t, os.Symlink(one, link))
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		w, err := watch.New(watch.Options{Source: src, Writer: func(string) watch.WriterState { return watch.Free }})
		must(t, err)
		w.SetFolders([]watch.Folder{{ID: "f", Path: link, Take: isCSV, Poll: time.Hour}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		r := &rig{Watcher: w, t: t, begin: time.Now()}
		r.expect(time.Second)

		must(t, os.Remove(link))
		must(t, os.Symlink(two, link))
		if got := r.after(31 * time.Second); len(got) != 2 || got[0] != (watch.Exchanged{FolderID: "f"}) || !tells(got[1], "f", "two.csv") {
			t.Errorf("got %v", got)
		}
		if got := src.Watched(); len(got) != 1 || filepath.Base(got[0]) != "two" {
			t.Errorf("watched: %v", got)
		}

		// Unmounted, say: the watch is gone, nobody said so.
		must(t, src.Remove(src.Watched()[0]))
		must(t, os.WriteFile(filepath.Join(two, "more.csv"), []byte("x"), 0o644))
		r.expect(31*time.Second, "more.csv")
		if s := r.status(); s.Rearms != 2 || s.Degraded != nil {
			t.Errorf("status %+v", s)
		}
		cancel()
		must(t, <-done)
	})
}

// TestRootExchangedIsNoticedBySweep: a folder that is listed often is also compared with the watched one as often.
func TestRootExchangedIsNoticedBySweep(t *testing.T) {
	base := t.TempDir()
	one, two, link := filepath.Join(base, "one"), filepath.Join(base, "two"), filepath.Join(base, "link")
	must(t, os.Mkdir(one, 0o755))
	must(t, os.Mkdir(two, 0o755))
	must(t, os.Symlink(one, link))
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		w, err := watch.New(watch.Options{Source: src, Writer: func(string) watch.WriterState { return watch.Free }})
		must(t, err)
		w.SetFolders([]watch.Folder{{ID: "f", Path: link, Take: isCSV, Poll: 2 * time.Second}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		r := &rig{Watcher: w, t: t, begin: time.Now()}
		r.expect(3 * time.Second)
		must(t, os.Remove(link))
		must(t, os.Symlink(two, link))
		if got := r.after(2100 * ms); len(got) != 1 || got[0] != (watch.Exchanged{FolderID: "f"}) {
			t.Errorf("got %v", got)
		}
		if got := src.Watched(); len(got) != 1 || filepath.Base(got[0]) != "two" {
			t.Errorf("watched: %v", got)
		}
		cancel()
		must(t, <-done)
	})
}

func TestSetFolders(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.heard(fsnotify.Create, "a.csv", "x")
		r.expect(10*ms, "a.csv")
		r.write("b.txt", "x")

		f := csvFolder()
		f.Take = func(name string) bool { return isCSV(name) || filepath.Ext(name) == ".txt" }
		r.SetFolders([]watch.Folder{f})
		r.expect(time.Second, "b.txt") // and a.csv is not reported again
		if _, added := r.src.counts(); added != 1 {
			t.Errorf("the watch was added %d times", added)
		}

		r.heard(fsnotify.Create|fsnotify.Write, "c.csv", "x")
		synctest.Wait()
		r.SetFolders(nil)
		r.expect(time.Minute)
		if got := r.src.Watched(); len(got) != 0 {
			t.Errorf("still watched: %v", got)
		}
		r.SetFolders([]watch.Folder{f})
		r.expect(time.Second, "a.csv", "b.txt", "c.csv") // a new folder: all is new
	})
}

func TestSettingsThatTakeLess(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
		r.heard(fsnotify.Create|fsnotify.Write, "b.csv", "x")
		synctest.Wait()
		f := csvFolder()
		f.Take = func(name string) bool { return name == "b.csv" }
		f.Settle = 3 * time.Second // counts from the next look on
		r.SetFolders([]watch.Folder{f})
		r.expect(2999 * ms)
		r.expect(2*ms, "b.csv")
	})
}

// Files that wait go with their folder and are found when it is back.
func TestFolderLostWithFilesWaiting(t *testing.T) {
	var disk *broken
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		disk = &broken{Fs: o.FS}
		o.FS = disk
	}, func(r *rig) {
		r.expect(29900 * ms)
		r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
		disk.set(errStale) // the sweep comes before the quiet time is over
		if got := r.after(time.Second); len(got) != 1 || r.status().Pending != 0 {
			t.Fatalf("got %v, status %+v", got, r.status())
		}
		disk.set(nil)
		got := r.after(10 * time.Second)
		if len(got) != 2 || !tells(got[1], "f", "a.csv") {
			t.Errorf("got %v", got)
		}
	})
}

// What vanished unheard while nobody read is not reported, and when it is back
// as it was it is new.
func TestVanishedWithoutEvent(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.heard(fsnotify.Create, "first.csv", "x")
		r.expect(time.Second, "first.csv")
		stamp, err := r.fs.Stat(r.path("first.csv"))
		must(t, err)
		at := stamp.ModTime()
		must(t, r.fs.Remove(r.path("first.csv")))
		for _, name := range numbered(100) {
			r.heard(fsnotify.Create, name, "x")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		must(t, r.fs.Remove(r.path("f99.csv")))
		time.Sleep(time.Minute)
		if got := r.files(r.drain()); len(got) != 99 {
			t.Errorf("%d files, want 99", len(got))
		}
		r.write("first.csv", "x")
		must(t, r.fs.Chtimes(r.path("first.csv"), at, at))
		r.src.send(fsnotify.Create, r.path("first.csv"))
		r.expect(time.Second, "first.csv")
	})
}

func TestKnownForgetRescan(t *testing.T) {
	known := map[string]bool{"done.csv": true}
	bubble(t, func(f *watch.Folder, o *watch.Options) {
		must(t, afero.WriteFile(o.FS, filepath.Join(in, "done.csv"), []byte("x"), 0o644))
		f.Known = func(name string, size int64, mod time.Time) bool {
			return known[name] && size == 1 && !mod.IsZero()
		}
	}, func(r *rig) {
		r.heard(fsnotify.Create, "a.csv", "x")
		r.expect(time.Second, "a.csv")

		r.Forget("f", "a.csv") // recorded, and it stays in the folder
		r.expect(time.Minute)
		r.write("a.csv", "longer") // no event: Forget looks again
		r.Forget("f", "a.csv")
		r.expect(499 * ms)
		r.expect(2*ms, "a.csv")

		r.Rescan("f")
		r.expect(time.Second, "a.csv")
		r.write("done.csv", "changed")
		r.Rescan("f")
		r.expect(time.Second, "a.csv", "done.csv")
		r.Rescan("nobody")
		r.Forget("nobody", "a.csv")
		r.expect(time.Minute)
	})
}

func TestRescansAreSpaced(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.heard(fsnotify.Create, "a.csv", "x")
		r.expect(time.Second, "a.csv")
		reports := 0
		for range 10000 {
			r.Rescan("f")
			reports += len(r.after(ms))
		}
		if reports == 0 || reports > 12 {
			t.Errorf("reported %d times in 10 s of rescans", reports)
		}
	})
}

func TestRunOnce(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		if err := r.Run(t.Context()); err == nil {
			t.Error("Run ran twice")
		}
	})
}
