package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dropform/engine/ledger"
)

// Requests are what a person says about work: try it again, count it as done, it did or did not happen. They change the
// ledger and send nothing.
type Requests struct {
	Ledger  *ledger.Ledger
	Planner Planner
	Config  *Config
	Who     string
}

// standing is everything that a pattern of a request can name, with how it stands.
type standing struct {
	snapshot *snapshot
	plan     *Plan
}

func (q Requests) look(ctx context.Context, patterns []string) (*standing, error) {
	if err := q.Ledger.Recover(ctx); err != nil {
		return nil, err
	}
	s, err := q.Planner.take(ctx, q.Config, nil, nil)
	if err != nil {
		return nil, err
	}
	plan, err := build(q.Config, s, PlanOptions{})
	if err != nil {
		return nil, err
	}
	all := (&draft{Plan: plan, cfg: q.Config, s: s}).everyAddress()
	for _, p := range patterns {
		if slices.ContainsFunc(all, func(a Address) bool { return MatchAddress(p, a) }) {
			continue
		}
		done, err := q.Planner.past(ctx, q.Config, s, []string{p})
		if err != nil {
			return nil, err
		}
		if len(done) == 0 {
			return nil, &AddressError{Pattern: p, Nearest: nearest(p, all)}
		}
	}
	for _, w := range s.unfinished {
		a, err := q.Config.ParseAddress(w.Address)
		if err != nil || !s.names(patterns, a, &w) {
			continue
		}
		if w.State == ledger.StateUnknown {
			return nil, &RefusedError{Address: a.Of(w.Item), Text: "its outcome is unknown; find out what happened and say so: dropform resolve '" + inQuotes(a.Of(w.Item)) + "' -happened or -did-not-happen"}
		}
	}
	return &standing{s, plan}, nil
}

// names reports whether a pattern names unfinished work of a block: by its own address, its block's or its file's.
func (s *snapshot) names(patterns []string, block Address, w *ledger.Work) bool {
	return matches(patterns, block.Of(w.Item)) || s.madeOf[w.ID] != "" && matches(patterns, block.Of(s.madeOf[w.ID]))
}

func matches(patterns []string, a Address) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return MatchAddress(p, a) })
}

// Retry lets what failed, was refused, rejected, seen before or existing be planned again. The answer lists what was
// marked; nothing marked is an error that says why.
func (q Requests) Retry(ctx context.Context, patterns []string) ([]Address, error) {
	st, err := q.look(ctx, patterns)
	if err != nil {
		return nil, err
	}
	var marked []Address
	for _, imp := range q.Config.Imports {
		for _, f := range st.snapshot.imports[imp.Address].files {
			at := imp.Address.Of(f.Name)
			if !matches(patterns, at) || !st.mayRetry(at, f) {
				continue
			}
			file := ledger.File{Address: imp.Address.String(), Name: f.Name, Stamp: f.Stamp, Digest: f.Digest, State: ledger.FileRetry, Work: f.known.Work}
			if n := len(f.content); n > 0 {
				file.Work = f.content[n-1].ID // the request is about this sending: it does not outlive the next
			}
			if err := q.Ledger.Put(ctx, []ledger.File{file}, nil, nil, "retry", "", q.Who); err != nil {
				return marked, err
			}
			marked = append(marked, at)
		}
	}
	files, err := q.retryRules(ctx, st, patterns)
	if marked = append(marked, files...); err != nil {
		return marked, err
	}
	taken, err := q.takeOver(ctx, st, patterns)
	if marked = append(marked, taken...); err != nil {
		return marked, err
	}
	for _, w := range st.snapshot.unfinished {
		a, err := q.Config.ParseAddress(w.Address)
		if err != nil || !st.snapshot.names(patterns, a, &w) || slices.Contains(marked, a.Of(w.Item)) || w.State.Open() {
			continue
		}
		if w.State == ledger.StateFailed && w.Kind == ledger.KindImport {
			continue // finished: its content is sent again only from a file, which would have been found above
		}
		if err := q.Ledger.Retry(ctx, w, q.Who); err != nil {
			return marked, err
		}
		marked = append(marked, a.Of(w.Item))
	}
	if len(marked) == 0 {
		return nil, q.nothing(ctx, patterns, "nothing there failed, was refused or waits; a file that was moved away has to be put back into its folder first, and what an import has done is sent again with -replace")
	}
	return marked, nil
}

