package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// follow asks for progress until the job has ended. A stop, the end of max_wait and, in apply, a server that does not answer
// as often as the connection says leave the job running on the server; the next run resumes it. One that is past max_wait is asked
// for once.
func (n *run) follow(ctx context.Context, l *link, a *Action, phase string, poll func(context.Context) (perbit.Progress, error)) (perbit.Progress, *ending) {
	began := time.Now()
	left := a.patience(l.current(), n.o.Now())
	most := left
	if left <= 0 {
		most = l.current().Timeout
	}
	waiting, cancel := context.WithTimeout(n.soft, most)
	defer cancel()
	p, err := perbit.Follow(waiting, n.watched(l, a, poll), n.pace(l.current()), func(p perbit.Progress) {
		percent, ok := p.Percent()
		if !ok {
			percent = -1
		}
		n.emit(StepProgress{Action: a, Phase: phase, Percent: percent, Message: p.Message, Elapsed: time.Since(began)})
		if left <= 0 {
			cancel()
		}
	})
	switch {
	case err == nil:
		return p, nil
	case n.soft.Err() != nil:
		return p, &ending{result: ResultWaiting, text: "the server works on; the next run fetches the result"}
	case waiting.Err() != nil:
		return p, &ending{
			result: ResultWaiting, code: "max_wait", quiet: left <= 0,
			text: fmt.Sprintf("the server is not done after %s (max_wait)", l.current().MaxWait),
			next: fmt.Sprintf("look in perbit whether the job hangs; the next run asks again. If it is cancelled or lost there: dropform resolve '%s' -happened or -did-not-happen", inQuotes(a.Address)),
		}
	}
	e := (*perbit.Error)(nil)
	if !errors.As(err, &e) {
		out := failed("ask for progress", err)
		return p, &out
	}
	out := ending{result: ResultWaiting, text: sentence(e), next: e.Hint, code: string(e.Class)}
	n.unreachable(l, a, err, &out)
	return p, &out
}

// pace is how often progress is asked for. A watch asks without end.
func (n *run) pace(c *Connection) perbit.Pace {
	p := perbit.Pace{
		First: c.ProgressFirst, Longest: c.ProgressLongest,
		Retry: perbit.Retry{Attempts: max(1, c.RetryAttempts), First: c.RetryFirst, Longest: c.RetryLongest},
	}
	if n.o.KeepTrying {
		p.Retry.Attempts = 0
	}
	return p
}

// watched is poll that in watch tells of a server that answers no longer, once until it does again: the second failure in a
// row, because a single one is soon made good.
func (n *run) watched(l *link, a *Action, poll func(context.Context) (perbit.Progress, error)) func(context.Context) (perbit.Progress, error) {
	if !n.o.KeepTrying {
		return poll
	}
	failed := 0
	return func(ctx context.Context) (perbit.Progress, error) {
		p, err := poll(ctx)
		switch t, ok := troubleOf(err); {
		case err == nil && failed > 1:
			n.reachable(l, a)
			failed = 0
		case err == nil:
			failed = 0
		case ok && transient(err):
			if failed++; failed == 2 {
				n.wentDown(l, t, n.queued(l))
			}
		}
		return p, err
	}
}

// lost ends work whose id the server does not know any more: whether the import ran is then unknown. Every other
// trouble leaves the work running, to be resumed.
func (n *run) lost(ctx context.Context, a *Action, att ledger.Attempt, e ending) ending {
	if e.code != string(perbit.ClassNotFound) {
		return e
	}
	e.result = ResultUnknown
	e.next = fmt.Sprintf("look in perbit whether the import ran, then: dropform resolve '%s' -happened or -did-not-happen", inQuotes(a.Address))
	if err := n.book(ctx, att, ledger.Outcome{State: ledger.StateUnknown, Class: e.code, Message: e.text}); err != nil {
		return failed("record the outcome", err)
	}
	return e
}

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
