package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// AddressError says that an address pattern covers nothing, with the addresses that look most like it.
type AddressError struct {
	Pattern string
	Nearest []string
}

// NoSuch is the error for a pattern that covers none of the addresses.
func NoSuch(pattern string, all []Address) *AddressError {
	return &AddressError{Pattern: pattern, Nearest: nearest(pattern, all)}
}

// NoSuch is the error for a pattern that covers no step of the plan, nil for one of something that is done.
func (p *Plan) NoSuch(pattern string) error {
	if p.isPast(pattern) {
		return nil
	}
	var all []Address
	for _, a := range p.Actions {
		all = append(all, a.Address)
	}
	return NoSuch(pattern, all)
}

func (e *AddressError) Error() string {
	text := fmt.Sprintf("the address %q matches nothing", e.Pattern)
	if len(e.Nearest) > 0 {
		text += "; did you mean " + strings.Join(e.Nearest, ", ") + "?"
	}
	return text
}

// RefusedError says that a step that was asked for must not be done, and why. Nothing was done.
type RefusedError struct {
	Address Address
	Text    string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Address, e.Text) }

// replaced reports whether -replace names the address, its block or its instance.
func (d *draft) replaced(at Address) bool { return matches(d.o.Replace, at) }

// choose applies -target and -exclude and refuses patterns that cover nothing.
func (d *draft) choose() (*Plan, error) {
	if len(d.o.Targets) == 0 && len(d.o.Excludes) == 0 && len(d.o.Replace) == 0 {
		d.tellPast()
		return d.Plan, nil
	}
	all := d.everyAddress()
	for _, x := range d.past {
		all = append(all, x.Address)
	}
	named := slices.Clone(all)
	for _, p := range d.o.Replace {
		if a, err := d.cfg.ParseAddress(p); err == nil {
			named = append(named, a) // an order that is done is refused too, with the reason
		}
	}
	if err := d.refuseReplace(named); err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(d.o.Targets, d.o.Excludes, d.o.Replace) {
		if !slices.ContainsFunc(all, func(a Address) bool { return MatchAddress(p, a) }) {
			return nil, &AddressError{Pattern: p, Nearest: nearest(p, all)}
		}
	}
	if err := d.refuseAgain(); err != nil {
		return nil, err
	}
	for _, p := range d.o.Replace {
		if !slices.ContainsFunc(all, func(a Address) bool { return a.works() && MatchAddress(p, a) }) {
			i := slices.IndexFunc(all, func(a Address) bool { return MatchAddress(p, a) })
			return nil, &RefusedError{Address: all[i], Text: "a connection does nothing by itself, so there is nothing to do again; name an import, an export or a rule"}
		}
	}
	for _, a := range d.Actions {
		if a.Kind == NeedsPerson && a.Reason == ReasonUnknown && d.covered(d.o.Replace, a.Address) {
			return nil, &RefusedError{Address: a.Address, Text: "its outcome is unknown, so it cannot be sent again; find out what happened and say so with dropform resolve"}
		}
	}
	if len(d.o.Targets) == 0 && len(d.o.Excludes) == 0 {
		return d.Plan, nil
	}
	d.Narrowed = true
	d.pull()
	rests := d.chosenBase()
	d.Definitions = slices.DeleteFunc(d.Definitions, func(c DefinitionChange) bool {
		return d.excluded(c.Address) || !d.chosen(c.Address) && !rests[c.Address]
	})
	d.Actions = slices.DeleteFunc(d.Actions, func(a Action) bool {
		return !d.chosen(a.Address) && (a.Kind.Irreversible() || !d.needed(a.Address))
	})
	d.Waiting = slices.DeleteFunc(d.Waiting, func(w Waiting) bool { return !d.needed(w.Address) })
	d.UnderWay = slices.DeleteFunc(d.UnderWay, func(u UnderWay) bool { return !d.needed(u.Address) })
	d.Problems = slices.DeleteFunc(d.Problems, func(p diag.Diagnostic) bool {
		a, err := d.cfg.ParseAddress(p.Address)
		return err == nil && !d.needed(a)
	})
	d.tellPast()
	return d.Plan, nil
}

// unlisted are the patterns that name nothing of what there is to do.
func (d *draft) unlisted() []string {
	patterns := slices.Concat(d.o.Targets, d.o.Excludes, d.o.Replace, d.o.Approve)
	if len(patterns) == 0 {
		return nil
	}
	all := d.everyAddress()
	return slices.DeleteFunc(patterns, func(p string) bool {
		return slices.ContainsFunc(all, func(a Address) bool { return MatchAddress(p, a) })
	})
}

// refuseReplace refuses to make an irreversible call again.
func (d *draft) refuseReplace(all []Address) error {
	for _, a := range all {
		if !a.IsRule() || !d.replaced(a) {
			continue
		}
		r := d.cfg.ruleAt(a.Block())
		if r == nil || !r.Kind.Irreversible() {
			continue
		}
		return &RefusedError{Address: a, Text: fmt.Sprintf(
			"a %s is never made again by -replace; what was refused takes dropform retry, what is unknown dropform resolve, and a new order a new file", r.Kind)}
	}
	return nil
}

func (d *draft) chosen(a Address) bool {
	return (len(d.o.Targets) == 0 || d.covered(d.o.Targets, a)) && !d.excluded(a)
}

