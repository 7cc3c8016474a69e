package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"dropform/engine/ledger"
)

// slots are the jobs that may be under way at once in one tenant, across all processes on the ledger. Who waits for one in
// this process gets it by the age of the work: after an outage what was dropped first goes first.
type slots struct {
	process *ledger.Process
	key     string

	mu    sync.Mutex
	free  []int
	queue []*applicant // the oldest first; not empty only while free is
	held  map[int]bool
	inUse int
	idle  *time.Timer
}

// applicant waits for a slot.
type applicant struct {
	since time.Time // of its work
	slot  chan int  // capacity 1
}

// idleSlots is how long claims are kept after the last job, so that a busy run does not claim anew for each file.
const idleSlots = 300 * time.Millisecond

func newSlots(p *ledger.Process, key string, n int) *slots {
	s := &slots{process: p, key: key, held: map[int]bool{}}
	for i := range n {
		s.free = append(s.free, i)
	}
	return s
}

// acquire waits for a slot for work that has been waiting since then. The function it returns gives the slot back.
func (s *slots) acquire(ctx context.Context, since time.Time) (release func(), err error) {
	for {
		i, err := s.take(ctx, since)
		if err != nil {
			return nil, err
		}
		ours, err := s.claim(ctx, i)
		if ours {
			return sync.OnceFunc(func() { s.give(i) }), nil
		}
		s.put(i)
		if err != nil {
			return nil, err
		}
		select { // another process has this one; look again soon
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// take waits for a free slot of this process.
func (s *slots) take(ctx context.Context, since time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return i, nil
	}
	a := &applicant{since, make(chan int, 1)}
	at, _ := slices.BinarySearchFunc(s.queue, a, func(other, a *applicant) int {
		if other.since.After(a.since) {
			return 1
		}
		return -1 // behind those of the same age
	})
	s.queue = slices.Insert(s.queue, at, a)
	s.mu.Unlock()
	select {
	case i := <-a.slot:
		return i, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.queue = slices.DeleteFunc(s.queue, func(other *applicant) bool { return other == a })
	s.mu.Unlock()
	select {
	case i := <-a.slot: // it came at this very moment
		s.put(i)
	default:
	}
	return 0, ctx.Err()
}

// put gives a slot to the oldest work that waits for one.
func (s *slots) put(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.free = append(s.free, i)
		return
	}
	s.queue[0].slot <- i
	s.queue = slices.Delete(s.queue, 0, 1)
}

func (s *slots) claim(ctx context.Context, i int) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[i] {
		holder, err := s.process.Claim(ctx, fmt.Sprintf("%s/%d", s.key, i))
		if err != nil {
			return false, err
		}
		if holder.ID != "" {
			return false, nil
		}
		s.held[i] = true
	}
	s.inUse++
	if s.idle != nil {
		s.idle.Stop()
	}
	return true, nil
}

func (s *slots) give(i int) {
	s.mu.Lock()
	s.inUse--
	if s.inUse == 0 {
		s.idle = time.AfterFunc(idleSlots, s.releaseIdle)
	}
	s.mu.Unlock()
	s.put(i)
}

// releaseIdle gives the claims to other processes when no job of ours is under way.
func (s *slots) releaseIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse > 0 {
		return
	}
	if s.idle != nil {
		s.idle.Stop()
	}
	for i := range s.held {
		// A claim that cannot be given back now ends with the process.
		_ = s.process.Release(context.Background(), fmt.Sprintf("%s/%d", s.key, i))
		delete(s.held, i)
	}
}
