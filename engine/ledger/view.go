package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// View is one consistent state of the ledger, valid inside the function that got it.
type View struct {
	ctx   context.Context //nolint:containedctx // a View does not outlive the call that made it
	db    rows
	locks string // the folder of the processes' locks
}

// QueryContext is as in database/sql. Its statement is kept, so the rows of one query are read to their end before its text is
// asked again.
func (v *View) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return v.db.QueryContext(ctx, query, args...)
}

func (v *View) each(query string, args []any, scan func(*sql.Rows) error) error {
	found, err := v.QueryContext(v.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	defer found.Close()
	for found.Next() {
		if err := scan(found); err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
	}
	return found.Err()
}

// Definitions lists every applied definition by address.
func (v *View) Definitions() (map[string]Definition, error) {
	out := map[string]Definition{}
	return out, v.each(definitions, nil, define(out))
}

const definitions = `SELECT address, digest, attributes, first_applied_at, applied_at FROM definition`

func define(out map[string]Definition) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var d Definition
		var first, at int64
		if err := r.Scan(&d.Address, &d.Digest, &d.Attributes, &first, &at); err != nil {
			return err
		}
		d.FirstAppliedAt, d.AppliedAt = instant(first), instant(at)
		out[d.Address] = d
		return nil
	}
}

