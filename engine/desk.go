package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"dropform/engine/durable"
)

// desk is what lies before one block: a worker takes what is there, and there is one worker at a time.
type desk struct {
	names   map[string]bool
	wanted  bool // look at it even without names: resume, retry, a due export
	running bool
	later   *time.Timer
	pending bool                     // later has something to bring back
	looking int                      // how many names the worker looks at now
	held    map[string]bool          // the names that it brings back: the watcher told them once and will not again. True: nothing of an ordered import is sent before it
	wait    time.Duration            // how long what did not go waits before it is looked at again
	told    map[string]FileState     // files on the desk as they were when the watcher said that they are complete
	read    map[string]reading       // files that wait for nothing but their connection
	met     map[string]durable.Stamp // a rule's files as they were when the watcher last said that they are complete
}

const (
	firstLater   = 5 * time.Second
	longestLater = 5 * time.Minute
	ledgerTick   = time.Second
)

// settled lays a file on its block's desk that the watcher says is complete, with what it was like then: it may lie there for
// long, and whoever writes to it meanwhile begins anew with being complete.
func (s *Service) settled(ctx, soft context.Context, e WatchEvent) {
	a := s.addressOf(e.ID)
	if a.IsZero() {
		return
	}
	s.mu.Lock()
	s.deskOf(a).told[e.Name] = e.State
	s.mu.Unlock()
	s.layAt(ctx, soft, a, e.Name)
}

// deskOf is a block's desk. The caller holds s.mu.
func (s *Service) deskOf(a Address) *desk {
	d := s.blocks[a]
	if d == nil {
		d = &desk{names: map[string]bool{}, held: map[string]bool{}, told: map[string]FileState{}, read: map[string]reading{}, met: map[string]durable.Stamp{}, wait: firstLater}
		s.blocks[a] = d
	}
	return d
}

// lay puts a name, or just a reason to look, on a block's desk and sees to it that somebody works there.
func (s *Service) lay(ctx, soft context.Context, id, name string) {
	s.layAt(ctx, soft, s.addressOf(id), name)
}

// layAt is lay for a block that is served.
func (s *Service) layAt(ctx, soft context.Context, a Address, name string) {
	if a.IsZero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deskOf(a)
	if name != "" {
		d.names[name] = true
	} else {
		d.wanted = true
	}
	if !d.running && soft.Err() == nil {
		d.running = true
		s.work.Go(func() { s.serve(ctx, soft, a, d) })
	}
}

// serve works on a block until its desk is empty.
func (s *Service) serve(ctx, soft context.Context, a Address, d *desk) {
	for {
		s.mu.Lock()
		if len(d.names) == 0 && !d.wanted || soft.Err() != nil {
			d.running = false
			s.mu.Unlock()
			return
		}
		cfg := s.served
		names := d.pick(cfg.importAt(a))
		behind := d.behind(cfg.importAt(a))
		d.wanted, d.looking = false, len(names)
		told := make(map[string]FileState, len(names))
		for _, name := range names {
			if state, known := d.told[name]; known {
				told[name] = state
			}
		}
		before, waits := s.dependency(cfg, a)
		s.mu.Unlock()
		left := leftover{names: names, turn: true, any: true, at: time.Now().Add(dependencyPause)}
		if waits {
			s.o.Log.Debug("wait for a dependency", "address", a.String(), "dependency", before.String())
		} else {
			left = s.once(ctx, soft, cfg, a, d, names, told, behind)
		}
		s.postpone(ctx, soft, a, d, left)
		s.forget(d, told, slices.Concat(left.names, left.behind))
		if left.now {
			s.mu.Lock()
			d.wanted = true
			s.mu.Unlock()
		}
	}
}

