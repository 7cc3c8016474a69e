package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
)

// rows is what reads: the writing transaction, or a connection of a Reader.
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

// kept is a connection that keeps its statements: parsing them again took a quarter of a write, and half of a look at one
// file. It belongs to one goroutine at a time.
type kept struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func keep(ctx context.Context, db *sql.DB) (*kept, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &kept{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (k *kept) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := k.stmts[query]; ok {
		return s, nil
	}
	s, err := k.conn.PrepareContext(ctx, query)
	if err == nil {
		k.stmts[query] = s
	}
	return s, err
}

// ExecContext is as in database/sql. query must be one of a fixed set of texts, because its statement is kept.
func (k *kept) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext is as in database/sql; query as in ExecContext. The rows of one query are read to their end before its text is
// asked again.
func (k *kept) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := k.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// do runs a statement without arguments and result.
func (k *kept) do(ctx context.Context, query string) error {
	_, err := k.ExecContext(ctx, query)
	return err
}

func (k *kept) close() error {
	var errs []error
	for _, s := range k.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, k.conn.Close())...)
}
