package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// job is what the server does for an attempt, by the server's id.
type job struct {
	ledger.Attempt
	id string
}

// start begins a job on the server: session, intent, request, id. The session comes first, so that who is killed before
// there is one has left no intent behind; it may still end before the request, which then renews it. What was certainly not
// sent is tried again, as often as the connection says; everything else ends here. On success the ending is nil, and the
// ledger has the id.
func (n *run) start(ctx context.Context, l *link, a *Action, send func(context.Context) (string, error)) (job, *ending) {
	again := a.Again
	send = failpoint.Early(ctx, send)
	tries := max(1, l.current().RetryAttempts)
	wait := l.current().RetryFirst
	for try := 1; ; try++ {
		failpoint.At("job.intend")
		id := ""
		t := n.attempt(ctx, l, a, again, func(ctx context.Context) (err error) {
			id, err = send(ctx)
			return err
		})
		if t.end == nil {
			n.reachable(l, a)
			return job{t.Attempt, id}, n.accepted(ctx, a, t.Attempt, id)
		}
		if t.state != ledger.StateNotSent || try >= tries || n.o.KeepTrying || !transient(t.err) || !n.sleep(max(wait, retryAfter(t.err))) {
			n.unreachable(l, a, t.err, t.end)
			return job{}, t.end
		}
		wait = min(2*wait, l.current().RetryLongest)
		w := n.intent(l, a)
		w.ID, w.Epoch, w.State = t.Work, t.Epoch+1, ledger.StateNotSent
		again = &w
	}
}

// startOnce is start for calls that give no id: the work goes from sending straight to its outcome.
func (n *run) startOnce(ctx context.Context, l *link, a *Action, send func(context.Context) error) (ledger.Attempt, *ending) {
	t := n.attempt(ctx, l, a, a.Again, send)
	if t.end != nil {
		n.unreachable(l, a, t.err, t.end)
		return t.Attempt, t.end
	}
	n.reachable(l, a)
	return t.Attempt, nil
}

// try is what one attempt at a start came to.
type try struct {
	ledger.Attempt
	end   *ending      // nil: the server took it
	state ledger.State // that is recorded; none where nothing could be, or where there was nothing to record
	err   error        // why the server did not take it
}

// attempt opens a session, records the intent, sends, and records what came of it, unless the server took it.
func (n *run) attempt(ctx context.Context, l *link, a *Action, again *ledger.Work, send func(context.Context) error) try {
	if err := l.session(a).Open(ctx); err != nil {
		return n.noSession(ctx, l, a, again, err)
	}
	att, err := n.begin(ctx, l, a, again)
	if err != nil {
		e := notBegun(a, err)
		return try{end: &e}
	}
	failpoint.At("job.intended")
	err = send(ctx)
	failpoint.At("job.answered")
	if err == nil {
		return try{Attempt: att}
	}
	state, e := n.refused(l, a, err)
	if err := n.book(ctx, att, ledger.Outcome{State: state, Class: e.code, Message: e.text}); err != nil {
		e.text += "; and " + err.Error()
		return try{end: &e}
	}
	return try{Attempt: att, end: &e, state: state, err: err}
}

// noSession is an attempt that came to its end before its intent: both are recorded together. Of one that was stopped nothing
// is, and the next run plans it as if this one had not been.
func (n *run) noSession(ctx context.Context, l *link, a *Action, again *ledger.Work, err error) try {
	state, e := n.refused(l, a, err)
	if ctx.Err() != nil {
		return try{end: &e, err: err}
	}
	att, failed := n.unsent(ctx, l, a, again, ledger.Outcome{State: state, Class: e.code, Message: e.text})
	if failed != nil {
		e = notBegun(a, failed)
		return try{end: &e, err: err}
	}
	return try{Attempt: att, end: &e, state: state, err: err}
}

// intent is the work row that stands for an upload or a run.
func (n *run) intent(l *link, a *Action) ledger.Work {
	w := ledger.Work{
		Address: a.Address.Block().String(), Item: a.Address.Item, System: l.system, Endpoint: l.current().Endpoint(),
		Request: a.Request, SlotAt: a.Slot,
	}
	if a.Import != nil {
		w.Kind, w.Object, w.Method = ledger.KindImport, a.Import.Object, a.Import.Method
		w.Digest, w.SourceDigest, w.Size, w.ResultRows = a.File.key(), a.File.Digest, a.File.Send.Size, a.File.Rows // rows: a resume cannot count them
		_, w.Definition = a.Import.encode()
	} else {
		w.Kind, w.Object, w.Method = ledger.KindExport, a.Export.Object, a.Export.Method
		w.Definition = a.Export.runDigest()
	}
	return w
}

// begin records the intent, unless another ledger has claimed the folder or another run has dealt with the planned file since it
// was planned, under whatever method its definition had, or another block has it: the keys of what is sent differ then, so the
// ledger would not refuse this one.
func (n *run) begin(ctx context.Context, l *link, a *Action, again *ledger.Work) (ledger.Attempt, error) {
	if err := n.touch(ctx, a); err != nil {
		return ledger.Attempt{}, err
	}
	return n.o.Process.BeginUnless(ctx, n.intent(l, a), again, n.against(a, again))
}

