package ledger

import (
	"database/sql"
	"slices"
	"strings"
)

// manyKeys is how many keys one query asks for at most.
const manyKeys = 500

// marks is n placeholders with commas between them.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func values[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// Call is one call by its work's id; found is false for work that is no call.
func (v *View) Call(work int64) (c Call, found bool, err error) {
	list, err := listCalls(v.ctx, v, `id = ?`, work)
	if len(list) == 0 {
		return Call{}, false, err
	}
	return list[0], true, err
}

// UnfinishedFiles tells the file of each call of Unfinished that was made of one, by the work's id.
func (v *View) UnfinishedFiles() (map[int64]string, error) {
	out := map[int64]string{}
	err := v.each(`SELECT id, file FROM work JOIN call ON call.work = work.id WHERE `+unfinished+` AND file <> ''`, nil, func(r *sql.Rows) error {
		var id int64
		var file string
		err := r.Scan(&id, &file)
		out[id] = file
		return err
	})
	return out, err
}

// CallsOfContent lists all calls known of a file's bytes, in any of the systems, by object and request. Of each object
// the last one tells where it stands, as in Content.
func (v *View) CallsOfContent(systems []SystemID, method, digest string) ([]Call, error) {
	if len(systems) == 0 {
		return nil, nil
	}
	found, err := listCalls(v.ctx, v, ofCalls+` AND method_key = ? AND digest = ? AND system IN (`+marks(len(systems))+`)
		ORDER BY object_key, system, request`, append([]any{Fold(method), digest}, values(systems)...)...)
	if err != nil || len(systems) == 1 {
		return found, err
	}
	var out []Call
	for len(found) > 0 {
		n := 1
		for n < len(found) && Fold(found[n].Object) == Fold(found[0].Object) {
			n++
		}
		out = append(out, chainedCalls(found[:n])...)
		found = found[n:]
	}
	return out, nil
}

func chainedCalls(found []Call) []Call {
	works := make([]Work, len(found))
	byID := map[int64]Call{}
	for i, c := range found {
		works[i], byID[c.ID] = c.Work, c
	}
	out := make([]Call, 0, len(found))
	for _, w := range chained(works) {
		out = append(out, byID[w.ID])
	}
	return out
}

// CallsOfFile lists all calls that a rule has recorded for the bytes of this digest under this file name, by line, each
// line's in the order in which they came to be.
func (v *View) CallsOfFile(address, file, digest string) ([]Call, error) {
	return listCalls(v.ctx, v, ofCalls+` AND digest = ? AND address = ? AND file = ? ORDER BY line, id`, digest, address, file)
}

// Holders tells for each hold, at its index, whose it is in any of the systems, also by a hold on the whole document or on
// a position of it; nil where it is free.
func (v *View) Holders(systems []SystemID, holds []Hold) ([]*Call, error) {
	out := make([]*Call, len(holds))
	if len(systems) == 0 {
		return out, nil
	}
	documents := map[string]bool{}
	others := map[HoldKind]map[string]bool{HeldGUID: {}, HeldOrderNumber: {}}
	for _, h := range holds {
		if k := h.key(); k.document != "" {
			documents[k.document] = true
		} else {
			others[k.kind][k.key] = true
		}
	}
	have := holders{exact: map[heldKey]int64{}, positions: map[string]int64{}}
	if err := v.held(&have, systems, `kind IN ('document', 'position') AND document IN `, documents); err != nil {
		return nil, err
	}
	for kind, keys := range others {
		if err := v.held(&have, systems, `kind = '`+string(kind)+`' AND document = '' AND key IN `, keys); err != nil {
			return nil, err
		}
	}
	calls, err := v.callsByID(have.exact)
	if err != nil {
		return nil, err
	}
	for i, h := range holds {
		out[i] = calls[have.of(h.key())]
	}
	return out, nil
}

