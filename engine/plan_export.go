package engine

import (
	"cmp"
	"fmt"
	"time"

	"dropform/engine/ledger"
)

// lastExports is how many of an export's newest runs are looked at.
const lastExports = 300

// mostMissed bounds how many slots missed = "all" makes up for.
const mostMissed = 500

// startGrace is how late a run may begin and still count as due rather than missed, where the block has no window.
const startGrace = 10 * time.Minute

// runDigest stands for everything whose change makes an export without a schedule run again.
func (e *Export) runDigest() string {
	return e.digestPaths("connection", "object", "method", "variables", "target.path", "target.encoding", "target.bom", "target.newline", "fixed")
}

func (d *draft) planExport(exp *Export, seen *exportSeen) {
	actions, underWay := len(d.Actions), len(d.UnderWay)
	d.resumeInterrupted(exp.Address, nil, exp, nil)
	if len(d.UnderWay) > underWay {
		return
	}
	if d.replaced(exp.Address) {
		d.export(exp, seen, d.present(exp), ReasonRequested)
		return
	}
	if d.rerun(exp, seen) {
		return
	}
	for i := range d.Actions[actions:] {
		if a := &d.Actions[actions+i]; a.Kind == Resume && a.Prior != nil {
			return
		}
	}
	if exp.Schedule != nil {
		d.planScheduled(exp, seen)
		return
	}
	if reason := exp.askedFor(seen, d.o.watch); reason != "" {
		d.export(exp, seen, d.present(exp), reason)
	}
}

// rerun plans the slots that -replace names one by one.
func (d *draft) rerun(exp *Export, seen *exportSeen) bool {
	named := map[string]bool{}
	for _, w := range seen.last {
		if at := exp.Address.Of(w.Item); d.replaced(at) && !named[w.Item] {
			named[w.Item] = true
			d.export(exp, seen, w.SlotAt.In(exp.zone(d.cfg)), ReasonRequested)
		}
	}
	return len(named) > 0
}

// present is the slot of a run that is asked for now: the minute, or the very time that a person named.
func (d *draft) present(exp *Export) time.Time {
	at := d.now().In(exp.zone(d.cfg))
	if d.o.AsOf.IsZero() {
		at = at.Truncate(time.Minute)
	}
	return at
}

// zone is the one that the export's slots are named in.
func (e *Export) zone(cfg *Config) *time.Location {
	if e.Schedule != nil {
		return e.Schedule.Location
	}
	return cfg.Location
}

// now is the time that exports are planned for, in the configured zone.
func (d *draft) now() time.Time {
	return cmp.Or(d.o.AsOf, d.o.Shown, d.s.now).In(d.cfg.Location)
}

// askedFor is the reason for which an export without a schedule runs; empty for none.
func (e *Export) askedFor(seen *exportSeen, watch bool) string {
	if len(seen.last) > 0 {
		if last := seen.last[0]; !last.State.Happened() && last.Definition == e.runDigest() {
			if gaveUp(last, watch) {
				return ""
			}
			return ReasonRetry
		}
	}
	switch {
	case seen.good == nil:
		return ReasonNeverRun
	case seen.good.Definition != e.runDigest():
		return ReasonDefinition
	case seen.targetMissing:
		return ReasonTargetMissing
	}
	return ""
}

// gaveUp reports whether watch leaves a failed run alone until a person asks for it or its next time comes.
func gaveUp(w ledger.Work, watch bool) bool {
	return watch && w.Class != ledger.ClassRetry && (w.State == ledger.StateFailed || w.State == ledger.StateRefused)
}

// export plans one run. A slot that was tried before is the same work again; one that is done gets a new request.
func (d *draft) export(exp *Export, seen *exportSeen, slot time.Time, reason string) {
	slot = slot.Truncate(time.Second)
	a := Action{Address: exp.Address.Of(slotName(slot)), Kind: RunExport, Reason: reason, Export: exp, Slot: slot}
	for i := range seen.last {
		w := &seen.last[i]
		if w.Item != a.Address.Item || w.Request < a.Request {
			continue
		}
		if w.State.Happened() || w.State.Open() {
			a.Request, a.Again = w.Request+1, nil
		} else {
			a.Request, a.Again = w.Request, w
		}
	}
	if _, err := exp.target(d.cfg, a.runScope()); err != nil {
		d.problem(&exp.Declared, "target_path", a.Address, "The target path cannot be used", err.Error())
		return
	}
	if err := exp.unsendable(&a); err != nil {
		d.unsendable(&exp.Declared, a.Address, err)
		return
	}
	if reason == ReasonRetry && a.Again == nil { // of an export without a schedule, in a later minute
		a.Prior = &seen.last[0]
	}
	if w := cmp.Or(a.Again, a.Prior); w != nil && w.Message != "" {
		a.Text = "before: " + w.Message
	}
	d.add(a)
}

