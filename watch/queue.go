package watch

import (
	"container/heap"
	"container/list"
	"time"
)

// entry is a file that was noticed and not yet reported.
type entry struct {
	name     string
	seen     state
	changed  time.Time     // when seen was last observed to change; monotonic
	first    time.Time     // when the file was first noticed
	restless time.Time     // since when it is not known to be complete
	due      time.Time     // when to look again, while observed
	wait     time.Duration // between looks while a writer has it
	proof    uint64        // number of the proof of silence it waits for, or 0
	round    uint32        // of the listing that last met it
	warned   bool          // StillChanging is on its way or was sent
	marker   string        // key of the marker it waits for, or ""
	lacking  bool          // Unmarked is on its way or was sent

	at    *queue // the queue that holds it; nil: it waits for its marker or is removed
	index int    // in at
	elem  *list.Element
}

// queue is a heap of entries; an entry is in one queue at most.
type queue struct {
	items []*entry
	less  func(a, b *entry) bool
}

func byDue(a, b *entry) bool {
	if !a.due.Equal(b.due) {
		return a.due.Before(b.due)
	}
	return naturalCompare(a.name, b.name) < 0
}

func byName(a, b *entry) bool { return naturalCompare(a.name, b.name) < 0 }

// head returns the least entry, or nil.
func (q *queue) head() *entry {
	if len(q.items) == 0 {
		return nil
	}
	return q.items[0]
}

// moveTo takes e out of its queue and puts it into q (nil: into none). It also
// restores the order after e's key has changed.
func (e *entry) moveTo(q *queue) {
	if e.at != nil {
		heap.Remove(e.at, e.index)
	}
	e.at = q
	if q != nil {
		heap.Push(q, e)
	}
}

func (q *queue) Len() int           { return len(q.items) }
func (q *queue) Less(i, j int) bool { return q.less(q.items[i], q.items[j]) }

func (q *queue) Swap(i, j int) {
	q.items[i], q.items[j] = q.items[j], q.items[i]
	q.items[i].index, q.items[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(q.items)
	q.items = append(q.items, e)
}

func (q *queue) Pop() any {
	last := len(q.items) - 1
	e := q.items[last]
	q.items[last] = nil
	q.items = q.items[:last]
	return e
}
