package watch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dropform/watch"
)

// liveRig is a Watcher over a real folder with the system's own events.
type liveRig struct {
	*watch.Watcher
	t   *testing.T
	dir string
}

// patience bounds a wait for something that is certain to come. No figure is
// asserted with it.
const patience = 30 * time.Second

func live(t *testing.T, dir string, tune func(*watch.Folder, *watch.Options), test func(l *liveRig)) {
	t.Helper()
	f := watch.Folder{ID: "f", Path: dir, Take: isCSV}
	var o watch.Options
	if tune != nil {
		tune(&f, &o)
	}
	w, err := watch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.SetFolders([]watch.Folder{f})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	l := &liveRig{Watcher: w, t: t, dir: dir}
	l.await(func(s watch.FolderStatus) bool { return !s.LastSweep.IsZero() || s.Degraded != nil })
	test(l)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func (l *liveRig) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *liveRig) path(name string) string { return filepath.Join(l.dir, name) }

// await waits for the folder's status to be as wanted.
func (l *liveRig) await(ok func(watch.FolderStatus) bool) {
	l.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if s := l.Status(); len(s) == 1 && ok(s[0]) {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("status: %+v", l.Status())
		}
	}
}

func (l *liveRig) next() watch.Event {
	l.t.Helper()
	select {
	case ev := <-l.Events():
		return ev
	case <-time.After(patience):
		l.t.Fatalf("no event; status %+v", l.Status())
		return nil
	}
}

func (l *liveRig) nextFile() string {
	l.t.Helper()
	s, ok := l.next().(watch.Settled)
	if !ok {
		l.t.Fatalf("not a file: %#v", s)
	}
	return s.Name
}

// expectNext fails unless name is the next file.
func (l *liveRig) expectNext(name string) {
	l.t.Helper()
	if got := l.nextFile(); got != name {
		l.t.Errorf("settled %q, want %q", got, name)
	}
}

