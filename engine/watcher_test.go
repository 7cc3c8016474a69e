package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
)

// fakeWatcher says what a test tells it to.
type fakeWatcher struct {
	events chan engine.WatchEvent

	mu       sync.Mutex
	folders  []engine.WatchFolder
	timers   map[string]time.Time
	rescans  []string
	onRescan func(id string)
}

func newFakeWatcher() *fakeWatcher { return &fakeWatcher{events: make(chan engine.WatchEvent, 100)} }

func (w *fakeWatcher) SetFolders(f []engine.WatchFolder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.folders = f
}

func (w *fakeWatcher) SetTimers(t map[string]time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timers = t
}

// at is the folder that is watched for an import, and at what time its timer is set.
func (w *fakeWatcher) at(id string) (folder engine.WatchFolder, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.folders {
		if f.ID == id {
			folder = f
		}
	}
	return folder, w.timers[id]
}

func (w *fakeWatcher) Rescan(id string) {
	w.mu.Lock()
	w.rescans = append(w.rescans, id)
	then := w.onRescan
	w.mu.Unlock()
	if then != nil {
		then(id)
	}
}

func (w *fakeWatcher) Events() <-chan engine.WatchEvent { return w.events }

func (w *fakeWatcher) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (w *fakeWatcher) Status() []engine.WatchStatus { return nil }

func (w *fakeWatcher) settled(id string, names ...string) {
	for _, name := range names {
		e := engine.WatchEvent{Kind: engine.WatchSettled, ID: id, Name: name}
		folder, _ := w.at(id)
		if info, err := os.Lstat(filepath.Join(folder.Path, name)); err == nil {
			e.State = engine.FileState{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
		}
		w.events <- e
	}
}

// service is a watch at work over a rig.
type service struct {
	*rig
	w     *fakeWatcher
	s     *session
	heard chan engine.Event
	stop  context.CancelFunc
	done  chan struct{}
	tally engine.Tally
	err   error

	mu    sync.Mutex
	cfg   *engine.Config // what Load gives
	diags diag.List
}

// watched applies a configuration and serves it, and returns when import.staff is.
func (r *rig) watched(config string) (*engine.Config, *service) {
	r.t.Helper()
	cfg := r.load(config)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	return cfg, v
}

// serve starts a watch; it is stopped at the test's end at the latest.
func (r *rig) serve(cfg *engine.Config, autoApprove bool) *service {
	r.t.Helper()
	v := &service{rig: r, w: newFakeWatcher(), heard: make(chan engine.Event, 1000), done: make(chan struct{}), cfg: cfg}
	v.s = r.listen(true, func(e engine.Event) { v.heard <- e })
	soft, stop := context.WithCancel(context.Background())
	v.stop = stop
	svc := engine.NewService(engine.ServiceOptions{
		Runner: v.s.r, Planner: r.planner(v.s.l), Watcher: v.w, AutoApprove: autoApprove, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		StatusPath: r.path(".dropform/watch.json"),
		Load: func() (*engine.Config, diag.List) {
			v.mu.Lock()
			defer v.mu.Unlock()
			return v.cfg, v.diags
		},
	})
	go func() {
		defer close(v.done)
		v.tally, v.err = svc.Run(context.Background(), soft, cfg)
	}()
	r.t.Cleanup(func() { v.end() })
	return v
}

// end stops the watch softly and says how it went.
func (v *service) end() (engine.Tally, error) {
	v.stop()
	select {
	case <-v.done:
	case <-time.After(10 * time.Second):
		v.t.Fatal("the watch does not end")
	}
	if v.s != nil {
		v.s.close(v.t)
		v.s = nil
	}
	return v.tally, v.err
}

// edit is a saved file: the watch loads this from now on.
func (v *service) edit(cfg *engine.Config, diags diag.List) {
	v.mu.Lock()
	v.cfg, v.diags = cfg, diags
	v.mu.Unlock()
	v.w.events <- engine.WatchEvent{Kind: engine.WatchConfigChanged}
}

// await returns the next event of a type that fits.
func await[E engine.Event](v *service, what string, fits func(E) bool) E {
	v.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e := <-v.heard:
			if e, ok := e.(E); ok && fits(e) {
				return e
			}
		case <-v.done:
			v.t.Fatalf("the watch ended (%v) before %s", v.err, what)
		case <-limit:
			v.t.Fatalf("no %s", what)
		}
	}
}

// ended waits for the end of the step at an address.
func (v *service) ended(at string) engine.StepEnded {
	v.t.Helper()
	return await(v, "end of "+at, func(e engine.StepEnded) bool { return strings.HasPrefix(e.Action.Address.String(), at) })
}

// serving waits until a block is served, or is not any more.
func (v *service) serving(block string, want bool) engine.ConfigLoaded {
	v.t.Helper()
	return await(v, "word on "+block, func(e engine.ConfigLoaded) bool { return contains(e.Serving, block) == want })
}

func contains(list []engine.Address, at string) bool {
	for _, a := range list {
		if a.String() == at {
			return true
		}
	}
	return false
}

// denied makes the opening of a file fail as long as times is above zero.
func denied(path string, times *int) func(string) error {
	var mu sync.Mutex
	return func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		if name != path || *times == 0 {
			return nil
		}
		*times--
		return &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
	}
}

var errDown = errors.New("the share is gone")
