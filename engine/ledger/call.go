package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Call is one call of a rule. Its Method is its Kind or the vendor's action; its Digest the SHA-256 of the file that it
// came from, or for a call that follows an order one that the engine makes of it; its Object tells it from the others of
// the same digest ("line 12"). System, method, digest, object and request are its business key: the same bytes are done
// once, line by line, whatever the rule, the connection and the file are called.
type Call struct {
	Work
	File          string // base name of the file that it came from
	Line          int64  // physical line in it, 1-based; 0 where it follows an order
	Source        int64  // the work of the order that it follows, 0: none
	RequestDigest string // SHA-256 of the ServiceData, hex
	Sent          string // the ServiceData, JSON
	Answer        string // the ServiceReturnData, JSON without image; empty until it is known
}

// ofCalls is the condition of the index work_call, in its very words, so that a query finds its way to it.
const ofCalls = `kind NOT IN ('import', 'export')`

func isCall(kind string) bool { return kind != KindImport && kind != KindExport }

// callMayReopen reports whether a call that ended so is ever attempted anew under the same request. An unknown one only
// where a second time does no harm: a purchase, delete, silent_copy or save_document_as always waits for a person. One
// that failed on the server has happened and keeps what it holds.
func callMayReopen(w Work) bool {
	return w.State.nothingSent() || w.State == StateUnknown && (w.Kind == KindReadyStatus || w.Kind == KindPositionData)
}

const callColumns = `file, line, source, request_digest, sent, answer`

func scanCall(r *sql.Rows) (Call, error) {
	var c Call
	var err error
	c.Work, err = scanWork(r, &c.File, &c.Line, &c.Source, &c.RequestDigest, &c.Sent, &c.Answer)
	return c, err
}

// listCalls lists calls by a condition and order of ours.
func listCalls(ctx context.Context, db rows, where string, args ...any) ([]Call, error) {
	found, err := db.QueryContext(ctx, `SELECT `+workColumns+`, `+callColumns+` FROM work JOIN call ON call.work = work.id WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer found.Close()
	var out []Call
	for found.Next() {
		c, err := scanCall(found)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, found.Err()
}

// BeginCall records, durably, that c may be sent from now on: call it before the first byte leaves. It is as Begin, and
// in the same transaction c gets every key of holds and uses up the approval of that digest. Somebody else's key is a
// *HeldError. ErrNotApproved says that approval, where it is not empty, is not the digest of an unused approval of this
// request (RequestDigest) at c's address and item. Of an again only what Begin changes, and all fields of Call, change.
func (p *Process) BeginCall(ctx context.Context, c Call, holds []Hold, approval string, again *Work) (Attempt, error) {
	if !isCall(c.Kind) || again != nil && !isCall(again.Kind) {
		return Attempt{}, fmt.Errorf("record the call: a %s is no call", c.Kind)
	}
	if again != nil && (again.Kind != c.Kind || again.Digest != c.Digest || Fold(again.Object) != Fold(c.Object)) {
		return Attempt{}, fmt.Errorf("record the call: %s is not the call that is attempted anew, %s", c.Object, again.Object)
	}
	var a Attempt
	now := time.Now().UnixNano()
	err := p.l.write(ctx, func(ctx context.Context, tx *txn) error {
		var err error
		if a, err = p.intend(ctx, tx, c.Work, again, now); err != nil {
			return err
		}
		if err := putCall(ctx, tx, a.Work, c); err != nil {
			return err
		}
		if err := hold(ctx, tx, a.Work, holds); err != nil {
			return err
		}
		if approval == "" {
			return passApproval(ctx, tx, c, a)
		}
		return useApproval(ctx, tx, c, approval, a)
	})
	p.takeBack(ctx, a, err)
	return a, explain(err, "record the call")
}

func putCall(ctx context.Context, tx *txn, work int64, c Call) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO call (work, file, line, source, request_digest, sent, answer) VALUES (?,?,?,?,?,?,'')
		ON CONFLICT (work) DO UPDATE SET file = excluded.file, line = excluded.line, source = excluded.source,
			request_digest = excluded.request_digest, sent = excluded.sent, answer = ''`,
		work, c.File, c.Line, c.Source, c.RequestDigest, c.Sent)
	return err
}

// finishCall books what an outcome means for a call; for other work it finds nothing to do.
func finishCall(ctx context.Context, tx *txn, a Attempt, o Outcome) error {
	if o.Answer != "" {
		if _, err := tx.ExecContext(ctx, `UPDATE call SET answer = ? WHERE work = ?`, o.Answer, a.Work); err != nil {
			return err
		}
	}
	if err := owe(ctx, tx, a.Work, o.Line); err != nil {
		return err
	}
	if !o.State.nothingSent() {
		return nil
	}
	if err := release(ctx, tx, a.Work); err != nil {
		return err
	}
	if o.State != StateNotSent {
		return nil // it reached the server: the approval is used up
	}
	return giveApprovalBack(ctx, tx, a)
}

// AdoptCalls counts calls as done without sending them, in one transaction with file, if any. Each gets the keys of the
// holds at its index, so that none of them is placed later; what somebody has already stays theirs, and becomes the
// call's should they ever give it back. A call that has happened is passed over; one that is open or unknown makes the
// whole ErrOvertaken. What waited for approval does so no longer.
func (l *Ledger) AdoptCalls(ctx context.Context, calls []Call, holds [][]Hold, file *File, who string) error {
	if len(calls) != len(holds) {
		return errors.New("record the adoption: the calls and their holds do not go together")
	}
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		for i, c := range calls {
			if err := adoptCall(ctx, tx, c, holds[i], who, now); err != nil {
				return err
			}
		}
		if file == nil {
			return nil
		}
		return putAll(ctx, tx, []File{*file}, nil, nil, now)
	})
	return explain(err, "record the adoption")
}

func adoptCall(ctx context.Context, tx *txn, c Call, holds []Hold, who string, now int64) error {
	if !isCall(c.Kind) {
		return fmt.Errorf("a %s is no call", c.Kind)
	}
	known, err := listWork(ctx, tx, ofCalls+` AND system = coalesce((SELECT merged_into FROM system WHERE id = ?), ?)
		AND method_key = ? AND digest = ? AND object_key = ? ORDER BY request DESC LIMIT 1`,
		c.System, c.System, Fold(c.Method), c.Digest, Fold(c.Object))
	if err != nil {
		return err
	}
	c.Request = 0
	for _, last := range known {
		if last.State.Happened() {
			return nil
		}
		if last.State.Open() || last.State == StateUnknown {
			return ErrOvertaken
		}
		c.Request = last.Request + 1
	}
	a, err := insertWork(ctx, tx, c.Work, "", now)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE work SET state = ?, path = ?, ended_at = ? WHERE id = ?`, StateAdopted, c.Path, now, a.Work); err != nil {
		return err
	}
	if err := putCall(ctx, tx, a.Work, c); err != nil {
		return err
	}
	if err := holdBehind(ctx, tx, a.Work, holds); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM approval WHERE address = ? AND item = ? AND used = 0`, c.Address, c.Item); err != nil {
		return err
	}
	return eventOf(ctx, tx, a.Work, "adopted", "counted as done without sending", who, now)
}