func TestLiveRenamedInLatency(t *testing.T) {
	dir, aside := t.TempDir(), t.TempDir()
	live(t, dir, nil, func(l *liveRig) {
		var took []time.Duration
		for i := range 100 {
			name := fmt.Sprintf("f%d.csv", i)
			from := filepath.Join(aside, name)
			l.must(os.WriteFile(from, []byte("x"), 0o644))
			begin := time.Now()
			l.must(os.Rename(from, l.path(name)))
			l.expectNext(name)
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		t.Logf("rename to Settled: median %v, p99 %v", took[50], took[98])
		if watch.Writer(l.path("f0.csv")) == watch.Free && took[50] >= 400*ms {
			t.Errorf("median %v: renamed-in files wait for a quiet time", took[50])
		}
	})
}

func TestLiveWriters(t *testing.T) {
	dir, aside := t.TempDir(), t.TempDir()
	const quiet = 200 * ms
	live(t, dir, func(f *watch.Folder, _ *watch.Options) { f.Settle = quiet }, func(l *liveRig) {
		whole := func(name, content string) {
			t.Helper()
			l.expectNext(name)
			got, err := os.ReadFile(l.path(name))
			l.must(err)
			if string(got) != content {
				t.Errorf("%s was reported with %d of %d bytes", name, len(got), len(content))
			}
		}
		pause := func(d time.Duration) { <-time.After(d) }
		if watch.Writer(dir) != watch.Unknown {
			t.Error("a folder has no writer")
		}
		l.must(os.WriteFile(filepath.Join(aside, "probe"), nil, 0o644))
		leases := watch.Writer(filepath.Join(aside, "probe")) == watch.Free

		if leases {
			// Slow, with pauses longer than the quiet time: it holds the file open.
			f, err := os.Create(l.path("slow.csv"))
			l.must(err)
			for range 3 {
				_, err = f.WriteString("line\n")
				l.must(err)
				pause(quiet + 50*ms)
			}
			l.must(f.Close())
			whole("slow.csv", "line\nline\nline\n")

			// Sets the final size first and fills it later, without changing it.
			f, err = os.Create(l.path("presized.csv"))
			l.must(err)
			l.must(f.Truncate(5))
			pause(quiet + 50*ms)
			_, err = f.WriteAt([]byte("line\n"), 0)
			l.must(err)
			l.must(f.Close())
			whole("presized.csv", "line\n")
		}

		// Reopens for each line, faster than the quiet time.
		content, last := "", time.Now()
		for range 10 {
			f, err := os.OpenFile(l.path("append.csv"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			l.must(err)
			_, err = f.WriteString("line\n")
			l.must(err)
			l.must(f.Close())
			if time.Since(last) >= quiet {
				t.Skip("this machine was too slow to be that writer")
			}
			content, last = content+"line\n", time.Now()
			pause(10 * ms)
		}
		whole("append.csv", content)

		// Hard-linked in, then replaced by rename.
		l.must(os.WriteFile(filepath.Join(aside, "one"), []byte("one"), 0o644))
		l.must(os.Link(filepath.Join(aside, "one"), l.path("link.csv")))
		whole("link.csv", "one")
		l.must(os.WriteFile(filepath.Join(aside, "two"), []byte("two"), 0o644))
		l.must(os.Rename(filepath.Join(aside, "two"), l.path("link.csv")))
		whole("link.csv", "two")

		// A copy that keeps an old modification time.
		l.must(os.WriteFile(l.path("old.csv"), []byte("old"), 0o644))
		long := time.Now().Add(-48 * time.Hour)
		l.must(os.Chtimes(l.path("old.csv"), long, long))
		whole("old.csv", "old")
	})
}

func TestLiveRootRemovedAndCreatedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	must(t, os.Mkdir(dir, 0o755))
	live(t, dir, nil, func(l *liveRig) {
		for round := range 2 {
			l.must(os.RemoveAll(dir))
			if d, ok := l.next().(watch.Degraded); !ok || d.Reason == nil {
				t.Fatalf("round %d: want Degraded, got %#v", round, d)
			}
			l.must(os.Mkdir(dir, 0o755))
			if ev := l.next(); ev != (watch.Healed{FolderID: "f"}) {
				t.Fatalf("round %d: want Healed, got %#v", round, ev)
			}
			name := fmt.Sprintf("f%d.csv", round)
			l.must(os.WriteFile(l.path(name), []byte("x"), 0o644))
			l.expectNext(name)
		}
		l.await(func(s watch.FolderStatus) bool { return s.Rearms == 2 && s.Mode == "events" })
	})
}

func TestLiveRootRenamedAway(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "in")
	must(t, os.Mkdir(dir, 0o755))
	live(t, dir, nil, func(l *liveRig) {
		// At once another folder stands in its place: no time for a look between.
		l.must(os.Rename(dir, filepath.Join(base, "away")))
		l.must(os.Mkdir(dir, 0o755))
		l.await(func(s watch.FolderStatus) bool { return s.Rearms == 1 && s.Degraded == nil && s.Mode == "events" })
		l.must(os.WriteFile(filepath.Join(base, "away", "not.csv"), []byte("x"), 0o644))
		l.must(os.WriteFile(l.path("new.csv"), []byte("x"), 0o644))
		for {
			switch ev := l.next().(type) {
			case watch.Settled:
				if ev.Name != "new.csv" {
					t.Errorf("settled %q", ev.Name)
				}
				return
			case watch.Degraded, watch.Healed, watch.Exchanged: // which of them, by chance of timing
			default:
				t.Fatalf("%#v", ev)
			}
		}
	})
}

func TestLiveTwoFoldersOfOnePath(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	w, err := watch.New(watch.Options{})
	must(t, err)
	w.SetFolders([]watch.Folder{{ID: "a", Path: dir, Take: isCSV}, {ID: "b", Path: link, Take: isCSV}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	must(t, os.WriteFile(filepath.Join(dir, "x.csv"), []byte("x"), 0o644))
	l := &liveRig{Watcher: w, t: t, dir: dir}
	got := []watch.Event{l.next(), l.next()}
	for _, id := range []string{"a", "b"} {
		if !slices.ContainsFunc(got, func(ev watch.Event) bool { return tells(ev, id, "x.csv") }) {
			t.Errorf("folder %s was not told: %v", id, got)
		}
	}
	cancel()
	must(t, <-done)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
