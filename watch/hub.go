package watch

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// silenceAfter is how long after a writer test the event queue is given to
	// bring a Write that had happened by then; silenceGap is how long it must
	// have brought nothing at all to count as drained.
	silenceAfter = 2 * time.Millisecond
	silenceGap   = 250 * time.Microsecond
)

// hub shares one Source among all folders: it keeps the source alive, gives
// each event to the inboxes of its directory, and proves silence.
type hub struct {
	src   Source
	asked chan struct{} // capacity 1: asks is not empty

	arm sync.Mutex // serialises registering with the source's Add and Remove

	mu    sync.Mutex
	boxes map[string][]*inbox // by watched directory
	asks  []ask
	epoch uint64 // counts Opens: a watch of an earlier epoch is dead
	down  error  // why the source is not open
}

// ask is the wish to know that the queue was drained after a moment.
type ask struct {
	box    *inbox
	number uint64
	at     time.Time
}

func newHub(src Source) *hub {
	return &hub{
		src: src, asked: make(chan struct{}, 1), boxes: map[string][]*inbox{},
		down: errSourceClosed,
	}
}

// open opens the source anew and tells every inbox that its watch is gone. No
// Add is under way meanwhile: one that the old source never answers would hang.
func (h *hub) open() error {
	h.arm.Lock()
	defer h.arm.Unlock()
	err := h.src.Open()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.epoch++
	h.down = err
	h.asks = nil
	for _, boxes := range h.boxes {
		for _, b := range boxes {
			b.tell(func(in *news) { in.renewed = true })
		}
	}
	return err
}

// run reads the source until ctx ends, opening it again after every error. The
// caller has tried open once, so that folders start with an answer, and says
// how that went.
func (h *hub) run(ctx context.Context, opened error) {
	defer func() { _ = h.src.Close() }()
	var failures backoff
	pace := limiter{longest: 10 * time.Second}
	for ctx.Err() == nil {
		if opened == nil {
			failures.reset()
			h.read(ctx)
			opened = h.reopen(ctx, time.Until(pace.next(time.Now())))
		} else {
			opened = h.reopen(ctx, failures.next())
		}
	}
}

// reopen opens the source after a pause. The old one is read until it is closed:
// on Windows an Add is answered by the thread that delivers events, and would
// wait for ever if nobody took them.
func (h *hub) reopen(ctx context.Context, pause time.Duration) error {
	events, errs := h.src.Events(), h.src.Errors()
	opened := make(chan error, 1)
	go func() {
		if !sleep(ctx, pause) {
			opened <- ctx.Err()
			return
		}
		opened <- h.open()
	}()
	for {
		select {
		case err := <-opened:
			return err
		case ev, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			h.route(ev)
		case _, ok := <-errs:
			if !ok {
				errs = nil
			}
		}
	}
}

// read gives events to inboxes until ctx ends or the source reports that
// watches may be dead. It does no I/O and holds no lock over any: what it does
// not take from the source fills the system's queue.
func (h *hub) read(ctx context.Context) {
	events, errs := h.src.Events(), h.src.Errors()
	silence := time.NewTimer(time.Hour)
	defer silence.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events:
			if !ok {
				return
			}
			last = time.Now()
			h.route(ev)
		case err, ok := <-errs:
			if !ok || !errors.Is(err, fsnotify.ErrEventOverflow) {
				return
			}
			last = time.Now()
			h.overflow()
		case <-h.asked:
			silence.Reset(h.untilProof(time.Now()))
		case <-silence.C:
			// An event and the timer may have become ready together, and select
			// picks at random: the event goes first.
			select {
			case ev, ok := <-events:
				if !ok {
					return
				}
				last = time.Now()
				h.route(ev)
			default:
			}
			if quiet := time.Since(last); quiet < silenceGap {
				silence.Reset(silenceGap - quiet)
				continue
			}
			silence.Reset(h.prove(time.Now()))
		}
	}
}

// watch adds a watch for path on behalf of box, replacing one that is there:
// after the directory was exchanged, the old one may cling to what was moved
// away. Others that share the path are told that they may have missed events.
// It returns the epoch in which the watch lives.
func (h *hub) watch(path string, box *inbox) (uint64, error) {
	h.arm.Lock()
	defer h.arm.Unlock()
	h.mu.Lock()
	epoch, down := h.epoch, h.down
	for _, b := range h.boxes[path] {
		if b != box {
			b.tell(func(in *news) { in.lost = true })
		}
	}
	if !slices.Contains(h.boxes[path], box) {
		h.boxes[path] = append(h.boxes[path], box)
	}
	h.mu.Unlock()
	if down != nil {
		return epoch, down
	}
	_ = h.src.Remove(path)
	if err := h.src.Add(path); err != nil {
		return epoch, err
	}
	if !h.watched(path) {
		return epoch, errors.New("the system already watches this folder under another path")
	}
	return epoch, nil
}

// unwatch ends box's interest in path.
func (h *hub) unwatch(path string, box *inbox) {
	h.arm.Lock()
	defer h.arm.Unlock()
	h.mu.Lock()
	rest := slices.DeleteFunc(h.boxes[path], func(b *inbox) bool { return b == box })
	if len(rest) == 0 {
		delete(h.boxes, path)
	} else {
		h.boxes[path] = rest
	}
	h.mu.Unlock()
	if len(rest) == 0 {
		_ = h.src.Remove(path) // already gone if the directory is
	}
}

func (h *hub) watched(path string) bool { return slices.Contains(h.src.Watched(), path) }

// alive says whether a watch of that epoch can still bring events.
func (h *hub) alive(path string, epoch uint64) bool {
	h.mu.Lock()
	current := h.epoch == epoch && h.down == nil
	h.mu.Unlock()
	return current && h.watched(path)
}

func (h *hub) route(ev fsnotify.Event) {
	var n notice
	if ev.Has(fsnotify.Create) {
		n |= created
	}
	if ev.Has(fsnotify.Write) {
		n |= written
	}
	if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
		n |= gone
	}
	if n == 0 {
		return // attributes only
	}
	dir, name := filepath.Dir(ev.Name), filepath.Base(ev.Name)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.boxes[dir] {
		b.put(name, n)
	}
	for _, b := range h.boxes[ev.Name] {
		b.tell(func(in *news) { in.root = true })
	}
}

// overflow marks every inbox: the system does not say whose events were lost.
func (h *hub) overflow() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, boxes := range h.boxes {
		for _, b := range boxes {
			b.overflow()
		}
	}
}

// ask wants number proved in box: that every event from before now was put in.
func (h *hub) ask(box *inbox, number uint64) {
	h.mu.Lock()
	h.asks = append(h.asks, ask{box, number, time.Now()})
	h.mu.Unlock()
	select {
	case h.asked <- struct{}{}:
	default:
	}
}

// prove answers the asks that are old enough, given that the queue is drained,
// and returns how long the next one has to wait.
func (h *hub) prove(now time.Time) time.Duration {
	h.mu.Lock()
	rest := h.asks[:0]
	for _, a := range h.asks {
		if now.Sub(a.at) < silenceAfter {
			rest = append(rest, a)
			continue
		}
		a.box.tell(func(in *news) { in.proved = max(in.proved, a.number) })
	}
	h.asks = rest
	h.mu.Unlock()
	return h.untilProof(now)
}

func (h *hub) untilProof(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asks) == 0 {
		return time.Hour
	}
	return max(silenceAfter-now.Sub(h.asks[0].at), silenceGap)
}
