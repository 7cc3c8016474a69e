package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/afero"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// protocolTries is how often the protocol of a completed job is asked for before it counts as not there: a server may
// say completed a moment before it has written it (perbit 2.2.6).
const protocolTries = 4

// readForWords is how many bytes of a protocol are looked at for `failed` and `warn`.
const readForWords = 16 << 20

// written is a protocol on disk.
type written struct {
	path    string // empty: the server had none
	verdict ledger.State
	failed  bool // `failed` matched, rather than `warn`
	words   string
}

// finishImport fetches the protocol, writes it beside the file, records the outcome and files both away. In that order:
// a crash before the record resumes the job and writes the same bytes again; after it only the moves are owed. served is
// called when the server has given the protocol.
func (n *run) finishImport(ctx context.Context, l *link, a *Action, att ledger.Attempt, p perbit.Progress, served func(), fetch func(context.Context) (io.ReadCloser, error)) ending {
	failpoint.At("job.completed")
	if failpoint.Bad(failpoint.DoneBeforeProtocol) {
		_ = n.book(ctx, att, ledger.Outcome{State: ledger.StateDone})
	}
	w, err := n.fetchProtocol(ctx, a, p, served, fetch)
	failpoint.At("protocol.written")
	if err != nil && a.Import.WaitForResult {
		return n.protocolLost(ctx, a, att, err)
	}
	if err != nil {
		return n.protocolFailed(l, a, err)
	}
	o := ledger.Outcome{State: w.verdict, Path: w.path, ResultRows: a.File.Rows, Patient: a.Import.Order == "any"}
	e := ending{result: ResultDone, text: "imported"}
	switch {
	case p.Faulted:
		o.State, e.result, e.text, e.code = ledger.StateFailed, ResultFailed, "the import faulted on the server", "faulted"
	case p.Canceled:
		o.State, e.result, e.text, e.code = ledger.StateFailed, ResultFailed, "the import was cancelled on the server", "canceled"
	case w.verdict == ledger.StateWarned:
		e.result, e.text, e.code = ResultWarned, "imported with errors: "+l.client.Hide(w.words), "completed_with_errors"
	}
	if o.State == ledger.StateFailed {
		if p.Message != "" && !a.Import.secretive() {
			e.text += ": " + firstLine(p.Message)
		}
		e.next = fmt.Sprintf("the same content is sent again only when asked for: dropform retry '%s'", inQuotes(a.Address))
		if a.Import.Archive != nil {
			e.next = fmt.Sprintf("the same content is sent again only when asked for: put the file back into its drop folder, then: dropform retry '%s'", inQuotes(a.Address))
		}
	}
	switch {
	case w.path != "":
		e.text += ", protocol: " + ShownName(filepath.Base(w.path))
	case e.result == ResultDone:
		e.text += "; the server had no protocol"
	}
	o.Message, o.Class = e.text, e.code
	if o.Files, o.Filings, o.Written, err = n.dispositions(a, w, o.State); err != nil {
		e.next = "the file stays in its folder: " + err.Error()
	}
	for _, f := range o.Filings {
		if f.Source == w.path {
			o.Path = f.Target
		}
	}
	if err := n.book(ctx, att, o); err != nil {
		out := failed("the import ended, but its outcome could not be recorded", err)
		out.next = "the next run asks the server again"
		return out
	}
	if len(o.Filings) > 0 {
		e = n.fileNow(ctx, a, e)
	}
	return e
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if utf8.RuneCountInString(s) > 200 {
		s = string([]rune(s)[:200]) + "…"
	}
	return strings.TrimSpace(s)
}

// protocolFailed: the job has ended, but its protocol is not on disk. The work stays running, so that the next run
// fetches it; nothing is sent again.
func (n *run) protocolFailed(l *link, a *Action, err error) ending {
	if e := (*perbit.Error)(nil); errors.As(err, &e) {
		out := ending{result: ResultWaiting, text: sentence(e), next: e.Hint, code: string(e.Class)}
		n.unreachable(l, a, err, &out)
		return out
	}
	if n.soft.Err() != nil {
		return ending{result: ResultWaiting, text: "stopped before the protocol was fetched; the next run fetches it"}
	}
	n.unswept(a)
	out := failed("the import ended, but its protocol could not be written", err)
	out.next = "make room or give the right to write there; the next run fetches the protocol, and sends nothing again"
	return out
}

// protocolLost: under wait_for_result the protocol comes once, and there is no id to ask again by. The answer began, so the
// import has run; what it says is lost, and a person has to look.
func (n *run) protocolLost(ctx context.Context, a *Action, att ledger.Attempt, err error) ending {
	e := ending{
		result: ResultWarned, code: "protocol_lost", text: "imported, but its protocol could not be kept: " + plainError(err),
		next: "look in perbit what the import says; with wait_for_result the protocol cannot be fetched again",
	}
	o := ledger.Outcome{State: ledger.StateWarned, Class: e.code, Message: e.text, ResultRows: a.File.Rows}
	var ferr error
	if o.Files, o.Filings, o.Written, ferr = n.dispositions(a, written{}, o.State); ferr != nil {
		e.next += "; the file stays in its folder: " + ferr.Error()
	}
	if err := n.book(ctx, att, o); err != nil {
		return failed("the import ended, but its outcome could not be recorded", err)
	}
	if len(o.Filings) > 0 {
		e = n.fileNow(ctx, a, e)
	}
	return e
}

