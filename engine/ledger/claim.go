package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Claim takes the named right (an import's turn, one of a tenant's job slots) for this process until Release or its end.
// A claim of a process that is gone is taken over at once. The answer is the holder: the zero Owner when the claim is
// ours now, else who has it.
func (p *Process) Claim(ctx context.Context, key string) (Owner, error) {
	var holder Owner
	err := p.l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
		holder = Owner{}
		var owner string
		err := one(ctx, tx, `SELECT owner FROM claim WHERE key = ?`, []any{key}, &owner)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case err == nil && owner != p.ID:
			live, err := owners(ctx, tx, lockFolder(p.l.path))
			if err != nil {
				return err
			}
			if o, ok := live[owner]; ok {
				holder = o
				return nil
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO claim (key, owner, epoch, lease_until) VALUES (?, ?, 1, `+databaseClock+` + ?)
			ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, lease_until = excluded.lease_until`,
			key, p.ID, lease.Nanoseconds())
		return err
	})
	if err != nil {
		return Owner{}, fmt.Errorf("claim %s: %w", key, err)
	}
	return holder, nil
}

// Release gives a claim back. A claim that is no longer ours is left alone.
func (p *Process) Release(ctx context.Context, key string) error {
	return p.l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM claim WHERE key = ? AND owner = ?`, key, p.ID)
		return err
	})
}
