package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dropform/engine/ledger"
)

// await records the calls that wait for a person, as they were shown, and answers the steps that may be carried out.
func (n *run) await(ctx context.Context, plan *Plan) ([]Action, error) {
	var waiting []ledger.Approval
	for i := range plan.Actions {
		a := &plan.Actions[i]
		if a.Approval != ApprovalRequired {
			continue
		}
		shown, err := json.Marshal(a.Prices)
		if err != nil {
			return nil, fmt.Errorf("record the prices of %s: %w", a.Address, err)
		}
		waiting = append(waiting, ledger.Approval{
			Address: a.Address.Block().String(), Item: a.Address.Item, File: a.File.Name, FileDigest: a.File.Digest,
			RequestDigest: a.Call.Digest, Digest: a.Rule.shownDigest(a.Call, a.Prices), Shown: string(shown),
		})
	}
	for address, items := range plan.forgone {
		if err := n.o.Ledger.Forgo(ctx, address, items...); err != nil {
			return nil, err
		}
	}
	if len(waiting) == 0 {
		return plan.Actions, nil
	}
	if err := n.o.Ledger.Await(ctx, waiting); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(plan.Actions), func(a Action) bool { return a.Approval == ApprovalRequired }), nil
}

// approved reports whether a person has approved exactly this call. Where nobody asked for prices it is compared with those
// that were shown: then it is shown, never made.
func (d *draft) approved(r *Rule, c *callSeen, given ledger.Approval) bool {
	if given.Used || given.By == "" {
		return false
	}
	if c.prices.asked() || !r.Kind.readsPositions() {
		return given.Digest == r.shownDigest(c.Call, c.prices)
	}
	shown, err := shownPrices(given)
	return err == nil && given.Digest == r.shownDigest(c.Call, shown)
}

// shownPrices are those that a call was shown with when it began to wait.
func shownPrices(w ledger.Approval) (shown *Prices, err error) {
	return shown, json.Unmarshal([]byte(w.Shown), &shown)
}

// FileNamed says which calls wait for approval in a file that a pattern names; nil where none does. An approval names calls,
// one by one or with their block: a file's name says nothing of what is in it.
func (p *Plan) FileNamed(pattern string) error {
	var file Address
	var calls []Address
	for i := range p.Actions {
		a := &p.Actions[i]
		if made := p.madeOf[a.Address]; a.Approval == ApprovalRequired && made != "" && MatchAddress(pattern, a.Address.Block().Of(made)) {
			file, calls = a.Address.Block().Of(made), append(calls, a.Address)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	return fileNamed(file, calls)
}

// manyCalls is how many calls of a file are named to who wanted to approve the file.
const manyCalls = 5

func fileNamed(file Address, calls []Address) error {
	names := make([]string, 0, manyCalls)
	for _, a := range calls[:min(len(calls), manyCalls)] {
		names = append(names, "'"+a.String()+"'")
	}
	text := strings.Join(names, ", ")
	if more := len(calls) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return &RefusedError{Address: file, Text: fmt.Sprintf("an approval names what is in the file, not the file: %s; or all that the rule waits for: '%s'", text, file.Block())}
}

// asked reports whether the server was asked.
func (p *Prices) asked() bool { return p != nil && !p.notAsked }

// Approved is a call whose approval was recorded, with what was shown of it.
type Approved struct {
	Action Action
	By     string // who had approved it before; empty: it is approved now
}

// Approve records approval of the calls that wait under the patterns, exactly as they were shown when they began to wait.
// It sends nothing. A call that its file does not give any more is an error.
func (q Requests) Approve(ctx context.Context, patterns []string) ([]Approved, error) {
	var recorded []ledger.Approval
	err := q.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		recorded, err = v.AllApprovals()
		return err
	})
	if err != nil {
		return nil, err
	}
	now, err := q.waitingCalls(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := q.choose(ctx, patterns, recorded)
	if err != nil {
		return nil, err
	}
	var out []Approved
	for _, w := range chosen {
		a, err := asShown(w, now)
		if err != nil {
			return out, err
		}
		if w.By == "" {
			if err := q.Ledger.Approve(ctx, w, q.Who); err != nil {
				return out, fmt.Errorf("%s: %w", a.Address, err)
			}
		}
		out = append(out, Approved{Action: *a, By: w.By})
	}
	return out, nil
}

// waitingCalls plans without asking a server: the calls that the files give now, by address.
func (q Requests) waitingCalls(ctx context.Context) (map[string]*Action, error) {
	s, err := q.Planner.take(ctx, q.Config, nil, nil)
	if err != nil {
		return nil, err
	}
	plan, err := build(q.Config, s, PlanOptions{})
	if err != nil {
		return nil, err
	}
	out := map[string]*Action{}
	for i := range plan.Actions {
		if a := &plan.Actions[i]; a.Call != nil {
			out[a.Address.String()] = a
		}
	}
	return out, nil
}

// choose picks what the patterns name; each has to name something that waits.
func (q Requests) choose(ctx context.Context, patterns []string, recorded []ledger.Approval) ([]ledger.Approval, error) {
	var all []Address
	picked := map[int]bool{}
	var out []ledger.Approval
	for _, p := range patterns {
		found := false
		var file Address
		var inFile []Address
		for i, w := range recorded {
			at, err := q.Config.ParseAddress(w.Address)
			if err != nil {
				continue
			}
			all = append(all, at.Of(w.Item))
			if !MatchAddress(p, at.Of(w.Item)) {
				if w.File != "" && MatchAddress(p, at.Of(w.File)) {
					file, inFile = at.Of(w.File), append(inFile, at.Of(w.Item))
				}
				continue
			}
			found = true
			if !picked[i] {
				picked[i] = true
				out = append(out, w)
			}
		}
		switch {
		case found:
		case len(inFile) > 0:
			return nil, fileNamed(file, inFile)
		default:
			return nil, fmt.Errorf("no call waits for approval: %w", q.noSuch(ctx, p, all))
		}
	}
	return out, nil
}

// asShown is the call that waits, with the prices it was shown with, if its file still gives it.
func asShown(w ledger.Approval, now map[string]*Action) (*Action, error) {
	address := itemAddress(&ledger.Work{Address: w.Address, Item: w.Item})
	a := now[address]
	if a == nil || a.Call.Digest != w.RequestDigest {
		from := "the order that it follows"
		if w.File != "" {
			from = w.File
		}
		return nil, fmt.Errorf("%s: %s does not give this call any more; the next plan or apply shows what it gives now", address, from)
	}
	shown, err := shownPrices(w)
	if err != nil {
		return nil, fmt.Errorf("%s: read the prices that were shown: %w", address, err)
	}
	if a.Rule.shownDigest(a.Call, shown) != w.Digest {
		return nil, fmt.Errorf("%s: it would go to another address, service, language or user than when it was shown; run apply again", address)
	}
	a.Prices = shown
	return a, nil
}
