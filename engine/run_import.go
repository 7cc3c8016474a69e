package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// upload sends one file: verify, record the intent, send, record the server's id, follow. A crash before Begin: planned
// again. Between Begin and Accepted: unknown. After Accepted: resumed.
//
// over is called once the server has nothing more to do with the file: what is left then is this machine's work, and the
// next file may be sent meanwhile.
func (n *run) upload(ctx context.Context, a *Action, over func()) ending {
	imp := a.Import
	l, release, e := n.enter(ctx, a)
	if e != nil {
		return *e
	}
	served := func() {
		release()
		over()
	}
	defer served()
	progress := n.uploading(a)
	sub, err := submit(n.o.FS, imp.Folder, a.File, progress)
	if err != nil {
		return n.meanwhile(ctx, l, a, stale(err))
	}
	if imp.WaitForResult {
		return n.importAndWait(ctx, l, a, sub, served)
	}
	j, e := n.start(ctx, l, a, func(ctx context.Context) (string, error) {
		id, err := l.client.Session(perbit.ImportStream).Import(ctx, imp.request(sub))
		return string(id), err
	})
	if e != nil {
		return n.meanwhile(ctx, l, a, *e)
	}
	return n.followImport(ctx, l, a, j, served)
}

// errDealtWith says that another run has dealt with the planned file since it was planned.
type errDealtWith struct{ end ending }

func (e *errDealtWith) Error() string { return e.end.text }

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

func (n *run) dealtWith(v *ledger.View, a *Action, again *ledger.Work) error {
	block, name := a.Address.Block().String(), a.Address.Item
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

// meanwhile looks whether a step that was not started has been done by another process since it was planned.
func (n *run) meanwhile(ctx context.Context, l *link, a *Action, e ending) ending {
	if e.result != ResultNotStarted || e.stop != "" {
		return e
	}
	var known []ledger.Work
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		known, err = v.Content([]ledger.SystemID{l.system}, a.Import.Object, a.Import.Method, a.File.key(), a.File.Digest)
		return err
	})
	if err == nil && len(known) > 0 && known[len(known)-1].Request >= a.Request && known[len(known)-1].State.Happened() {
		return ending{result: ResultDone, text: "imported by another run in the meantime"}
	}
	return e
}

func (i *Import) request(sub *submission) perbit.ImportRequest {
	r := perbit.ImportRequest{Object: i.Object, Method: i.Method, Email: i.Email}
	if sub != nil {
		r.Body = sub.body()
	}
	return r
}

// stale is the end of a step whose file is not the planned one any more. Nothing was recorded, nothing sent.
func stale(err error) ending {
	switch {
	case errors.Is(err, errChanged):
		return ending{result: ResultNotStarted, text: "the file changed after it was planned; the next run looks at it anew"}
	case errors.Is(err, os.ErrNotExist):
		return ending{result: ResultNotStarted, text: "the file is gone; nothing was sent"}
	default:
		return failed("read the file", err)
	}
}