// forget drops what was noted of files that are dealt with, unless the watcher has spoken of them again.
func (s *Service) forget(d *desk, told map[string]FileState, left []string) {
	for _, name := range left {
		delete(told, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, state := range told {
		if d.told[name] == state {
			delete(d.told, name)
		}
	}
}

// mostAtOnce is how many files of an import are planned together: what a plan holds in memory must not grow with what waits.
const mostAtOnce = 1024

// pick takes the names that are looked at now. Of very many it leaves those that come later in the block's order for the next
// look; where that is by time, only all of them together have an order.
func (d *desk) pick(imp *Import) []string {
	most := len(d.names)
	if imp != nil && imp.Order != "modified" {
		most = min(most, mostAtOnce)
	}
	names := least(d.names, most)
	for _, name := range names {
		delete(d.names, name)
		delete(d.held, name) // it is looked at now
	}
	return names
}

// behind is a file that was looked at, could not be begun for a reason that is not its own, and comes back later; empty for
// none. Where an import has an order, what is sent before that has overtaken it. The caller holds the service's lock.
func (d *desk) behind(imp *Import) string {
	first := ""
	if imp == nil || imp.Order == "any" {
		return first
	}
	for name, turn := range d.held {
		if turn && (first == "" || naturalCompare(name, first) < 0) {
			first = name
		}
	}
	return first
}

// least is the first n names in natural order. It does not sort the others.
func least(names map[string]bool, n int) []string {
	var out []string
	last := "" // the greatest of n names that were found so far
	for name := range names {
		if last != "" && naturalCompare(name, last) > 0 {
			continue
		}
		if out = append(out, name); len(out) == 2*n {
			slices.SortFunc(out, naturalCompare)
			out, last = out[:n], out[n-1]
		}
	}
	slices.SortFunc(out, naturalCompare)
	return out[:min(n, len(out))]
}

// dependencyPause is how soon a block looks again whether those it depends on are done.
const dependencyPause = 250 * time.Millisecond

// dependency finds a block that a depends on and that still has something before it. The caller holds s.mu.
func (s *Service) dependency(cfg *Config, a Address) (Address, bool) {
	g := &group{}
	if imp := cfg.importAt(a); imp != nil {
		g.depends = imp.DependsOn
	}
	if exp := cfg.exportAt(a); exp != nil {
		g.depends = exp.DependsOn
	}
	if r := cfg.ruleAt(a); r != nil {
		g.depends = r.DependsOn
	}
	if len(g.depends) == 0 {
		return Address{}, false
	}
	for other, d := range s.blocks {
		if other != a && dependsOn(g, other) && (d.running || d.wanted || len(d.names) > 0 || d.pending) {
			return other, true
		}
	}
	return Address{}, false
}

// leftover is what a look at a block did not bring to an end.
type leftover struct {
	names  []string
	turn   bool      // all of them keep their turn in the block's order
	kept   []string  // those of the names that do
	behind []string  // files that wait for nothing but those that were put back before
	any    bool      // something is to be looked at again
	at     time.Time // not before this time; zero: by the desk's own patience
	now    bool      // an export came to its end: look at once what fell due meanwhile
}

// once observes the block, plans, and carries the plan out. told is what the files on the desk were like when they were said
// to be complete; only the block's worker touches the desk's met and read.
func (s *Service) once(ctx, soft context.Context, cfg *Config, a Address, d *desk, names []string, told map[string]FileState, behind string) leftover {
	only, met := &scope{files: map[Address][]string{}, exports: map[Address]bool{}, told: told, read: d.read}, d.met
	switch {
	case a.Kind == KindExport:
		only.exports[a] = true
	case a.IsRule(): // an approval says nothing of the file, so all that are known are looked at
		for _, name := range names {
			delete(met, name)
		}
		only.files[a], only.stamps = slices.Concat(names, slices.Collect(maps.Keys(met))), met
	default:
		only.files[a] = names
	}
	near := cfg.narrow(a)
	looked := s.place(ctx)
	snap, err := s.o.Planner.take(ctx, near, only, nil)
	looked()
	if err == nil {
		remember(snap, a, met)
		err = s.readOrders(ctx, near, snap, a)
	}
	if err != nil {
		s.o.Log.Warn("look at the block", "address", a.String(), "error", err)
		return leftover{names: names, turn: true, any: true}
	}
	if folder := cfg.folderAt(a); folder != nil {
		s.markBare(ctx, a, folder, snap.folderSeen(a))
	}
	plan, err := build(near, snap, PlanOptions{self: s.o.Runner.o.Process.ID, watch: true})
	if err != nil {
		s.o.Log.Warn("plan the block", "address", a.String(), "error", err)
		return leftover{names: names, turn: true, any: true}
	}
	plan.Actions = slices.DeleteFunc(plan.Actions, func(x Action) bool { return x.Address.Block() != a })
	s.tell(plan)
	left, waits := leftover{}, map[string]bool{}
	n := &run{Runner: s.o.Runner, cfg: cfg, soft: soft, behind: behind}
	n.other = func(connection Address) int { return s.waitingFor(cfg, connection, a) }
	n.ended = func(x *Action, e ending) {
		if x.Kind == Purchase && e.result == ResultDone {
			s.follow(ctx, soft, cfg, x.Address)
		}
		if e.result == ResultUnknown {
			s.mu.Lock()
			s.unknown[x.Address] = true
			s.mu.Unlock()
		}
		if x.Export != nil && (e.result == ResultDone || x.Kind == Resume && e.result == ResultFailed && e.code != "local") {
			s.mu.Lock()
			left.now = true
			s.mu.Unlock()
		}
		if e.behind {
			s.mu.Lock()
			left.behind = append(left.behind, x.File.Name)
			waits[x.File.Name] = true
			s.mu.Unlock()
			return
		}
		again := e.result == ResultUnknown && x.onUnknown() == "retry"
		if again || e.result == ResultNotStarted || e.result == ResultWaiting || e.result == ResultFailed && e.code == "local" {
			s.mu.Lock()
			left.any = true
			if x.Export == nil && x.File.Name != "" {
				left.names = append(left.names, x.File.Name)
				if e.turn {
					left.kept = append(left.kept, x.File.Name)
				}
				waits[x.File.Name] = e.quiet
			}
			s.mu.Unlock()
		}
	}
	if len(plan.Recognised) > 0 {
		if err := s.o.Runner.o.Ledger.Put(ctx, plan.Recognised, nil, nil, "", "", ""); err != nil {
			s.o.Log.Warn("note the files", "address", a.String(), "error", err)
		}
	}
	may, err := n.await(ctx, plan)
	if err != nil {
		s.o.Log.Warn("record what waits for approval", "address", a.String(), "error", err)
		return leftover{names: names, turn: true, any: true}
	}
	n.work(ctx, may)
	d.keepReadings(cfg.importAt(a), snap.imports[a], waits)
	for _, w := range plan.Waiting {
		left.any, left.names = true, append(left.names, w.Address.Item)
	}
	for _, p := range plan.Problems {
		left.any = true
		if at, err := cfg.ParseAddress(p.Address); err == nil && at.HasItem && a.Kind != KindExport {
			left.names = append(left.names, at.Item)
		}
	}
	left.any = left.any || len(plan.UnderWay) > 0
	left.at = s.o.Runner.retryAt(connectionOf(cfg, a))
	n.tally.NotStarted, n.tally.Waiting, n.tally.Unknown = 0, 0, 0 // counted at the end, see total
	s.mu.Lock()
	s.tally.Add(n.tally)
	if s.touched == nil {
		s.touched = map[string]bool{}
	}
	maps.Copy(s.touched, n.touched)
	s.mu.Unlock()
	s.rearm(cfg, a)
	return left
}

// waitingFor counts what waits for a connection, but for what a block's worker has before it.
func (s *Service) waitingFor(cfg *Config, connection, but Address) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	waits := 0
	for block, d := range s.blocks {
		if connectionOf(cfg, block) != connection {
			continue
		}
		waits += d.count()
		switch {
		case block == but:
		case block.Kind == KindExport && d.pending:
			waits++
		default:
			waits += d.looking
		}
	}
	return waits
}

// count is how many names lie on the desk or come back to it. The caller holds the service's lock.
func (d *desk) count() int {
	n := len(d.names)
	for name := range d.held { // what was put back for later may have been seen again meanwhile
		if !d.names[name] {
			n++
		}
	}
	return n
}

// readOrders asks for the prices of a rule's orders, unless its connection is down just now. What the answer, or none, says
// of the connection is told as it is for a step.
func (s *Service) readOrders(ctx context.Context, cfg *Config, snap *snapshot, a Address) error {
	r := cfg.ruleAt(a)
	if r == nil {
		return nil
	}
	asked := snap.rules[a].toRead(r)
	if len(asked) == 0 {
		return nil
	}
	l, err := s.o.Runner.link(ctx, r.Connection)
	if err != nil {
		return err
	}
	if o, down := l.outage(s.o.Runner.o.Now()); down {
		for _, c := range asked {
			c.prices = &Prices{err: &waits{o}}
		}
		return nil
	}
	if err := s.o.Planner.readOrders(ctx, cfg, snap); err != nil {
		return err
	}
	for _, c := range asked {
		t, troubled := troubleOf(c.prices.err)
		if troubled && t.connection {
			s.o.Runner.wentDown(l, t, len(asked)+s.waitingFor(cfg, l.current().Address, a))
			return nil
		}
		if c.prices.err == nil {
			if lasted := l.answered(s.o.Runner.o.Now()); lasted > 0 {
				s.o.Runner.emit(ConnectionUp{Address: l.current().Address, After: lasted})
			}
		}
	}
	return nil
}

// remember notes what a rule's files were like now that they are complete.
func remember(s *snapshot, a Address, met map[string]durable.Stamp) {
	seen := s.rules[a]
	if seen == nil {
		return
	}
	for _, f := range seen.files {
		_, known := met[f.Name]
		switch {
		case f.err != nil:
			delete(met, f.Name)
		case !known && !f.dir:
			met[f.Name] = f.Stamp
		}
	}
}

// follow lays the rules that follow a rule's orders on their desks: an order of it was placed.
func (s *Service) follow(ctx, soft context.Context, cfg *Config, placed Address) {
	for _, r := range cfg.Rules {
		if r.After == placed.Base() {
			s.lay(ctx, soft, r.Address.String(), "")
		}
	}
}

// onUnknown is what the action's block says of an outcome that nobody knows.
func (a *Action) onUnknown() string {
	switch {
	case a.Import != nil:
		return a.Import.OnUnknown
	case a.Rule != nil:
		return a.Rule.OnUnknown
	}
	return ""
}

func connectionOf(cfg *Config, a Address) Address {
	if imp := cfg.importAt(a); imp != nil {
		return imp.Connection.Address
	}
	if exp := cfg.exportAt(a); exp != nil {
		return exp.Connection.Address
	}
	if r := cfg.ruleAt(a); r != nil {
		return r.Connection.Address
	}
	return Address{}
}

// postpone lays what is left on the desk again later: when the connection is tried again, else with growing patience.
// Nothing is ever tried in a hot loop, and nothing is forgotten.
func (s *Service) postpone(ctx, soft context.Context, a Address, d *desk, left leftover) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.looking = 0
	for _, name := range left.names {
		d.held[name] = d.held[name] || left.turn
	}
	for _, name := range left.kept {
		d.held[name] = true
	}
	for _, name := range left.behind {
		if d.pending {
			d.held[name] = true
		} else { // what it waits behind lies on the desk again
			d.names[name] = true
		}
	}
	if !left.any {
		if !d.pending {
			d.wait = firstLater
		}
		return // what an earlier look put back still comes
	}
	d.pending = true
	wait := d.wait
	if left.at.IsZero() {
		d.wait = min(2*d.wait, longestLater)
	} else {
		wait = max(time.Until(left.at), 50*time.Millisecond)
	}
	if d.later != nil {
		d.later.Stop()
	}
	id := a.String()
	d.later = time.AfterFunc(wait, func() {
		if soft.Err() != nil {
			return
		}
		s.mu.Lock()
		d.bringBack(a)
		s.mu.Unlock()
		s.lay(ctx, soft, id, "") // by its text, because the block may be gone by then
	})
}

// bringBack lays what was put back on the desk again. The caller holds the service's lock.
func (d *desk) bringBack(a Address) {
	d.pending = false
	for name := range d.held {
		if !a.IsRule() { // a rule looks at its files anyway, and only the watcher says that one is complete
			d.names[name] = true
		}
	}
	clear(d.held)
}

// hurry lays what was put back on a block's desk now: somebody asked for it, or its definition has changed.
func (s *Service) hurry(a Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.blocks[a]; d != nil && d.pending {
		if d.later != nil {
			d.later.Stop()
		}
		d.wait = firstLater
		d.bringBack(a)
	}
}

func (s *Service) stopTimers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.blocks {
		if d.later != nil {
			d.later.Stop()
		}
	}
}
