package engine

import (
	"context"
	"errors"
	"io"
	"os"
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
		id, err := l.session(a).Import(ctx, imp.request(sub))
		return string(id), err
	})
	if e != nil {
		return n.meanwhile(ctx, l, a, *e)
	}
	return n.followImport(ctx, l, a, j, served)
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
	session, id, att := l.session(a), perbit.ImportID(j.id), j.Attempt
	p, e := n.follow(ctx, l, a, "importing", func(ctx context.Context) (perbit.Progress, error) { return session.ImportProgress(ctx, id) })
	if e != nil {
		return n.lost(ctx, a, att, *e)
	}
	return n.finishImport(ctx, l, a, att, p, served, func(ctx context.Context) (io.ReadCloser, error) { return session.Protocol(ctx, id) })
}

// importAndWait uses WaitForResult=1: one call, no progress, and nothing to resume by when it is cut.
func (n *run) importAndWait(ctx context.Context, l *link, a *Action, sub *submission, served func()) ending {
	var stream io.ReadCloser
	att, e := n.startOnce(ctx, l, a, func(ctx context.Context) error {
		var err error
		stream, err = l.session(a).ImportAndWait(ctx, a.Import.request(sub))
		return err
	})
	if e != nil {
		return *e
	}
	done := perbit.Progress{Completed: true}
	return n.finishImport(ctx, l, a, att, done, served, func(context.Context) (io.ReadCloser, error) { return stream, nil })
}