// mayRetry reports whether a file is in a state that retry is for.
func (st *standing) mayRetry(at Address, f *fileFacts) bool {
	for _, a := range st.plan.Actions {
		if a.Address == at {
			return a.Kind == NeedsPerson || a.Kind == Duplicate && a.Prior != nil && a.Prior.State == ledger.StateWarned || a.Reason == ReasonRetry
		}
	}
	if !f.settled {
		return false
	}
	if f.known.State == ledger.FileRejected {
		return true
	}
	for _, w := range st.snapshot.unfinished {
		if w.ID == f.known.Work && w.State == ledger.StateFailed {
			return true
		}
	}
	return f.known.State == ledger.FileDone && f.known.Message != ""
}

// Adopt counts existing files and slots as done without sending anything.
func (q Requests) Adopt(ctx context.Context, patterns []string) ([]Address, error) {
	st, err := q.look(ctx, patterns)
	if err != nil {
		return nil, err
	}
	if err := st.underWay(q.Config, patterns); err != nil {
		return nil, err
	}
	var done []Address
	for _, imp := range q.Config.Imports {
		for _, f := range st.snapshot.imports[imp.Address].files {
			at := imp.Address.Of(f.Name)
			if !matches(patterns, at) || f.underWay() || f.dir || f.err != nil || f.settled && f.known.State != ledger.FileExisting && f.known.State != ledger.FileRejected && !st.failed(f) {
				continue
			}
			if err := q.adoptFile(ctx, imp, f); err != nil {
				return done, fmt.Errorf("%s: %w", at, err)
			}
			done = append(done, at)
		}
	}
	files, err := q.adoptRules(ctx, st, patterns)
	if done = append(done, files...); err != nil {
		return done, err
	}
	taken, err := q.takeOver(ctx, st, patterns)
	if done = append(done, taken...); err != nil {
		return done, err
	}
	closed, err := q.adoptFailures(ctx, st, patterns, done)
	if err != nil {
		return done, err
	}
	done = append(done, closed...)
	for _, a := range st.plan.Actions {
		if a.Kind == RunExport && matches(patterns, a.Address) {
			if err := q.adoptSlot(ctx, &a); err != nil {
				return done, fmt.Errorf("%s: %w", a.Address, err)
			}
			if !slices.Contains(done, a.Address) {
				done = append(done, a.Address)
			}
		}
	}
	if len(done) == 0 {
		return nil, q.nothing(ctx, patterns, "nothing there waits: everything is done already, or under way")
	}
	return done, nil
}

// underWay refuses to count as done what is named in full and is being sent, or runs on the server: it has no outcome yet, and
// may end badly.
func (st *standing) underWay(cfg *Config, patterns []string) error {
	for _, w := range st.snapshot.unfinished {
		a, err := cfg.ParseAddress(w.Address)
		if err != nil || !w.State.Open() {
			continue
		}
		at := a.Of(w.Item)
		for _, p := range patterns {
			if named, err := cfg.ParseAddress(p); err == nil && named == at {
				return &RefusedError{Address: at, Text: "it is under way and has no outcome yet; when it has ended, dropform status says what can be done"}
			}
		}
	}
	return nil
}

// underWay reports whether the file's content is being sent, or runs on the server.
func (f *fileFacts) underWay() bool {
	return slices.ContainsFunc(f.content, func(w ledger.Work) bool { return w.State.Open() }) || f.other != nil && f.other.State.Open()
}

