package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// retryRules marks files of rules, and takes over folders, that a person wants planned.
func (q Requests) retryRules(ctx context.Context, st *standing, patterns []string) ([]Address, error) {
	var marked []Address
	for _, a := range st.plan.Actions { // what a rule that was renamed without moved has tried is known by the new name
		if a.Rule == nil || a.Reason != ReasonRefused || a.Prior == nil || !st.plan.covered(patterns, a.Address) {
			continue
		}
		if err := q.Ledger.Retry(ctx, *a.Prior, q.Who); err != nil {
			return marked, err
		}
		marked = append(marked, a.Address)
	}
	for _, r := range q.Config.Rules {
		seen := st.snapshot.rules[r.Address]
		foreign := seen.strange != "" && matches(patterns, r.Address)
		for _, f := range seen.files {
			at := r.Address.Of(f.Name)
			waits := f.settled && (f.known.State == ledger.FileExisting || f.known.State == ledger.FileRejected) || !f.settled && st.asks(at)
			if f.dir || f.err != nil || !foreign && !(waits && matches(patterns, at)) {
				continue
			}
			file := ledger.File{Address: r.Address.String(), Name: f.Name, Stamp: f.Stamp, Digest: f.Digest, State: ledger.FileRetry, Work: f.known.Work}
			if err := q.Ledger.Put(ctx, []ledger.File{file}, nil, nil, "retry", "", q.Who); err != nil {
				return marked, err
			}
			marked = append(marked, at)
		}
	}
	return marked, nil
}

// asks reports whether the plan waits for a person at an address.
func (st *standing) asks(at Address) bool {
	return slices.ContainsFunc(st.plan.Actions, func(a Action) bool { return a.Address == at && a.Kind == NeedsPerson })
}

// adoptRules counts files of rules, or single calls, as done without sending. Their keys are held from then on.
func (q Requests) adoptRules(ctx context.Context, st *standing, patterns []string) ([]Address, error) {
	var done []Address
	for _, r := range q.Config.Rules {
		seen := st.snapshot.rules[r.Address]
		for _, f := range seen.files {
			adopted, err := q.adoptRuleFile(ctx, r, seen, f, patterns)
			if done = append(done, adopted...); err != nil {
				return done, err
			}
		}
		for _, c := range seen.after {
			if at := r.Address.Of(c.item); c.item != "" && !c.settled() && matches(patterns, at) {
				if err := q.adoptCalls(ctx, r, "", []*callSeen{c}, nil); err != nil {
					return done, fmt.Errorf("%s: %w", at, err)
				}
				done = append(done, at)
			}
		}
	}
	return done, nil
}

// adoptRuleFile adopts a whole file that a pattern names, or those of its calls that are named.
func (q Requests) adoptRuleFile(ctx context.Context, r *Rule, seen *ruleSeen, f *fileFacts, patterns []string) ([]Address, error) {
	at := r.Address.Of(f.Name)
	file := seen.made[f.Name]
	waits := !f.settled || f.known.State == ledger.FileExisting || f.known.State == ledger.FileRejected
	if f.dir || f.err != nil || !waits {
		return nil, nil
	}
	if file == nil { // it waits unread, or has no calls that could be made
		file = &ruleFile{}
	}
	if matches(patterns, at) {
		digest, stamp, err := digestFile(q.Planner.FS, beside(r.Folder, f.Name))
		if err != nil {
			return nil, fmt.Errorf("%s: %s", at, plainError(err))
		}
		calls, err := q.callsOfFile(ctx, r, seen, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		known := ledger.File{Address: r.Address.String(), Name: f.Name, Stamp: stamp, Digest: digest, State: ledger.FileDone}
		if err := q.adoptCalls(ctx, r, f.Name, calls, &known); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		return []Address{at}, nil
	}
	var out []Address
	for _, c := range file.calls {
		if at := r.Address.Of(c.item); c.item != "" && !c.settled() && matches(patterns, at) {
			if err := q.adoptCalls(ctx, r, f.Name, []*callSeen{c}, nil); err != nil {
				return out, fmt.Errorf("%s: %w", at, err)
			}
			out = append(out, at)
		}
	}
	return out, nil
}

// callsOfFile is what a file makes, also where a plan has not opened it because it waits.
func (q Requests) callsOfFile(ctx context.Context, r *Rule, seen *ruleSeen, f *fileFacts) ([]*callSeen, error) {
	if file := seen.made[f.Name]; file != nil {
		return file.calls, nil
	}
	data, err := q.Planner.snapshotFile(beside(r.Folder, f.Name), f)
	if err != nil {
		return nil, errors.New(plainError(err))
	}
	calls, _, err := r.read(ctx, data, csvschema.Options{Lookup: Lookup(q.Planner.FS)})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(data)
	var out []*callSeen
	for _, c := range calls {
		out = append(out, &callSeen{Call: c, content: hex.EncodeToString(digest[:])})
	}
	return out, nil
}

// adoptCalls records calls as done, with what they hold, together with their file if it is all of it.
func (q Requests) adoptCalls(ctx context.Context, r *Rule, file string, calls []*callSeen, known *ledger.File) error {
	system, err := q.Ledger.System(ctx, r.Connection.Address.String(), r.Connection.Endpoint())
	if err != nil {
		return err
	}
	var adopted []ledger.Call
	var holds [][]ledger.Hold
	for _, c := range calls {
		item := c.item
		if item == "" {
			item = c.Key
		}
		x := ledger.Call{File: file, Line: c.Line, Source: c.source, RequestDigest: c.Digest, Sent: string(c.Data)}
		x.Work = ledger.Work{
			Kind: string(r.Kind), Address: r.Address.String(), Item: item, System: system, Endpoint: r.Connection.Endpoint(),
			Object: c.Object, Method: string(r.Kind), Digest: c.content, Definition: r.checkDigest(),
		}
		if c.prices == nil && r.Kind.readsPositions() && q.Planner.Conboxes != nil {
			// What cannot be read is held by the form of address that it has.
			c.prices = q.Planner.Conboxes.ReadPrices(ctx, r.Connection, c.Call, func(int) {})
		}
		adopted = append(adopted, x)
		holds = append(holds, r.holds(c.Call, c.prices))
	}
	return q.Ledger.AdoptCalls(ctx, adopted, holds, known, q.Who)
}

// resolvedLine is the result line of a call that a person found to have happened although the process that made it died
// before it could write one. An answer that was lost has its line already.
func (q Requests) resolvedLine(ctx context.Context, at Address, w ledger.Work, note string) (*ledger.ResultLine, error) {
	r := q.Config.ruleAt(at)
	if r == nil || w.Class != ledger.ClassInterrupted {
		return nil, nil
	}
	var c ledger.Call
	err := q.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		c, _, err = v.Call(w.ID)
		return err
	})
	if err != nil || c.File == "" {
		return nil, err
	}
	n := &run{Runner: &Runner{o: RunnerOptions{FS: q.Planner.FS, Now: q.Planner.Now}}, cfg: q.Config}
	a := &Action{Address: at.Of(w.Item), Rule: r, File: FileSeen{Name: c.File}}
	if info, err := lstat(q.Planner.FS, beside(r.Folder, c.File)); err == nil {
		a.File.Stamp = durable.StampOf(info)
	}
	row := resultRow{
		Address: a.Address.String(), Attempt: w.AttemptID, Line: c.Line, Outcome: string(ledger.StateResolved), ErrorMessage: note, ServiceData: c.Sent,
	}
	row.sent([]byte(c.Sent))
	return n.lineOf(a, row), nil
}