// unsent records instead that there was nothing to begin with: no session was to be had.
func (n *run) unsent(ctx context.Context, l *link, a *Action, again *ledger.Work, o ledger.Outcome) (ledger.Attempt, error) {
	if err := n.touch(ctx, a); err != nil {
		return ledger.Attempt{}, err
	}
	return n.o.Process.Unsent(ctx, n.intent(l, a), again, o, n.against(a, again))
}

// against is what speaks against an intent in the state to which it is added.
func (n *run) against(a *Action, again *ledger.Work) func(*ledger.View) error {
	return func(v *ledger.View) error {
		if a.Import == nil {
			return nil
		}
		return n.dealtWith(v, a, again)
	}
}

// errDealtWith says that another run has dealt with the planned file since it was planned.
type errDealtWith struct{ end ending }

func (e *errDealtWith) Error() string { return e.end.text }

func (n *run) dealtWith(v *ledger.View, a *Action, again *ledger.Work) error {
	block, name := a.Address.Block().String(), a.Address.Item
	if untouched, err := v.Untouched(block, name, a.File.Digest); err != nil || untouched {
		return err
	}
	known, found, err := v.File(block, name)
	if err != nil {
		return err
	}
	work, err := v.WorkOf(block, name)
	if err != nil {
		return err
	}
	since := found && (a.known == nil || known != *a.known)
	if since && known.Digest == a.File.Digest && known.State.DealtWith() {
		if slices.ContainsFunc(work, func(w ledger.Work) bool { return w.ID == known.Work && w.State == ledger.StateAdopted }) {
			return &errDealtWith{ending{result: ResultDone, text: "counted as done in the meantime; nothing was sent"}}
		}
		return &errDealtWith{ending{result: ResultDone, text: "imported by another run in the meantime"}}
	}
	if a.isNew() {
		other, err := n.cfg.elsewhere(v, a.Import, block, a.File)
		if err != nil {
			return err
		}
		if other != nil {
			return &errDealtWith{ending{result: ResultNotStarted, text: "another run has it already: " + itemAddress(other)}}
		}
	}
	for _, w := range work {
		if w.SourceDigest == a.File.Digest && a.Import.holds(&w) && (again == nil || w.ID != again.ID) {
			return &errDealtWith{ending{result: ResultNotStarted, text: "another run has sent it in the meantime, and has no outcome yet"}}
		}
	}
	return nil
}

// isNew reports whether the action sends a file of which this block has done, and nobody has asked, anything yet.
func (a *Action) isNew() bool {
	return a.Import != nil && a.Request == 0 && a.Again == nil && (a.known == nil || a.known.Digest != a.File.Digest)
}

func notBegun(a *Action, err error) ending {
	if e := (*unmarked)(nil); errors.As(err, &e) {
		return e.ending(a)
	}
	if met := (*errDealtWith)(nil); errors.As(err, &met) {
		return met.end
	}
	if errors.Is(err, ledger.ErrTaken) || errors.Is(err, ledger.ErrOvertaken) {
		return ending{result: ResultNotStarted, text: "another run has it already: " + err.Error()}
	}
	e := failed("nothing was sent, because the intent could not be recorded", err)
	e.stop, e.next = e.text, "make room on the disk that holds the ledger, and give the right to write there; then run it again"
	return e
}

// accepted records the server's id. Should that fail, the work stays in sending: the id goes to the user, because the
// ledger cannot hold it.
func (n *run) accepted(ctx context.Context, a *Action, att ledger.Attempt, id string) *ending {
	ctx, cancel := recording(ctx)
	defer cancel()
	err := n.o.Process.Accepted(ctx, att, id)
	failpoint.At("job.accepted")
	if err == nil {
		return nil
	}
	n.owe(err, func(ctx context.Context) error { return n.o.Process.Accepted(ctx, att, id) })
	return &ending{
		result: ResultUnknown, code: "ledger", stop: "the ledger cannot be written",
		text: fmt.Sprintf("the server accepted it as %s, but that could not be recorded: %v", id, err),
		next: fmt.Sprintf("note the id and mend the cause; a watch records it then, else: dropform resolve '%s' -happened", inQuotes(a.Address)),
	}
}

// refused reads a failed start: what is certain about it, and what the user is told.
func (n *run) refused(l *link, a *Action, err error) (ledger.State, ending) {
	e := (*perbit.Error)(nil)
	if !errors.As(err, &e) {
		return ledger.StateNotSent, failed("not sent", err)
	}
	out := ending{result: ResultFailed, text: sentence(e), next: e.Hint, code: string(e.Class)}
	switch {
	case errors.Is(err, errChanged):
		return ledger.StateNotSent, stale(errChanged)
	case e.Certainty == perbit.NotSent && e.Class == perbit.ClassCanceled:
		return ledger.StateNotSent, ending{result: ResultNotStarted, text: "stopped before it was sent"}
	case e.Certainty == perbit.NotSent:
		return ledger.StateNotSent, out
	case e.Certainty == perbit.Refused:
		if stopsBlock(e) {
			out.stop = out.text
		}
		return ledger.StateRefused, out
	case a.Export != nil:
		return ledger.StateNotSent, out // an export only reads: it is simply run again
	case a.Import.OnUnknown == "retry":
		out.result, out.next = ResultUnknown, "it is sent again, because on_unknown is \"retry\""
		return ledger.StateUnknown, out
	default:
		out.result = ResultUnknown
		out.next = fmt.Sprintf("look in perbit whether the import ran, then: dropform resolve '%s' -happened or -did-not-happen", inQuotes(a.Address))
		return ledger.StateUnknown, out
	}
}
