package ledger

import (
	"context"
	"errors"
	"fmt"
)

// Waiting is how many calls of write wait for the turn.
func (l *Ledger) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// Writing reports whether somebody has the turn.
func (l *Ledger) Writing() bool { return len(l.turn) > 0 }

// Cramp lets the database grow by so many pages only: a full disk. The next turn sees it.
func (l *Ledger) Cramp(pages int) error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	var now int
	if err := one(context.Background(), l.tx, `PRAGMA page_count`, nil, &now); err != nil {
		return err
	}
	_, err := l.tx.conn.ExecContext(context.Background(), fmt.Sprintf(`PRAGMA max_page_count = %d`, now+pages))
	return err
}

// Crash ends the process as a kill does: the system frees its lock and its files, and nobody tidies up.
func (l *Ledger) Crash() error {
	p := l.process
	l.process = nil
	p.stop()
	p.done.Wait()
	return errors.Join(p.lock.Unlock(), l.Close())
}