func (n *run) fetchProtocol(ctx context.Context, a *Action, p perbit.Progress, served func(), fetch func(context.Context) (io.ReadCloser, error)) (written, error) {
	wait := 100 * time.Millisecond
	for try := 1; ; try++ {
		stream, err := fetch(ctx)
		if err == nil {
			return n.writeProtocol(ctx, a, stream, served)
		}
		e := (*perbit.Error)(nil)
		missing := errors.As(err, &e) && e.Class == perbit.ClassNotFound
		switch {
		case missing && (p.Faulted || p.Canceled || try >= protocolTries):
			return written{verdict: ledger.StateDone}, nil
		case !missing && (e == nil || !e.Transient() || try >= protocolTries):
			return written{}, err
		}
		if !n.sleep(wait) {
			return written{}, err
		}
		wait *= 4
	}
}

// writeProtocol puts the server's bytes beside the file, unaltered, and reads them for the words that turn completed
// into completed with errors. An earlier content's protocol of the same name is kept under a name with its time.
func (n *run) writeProtocol(ctx context.Context, a *Action, stream io.ReadCloser, served func()) (written, error) {
	defer stream.Close()
	imp := a.Import
	name, err := imp.Protocol.Path(imp.scope(n.cfg, a.File))
	if err != nil {
		return written{}, fmt.Errorf("protocol.path: %w", err)
	}
	path := beside(imp.Folder, name)
	if err := n.makeRoom(ctx, path); err != nil {
		return written{}, err
	}
	f, err := durable.Create(n.o.FS, path, 0o644)
	if err != nil {
		return written{}, err
	}
	defer f.Abort()
	var head bytes.Buffer
	sniff := imp.Protocol.Failed != nil || imp.Protocol.Warn != nil
	h := sha256.New()
	to := io.MultiWriter(f, h)
	if sniff {
		to = io.MultiWriter(f, h, &limited{Buffer: &head, left: readForWords})
	}
	if _, err := io.Copy(to, stream); err != nil {
		return written{}, err
	}
	_ = stream.Close() // read to its end: this only gives the connection back
	served()
	w := written{path: path, verdict: ledger.StateDone}
	if sniff {
		w.judge(imp.Protocol, head.Bytes(), imp.secretive())
	}
	failpoint.At("protocol.fetched")
	defer n.naming.alone(foldName(path))()
	if _, err := keepEarlier(n.o.FS, path, sum(h)); err != nil {
		return written{}, err
	}
	failpoint.At("protocol.kept")
	if imp.Order == "any" {
		return w, n.protocols.Commit(f)
	}
	return w, f.Commit()
}

// secretive reports whether a column of the import is sensitive.
func (i *Import) secretive() bool {
	return i.CSV != nil && slices.ContainsFunc(i.CSV.Columns, func(c csvschema.Column) bool { return c.Sensitive })
}

// limited drops what is beyond its bound instead of failing.
type limited struct {
	*bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	take := p[:min(len(p), l.left)]
	l.left -= len(take)
	l.Buffer.Write(take)
	return len(p), nil
}

// judge looks for the words of failed and warn. Line ends are LF to them, so that $ finds the end of a line; a pattern that asks
// for the server's own is held against those as well, because errors must never pass as success. Where a column is sensitive
// the protocol's own words are not repeated: perbit quotes cells in it.
func (w *written) judge(p Protocol, raw []byte, secretive bool) {
	text := decodeText(raw, p.Encoding)
	plain := unixLines(text)
	for _, words := range []*regexp.Regexp{p.Failed, p.Warn} {
		if words == nil {
			continue
		}
		found := words.FindString(plain)
		if found == "" && plain != text {
			found = words.FindString(text)
		}
		if found != "" {
			w.verdict, w.words, w.failed = ledger.StateWarned, firstLine(found), words == p.Failed
			if secretive {
				w.words = "see the protocol"
			}
			return
		}
	}
}

// keepEarlier renames a protocol of earlier content out of the way: NAME.protocol.<time>.txt. The same bytes, left by a
// crash before the outcome was recorded, are simply replaced.
func keepEarlier(fs afero.Fs, path, digest string) (kept string, err error) {
	info, err := lstat(fs, path)
	if err != nil {
		return "", nil //nolint:nilerr // there is none
	}
	if standing, _, err := digestFile(fs, path); err == nil && standing == digest {
		return "", nil
	}
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext) + "." + info.ModTime().UTC().Format("20060102T150405Z")
	for i := 0; ; i++ {
		kept = base + ext
		if i > 0 {
			kept = fmt.Sprintf("%s-%d%s", base, i, ext)
		}
		if err := durable.Move(fs, path, kept); !errors.Is(err, afero.ErrFileExists) {
			return kept, err
		}
	}
}
