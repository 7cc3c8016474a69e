package ledger

import (
	"context"
	"sync"
	"time"
)

// soonest is how long a change of writeSoon waits for the flush of others.
const soonest = 20 * time.Millisecond

// debt is a flush that is owed to changes which were answered before it.
type debt struct {
	mu      sync.Mutex
	owed    bool
	waiting bool // somebody is about to pay
	all     sync.WaitGroup
}

// writeSoon is write that does not wait for the flush: the change survives the end of the process when it returns, and a power
// cut a few milliseconds later, with the next durable write or by a flush of its own. It is for what the server also knows.
func (l *Ledger) writeSoon(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(ctx, soon, fn)
}

// oweFlush sees to a flush of what has been committed. The caller has the turn.
func (l *Ledger) oweFlush() {
	d := &l.debt
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owed = true
	if d.waiting {
		return
	}
	d.waiting = true
	d.all.Go(func() {
		time.Sleep(soonest)
		d.mu.Lock()
		owed := d.owed
		d.owed, d.waiting = false, false
		d.mu.Unlock()
		if owed {
			_ = l.log.Flush() // nobody waits for it, and the next durable write says that the disk is broken
		}
	})
}

// paid is called before a flush: it makes last all that has been committed.
func (d *debt) paid() {
	d.mu.Lock()
	d.owed = false
	d.mu.Unlock()
}
