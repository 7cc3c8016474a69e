package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"dropform/engine/failpoint"
)

// State is where a piece of work stands.
type State string

// The states of work. Sending and running are open; unknown waits for a person; refused and not sent are planned again;
// the rest are final.
const (
	StateSending  State = "sending"          // the first byte may have left
	StateRunning  State = "running"          // the server's id is known
	StateUnknown  State = "unknown"          // may have happened: only a person can say
	StateNotSent  State = "not_sent"         // nothing left this machine
	StateRefused  State = "refused"          // the server said no before it began
	StateDone     State = "done"             // completed
	StateWarned   State = "done_with_errors" // completed, and the protocol names errors
	StateFailed   State = "failed"           // accepted, then faulted or cancelled; a result that fails its expectations
	StateAdopted  State = "adopted"          // counted as done by a person, never sent by us
	StateResolved State = "resolved"         // was unknown; a person found that it happened
)

// Happened reports whether the effect took place, as far as anybody knows.
func (s State) Happened() bool {
	return s == StateDone || s == StateWarned || s == StateAdopted || s == StateResolved
}

// nothingSent reports whether the effect certainly did not take place, so that it may be tried again.
func (s State) nothingSent() bool { return s == StateNotSent || s == StateRefused }

// Open reports whether a live process may still be working on it, or a run was interrupted.
func (s State) Open() bool { return s == StateSending || s == StateRunning }

// ClassRetry is the class of work that a person asked to be tried again.
const ClassRetry = "retry"

// ClassInterrupted is the class of work whose process ended before it could say what became of it.
const ClassInterrupted = "interrupted"

// The kinds of work: an import's file, an export's run, and the calls of each kind of rule.
const (
	KindImport         = "import"
	KindExport         = "export"
	KindPurchase       = "purchase"
	KindReadyStatus    = "ready_status"
	KindSilentCopy     = "silent_copy"
	KindSaveDocumentAs = "save_document_as"
	KindDelete         = "delete"
	KindPositionData   = "position_data"
)

// Work is one piece of work: one content for one import method, one slot of one export, or one call of a rule (see Call).
type Work struct {
	ID              int64
	Kind            string
	Address         string // the block instance
	Item            string // base name or slot
	System          SystemID
	Endpoint        string // normalised URL (and customer id) that it went to
	Object, Method  string
	Digest          string // SHA-256 of the content sent, hex; empty for exports
	SourceDigest    string // SHA-256 of the file as it was dropped, as csv.send_encoding found it; else the same as Digest
	Size            int64  // bytes sent
	Request         int    // 0, and one more each time the same content was asked for again
	Definition      string // digest of what the work depends on, see engine
	SlotAt          time.Time
	State           State
	Epoch           int64
	Owner           string
	AttemptID       int64 // the last one; of what was adopted, the last of all before that
	RemoteID        string
	Class, Message  string
	Path            string // the protocol, or the export's target
	ResultDigest    string
	ResultRows      int64
	ResultSize      int64
	SentAt, EndedAt time.Time
}

const workColumns = `id, kind, address, item, system, endpoint, object, method, digest, source_digest, size, request, definition, slot_at,
	state, epoch, owner, attempt, remote_id, class, message, path, result_digest, result_rows, result_size, sent_at, ended_at`

// scanWork reads workColumns and, where a query has more columns after them, those into more.
func scanWork(r *sql.Rows, more ...any) (Work, error) {
	var w Work
	var slot, sent, ended int64
	err := r.Scan(append([]any{
		&w.ID, &w.Kind, &w.Address, &w.Item, &w.System, &w.Endpoint, &w.Object, &w.Method, &w.Digest, &w.SourceDigest, &w.Size, &w.Request,
		&w.Definition, &slot, &w.State, &w.Epoch, &w.Owner, &w.AttemptID, &w.RemoteID, &w.Class, &w.Message, &w.Path,
		&w.ResultDigest, &w.ResultRows, &w.ResultSize, &sent, &ended,
	}, more...)...)
	w.SlotAt, w.SentAt, w.EndedAt = instant(slot), instant(sent), instant(ended)
	return w, err
}

// unfinished is the condition of the index work_open, in its very words, so that a query finds its way to it.
const unfinished = `state IN ('sending', 'running', 'unknown', 'refused', 'not_sent', 'failed')`

