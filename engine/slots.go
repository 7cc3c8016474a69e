package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dropform/engine/ledger"
)

// slots are the jobs that may be under way at once in one tenant, across all processes on the ledger.
type slots struct {
	process *ledger.Process
	key     string
	free    chan int

	mu    sync.Mutex
	held  map[int]bool
	inUse int
	idle  *time.Timer
}

// idleSlots is how long claims are kept after the last job, so that a busy run does not claim anew for each file.
const idleSlots = 300 * time.Millisecond

func newSlots(p *ledger.Process, key string, n int) *slots {
	s := &slots{process: p, key: key, free: make(chan int, n), held: map[int]bool{}}
	for i := range n {
		s.free <- i
	}
	return s
}

// acquire waits for a slot. The function it returns gives it back.
func (s *slots) acquire(ctx context.Context) (release func(), err error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case i := <-s.free:
			ours, err := s.claim(ctx, i)
			if err != nil {
				s.free <- i
				return nil, err
			}
			if ours {
				return sync.OnceFunc(func() { s.give(i) }), nil
			}
			s.free <- i
		}
		select { // another process has this one; look again soon
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
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
	s.free <- i
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
