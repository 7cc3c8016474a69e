package ledger

import (
	"context"
	"time"
)

// Event is one line of history.
type Event struct {
	At      time.Time
	Address string
	Item    string
	What    string // a State, "applied", "forgotten", "moved", "duplicate", "rejected", "retry", "adopted", "waiting", "approved", "taken over"
	Message string
	Who     string // the person, where one decided
}

func event(ctx context.Context, tx *txn, address, item, what, message, who string, now int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO event (at, address, item, what, message, who) VALUES (?,?,?,?,?,?)`, now, address, item, what, message, who)
	return err
}

func eventOf(ctx context.Context, tx *txn, work int64, what, message, who string, now int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO event (at, address, item, what, message, who) SELECT ?, address, item, ?, ?, ? FROM work WHERE id = ?`,
		now, what, message, who, work)
	return err
}
