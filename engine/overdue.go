package engine

import (
	"time"

	"dropform/engine/ledger"
)

// patience is how long the action's job may still take until it needs attention: of one that is resumed, what is left of
// max_wait since it was sent, which may be less than nothing.
func (a *Action) patience(c *Connection, now time.Time) time.Duration {
	if a.Kind != Resume || a.Prior == nil {
		return c.MaxWait
	}
	return min(c.MaxWait-now.Sub(a.Prior.SentAt), c.MaxWait)
}

// overdue reports whether the action follows a job that the server has not ended within max_wait.
func (a *Action) overdue(now time.Time) bool {
	return a.Kind == Resume && a.Rule == nil && a.Prior != nil && a.Prior.State == ledger.StateRunning && a.patience(a.connection(), now) <= 0
}
