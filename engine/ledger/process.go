package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
)

// lease is how long a claim holds where its owner's lock cannot be probed; it is renewed at a third of it.
const lease = 60 * time.Second

// Process is this process's registration: an operating system lock that is free the moment the process is gone, and a
// row that says who it was.
type Process struct {
	ID   string
	l    *Ledger
	lock *durable.Lock
	path string
	stop context.CancelFunc
	done sync.WaitGroup
}

// Owner describes a registered process to people.
type Owner struct {
	ID      string
	Host    string
	PID     int
	Command string
	Since   time.Time
}

// lockFolder is where the processes that use the ledger at path hold their locks, each in a file named by its id.
func lockFolder(path string) string { return filepath.Join(filepath.Dir(path), "locks") }

const lockSuffix = ".lock"

// Join registers this process, which may send from now on; a Ledger is joined once. command is what it does ("apply",
// "watch"). It first records as unknown what dead processes left in sending (Recover). The registration ends with Close.
func (l *Ledger) Join(ctx context.Context, command string) (*Process, error) {
	if l.process != nil {
		return nil, errors.New("register this process: it is registered already")
	}
	dir := lockFolder(l.path)
	if err := durable.MkdirPrivate(dir); err != nil {
		return nil, fmt.Errorf("make the folder for process locks: %w", err)
	}
	p := &Process{ID: uuid.NewString(), l: l}
	p.path = filepath.Join(dir, p.ID+lockSuffix)
	host, _ := os.Hostname()
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		// Locked inside the transaction: Recover, which clears away locks that nobody holds, runs in another.
		var err error
		if p.lock == nil {
			if p.lock, err = durable.TryLock(p.path, fmt.Sprintf("%s, process %d", command, os.Getpid())); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO process (id, host, pid, command, started_at) VALUES (?,?,?,?,?)`,
			p.ID, host, os.Getpid(), command, time.Now().UnixNano())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("register this process: %w", err), p.unlock())
	}
	l.process = p
	beat, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.done.Go(func() { p.heartbeat(beat) })
	return p, l.Recover(ctx)
}

// unlock gives the lock back. Its file is left to the next Recover where somebody is just then looking at it (Windows).
func (p *Process) unlock() error {
	if p.lock == nil {
		return nil
	}
	err := p.lock.Unlock()
	_ = os.Remove(p.path)
	return err
}

// heartbeat renews the leases of this process's claims until it leaves. A failed renewal is tried again at the next
// beat; on one machine the lock, not the lease, keeps the claim.
func (p *Process) heartbeat(ctx context.Context) {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = p.l.writeLoose(ctx, func(ctx context.Context, tx *txn) error {
				_, err := tx.ExecContext(ctx, `UPDATE claim SET lease_until = `+databaseClock+` + ? WHERE owner = ?`, lease.Nanoseconds(), p.ID)
				return err
			})
		}
	}
}

// databaseClock is now, in Unix nanoseconds by the database's clock.
const databaseClock = `CAST(unixepoch('subsec') * 1000000000 AS INTEGER)`

func (p *Process) leave() error {
	p.stop()
	p.done.Wait()
	ctx := context.Background()
	err := p.l.write(ctx, func(ctx context.Context, tx *txn) error {
		return gone(ctx, tx, p.ID)
	})
	return errors.Join(err, p.unlock())
}

// owners lists every registered process that is alive, by id: those that hold their lock. A lock file that is gone
// means that its process is, too.
func owners(ctx context.Context, db rows, locks string) (map[string]Owner, error) {
	found, err := db.QueryContext(ctx, `SELECT id, host, pid, command, started_at FROM process`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	live := map[string]Owner{}
	for found.Next() {
		var o Owner
		var since int64
		if err := found.Scan(&o.ID, &o.Host, &o.PID, &o.Command, &since); err != nil {
			return nil, err
		}
		o.Since = instant(since)
		held, _, err := durable.Held(filepath.Join(locks, o.ID+lockSuffix))
		if err != nil {
			return nil, fmt.Errorf("look at the lock of %s (process %d): %w", o.Command, o.PID, err)
		}
		if held {
			live[o.ID] = o
		}
	}
	return live, found.Err()
}

// Recover settles what processes that are gone have left: sending becomes unknown, because the first byte may have
// left; their claims and registrations end. Work that the server knows by an id stays running, to be resumed.
func (l *Ledger) Recover(ctx context.Context) error {
	err := l.write(ctx, func(ctx context.Context, tx *txn) error {
		live, err := owners(ctx, tx, lockFolder(l.path))
		if err != nil {
			return err
		}
		abandoned, err := listWork(ctx, tx, unfinished+` AND state = 'sending' ORDER BY id`)
		if err != nil {
			return err
		}
		for _, w := range abandoned {
			if _, ok := live[w.Owner]; ok {
				continue
			}
			if err := abandon(ctx, tx, w); err != nil {
				return err
			}
		}
		return l.forget(ctx, tx, live)
	})
	if err != nil {
		return fmt.Errorf("settle what earlier runs left: %w", err)
	}
	return nil
}

const abandonedText = "dropform was interrupted after it may have begun to send; whether the server has it is not known"

func abandon(ctx context.Context, tx *txn, w Work) error {
	if w.Kind == KindExport || failpoint.Bad(failpoint.Resend) {
		// An export only reads: nothing on the server can have changed, so it is simply run again.
		return setState(ctx, tx, w, StateNotSent, ClassInterrupted, "dropform was interrupted before the export's id was known")
	}
	return setState(ctx, tx, w, StateUnknown, ClassInterrupted, abandonedText)
}

// forget ends the registrations and claims of all processes that are not alive, and clears their locks away.
func (l *Ledger) forget(ctx context.Context, tx *txn, live map[string]Owner) error {
	found, err := tx.QueryContext(ctx, `SELECT id FROM process`)
	if err != nil {
		return err
	}
	defer found.Close()
	var dead []string
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return err
		}
		if _, ok := live[id]; !ok {
			dead = append(dead, id)
		}
	}
	if err := found.Err(); err != nil {
		return err
	}
	for _, id := range dead {
		if err := gone(ctx, tx, id); err != nil {
			return err
		}
	}
	l.clearLocks(live)
	return nil
}

// gone ends what a process held. Of the folders that it wrote in one mention stays, whoever's it is.
func gone(ctx context.Context, tx *txn, process string) error {
	for _, statement := range []string{
		`DELETE FROM claim WHERE owner = ?`,
		`DELETE FROM process WHERE id = ?`,
		`DELETE FROM scratch WHERE process = ? AND EXISTS (
			SELECT 1 FROM scratch AS other WHERE other.folder = scratch.folder AND other.process <> scratch.process)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, process); err != nil {
			return err
		}
	}
	return nil
}

// clearLocks removes the lock files of the dead, also of those that died before they were registered. None of them is
// ever locked again, because ids are new for each process; one that cannot be removed now is left to the next time.
func (l *Ledger) clearLocks(live map[string]Owner) {
	entries, _ := os.ReadDir(lockFolder(l.path))
	for _, e := range entries {
		id, ours := strings.CutSuffix(e.Name(), lockSuffix)
		if _, ok := live[id]; ok || !ours {
			continue
		}
		path := filepath.Join(lockFolder(l.path), e.Name())
		if held, _, err := durable.Held(path); err == nil && !held {
			_ = os.Remove(path)
		}
	}
}
