package ledger

import (
	"context"
	"sync"
)

// checkpointEvery is after how many commits the log is copied into the database, about 16 MiB of it. longestLog is the number
// of pages at which SQLite does it itself, for a transaction that is longer than many others together.
const (
	checkpointEvery = 400
	longestLog      = "16384"
)

// checkpoints copies the write-ahead log into the database beside the writers. SQLite's own way is to let the commit that
// makes the log too long do it, and whoever waits for that commit waits for two flushes and a thousand pages more.
type checkpoints struct {
	commits int // since the last one began; belongs to who has the turn
	running sync.Mutex
	all     sync.WaitGroup
}

// committed counts a commit. The caller has the turn.
func (l *Ledger) committed() {
	c := &l.checkpoints
	if c.commits++; c.commits < checkpointEvery || !c.running.TryLock() {
		return
	}
	c.commits = 0
	c.all.Go(func() {
		defer c.running.Unlock()
		l.checkpoint()
	})
}

// checkpoint copies most of the log while others write, and the rest, which came meanwhile, while it has the turn: only when
// nothing is left uncopied does the log begin again at its start. That it fails costs no data: the log is longer then.
func (l *Ledger) checkpoint() {
	const passive = `PRAGMA wal_checkpoint(PASSIVE)` // waits for nobody
	_, _ = l.db.ExecContext(context.Background(), passive)
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	_, _ = l.db.ExecContext(context.Background(), passive)
}
