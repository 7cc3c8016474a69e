package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// export runs an export method and writes its result to the target. An export only reads, so whatever is interrupted
// before its id is known is simply run again; with an id the result is fetched for as long as the server keeps it, one
// day (perbit 3.1).
func (n *run) export(ctx context.Context, a *Action) ending {
	exp := a.Export
	req, err := exp.request(a)
	if err == nil {
		_, err = exp.place(n.o.FS, n.cfg, a.runScope())
	}
	if err != nil {
		e := failed("nothing was asked for", err)
		e.code = "target"
		return e
	}
	l, release, stop := n.enter(ctx, a)
	if stop != nil {
		n.noteDue(ctx, a)
		return *stop
	}
	defer release()
	if exp.WaitForResult {
		return n.exportAndWait(ctx, l, a, req)
	}
	j, e := n.start(ctx, l, a, func(ctx context.Context) (string, error) {
		id, err := l.session(a).Export(ctx, req)
		return string(id), err
	})
	if e != nil {
		return *e
	}
	return n.followExport(ctx, l, a, j)
}

// noteDue records a run that fell due while its connection is down as not sent: it has begun to wait, and was not missed,
// also when the watch begins anew meanwhile.
func (n *run) noteDue(ctx context.Context, a *Action) {
	if a.Again != nil || a.Reason != ReasonDue {
		return
	}
	l, err := n.link(ctx, a.connection())
	if err != nil {
		return
	}
	o, down := l.outage(n.o.Now())
	if !down {
		return
	}
	if _, err := n.unsent(ctx, l, a, nil, ledger.Outcome{State: ledger.StateNotSent, Class: o.code, Message: o.text}); err != nil {
		n.o.Log.Warn("note that the run is due", "address", a.Address.String(), "error", err)
	}
}

// runScope is what `run` means for an action. The id is the same after a crash.
func (a *Action) runScope() RunScope {
	return RunScope{Time: a.Slot, ID: digestOf(a.Address.String(), fmt.Sprint(a.Request))[:12]}
}

func (e *Export) request(a *Action) (perbit.ExportRequest, error) {
	req := perbit.ExportRequest{Object: e.Object, Method: e.Method, Variables: map[string]string{}, SingleQuotes: e.VariablesStyle == "single_quotes"}
	for _, v := range e.Variables {
		text, err := v.Value(a.runScope())
		if err != nil {
			return req, fmt.Errorf("variables.%s: %w", v.Name, err)
		}
		req.Variables[v.Name] = text
	}
	return req, nil
}

func (n *run) exportAndWait(ctx context.Context, l *link, a *Action, req perbit.ExportRequest) ending {
	var stream io.ReadCloser
	att, e := n.startOnce(ctx, l, a, func(ctx context.Context) error {
		var err error
		stream, err = l.session(a).ExportAndWait(ctx, req)
		return err
	})
	if e != nil {
		return *e
	}
	return n.finishExport(ctx, l, a, att, func(context.Context) (io.ReadCloser, error) { return stream, nil })
}

func (n *run) resumeExport(ctx context.Context, a *Action) ending {
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
	a.Slot, a.Request = a.Prior.SlotAt.In(n.cfg.Location), a.Prior.Request
	return n.followExport(ctx, l, a, job{att, a.Prior.RemoteID})
}

func (n *run) followExport(ctx context.Context, l *link, a *Action, j job) ending {
	session, id, att := l.session(a), perbit.ExportID(j.id), j.Attempt
	p, e := n.follow(ctx, l, a, "exporting", func(ctx context.Context) (perbit.Progress, error) { return session.ExportProgress(ctx, id) })
	switch {
	case e != nil && e.code == string(perbit.ClassNotFound):
		return n.exportFailed(ctx, att, ledger.StateNotSent, "the server does not keep the result any more; it is run again", "expired")
	case e != nil:
		return *e
	case p.Faulted:
		return n.exportFailed(ctx, att, ledger.StateFailed, "the export faulted on the server: "+firstLine(p.Message), "faulted")
	case p.Canceled:
		return n.exportFailed(ctx, att, ledger.StateFailed, "the export was cancelled on the server", "canceled")
	}
	return n.finishExport(ctx, l, a, att, func(ctx context.Context) (io.ReadCloser, error) { return session.Result(ctx, id) })
}

