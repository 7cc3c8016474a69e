package engine

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// Watcher is the outside world as watch needs it: complete files, due times, an edited configuration. Its events are
// hints about when to plan again; what is done about them is the plan's business.
type Watcher interface {
	SetFolders([]WatchFolder)
	SetTimers(map[string]time.Time)
	Rescan(id string)
	Events() <-chan WatchEvent
	Run(ctx context.Context) error
	Status() []WatchStatus
}

// WatchFolder is one drop folder to watch. ID is the import's address.
type WatchFolder struct {
	ID, Path     string
	Take         func(name string) bool
	Settle, Poll time.Duration
	MinSize      int64
	ReadyFile    func(name string, modified time.Time) string // nil: none
}

// WatchEventKind is what a WatchEvent says.
type WatchEventKind int

// The kinds of watch events.
const (
	WatchSettled       WatchEventKind = iota // the file ID, Name is complete
	WatchDegraded                            // the folder ID cannot be watched, Err says why
	WatchHealed                              // it can again
	WatchExchanged                           // another directory stands at the path of the folder ID
	WatchDue                                 // the timer ID has come
	WatchConfigChanged                       // a configuration file changed
	WatchStillChanging                       // the file ID, Name has been changing for ten minutes
	WatchUnmarked                            // the file ID, Name has been without its marker for an hour
)

// WatchEvent is one hint.
type WatchEvent struct {
	Kind     WatchEventKind
	ID, Name string
	State    FileState // of a file that is complete
	At       time.Time
	Err      error
}

// FileState is what a file was like when it was complete. Rights may change, and a change time with them, without anybody
// writing to it.
type FileState struct {
	Size    int64 // bytes
	ModTime int64 // Unix nanoseconds
}

// WatchStatus is how one folder is watched.
type WatchStatus struct {
	ID        string    `json:"id"`
	Mode      string    `json:"mode"`              // "events" or "poll"
	Network   string    `json:"network,omitempty"` // the file system because of which it is polled
	Degraded  string    `json:"degraded,omitempty"`
	Pending   int       `json:"pending"`
	Oldest    time.Time `json:"oldest,omitzero"`
	Overflows int       `json:"overflows"`
	Rearms    int       `json:"rearms"`
	LastSweep time.Time `json:"last_sweep,omitzero"`
}

// ServiceOptions is what a Service works with.
type ServiceOptions struct {
	Runner      *Runner // with KeepTrying
	Planner     Planner
	Watcher     Watcher
	Load        func() (*Config, diag.List)
	AutoApprove bool // apply changed definitions too
	Log         *slog.Logger
	StatusPath  string // where the state is kept for status
}

// Service is watch: it plans again when the watcher, the clock or the ledger give a reason to, and carries the plan out.
// It serves applied definitions only.
type Service struct {
	o     ServiceOptions
	began time.Time

	mu       sync.Mutex
	loaded   *Config // the newest valid configuration
	served   *Config // what of it, and of older ones, is applied
	broken   diag.List
	waiting  []Address
	unserved []Address // see ConfigLoaded
	waitsFor string    // the changes behind waiting
	blocks   map[Address]*desk
	seen     int64 // newest event of the ledger that has been looked at
	tally    Tally
	degraded map[string]string
	told     map[Address]string // what waits for a person and has been told
	unknown  map[Address]bool   // outcomes that nobody knows
	asked    map[Address]bool   // what else waits for a person's word
	timers   map[string]time.Time
	touched  map[string]bool // folders from which something was sent since their markers were renewed

	work  sync.WaitGroup
	looks chan struct{} // a place for each look under way

	// Of the loop's goroutine alone:
	applyAgain time.Time     // when an edit that could not be applied is tried again; zero: there is none
	patience   time.Duration // how long that waits
	reported   WatchState    // what was last left for status
}

// NewService makes a Service; Run starts it.
func NewService(o ServiceOptions) *Service {
	return &Service{o: o, looks: make(chan struct{}, looksAtOnce), blocks: map[Address]*desk{}, degraded: map[string]string{}, told: map[Address]string{}, timers: map[string]time.Time{}, unknown: map[Address]bool{}, asked: map[Address]bool{}}
}

