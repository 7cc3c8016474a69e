package watch_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/afero"

	"dropform/watch"
)

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("f%d.csv", i))
	}
	return names
}

func shuffled(names []string) []string {
	names = slices.Clone(names)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

func TestOrderOfOneBatch(t *testing.T) {
	names := []string{
		"1.csv", "01.csv", "2.csv", "10.csv", "99999999999999999999998.csv", "99999999999999999999999.csv",
		"a.csv", "A1.csv", "a2.csv", "a2b1.csv", "a2b03.csv", "a2b10.csv", "b.csv", "ä.csv",
	}
	// Equal numbers and letters fall back to bytes: "01" before "1".
	names[0], names[1] = names[1], names[0]
	t.Run("listed", func(t *testing.T) {
		bubble(t, func(_ *watch.Folder, o *watch.Options) {
			for _, name := range shuffled(names) {
				must(t, afero.WriteFile(o.FS, filepath.Join(in, name), []byte("x"), 0o644))
			}
		}, func(r *rig) { r.expect(time.Second, names...) })
	})
	t.Run("renamed in", func(t *testing.T) {
		bubble(t, nil, func(r *rig) {
			for _, name := range shuffled(names) {
				r.heard(fsnotify.Create, name, "x")
			}
			r.expect(10*ms, names...)
		})
	})
}

// While nobody reads, files stay on disk and the source is read all the same;
// then all come, in order and once.
func TestBurstWhileReaderIsStalled(t *testing.T) {
	const n = 20000 // more than the window
	names := numbered(n)
	bubble(t, nil, func(r *rig) {
		r.expect(time.Second)
		for _, name := range shuffled(names) {
			r.heard(fsnotify.Create|fsnotify.Write, name, "x")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s := r.status()
		if s.Pending > n || s.Pending < 10000 || !s.OldestPending.Equal(r.begin.Add(time.Second)) {
			t.Errorf("status %+v", s)
		}
		if g := runtime.NumGoroutine(); g > 30 {
			t.Errorf("%d goroutines", g)
		}
		got := r.files(r.drain())
		got = append(got, r.files(r.after(2*time.Minute))...)
		seen := map[string]bool{}
		for _, name := range got {
			if seen[name] {
				t.Errorf("%s twice", name)
			}
			seen[name] = true
		}
		if len(seen) != n {
			t.Errorf("%d of %d files", len(seen), n)
		}
		if s := r.status(); s.Pending != 0 || !s.OldestPending.IsZero() {
			t.Errorf("status %+v", s)
		}
	})
}

func TestListedBeyondTheWindowInOrder(t *testing.T) {
	names := numbered(40000)
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		for _, name := range shuffled(names) {
			must(t, afero.WriteFile(o.FS, filepath.Join(in, name), []byte("x"), 0o644))
		}
	}, func(r *rig) {
		r.after(0)
		if s := r.status(); s.Pending != len(names) {
			t.Errorf("status %+v", s)
		}
		var got []string
		for range 10 { // each window is observed for its quiet time
			got = append(got, r.files(r.after(time.Second))...)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%d files, or not in order; want %d", len(got), len(names))
		}
	})
}

// More names at once than an inbox holds are worth a listing, not memory.
func TestInboxOverflow(t *testing.T) {
	const n = 6000
	var gate chan struct{}
	bubble(t, func(f *watch.Folder, _ *watch.Options) {
		gate = make(chan struct{})
		f.Take = func(name string) bool {
			if name == "block.csv" {
				<-gate // the owner is held up, as by a slow disk
			}
			return isCSV(name)
		}
	}, func(r *rig) {
		r.heard(fsnotify.Create, "block.csv", "x")
		synctest.Wait()
		for _, name := range numbered(n) {
			r.heard(fsnotify.Create, name, "x")
		}
		close(gate)
		if got := r.files(r.after(time.Second)); len(got) != n+1 {
			t.Errorf("%d of %d files", len(got), n+1)
		}
		if s := r.status(); s.Overflows != 1 {
			t.Errorf("status %+v", s)
		}
	})
}

// A file that its writer never lets go of does not hold up the others.
func TestStuckFilesDoNotStopTheFolder(t *testing.T) {
	const n = 17000 // more than the window
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		for _, name := range numbered(n) {
			must(t, afero.WriteFile(o.FS, filepath.Join(in, name), []byte("x"), 0o644))
		}
		must(t, afero.WriteFile(o.FS, filepath.Join(in, "z.csv"), []byte("x"), 0o644))
		o.Writer = func(path string) watch.WriterState {
			if filepath.Base(path) == "z.csv" {
				return watch.Free
			}
			return watch.Busy
		}
	}, func(r *rig) {
		settled := 0
		for _, ev := range r.after(11 * time.Minute) {
			if tells(ev, "f", "z.csv") {
				settled++
			}
		}
		if settled != 1 {
			t.Errorf("z.csv was reported %d times", settled)
		}
	})
}
