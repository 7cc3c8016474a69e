package engine

import (
	"context"
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
	held    map[string]bool          // the names that it brings back, for the watcher told them once; true: nothing of the block's order goes before it
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
		names := d.pick(cfg.ImportAt(a))
		behind := d.behind(cfg.ImportAt(a))
		d.wanted, d.looking = false, len(names)
		told := make(map[string]FileState, len(names))
		for _, name := range names {
			if state, known := d.told[name]; known {
				told[name] = state
			}
		}
		before, waits := s.dependency(cfg, a)
		s.mu.Unlock()
		left := leftover{names: names, kept: names, any: true, at: time.Now().Add(dependencyPause)}
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
	if imp := cfg.ImportAt(a); imp != nil {
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

func connectionOf(cfg *Config, a Address) Address {
	if imp := cfg.ImportAt(a); imp != nil {
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
		if _, there := d.held[name]; !there {
			d.held[name] = false
		}
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
