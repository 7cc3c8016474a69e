package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Definition is a block as it was last applied. Attributes is the engine's JSON of its settings, without secrets.
type Definition struct {
	Address        string
	Digest         string
	Attributes     string
	FirstAppliedAt time.Time
	AppliedAt      time.Time
}

// Change is one difference to write: exactly one of Put, Forget and MoveTo is set beside Address.
type Change struct {
	Address string
	Put     *Definition // create or update
	Forget  bool        // gone from the configuration; what happened stays
	MoveTo  string      // the address was renamed; history follows
}

// Apply writes definitions in one transaction, moves first.
func (l *Ledger) Apply(ctx context.Context, changes []Change, who string) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		for _, c := range changes {
			if c.MoveTo != "" {
				if err := moveDefinition(ctx, tx, c.Address, c.MoveTo, who, now); err != nil {
					return err
				}
			}
		}
		for _, c := range changes {
			if err := applyOne(ctx, tx, c, who, now); err != nil {
				return err
			}
		}
		return nil
	})
	return explain(err, "record the definitions")
}

func applyOne(ctx context.Context, tx *txn, c Change, who string, now int64) error {
	switch {
	case c.Put != nil:
		_, err := tx.ExecContext(ctx, `INSERT INTO definition (address, digest, attributes, first_applied_at, applied_at) VALUES (?,?,?,?,?)
			ON CONFLICT (address) DO UPDATE SET digest = excluded.digest, attributes = excluded.attributes, applied_at = excluded.applied_at`,
			c.Address, c.Put.Digest, c.Put.Attributes, now, now)
		if err != nil {
			return err
		}
		return event(ctx, tx, c.Address, "", "applied", "", who, now)
	case c.Forget:
		if _, err := tx.ExecContext(ctx, `DELETE FROM definition WHERE address = ?`, c.Address); err != nil {
			return err
		}
		return event(ctx, tx, c.Address, "", "forgotten", "", who, now)
	}
	return nil
}

// moveDefinition renames an address everywhere that history hangs on it. The new address may have a history of its own,
// from a block of that name that is gone; the two become one.
func moveDefinition(ctx context.Context, tx *txn, from, to, who string, now int64) error {
	// Runs of one slot keep both rows: the moved ones get numbers after those that are there. Address and number change
	// together, so that no row on its way meets one that has not moved yet.
	if _, err := tx.ExecContext(ctx, `UPDATE work SET address = ?, request = request + 1 + (SELECT max(request) FROM work o
		WHERE o.kind = 'export' AND o.address = ? AND o.item = work.item)
		WHERE kind = 'export' AND address = ? AND EXISTS (SELECT 1 FROM work o WHERE o.kind = 'export' AND o.address = ? AND o.item = work.item)`,
		to, to, from, to); err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE OR REPLACE definition SET address = ? WHERE address = ?`,
		`UPDATE work SET address = ? WHERE address = ?`,
		`UPDATE OR REPLACE file SET address = ? WHERE address = ?`,
		`UPDATE filing SET address = ? WHERE address = ?`,
		`UPDATE written SET address = ? WHERE address = ?`,
		`UPDATE OR REPLACE approval SET address = ? WHERE address = ?`,
		`UPDATE OR REPLACE taken_over SET address = ? WHERE address = ?`,
		`UPDATE event SET address = ? WHERE address = ?`,
	} {
		if _, err := tx.ExecContext(ctx, q, to, from); err != nil {
			return err
		}
	}
	if err := moveSystem(ctx, tx, from, to); err != nil {
		return err
	}
	return event(ctx, tx, to, "", "moved", "was "+from, who, now)
}

// moveSystem lets a connection's new address lead to its system, beside the old one. Had the new address led to
// another system before, the two are one from now on.
func moveSystem(ctx context.Context, tx *txn, from, to string) error {
	var was SystemID
	err := one(ctx, tx, `SELECT system FROM system_alias WHERE alias = ?`, []any{addressAlias(from)}, &was)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var other SystemID
	err = one(ctx, tx, `SELECT system FROM system_alias WHERE alias = ?`, []any{addressAlias(to)}, &other)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx, `INSERT INTO system_alias (alias, system) VALUES (?, ?)`, addressAlias(to), was)
		return err
	case err != nil || was == other:
		return err
	}
	return mergeSystems(ctx, tx, min(was, other), max(was, other))
}
