package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// ErrNotApproved says that nobody has approved exactly this call, or that the approval is used up. Nothing was changed.
var ErrNotApproved = errors.New("the call is not approved as it stands")

// Approval is a call that waits, or waited, for a person's word, with what the person is shown.
type Approval struct {
	Address, Item string
	File          string // base name of the file that gives the call
	FileDigest    string // SHA-256 of that file, hex
	RequestDigest string // SHA-256 of the ServiceData, hex
	Digest        string // of all that is shown: the request and the prices
	Shown         string // the prices shown, JSON of the engine's making
	At            time.Time
	By            string    // who approved it
	ApprovedAt    time.Time // zero: nobody has
	Used          bool      // an attempt that may have sent a byte used it up
}

// Await records calls as waiting for approval. One that waits already with the same digest keeps its approval; with
// another, or when its approval is used up, it waits anew. What is new becomes an event.
func (l *Ledger) Await(ctx context.Context, calls []Approval) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		for _, a := range calls {
			if err := await(ctx, tx, a, now); err != nil {
				return err
			}
		}
		return nil
	})
	return explain(err, "record what waits for approval")
}

func await(ctx context.Context, tx *txn, a Approval, now int64) error {
	// The file that gives the call may have got another name, or other bytes that give the same call.
	r, err := tx.ExecContext(ctx, `UPDATE approval SET file = ?, file_digest = ? WHERE address = ? AND item = ?
		AND digest = ? AND request_digest = ? AND used = 0`, a.File, a.FileDigest, a.Address, a.Item, a.Digest, a.RequestDigest)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO approval (address, item, file, file_digest, request_digest, digest, at, approved_by, approved_at, used, shown)
		VALUES (?,?,?,?,?,?,?,'',0,0,?) ON CONFLICT (address, item) DO UPDATE SET file = excluded.file, file_digest = excluded.file_digest,
			request_digest = excluded.request_digest, digest = excluded.digest, at = excluded.at, approved_by = '', approved_at = 0, used = 0,
			shown = excluded.shown`,
		a.Address, a.Item, a.File, a.FileDigest, a.RequestDigest, a.Digest, now, a.Shown); err != nil {
		return err
	}
	return event(ctx, tx, a.Address, a.Item, "waiting", "for approval", "", now)
}

// Approve records a person's word for exactly the call that waits as a (Address, Item and Digest), else ErrOvertaken.
// Saying it twice is saying it once.
func (l *Ledger) Approve(ctx context.Context, a Approval, who string) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		var at int64
		err := one(ctx, tx, `SELECT approved_at FROM approval WHERE address = ? AND item = ? AND digest = ? AND used = 0`,
			[]any{a.Address, a.Item, a.Digest}, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrOvertaken
		case err != nil || at != 0:
			return err
		}
		if err := swap(ctx, tx, `UPDATE approval SET approved_by = ?, approved_at = ? WHERE address = ? AND item = ? AND digest = ? AND used = 0`,
			who, now, a.Address, a.Item, a.Digest); err != nil {
			return err
		}
		return event(ctx, tx, a.Address, a.Item, "approved", "", who, now)
	})
	return explain(err, "record the approval")
}

// Forgo drops what waits at an address under these items: nothing gives those calls any more. What was used stays.
func (l *Ledger) Forgo(ctx context.Context, address string, items ...string) error {
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		for _, item := range items {
			if _, err := tx.ExecContext(ctx, `DELETE FROM approval WHERE address = ? AND item = ? AND used = 0`, address, item); err != nil {
				return err
			}
		}
		return nil
	})
	return explain(err, "forget what waited for approval")
}

// useApproval consumes the approval that a call goes out under; the attempt may give it back.
func useApproval(ctx context.Context, tx *txn, c Call, digest string, a Attempt) error {
	err := swap(ctx, tx, `UPDATE approval SET used = ? WHERE address = ? AND item = ? AND digest = ? AND request_digest = ?
		AND approved_at > 0 AND used = 0`, a.ID, c.Address, c.Item, digest, c.RequestDigest)
	if errors.Is(err, ErrOvertaken) {
		return ErrNotApproved
	}
	return err
}

// passApproval ends the waiting of a call that goes out named in its run: what is recorded of it is as good as used.
func passApproval(ctx context.Context, tx *txn, c Call, a Attempt) error {
	_, err := tx.ExecContext(ctx, `UPDATE approval SET used = ? WHERE address = ? AND item = ? AND used = 0`, a.ID, c.Address, c.Item)
	return err
}

// giveApprovalBack undoes useApproval for an attempt that sent nothing, unless the call waits anew since.
func giveApprovalBack(ctx context.Context, tx *txn, a Attempt) error {
	_, err := tx.ExecContext(ctx, `UPDATE approval SET used = 0 WHERE used = ?
		AND (address, item) = (SELECT address, item FROM work WHERE id = ?)`, a.ID, a.Work)
	return err
}

// voidApproval takes back an approval that is not used up: the call has to be shown and approved anew.
func voidApproval(ctx context.Context, tx *txn, work int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE approval SET approved_by = '', approved_at = 0 WHERE used = 0
		AND (address, item) = (SELECT address, item FROM work WHERE id = ?)`, work)
	return err
}

// Approval is what is recorded for one call, also when it is used up; found is false where nothing is.
func (v *View) Approval(address, item string) (a Approval, found bool, err error) {
	err = v.approvals(`address = ? AND item = ?`, []any{address, item}, func(got Approval) { a, found = got, true })
	return a, found, err
}

// Approvals lists the calls of a rule that wait for approval, or have it and were not sent yet, by item.
func (v *View) Approvals(address string) (map[string]Approval, error) {
	out := map[string]Approval{}
	err := v.approvals(`address = ? AND used = 0`, []any{address}, func(a Approval) { out[a.Item] = a })
	return out, err
}

// AllApprovals lists the calls of all rules that wait for approval, or have it and were not sent yet, oldest first.
func (v *View) AllApprovals() (out []Approval, err error) {
	err = v.approvals(`used = 0 ORDER BY at, address, item`, nil, func(a Approval) { out = append(out, a) })
	return out, err
}

func (v *View) approvals(where string, args []any, add func(Approval)) error {
	return v.each(`SELECT address, item, file, file_digest, request_digest, digest, shown, at, approved_by, approved_at, used <> 0
		FROM approval WHERE `+where, args, func(r *sql.Rows) error {
		var a Approval
		var at, approved int64
		err := r.Scan(&a.Address, &a.Item, &a.File, &a.FileDigest, &a.RequestDigest, &a.Digest, &a.Shown, &at, &a.By, &approved, &a.Used)
		a.At, a.ApprovedAt = instant(at), instant(approved)
		add(a)
		return err
	})
}