// Run serves until soft ends, then finishes what is on the wire; ctx ends it at once.
func (s *Service) Run(ctx, soft context.Context, cfg *Config) (Tally, error) {
	s.began = time.Now()
	s.loaded = cfg
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	failed := make(chan error, 1)
	watcher.Go(func() { failed <- s.o.Watcher.Run(watching) })
	s.sweep(ctx, soft)
	err := s.reconcile(ctx, soft)
	if err == nil {
		err = s.loop(ctx, soft, failed)
	}
	s.stopTimers()
	s.work.Wait()
	s.renewMarkers(ctx)
	stop()
	watcher.Wait()
	return s.total(), err
}

// total is the tally with what a stop leaves: what waits in the folders or runs on the server, and what is unknown.
func (s *Service) total() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally
	t.Unknown = len(s.unknown)
	t.Waiting += len(s.asked)
	asked := map[Address]bool{}
	for a := range s.asked {
		asked[a.Block()] = true
	}
	for a, d := range s.blocks {
		waits := d.count()
		if d.pending && !asked[a] {
			waits = max(waits, 1)
		}
		t.Waiting += waits
	}
	return t
}

func (s *Service) loop(ctx, soft context.Context, failed <-chan error) error {
	tick := time.NewTicker(ledgerTick)
	defer tick.Stop()
	renew := time.NewTicker(markEvery)
	defer renew.Stop()
	wall := s.o.Planner.Now().Round(0) // without its monotonic part a time is compared by the wall
	for {
		select {
		case <-soft.Done():
			return nil
		case err := <-failed:
			if soft.Err() != nil {
				return nil
			}
			return err
		case e := <-s.o.Watcher.Events():
			s.hint(ctx, soft, e)
		case <-renew.C:
			s.renewMarkers(ctx)
			s.sweep(ctx, soft)
		case <-tick.C:
			before := wall
			wall = s.o.Planner.Now().Round(0)
			// After the clock was set back, the due times that it will show again are not the ones that are waited for.
			if s.o.Runner.settle(ctx) || wall.Before(before) {
				s.lookAgain(ctx, soft)
			}
			if err := s.lookAtLedger(ctx, soft); err != nil {
				s.o.Log.Warn("read the ledger", "error", err)
			}
			if !s.applyAgain.IsZero() && time.Now().After(s.applyAgain) {
				s.takeUp(ctx, soft)
			}
			s.writeStatus()
		}
	}
}

// markEvery is how often a watch renews the markers of the folders that it serves.
const markEvery = time.Hour

// renewMarkers writes the markers of the folders from which something was sent since the last time.
func (s *Service) renewMarkers(ctx context.Context) {
	s.mu.Lock()
	n := &run{Runner: s.o.Runner, touched: s.touched}
	s.touched = nil
	s.mu.Unlock()
	n.markServed(ctx)
}

// sweep looks for what processes that are gone left half written: at the start, once more when what was too young then has
// grown old, and now and again. The loop does not wait for it: a folder may lie on a share that is away.
func (s *Service) sweep(ctx, soft context.Context) {
	s.work.Go(func() {
		if !s.o.Runner.sweepAbandoned(ctx) {
			return
		}
		n := &run{Runner: s.o.Runner, soft: soft}
		if n.sleep(abandonedAfter) {
			s.o.Runner.sweepAbandoned(ctx)
		}
	})
}

// lookAgain lays every block on its desk: what it left open may go on.
func (s *Service) lookAgain(ctx, soft context.Context) {
	for _, b := range s.serves().blocks() {
		if b.Address.Kind != KindConnectionPerbit && b.Address.Kind != KindConnectionConbox {
			s.lay(ctx, soft, b.Address.String(), "")
		}
	}
}

// hint passes a watcher's event on.
func (s *Service) hint(ctx, soft context.Context, e WatchEvent) {
	switch e.Kind {
	case WatchSettled:
		s.settled(ctx, soft, e)
	case WatchDue:
		s.lay(ctx, soft, e.ID, "")
	case WatchDegraded:
		s.setDegraded(e.ID, whyDegraded(e.Err))
	case WatchHealed:
		s.setDegraded(e.ID, "")
		s.lay(ctx, soft, e.ID, "") // it may be another one, see mark
	case WatchExchanged:
		s.lay(ctx, soft, e.ID, "")
	case WatchStillChanging:
		s.o.Runner.emit(FileStillChanging{Address: s.addressOf(e.ID).Of(e.Name)})
	case WatchUnmarked:
		s.o.Runner.emit(FileUnmarked{Address: s.addressOf(e.ID).Of(e.Name)})
	case WatchConfigChanged:
		s.reload(ctx, soft)
	}
}