func (n *run) exportFailed(ctx context.Context, att ledger.Attempt, state ledger.State, text, code string) ending {
	e := ending{result: ResultFailed, text: text, code: code, next: "the last good result stays; the next apply runs it again"}
	if err := n.book(ctx, att, ledger.Outcome{State: state, Class: code, Message: text}); err != nil {
		return failed("record the outcome", err)
	}
	return e
}

// finishExport fetches the result, checks it, puts it in its place and records the outcome. A crash before the record
// fetches it again; the target is then found unchanged.
func (n *run) finishExport(ctx context.Context, l *link, a *Action, att ledger.Attempt, fetch func(context.Context) (io.ReadCloser, error)) ending {
	res, err := n.fetchResult(ctx, a, fetch)
	if err != nil {
		return n.resultFailed(ctx, l, a, att, err)
	}
	failpoint.At("export.received")
	defer res.abort()
	good, err := n.lastGood(ctx, a)
	if err != nil {
		return failed("look into the ledger", err)
	}
	if wrong := res.check(ctx, n, a.Export, good); wrong != "" {
		return n.suspect(ctx, att, res, wrong)
	}
	failpoint.At("export.checked")
	return n.deliver(ctx, a, att, res, good)
}

// resultTries is how often a result is asked for before the next run goes on; reading it changes nothing on the server.
const resultTries = 4

func (n *run) fetchResult(ctx context.Context, a *Action, fetch func(context.Context) (io.ReadCloser, error)) (*result, error) {
	wait := 100 * time.Millisecond
	for try := 1; ; try++ {
		res, err := n.receiveOnce(ctx, a, fetch)
		e := (*perbit.Error)(nil)
		if err == nil || !errors.As(err, &e) || !e.Transient() || try >= resultTries || a.Export.WaitForResult || !n.sleep(max(wait, e.RetryAfter)) {
			return res, err
		}
		wait *= 4
	}
}

func (n *run) receiveOnce(ctx context.Context, a *Action, fetch func(context.Context) (io.ReadCloser, error)) (*result, error) {
	stream, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	return n.receive(ctx, a, stream)
}

func (n *run) resultFailed(ctx context.Context, l *link, a *Action, att ledger.Attempt, err error) ending {
	e, u, f := (*perbit.Error)(nil), (*unmappableError)(nil), (*foreignBytesError)(nil)
	switch {
	case errors.As(err, &e) && e.Class == perbit.ClassNotFound:
		return n.exportFailed(ctx, att, ledger.StateNotSent, sentence(e), string(e.Class))
	case errors.As(err, &e) && !e.Transient() && !stopsConnection(e) && e.Class != perbit.ClassCanceled && e.Class != perbit.ClassSession && e.Class != perbit.ClassUnknown:
		return n.exportFailed(ctx, att, ledger.StateFailed, sentence(e), string(e.Class))
	case errors.As(err, &e):
		out := ending{result: ResultWaiting, text: sentence(e), next: "the next run fetches the result", code: string(e.Class)}
		n.unreachable(l, a, err, &out)
		return out
	case errors.As(err, &u):
		return n.exportFailed(ctx, att, ledger.StateFailed, u.Error(), "unmappable")
	case errors.As(err, &f):
		return n.exportFailed(ctx, att, ledger.StateFailed, f.Error(), "source_encoding")
	}
	out := failed("the export ended, but its result could not be written", err)
	out.next = "make room or close the program that holds the target; the next run fetches the result without a new export"
	return out
}

func (n *run) lastGood(ctx context.Context, a *Action) (*ledger.Work, error) {
	var good *ledger.Work
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		good = nil
		w, found, err := v.LastGoodExport(a.Address.Block().String())
		if found {
			good = &w
		}
		return err
	})
	return good, err
}

