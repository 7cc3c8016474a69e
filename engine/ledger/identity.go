package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"time"
)

// Identity is the random name that a ledger gets when it is made; empty where there is no ledger yet.
func (v *View) Identity() (id string, err error) {
	err = v.each(`SELECT value FROM meta WHERE key = 'id'`, nil, func(r *sql.Rows) error { return r.Scan(&id) })
	return id, err
}

// Keyed is a digest of text that only this ledger can make: its key is part of it. It is stable for the ledger's life.
func (v *View) Keyed(text string) (digest string, err error) {
	var secret string
	if err := v.each(`SELECT value FROM meta WHERE key = 'key'`, nil, func(r *sql.Rows) error { return r.Scan(&secret) }); err != nil {
		return "", err
	}
	key, err := hex.DecodeString(secret)
	if err != nil || len(key) == 0 {
		return "", errors.New("the ledger has no key")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// Sequence is the last number that NextSequence gave, 0 before the first.
func (v *View) Sequence() (n int64, err error) {
	err = v.each(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sequence'`, nil, func(r *sql.Rows) error { return r.Scan(&n) })
	return n, err
}

// NextSequence counts on, durably, to a number greater than above: no two calls on one ledger give the same number. A
// number that is found elsewhere and is greater than Sequence was given by a ledger that this one is an old copy of.
func (l *Ledger) NextSequence(ctx context.Context, above int64) (int64, error) {
	var n int64
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		n = 0
		err := one(ctx, tx, `SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sequence'`, nil, &n)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		n = max(n, above) + 1
		_, err = tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('sequence', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
			strconv.FormatInt(n, 10))
		return err
	})
	return n, explain(err, "count on")
}

// TakeOver records that this ledger answers for the folder of a block from now on, by a person's word.
func (l *Ledger) TakeOver(ctx context.Context, address, who string) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO taken_over (address, at, who) VALUES (?,?,?)
			ON CONFLICT (address) DO UPDATE SET at = excluded.at, who = excluded.who`, address, now, who); err != nil {
			return err
		}
		return event(ctx, tx, address, "", "taken over", "", who, now)
	})
	return explain(err, "record that the folder was taken over")
}

// TakenOver reports whether the folder of a block was taken over by this ledger.
func (v *View) TakenOver(address string) (taken bool, err error) {
	err = v.each(`SELECT 1 FROM taken_over WHERE address = ?`, []any{address}, func(*sql.Rows) error { taken = true; return nil })
	return taken, err
}
