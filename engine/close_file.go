package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// closeFile ends a rule's file of which nothing is open any more: its protocol is written beside it, it is recorded as
// dealt with, and it goes to the archive with what belongs to it. A crash before the record: closed by the next run.
// After it: only the moves are owed.
func (n *run) closeFile(ctx context.Context, a *Action, e ending) ending {
	failpoint.At("close.begun")
	if err := n.noteLines(ctx); err != nil { // before the result moves away
		out := failed("everything in the file is done, but its result could not be flushed", err)
		out.next = "make room; the next run files it away, and sends nothing again"
		return out
	}
	reports, err := n.writeCallProtocol(ctx, a)
	failpoint.At("close.described")
	if err != nil {
		out := failed("everything in the file is done, but its protocol could not be written", err)
		out.next = "make room or give the right to write there; the next run writes it, and sends nothing again"
		return out
	}
	at := a.Rule.Address.Of(a.File.Name)
	closing := &Action{Address: at, Rule: a.Rule, File: a.File}
	moves, err := n.filings(closing, false, reports)
	if err != nil {
		return failed("archive the file", err)
	}
	file := ledger.File{Address: at.Block().String(), Name: a.File.Name, Stamp: a.File.Stamp, Digest: a.File.Digest, State: ledger.FileDone}
	if a.Kind == Duplicate {
		file.State, file.Message = ledger.FileDuplicate, a.Text
	}
	written := []ledger.Written{{Path: reports[len(reports)-1], Address: file.Address, Purpose: purposeProtocol}}
	rctx, cancel := recording(ctx)
	defer cancel()
	if err := n.o.Ledger.Put(rctx, []ledger.File{file}, moves, written, "done", cmp.Or(file.Message, "everything in it is done"), ""); err != nil {
		return failed("record that the file is done", err)
	}
	failpoint.At("close.recorded")
	if len(moves) > 0 {
		e = n.fileNow(ctx, closing, e)
	}
	return e
}

// writeCallProtocol writes what became of every call of the file beside it, and answers the reports that stand there, the
// protocol last.
func (n *run) writeCallProtocol(ctx context.Context, a *Action) ([]string, error) {
	var calls []ledger.Call
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		systems, err := v.Systems(a.Rule.Connection.Address.String(), a.Rule.Connection.Endpoint())
		if err == nil {
			calls, err = v.CallsOfContent(systems, string(a.Rule.Kind), a.File.Digest)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var reports []string
	path, err := n.resultPath(&Action{Rule: a.Rule, File: a.File})
	if err != nil {
		return nil, err
	}
	if _, err := lstat(n.o.FS, path); err == nil && a.Kind != Duplicate {
		reports = append(reports, path)
	}
	protocol := filepath.Join(a.Rule.Folder, a.File.Name+".protocol.txt")
	if _, err := keepEarlier(n.o.FS, protocol, ""); err != nil {
		return nil, err
	}
	return append(reports, protocol), durable.WriteFile(n.o.FS, protocol, 0o644, func(w io.Writer) error {
		return n.describeCalls(w, a, calls)
	})
}

// describeCalls is the protocol of a rule's file: a line for each call, oldest first.
func (n *run) describeCalls(w io.Writer, a *Action, calls []ledger.Call) error {
	_, err := fmt.Fprintf(w, "%s\n%s, %s\n\n", a.File.Name, a.Rule.Address, a.Rule.Connection.Address)
	slices.SortStableFunc(calls, func(a, b ledger.Call) int { return a.SentAt.Compare(b.SentAt) })
	for _, c := range calls {
		if err != nil {
			break
		}
		_, err = fmt.Fprintf(w, "%s  line %d  %s  %s  %s\n", c.SentAt.In(n.cfg.Location).Format("2006-01-02 15:04:05"), c.Line, itemAddress(&c.Work), c.State, c.Message)
	}
	return err
}

// placedBefore puts a file away whose every call was made before, by an earlier run or from another file.
func (n *run) placedBefore(ctx context.Context, a *Action) ending {
	path := filepath.Join(a.Rule.Folder, a.File.Name)
	if digest, stamp, err := digestFile(n.o.FS, path); err != nil || digest != a.File.Digest || !stamp.Equal(a.File.Stamp) {
		return stale(errors.Join(err, errChanged))
	}
	return n.closeFile(ctx, a, ending{result: ResultDone, text: cmp.Or(a.Text, "filed away")})
}

// owedLines is the step that writes result lines which an earlier run could not.
func (n *run) owedLines(ctx context.Context, a *Action) ending {
	e := ending{result: ResultDone, text: "the result is complete"}
	n.writeLines(ctx, a, 0, &e)
	return e
}
