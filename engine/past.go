package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// Past is a piece of work of which the ledger has a history and of which nothing is left to do: a placed order, a file that
// was filed away, an old run of an export. Its address exists, as show finds it.
type Past struct {
	Address Address
	At      time.Time // when that was
	done    bool      // else it was only heard of: a file that was taken away before it was sent
	pattern string
}

// said is a sentence without its subject.
func (x Past) said(cfg *Config) string {
	when := x.At.In(cfg.Location).Format("2006-01-02 15:04")
	if x.done {
		return "was done " + when
	}
	return "was last heard of " + when
}

// isGlob reports whether a pattern holds a star that is not a star itself.
func isGlob(pattern string) bool { return strings.Contains(strings.ReplaceAll(pattern, `\*`, ""), "*") }

// past finds in the ledger what patterns name that no plan lists. Of a glob one address is enough to know that it is no
// mistake.
func (p Planner) past(ctx context.Context, cfg *Config, s *snapshot, patterns []string) (found []Past, err error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	err = p.Reader.View(ctx, func(v *ledger.View) error {
		found = nil
		for _, pattern := range patterns {
			look := s.pastOf
			if isGlob(pattern) {
				look = s.pastLike
			}
			x, known, err := look(v, cfg, pattern)
			if err != nil {
				return err
			}
			if known {
				x.pattern = pattern
				found = append(found, x)
			}
		}
		return nil
	})
	return found, err
}

// pastOf is what the ledger has under one address.
func (s *snapshot) pastOf(v *ledger.View, cfg *Config, address string) (Past, bool, error) {
	address = strings.ReplaceAll(address, `\*`, "*")
	at, err := cfg.ParseAddress(address)
	if err != nil { // of an instance of a block that is not in the configuration any more
		at, err = ParseAddress(address, func(Address) bool { return true })
	}
	if err != nil || !at.HasItem {
		return Past{}, false, nil //nolint:nilerr // then nothing has that address
	}
	block := s.inLedger(at.Block())
	works, err := v.WorkOf(block, at.Item)
	if err != nil {
		return Past{}, false, err
	}
	if n := len(works); n > 0 {
		when := works[n-1].EndedAt
		if when.IsZero() {
			when = works[n-1].SentAt
		}
		return Past{Address: at, At: when, done: works[n-1].State.Happened()}, true, nil
	}
	events, err := v.Events(block, at.Item, 1)
	if err != nil || len(events) == 0 {
		return Past{}, false, err
	}
	return Past{Address: at, At: events[0].At, done: events[0].What == "done" || events[0].What == "adopted" || events[0].What == "duplicate"}, true, nil
}

// pastLike is some address of the ledger that a glob fits.
func (s *snapshot) pastLike(v *ledger.View, cfg *Config, glob string) (Past, bool, error) {
	now := map[string]string{}
	for is, was := range s.was {
		now[was] = is
	}
	var found Past
	err := v.Items(func(address, item string) bool {
		if is, moved := now[address]; moved {
			address = is
		}
		block, err := cfg.ParseAddress(address)
		if err != nil || !MatchAddress(glob, block.Of(item)) {
			return true
		}
		found.Address = block.Of(item)
		return false
	})
	return found, !found.Address.IsZero(), err
}

// tellPast says of what was named by its own address, and is to be done or approved, that it is done.
func (d *draft) tellPast() {
	for _, x := range d.past {
		if isGlob(x.pattern) || !slices.Contains(d.o.Targets, x.pattern) && !slices.Contains(d.o.Approve, x.pattern) {
			continue
		}
		d.Problems = append(d.Problems, diag.Diagnostic{
			Severity: diag.Warning, Code: "already_done", Address: x.Address.String(), Summary: "Done already",
			Detail: fmt.Sprintf("It %s, and nothing is left to do for it.", x.said(d.cfg)),
		})
	}
}

// isPast reports whether a pattern names what is done.
func (p *Plan) isPast(pattern string) bool {
	return slices.ContainsFunc(p.past, func(x Past) bool { return x.pattern == pattern })
}

// refuseAgain refuses to do again by -replace what there is nothing left to do with.
func (d *draft) refuseAgain() error {
	for _, x := range append(d.goneFiles(), d.past...) {
		if slices.Contains(d.o.Replace, x.pattern) && !isGlob(x.pattern) {
			return &RefusedError{Address: x.Address, Text: fmt.Sprintf(
				"it %s, and nothing is left to do it again with; of an import put the file back into its folder first, of an export name the block", x.said(d.cfg))}
		}
	}
	return nil
}

// goneFiles are the files that -replace names by their own address, and that were dealt with and are not in their folder any
// more.
func (d *draft) goneFiles() (out []Past) {
	for _, p := range d.o.Replace {
		at, err := d.cfg.ParseAddress(p)
		if err != nil || !at.HasItem {
			continue
		}
		known, dealtWith := d.s.knownOf(at.Block())[at.Item]
		here := slices.ContainsFunc(d.s.filesOf(at.Block()), func(f *fileFacts) bool { return f.Name == at.Item })
		planned := slices.ContainsFunc(d.Actions, func(a Action) bool { return a.Address == at })
		if dealtWith && !here && !planned {
			out = append(out, Past{Address: at, At: known.At, done: known.State.DealtWith(), pattern: p})
		}
	}
	return out
}

// since says when what is named by its own address was done, an entry for each that was.
func (q Requests) since(ctx context.Context, patterns ...string) ([]string, error) {
	s := &snapshot{}
	err := q.Ledger.Reader().View(ctx, func(v *ledger.View) (err error) {
		s.definitions, err = v.Definitions()
		return err
	})
	if err != nil {
		return nil, err
	}
	s.was = moves(q.Config, s.definitions)
	found, err := q.Planner.past(ctx, q.Config, s, slices.DeleteFunc(slices.Clone(patterns), isGlob))
	texts := make([]string, 0, len(found))
	for _, x := range found {
		texts = append(texts, fmt.Sprintf("%s %s", x.Address, x.said(q.Config)))
	}
	return texts, err
}

// nothing is the error of a request that found nothing to do: when what was named was done, then what else there is to know.
func (q Requests) nothing(ctx context.Context, patterns []string, otherwise string) error {
	texts, err := q.since(ctx, patterns...)
	if err != nil {
		return err
	}
	return errors.New(strings.Join(append(texts, otherwise), "; "))
}

// noSuch is the error of a request for one kind of thing whose pattern names none of that kind: it is done, or is nothing at
// all.
func (q Requests) noSuch(ctx context.Context, pattern string, all []Address) error {
	texts, err := q.since(ctx, pattern)
	switch {
	case err != nil:
		return err
	case len(texts) > 0:
		return errors.New(texts[0])
	}
	return NoSuch(pattern, all)
}