// held reads who has the keys that a condition and a list name; who has come first counts.
func (v *View) held(have *holders, systems []SystemID, where string, names map[string]bool) error {
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	for part := range slices.Chunk(all, manyKeys) {
		err := v.each(`SELECT kind, document, key, work FROM held WHERE system IN (`+marks(len(systems))+`) AND `+where+`(`+marks(len(part))+`)
			ORDER BY place, work`, append(values(systems), values(part)...), have.read)
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *View) callsByID(of map[heldKey]int64) (map[int64]*Call, error) {
	var ids []int64
	out := map[int64]*Call{}
	for _, id := range of {
		if _, ok := out[id]; !ok {
			out[id] = nil
			ids = append(ids, id)
		}
	}
	for part := range slices.Chunk(ids, manyKeys) {
		calls, err := listCalls(v.ctx, v, `id IN (`+marks(len(part))+`)`, values(part)...)
		if err != nil {
			return nil, err
		}
		for _, c := range calls {
			out[c.ID] = &c
		}
	}
	return out, nil
}

// Placed lists the calls of a rule, base being its address without an instance, that happened by being sent: what a rule
// with after follows. Those that follower has followed with a call that happened are left out; with follower empty, none
// is. Oldest first.
func (v *View) Placed(base, follower string) ([]Call, error) {
	// Of all addresses only those of its instances lie between X[ and X\, the character after the bracket.
	return listCalls(v.ctx, v, ofCalls+` AND (address = ? OR address > ? AND address < ?) AND state IN ('done', 'done_with_errors', 'resolved')
		AND NOT EXISTS (SELECT 1 FROM call f JOIN work w ON w.id = f.work WHERE f.source <> 0 AND f.source = work.id AND w.address = ?
			AND w.state IN ('done', 'done_with_errors', 'resolved', 'adopted')) ORDER BY id`,
		base, base+"[", base+`\`, follower)
}

// FollowedDocument reports whether follower, a rule with after, has followed some order of the document with a call that
// happened.
func (v *View) FollowedDocument(follower string, system SystemID, document Hold) (followed bool, err error) {
	err = one(v.ctx, v, `SELECT EXISTS (SELECT 1 FROM held h JOIN call f ON f.source = h.work JOIN work w ON w.id = f.work
		WHERE h.system = ? AND h.kind IN ('position', 'document') AND h.document = ? AND f.source <> 0 AND w.address = ?
			AND w.state IN ('done', 'done_with_errors', 'resolved', 'adopted'))`, []any{system, document.key().document, follower}, &followed)
	return followed, err
}

// HeldOnly reports whether some call in the systems holds keys of a kind, and no position by its number.
func (v *View) HeldOnly(systems []SystemID, kind HoldKind) (some bool, err error) {
	if len(systems) == 0 {
		return false, nil
	}
	err = v.each(`SELECT 1 FROM held WHERE system IN (`+marks(len(systems))+`) AND kind = ?
		AND NOT EXISTS (SELECT 1 FROM held p WHERE p.work = held.work AND p.kind = 'position') LIMIT 1`, append(values(systems), string(kind)),
		func(*sql.Rows) error { some = true; return nil })
	return some, err
}

// OrderedElsewhere reports whether calls of a rule have happened or may have, and none of them in any of the systems.
func (v *View) OrderedElsewhere(address string, systems ...SystemID) (elsewhere bool, err error) {
	const ordered = `EXISTS (SELECT 1 FROM work WHERE address = ? AND ` + ofCalls + ` AND state NOT IN ('not_sent', 'refused')`
	args := append(append([]any{address}, values(systems)...), address)
	err = one(v.ctx, v, `SELECT NOT `+ordered+` AND system IN (`+marks(len(systems))+`)) AND `+ordered+`)`, args, &elsewhere)
	return elsewhere, err
}

// FollowedBy lists the calls of a rule with after that follow any of the orders, by order, each order's oldest first.
func (v *View) FollowedBy(address string, sources ...int64) ([]Call, error) {
	var out []Call
	sources = slices.Sorted(slices.Values(sources)) // a copy: it is the caller's
	for part := range slices.Chunk(sources, manyKeys) {
		found, err := listCalls(v.ctx, v, `source <> 0 AND source IN (`+marks(len(part))+`) ORDER BY source, id`, values(part)...)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if c.Address == address { // not in the query, which would then go through all work of the address
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// ItemsLike lists the items under which an address has work that are key itself or key with a number, as in key#2.
func (v *View) ItemsLike(address, key string) ([]string, error) {
	var out []string
	// $ is the character after #: few others lie between.
	err := v.each(`SELECT DISTINCT item FROM work WHERE address = ? AND item >= ? AND item < ? ORDER BY item`,
		[]any{address, key, key + "$"}, func(r *sql.Rows) error {
			var item string
			err := r.Scan(&item)
			if item == key || isNumber(strings.TrimPrefix(item, key+"#")) {
				out = append(out, item)
			}
			return err
		})
	return out, err
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
