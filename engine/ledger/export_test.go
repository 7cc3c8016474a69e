package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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

// Disk is what the log lies on in a test: it counts flushes, and fails where Broken is set.
type Disk struct {
	Flushes atomic.Int64
	Broken  atomic.Bool
	under   flusher
}

// OnDisk puts a Disk under the ledger's log. Nobody may be writing.
func (l *Ledger) OnDisk() *Disk {
	d := &Disk{under: l.log}
	l.log = d
	return d
}

func (d *Disk) Flush() error {
	d.Flushes.Add(1)
	if d.Broken.Load() {
		return errors.New("the disk is broken")
	}
	return d.under.Flush()
}

func (d *Disk) Close() error { return d.under.Close() }

// Touch writes nothing in a transaction of its kind.
func (l *Ledger) Touch(loose bool) error {
	write := l.write
	if loose {
		write = l.writeLoose
	}
	return write(context.Background(), func(context.Context, *txn) error { return nil })
}

// Crash ends the process as a kill does: the system frees its lock and its files, and nobody tidies up.
func (l *Ledger) Crash() error {
	p := l.process
	l.process = nil
	p.stop()
	p.done.Wait()
	return errors.Join(p.lock.Unlock(), l.Close())
}

// ContentSteps is how SQLite goes about the query of View.Content.
func ContentSteps(l *Ledger, systems int) (string, error) {
	return steps(l, all+contentOf(systems), 2*(3+systems))
}

// NewContentSteps is how it goes about that of View.NewContent.
func NewContentSteps(l *Ledger) (string, error) { return steps(l, newContent(2), 6) }

// SinceSteps is how it goes about that of View.SentSince.
func SinceSteps(l *Ledger) (string, error) { return steps(l, all+`work WHERE `+sentSince, 3) }

// ElsewhereSteps is how it goes about that of View.Elsewhere.
func ElsewhereSteps(l *Ledger) (string, error) { return steps(l, all+`work WHERE `+ofFile, 2) }

// UntouchedSteps is how it goes about that of View.Untouched.
func UntouchedSteps(l *Ledger) (string, error) { return steps(l, untouched, 6) }

const all = `SELECT ` + workColumns + ` FROM `

func steps(l *Ledger, query string, n int) (string, error) {
	args := make([]any, n)
	for i := range args {
		args[i] = "0"
	}
	var steps strings.Builder
	err := l.reader.View(context.Background(), func(v *View) error {
		return v.each(`EXPLAIN QUERY PLAN `+query, args, func(r *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := r.Scan(&id, &parent, &unused, &step)
			steps.WriteString(step + "\n")
			return err
		})
	})
	return steps.String(), err
}