// DefinitionsOf is Definitions of the blocks named.
func (v *View) DefinitionsOf(addresses []string) (map[string]Definition, error) {
	out := map[string]Definition{}
	for _, a := range addresses {
		if err := v.each(definitions+` WHERE address = ?`, []any{a}, define(out)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Files lists what is known of an import's files by name.
func (v *View) Files(address string) (map[string]File, error) { return v.filesOf(address, "") }

// OpenFiles are those of Files that are not dealt with.
func (v *View) OpenFiles(address string) (map[string]File, error) {
	return v.filesOf(address, " AND "+notDealtWith)
}

func (v *View) filesOf(address, and string) (map[string]File, error) {
	out := map[string]File{}
	err := v.each(`SELECT address, name, size, mod_time, change_time, file_id, digest, state, work, checked, message, updated_at FROM file WHERE address = ?`+and,
		[]any{address}, func(r *sql.Rows) error {
			f, err := scanFile(r)
			out[f.Name] = f
			return err
		})
	return out, err
}

// File is what is known of one file; found is false where nothing is.
func (v *View) File(address, name string) (f File, found bool, err error) {
	err = v.each(`SELECT address, name, size, mod_time, change_time, file_id, digest, state, work, checked, message, updated_at FROM file WHERE address = ? AND name = ?`,
		[]any{address, name}, func(r *sql.Rows) error {
			found = true
			var err error
			f, err = scanFile(r)
			return err
		})
	return f, found, err
}

func scanFile(r *sql.Rows) (File, error) {
	var f File
	var at int64
	err := r.Scan(&f.Address, &f.Name, &f.Stamp.Size, &f.Stamp.ModTime, &f.Stamp.ChangeTime, &f.Stamp.FileID,
		&f.Digest, &f.State, &f.Work, &f.Checked, &f.Message, &at)
	f.At = instant(at)
	return f, err
}

// Content lists every work for the object and method, in any of the systems, that sends the content with the given digest or
// that was made of a file with the source digest, by request: the same file is known also when csv.send_encoding has changed
// since. The last one tells where the content stands. Contents, and systems that were not one yet when both got the content,
// follow each other, and those that ended with nothing sent come first: they must not hide that another was sent.
func (v *View) Content(systems []SystemID, object, method, digest, source string) ([]Work, error) {
	if len(systems) == 0 {
		return nil, nil
	}
	of := append(values(systems), Fold(object), Fold(method))
	found, err := readWork(v.ctx, v, contentOf(len(systems)), slices.Concat(of, []any{digest, source}, of)...)
	return chained(found), err
}

// NewContent reports that Content finds nothing, and that no import, whatever its system, has a file with the source digest: so it
// is with most files that a plan meets for the first time.
func (v *View) NewContent(systems []SystemID, object, method, digest, source string) (yes bool, err error) {
	args := append([]any{source}, values(systems)...)
	err = v.each(newContent(len(systems)), append(args, Fold(object), Fold(method), digest), func(*sql.Rows) error { yes = true; return nil })
	return yes, err
}

func newContent(systems int) string {
	return `SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM work WHERE source_digest = ? AND kind = 'import')
		AND NOT EXISTS (SELECT 1 FROM work WHERE kind = 'import' AND system IN (` + marks(systems) + `) AND object_key = ? AND method_key = ? AND digest = ?)`
}

// contentOf finds the work of some systems, for one object and method, by either digest, each by its index. The ids come first, by
// a join whose order SQLite keeps: left to itself, without statistics, it reads all work of the object and method for each file.
func contentOf(systems int) string {
	in := `system IN (` + marks(systems) + `)`
	return `(SELECT id AS same FROM work WHERE kind = 'import' AND ` + in + ` AND object_key = ? AND method_key = ? AND digest = ?
		UNION SELECT id FROM work WHERE source_digest = ? AND kind = 'import' AND +` + in + ` AND +object_key = ? AND +method_key = ?) AS same
		CROSS JOIN work WHERE work.id = same.same ORDER BY system, digest, request`
}

// chained orders lists of work, each by request and one per system and content, so that the last of all is what counts.
func chained(found []Work) []Work {
	var lists [][]Work
	for i, w := range found {
		if i == 0 || w.System != found[i-1].System || w.Digest != found[i-1].Digest {
			lists = append(lists, nil)
		}
		lists[len(lists)-1] = append(lists[len(lists)-1], w)
	}
	slices.SortStableFunc(lists, func(a, b []Work) int {
		x, y := a[len(a)-1], b[len(b)-1]
		switch {
		case x.State.nothingSent() && !y.State.nothingSent():
			return -1
		case y.State.nothingSent() && !x.State.nothingSent():
			return 1
		}
		return cmp.Compare(x.ID, y.ID)
	})
	return slices.Concat(lists...)
}

// Unfinished lists all work that is open, unknown, refused, not sent or failed, oldest first.
func (v *View) Unfinished() ([]Work, error) { return listWork(v.ctx, v, unfinished+` ORDER BY id`) }

// WorkOf lists all work recorded under an item's address, oldest first.
func (v *View) WorkOf(address, item string) ([]Work, error) {
	return listWork(v.ctx, v, `address = ? AND item = ? ORDER BY id`, address, item)
}

// Items gives each the item of every work there is, with its address, until it answers false.
func (v *View) Items(each func(address, item string) bool) error {
	more := true
	return v.each(`SELECT DISTINCT address, item FROM work`, nil, func(r *sql.Rows) error {
		var address, item string
		err := r.Scan(&address, &item)
		more = more && err == nil && each(address, item)
		return err
	})
}

// LastExports lists the newest runs of an export by their slots, newest first, at most n.
func (v *View) LastExports(address string, n int) ([]Work, error) {
	return listWork(v.ctx, v, `kind = 'export' AND address = ? ORDER BY slot_at DESC, id DESC LIMIT ?`, address, n)
}

// LastGoodExport is the run of an export that was begun last of those whose result was accepted, by the order in which that was
// recorded: a clock that was set back changes nothing.
func (v *View) LastGoodExport(address string) (w Work, found bool, err error) {
	list, err := listWork(v.ctx, v, `kind = 'export' AND address = ? AND state IN ('done', 'done_with_errors', 'adopted')
		ORDER BY attempt DESC, id DESC LIMIT 1`, address)
	if len(list) == 0 {
		return Work{}, false, err
	}
	return list[0], true, err
}

// LastRows is the number of data rows of the last file of an import that was sent, 0 where none is known.
func (v *View) LastRows(address string) (n int64, err error) {
	err = v.each(`SELECT result_rows FROM work WHERE kind = 'import' AND address = ? AND state IN ('done', 'done_with_errors')
		ORDER BY attempt DESC, id DESC LIMIT 1`,
		[]any{address}, func(r *sql.Rows) error { return r.Scan(&n) })
	return n, err
}

const sentSince = `kind = 'import' AND address = ? AND attempt > ? AND digest <> ? AND state NOT IN ('not_sent', 'refused', 'adopted') LIMIT 1`

// SentSince reports whether the import sent other content after w, by the order in which it was recorded: a clock that was
// set back changes nothing.
func (v *View) SentSince(address string, w Work) (bool, error) {
	var n int
	err := v.each(`SELECT 1 FROM work WHERE `+sentSince, []any{address, w.AttemptID, w.Digest}, func(r *sql.Rows) error { return r.Scan(&n) })
	return n == 1, err
}

// Elsewhere lists what imports other than the one at address have of the bytes of a file, oldest first, and what is known of
// the file's name there.
func (v *View) Elsewhere(address, name, source string) (work []Work, files map[string]File, err error) {
	work, err = listWork(v.ctx, v, ofFile+` ORDER BY id`, source, address)
	files = map[string]File{}
	for _, w := range work {
		if _, asked := files[w.Address]; asked || err != nil {
			continue
		}
		var f File
		if f, _, err = v.File(w.Address, name); err == nil {
			files[w.Address] = f
		}
	}
	return work, files, err
}

// ofFile is the condition for what other imports have of a file's bytes.
const ofFile = `source_digest = ? AND kind = 'import' AND address <> ?`

const untouched = `SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM file WHERE address = ? AND name = ?)
	AND NOT EXISTS (SELECT 1 FROM work WHERE address = ? AND item = ?) AND NOT EXISTS (SELECT 1 FROM work WHERE ` + ofFile + `)`

// Untouched reports that File, WorkOf and Elsewhere all find nothing, as of most files that are about to be sent.
func (v *View) Untouched(address, name, source string) (yes bool, err error) {
	err = v.each(untouched, []any{address, name, address, name, source, address}, func(*sql.Rows) error { yes = true; return nil })
	return yes, err
}

// ProtocolOf reports whether work on a file of that name, under any address, wrote its protocol at the path. It goes from
// address to address: nothing leads from a path to its work.
func (v *View) ProtocolOf(name, path string) (yes bool, err error) {
	err = v.each(`WITH RECURSIVE block (at) AS (SELECT min(address) FROM work UNION ALL
			SELECT (SELECT min(address) FROM work WHERE address > at) FROM block WHERE at IS NOT NULL)
		SELECT 1 FROM block CROSS JOIN work WHERE work.address = block.at AND item = ? AND path = ? LIMIT 1`,
		[]any{name, path}, func(*sql.Rows) error { yes = true; return nil })
	return yes, err
}

// Systems lists the systems that a connection's address or endpoint has ever led to.
func (v *View) Systems(address, endpoint string) ([]SystemID, error) {
	return systemsOf(v.ctx, v, address, endpoint)
}

// Owners lists the registered processes that are alive, by id.
func (v *View) Owners() (map[string]Owner, error) { return owners(v.ctx, v, v.locks) }

// Filings lists the moves that are still owed, oldest first.
func (v *View) Filings() ([]Filing, error) { return v.filings("") }

func (v *View) filings(where string, args ...any) ([]Filing, error) {
	var out []Filing
	err := v.each(`SELECT id, address, item, source, target, kept, size, mod_time, change_time, file_id, digest FROM filing `+where+` ORDER BY id`, args, func(r *sql.Rows) error {
		var f Filing
		err := r.Scan(&f.ID, &f.Address, &f.Item, &f.Source, &f.Target, &f.Kept, &f.Stamp.Size, &f.Stamp.ModTime, &f.Stamp.ChangeTime, &f.Stamp.FileID, &f.Digest)
		out = append(out, f)
		return err
	})
	return out, err
}

// WrittenAt is what is recorded as written at a path.
func (v *View) WrittenAt(path string) (w Written, found bool, err error) {
	err = v.each(`SELECT path, address, purpose, digest, at FROM written WHERE path = ?`, []any{path}, func(r *sql.Rows) error {
		var at int64
		err := r.Scan(&w.Path, &w.Address, &w.Purpose, &w.Digest, &at)
		w.At, found = instant(at), true
		return err
	})
	return w, found, err
}

// WrittenBy lists the files recorded as written for an address and purpose, newest first.
func (v *View) WrittenBy(address, purpose string) ([]Written, error) {
	var out []Written
	err := v.each(`SELECT path, address, purpose, digest, at FROM written WHERE address = ? AND purpose = ? ORDER BY rowid DESC`, []any{address, purpose}, func(r *sql.Rows) error {
		var w Written
		var at int64
		err := r.Scan(&w.Path, &w.Address, &w.Purpose, &w.Digest, &at)
		w.At = instant(at)
		out = append(out, w)
		return err
	})
	return out, err
}

// Events lists history, oldest first: the last n lines (0: all), of one address and item where they are not empty.
func (v *View) Events(address, item string, n int) ([]Event, error) {
	if n <= 0 {
		n = -1
	}
	where, args := `1`, []any{}
	if address != "" {
		where, args = where+` AND address = ?`, append(args, address)
	}
	if item != "" {
		where, args = where+` AND item = ?`, append(args, item)
	}
	var out []Event
	err := v.each(`SELECT at, address, item, what, message, who FROM (
			SELECT * FROM event WHERE `+where+` ORDER BY id DESC LIMIT ?) ORDER BY id`,
		append(args, n), func(r *sql.Rows) error {
			var e Event
			var at int64
			err := r.Scan(&at, &e.Address, &e.Item, &e.What, &e.Message, &e.Who)
			e.At = instant(at)
			out = append(out, e)
			return err
		})
	return out, err
}

// EventsSince lists history after an event's id, oldest first, and the id of the newest event there is.
func (v *View) EventsSince(id int64) (events []Event, newest int64, err error) {
	newest = id
	err = v.each(`SELECT id, at, address, item, what, message, who FROM event WHERE id > ? ORDER BY id`, []any{id}, func(r *sql.Rows) error {
		var e Event
		var at int64
		err := r.Scan(&newest, &at, &e.Address, &e.Item, &e.What, &e.Message, &e.Who)
		e.At = instant(at)
		events = append(events, e)
		return err
	})
	return events, newest, err
}

// NewestEvent is the id of the newest event, 0 where there is none.
func (v *View) NewestEvent() (id int64, err error) {
	err = v.each(`SELECT coalesce(max(id), 0) FROM event`, nil, func(r *sql.Rows) error { return r.Scan(&id) })
	return id, err
}

// FilingsOf lists the moves owed for one item, oldest first.
func (v *View) FilingsOf(address, item string) ([]Filing, error) {
	return v.filings(`WHERE address = ? AND item = ?`, address, item)
}