// uploading reports how much of the file has left, now and then.
func (n *run) uploading(a *Action) func(int64) {
	began, last := time.Now(), time.Time{}
	return func(sent int64) {
		now := time.Now()
		if now.Sub(last) < 100*time.Millisecond && sent < a.File.Send.Size {
			return
		}
		last = now
		n.emit(StepProgress{Action: a, Phase: "uploading", Sent: sent, Total: a.File.Send.Size, Percent: -1, Elapsed: now.Sub(began)})
	}
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

// try is what one attempt at a start came to.
type try struct {
	ledger.Attempt
	end   *ending      // nil: the server took it
	state ledger.State // that is recorded; none where nothing could be, or where there was nothing to record
	err   error        // why the server did not take it
}

// attempt opens a session, records the intent, sends, and records what came of it, unless the server took it.
func (n *run) attempt(ctx context.Context, l *link, a *Action, again *ledger.Work, send func(context.Context) error) (t try) {
	var err error
	opened := l.session(a).Open(ctx)
	if t.err = opened; opened == nil {
		if t.Attempt, err = n.begin(ctx, l, a, again); err != nil {
			e := notBegun(a, err)
			return try{end: &e}
		}
		failpoint.At("job.intended")
		t.err = send(ctx)
		failpoint.At("job.answered")
	}
	if t.err == nil {
		return t
	}
	state, e := n.refused(l, a, t.err)
	t.end = &e
	o := ledger.Outcome{State: state, Class: e.code, Message: e.text}
	switch {
	case opened == nil:
		if err = n.book(ctx, t.Attempt, o); err != nil {
			e.text += "; and " + err.Error()
			return try{end: t.end}
		}
	case ctx.Err() != nil:
		return t // the next run plans it as if this one had not been
	default:
		if t.Attempt, err = n.unsent(ctx, l, a, again, o); err != nil {
			e = notBegun(a, err)
			return t
		}
	}
	t.state = state
	return t
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

func transient(err error) bool {
	e := (*perbit.Error)(nil)
	return errors.As(err, &e) && e.Class != perbit.ClassCanceled && e.Class != perbit.ClassBody && (e.Transient() || e.Class == perbit.ClassUnknown)
}

func retryAfter(err error) time.Duration {
	if e := (*perbit.Error)(nil); errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// sleep waits, and reports false when the run is stopped meanwhile.
func (n *run) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-n.soft.Done():
		return false
	case <-t.C:
		return true
	}
}

// unreachable marks the connection as down when the error speaks of all of it, and tells so once. The step that met it
// is told as not started: nothing of it has happened.
func (n *run) unreachable(l *link, a *Action, err error, out *ending) {
	t, ok := troubleOf(err)
	if !ok || !t.connection && (out.result != ResultUnknown || !l.unanswered(t)) {
		return
	}
	o, first := n.wentDown(l, t, n.queued(l))
	out.stop = o.text
	if out.result == ResultFailed && (n.o.KeepTrying || !first) {
		out.result, out.quiet = ResultNotStarted, true
	}
}

// queued is how many steps wait for the connection, but for the one that has met its end.
func (n *run) queued(l *link) int {
	n.mu.Lock()
	queued := max(n.open[l.current().Address]-1, 0)
	n.mu.Unlock()
	if n.other != nil {
		queued += n.other(l.current().Address)
	}
	return queued
}

// wentDown marks a connection as down and tells so, once and then now and again.
func (r *Runner) wentDown(l *link, t trouble, queued int) (o outage, first bool) {
	o, first = l.fail(t, r.o.Now(), r.o.KeepTrying)
	if first || l.summary(r.o.Now()) {
		r.emit(ConnectionDown{Address: l.current().Address, Text: o.text, Next: o.next, Code: o.code, Retry: o.retry, Queued: queued})
	}
	return o, first
}

func (n *run) reachable(l *link, a *Action) {
	defer n.tellBegun(a, time.Now())
	if lasted := l.answered(n.o.Now()); lasted > 0 {
		n.emit(ConnectionUp{Address: l.current().Address, After: lasted})
	}
}

func (n *run) book(ctx context.Context, att ledger.Attempt, o ledger.Outcome) error {
	ctx, cancel := recording(ctx)
	defer cancel()
	failpoint.At("outcome.record")
	err := n.o.Process.Finish(ctx, att, o)
	failpoint.At("outcome.recorded")
	n.owe(err, func(ctx context.Context) error { return n.o.Process.Finish(ctx, att, o) })
	return err
}

// resumeImport goes on with a job that an earlier run started: under a new session, with the same id.
func (n *run) resumeImport(ctx context.Context, a *Action) ending {
	l, release, e := n.enter(ctx, a)
	if e != nil {
		return *e
	}
	defer release()
	att, err := n.o.Process.Resume(ctx, *a.Prior)
	if err != nil {
		return notBegun(a, err)
	}
	failpoint.At("job.resumed")
	a.File = n.stillThere(a.Import, a.File)
	return n.followImport(ctx, l, a, job{att, a.Prior.RemoteID}, release)
}

// stillThere finds the stamp of the file that was sent, if it still lies in its folder unchanged.
func (n *run) stillThere(imp *Import, f FileSeen) FileSeen {
	path := beside(imp.Folder, f.Name)
	digest, stamp, err := digestFile(n.o.FS, path)
	if err != nil || digest != f.Digest {
		f.Stamp = durable.Stamp{}
		return f
	}
	f.Stamp = stamp
	return f
}

// followImport waits for the server's job and closes the work.
func (n *run) followImport(ctx context.Context, l *link, a *Action, j job, served func()) ending {
	session, id, att := l.client.Session(perbit.ImportStream), perbit.ImportID(j.id), j.Attempt
	p, e := n.follow(ctx, l, a, "importing", func(ctx context.Context) (perbit.Progress, error) { return session.ImportProgress(ctx, id) })
	if e != nil {
		return n.lost(ctx, a, att, *e)
	}
	return n.finishImport(ctx, l, a, att, p, served, func(ctx context.Context) (io.ReadCloser, error) { return session.Protocol(ctx, id) })
}

// follow asks for progress until the job has ended. A stop, the end of max_wait and, in apply, a server that does not answer
// as often as the connection says leave the job running on the server; the next run resumes it. One that is past max_wait is asked
// for once.
func (n *run) follow(ctx context.Context, l *link, a *Action, phase string, poll func(context.Context) (perbit.Progress, error)) (perbit.Progress, *ending) {
	began := time.Now()
	left := a.patience(l.current(), n.o.Now())
	most := left
	if left <= 0 {
		most = l.current().Timeout
	}
	waiting, cancel := context.WithTimeout(n.soft, most)
	defer cancel()
	p, err := perbit.Follow(waiting, n.watched(l, a, poll), n.pace(l.current()), func(p perbit.Progress) {
		percent, ok := p.Percent()
		if !ok {
			percent = -1
		}
		n.emit(StepProgress{Action: a, Phase: phase, Percent: percent, Message: p.Message, Elapsed: time.Since(began)})
		if left <= 0 {
			cancel()
		}
	})
	switch {
	case err == nil:
		return p, nil
	case n.soft.Err() != nil:
		return p, &ending{result: ResultWaiting, text: "the server works on; the next run fetches the result"}
	case waiting.Err() != nil:
		return p, &ending{
			result: ResultWaiting, code: "max_wait", quiet: left <= 0,
			text: fmt.Sprintf("the server is not done after %s (max_wait)", l.current().MaxWait),
			next: fmt.Sprintf("look in perbit whether the job hangs; the next run asks again. If it is cancelled or lost there: dropform resolve '%s' -happened or -did-not-happen", a.Address),
		}
	}
	e := (*perbit.Error)(nil)
	if !errors.As(err, &e) {
		out := failed("ask for progress", err)
		return p, &out
	}
	out := ending{result: ResultWaiting, text: sentence(e), next: e.Hint, code: string(e.Class)}
	n.unreachable(l, a, err, &out)
	return p, &out
}

// pace is how often progress is asked for. A watch asks without end.
func (n *run) pace(c *Connection) perbit.Pace {
	p := perbit.Pace{
		First: c.ProgressFirst, Longest: c.ProgressLongest,
		Retry: perbit.Retry{Attempts: max(1, c.RetryAttempts), First: c.RetryFirst, Longest: c.RetryLongest},
	}
	if n.o.KeepTrying {
		p.Retry.Attempts = 0
	}
	return p
}

// watched is poll that in watch tells of a server that answers no longer, once until it does again: the second failure in a
// row, because a single one is soon made good.
func (n *run) watched(l *link, a *Action, poll func(context.Context) (perbit.Progress, error)) func(context.Context) (perbit.Progress, error) {
	if !n.o.KeepTrying {
		return poll
	}
	failed := 0
	return func(ctx context.Context) (perbit.Progress, error) {
		p, err := poll(ctx)
		switch t, ok := troubleOf(err); {
		case err == nil && failed > 1:
			n.reachable(l, a)
			failed = 0
		case err == nil:
			failed = 0
		case ok && transient(err):
			if failed++; failed == 2 {
				n.wentDown(l, t, n.queued(l))
			}
		}
		return p, err
	}
}

// lost ends work whose id the server does not know any more: whether the import ran is then unknown. Every other
// trouble leaves the work running, to be resumed.
func (n *run) lost(ctx context.Context, a *Action, att ledger.Attempt, e ending) ending {
	if e.code != string(perbit.ClassNotFound) {
		return e
	}
	e.result = ResultUnknown
	e.next = fmt.Sprintf("look in perbit whether the import ran, then: dropform resolve '%s' -happened or -did-not-happen", inQuotes(a.Address))
	if err := n.book(ctx, att, ledger.Outcome{State: ledger.StateUnknown, Class: e.code, Message: e.text}); err != nil {
		return failed("record the outcome", err)
	}
	return e
}

// importAndWait uses WaitForResult=1: one call, no progress, and nothing to resume by when it is cut.
func (n *run) importAndWait(ctx context.Context, l *link, a *Action, sub *submission, served func()) ending {
	var stream io.ReadCloser
	att, e := n.startOnce(ctx, l, a, func(ctx context.Context) error {
		var err error
		stream, err = l.client.Session(perbit.ImportStream).ImportAndWait(ctx, a.Import.request(sub))
		return err
	})
	if e != nil {
		return *e
	}
	done := perbit.Progress{Completed: true}
	return n.finishImport(ctx, l, a, att, done, served, func(context.Context) (io.ReadCloser, error) { return stream, nil })
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
