package watch

import (
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/afero"
)

const (
	editQuiet   = 200 * time.Millisecond // after the last event of an edit
	editLongest = 2 * time.Second        // after the first, however many follow
	editDoubt   = 300 * time.Millisecond // between looks at an edit that seems unfinished
	editDoubts  = 5                      // such looks
	configPoll  = 5 * time.Second        // between looks where no event comes
)

// config watches the configuration's files: what they are and what they hold.
type config struct {
	fs     afero.Fs
	dir    string
	files  []string
	box    *inbox
	roots  []*root
	events chan<- Event

	last    digests
	first   time.Time // of the events of the present edit; zero: none
	look    time.Time // when to look again
	doubts  int
	changed bool // ConfigChanged is to be sent
}

// digests is the SHA-256 of each file by path; zero where it cannot be read.
type digests map[string][sha256.Size]byte

func newConfig(w *Watcher, dir string, files []string) *config {
	c := &config{fs: w.fs, dir: dir, events: w.events}
	names := map[string]bool{}
	dirs := map[string]bool{}
	if dir != "" {
		dirs[filepath.Clean(dir)] = true
	}
	for _, f := range files {
		f = filepath.Clean(f)
		c.files = append(c.files, f)
		names[filepath.Base(f)] = true
		dirs[filepath.Dir(f)] = true
	}
	c.box = newInbox(func(name string) bool { return names[name] || isConfig(name) })
	for _, d := range slices.Sorted(maps.Keys(dirs)) {
		c.roots = append(c.roots, &root{fs: w.fs, hub: w.hub, box: c.box, remote: w.remote, path: d})
	}
	c.last, _ = c.digest()
	return c
}

// isConfig says whether a name in the configuration's folder belongs to it; the
// values of *.vars.hcl do.
func isConfig(name string) bool {
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
}

func (c *config) run(ctx context.Context) {
	defer func() {
		for _, r := range c.roots {
			r.detach()
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	c.look = time.Now() // an edit since New
	for ctx.Err() == nil {
		now := time.Now()
		c.absorb(now)
		c.tend(now)
		if !now.Before(c.look) {
			c.compare(now)
		}
		var out chan<- Event
		if c.changed {
			out = c.events
		}
		timer.Reset(c.untilNext())
		select {
		case <-ctx.Done():
		case <-c.box.wake:
		case <-timer.C:
		case out <- ConfigChanged{}:
			c.changed = false
		}
	}
}

// absorb lets an edit come to rest: the look waits for quiet, but not for ever.
func (c *config) absorb(now time.Time) {
	in := c.box.take()
	if in.root || in.renewed {
		for _, r := range c.roots {
			r.at = time.Time{}
		}
	}
	if len(in.names) == 0 && !in.lost {
		return
	}
	if c.first.IsZero() {
		c.first = now
	}
	c.doubts = 0
	c.look = earlier(now.Add(editQuiet), c.first.Add(editLongest))
}

func (c *config) tend(now time.Time) {
	for _, r := range c.roots {
		if now.Before(r.at) {
			continue
		}
		if list, _ := r.tend(now); list {
			r.well()
			c.look = earlier(c.look, now.Add(editQuiet))
		}
	}
}

// compare looks at the files. A file that is missing, empty or unreadable may be
// half way through an editor's way of saving: that is believed only after some
// time.
func (c *config) compare(now time.Time) {
	seen, unsure := c.digest()
	if unsure && !maps.Equal(seen, c.last) && c.doubts < editDoubts {
		c.doubts++
		c.look = now.Add(editDoubt)
		return
	}
	if !maps.Equal(seen, c.last) {
		c.last, c.changed = seen, true
	}
	c.first, c.doubts = time.Time{}, 0
	c.look = now.Add(sweepDefault)
	for _, r := range c.roots {
		if !r.evented() {
			c.look = now.Add(configPoll)
		}
	}
}

func (c *config) untilNext() time.Duration {
	at := c.look
	for _, r := range c.roots {
		at = earlier(at, r.at)
	}
	return time.Until(at)
}

// digest reads all files. It is unsure if one of them, or one that was there at
// the last digest, may be in the middle of being saved.
func (c *config) digest() (seen digests, unsure bool) {
	paths := slices.Clone(c.files)
	if c.dir != "" {
		names, err := c.names()
		unsure = err != nil
		for _, name := range names {
			if isConfig(name) {
				paths = append(paths, filepath.Join(c.dir, name))
			}
		}
	}
	seen = digests{}
	for _, path := range paths {
		sum, size, err := c.sum(path)
		unsure = unsure || err != nil || size == 0
		seen[path] = sum
	}
	for path := range c.last {
		if _, there := seen[path]; !there {
			unsure = true
		}
	}
	return seen, unsure
}

func (c *config) names() ([]string, error) {
	dir, err := c.fs.Open(c.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	return dir.Readdirnames(-1)
}

func (c *config) sum(path string) (sum [sha256.Size]byte, size int64, err error) {
	if fi, err := c.fs.Stat(path); err != nil || !fi.Mode().IsRegular() {
		return sum, 0, err
	}
	f, err := c.fs.Open(path)
	if err != nil {
		return sum, 0, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return sum, size, err
	}
	return [sha256.Size]byte(h.Sum(nil)), size, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
