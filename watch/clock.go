package watch

import (
	"context"
	"maps"
	"sync"
	"time"
)

// glance is how long the clock sleeps at most. A machine that slept or whose
// clock was set is noticed within it, because only wall times are compared.
const glance = 30 * time.Second

// clock sends a Due when the wall clock has reached a timer's time.
type clock struct {
	now    func() time.Time
	events chan<- Event
	wake   chan struct{} // capacity 1

	mu   sync.Mutex
	due  map[string]time.Time // as set
	done map[string]time.Time // the part of due that was sent
}

func newClock(now func() time.Time, events chan<- Event) *clock {
	return &clock{now: now, events: events, wake: make(chan struct{}, 1), done: map[string]time.Time{}}
}

func (c *clock) set(due map[string]time.Time) {
	c.mu.Lock()
	c.due = maps.Clone(due)
	maps.DeleteFunc(c.done, func(id string, at time.Time) bool {
		set, ok := c.due[id]
		return !ok || !set.Equal(at)
	})
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *clock) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, wait := c.next()
		var out chan<- Event
		if next != nil {
			out = c.events
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-timer.C:
		case out <- next:
			c.sent(next.(Due))
		}
	}
}

// next returns the earliest timer that is due, or nil and how long to sleep.
func (c *clock) next() (Event, time.Duration) {
	// Without its monotonic part a time is compared by the wall.
	now := c.now().Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	first, found := Due{}, false
	for id, at := range c.due {
		if _, done := c.done[id]; done {
			continue
		}
		if !found || at.Before(first.At) || at.Equal(first.At) && id < first.ID {
			first, found = Due{id, at.Round(0)}, true
		}
	}
	switch {
	case !found:
		return nil, glance
	case first.At.After(now):
		return nil, min(first.At.Sub(now), glance)
	}
	return first, glance
}

// sent notes that a timer was taken, unless it was replaced meanwhile.
func (c *clock) sent(d Due) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.due[d.ID]; ok && at.Equal(d.At) {
		c.done[d.ID] = at
	}
}
