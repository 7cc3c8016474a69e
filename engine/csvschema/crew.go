package csvschema

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// crew reads, checks and merges the batches of a pass. Its workers all do the same, and the caller is one of them: take the
// next batch off the reader, which one at a time can do; check it; leave it to be merged in the order in which the batches
// were taken. Whoever finds nobody at the merging does what is due of it. So a batch stays with one goroutine, and nobody
// sleeps until another one wakes him, unless the batches of the others cannot be merged because one takes long.
type crew struct {
	in    *reader // under reading
	out   *merger // of whoever merges
	seeds seeds
	size  int
	room  chan struct{} // holds one for each batch on its way

	reading sync.Mutex
	taken   int // batches
	ended   bool
	failure error // why the reader gave no more, nil at the end of the file

	merging sync.Mutex
	ready   []*batch // checked but not merged, at their number modulo the length
	merged  int
	busy    bool // somebody merges

	over    atomic.Bool // what is still to come does not matter
	refuted bool        // because the assumption about the encoding is wrong; of whoever merges
	broken  error       // because a batch could not be checked
}

func newCrew(in *reader, out *merger, s seeds, size int) *crew {
	depth := 2*size + 1
	return &crew{in: in, out: out, seeds: s, size: size, room: make(chan struct{}, depth), ready: make([]*batch, depth)}
}

// read does the whole pass. Every goroutine it starts has ended when it returns.
func (c *crew) read(ctx context.Context) error {
	var others sync.WaitGroup
	for range c.size - 1 {
		others.Go(func() { c.work(ctx) })
	}
	c.work(ctx)
	others.Wait()
	switch {
	case c.refuted:
		return errRefuted
	case c.broken != nil:
		return c.broken
	case errors.Is(c.failure, errMisfit):
		c.out.forget()
		return nil
	}
	return c.failure
}

func (c *crew) work(ctx context.Context) {
	k := newChecker(c.in.plan, c.in.mode, c.seeds)
	for b := c.take(ctx); b != nil; b = c.take(ctx) {
		b.err = k.check(b)
		c.deliver(b)
	}
}

// take answers the next batch to check, nil when there is none. It waits where too many are on their way: they can be
// merged only behind one that is still checked.
func (c *crew) take(ctx context.Context) *batch {
	c.room <- struct{}{}
	c.reading.Lock()
	defer c.reading.Unlock()
	if !c.ended && !c.over.Load() {
		b, err := c.in.take(ctx)
		if b != nil {
			b.turn = c.taken
			b.room, b.warnRoom = c.out.rooms()
			c.taken++
			return b
		}
		c.ended, c.failure = true, err
	}
	<-c.room
	return nil
}

// deliver leaves a batch to be merged, and merges what is due unless somebody else does.
func (c *crew) deliver(b *batch) {
	c.merging.Lock()
	defer c.merging.Unlock()
	c.ready[b.turn%len(c.ready)] = b
	if c.busy {
		return
	}
	c.busy = true
	for {
		slot := &c.ready[c.merged%len(c.ready)]
		b := *slot
		if b == nil {
			c.busy = false
			return
		}
		*slot = nil
		c.merging.Unlock()
		c.merge(b)
		c.merging.Lock()
		c.merged++
	}
}

func (c *crew) merge(b *batch) {
	if !c.over.Load() {
		c.broken = b.err
		c.refuted = b.err == nil && !c.out.merge(b)
		c.over.Store(c.refuted || c.broken != nil)
	}
	c.in.done(b)
	<-c.room
}
