package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"dropform/engine/failpoint"
)

// txn is the ledger's one writing connection inside a transaction. Statements are prepared once and kept: parsing them
// again took a quarter of a write.
type txn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	loose bool // transactions are not flushed
}

func (t *txn) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(ctx, query)
	if err == nil {
		t.stmts[query] = s
	}
	return s, err
}

// ExecContext is as in database/sql. query must be one of a fixed set of texts, because its statement is kept.
func (t *txn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext is as in database/sql; query as in ExecContext.
func (t *txn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// do runs a statement without arguments and result.
func (t *txn) do(ctx context.Context, query string) error {
	_, err := t.ExecContext(ctx, query)
	return err
}

// flush says whether the transactions from now on are flushed when they are committed. One that is flushed makes those before
// it durable too: it is the same log.
func (t *txn) flush(ctx context.Context, firm bool) error {
	if firm != t.loose {
		return nil
	}
	level := `PRAGMA synchronous = FULL`
	if !firm {
		level = `PRAGMA synchronous = NORMAL`
	}
	// Not by a kept statement: SQLite carries this one out when it is prepared.
	_, err := t.conn.ExecContext(ctx, level)
	if err == nil {
		t.loose = !firm
	}
	return err
}

func (t *txn) close() error {
	var errs []error
	for _, s := range t.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, t.conn.Close())...)
}

// rows is what reads: a transaction here, or a connection of a Reader.
type rows interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// one scans the first row of a query; sql.ErrNoRows where there is none.
func one(ctx context.Context, db rows, query string, args []any, into ...any) error {
	found, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	if !found.Next() {
		return cmp.Or(found.Err(), sql.ErrNoRows)
	}
	return found.Scan(into...)
}

// job is one call of write. Its context is looked at until it begins; then it is carried through, because a cancelled
// statement would take the whole transaction, and its neighbours, with it.
type job struct {
	ctx   context.Context //nolint:containedctx // a job does not outlive the call that made it
	fn    func(context.Context, *txn) error
	loose bool       // need not survive a power cut
	done  chan error // has room for the answer
}

// write runs fn in a durable transaction: when it returns nil the change survives a power cut. Calls that come while
// another is being written wait together and share the next transaction and its one flush, each under a savepoint, so
// that one that fails changes nothing and fails alone.
func (l *Ledger) write(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(&job{ctx: ctx, fn: fn, done: make(chan error, 1)})
}

// writeLoose is write without the flush: the change survives the end of the process, however that comes, but a power cut may
// undo it, together with all that was written loosely after it. It is for what means nothing after a power cut (claims: all
// processes are gone then) or is simply done again (a move that has been made).
func (l *Ledger) writeLoose(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(&job{ctx: ctx, fn: fn, loose: true, done: make(chan error, 1)})
}

func (l *Ledger) join(j *job) error {
	l.mu.Lock()
	l.queue = append(l.queue, j)
	l.mu.Unlock()
	select {
	case err := <-j.done:
		return err
	case l.turn <- struct{}{}:
		// Whoever has the turn writes for all that wait, itself among them unless it was served just now.
		l.commit(l.take())
		<-l.turn
	case <-j.ctx.Done():
		if l.withdraw(j) {
			return j.ctx.Err()
		}
	}
	return <-j.done
}

func (l *Ledger) take() []*job {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := l.queue
	l.queue = nil
	return batch
}

// withdraw takes a job back that nobody has begun.
func (l *Ledger) withdraw(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, j)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return true
}

// commit runs the jobs in one transaction and then answers each. When the transaction as a whole fails, so do all.
func (l *Ledger) commit(batch []*job) {
	if len(batch) == 0 {
		return
	}
	ctx := context.WithoutCancel(batch[0].ctx)
	answers := make([]error, len(batch))
	err := l.tx.flush(ctx, slices.ContainsFunc(batch, func(j *job) bool { return !j.loose }))
	if err == nil {
		err = l.tx.do(ctx, `BEGIN IMMEDIATE`)
	}
	if err == nil {
		for i, j := range batch {
			if answers[i], err = l.guarded(ctx, j, len(batch) == 1); err != nil {
				break
			}
		}
		if err == nil {
			failpoint.At("ledger.commit")
			err = l.tx.do(ctx, `COMMIT`)
			failpoint.At("ledger.committed")
		}
		if err != nil {
			_ = l.tx.do(ctx, `ROLLBACK`) // which fails where SQLite has already rolled back
		}
	}
	for i, j := range batch {
		if answers[i] == nil {
			answers[i] = err
		}
		j.done <- answers[i]
	}
}

// guarded runs a job so that its failure undoes its own changes only. broken says that the transaction is lost, which is how
// one that is alone in it fails.
func (l *Ledger) guarded(ctx context.Context, j *job, alone bool) (answer, broken error) {
	if err := j.ctx.Err(); err != nil {
		return err, nil
	}
	if alone {
		err := j.fn(context.WithoutCancel(j.ctx), l.tx)
		return err, err
	}
	if err := l.tx.do(ctx, `SAVEPOINT job`); err != nil {
		return nil, err
	}
	if answer = j.fn(context.WithoutCancel(j.ctx), l.tx); answer != nil {
		// SQLite ends the transaction by itself on a full disk or a failed read or write; then there is no savepoint.
		if err := l.tx.do(ctx, `ROLLBACK TO job`); err != nil {
			return answer, errors.Join(answer, err)
		}
	}
	return answer, l.tx.do(ctx, `RELEASE job`)
}