// suspectSuffix is what the name of a result that fails its expectations ends with.
const suspectSuffix = ".suspect"

// suspect keeps a result that fails its expectations beside the target, which stays as it is.
func (n *run) suspect(ctx context.Context, att ledger.Attempt, res *result, wrong string) ending {
	path := res.path + suspectSuffix
	if err := res.commitAs(path); err != nil {
		return failed("keep the suspect result", err)
	}
	e := n.exportFailed(ctx, att, ledger.StateFailed, wrong, "expectation")
	e.text += "; kept as " + base(path) + ", the last good result stays"
	e.next = "look at the export method in perbit; the next apply runs it again"
	return e
}

// deliver puts a good result in its place.
func (n *run) deliver(ctx context.Context, a *Action, att ledger.Attempt, res *result, good *ledger.Work) ending {
	t := a.Export.Target
	o := ledger.Outcome{State: ledger.StateDone, Path: res.path, ResultDigest: res.digest, ResultRows: res.rows, ResultSize: res.size}
	text := fmt.Sprintf("written to %s, %s", base(res.path), plural(res.rows, "row", "rows"))
	_, err := lstat(n.o.FS, res.path)
	exists := !errors.Is(err, os.ErrNotExist)
	standing, _, err := digestFile(n.o.FS, res.path)
	switch {
	case err == nil && standing == res.digest && t.IfUnchanged != "write":
		since := ""
		if good != nil && good.ResultDigest == res.digest {
			since = " since " + good.EndedAt.In(n.cfg.Location).Format("2006-01-02 15:04")
		}
		text = "unchanged" + since + "; " + base(res.path) + " was left as it is"
		res.abort()
	case exists && t.IfExists == "fail":
		return n.exportFailed(ctx, att, ledger.StateFailed, base(res.path)+" exists already (if_exists = \"fail\")", "target_exists")
	default:
		if exists && t.IfExists == "keep_both" {
			o.Path = n.besideOf(a, res)
			text = fmt.Sprintf("written to %s, %s", base(o.Path), plural(res.rows, "row", "rows"))
		}
		if err := res.commitAs(o.Path); err != nil {
			return n.resultFailed(ctx, nil, a, att, err)
		}
	}
	failpoint.At("export.put")
	with, err := n.companions(ctx, a, o.Path, res)
	failpoint.At("export.companions")
	if err != nil {
		return n.resultFailed(ctx, nil, a, att, err)
	}
	o.Message = text
	address := a.Address.Block().String()
	o.Written = append(with, ledger.Written{Path: o.Path, Address: address, Purpose: purposeTarget, Digest: res.digest})
	if err := n.book(ctx, att, o); err != nil {
		return failed("record the outcome", err)
	}
	n.keep(context.WithoutCancel(ctx), address, purposeTarget, t.Keep)
	failpoint.At("export.pruned")
	return ending{result: ResultDone, text: text}
}

// besideOf is the name for a result whose target is to stay: the one under which an interrupted run has already put these
// bytes, else a free one.
func (n *run) besideOf(a *Action, res *result) string {
	if a.Kind == Resume {
		stem, ext := splitName(base(res.path))
		dir := filepath.Dir(res.path)
		names, err := readNames(n.o.FS, dir)
		for _, name := range names {
			path := filepath.Join(dir, name)
			if err != nil || !strings.HasPrefix(name, stem+"~") || filepath.Ext(name) != ext {
				continue
			}
			if digest, _, err := digestFile(n.o.FS, path); err == nil && digest == res.digest {
				return path
			}
		}
	}
	return durable.FreeName(n.o.FS, res.path, n.o.Now())
}

// receiving reports how much of a result has arrived, now and then.
func (n *run) receiving(a *Action) func(int64) {
	began, last := time.Now(), time.Time{}
	return func(got int64) {
		if now := time.Now(); now.Sub(last) >= 100*time.Millisecond {
			last = now
			n.emit(StepProgress{Action: a, Phase: "downloading", Sent: got, Total: -1, Percent: -1, Elapsed: now.Sub(began)})
		}
	}
}