// adoptFailures counts as done what was rejected or failed and whose file has been moved away since, so that it holds
// nothing back any more.
func (q Requests) adoptFailures(ctx context.Context, st *standing, patterns []string, done []Address) ([]Address, error) {
	var out []Address
	for _, b := range q.Config.blocks() {
		for _, k := range st.snapshot.knownOf(b.Address) {
			at := b.Address.Of(k.Name)
			if k.State != ledger.FileRejected || !matches(patterns, at) || slices.Contains(done, at) {
				continue
			}
			k.State, k.Message = ledger.FileDone, ""
			if err := q.Ledger.Put(ctx, []ledger.File{k}, nil, nil, "adopted", "counted as done without sending", q.Who); err != nil {
				return out, err
			}
			out = append(out, at)
		}
	}
	for _, w := range st.snapshot.unfinished {
		a, err := q.Config.ParseAddress(w.Address)
		if err != nil || w.State != ledger.StateFailed || !st.snapshot.names(patterns, a, &w) {
			continue
		}
		if err := q.Ledger.AdoptFailed(ctx, w, q.Who); err != nil {
			return out, err
		}
		if at := a.Of(w.Item); !slices.Contains(done, at) {
			out = append(out, at)
		}
	}
	return out, nil
}

func (st *standing) failed(f *fileFacts) bool {
	return slices.ContainsFunc(st.snapshot.unfinished, func(w ledger.Work) bool { return w.ID == f.known.Work && w.State == ledger.StateFailed })
}

func (q Requests) adoptFile(ctx context.Context, imp *Import, f *fileFacts) error {
	now, err := q.identify(ctx, imp, f.Name)
	if err != nil {
		return errors.New(plainError(err))
	}
	system, err := q.Ledger.System(ctx, imp.Connection.Address.String(), imp.Connection.Endpoint())
	if err != nil {
		return err
	}
	_, definition := imp.encode()
	file := ledger.File{Address: imp.Address.String(), Name: f.Name, Stamp: now.Stamp, Digest: now.Digest, State: ledger.FileDone}
	return q.Ledger.Adopt(ctx, ledger.Work{
		Kind: ledger.KindImport, Address: imp.Address.String(), Item: f.Name, System: system, Endpoint: imp.Connection.Endpoint(),
		Object: imp.Object, Method: imp.Method, Digest: now.key(), SourceDigest: now.Digest, Size: now.Stamp.Size, Definition: definition,
	}, &file, q.Who)
}

// identify tells which content a file is, so that the same text in another encoding is known too. What could not be sent is
// known by its own bytes.
func (q Requests) identify(ctx context.Context, imp *Import, name string) (FileSeen, error) {
	path := filepath.Join(imp.Folder, name)
	digest, stamp, err := digestFile(q.Planner.FS, path)
	now := FileSeen{Name: name, Stamp: stamp, Digest: digest}
	if err != nil || !imp.recodes() {
		return now, err
	}
	f := fileFacts{FileSeen: now}
	q.Planner.read(ctx, imp, &importSeen{}, &f, path)
	switch {
	case f.err != nil:
		return now, ctx.Err()
	case f.busy || f.Digest != digest:
		return now, errChanged
	}
	return f.FileSeen, nil
}

func (q Requests) adoptSlot(ctx context.Context, a *Action) error {
	system, err := q.Ledger.System(ctx, a.Export.Connection.Address.String(), a.Export.Connection.Endpoint())
	if err != nil {
		return err
	}
	path, err := a.Export.target(q.Config, a.runScope())
	if err != nil {
		return err
	}
	if q.Planner.missing(path) {
		path = "" // nobody promised that it is there
	}
	request := a.Request
	if a.Again != nil {
		request++
	}
	return q.Ledger.Adopt(ctx, ledger.Work{
		Kind: ledger.KindExport, Address: a.Address.Block().String(), Item: a.Address.Item, System: system, Endpoint: a.Export.Connection.Endpoint(),
		Object: a.Export.Object, Method: a.Export.Method, Request: request, Definition: a.Export.runDigest(), SlotAt: a.Slot, Path: path,
	}, nil, q.Who)
}

// Resolved is the unknown outcome that a person ended. Older are those of earlier content of the same name that are still
// unknown: a name means its latest content, so they come next, the latest first.
type Resolved struct {
	Address Address
	SentAt  time.Time
	Older   int
	// Missing: an import's file did not happen, and is not in its folder as it was sent, so that nothing plans it again.
	Missing bool
}