// needed reports whether an address is chosen, or belongs to a block that a chosen one depends on.
func (d *draft) needed(a Address) bool {
	return d.chosen(a) || d.pulled[a.Block()] && !d.excluded(a)
}

// pull finds the blocks that the chosen ones depend on, by depends_on and after, and those that these depend on. What is excluded
// is not among them, nor what is needed by it alone.
func (d *draft) pull() {
	d.pulled = map[Address]bool{}
	blocks, needs := map[Address][]Address{}, map[Address][]Address{} // by address, and all instances by that of their block
	for _, b := range d.cfg.blocks() {
		blocks[b.Address] = append(blocks[b.Address], b.Address)
		if b.Address.Keyed {
			blocks[b.Address.Base()] = append(blocks[b.Address.Base()], b.Address)
		}
		needs[b.Address] = b.DependsOn
	}
	for _, r := range d.cfg.Rules {
		needs[r.Address] = append(slices.Clone(r.DependsOn), r.After)
	}
	var follow func(Address)
	follow = func(from Address) {
		for _, need := range needs[from] {
			for _, at := range blocks[need] {
				if !d.pulled[at] && !d.excluded(at) {
					d.pulled[at] = true
					follow(at)
				}
			}
		}
	}
	for at := range needs {
		if d.chosen(at) {
			follow(at)
		}
	}
	for i := range d.Actions {
		if at := d.Actions[i].Address; d.chosen(at) {
			follow(at.Block())
		}
	}
}

func (d *draft) excluded(a Address) bool { return d.covered(d.o.Excludes, a) }

// noteFile notes which file a call of the ledger was made of: its address stands for the call too.
func (d *draft) noteFile(at Address, w *ledger.Work) {
	if file := d.s.madeOf[w.ID]; file != "" {
		d.madeOf[at] = file
	}
}

// chosenBase is what the chosen rests on: the block of a chosen step, what is pulled in, and the connection of each such block.
func (d *draft) chosenBase() map[Address]bool {
	out := map[Address]bool{}
	for i := range d.Actions {
		if at := d.Actions[i].Address; !out[at.Block()] && d.chosen(at) {
			out[at.Block()] = true
		}
	}
	for at := range d.pulled {
		out[at] = true
	}
	uses := func(b *Declared, c *Connection) {
		if !out[c.Address] && !d.excluded(b.Address) && (out[b.Address] || d.chosen(b.Address)) {
			out[c.Address] = true
		}
	}
	for _, imp := range d.cfg.Imports {
		uses(&imp.Declared, imp.Connection)
	}
	for _, exp := range d.cfg.Exports {
		uses(&exp.Declared, exp.Connection)
	}
	for _, r := range d.cfg.Rules {
		uses(&r.Declared, r.Connection)
	}
	return out
}

// everyAddress lists all blocks, all present files and all work that is not settled.
func (d *draft) everyAddress() []Address {
	var all []Address
	for _, b := range d.cfg.blocks() {
		all = append(all, b.Address)
	}
	for _, c := range d.Definitions {
		all = append(all, c.Address)
	}
	for _, b := range d.cfg.blocks() {
		for _, f := range d.s.filesOf(b.Address) {
			all = append(all, b.Address.Of(f.Name))
		}
		for name := range d.s.knownOf(b.Address) {
			all = append(all, b.Address.Of(name))
		}
	}
	for a, seen := range d.s.exports {
		for _, w := range seen.last {
			all = append(all, a.Of(w.Item))
		}
	}
	for _, a := range d.Actions {
		all = append(all, a.Address)
	}
	return append(all, workAddresses(d.cfg, d.s.unfinished)...)
}

func workAddresses(cfg *Config, works []ledger.Work) []Address {
	var out []Address
	for _, w := range works {
		if a, err := cfg.ParseAddress(w.Address); err == nil {
			out = append(out, a.Of(w.Item))
		}
	}
	return out
}

// works reports whether there are steps under such an address.
func (a Address) works() bool {
	return a.Kind != KindConnectionPerbit && a.Kind != KindConnectionConbox
}

// nearest lists up to three addresses that a mistyped pattern may have meant; where none is close, the least far.
func nearest(pattern string, all []Address) []string {
	type scored struct {
		text  string
		score int
	}
	var list []scored
	plain := plainBrackets(pattern)
	bases := map[Address]bool{}
	note := func(a Address) {
		switch s := plainSpelling(a); {
		case a.Name == plain: // its kind was left out
			list = append(list, scored{a.String(), 1})
		case len(s) < 200:
			list = append(list, scored{a.String(), diag.Distance(plain, s)})
		}
	}
	for _, a := range all {
		if base := a.Base(); !bases[base] && !strings.Contains(pattern, "[") { // who names a key means no whole block
			bases[base] = true
			note(base)
		}
		if !bases[a] {
			note(a)
		}
	}
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.text, b.text))
	})
	far := 2 * max(3, len(plain)/3)
	var out []string
	for _, s := range list {
		// What is twice as far as the best is noise beside it.
		if s.score <= max(list[0].score, min(far, 2*list[0].score+1)) && !slices.Contains(out, s.text) && len(out) < 3 {
			out = append(out, s.text)
		}
	}
	return out
}