// unsendable is why the run's request cannot be sent as it is, where its values are known before it is made.
func (e *Export) unsendable(a *Action) error {
	req, err := e.request(a)
	if err != nil {
		return nil //nolint:nilerr // a secret, or what only the run can tell
	}
	return req.Check(e.Connection.CustomerID, e.Connection.Parameters)
}

// planScheduled plans the slots that fell due and are not done. The first run, and that of a changed definition, wait for
// the next due time.
func (d *draft) planScheduled(exp *Export, seen *exportSeen) {
	applied, ok := d.s.definitions[d.s.inLedger(exp.Address)]
	if _, digest := exp.encode(); !ok || digest != applied.Digest {
		return
	}
	now := d.now()
	from := d.servedSince(applied.AppliedAt, seen)
	tried := map[string]ledger.Work{}
	for i, w := range seen.last { // newest first
		if _, newer := tried[w.Item]; !newer {
			tried[w.Item] = w
		}
		// Only the newest runs are known here; what lies before them was decided long ago.
		past := i == lastExports-1 || exp.Schedule.Missed != "all" && w.State.Happened()
		// A run for another time than the schedule's (-replace, -as-of) says nothing about what is due, nor does one of a
		// time to come: the clock was ahead then.
		if past && w.SlotAt.After(from) && !w.SlotAt.After(now) && exp.Schedule.Next(w.SlotAt.Add(-time.Second)).Equal(w.SlotAt) {
			from = w.SlotAt
		}
	}
	var open []time.Time
	for _, slot := range exp.Schedule.Between(from, now, mostMissed) {
		w, ok := tried[slotName(slot)]
		if !ok || !w.State.Happened() && !w.State.Open() && !gaveUp(w, d.o.watch) {
			open = append(open, slot)
		}
	}
	d.due(exp, seen, open, tried)
}

// servedSince is when the definition was applied. Where the clock was ahead then, that is still to come: its first run does
// not wait for it.
func (d *draft) servedSince(applied time.Time, seen *exportSeen) time.Time {
	if !applied.After(d.s.now.Add(startGrace)) {
		return applied
	}
	since := d.s.now.Add(-startGrace)
	for _, w := range seen.last {
		if w.SlotAt.Before(since) {
			since = w.SlotAt
		}
	}
	return since
}

// due plans the open slots as missed and window say.
func (d *draft) due(exp *Export, seen *exportSeen, slots []time.Time, tried map[string]ledger.Work) {
	grace := exp.Schedule.Window
	if grace == 0 {
		grace = startGrace
	}
	if exp.Schedule.Window > 0 || exp.Schedule.Missed == "skip" {
		var skipped time.Time
		for len(slots) > 0 && d.now().Sub(slots[0]) > grace && !exp.begun(slots, tried) {
			skipped, slots = slots[0], slots[1:]
		}
		if len(slots) == 0 && !skipped.IsZero() {
			d.Skipped = append(d.Skipped, Skipped{Address: exp.Address.Of(slotName(skipped)), Slot: skipped, Text: exp.Schedule.skips()})
		}
	}
	if len(slots) == 0 {
		return
	}
	if exp.Schedule.Missed != "all" {
		last := slots[len(slots)-1]
		d.export(exp, seen, last, slotReason(len(slots), last, tried))
		return
	}
	for i, slot := range slots {
		reason := slotReason(1, slot, tried)
		if reason == ReasonDue && i < len(slots)-1 {
			reason = ReasonMissed(1)
		}
		d.export(exp, seen, slot, reason)
	}
}

// begun reports whether the only open slot was taken up in time and has waited since, for its connection or another try. It
// was not missed; only a window bounds how late it may be.
func (e *Export) begun(slots []time.Time, tried map[string]ledger.Work) bool {
	_, begun := tried[slotName(slots[0])]
	return begun && len(slots) == 1 && e.Schedule.Window == 0
}

// skips says why a run was left out.
func (s *Schedule) skips() string {
	if s.Window > 0 {
		return fmt.Sprintf("it could not begin within its window of %s", s.Window)
	}
	return "nobody ran it when it fell due, and missed is \"skip\""
}

func slotReason(n int, slot time.Time, tried map[string]ledger.Work) string {
	if _, again := tried[slotName(slot)]; again {
		return ReasonRetry
	}
	if n > 1 {
		return ReasonMissed(n)
	}
	return ReasonDue
}

// ReasonMissed is the reason of a run that makes up for n due times.
func ReasonMissed(n int) string { return fmt.Sprintf("missed(%d)", n) }
