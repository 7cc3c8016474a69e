package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite" // the pure-Go SQLite driver
	sqlite3 "modernc.org/sqlite/lib"

	"dropform/engine/durable"
)

// ErrOvertaken says that the row is no longer in the state that the caller saw: somebody else acted on it. Nothing was
// changed.
var ErrOvertaken = errors.New("somebody else has acted on this in the meantime")

// ErrTaken says that the business key already has an intent. Nothing was changed.
var ErrTaken = errors.New("this is already recorded")

// patience is how long a writer waits for that of another process, which writes for milliseconds.
const patience = 10 * time.Second

// Ledger is an open ledger that may be written. It is safe for concurrent use.
type Ledger struct {
	path    string
	db      *sql.DB
	reader  *Reader
	process *Process

	log   flusher       // of the write-ahead log
	turn  chan struct{} // holds a token while somebody uses tx
	tx    *txn
	mu    sync.Mutex
	queue []*job // what waits for the turn

	checkpoints checkpoints
	debt        debt
}

// Open opens the ledger at the absolute path, creating it and its private folder where they are missing. A network file
// system is refused: SQLite's locks do not hold there.
func Open(ctx context.Context, path string) (*Ledger, error) {
	if err := durable.MkdirPrivate(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("make the ledger's folder: %w", err)
	}
	if kind, remote, err := durable.Network(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("look at the ledger's file system: %w", err)
	} else if remote {
		return nil, fmt.Errorf("the ledger would lie on a network file system (%s), where locks do not hold and a file could be sent twice; set ledger \"sqlite\" { path = … } to a folder on a local disk", kind)
	}
	if err := touchPrivate(path); err != nil {
		return nil, err
	}
	// synchronous: the log is flushed by flush. temp_store: what undoes a job that fails is kept in memory, not in a file that
	// lies about elsewhere.
	db, err := sql.Open("sqlite", dsn(path, "rw", "_pragma=journal_mode(WAL)", "_pragma=synchronous(NORMAL)", "_pragma=foreign_keys(1)", "_pragma=temp_store(memory)",
		"_pragma=wal_autocheckpoint("+longestLog+")"))
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	l := &Ledger{path: path, db: db, log: &logFile{path: path + "-wal"}, turn: make(chan struct{}, 1)}
	conn, err := connect(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the ledger: %w", damaged(path, err)), db.Close())
	}
	l.tx = &txn{kept: conn}
	if err := l.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the ledger: %w", damaged(path, err)), l.log.Close(), l.tx.close(), db.Close())
	}
	if l.reader, err = openReader(ctx, path, false); err != nil {
		return nil, errors.Join(err, l.log.Close(), l.tx.close(), db.Close())
	}
	return l, nil
}

// connect opens the writing connection. Two processes that make a ledger, or one that opens it while the last one
// closes it, meet at locks for which SQLite does not wait by itself.
func connect(ctx context.Context, db *sql.DB) (*kept, error) {
	for deadline := time.Now().Add(patience); ; {
		conn, err := keep(ctx, db)
		if err == nil || !isBusy(err) || time.Now().After(deadline) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func isBusy(err error) bool {
	e := (*sqlite.Error)(nil)
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// creating keeps two Opens of one process apart while the file is made.
var creating sync.Mutex

// touchPrivate makes the database file before SQLite does, so that it is never readable by others, not even for a
// moment. A file that exists is not opened: closing any handle of it would drop the POSIX locks that SQLite holds on it
// elsewhere in this process, and another process could then remove the log under our feet.
func touchPrivate(path string) error {
	creating.Lock()
	defer creating.Unlock()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, os.ErrExist):
		err = nil
	}
	if err == nil && runtime.GOOS != "windows" {
		err = tighten(path)
	}
	if err != nil {
		return fmt.Errorf("make the ledger: %w", err)
	}
	if runtime.GOOS == "windows" {
		return durable.Private(path) // opens it, which does no harm there: locks belong to their handle
	}
	return nil
}

func tighten(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() == 0o600 {
		return err
	}
	return os.Chmod(path, 0o600)
}

func dsn(path, mode string, options ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	if filepath.VolumeName(path) != "" {
		u.Path = "/" + u.Path
	}
	s := u.String() + "?mode=" + mode + fmt.Sprintf("&_pragma=busy_timeout(%d)", patience.Milliseconds())
	for _, o := range options {
		s += "&" + o
	}
	return s
}

func (l *Ledger) migrate(ctx context.Context) error {
	return l.write(ctx, func(ctx context.Context, tx *txn) error {
		made, err := isMade(ctx, tx)
		if err != nil {
			return err
		}
		if made {
			if err := checkVersion(ctx, tx); err != nil {
				return err
			}
			if _, err := tx.conn.ExecContext(ctx, sinceMade); err != nil {
				return err
			}
			return respell(ctx, tx)
		}
		if _, err := tx.conn.ExecContext(ctx, schemaSQL); err != nil {
			return err
		}
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('version', ?), ('id', ?), ('key', ?)`,
			strconv.Itoa(schemaVersion), uuid.NewString(), hex.EncodeToString(key))
		return err
	})
}

// isMade is false for a database whose making has not been committed (yet, or before a crash): it counts as empty.
func isMade(ctx context.Context, db rows) (bool, error) {
	var tables int
	err := one(ctx, db, `SELECT count(*) FROM sqlite_master WHERE name = 'meta'`, nil, &tables)
	return tables > 0, err
}

func checkVersion(ctx context.Context, db rows) error {
	var version string
	if err := one(ctx, db, `SELECT value FROM meta WHERE key = 'version'`, nil, &version); err != nil {
		return err
	}
	if n, err := strconv.Atoi(version); err != nil || n > schemaVersion {
		return fmt.Errorf("it was written by a newer dropform (format %s, this one reads %d); use that version", version, schemaVersion)
	}
	return nil
}

// damaged says what to do about a file that SQLite cannot read, and leaves other errors alone.
func damaged(path string, err error) error {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_NOTADB || e.Code()&0xff == sqlite3.SQLITE_CORRUPT) {
		return fmt.Errorf("%s is damaged or not a ledger; restore it from a backup (without it, everything counts as never sent): %w", path, err)
	}
	return err
}

// Reader is the view that plan, status and history use, on connections of its own.
func (l *Ledger) Reader() *Reader { return l.reader }

// Path is where the ledger lies.
func (l *Ledger) Path() string { return l.path }

// Close ends the process's registration, which must not be in use any more, folds the write-ahead log into the file and closes it.
func (l *Ledger) Close() error {
	var errs []error
	if l.process != nil {
		errs = append(errs, l.process.leave())
	}
	errs = append(errs, l.reader.Close())
	l.checkpoints.all.Wait()
	l.debt.all.Wait()
	return errors.Join(append(errs, l.log.Close(), l.tx.close(), l.db.Close())...)
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
