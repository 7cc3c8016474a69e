package watch_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"dropform/watch"
)

var burst = flag.Int("burst", 4000, "files of TestLiveBurst")

// A burst of real files, half of them renamed in, while nobody reads: none is
// lost, none comes twice.
func TestLiveBurst(t *testing.T) {
	dir, aside := t.TempDir(), t.TempDir()
	live(t, dir, nil, func(l *liveRig) {
		begin := time.Now()
		for i := range *burst {
			name := fmt.Sprintf("f%d.csv", i)
			if i%2 == 0 {
				l.must(os.WriteFile(l.path(name), []byte("x"), 0o644))
				continue
			}
			l.must(os.WriteFile(filepath.Join(aside, name), []byte("x"), 0o644))
			l.must(os.Rename(filepath.Join(aside, name), l.path(name)))
		}
		written := time.Now()
		// All are known: observed, or listed and waiting for room. Some are on their way to the reader already.
		l.await(func(s watch.FolderStatus) bool { return s.Pending >= *burst-cap(l.Events()) })
		known := time.Since(written)
		seen := map[string]bool{}
		var first time.Duration
		for len(seen) < *burst {
			name := l.nextFile()
			if first == 0 {
				first = time.Since(written)
			}
			if seen[name] {
				t.Errorf("%s twice", name)
			}
			seen[name] = true
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%d files written in %v; all known %v, first read %v and last %v after that; %d overflows, heap %d MiB of %d MiB",
			*burst, written.Sub(begin), known, first, time.Since(written), l.Status()[0].Overflows, m.HeapAlloc>>20, m.Sys>>20)
		l.await(func(s watch.FolderStatus) bool { return s.Pending == 0 })
	})
}
