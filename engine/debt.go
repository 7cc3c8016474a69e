package engine

import (
	"context"
	"errors"

	"dropform/engine/ledger"
)

// debt is something that has happened and could not be recorded. It is recorded as soon as the ledger can be written again:
// until then the work counts as being sent, and if this process dies first, as unknown.
type debt func(context.Context) error

// owe keeps what could not be recorded. What another process has decided in the meantime stands, and is no debt.
func (r *Runner) owe(err error, d debt) {
	if err == nil || errors.Is(err, ledger.ErrOvertaken) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.debts = append(r.debts, d)
}

// settle records what is owed, oldest first, and reports whether anything was.
func (r *Runner) settle(ctx context.Context) bool {
	r.mu.Lock()
	owed := r.debts
	r.debts = nil
	r.mu.Unlock()
	for i, d := range owed {
		if err := d(ctx); err != nil && !errors.Is(err, ledger.ErrOvertaken) {
			r.mu.Lock()
			r.debts = append(owed[i:len(owed):len(owed)], r.debts...)
			r.mu.Unlock()
			return i > 0
		}
	}
	return len(owed) > 0
}
