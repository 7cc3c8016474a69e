package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// lockPoll is how often a run that waits for another one looks again.
const lockPoll = 200 * time.Millisecond

// lock takes one of the locks beside the ledger for this process's life: apply.lock or watch.lock. It waits as long as
// told; then it says who has it.
func (s *session) lock(cfg *engine.Config, command string, wait time.Duration) (*durable.Lock, error) {
	dir := filepath.Dir(cfg.LedgerPath)
	if err := durable.MkdirPrivate(dir); err != nil {
		return nil, fmt.Errorf("make the ledger's folder: %w", err)
	}
	path := filepath.Join(dir, command+".lock")
	deadline := now().Add(wait)
	host, _ := os.Hostname()
	note := fmt.Sprintf("dropform %s (%s on %s, process %d, since %s)", command, s.who(), host, os.Getpid(), now().Format("2006-01-02 15:04:05"))
	for told := false; ; {
		lock, err := durable.TryLock(path, note)
		if err == nil || !errors.Is(err, durable.ErrLocked) {
			return lock, err
		}
		if !now().Before(deadline) {
			return nil, s.lockedBy(path, command)
		}
		if !told && s.ui == nil {
			told = true
			s.outScreen().printf("Another %s is running. Waiting for it up to %s...\n", command, wait)
		}
		select {
		case <-s.soft.Done():
			return nil, exit(1)
		case <-time.After(lockPoll):
		}
	}
}

func (s *session) lockedBy(path, command string) error {
	_, holder, _ := durable.Held(path)
	d := diag.Diagnostic{
		Code: "locked", Summary: fmt.Sprintf("Another %s is running", command),
		Detail: "It is " + holder + ".",
	}
	if holder == "" {
		d.Detail = "It holds " + path + "."
	}
	if command == "apply" {
		d.Detail += " Wait for it, or use -lock-timeout=1m to let dropform wait."
	} else {
		d.Detail += " One watch serves all folders of a configuration; end it before you start another."
	}
	return d
}

// reader opens the ledger for looking only.
func (s *session) reader(cfg *engine.Config) (*ledger.Reader, error) {
	return ledger.OpenReader(s.ctx, cfg.LedgerPath)
}

func (s *session) planner(r *ledger.Reader, progress func(done, total int)) engine.Planner {
	return engine.Planner{FS: s.FS, Reader: r, Writers: s.Writers, Now: now, Progress: progress}
}

// asking is a planner that asks servers for the prices of orders.
func (s *session) asking(r *ledger.Reader, progress func(done, total int)) engine.Planner {
	p := s.planner(r, progress)
	p.Conboxes = s.conboxes
	if s.ui == nil {
		p.Reading = s.reading()
	}
	return p
}

// sender is everything that a process which may send holds: the lock, the ledger, its registration, the runner. close
// gives it back in the opposite order.
type sender struct {
	lock    *durable.Lock
	ledger  *ledger.Ledger
	process *ledger.Process
}

func (s *session) openSender(cfg *engine.Config, command string, wait time.Duration) (*sender, error) {
	roomForFlushes()
	lock, err := s.lock(cfg, command, wait)
	if err != nil {
		return nil, err
	}
	out := &sender{lock: lock}
	if out.ledger, err = ledger.Open(s.ctx, cfg.LedgerPath); err != nil {
		return nil, errors.Join(err, out.close())
	}
	if out.process, err = out.ledger.Join(s.ctx, command); err != nil {
		return nil, errors.Join(err, out.close())
	}
	return out, nil
}

// roomForFlushes lets Go code run on every processor while some of its threads wait for the disk: who sends flushes all the time,
// and on two processors two flushes would stop everything else for as long as they take. Who sets GOMAXPROCS has the last word.
var roomForFlushes = sync.OnceFunc(func() {
	const flushes = 2 // of the ledger, and of what is written beside the files
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + flushes)
	}
})

func (o *sender) close() error {
	var err error
	if o.ledger != nil {
		err = o.ledger.Close()
	}
	return errors.Join(err, o.lock.Unlock())
}

// logoutGrace bounds the farewell to the servers; who has interrupted waits no longer than stoppedGrace.
const (
	logoutGrace  = 5 * time.Second
	stoppedGrace = 2 * time.Second
)

// farewell logs out. After the second interrupt it waits for nothing.
func (s *session) farewell(last func(context.Context)) {
	ctx, cancel := context.WithTimeout(s.ctx, logoutGrace)
	defer cancel()
	stop := context.AfterFunc(s.soft, func() {
		select {
		case <-time.After(stoppedGrace):
			cancel()
		case <-ctx.Done():
		}
	})
	defer stop()
	last(ctx)
}
