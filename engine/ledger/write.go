package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dropform/engine/failpoint"
)

// txn is the ledger's one writing connection inside a transaction.
type txn struct{ *kept }

// job is one call of write. Its context is looked at whenever it begins; then it is carried through, because a cancelled
// statement would take the whole transaction, and its neighbours, with it.
type job struct {
	ctx  context.Context                   //nolint:containedctx // a job does not outlive the call that made it
	fn   func(context.Context, *txn) error // may run a second time, after what it did was undone
	kind kind
	done chan error // has room for the answer
}

// kind is what is waited for before a change is answered.
type kind int

const (
	firm    kind = iota // the flush
	patient             // the flush, and for a moment others that share it
	soon                // the commit; the flush follows within a moment
	loose               // the commit
)

// flushed is whether the change survives a power cut once it is answered.
func (k kind) flushed() bool { return k == firm || k == patient }

// errNotFlushed says that a change has been made, but a power cut may undo it.
var errNotFlushed = errors.New("the ledger could not be flushed to its disk")

// company is how long a write that has time waits for others that come anyway.
const company = 3 * time.Millisecond

// write runs fn in a durable transaction: when it returns nil the change survives a power cut. Calls that come while
// another is being written wait together and share the next transaction and its one flush; one that fails changes nothing and
// fails alone. fn may run a second time then, after what it did was undone.
func (l *Ledger) write(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(ctx, firm, fn)
}

// writeLoose is write without the flush: the change survives the end of the process, however that comes, but a power cut may
// undo it, together with all that was written loosely after it. It is for what means nothing after a power cut (claims: all
// processes are gone then) or is simply done again (a move that has been made).
func (l *Ledger) writeLoose(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(ctx, loose, fn)
}

// writePatient is write for what nobody waits for: where others write too, it goes with one of them.
func (l *Ledger) writePatient(ctx context.Context, fn func(context.Context, *txn) error) error {
	return l.join(ctx, patient, fn)
}

func (l *Ledger) join(ctx context.Context, k kind, fn func(context.Context, *txn) error) error {
	j := &job{ctx: ctx, fn: fn, kind: k, done: make(chan error, 1)}
	l.mu.Lock()
	l.queue = append(l.queue, j)
	l.mu.Unlock()
	if k == patient {
		t := time.NewTimer(company)
		defer t.Stop()
		select {
		case err := <-j.done:
			return err
		case <-t.C:
		case <-ctx.Done():
		}
	}
	select {
	case err := <-j.done:
		return err
	case l.turn <- struct{}{}:
		// Whoever has the turn writes for all that wait, itself among them unless it was served just now.
		committed := l.commit(l.take())
		<-l.turn
		l.flush(committed) // beside whoever has the turn next
	case <-ctx.Done():
		if l.withdraw(j) {
			return ctx.Err()
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

// commit runs the jobs in one transaction and answers those that failed, and those that wait for no flush. The others are
// committed, but not flushed. When the transaction as a whole fails, so do all.
func (l *Ledger) commit(batch []*job) (unflushed []*job) {
	if len(batch) == 0 {
		return nil
	}
	answers, err := l.transact(batch, false)
	if errors.Is(err, errTogether) && len(batch) > 1 {
		answers, err = l.transact(batch, true) // a failure is rare, and savepoints cost a tenth
	}
	for i, j := range batch {
		if answers[i] == nil {
			answers[i] = err
		}
		if answers[i] == nil && j.kind.flushed() {
			unflushed = append(unflushed, j)
			continue
		}
		j.done <- answers[i]
	}
	return unflushed
}

// errTogether says that one of several jobs has failed, and with it all of them.
var errTogether = errors.New("another change that was made together with this one has failed")

// transact runs the jobs in one transaction, with their answers: apart, so that the failure of one undoes its own changes only, or
// together, until one fails. Its error says that nothing was committed. A job that was called off before it began has that as
// its answer, which is no failure.
func (l *Ledger) transact(batch []*job, apart bool) (answers []error, err error) {
	answers = make([]error, len(batch))
	ctx := context.WithoutCancel(batch[0].ctx)
	if err := l.tx.do(ctx, `BEGIN IMMEDIATE`); err != nil {
		return answers, err
	}
	defer func() {
		if err != nil {
			_ = l.tx.do(ctx, `ROLLBACK`) // which fails where SQLite has already rolled back
		}
	}()
	for i, j := range batch {
		if answers[i] = j.ctx.Err(); answers[i] != nil {
			continue
		}
		if apart {
			answers[i], err = l.guarded(ctx, j)
		} else if answers[i] = j.fn(context.WithoutCancel(j.ctx), l.tx); answers[i] != nil {
			err = errTogether
		}
		if err != nil {
			return answers, err
		}
	}
	failpoint.At("ledger.commit")
	err = l.tx.do(ctx, `COMMIT`)
	failpoint.At("ledger.committed")
	l.committed()
	if err == nil && slices.ContainsFunc(batch, func(j *job) bool { return j.kind == soon }) {
		l.oweFlush()
	}
	return answers, err
}

// flush makes last what has been committed until now, and then answers jobs that are part of it. All goes through one log:
// what was committed loosely before them lasts too.
func (l *Ledger) flush(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	l.debt.paid()
	err := l.log.Flush()
	if err != nil {
		err = fmt.Errorf("%w: %w", errNotFlushed, err)
	}
	for _, j := range jobs {
		j.done <- err
	}
}

// guarded runs a job under a savepoint. broken says that the transaction is lost.
func (l *Ledger) guarded(ctx context.Context, j *job) (answer, broken error) {
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
