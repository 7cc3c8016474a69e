package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// duplicate puts a file away whose content was imported before. It checks again that it was: a step of the same plan may
// have failed meanwhile.
func (n *run) duplicate(ctx context.Context, a *Action) ending {
	l, err := n.link(ctx, a.Import.Connection)
	if err != nil {
		return failed("prepare the connection", err)
	}
	known, since, err := n.settled(ctx, l, a)
	if err != nil {
		return failed("look into the ledger", err)
	}
	if len(known) == 0 || !known[len(known)-1].State.Happened() {
		return ending{result: ResultNotStarted, text: "the same content was not imported after all; the next run decides anew"}
	}
	if since && a.Import.Order != "any" {
		return ending{result: ResultNotStarted, text: "other files were imported since the same content was; the next run asks what is meant"}
	}
	prior := known[len(known)-1]
	if digest, stamp, err := digestFile(n.o.FS, filepath.Join(a.Import.Folder, a.File.Name)); err != nil || digest != a.File.Digest || !stamp.Equal(a.File.Stamp) {
		return stale(errors.Join(err, errChanged))
	}
	text := fmt.Sprintf("already imported %s as %s", prior.SentAt.In(n.cfg.Location).Format("2006-01-02 15:04"), itemAddress(&prior))
	moves, err := n.filings(a, false, nil)
	if err != nil {
		return failed("archive the duplicate", err)
	}
	file := ledger.File{
		Address: a.Address.Block().String(), Name: a.Address.Item, Stamp: a.File.Stamp, Digest: a.File.Digest,
		State: ledger.FileDuplicate, Work: prior.ID, Message: text,
	}
	rctx, cancel := recording(ctx)
	defer cancel()
	if err := n.o.Ledger.Put(rctx, []ledger.File{file}, moves, nil, "duplicate", text, ""); err != nil {
		return failed("record the duplicate", err)
	}
	failpoint.At("duplicate.recorded")
	e := ending{result: ResultDone, text: text}
	if len(moves) > 0 {
		e = n.fileNow(ctx, a, e)
	}
	return e
}

// settled waits until no other live process works on the content any more, and tells what is known of it then and whether
// the import has sent other content since.
func (n *run) settled(ctx context.Context, l *link, a *Action) (known []ledger.Work, since bool, err error) {
	for {
		live := false
		err = n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
			var err error
			if known, err = v.Content([]ledger.SystemID{l.system}, a.Import.Object, a.Import.Method, a.File.key(), a.File.Digest); err != nil || len(known) == 0 {
				return err
			}
			owners, err := v.Owners()
			owner := known[len(known)-1].Owner
			_, live = owners[owner]
			// What this very process left open is gone on with by a later step, which waits for this one.
			live = live && owner != n.o.Process.ID
			if err == nil {
				since, err = v.SentSince(a.Address.Block().String(), known[len(known)-1])
			}
			return err
		})
		if err != nil || len(known) == 0 || !live || !known[len(known)-1].State.Open() || !n.sleep(50*time.Millisecond) {
			return known, since, err
		}
	}
}

// reject writes what is wrong beside the file, records that it is not sent, and files it away. Nothing leaves this
// machine.
func (n *run) reject(ctx context.Context, a *Action) ending {
	path := filepath.Join(a.dropFolder().Folder, a.File.Name)
	info, err := lstat(n.o.FS, path)
	if err != nil {
		return stale(err)
	}
	if !durable.StampOf(info).Equal(a.File.Stamp) {
		return stale(errChanged)
	}
	reports, err := n.writeReports(ctx, a, path)
	if err != nil {
		n.unswept(a)
		e := failed("it is not valid, and the report could not be written", err)
		e.next = "make room or give the right to write there; nothing was sent"
		return e
	}
	failpoint.At("reject.reported")
	moves, err := n.filings(a, true, reports)
	if err != nil {
		return failed("archive the rejected file", err)
	}
	text := a.Reason
	switch {
	case a.Reason == ReasonInvalid && a.Text != "":
		text = fmt.Sprintf("invalid: %s", a.Text) // in one piece, for its German
	case a.Text != "":
		text += ": " + a.Text
	}
	file := ledger.File{
		Address: a.Address.Block().String(), Name: a.Address.Item, Stamp: a.File.Stamp, Digest: a.File.Digest,
		State: ledger.FileRejected, Checked: a.checkDigest(), Message: text,
	}
	rctx, cancel := recording(ctx)
	defer cancel()
	if err := n.o.Ledger.Put(rctx, []ledger.File{file}, moves, nil, "rejected", text, ""); err != nil {
		return failed("record the rejection", err)
	}
	failpoint.At("reject.recorded")
	e := ending{
		result: ResultRejected, code: "rejected", text: "rejected, nothing was sent: " + text + ", see " + ShownName(filepath.Base(reports[0])),
		next: "put a corrected file into the folder",
	}
	if len(moves) > 0 {
		e = n.fileNow(ctx, a, e)
	}
	return e
}

// say is a sentence for people in their language.
func (n *run) say(english string) string {
	if n.o.Say == nil {
		return english
	}
	return n.o.Say(english)
}

// writeReports writes NAME.errors.txt and, where the content was looked at, its companions, beside the file.
func (n *run) writeReports(ctx context.Context, a *Action, path string) ([]string, error) {
	if a.Report == nil {
		report := path + ".errors.txt"
		return []string{report}, durable.WriteFile(n.o.FS, report, 0o644, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s\n%s: %s\n", a.File.Name, a.Reason, n.say(a.Text))
			return err
		})
	}
	report := func(suffix string, write func(io.Writer) error) (string, error) {
		return path + suffix, durable.WriteFile(n.o.FS, path+suffix, 0o644, write)
	}
	var out []string
	for _, r := range []struct {
		suffix string
		write  func(io.Writer) error
	}{
		{".errors.txt", func(w io.Writer) error { return a.Report.WriteText(w, a.File.Name, n.cfg.Language) }},
		{".errors.json", func(w io.Writer) error {
			return csvschema.WriteJSON(w, csvschema.Checked{File: a.File.Name, SHA256: a.File.Digest, Report: a.Report})
		}},
		{".errors.csv", func(w io.Writer) error { return a.Report.WriteCSV(w, n.cfg.Language) }},
		{".rejected.csv", func(w io.Writer) error {
			f, err := n.o.FS.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			return a.Report.WriteRejected(w, f)
		}},
	} {
		p, err := report(r.suffix, r.write)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, ctx.Err()
}
