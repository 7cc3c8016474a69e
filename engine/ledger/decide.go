package ledger

import (
	"context"
	"fmt"
	"time"
)

// Resolve ends an unknown outcome by a person's word; who and note go into the history. The files, filings and line of
// with, if any, become true in the same transaction: whoever sees the outcome sees them too. A call that did not happen
// gives back the keys that it held, and needs a new approval.
func (l *Ledger) Resolve(ctx context.Context, w Work, happened bool, who, note string, with ...Outcome) error {
	to, text := StateNotSent, "found not to have happened"
	if happened {
		to, text = StateResolved, "found to have happened"
	}
	if note != "" {
		text += ": " + note
	}
	now := time.Now().UnixNano()
	if w.State != StateUnknown && w.State != StateRunning {
		return ErrOvertaken
	}
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1, class = 'resolved', message = ?, ended_at = ? WHERE id = ? AND epoch = ? AND state = ?`,
			to, text, now, w.ID, w.Epoch, w.State)
		if err != nil {
			return err
		}
		for _, o := range with {
			if err := putAll(ctx, tx, o.Files, o.Filings, nil, now); err != nil {
				return err
			}
			if err := owe(ctx, tx, w.ID, o.Line); err != nil {
				return err
			}
		}
		if !happened {
			if err := release(ctx, tx, w.ID); err != nil {
				return err
			}
			if err := voidApproval(ctx, tx, w.ID); err != nil {
				return err
			}
		}
		return eventOf(ctx, tx, w.ID, string(to), text, who, now)
	})
	return explain(err, "record what was found")
}

// Retry marks work that failed, was refused or was not sent, so that it is planned again also by a watch. Work in any
// other state is ErrOvertaken. A call needs a new approval.
func (l *Ledger) Retry(ctx context.Context, w Work, who string) error {
	if w.State != StateFailed && !w.State.nothingSent() {
		return ErrOvertaken
	}
	now := time.Now().UnixNano()
	to := w.State
	if w.Kind == KindExport {
		to = StateNotSent
	}
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1, class = ? WHERE id = ? AND epoch = ? AND state = ?`,
			to, ClassRetry, w.ID, w.Epoch, w.State)
		if err != nil {
			return err
		}
		if err := voidApproval(ctx, tx, w.ID); err != nil {
			return err
		}
		return eventOf(ctx, tx, w.ID, "retry", "", who, now)
	})
	return explain(err, "record the request")
}

// AdoptFailed counts work that failed on the server as done. Work in any other state is ErrOvertaken.
func (l *Ledger) AdoptFailed(ctx context.Context, w Work, who string) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		err := swap(ctx, tx, `UPDATE work SET state = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ? AND state = ?`, StateAdopted, w.ID, w.Epoch, StateFailed)
		if err != nil {
			return err
		}
		return eventOf(ctx, tx, w.ID, "adopted", "counted as done", who, now)
	})
	return explain(err, "record the adoption")
}

// Adopt counts content or a slot as done without sending it (calls: AdoptCalls). Only the fields up to SlotAt, and Path, of w are read.
func (l *Ledger) Adopt(ctx context.Context, w Work, file *File, who string) error {
	if isCall(w.Kind) {
		return fmt.Errorf("record the adoption: a %s is adopted as a call", w.Kind)
	}
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		if w.Kind == KindImport {
			var err error
			if w.Request, err = nextRequest(ctx, tx, w.System, w.Object, w.Method, w.Digest); err != nil {
				return err
			}
		}
		a, err := insertWork(ctx, tx, w, "", now)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE work SET state = ?, path = ?, ended_at = ? WHERE id = ?`, StateAdopted, w.Path, now, a.Work); err != nil {
			return err
		}
		if file != nil {
			file.Work = a.Work
			if err := putAll(ctx, tx, []File{*file}, nil, nil, now); err != nil {
				return err
			}
		}
		return eventOf(ctx, tx, a.Work, "adopted", "counted as done without sending", who, now)
	})
	return explain(err, "record the adoption")
}
