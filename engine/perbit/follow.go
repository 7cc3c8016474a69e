package perbit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Pace is how often progress is asked for: once at once, then after First, doubling to Longest. Zero values mean
// 100 ms and 2 s.
type Pace struct {
	First, Longest time.Duration
	// Retry is for polls that fail for the moment, one after another.
	Retry Retry
}

// Retry is how often a poll that failed for the moment is repeated: after First, doubling to Longest, until Attempts have
// failed in a row. No Attempts are without end; without First the pace is that of progress.
type Retry struct {
	Attempts       int
	First, Longest time.Duration
}

// Follow asks poll until the job has ended and returns its last progress; seen, which may be nil, gets each one. A job
// that faulted or was cancelled has ended even if it never completes. A poll that failed for the moment is repeated as
// pace.Retry says, because it only reads; any other error ends the following, the job itself goes on. ctx carries the
// longest time a job may take: when it ends, the error wraps its cause.
func Follow(ctx context.Context, poll func(context.Context) (Progress, error), pace Pace, seen func(Progress)) (Progress, error) {
	delay, longest := pace.bounds()
	failed, again := 0, pace.Retry.First
	var last Progress
	for {
		p, err := poll(ctx)
		wait := delay
		switch {
		case err == nil:
			last, failed, again = p, 0, pace.Retry.First
			if seen != nil {
				seen(p)
			}
			if p.Ended() {
				return p, nil
			}
		case ctx.Err() != nil:
			return last, err
		default:
			e, ok := asError(err)
			if failed++; !ok || !e.Transient() || failed == pace.Retry.Attempts {
				return last, err
			}
			if again > 0 {
				wait, again = again, min(2*again, max(again, pace.Retry.Longest))
			}
			// Many jobs may wait for the same server: they come back one by one.
			wait = max(wait, e.RetryAfter) + rand.N(wait/5+1)
		}
		if !sleep(ctx, wait) {
			return last, stopped(ctx, err)
		}
		delay = min(2*delay, longest)
	}
}

func (p Pace) bounds() (first, longest time.Duration) {
	first, longest = p.First, p.Longest
	if first <= 0 {
		first = 100 * time.Millisecond
	}
	if longest <= 0 {
		longest = 2 * time.Second
	}
	return first, max(first, longest)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func stopped(ctx context.Context, last error) error {
	if last != nil {
		return fmt.Errorf("the job's end was not seen: %w, last answer: %w", context.Cause(ctx), last)
	}
	return fmt.Errorf("the job's end was not seen: %w", context.Cause(ctx))
}
