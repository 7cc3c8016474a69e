package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Reader looks at a ledger without changing it and never waits for a writer. While no process has the ledger open it
// writes no byte anywhere; beside a writer it shares SQLite's index of the log (the -shm file), where readers note
// which state they look at. It is safe for concurrent use.
type Reader struct {
	path string // empty: there is no ledger yet
	db   *sql.DB
	// still is set while no process has the ledger open: it is then read without locks and shared memory, whose files
	// would otherwise appear beside it. seen is how it looked; View reads again when that changed.
	still bool
	seen  os.FileInfo

	mu     sync.Mutex
	idle   []*kept
	closed bool
}

// idleReaders is how many connections stay open for the next looks at the ledger, and idleStatements how many statements each
// of them may have then: some texts differ by how many values they ask for.
const (
	idleReaders    = 2
	idleStatements = 64
)

// OpenReader opens the ledger for reading. A ledger that does not exist reads as an empty one.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0:
		return emptyReader(ctx)
	case err != nil:
		return nil, fmt.Errorf("look for the ledger: %w", err)
	}
	if !walEmpty(path) {
		return openReader(ctx, path, false)
	}
	r, err := openReader(ctx, path, true)
	if err != nil && !unchanged(path, info) {
		return openReader(ctx, path, false) // somebody began to write while we looked
	}
	if err == nil && r.still {
		r.seen = info
	}
	return r, err
}

func walEmpty(path string) bool {
	info, err := os.Stat(path + "-wal")
	return errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0
}

func openReader(ctx context.Context, path string, still bool) (*Reader, error) {
	options := []string{"_pragma=query_only(1)"}
	if still {
		options = append(options, "immutable=1")
	}
	db, err := sql.Open("sqlite", dsn(path, "ro", options...))
	if err != nil {
		return nil, fmt.Errorf("open the ledger for reading: %w", err)
	}
	made, err := isMade(ctx, db)
	if err == nil && !made {
		if err := db.Close(); err != nil {
			return nil, err
		}
		return emptyReader(ctx)
	}
	if err == nil {
		err = checkVersion(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the ledger: %w", damaged(path, err)), db.Close())
	}
	return &Reader{path: path, db: db, still: still}, nil
}

// emptyReader is a ledger of no history, in memory.
func emptyReader(ctx context.Context) (*Reader, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schemaSQL); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Reader{db: db}, nil
}

// Close releases the reader.
func (r *Reader) Close() error {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.mu.Unlock()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}

// View runs fn over one consistent state of the ledger. fn may be run again and must then start over.
func (r *Reader) View(ctx context.Context, fn func(*View) error) error {
	err := r.view(ctx, fn)
	if !r.still || unchanged(r.path, r.seen) {
		return err
	}
	// Somebody wrote meanwhile, so what fn saw may be torn. Whether they still do decides how to look again.
	for range 3 {
		again, err := OpenReader(ctx, r.path)
		if err != nil {
			return err
		}
		err = errors.Join(again.view(ctx, fn), again.Close())
		if !again.still || unchanged(r.path, again.seen) {
			return err
		}
	}
	locked, err := openReader(ctx, r.path, false)
	if err != nil {
		return err
	}
	return errors.Join(locked.view(ctx, fn), locked.Close())
}

// unchanged reports whether nobody has written since the ledger looked like that.
func unchanged(path string, seen os.FileInfo) bool {
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, seen) && now.Size() == seen.Size() && now.ModTime().Equal(seen.ModTime()) && walEmpty(path)
}

func (r *Reader) view(ctx context.Context, fn func(*View) error) error {
	c, err := r.take(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	defer r.giveBack(c)
	if err := c.do(ctx, `BEGIN`); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return fn(&View{ctx: ctx, db: c, locks: lockFolder(r.path)})
}

// take gets a connection that nobody uses: its statements are parsed already, which is most of what a look at the ledger
// costs.
func (r *Reader) take(ctx context.Context) (*kept, error) {
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return c, nil
	}
	r.mu.Unlock()
	return keep(ctx, r.db)
}

// giveBack ends a connection's transaction. A ledger in memory has one connection for all, which is left to database/sql.
func (r *Reader) giveBack(c *kept) {
	ended := c.do(context.Background(), `ROLLBACK`)
	r.mu.Lock()
	stays := ended == nil && r.path != "" && !r.closed && len(r.idle) < idleReaders && len(c.stmts) <= idleStatements
	if stays {
		r.idle = append(r.idle, c)
	}
	r.mu.Unlock()
	if !stays {
		_ = c.close() // nothing was written on it
	}
}
