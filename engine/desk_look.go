package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"dropform/engine/durable"
)

// leftover is what a look at a block did not bring to an end.
type leftover struct {
	names  []string
	kept   []string  // those of the names that keep their turn in the block's order
	behind []string  // files that wait for nothing but those that were put back before
	any    bool      // something is to be looked at again
	at     time.Time // not before this time; zero: by the desk's own patience
	now    bool      // an export came to its end: look at once what fell due meanwhile
}

// once observes the block, plans, and carries the plan out. told is what the files on the desk were like when they were said
// to be complete; only the block's worker touches the desk's met and read. behind is a file that was put back and that
// nothing overtakes, see mustWait.
func (s *Service) once(ctx, soft context.Context, cfg *Config, a Address, d *desk, names []string, told map[string]FileState, behind string) leftover {
	all := leftover{names: names, kept: names, any: true}
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
		return all
	}
	if folder := cfg.folderAt(a); folder != nil {
		s.markBare(ctx, a, folder, snap.folderSeen(a))
	}
	plan, err := build(near, snap, PlanOptions{self: s.o.Runner.o.Process.ID, watch: true})
	if err != nil {
		s.o.Log.Warn("plan the block", "address", a.String(), "error", err)
		return all
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
		return all
	}
	n.work(ctx, may)
	d.keepReadings(cfg.ImportAt(a), snap.imports[a], waits)
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

// follow lays the rules that follow a rule's orders on their desks: an order of it was placed.
func (s *Service) follow(ctx, soft context.Context, cfg *Config, placed Address) {
	for _, r := range cfg.Rules {
		if r.After == placed.Base() {
			s.lay(ctx, soft, r.Address.String(), "")
		}
	}
}
