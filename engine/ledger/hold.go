package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// HoldKind is what a Hold is on.
type HoldKind string

// The kinds of holds. Document excludes, and is excluded by, every Position of it; otherwise each kind is by itself.
const (
	HeldPosition    HoldKind = "position"
	HeldDocument    HoldKind = "document"
	HeldGUID        HoldKind = "guid"
	HeldOrderNumber HoldKind = "order_number"
)

// Hold is a business key of a system that at most one call has: from the moment it may be sent, for ever, unless it
// certainly came to nothing. Fields are as the user spelled them; they compare trimmed, NFC and case-folded, a GUID also
// without braces and a DocTyp without leading zeros.
type Hold struct {
	Kind           HoldKind
	DocTyp, DocNbr string // of a position or document
	Nbr            string // PosNbr, GUID or ExtPchNbr
}

// HoldPosition is the key of one position by its number.
func HoldPosition(docTyp, docNbr, posNbr string) Hold {
	return Hold{Kind: HeldPosition, DocTyp: docTyp, DocNbr: docNbr, Nbr: posNbr}
}

// HoldDocument is the key of an order for a whole document, with all positions that it has or ever gets.
func HoldDocument(docTyp, docNbr string) Hold {
	return Hold{Kind: HeldDocument, DocTyp: docTyp, DocNbr: docNbr}
}

// HoldGUID is the key of one position by its PositionGuid.
func HoldGUID(guid string) Hold { return Hold{Kind: HeldGUID, Nbr: guid} }

// HoldOrderNumber is the key of an order by its ExtPchNbr.
func HoldOrderNumber(extPchNbr string) Hold { return Hold{Kind: HeldOrderNumber, Nbr: extPchNbr} }

// String is the hold in words, as in "position Pos01 of document 101224-01 (type 2)".
func (h Hold) String() string {
	switch h.Kind {
	case HeldPosition:
		return fmt.Sprintf("position %s of document %s (type %s)", h.Nbr, h.DocNbr, h.DocTyp)
	case HeldDocument:
		return fmt.Sprintf("document %s (type %s)", h.DocNbr, h.DocTyp)
	case HeldGUID:
		return "position " + h.Nbr
	default:
		return "order number " + h.Nbr
	}
}

// heldKey is a Hold as it compares, and as it is stored.
type heldKey struct {
	kind          HoldKind
	document, key string
}

func (h Hold) key() heldKey {
	k := heldKey{kind: h.Kind, key: Fold(h.Nbr)}
	switch h.Kind {
	case HeldPosition, HeldDocument:
		k.document = strings.TrimLeft(Fold(h.DocTyp), "0") + "/" + Fold(h.DocNbr)
	case HeldGUID:
		k.key = Fold(strings.Trim(k.key, "{}"))
	}
	return k
}

// Normal is the hold as it compares: two spellings of one key are equal.
func (h Hold) Normal() Hold {
	k := h.key()
	return Hold{Kind: k.kind, DocNbr: k.document, Nbr: k.key}
}

// excludes is the kind of hold on the same document that a hold of this kind does not live beside; empty: none.
func (k HoldKind) excludes() HoldKind {
	switch k {
	case HeldPosition:
		return HeldDocument
	case HeldDocument:
		return HeldPosition
	}
	return ""
}

// HeldError says that a key belongs to another call. Nothing was changed.
type HeldError struct {
	Hold Hold   // the key that was asked for
	By   Work   // who has it: address, item, when it was sent
	File string // base name of the file that call came from
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s belongs to %s[%s] of %s", e.Hold, e.By.Address, e.By.Item, e.By.SentAt.Format("2006-01-02 15:04"))
}

