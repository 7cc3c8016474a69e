package watch

import (
	"context"
	"time"
)

// backoff is the wait before trying again what failed: 1 s doubling to 30 s.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, time.Second), 30*time.Second)
	return b.last
}

func (b *backoff) reset() { b.last = 0 }

// limiter allows three of something at once within ten seconds, then spaces
// them out from 100 ms doubling to longest.
type limiter struct {
	longest time.Duration
	recent  [3]time.Time // the latest grants, oldest first
	delay   time.Duration
}

// next grants the next one and says when it may happen.
func (l *limiter) next(now time.Time) time.Time {
	at := now
	if oldest := l.recent[0]; !oldest.IsZero() && now.Sub(oldest) < 10*time.Second {
		l.delay = min(max(2*l.delay, 100*time.Millisecond), l.longest)
		at = now.Add(l.delay)
	} else {
		l.delay = 0
	}
	l.recent = [3]time.Time{l.recent[1], l.recent[2], at}
	return at
}

// sleep waits for d and says whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
