package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// ResultLine is one line of a result CSV that is owed: it was decided together with an outcome and stays until it is
// written. A crash may come between the writing and LineWritten: whoever writes looks at the file's end first.
type ResultLine struct {
	ID           int64 // in the order in which the lines came to be; given by the ledger
	Work         int64 // given by the ledger
	Path         string
	Header, Text string // one CSV record each; the header is for a file that is new

	Address, Content string // the call's block, and the digest of the file that it came from; given by the ledger
}

// owe records a line, if there is one.
func owe(ctx context.Context, tx *txn, work int64, line *ResultLine) error {
	if line == nil {
		return nil
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO owed (work, path, header, text) VALUES (?,?,?,?)`, work, line.Path, line.Header, line.Text)
	if err != nil {
		return err
	}
	line.Work = work
	if line.ID, err = r.LastInsertId(); err != nil {
		return err
	}
	return one(ctx, tx, `SELECT address, digest FROM work WHERE id = ?`, []any{work}, &line.Address, &line.Content)
}

// OwedLines lists the lines of a block's calls that are not written yet, in their order; of all calls where address is
// empty.
func (v *View) OwedLines(address string) ([]ResultLine, error) {
	var out []ResultLine
	err := v.each(`SELECT o.id, o.work, o.path, o.header, o.text, w.address, w.digest FROM owed o JOIN work w ON w.id = o.work
		WHERE w.address = ? OR ? = '' ORDER BY o.id`, []any{address, address}, func(r *sql.Rows) error {
		var l ResultLine
		err := r.Scan(&l.ID, &l.Work, &l.Path, &l.Header, &l.Text, &l.Address, &l.Content)
		out = append(out, l)
		return err
	})
	return out, err
}

// LineWritten ends what is owed once the lines are durably in their files.
func (l *Ledger) LineWritten(ctx context.Context, ids ...int64) error {
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM owed WHERE id = ?`, id); err != nil {
				return fmt.Errorf("line %d: %w", id, err)
			}
		}
		return nil
	})
	return explain(err, "record the written lines")
}
