package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// SystemID names one remote system, however many connections and spellings of its address lead to it.
type SystemID int64

// System finds or makes the system that a connection leads to and remembers both its address in the configuration and
// its endpoint (the normalised URL, for perbit with the customer id). Two systems that turn out to be one are merged:
// their keys then guard each other.
func (l *Ledger) System(ctx context.Context, address, endpoint string) (SystemID, error) {
	var id SystemID
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		known, err := systemsOf(ctx, tx, address, endpoint)
		if err != nil {
			return err
		}
		switch len(known) {
		case 0:
			r, err := tx.ExecContext(ctx, `INSERT INTO system DEFAULT VALUES`)
			if err != nil {
				return err
			}
			n, err := r.LastInsertId()
			if err != nil {
				return err
			}
			id = SystemID(n)
		default:
			id = known[0]
		}
		for _, other := range known[min(1, len(known)):] {
			if err := mergeSystems(ctx, tx, id, other); err != nil {
				return err
			}
		}
		for _, alias := range aliases(address, endpoint) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO system_alias (alias, system) VALUES (?, ?) ON CONFLICT DO NOTHING`, alias, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("record the system behind %s: %w", address, err)
	}
	return id, nil
}

func aliases(address, endpoint string) []string {
	return []string{addressAlias(address), endpointAlias + endpoint}
}

const endpointAlias = "endpoint "

func addressAlias(address string) string { return "address " + address }

// systemsOf lists the systems known under either alias, the smallest id first.
func systemsOf(ctx context.Context, db rows, address, endpoint string) ([]SystemID, error) {
	a := aliases(address, endpoint)
	found, err := db.QueryContext(ctx, `SELECT DISTINCT system FROM system_alias WHERE alias IN (?, ?) ORDER BY system`, a[0], a[1])
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var ids []SystemID
	for found.Next() {
		var id SystemID
		if err := found.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, found.Err()
}

// respell gives the systems that an earlier version wrote down in its own normal form the name that they have in this one's
// as well. Two that turn out to be one become one.
func respell(ctx context.Context, tx *txn) error {
	odd, err := oddEndpoints(ctx, tx)
	if err != nil {
		return err
	}
	for _, stored := range odd {
		now := normalEndpoint(stored)
		ids, err := systemsOf(ctx, tx, "", stored) // one; asked for now, because it may have been merged just before
		if err != nil || len(ids) == 0 {
			return err
		}
		known, err := systemsOf(ctx, tx, "", now)
		switch {
		case err != nil:
			return err
		case len(known) == 0:
			if _, err := tx.ExecContext(ctx, `INSERT INTO system_alias (alias, system) VALUES (?, ?)`, endpointAlias+now, ids[0]); err != nil {
				return err
			}
		case known[0] != ids[0]:
			if err := mergeSystems(ctx, tx, min(known[0], ids[0]), max(known[0], ids[0])); err != nil {
				return err
			}
		}
	}
	return nil
}

// oddEndpoints are those that are not in normal form.
func oddEndpoints(ctx context.Context, tx *txn) (odd []string, err error) {
	found, err := tx.QueryContext(ctx, `SELECT alias FROM system_alias ORDER BY system, alias`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var alias string
		if err := found.Scan(&alias); err != nil {
			return nil, err
		}
		if stored, ok := strings.CutPrefix(alias, endpointAlias); ok && normalEndpoint(stored) != stored {
			odd = append(odd, stored)
		}
	}
	return odd, found.Err()
}

// mergeSystems moves everything of gone to kept, and leaves word at gone for processes that still know it by that id.
func mergeSystems(ctx context.Context, tx *txn, kept, gone SystemID) error {
	for _, kind := range []string{`kind = 'import'`, ofCalls} {
		if err := mergeWork(ctx, tx, kind, kept, gone); err != nil {
			return err
		}
	}
	if err := mergeHeld(ctx, tx, kept, gone); err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE work SET system = ? WHERE system = ?`,
		`UPDATE system_alias SET system = ? WHERE system = ?`,
		`UPDATE system SET merged_into = ? WHERE id = ?`,
		`UPDATE system SET merged_into = ? WHERE merged_into = ?`,
	} {
		if _, err := tx.ExecContext(ctx, q, kept, gone); err != nil {
			return err
		}
	}
	return nil
}

// mergeWork moves what both systems have of the same content; kind is the condition of the unique index that keeps it apart.
func mergeWork(ctx context.Context, tx *txn, kind string, kept, gone SystemID) error {
	both, err := listWork(ctx, tx, kind+` AND system = ? AND EXISTS (SELECT 1 FROM work k WHERE k.`+kind+` AND k.system = ?
		AND k.object_key = work.object_key AND k.method_key = work.method_key AND k.digest = work.digest)
		ORDER BY object_key, method_key, digest, request`, gone, kept)
	if err != nil {
		return err
	}
	for len(both) > 0 {
		n := 1
		for n < len(both) && sameContent(both[n], both[0]) {
			n++
		}
		if err := mergeContent(ctx, tx, kind, kept, both[:n]); err != nil {
			return err
		}
		both = both[n:]
	}
	return nil
}

func sameContent(a, b Work) bool {
	return Fold(a.Object) == Fold(b.Object) && Fold(a.Method) == Fold(b.Method) && a.Digest == b.Digest
}

// mergeContent gives content that both systems have one row of request numbers: both did happen. What counts (see
// chained) gets the last number, and every number that was taken stays taken, so that a plan made before cannot send
// under one of them.
func mergeContent(ctx context.Context, tx *txn, kind string, kept SystemID, moving []Work) error {
	own, err := listWork(ctx, tx, kind+` AND system = ? AND object_key = ? AND method_key = ? AND digest = ? ORDER BY request`,
		kept, Fold(moving[0].Object), Fold(moving[0].Method), moving[0].Digest)
	if err != nil {
		return err
	}
	last := own[len(own)-1]
	number := func(id int64, request int) error {
		_, err := tx.ExecContext(ctx, `UPDATE work SET system = ?, request = ? WHERE id = ?`, kept, request, id)
		return err
	}
	order := chained(slices.Concat(moving, own))
	if order[len(order)-1].ID == last.ID { // it changes places with the last of the others
		if err := number(last.ID, last.Request+len(moving)); err != nil {
			return err
		}
		if err := number(moving[len(moving)-1].ID, last.Request); err != nil {
			return err
		}
		moving = moving[:len(moving)-1]
	}
	for i, w := range moving {
		if err := number(w.ID, last.Request+1+i); err != nil {
			return err
		}
	}
	return nil
}

// nextRequest is one past the highest request number of this content, 0 where there is none.
func nextRequest(ctx context.Context, db rows, system SystemID, object, method, digest string) (int, error) {
	var n sql.NullInt64
	err := one(ctx, db, `SELECT max(request) FROM work WHERE kind = 'import' AND system = coalesce((SELECT merged_into FROM system WHERE id = ?), ?)
		AND object_key = ? AND method_key = ? AND digest = ?`, []any{system, system, Fold(object), Fold(method), digest}, &n)
	if err != nil || !n.Valid {
		return 0, err
	}
	return int(n.Int64) + 1, nil
}