// whyDegraded is a folder's trouble in words for people.
func whyDegraded(err error) string {
	if errors.Is(err, os.ErrNotExist) {
		return "The folder is gone (is a share not mounted?). It is served again by itself when it is back."
	}
	return plainError(err)
}

func (s *Service) addressOf(id string) Address {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.served.ParseAddress(id)
	if err != nil {
		return Address{}
	}
	return a
}

// serves is the configuration that is served now.
func (s *Service) serves() *Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}

// fileOf is the file that an event is about. A rule looks at all files that are complete anyway.
func (s *Service) fileOf(e ledger.Event) string {
	if s.addressOf(e.Address).IsRule() {
		return ""
	}
	return e.Item
}

// setDegraded tells a folder's trouble once, and its end once.
func (s *Service) setDegraded(id, why string) {
	a := s.addressOf(id)
	s.mu.Lock()
	before := s.degraded[id]
	if why == "" {
		delete(s.degraded, id)
	} else {
		s.degraded[id] = why
	}
	s.mu.Unlock()
	switch {
	case why != "" && before == "":
		s.o.Runner.emit(FolderDegraded{Address: a, Text: why})
	case why == "" && before != "":
		s.o.Runner.emit(FolderHealed{Address: a})
	}
}

// tell reports what needs a person and what is wrong with folders and files, each once.
func (s *Service) tell(plan *Plan) {
	s.mu.Lock()
	fresh := &Plan{Now: plan.Now}
	for _, a := range plan.Actions {
		if a.Kind == NeedsPerson && a.Reason == ReasonUnknown {
			s.unknown[a.Address] = true
		} else {
			delete(s.unknown, a.Address)
		}
		asks := a.asks(plan.Now)
		if asks != "" && !s.unknown[a.Address] {
			s.asked[a.Address] = true
		} else {
			delete(s.asked, a.Address)
		}
		if asks != "" && s.told[a.Address] != asks {
			s.told[a.Address] = asks
			fresh.Actions = append(fresh.Actions, a)
		} else if asks == "" {
			delete(s.told, a.Address)
		}
	}
	for _, p := range plan.Problems {
		at, err := s.served.ParseAddress(p.Address)
		if err == nil && s.told[at] != p.Code {
			s.told[at] = p.Code
			fresh.Problems = append(fresh.Problems, p)
		}
	}
	for _, x := range plan.Skipped {
		if s.told[x.Address] == "" {
			s.told[x.Address] = "skipped"
			fresh.Skipped = append(fresh.Skipped, x)
		}
	}
	s.mu.Unlock()
	if len(fresh.Actions) > 0 || len(fresh.Problems) > 0 {
		s.o.Runner.emit(PlanMade{Plan: fresh})
	}
	for _, x := range fresh.Skipped {
		s.o.Runner.emit(RunSkipped{x})
	}
}

// asks is what a person is asked about the action, empty for nothing.
func (a *Action) asks(now time.Time) string {
	switch {
	case a.overdue(now):
		return "max_wait"
	case a.Kind == NeedsPerson:
		return a.Reason
	case a.Approval == ApprovalRequired:
		return "approval " + a.Rule.shownDigest(a.Call, a.Prices)
	}
	return ""
}

// known forgets what a person has resolved or decided.
func (s *Service) known(e ledger.Event) {
	a := s.addressOf(e.Address)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unknown, a.Of(e.Item))
	delete(s.asked, a.Of(e.Item))
}

// lookAtLedger notices what other processes recorded: definitions that were applied, and what people asked for.
func (s *Service) lookAtLedger(ctx, soft context.Context) error {
	var events []ledger.Event
	s.mu.Lock()
	since := s.seen
	s.mu.Unlock()
	newest := since
	err := s.o.Planner.Reader.View(ctx, func(v *ledger.View) error {
		var err error
		events, newest, err = v.EventsSince(since)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.seen = newest
	s.mu.Unlock()
	definitions := false
	for _, e := range events {
		switch e.What {
		case "applied", "forgotten", "moved":
			definitions = true
		case string(ledger.StateDone): // an order that another process placed
			s.follow(ctx, soft, s.serves(), s.addressOf(e.Address))
		case "retry", "adopted", "approved", string(ledger.StateResolved), string(ledger.StateNotSent), string(ledger.StateUnknown):
			if e.Who != "" {
				s.known(e)
				s.hurry(s.addressOf(e.Address))
				s.lay(ctx, soft, e.Address, s.fileOf(e))
			}
		}
	}
	if definitions {
		s.takeUp(ctx, soft)
	}
	return nil
}
