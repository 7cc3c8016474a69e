package engine

import (
	"fmt"
	"slices"

	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// adoptOrphans plans to resume jobs that a block started which is gone by now, where this import uploads to the same
// method of the same system: it was renamed without moved. The first such import takes them.
func (d *draft) adoptOrphans(imp *Import, seen *importSeen) {
	for _, w := range d.orphans {
		if w.State != ledger.StateRunning || d.taken[w.ID] || w.Object != imp.Object || w.Method != imp.Method || !slices.Contains(seen.systems, w.System) {
			continue
		}
		d.taken[w.ID] = true
		d.add(Action{
			Address: imp.Address.Of(w.Item), Kind: Resume, Reason: ReasonInterrupted, Import: imp, Prior: &w,
			File: fileOf(&w),
			Text: fmt.Sprintf("started by %s, which is gone", w.Address),
		})
	}
}

// unansweredElsewhere lists, under on_unknown = "retry", unknown outcomes whose content is not in the folder any more: it
// cannot be sent again, so a person has to say what became of it.
func (d *draft) unansweredElsewhere(imp *Import, seen *importSeen) {
	if imp.OnUnknown != "retry" || d.s.partial {
		return
	}
	for _, w := range d.s.unfinishedOf(imp.Address) {
		here := slices.ContainsFunc(seen.files, func(f *fileFacts) bool { return f.Digest == w.SourceDigest || f.key() == w.Digest })
		if _, live := d.owner(&w); !here && !live && (w.State == ledger.StateUnknown || w.State == ledger.StateSending) {
			at := imp.Address.Of(w.Item)
			d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Import: imp, Prior: &w, Text: d.unknownText(at, w)})
		}
	}
}

func (d *draft) findOrphans() []ledger.Work {
	if len(d.s.unfinished) == 0 {
		return nil
	}
	if d.cfg.at != nil && len(d.s.was) == 0 {
		return slices.DeleteFunc(slices.Clone(d.s.unfinished), func(w ledger.Work) bool { return d.cfg.has(w.Address) })
	}
	known := map[string]bool{}
	for _, b := range d.cfg.blocks() {
		known[d.s.inLedger(b.Address)] = true
	}
	return slices.DeleteFunc(slices.Clone(d.s.unfinished), func(w ledger.Work) bool { return known[w.Address] })
}

// listOrphans keeps what a removed block left unknown or running in sight: removing a block forgets a definition, never
// what happened.
func (d *draft) listOrphans() {
	for _, w := range d.orphans {
		at, err := ParseAddress(w.Address, func(Address) bool { return true })
		if err != nil || d.taken[w.ID] {
			continue
		}
		at = at.Of(w.Item)
		_, live := d.owner(&w)
		switch {
		case w.Kind == ledger.KindExport || live:
		case w.State == ledger.StateUnknown || w.State == ledger.StateSending:
			d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Prior: &w, Text: d.unknownText(at, w)})
		case w.State == ledger.StateRunning:
			d.Problems = append(d.Problems, diag.Diagnostic{
				Severity: diag.Error, Code: "block_gone", Address: at.String(), Summary: "Work of a block that is gone is still on the server",
				Detail: "It was sent " + d.clock(w.SentAt) + ". Put the block back, or say with moved what it is called now, so that its protocol can be fetched.",
			})
		}
	}
}
