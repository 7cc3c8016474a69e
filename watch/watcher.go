package watch

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/afero"
)

// Folder says what to watch and when a file in it counts as complete. Its
// functions are called from the folder's own goroutine and must be quick.
type Folder struct {
	ID   string // the block instance's address; unique
	Path string

	// Take says by base name whether a file is data: matched and not ignored.
	Take func(name string) bool
	// Settle is the quiet time; 0 is unset: 500 ms where it is known that no
	// process is writing, else 2 s.
	Settle time.Duration
	// MinSize, in bytes: a smaller file is never complete at once and has to be
	// quiet for 2 s (or Settle). Then it is reported like any other: refusing it
	// is the engine's business.
	MinSize int64
	// ReadyFile returns the path of the marker that a file of that modification
	// time needs, absolute or relative to the folder; a nil ReadyFile means none.
	ReadyFile func(name string, modified time.Time) string
	// Poll is the time between two listings beside events; 0 is 30 s. It is not
	// less than 2 s, nor than twenty times what a listing takes.
	Poll time.Duration
	// Known says that a file of this state is done already: it is not reported.
	// It may be nil.
	Known func(name string, size int64, modTime time.Time) bool
}

// FolderStatus is how one folder fares.
type FolderStatus struct {
	ID            string
	Mode          string    // "events" or "poll"
	Network       string    // the network file system because of which Mode is poll, or ""
	Degraded      error     // why the folder is not served in full, or nil
	Pending       int       // files noticed and not yet reported
	OldestPending time.Time // when the oldest of them was noticed; zero: none
	Overflows     int       // times that events were lost
	Rearms        int       // times that the watch was put back
	LastSweep     time.Time // when a listing was last completed; zero: never
}

// Options are the surroundings of a Watcher. The zero value of each field but
// ConfigDir means the real thing.
type Options struct {
	FS          afero.Fs
	ConfigDir   string   // its *.hcl and *.hcl.json files are the configuration; "": none
	ConfigFiles []string // further files that belong to it
	Source      Source
	Now         func() time.Time              // the wall clock
	Writer      func(path string) WriterState // the writer test
	Network     func(path string) (fs string) // names the network file system of a path, or ""
}

// Watcher is the goroutines described in the package's documentation. Its
// methods may be called from any goroutine, before, while and after Run runs.
type Watcher struct {
	fs     afero.Fs
	now    func() time.Time
	writer func(string) WriterState
	remote func(string) string
	hub    *hub
	events chan Event
	clock  *clock
	config *config // nil: no configuration to watch

	mu     sync.Mutex
	drops  map[string]*served // by ID
	launch func(s *served)    // starts a folder; nil while Run does not serve
	ran    bool
}

// served is a folder and what ends its service.
type served struct {
	*drop
	stop context.CancelFunc // nil until started
}

// waiting is how many events may wait for a reader.
const waiting = 64

// New returns a Watcher that is at rest. It reads the configuration's files, to
// know later whether they changed: call it before they are loaded.
func New(o Options) (*Watcher, error) {
	if o.FS == nil {
		o.FS = afero.NewOsFs()
	}
	if o.Source == nil {
		o.Source = &system{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Writer == nil {
		o.Writer = Writer
	}
	if o.Network == nil {
		o.Network = network
	}
	w := &Watcher{
		fs: o.FS, now: o.Now, writer: o.Writer, remote: o.Network,
		hub: newHub(o.Source), events: make(chan Event, waiting), drops: map[string]*served{},
	}
	w.clock = newClock(o.Now, w.events)
	if o.ConfigDir != "" || len(o.ConfigFiles) > 0 {
		w.config = newConfig(w, o.ConfigDir, o.ConfigFiles)
	}
	return w, nil
}

// Events is where news arrives. At most 64 wait there; beyond that the watcher
// waits, and files wait on disk. It is never closed: Run's return is the end.
func (w *Watcher) Events() <-chan Event { return w.events }

// Run serves until ctx ends and returns nil when no goroutine is left; a call of
// the system that hangs, on a dead share, is waited for. It can be called once.
func (w *Watcher) Run(ctx context.Context) error {
	w.mu.Lock()
	ran := w.ran
	w.ran = true
	w.mu.Unlock()
	if ran {
		return errors.New("the watcher was started before")
	}
	opened := w.hub.open() // before the folders, which would find no source
	// The source outlives the folders, which take their watches back.
	sourceCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var source, owners sync.WaitGroup
	source.Go(func() { w.hub.run(sourceCtx, opened) })
	owners.Go(func() { w.clock.run(ctx) })
	if w.config != nil {
		owners.Go(func() { w.config.run(ctx) })
	}
	w.serve(func(s *served) {
		var own context.Context
		own, s.stop = context.WithCancel(ctx)
		owners.Go(func() { s.run(own) })
	})
	<-ctx.Done()
	w.serve(nil) // from here on owners only shrinks
	owners.Wait()
	stop()
	source.Wait()
	return nil
}

// serve sets how folders are started and starts those that wait for it.
func (w *Watcher) serve(launch func(*served)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.launch = launch
	for _, s := range w.drops {
		w.start(s)
	}
}

// start is called with mu held.
func (w *Watcher) start(s *served) {
	if w.launch != nil && s.stop == nil {
		w.launch(s)
	}
}

// SetFolders replaces the set of folders. One with the ID and path of a folder
// that is served keeps its watch, its state and what was reported, and gets the
// new settings. A folder that is no more may still have events on their way.
// Of two with one ID the last counts.
func (w *Watcher) SetFolders(folders []Folder) {
	next := map[string]Folder{}
	for _, f := range folders {
		next[f.ID] = f
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, s := range w.drops {
		f, stays := next[id]
		if stays && f.Path == s.root.path {
			s.box.tell(func(in *news) { in.folder = &f })
			delete(next, id)
			continue
		}
		if s.stop != nil {
			s.stop()
		}
		delete(w.drops, id)
	}
	for id, f := range next {
		s := &served{drop: newDrop(w, f)}
		w.drops[id] = s
		w.start(s)
	}
}

// SetTimers replaces the due times, by ID. Each comes once as [Due], at once if
// it is past. A time that came is not repeated as long as it stays in the set.
func (w *Watcher) SetTimers(due map[string]time.Time) { w.clock.set(due) }

// Rescan lists the folder again soon and reports every complete file in it, also
// those reported before. An unknown ID is ignored.
func (w *Watcher) Rescan(folderID string) {
	w.tell(folderID, func(b *inbox) { b.tell(func(in *news) { in.rescan = true }) })
}

// Forget says that the engine is done with a file: moved away or recorded. The
// name is looked at again: a content that came since is observed and reported
// as new, the same one stays reported.
func (w *Watcher) Forget(folderID, name string) {
	w.tell(folderID, func(b *inbox) { b.put(filepath.Base(name), asked) })
}

func (w *Watcher) tell(id string, what func(*inbox)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.drops[id]; s != nil {
		what(s.box)
	}
}

// Status returns every folder's state, by ID. It never waits for I/O.
func (w *Watcher) Status() []FolderStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []FolderStatus
	for _, s := range w.drops {
		all = append(all, s.snapshot())
	}
	slices.SortFunc(all, func(a, b FolderStatus) int { return strings.Compare(a.ID, b.ID) })
	return all
}
