package watch_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/afero"
	"go.uber.org/goleak"

	"dropform/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a Source whose events and faults the test makes up.
type source struct {
	mu      sync.Mutex
	events  chan fsnotify.Event
	errs    chan error
	watches map[string]bool
	added   int
	opens   int
	openErr error
	addErr  error
	onAdd   func(path string) // called before the watch counts
}

func (s *source) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens++
	s.watches = map[string]bool{}
	if s.openErr != nil {
		return s.openErr
	}
	s.events, s.errs = make(chan fsnotify.Event), make(chan error)
	return nil
}

func (s *source) Close() error { return nil }

func (s *source) Events() <-chan fsnotify.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events
}

func (s *source) Errors() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.errs
}

func (s *source) Add(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.onAdd != nil {
		s.onAdd(path)
	}
	if s.addErr != nil {
		return s.addErr
	}
	s.added++
	s.watches[path] = true
	return nil
}

func (s *source) Remove(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.watches[path] {
		return fsnotify.ErrNonExistentWatch
	}
	delete(s.watches, path)
	return nil
}

func (s *source) Watched() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for path := range s.watches {
		all = append(all, path)
	}
	return all
}

// counts returns how often the source was opened and a watch added.
func (s *source) counts() (opens, added int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens, s.added
}

// with changes the source's behaviour.
func (s *source) with(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *source) send(op fsnotify.Op, path string) {
	s.mu.Lock()
	ch := s.events
	s.mu.Unlock()
	ch <- fsnotify.Event{Name: path, Op: op}
}

func (s *source) fail(err error) {
	s.mu.Lock()
	ch := s.errs
	s.mu.Unlock()
	ch <- err
}

// writers answers the writer test by base name; Free where nothing is set.
type writers struct {
	mu    sync.Mutex
	state map[string]watch.WriterState
}

func (w *writers) set(name string, s watch.WriterState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == nil {
		w.state = map[string]watch.WriterState{}
	}
	w.state[name] = s
}

func (w *writers) probe(path string) watch.WriterState {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.state[filepath.Base(path)]; ok {
		return s
	}
	return watch.Free
}

const in = "/in"

// rig is a Watcher over memory, with a fake source, inside a synctest bubble.
type rig struct {
	*watch.Watcher
	t       *testing.T
	fs      afero.Fs
	src     *source
	writers *writers
	begin   time.Time
}

func isCSV(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".csv") }

func csvFolder() watch.Folder { return watch.Folder{ID: "f", Path: in, Take: isCSV} }

// bubble runs test over a folder as changed by tune, watched from the start.
func bubble(t *testing.T, tune func(*watch.Folder, *watch.Options), test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, fs: afero.NewMemMapFs(), src: &source{}, writers: &writers{}, begin: time.Now()}
		if err := r.fs.MkdirAll(in, 0o755); err != nil {
			t.Fatal(err)
		}
		o := watch.Options{FS: r.fs, Source: r.src, Writer: r.writers.probe, Network: func(string) string { return "" }}
		f := csvFolder()
		if tune != nil {
			tune(&f, &o)
		}
		r.fs = o.FS
		w, err := watch.New(o)
		if err != nil {
			t.Fatal(err)
		}
		r.Watcher = w
		w.SetFolders([]watch.Folder{f})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel() // should test end its goroutine
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		synctest.Wait()
		test(r)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (r *rig) path(name string) string { return filepath.Join(in, name) }

func (r *rig) write(name, content string) {
	r.t.Helper()
	if err := afero.WriteFile(r.fs, r.path(name), []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// heard writes a file and sends the events of op for it, one for each bit.
func (r *rig) heard(op fsnotify.Op, name, content string) {
	r.t.Helper()
	r.write(name, content)
	for _, bit := range []fsnotify.Op{fsnotify.Create, fsnotify.Write} {
		if op.Has(bit) {
			r.src.send(bit, r.path(name))
		}
	}
}

// after lets d pass and returns the events that have come by then.
func (r *rig) after(d time.Duration) []watch.Event {
	time.Sleep(d)
	return r.drain()
}

func (r *rig) drain() []watch.Event {
	var all []watch.Event
	for {
		synctest.Wait()
		select {
		case ev := <-r.Events():
			all = append(all, ev)
		default:
			return all
		}
	}
}

// tells reports whether an event says that a file is complete.
func tells(ev watch.Event, folder, name string) bool {
	s, ok := ev.(watch.Settled)
	return ok && s.FolderID == folder && s.Name == name
}

// files returns the settled names among events and fails on any other event.
func (r *rig) files(events []watch.Event) []string {
	r.t.Helper()
	var names []string
	for _, ev := range events {
		s, ok := ev.(watch.Settled)
		if !ok {
			r.t.Errorf("unexpected %#v", ev)
			continue
		}
		names = append(names, s.Name)
	}
	return names
}

// expect fails unless exactly these names settle within d.
func (r *rig) expect(d time.Duration, names ...string) {
	r.t.Helper()
	if diff := cmp.Diff(names, r.files(r.after(d))); diff != "" {
		r.t.Errorf("after %v, at %v: settled (-want +got):\n%s", d, time.Since(r.begin), diff)
	}
}

func (r *rig) status() watch.FolderStatus {
	r.t.Helper()
	synctest.Wait()
	all := r.Status()
	i := slices.IndexFunc(all, func(s watch.FolderStatus) bool { return s.ID == "f" })
	if i < 0 {
		r.t.Fatal("no status of the folder")
	}
	return all[i]
}

// broken is a file system in which the folder's Open or Stat fails while err is
// set.
type broken struct {
	afero.Fs
	mu  sync.Mutex
	err error
}

func (b *broken) set(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *broken) Open(name string) (afero.File, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil && name == in {
		return nil, b.err
	}
	return b.Fs.Open(name)
}

func (b *broken) LstatIfPossible(name string) (fi fs.FileInfo, lstat bool, err error) {
	return b.Fs.(afero.Lstater).LstatIfPossible(name)
}

var errStale = errors.New("stale file handle")
