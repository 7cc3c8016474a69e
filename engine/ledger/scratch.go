package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Scratch is a folder in which processes that are gone have written. One of them may have been killed in the middle, and the
// configuration that led there may be gone as well.
type Scratch struct {
	Folder string
	Last   time.Time // when the last of them began to write there
	dead   []string  // processes, by id
}

// WritesIn records, before this process first writes in a folder, that it does. It reports whether it is alone: no other
// process that is alive writes there. A power cut may undo it as long as nothing else has been recorded durably.
func (p *Process) WritesIn(ctx context.Context, folder string) (alone bool, err error) {
	err = p.l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO scratch (folder, process, at) VALUES (?, ?, ?)
			ON CONFLICT (folder, process) DO UPDATE SET at = excluded.at`, folder, p.ID, time.Now().UnixNano())
		if err != nil {
			return err
		}
		var others []string
		err = eachScratch(ctx, tx, `WHERE folder = ? AND process <> ?`, []any{folder, p.ID}, func(_, process string, _ int64) {
			others = append(others, process)
		})
		if alone = len(others) == 0; err != nil || alone {
			return err
		}
		live, err := owners(ctx, tx, lockFolder(p.l.path))
		alone = !slices.ContainsFunc(others, func(process string) bool { _, ok := live[process]; return ok })
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record that files are written in %s: %w", folder, err)
	}
	return alone, nil
}

// Abandoned lists, by name, the folders in which processes that are gone have written, and in which none that is alive writes
// but the one whose id is own.
func (v *View) Abandoned(own string) ([]Scratch, error) {
	live, err := v.Owners()
	if err != nil {
		return nil, err
	}
	var out []Scratch
	busy := map[string]bool{}
	err = eachScratch(v.ctx, v, `ORDER BY folder`, nil, func(folder, process string, at int64) {
		if process == own {
			return
		}
		if _, ok := live[process]; ok {
			busy[folder] = true
			return
		}
		if len(out) == 0 || out[len(out)-1].Folder != folder {
			out = append(out, Scratch{Folder: folder})
		}
		s := &out[len(out)-1]
		s.dead = append(s.dead, process)
		if t := instant(at); t.After(s.Last) {
			s.Last = t
		}
	})
	kept := out[:0]
	for _, s := range out {
		if !busy[s.Folder] {
			kept = append(kept, s)
		}
	}
	return kept, err
}

func eachScratch(ctx context.Context, db rows, where string, args []any, do func(folder, process string, at int64)) error {
	found, err := db.QueryContext(ctx, `SELECT folder, process, at FROM scratch `+where, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var folder, process string
		var at int64
		if err := found.Scan(&folder, &process, &at); err != nil {
			return err
		}
		do(folder, process, at)
	}
	return found.Err()
}

// Swept forgets a folder: what those processes left there is gone, or nobody is to look for it any more.
func (l *Ledger) Swept(ctx context.Context, s Scratch) error {
	err := l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
		for _, process := range s.dead {
			if _, err := tx.ExecContext(ctx, `DELETE FROM scratch WHERE folder = ? AND process = ?`, s.Folder, process); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget that files were written in %s: %w", s.Folder, err)
	}
	return nil
}