// hold gives work every key of holds, or fails with the first that another work has. The primary key of held (with place
// 0) refuses a second holder of one key. That a document and its positions exclude each other is a condition of the same
// statement, which is enough because writers come one after another (BEGIN IMMEDIATE); a database with concurrent writers
// needs a lock on the document there.
func hold(ctx context.Context, tx *txn, work int64, holds []Hold) error {
	system, err := systemOf(ctx, tx, work)
	if err != nil {
		return err
	}
	for _, h := range holds {
		k, err := h.complete()
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO held (system, kind, document, key, place, work)
			SELECT ?, ?, ?, ?, 0, ? WHERE NOT EXISTS (SELECT 1 FROM held WHERE system = ? AND kind = ? AND document = ? AND work <> ?)
			ON CONFLICT (system, kind, document, key, place) DO UPDATE SET work = excluded.work WHERE held.work = excluded.work`,
			system, k.kind, k.document, k.key, work, system, k.kind.excludes(), k.document, work)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return heldBy(ctx, tx, system, h, work)
		}
	}
	return nil
}

// complete refuses a key with an empty part: it would stand for whatever else has none.
func (h Hold) complete() (heldKey, error) {
	k := h.key()
	if k.key == "" && h.Kind != HeldDocument || k.kind.excludes() != "" && (Fold(h.DocTyp) == "" || Fold(h.DocNbr) == "") {
		return k, fmt.Errorf("%s is not a complete key", h)
	}
	return k, nil
}

// systemOf is the system of work, whatever systems have become one since its caller looked.
func systemOf(ctx context.Context, tx *txn, work int64) (SystemID, error) {
	var s SystemID
	err := one(ctx, tx, `SELECT system FROM work WHERE id = ?`, []any{work}, &s)
	return s, err
}

func heldBy(ctx context.Context, tx *txn, system SystemID, h Hold, work int64) error {
	k := h.key()
	var by int64
	err := one(ctx, tx, `SELECT work FROM held WHERE system = ? AND kind = ? AND document = ? AND key = ? AND work <> ?
		UNION ALL SELECT work FROM held WHERE system = ? AND kind = ? AND document = ? AND work <> ? LIMIT 1`,
		[]any{system, k.kind, k.document, k.key, work, system, k.kind.excludes(), k.document, work}, &by)
	if err != nil {
		return fmt.Errorf("find who has %s: %w", h, err)
	}
	calls, err := listCalls(ctx, tx, `id = ?`, by)
	if err != nil || len(calls) == 0 {
		return errors.Join(fmt.Errorf("%s belongs to work %d", h, by), err)
	}
	return &HeldError{Hold: h, By: calls[0].Work, File: calls[0].File}
}

// holdBehind gives work every key of holds behind those who have it: when they give it back, it is work's. So two calls
// that both count as happened, which only a person's word or the merging of systems brings about, both guard the key.
func holdBehind(ctx context.Context, tx *txn, work int64, holds []Hold) error {
	system, err := systemOf(ctx, tx, work)
	if err != nil {
		return err
	}
	for _, h := range holds {
		k, err := h.complete()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO held (system, kind, document, key, place, work)
			SELECT ?, ?, ?, ?, coalesce(max(place) + 1, 0), ? FROM held WHERE system = ? AND kind = ? AND document = ? AND key = ?
			HAVING coalesce(max(CASE work WHEN ? THEN 1 END), 0) = 0`,
			system, k.kind, k.document, k.key, work, system, k.kind, k.document, k.key, work); err != nil {
			return err
		}
	}
	return nil
}

// release frees the keys of work that certainly came to nothing. Whoever is next behind it gets them.
func release(ctx context.Context, tx *txn, work int64) error {
	r, err := tx.ExecContext(ctx, `DELETE FROM held WHERE work = ?`, work)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE held SET place = 0 WHERE place > 0 AND NOT EXISTS (SELECT 1 FROM held h
		WHERE h.system = held.system AND h.kind = held.kind AND h.document = held.document AND h.key = held.key AND h.place < held.place)`)
	return err
}

// mergeHeld moves the keys of gone to kept, behind those that kept has of the same: both did happen, and either may yet
// turn out not to have.
func mergeHeld(ctx context.Context, tx *txn, kept, gone SystemID) error {
	_, err := tx.ExecContext(ctx, `UPDATE held SET system = ?, place = place + coalesce((SELECT max(k.place) + 1 FROM held k
		WHERE k.system = ? AND k.kind = held.kind AND k.document = held.document AND k.key = held.key), 0) WHERE system = ?`, kept, kept, gone)
	return err
}

// holders tells who has a key.
type holders struct {
	exact     map[heldKey]int64
	positions map[string]int64 // by document: somebody who has a position of it
}

func (o *holders) read(r *sql.Rows) error {
	var k heldKey
	var work int64
	if err := r.Scan(&k.kind, &k.document, &k.key, &work); err != nil {
		return err
	}
	if _, ok := o.exact[k]; !ok {
		o.exact[k] = work
	}
	if _, ok := o.positions[k.document]; !ok && k.kind == HeldPosition {
		o.positions[k.document] = work
	}
	return nil
}

// of is the work that stands in the way of a hold, 0 where nobody does.
func (o *holders) of(k heldKey) int64 {
	if w := o.exact[k]; w != 0 {
		return w
	}
	switch k.kind {
	case HeldPosition:
		return o.exact[heldKey{kind: HeldDocument, document: k.document}]
	case HeldDocument:
		return o.positions[k.document]
	}
	return 0
}
