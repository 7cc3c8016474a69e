package durable

import (
	"path/filepath"
	"sync"
	"time"
)

// company is how long the first file of a folder waits for others.
const company = 3 * time.Millisecond

// Gathering commits files that are written side by side and that nobody waits for: those that come for one folder within a few
// milliseconds are flushed at the same time, which a disk does almost as fast as for one, and share the folder's flush. What
// holds of each is what holds of File.Commit; one that fails fails alone. All are files of one afero.Fs. The zero value is ready
// and safe for concurrent use.
type Gathering struct {
	mu sync.Mutex
	of map[string]*gathered // by folder
}

// gathered are the files of a folder that go together.
type gathered struct {
	start   chan struct{} // closed when nobody joins them any more
	putting sync.WaitGroup
	flush   func() error // the folder, once for all
}

// Commit is File.Commit, a few milliseconds later.
func (g *Gathering) Commit(f *File) error {
	all, first := g.join(f)
	if first {
		time.Sleep(company)
		g.leave(f)
		close(all.start)
	}
	<-all.start
	err := f.put(f.fs.Rename)
	all.putting.Done()
	if err != nil {
		return err
	}
	if dirsFlush { // else one whose target another program holds open would keep the others waiting for nothing
		all.putting.Wait()
	}
	return f.flushed(all.flush())
}

func (g *Gathering) join(f *File) (all *gathered, first bool) {
	dir := filepath.Dir(f.target)
	g.mu.Lock()
	defer g.mu.Unlock()
	if all = g.of[dir]; all == nil {
		all, first = &gathered{start: make(chan struct{}), flush: sync.OnceValue(func() error { return SyncDir(f.fs, dir) })}, true
		if g.of == nil {
			g.of = map[string]*gathered{}
		}
		g.of[dir] = all
	}
	all.putting.Add(1)
	return all, first
}

func (g *Gathering) leave(f *File) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.of, filepath.Dir(f.target))
}
