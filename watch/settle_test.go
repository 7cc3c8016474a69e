package watch_test

import (
	"os"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/afero"

	"dropform/watch"
)

const ms = time.Millisecond

func TestSettleByEvents(t *testing.T) {
	withSettle := func(d time.Duration) func(*watch.Folder, *watch.Options) {
		return func(f *watch.Folder, _ *watch.Options) { f.Settle = d }
	}
	tests := []struct {
		name string
		tune func(*watch.Folder, *watch.Options)
		test func(r *rig)
	}{
		{"renamed in: at once", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(1 * ms)
			r.expect(2*ms, "a.csv")
			r.expect(time.Minute) // once
		}},
		{"renamed in, a Write before silence: quiet time", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			time.Sleep(1 * ms)
			r.src.send(fsnotify.Write, r.path("a.csv"))
			r.expect(499 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"renamed in while other events flow: waits for silence", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			for range 100 {
				time.Sleep(100 * time.Microsecond)
				r.src.send(fsnotify.Write, r.path("other.log"))
			}
			r.expect(0)
			r.expect(1*ms, "a.csv")
		}},
		{"renamed in but too small for content: settle", func(f *watch.Folder, _ *watch.Options) {
			f.MinSize = 10
		}, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(1999 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"empty: settle, then reported for the engine to reject", func(f *watch.Folder, _ *watch.Options) {
			f.MinSize = 1
		}, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "")
			r.expect(1999 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"created empty, filled later", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "")
			r.expect(400 * ms)
			r.heard(fsnotify.Write, "a.csv", "x")
			r.expect(499 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"written: 500 ms after the last change", nil, func(r *rig) {
			r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
			for range 10 {
				r.expect(400 * ms)
				r.heard(fsnotify.Write, "a.csv", time.Now().String())
			}
			r.expect(499 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"settle set", withSettle(5 * time.Second), func(r *rig) {
			r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
			r.expect(4999 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"settle set shorter, writer unknown", withSettle(100 * ms), func(r *rig) {
			r.writers.set("a.csv", watch.Unknown)
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(99 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"writer unknown: 2 s", nil, func(r *rig) {
			r.writers.set("a.csv", watch.Unknown)
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(1999 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"changed without an event: seen when due", nil, func(r *rig) {
			r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
			r.expect(499 * ms)
			r.write("a.csv", "longer")
			r.expect(499 * ms)
			r.expect(3*ms, "a.csv")
		}},
		{"changed between Create and proof without an event", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			time.Sleep(1 * ms)
			r.write("a.csv", "longer")
			r.expect(400 * ms)
			r.expect(1*time.Second, "a.csv")
		}},
		{"busy, pre-sized: waits for the writer, then at once", nil, func(r *rig) {
			r.writers.set("a.csv", watch.Busy)
			r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "0000")
			r.expect(9 * time.Minute)
			r.writers.set("a.csv", watch.Free)
			r.expect(1*time.Second+ms, "a.csv")
		}},
		{"a writer that opens between Create and proof", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			time.Sleep(1 * ms)
			r.writers.set("a.csv", watch.Busy)
			r.expect(5 * time.Second)
			r.writers.set("a.csv", watch.Free)
			r.expect(1*time.Second+ms, "a.csv")
		}},
		{"old modification time counts for nothing", nil, func(r *rig) {
			r.write("a.csv", "x")
			old := time.Now().Add(-48 * time.Hour)
			if err := r.fs.Chtimes(r.path("a.csv"), old, old); err != nil {
				r.t.Fatal(err)
			}
			r.src.send(fsnotify.Create, r.path("a.csv"))
			r.src.send(fsnotify.Write, r.path("a.csv"))
			r.expect(499 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"replaced by rename after it was reported", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(10*ms, "a.csv")
			r.heard(fsnotify.Create, "a.csv", "new content")
			r.expect(10*ms, "a.csv")
		}},
		{"written again after it was reported", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(10*ms, "a.csv")
			r.heard(fsnotify.Write, "a.csv", "and more")
			r.expect(499 * ms)
			r.expect(2*ms, "a.csv")
		}},
		{"gone before it settled", nil, func(r *rig) {
			r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
			if err := r.fs.Remove(r.path("a.csv")); err != nil {
				r.t.Fatal(err)
			}
			r.src.send(fsnotify.Remove, r.path("a.csv"))
			r.expect(time.Minute)
		}},
		{"same state again after it was gone is new", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(10*ms, "a.csv")
			fi, _ := r.fs.Stat(r.path("a.csv"))
			stamp := fi.ModTime()
			_ = r.fs.Remove(r.path("a.csv"))
			r.src.send(fsnotify.Rename, r.path("a.csv"))
			r.expect(10 * ms)
			r.write("a.csv", "x")
			_ = r.fs.Chtimes(r.path("a.csv"), stamp, stamp)
			r.src.send(fsnotify.Create, r.path("a.csv"))
			r.expect(10*ms, "a.csv")
		}},
		{"a folder named like a file", nil, func(r *rig) {
			if err := r.fs.Mkdir(r.path("x.csv"), 0o755); err != nil {
				r.t.Fatal(err)
			}
			r.src.send(fsnotify.Create, r.path("x.csv"))
			r.expect(time.Minute)
		}},
		{"not taken", nil, func(r *rig) {
			r.heard(fsnotify.Create, "a.tmp", "x")
			r.expect(time.Minute)
		}},
		{"attributes only", nil, func(r *rig) {
			r.write("a.csv", "x")
			r.src.send(fsnotify.Chmod, r.path("a.csv"))
			r.expect(time.Second)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { bubble(t, test.tune, test.test) })
	}
}

func TestStillChangingIsToldOnceAndNeverSkipped(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.writers.set("a.csv", watch.Busy)
		r.heard(fsnotify.Create|fsnotify.Write, "a.csv", "x")
		if got := r.after(10*time.Minute - time.Second); len(got) != 0 {
			t.Errorf("too early: %v", got)
		}
		got := r.after(time.Hour)
		if len(got) != 1 || got[0] != (watch.StillChanging{FolderID: "f", Name: "a.csv"}) {
			t.Errorf("got %v, want one StillChanging", got)
		}
		r.writers.set("a.csv", watch.Free)
		r.expect(2*time.Second, "a.csv")
	})
}

func TestMarker(t *testing.T) {
	done := func(f *watch.Folder, _ *watch.Options) {
		f.ReadyFile = func(name string, _ time.Time) string { return name + ".done" }
	}
	t.Run("data first", func(t *testing.T) {
		bubble(t, done, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.heard(fsnotify.Create, "b.csv", "x")
			r.expect(20 * time.Minute)
			r.heard(fsnotify.Create, "a.csv.done", "")
			r.expect(10*ms, "a.csv")
			r.heard(fsnotify.Write, "b.csv", "xx")
			r.heard(fsnotify.Create, "b.csv.done", "")
			r.expect(400 * ms) // the marker does not stand for the quiet time
			r.expect(101*ms, "b.csv")
		})
	})
	t.Run("none for an hour", func(t *testing.T) {
		bubble(t, done, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			if got := r.after(time.Hour - time.Minute); len(got) != 0 {
				t.Errorf("too early: %v", got)
			}
			if got := r.after(3 * time.Hour); len(got) != 1 || got[0] != (watch.Unmarked{FolderID: "f", Name: "a.csv"}) {
				t.Errorf("got %v, want one Unmarked", got)
			}
			r.heard(fsnotify.Create, "a.csv.done", "")
			r.expect(10*ms, "a.csv")
		})
	})
	t.Run("marker first", func(t *testing.T) {
		bubble(t, done, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv.done", "")
			r.expect(time.Minute)
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(10*ms, "a.csv")
		})
	})
	t.Run("marker in another folder, found by the sweep", func(t *testing.T) {
		bubble(t, func(f *watch.Folder, _ *watch.Options) {
			f.ReadyFile = func(name string, _ time.Time) string { return "../flags/" + name }
		}, func(r *rig) {
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(time.Minute)
			if err := r.fs.MkdirAll("/flags", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := afero.WriteFile(r.fs, "/flags/a.csv", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			r.expect(31*time.Second, "a.csv")
		})
	})
	t.Run("named by the file's own time", func(t *testing.T) {
		bubble(t, func(f *watch.Folder, _ *watch.Options) {
			f.ReadyFile = func(_ string, modified time.Time) string { return modified.UTC().Format("20060102") + ".ok" }
		}, func(r *rig) {
			r.write("a.csv", "x")
			must(t, r.fs.Chtimes(r.path("a.csv"), time.Time{}, time.Date(1999, 12, 31, 12, 0, 0, 0, time.UTC)))
			r.src.send(fsnotify.Create, r.path("a.csv"))
			r.expect(time.Minute)
			r.heard(fsnotify.Create, "19991231.ok", "")
			r.expect(10*ms, "a.csv")
		})
	})
	t.Run("one marker for all, which is itself matched", func(t *testing.T) {
		bubble(t, func(f *watch.Folder, _ *watch.Options) {
			f.Take = func(string) bool { return true }
			f.ReadyFile = func(string, time.Time) string { return "READY" }
		}, func(r *rig) {
			r.heard(fsnotify.Create, "b.csv", "x")
			r.heard(fsnotify.Create, "a.csv", "x")
			r.expect(time.Minute)
			r.heard(fsnotify.Create, "READY", "now")
			r.expect(time.Second, "a.csv", "b.csv")
		})
	})
}

func TestSymlinksAndDirectoriesAreNoFiles(t *testing.T) {
	dir := t.TempDir()
	live(t, dir, nil, func(l *liveRig) {
		l.must(os.WriteFile(dir+"/target.txt", []byte("x"), 0o644))
		l.must(os.Symlink(dir+"/target.txt", dir+"/link.csv"))
		l.must(os.Mkdir(dir+"/dir.csv", 0o755))
		l.must(os.WriteFile(dir+"/plain.csv", []byte("x"), 0o644))
		if got := l.nextFile(); got != "plain.csv" {
			t.Errorf("got %q", got)
		}
	})
}
