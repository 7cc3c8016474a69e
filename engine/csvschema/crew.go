package csvschema

import "sync"

// crew checks batches and merges what was found in the order in which they were delivered. With one worker everything
// happens in the caller; with more, each batch goes to whichever checker is free, and one goroutine merges.
type crew struct {
	out     *merger
	single  *checker
	jobs    chan *batch
	order   chan *batch
	free    chan *batch
	refuted chan struct{} // closed when the merger has seen enough
	wait    sync.WaitGroup
	spare   *batch
}

func newCrew(p *plan, m mode, out *merger, s seeds, workers int) *crew {
	c := &crew{out: out}
	if workers <= 1 || len(p.Checks) > 0 { // a check may keep state of its own between rows
		c.single = &checker{plan: p, mode: m, seeds: s}
		return c
	}
	depth := workers + 2
	c.jobs, c.order, c.free = make(chan *batch, depth), make(chan *batch, depth), make(chan *batch, depth+workers+2)
	c.refuted = make(chan struct{})
	c.wait.Add(workers + 1)
	for range workers {
		go func() {
			defer c.wait.Done()
			k := &checker{plan: p, mode: m, seeds: s}
			for b := range c.jobs {
				k.check(b)
				b.done <- struct{}{}
			}
		}()
	}
	go c.merge()
	return c
}

func (c *crew) merge() {
	defer c.wait.Done()
	holds := true
	for b := range c.order {
		<-b.done
		if holds && !c.out.merge(b) {
			holds = false
			close(c.refuted)
		}
		select {
		case c.free <- b:
		default:
		}
	}
}

// fresh is an empty batch with room for size bytes.
func (c *crew) fresh(size int) *batch {
	var b *batch
	if c.single != nil {
		b, c.spare = c.spare, nil
	} else {
		select {
		case b = <-c.free:
		default:
		}
	}
	if b == nil {
		b = &batch{done: make(chan struct{}, 1)}
		b.cuts, b.recs = make([]uint32, 0, size/8), make([]record, 0, size/128) // about as many as such a file has
	}
	if len(b.data) < size+pad {
		b.data = make([]byte, size+pad)
	}
	b.quote = c.out.Quote
	b.findings = findings{faults: b.faults[:0], warnings: b.warnings[:0], entries: b.entries[:0]}
	b.n, b.fields, b.cuts, b.above, b.recs, b.below = 0, b.fields[:0], b.cuts[:0], b.above[:0], b.recs[:0], b.below[:0]
	return b
}

// deliver passes a batch on; it answers errRefuted when there is no use in going on.
func (c *crew) deliver(b *batch) error {
	b.room, b.warnRoom = c.out.rooms()
	if c.single != nil {
		c.single.check(b)
		if !c.out.merge(b) {
			return errRefuted
		}
		c.spare = b
		return nil
	}
	select {
	case <-c.refuted:
		return errRefuted
	default:
	}
	c.jobs <- b
	c.order <- b
	return nil
}

// end waits until everything delivered is merged.
func (c *crew) end() error {
	if c.single != nil {
		return nil
	}
	close(c.jobs)
	close(c.order)
	c.wait.Wait()
	select {
	case <-c.refuted:
		return errRefuted
	default:
		return nil
	}
}