// Resolve ends one unknown outcome, or a job that the server has not ended within max_wait, by a person's word, with who and
// when. What happened is then done, and its file is filed away by the next run; what did not is planned again.
func (q Requests) Resolve(ctx context.Context, pattern string, happened bool, note string) (Resolved, error) {
	if err := q.Ledger.Recover(ctx); err != nil {
		return Resolved{}, err
	}
	var found []ledger.Work
	var all []Address
	err := q.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		found, all = nil, nil
		works, err := v.Unfinished()
		for _, w := range works {
			a, perr := q.Config.ParseAddress(w.Address)
			if perr != nil {
				a, perr = ParseAddress(w.Address, func(Address) bool { return true })
			}
			if perr != nil || w.State != ledger.StateUnknown && !q.overdue(a, &w) {
				continue
			}
			all = append(all, a.Of(w.Item))
			if MatchAddress(pattern, a.Of(w.Item)) {
				found = append(found, w)
			}
		}
		return err
	})
	if err != nil {
		return Resolved{}, err
	}
	another := func(w ledger.Work) bool { return w.Address != found[0].Address || w.Item != found[0].Item }
	switch {
	case len(found) == 0:
		return Resolved{}, fmt.Errorf("no unknown outcome: %w", q.noSuch(ctx, pattern, all))
	case slices.ContainsFunc(found, another):
		return Resolved{}, fmt.Errorf("%q covers %d unknown outcomes; resolve them one by one, each with its full address", pattern, len(found))
	}
	w := slices.MaxFunc(found, func(a, b ledger.Work) int { return cmp.Compare(a.AttemptID, b.AttemptID) })
	at, err := ParseAddress(w.Address, func(b Address) bool { return true })
	if err != nil {
		return Resolved{}, err
	}
	out := Resolved{Address: at.Of(w.Item), SentAt: w.SentAt, Older: len(found) - 1}
	var with ledger.Outcome
	if !happened {
		out.Missing = q.missing(at, w)
	} else {
		if with, err = q.settledFile(at, w); err != nil {
			return out, err
		}
		if with.Line, err = q.resolvedLine(ctx, at, w, note); err != nil {
			return out, err
		}
	}
	return out, q.Ledger.Resolve(ctx, w, happened, q.Who, note, with)
}

// overdue reports whether the server has not ended the work within max_wait.
func (q Requests) overdue(block Address, w *ledger.Work) bool {
	a := Action{Kind: Resume, Import: q.Config.ImportAt(block), Export: q.Config.exportAt(block), Prior: w}
	return (a.Import != nil || a.Export != nil) && a.overdue(q.Planner.Now())
}

// missing reports whether the file of an import's work is gone from its folder, or has been replaced.
func (q Requests) missing(at Address, w ledger.Work) bool {
	imp := q.Config.ImportAt(at)
	if imp == nil {
		return false
	}
	digest, _, err := digestFile(q.Planner.FS, filepath.Join(imp.Folder, w.Item))
	return errors.Is(err, os.ErrNotExist) || err == nil && digest != w.SourceDigest
}

// settledFile is what becomes true of the file of work that a person found to have happened: it is done, and its move to
// the archive is owed.
func (q Requests) settledFile(at Address, w ledger.Work) (ledger.Outcome, error) {
	imp := q.Config.ImportAt(at)
	if imp == nil {
		return ledger.Outcome{}, nil
	}
	digest, stamp, err := digestFile(q.Planner.FS, filepath.Join(imp.Folder, w.Item))
	if err != nil || digest != w.SourceDigest {
		return ledger.Outcome{}, nil //nolint:nilerr // the file is gone or is new content: there is nothing to settle
	}
	n := &run{Runner: &Runner{o: RunnerOptions{FS: q.Planner.FS, Now: q.Planner.Now}}, cfg: q.Config}
	a := &Action{Address: at.Of(w.Item), Import: imp, File: FileSeen{Name: w.Item, Stamp: stamp, Digest: digest}}
	moves, err := n.filings(a, false, nil)
	file := ledger.File{Address: at.String(), Name: w.Item, Stamp: stamp, Digest: digest, State: ledger.FileDone, Work: w.ID}
	return ledger.Outcome{Files: []ledger.File{file}, Filings: moves}, err
}
