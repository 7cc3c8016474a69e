package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/faultfs"
	"dropform/engine/ledger"
	"dropform/watch"
)

// errDead is what a process meets everywhere once it has been killed.
var errDead = errors.New("this process was killed")

// life is a process: an apply or a watch over the world, from its start to its end or its death. It dies like one that gets
// kill -9: from that instant nothing that it does has an effect. Its files are refused, its connections are cut, and the
// ledger that the next process opens is the one of that instant.
type life struct {
	w       *world
	name    string
	ctx     context.Context //nolint:containedctx // it is the life of a process
	cancel  context.CancelFunc
	soft    context.Context //nolint:containedctx // likewise
	stop    context.CancelFunc
	fs      *faultfs.FS
	ledger  *ledger.Ledger
	process *ledger.Process
	runner  *engine.Runner
	boxes   *engine.Conboxes
	events  *hearing // of a watch
	done    chan struct{}
	err     error // how it ended, once done

	mu   sync.Mutex
	left int // moments until everybody dies; below zero: nobody does
	dead bool
}

// moment is one instant in a process at which it may die: before each change of the disk, around each use of the network,
// and whenever it tells something.
func (l *life) moment() error {
	l.mu.Lock()
	dies := !l.dead && l.left == 0
	l.left--
	dead := l.dead
	l.mu.Unlock()
	if dead {
		return errDead
	}
	if dies {
		l.w.killAll()
		return errDead
	}
	return nil
}

func (l *life) isDead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// begin starts a process that dies after so many moments.
func (w *world) begin(name string, moments int) *life {
	w.t.Helper()
	w.calm <- struct{}{}
	defer func() { <-w.calm }()
	l := &life{w: w, name: name, left: moments, done: make(chan struct{}), fs: faultfs.New(w.disk), boxes: engine.NewConboxes("test")}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.soft, l.stop = context.WithCancel(l.ctx)
	l.fs.Before = func(op faultfs.Op, _ string) error {
		if op.Changes() {
			return l.moment()
		}
		if l.isDead() {
			return errDead
		}
		return nil
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return w.wire.dial(ctx, l) }
	l.boxes.Dial = dial
	l.ledger = w.open()
	var err error
	if l.process, err = l.ledger.Join(l.ctx, name); err != nil {
		w.t.Fatal(err)
	}
	l.runner = engine.NewRunner(engine.RunnerOptions{
		FS: l.fs, Ledger: l.ledger, Process: l.process, Now: time.Now, Parallelism: 10, Who: "tester", KeepTrying: name == "watch",
		Conboxes: l.boxes, Dial: dial, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Emit: func(e engine.Event) {
			w.hear(e)
			_ = l.moment()
		},
	})
	w.mu.Lock()
	w.lives = append(w.lives, l)
	w.mu.Unlock()
	return l
}

func (l *life) planner() engine.Planner {
	return engine.Planner{FS: l.fs, Reader: l.ledger.Reader(), Writers: l.w.writers, Now: time.Now, Conboxes: l.boxes}
}

// ended reports whether the process is over.
func (l *life) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// end is how a process ends: one that is alive logs out, one that was killed does nothing any more.
func (l *life) end() {
	if !l.isDead() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		l.runner.Close(ctx)
		cancel()
	}
	l.cancel()
	l.boxes.Close()
	l.w.wire.cut(l)
	if err := l.ledger.Close(); err != nil && !l.isDead() {
		l.err = errors.Join(l.err, err)
	}
	close(l.done)
}

// apply is the command, in the background.
func (w *world) apply(moments int, named bool, replace ...string) *life {
	l := w.begin("apply", moments)
	cfg := w.cfg
	go func() {
		defer l.end()
		plan, err := l.planner().Plan(l.ctx, cfg, engine.PlanOptions{Observe: 500 * time.Millisecond, Replace: replace})
		if err != nil {
			l.err = err
			return
		}
		if named {
			w.nameAll(plan)
		}
		_, l.err = l.runner.Apply(l.ctx, l.soft, cfg, plan)
	}()
	return l
}

