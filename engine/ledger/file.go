package ledger

import (
	"context"
	"time"

	"dropform/engine/durable"
)

// FileState is what was decided about the content last known under a name.
type FileState string

// The dispositions of a file.
const (
	FileDone      FileState = "done"      // its work has an outcome; see Work
	FileDuplicate FileState = "duplicate" // the same content had already been imported
	FileRejected  FileState = "rejected"  // not sent: invalid or too large; see Checked
	FileExisting  FileState = "existing"  // was there before its import was first served: waits
	FileRetry     FileState = "retry"     // a person asked that it be planned again
)

// DealtWith reports whether nothing is left to do for the content.
func (s FileState) DealtWith() bool { return s == FileDone || s == FileDuplicate }

// File is what is known of the latest content under one name of an import's folder.
type File struct {
	Address string // the import instance
	Name    string // base name as the folder spells it
	Stamp   durable.Stamp
	Digest  string // SHA-256, hex
	State   FileState
	Work    int64  // 0: none
	Checked string // for rejected: digest of the rules it failed, so that changed rules look again
	Message string
	At      time.Time
}

// Filing is a move that was decided together with an outcome and is carried out until the source is gone. A source
// whose stamp or digest differ is new content and stays. An empty Digest means a report of ours: it moves as it is.
type Filing struct {
	ID             int64
	Address, Item  string
	Source, Target string
	Stamp          durable.Stamp
	Digest         string
	Kept           string // purpose under which the target is recorded as written, for keep
}

// Written is a file that dropform wrote; keep deletes only such files, and only while their digest still matches.
type Written struct {
	Path    string
	Address string
	Purpose string // "archive", "target", "protocol", "report"
	Digest  string
	At      time.Time
}

// Put records dispositions, moves and written files that need no attempt, in one transaction. what and message, if
// any, become an event of each file.
func (l *Ledger) Put(ctx context.Context, files []File, moves []Filing, written []Written, what, message, who string) error {
	now := time.Now().UnixNano()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		if err := putAll(ctx, tx, files, moves, written, now); err != nil {
			return err
		}
		if what == "" {
			return nil
		}
		for _, f := range files {
			if err := event(ctx, tx, f.Address, f.Name, what, message, who, now); err != nil {
				return err
			}
		}
		return nil
	})
	return explain(err, "record the files")
}

func putAll(ctx context.Context, tx *txn, files []File, moves []Filing, written []Written, now int64) error {
	for _, f := range files {
		if _, err := tx.ExecContext(ctx, `INSERT INTO file (address, name, size, mod_time, change_time, file_id, digest, state, work, checked, message, updated_at)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (address, name) DO UPDATE SET size = excluded.size, mod_time = excluded.mod_time,
			change_time = excluded.change_time, file_id = excluded.file_id, digest = excluded.digest, state = excluded.state, work = excluded.work,
			checked = excluded.checked, message = excluded.message, updated_at = excluded.updated_at`,
			f.Address, f.Name, f.Stamp.Size, f.Stamp.ModTime, f.Stamp.ChangeTime, f.Stamp.FileID, f.Digest, f.State, f.Work, f.Checked, f.Message, now); err != nil {
			return err
		}
	}
	for _, m := range moves {
		if _, err := tx.ExecContext(ctx, `INSERT INTO filing (address, item, source, target, kept, size, mod_time, change_time, file_id, digest) VALUES (?,?,?,?,?,?,?,?,?,?)`,
			m.Address, m.Item, m.Source, m.Target, m.Kept, m.Stamp.Size, m.Stamp.ModTime, m.Stamp.ChangeTime, m.Stamp.FileID, m.Digest); err != nil {
			return err
		}
	}
	for _, w := range written { // the newest has the highest rowid: a clock may have been wrong
		if _, err := tx.ExecContext(ctx, `INSERT INTO written (path, address, purpose, digest, at) VALUES (?,?,?,?,?)
			ON CONFLICT (path) DO UPDATE SET address = excluded.address, purpose = excluded.purpose, digest = excluded.digest, at = excluded.at,
			rowid = (SELECT max(rowid) + 1 FROM written)`,
			w.Path, w.Address, w.Purpose, w.Digest, now); err != nil {
			return err
		}
	}
	return nil
}

// Filed ends moves and records their targets as written where a filing says so. A power cut may undo that: the moves are then
// found made.
func (l *Ledger) Filed(ctx context.Context, f Filing) error {
	now := time.Now().UnixNano()
	err := l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
		if f.Kept != "" {
			w := Written{Path: f.Target, Address: f.Address, Purpose: f.Kept, Digest: f.Digest}
			if err := putAll(ctx, tx, nil, nil, []Written{w}, now); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM filing WHERE id = ?`, f.ID)
		return err
	})
	return explain(err, "record the move")
}

// Unwritten forgets a written file that keep deleted or that somebody changed.
func (l *Ledger) Unwritten(ctx context.Context, path string) error {
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM written WHERE path = ?`, path)
		return err
	})
	return explain(err, "forget a written file")
}