// listWork lists work by a condition and order of ours.
func listWork(ctx context.Context, db rows, where string, args ...any) ([]Work, error) {
	return readWork(ctx, db, `work WHERE `+where, args...)
}

// readWork lists work from tables, under conditions and in an order of ours.
func readWork(ctx context.Context, db rows, from string, args ...any) ([]Work, error) {
	found, err := db.QueryContext(ctx, `SELECT `+workColumns+` FROM `+from, args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer found.Close()
	var out []Work
	for found.Next() {
		w, err := scanWork(found)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, found.Err()
}

// Attempt is the right to say what became of one sending. Answers are booked to it, never to the work's latest.
type Attempt struct {
	Work  int64
	ID    int64
	Epoch int64
}

// Begin records, durably, that w may be sent from now on: call it before the first byte leaves. With again nil the
// business key must be new, else ErrTaken. With again set, that work in exactly that state is attempted anew, else
// ErrOvertaken; what is open, has happened, or is not the last request is never attempted anew. Only the fields up to
// SlotAt, and ResultRows, of w are read, and of those that make the business key of an import none is changed by again.
func (p *Process) Begin(ctx context.Context, w Work, again *Work) (Attempt, error) {
	return p.BeginUnless(ctx, w, again, func(*View) error { return nil })
}

// BeginUnless is Begin where look has nothing against it. look sees the state to which the intent is added, so that nobody
// comes between; its error is the answer as it is, and nothing is recorded then.
func (p *Process) BeginUnless(ctx context.Context, w Work, again *Work, look func(*View) error) (Attempt, error) {
	a, err := p.enter(ctx, w, again, nil, look)
	p.takeBack(ctx, a, err)
	return a, err
}

// Unsent records that w was to be sent and nothing of it left, because not even a session was to be had: the intent and its
// outcome are one transaction, so that no crash leaves an intent of which nobody knows. It is otherwise as BeginUnless.
func (p *Process) Unsent(ctx context.Context, w Work, again *Work, o Outcome, look func(*View) error) (Attempt, error) {
	return p.enter(ctx, w, again, &o, look)
}

// enter records the intent, and with it the outcome where there is one already, unless look has something against it.
func (p *Process) enter(ctx context.Context, w Work, again *Work, o *Outcome, look func(*View) error) (a Attempt, err error) {
	if isCall(w.Kind) || again != nil && isCall(again.Kind) {
		return Attempt{}, fmt.Errorf("record the intent: a %s is a call, which begins with BeginCall", w.Kind)
	}
	var against error
	now := time.Now().UnixNano()
	err = p.l.write(ctx, func(ctx context.Context, tx *txn) (err error) {
		if against = look(&View{ctx: ctx, db: tx, locks: lockFolder(p.l.path)}); against != nil {
			return against
		}
		if a, err = p.intend(ctx, tx, w, again, now); err != nil || o == nil {
			return err
		}
		return finish(ctx, tx, a, *o, now)
	})
	if against != nil && errors.Is(err, against) { // it may have been against an earlier try
		return Attempt{}, against
	}
	return a, explain(err, "record the intent")
}

// takeBack ends an attempt that was recorded, but not for good, so that it is not begun. It need not last either.
func (p *Process) takeBack(ctx context.Context, a Attempt, err error) {
	if errors.Is(err, errNotFlushed) {
		_ = p.Finish(context.WithoutCancel(ctx), a, Outcome{State: StateNotSent, Class: "ledger", Message: "nothing was sent, because the intent could not be recorded"})
	}
}

// intend makes the work, or opens it again, and gives it a new attempt.
func (p *Process) intend(ctx context.Context, tx *txn, w Work, again *Work, now int64) (a Attempt, err error) {
	if again == nil {
		a, err = insertWork(ctx, tx, w, p.ID, now)
	} else {
		a, err = reopenWork(ctx, tx, w, *again, p.ID, now)
	}
	if err != nil {
		return a, err
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO attempt (id, work, owner, started_at) SELECT attempt, id, ?, ? FROM work WHERE id = ?`, p.ID, now, a.Work)
	if err != nil {
		return a, err
	}
	a.ID, err = r.LastInsertId()
	return a, err
}

// insertWork makes work for the attempt that is made next: who writes writes alone, so its id is known. Work of nobody has none of
// its own; its place is behind the last one that there is.
func insertWork(ctx context.Context, tx *txn, w Work, owner string, now int64) (Attempt, error) {
	own := 1
	if owner == "" {
		own = 0
	}
	// A system that was merged into another since the caller asked for it stands for that one.
	r, err := tx.ExecContext(ctx, `INSERT INTO work (kind, address, item, system, endpoint, object, object_key, method, method_key, digest, source_digest, size, request,
		definition, slot_at, state, epoch, owner, attempt, remote_id, class, message, path, result_digest, result_rows, result_size, sent_at, ended_at)
		VALUES (?,?,?,coalesce((SELECT merged_into FROM system WHERE id = ?), ?),?,?,?,?,?,?,?,?,?,?,?,?,1,?,(SELECT coalesce(max(id), 0) + ? FROM attempt),'','','','','',?,0,?,0)`,
		w.Kind, w.Address, w.Item, w.System, w.System, w.Endpoint, w.Object, Fold(w.Object), w.Method, Fold(w.Method), w.Digest, w.SourceDigest, w.Size, w.Request,
		w.Definition, nanos(w.SlotAt), StateSending, owner, own, w.ResultRows, now)
	if err != nil {
		if e := (*sqlite.Error)(nil); errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
			return Attempt{}, ErrTaken
		}
		return Attempt{}, err
	}
	id, err := r.LastInsertId()
	return Attempt{Work: id, Epoch: 1}, err
}

// reopenWork attempts work anew. Only the last request is ever tried again: an older one, even if it came to nothing,
// has been overtaken by what was asked for, or adopted, after it.
func reopenWork(ctx context.Context, tx *txn, w, again Work, owner string, now int64) (Attempt, error) {
	if again.State.Open() || again.State.Happened() || isCall(again.Kind) && !callMayReopen(again) {
		return Attempt{}, ErrOvertaken
	}
	err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1, owner = ?, attempt = (SELECT coalesce(max(id), 0) + 1 FROM attempt), address = ?, item = ?, source_digest = ?, endpoint = ?, definition = ?,
		remote_id = '', class = '', message = '', path = '', sent_at = ?, ended_at = 0 WHERE id = ? AND epoch = ? AND state = ?
		AND NOT EXISTS (SELECT 1 FROM work l WHERE l.kind = 'import' AND work.kind = 'import' AND l.system = work.system AND l.object_key = work.object_key
			AND l.method_key = work.method_key AND l.digest = work.digest AND l.request > work.request)
		AND NOT EXISTS (SELECT 1 FROM work l WHERE l.`+ofCalls+` AND work.`+ofCalls+` AND l.system = work.system AND l.method_key = work.method_key
			AND l.digest = work.digest AND l.object_key = work.object_key AND l.request > work.request)
		AND NOT EXISTS (SELECT 1 FROM work l WHERE l.kind = 'export' AND work.kind = 'export' AND l.address = work.address AND l.item = work.item
			AND l.request > work.request)`,
		StateSending, owner, w.Address, w.Item, w.SourceDigest, w.Endpoint, w.Definition, now, again.ID, again.Epoch, again.State)
	if err != nil {
		return Attempt{}, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE work SET object = ?, object_key = ?, method = ?, method_key = ? WHERE id = ? AND kind = 'export'`,
		w.Object, Fold(w.Object), w.Method, Fold(w.Method), again.ID)
	return Attempt{Work: again.ID, Epoch: again.Epoch + 1}, err
}

// swap runs a compare-and-set: exactly one row, or ErrOvertaken.
func swap(ctx context.Context, tx *txn, query string, args ...any) error {
	r, err := tx.ExecContext(ctx, failpoint.Query(query), args...)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = ErrOvertaken
	}
	return err
}

// Accepted records the server's id the moment it is known: from here on the work is resumed, never sent again. It survives
// the end of the process when it returns, and a power cut a few milliseconds later.
func (p *Process) Accepted(ctx context.Context, a Attempt, remoteID string) error {
	err := p.l.writeSoon(ctx, func(ctx context.Context, tx *txn) error {
		if _, err := tx.ExecContext(ctx, `UPDATE attempt SET remote_id = ? WHERE id = ?`, remoteID, a.ID); err != nil {
			return err
		}
		return swap(ctx, tx, `UPDATE work SET state = ?, remote_id = ? WHERE id = ? AND attempt = ? AND epoch = ? AND state = ?`,
			StateRunning, remoteID, a.Work, a.ID, a.Epoch, StateSending)
	})
	return explain(err, "record the server's id")
}

// Resume takes over running work of a process that is gone. The epoch moves on, so that a process that only seemed gone
// can book nothing any more.
func (p *Process) Resume(ctx context.Context, w Work) (Attempt, error) {
	err := p.l.write(ctx, func(ctx context.Context, tx *txn) error {
		if w.Owner != p.ID {
			live, err := owners(ctx, tx, lockFolder(p.l.path))
			if err != nil {
				return err
			}
			if _, ok := live[w.Owner]; ok {
				return ErrOvertaken
			}
		}
		return swap(ctx, tx, `UPDATE work SET owner = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ? AND state = ?`,
			p.ID, w.ID, w.Epoch, StateRunning)
	})
	return Attempt{Work: w.ID, ID: w.AttemptID, Epoch: w.Epoch + 1}, explain(err, "take over the interrupted run")
}

// Outcome is what became of an attempt.
type Outcome struct {
	State          State
	Class, Message string // the client's class and the server's first line
	Path           string // the protocol or the target that was written
	ResultDigest   string
	ResultRows     int64
	ResultSize     int64
	Files          []File    // dispositions that become true with it
	Filings        []Filing  // moves that are owed from now on
	Written        []Written // files that were written for it
	Patient        bool      // nobody waits for it: it may wait a few milliseconds, to share the flush of other writes

	Answer string      // of a call: the server's ServiceReturnData in JSON, without image
	Line   *ResultLine // of a call: what its result CSV is owed from now on; Finish sets its ID
}

// Finish books the outcome to its attempt. Whatever Outcome names as written must already be on disk. Where nothing was
// sent or the server said no, the keys that a call holds are free again; not sent also gives its approval back.
func (p *Process) Finish(ctx context.Context, a Attempt, o Outcome) error {
	now := time.Now().UnixNano()
	write := p.l.write
	if o.Patient {
		write = p.l.writePatient
	}
	err := write(ctx, func(ctx context.Context, tx *txn) error { return finish(ctx, tx, a, o, now) })
	return explain(err, "record the outcome")
}

func finish(ctx context.Context, tx *txn, a Attempt, o Outcome, now int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE attempt SET result = ?, message = ?, ended_at = ? WHERE id = ?`, o.State, o.Message, now, a.ID); err != nil {
		return err
	}
	err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1, owner = '', class = ?, message = ?, path = ?,
		result_digest = ?, result_rows = ?, result_size = ?, ended_at = ? WHERE id = ? AND attempt = ? AND epoch = ? AND state IN ('sending', 'running')`,
		o.State, o.Class, o.Message, o.Path, o.ResultDigest, o.ResultRows, o.ResultSize, now, a.Work, a.ID, a.Epoch)
	if err != nil {
		return err
	}
	for i := range o.Files {
		o.Files[i].Work = a.Work
	}
	if err := putAll(ctx, tx, o.Files, o.Filings, o.Written, now); err != nil {
		return err
	}
	if err := finishCall(ctx, tx, a, o); err != nil {
		return err
	}
	return eventOf(ctx, tx, a.Work, string(o.State), o.Message, "", now)
}

// setState moves work to another state outside an attempt (a dead process's, a person's word) and books the attempt.
func setState(ctx context.Context, tx *txn, w Work, to State, class, message string) error {
	now := time.Now().UnixNano()
	if err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1, owner = '', class = ?, message = ?, ended_at = ?
		WHERE id = ? AND epoch = ? AND state = ?`, to, class, message, now, w.ID, w.Epoch, w.State); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE attempt SET result = ?, message = ?, ended_at = ? WHERE id = ? AND ended_at = 0`, to, message, now, w.AttemptID); err != nil {
		return err
	}
	return eventOf(ctx, tx, w.ID, string(to), message, "", now)
}

// explain adds what was being done to an unexpected error and leaves those that callers decide on as they are.
func explain(err error, doing string) error {
	if err == nil || errors.Is(err, ErrTaken) || errors.Is(err, ErrOvertaken) || errors.Is(err, ErrNotApproved) {
		return err
	}
	if held := (*HeldError)(nil); errors.As(err, &held) {
		return err
	}
	return fmt.Errorf("%s in the ledger: %w", doing, err)
}