// watch is the command, in the background.
func (w *world) watch(moments int) *life {
	l := w.begin("watch", moments)
	cfg := w.cfg
	l.events = &hearing{deaf: w.deaf}
	watcher, err := watch.New(watch.Options{
		FS: l.fs, ConfigDir: w.dir, Source: l.events, Network: func(string) string { return "" },
		Writer: func(path string) watch.WriterState {
			switch busy, known := w.writers(path); {
			case busy:
				return watch.Busy
			case known:
				return watch.Free
			}
			return watch.Unknown
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	service := engine.NewService(engine.ServiceOptions{
		Runner: l.runner, Planner: l.planner(), Watcher: &eyes{watcher, make(chan engine.WatchEvent)}, AutoApprove: w.autoApprove,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), StatusPath: w.path(".dropform/watch.json"),
		Load: func() (*engine.Config, diag.List) { return w.parse(l.fs) },
	})
	go func() {
		defer l.end()
		_, l.err = service.Run(l.ctx, l.soft, cfg)
	}()
	return l
}

// killAll is kill -9 for every process at once: the ledger is copied as it is at this instant, and those that come later
// open the copy.
func (w *world) killAll() {
	w.calm <- struct{}{}
	defer func() { <-w.calm }()
	lives := w.processes()
	if !slices.ContainsFunc(lives, func(l *life) bool { return !l.isDead() }) {
		return
	}
	w.fork(func() {
		for _, l := range lives {
			l.mu.Lock()
			l.dead = true
			l.mu.Unlock()
		}
	})
	for _, l := range lives {
		w.wire.cut(l)
		l.cancel()
	}
	for _, temp := range w.temps() { // which age by the world's clock
		_ = os.Chtimes(temp, time.Now(), time.Now())
	}
}

// processes are those that have not been reaped.
func (w *world) processes() []*life {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lives)
}

// fork copies the ledger while nobody can write it. The processes die meanwhile: one that lived on for a moment could record an
// intent in the ledger that nobody reads any more, and send.
func (w *world) fork(die func()) {
	now := w.ledgerPath()
	db, err := sql.Open("sqlite", "file:"+now+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	hold, err := db.Begin()
	if err != nil {
		panic(fmt.Sprintf("hold the ledger still: %v", err))
	}
	die()
	w.forks++
	next := w.path(fmt.Sprintf(".dropform/%d/ledger.db", w.forks))
	if err := os.MkdirAll(filepath.Dir(next), 0o700); err != nil {
		panic(err)
	}
	for _, part := range []string{"", "-wal"} {
		raw, err := os.ReadFile(now + part)
		if err == nil {
			err = os.WriteFile(next+part, raw, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			panic(err)
		}
	}
	if err := hold.Rollback(); err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledger = next
}

// reap waits for the processes that have ended, or are to end, and forgets them.
func (w *world) reap(all bool) {
	for _, l := range w.processes() {
		if all && l.name == "watch" {
			l.stop()
		}
		if !all && !l.isDead() && l.name == "watch" {
			continue
		}
		select {
		case <-l.done:
		case <-time.After(12 * time.Hour):
			w.t.Fatalf("%s does not end", l.name)
		}
		w.mu.Lock()
		w.lives = slices.DeleteFunc(w.lives, func(x *life) bool { return x == l })
		w.mu.Unlock()
		if l.err != nil && !l.isDead() && !w.troubled {
			w.t.Fatalf("%s: %v", l.name, l.err)
		}
	}
}

// watching is the watch that runs, nil where there is none.
func (w *world) watching() *life {
	for _, l := range w.processes() {
		if l.name == "watch" {
			return l
		}
	}
	return nil
}

// hearing is a watch.Source to which the world tells what users do.
type hearing struct {
	deaf bool // it hears of nothing

	mu      sync.Mutex
	events  chan fsnotify.Event
	errs    chan error
	watched []string
}

func (h *hearing) Open() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events, h.errs, h.watched = make(chan fsnotify.Event), make(chan error), nil
	return nil
}

func (h *hearing) Close() error { return nil }

func (h *hearing) Events() <-chan fsnotify.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}

func (h *hearing) Errors() <-chan error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.errs
}

func (h *hearing) Add(path string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched = append(h.watched, path)
	return nil
}

func (h *hearing) Remove(path string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.Index(h.watched, path)
	if i < 0 {
		return fsnotify.ErrNonExistentWatch
	}
	h.watched = slices.Delete(h.watched, i, i+1)
	return nil
}

func (h *hearing) Watched() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.watched)
}

// tell sends an event about a path to a watch that watches its folder.
func (l *life) tell(op fsnotify.Op, path string) {
	h := l.events
	h.mu.Lock()
	events := h.events
	hears := !h.deaf && slices.Contains(h.watched, filepath.Dir(path))
	h.mu.Unlock()
	if !hears {
		return
	}
	select {
	case events <- fsnotify.Event{Name: path, Op: op}:
	case <-l.ctx.Done():
	case <-l.done:
	}
}

// eyes gives a watcher's events to the engine, as the program does.
type eyes struct {
	*watch.Watcher
	events chan engine.WatchEvent
}

func (e *eyes) SetFolders(folders []engine.WatchFolder) {
	list := make([]watch.Folder, len(folders))
	for i, f := range folders {
		list[i] = watch.Folder{ID: f.ID, Path: f.Path, Take: f.Take, Settle: f.Settle, Poll: f.Poll, MinSize: f.MinSize, ReadyFile: f.ReadyFile}
	}
	e.Watcher.SetFolders(list)
}

func (e *eyes) Events() <-chan engine.WatchEvent { return e.events }

func (e *eyes) Status() []engine.WatchStatus { return nil }

func (e *eyes) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case ev := <-e.Watcher.Events():
				select {
				case e.events <- seen(ev):
				case <-ctx.Done():
					return
				}
			}
		}
	})
	err := e.Watcher.Run(ctx)
	cancel()
	passing.Wait()
	return err
}

func seen(ev watch.Event) engine.WatchEvent {
	switch ev := ev.(type) {
	case watch.Settled:
		return engine.WatchEvent{Kind: engine.WatchSettled, ID: ev.FolderID, Name: ev.Name, State: engine.FileState{Size: ev.Size, ModTime: ev.ModTime}}
	case watch.StillChanging:
		return engine.WatchEvent{Kind: engine.WatchStillChanging, ID: ev.FolderID, Name: ev.Name}
	case watch.Unmarked:
		return engine.WatchEvent{Kind: engine.WatchUnmarked, ID: ev.FolderID, Name: ev.Name}
	case watch.Degraded:
		return engine.WatchEvent{Kind: engine.WatchDegraded, ID: ev.FolderID, Err: ev.Reason}
	case watch.Healed:
		return engine.WatchEvent{Kind: engine.WatchHealed, ID: ev.FolderID}
	case watch.Exchanged:
		return engine.WatchEvent{Kind: engine.WatchExchanged, ID: ev.FolderID}
	case watch.Due:
		return engine.WatchEvent{Kind: engine.WatchDue, ID: ev.ID, At: ev.At}
	}
	return engine.WatchEvent{Kind: engine.WatchConfigChanged}
}
