package watch

import (
	"container/list"
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/afero"
)

// drop owns one drop folder. Everything in it but box and status belongs to the
// goroutine in run, which does one small step of each kind of work at a time, so
// that a listing of a hundred thousand names does not delay a file renamed in.
type drop struct {
	folder Folder
	fs     afero.Fs
	probe  func(path string) WriterState
	wall   func() time.Time
	hub    *hub
	box    *inbox
	events chan<- Event
	root   root

	entries  map[string]*entry // by key
	oldest   *list.List        // of *entry, by first
	observed queue             // by due
	ready    queue             // by name
	waiting  map[string]map[*entry]bool
	unmarked int      // entries that wait for their marker
	stuck    int      // entries that were warned about
	fresh    []*entry // candidates of settle's rule 1, by proof
	asked    uint64   // number of the last proof asked for
	reported *memory

	listing *listing  // under way
	round   uint32    // counts listings
	wanted  time.Time // when the next listing may begin; zero: none wanted
	sweep   time.Time // when one is due anyway
	pace    limiter
	more    bool // names were passed over because too many wait

	attached  bool     // it was, once
	exchanged bool     // Exchanged is to be sent
	still     []string // names to send StillChanging for
	lacking   []string // names to send Unmarked for
	told      error    // the trouble last sent, nil: none
	overflows int
	listedAt  time.Time

	mu     sync.Mutex
	status FolderStatus
	wait   time.Time // first of the oldest waiting, for status
}

// recovery is how soon after lost events a folder is listed again at the latest,
// also when that has happened many times: a burst is known soon after its end.
const recovery = time.Second

// window is how many files of one folder are observed at once. The others wait
// as names of the listing under way, or on disk.
const window = 16384

func newDrop(w *Watcher, f Folder) *drop {
	d := &drop{
		folder: f, fs: w.fs, probe: w.writer, wall: w.now, hub: w.hub,
		box: newInbox(nil), events: w.events,
		entries: map[string]*entry{}, oldest: list.New(),
		observed: queue{less: byDue}, ready: queue{less: byName},
		waiting: map[string]map[*entry]bool{}, reported: newMemory(),
		pace: limiter{longest: recovery},
	}
	d.root = root{fs: w.fs, hub: w.hub, box: d.box, remote: w.remote, path: f.Path}
	d.status = FolderStatus{ID: f.ID, Mode: "poll"}
	return d
}

// run serves the folder until ctx ends.
func (d *drop) run(ctx context.Context) {
	defer d.root.detach()
	defer d.abandonListing()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		d.absorb()
		d.tend()
		busy := d.list()
		busy = d.settle() || busy
		d.offer()
		d.publish()
		if busy {
			continue
		}
		var out chan<- Event
		next := d.next()
		if next != nil {
			out = d.events
		}
		timer.Reset(d.untilNext())
		select {
		case <-ctx.Done():
		case <-d.box.wake:
		case <-timer.C:
		case out <- next:
			d.sent(next)
		}
	}
}

// absorb takes in what others have to tell.
func (d *drop) absorb() {
	in := d.box.take()
	d.overflows += in.overflows
	if in.folder != nil {
		d.adopt(*in.folder)
	}
	if in.lost || in.renewed {
		// A Write may be among what was lost: no proof of silence holds.
		d.doubt()
		d.want(time.Now())
	}
	if in.rescan {
		d.reported.clear()
		d.want(time.Now())
	}
	if in.root || in.renewed {
		d.root.at = time.Time{}
	}
	d.lookAll(in.names)
	d.prove(in.proved)
}

// adopt replaces the settings of the same folder. What a pattern newly takes is
// found by listing; what it no longer takes is let go.
func (d *drop) adopt(f Folder) {
	d.folder = f
	for _, e := range d.entries {
		if !f.Take(e.name) {
			d.remove(e)
		}
	}
	d.want(time.Now())
}

// tend looks after the folder itself when that is due, and before each sweep. A folder that is lost or
// exchanged takes its waiting files with it: the listing of what comes back
// finds them. What was reported stays in memory, for it may come back as it was.
func (d *drop) tend() {
	now := time.Now()
	sweeps := d.listing == nil && d.root.attached() && !now.Before(d.sweep)
	if now.Before(d.root.at) && !sweeps {
		return
	}
	list, other := d.root.tend(now)
	if list {
		d.wanted = now
	}
	if other || !d.root.attached() {
		d.clear()
	}
	if d.root.attached() {
		d.exchanged = d.exchanged || other && d.attached && d.told == nil
		d.attached = true
	}
}

func (d *drop) clear() {
	d.abandonListing()
	for _, e := range d.entries {
		d.remove(e)
	}
}

// want asks for a listing soon; many wishes in a short time become one.
func (d *drop) want(now time.Time) {
	if d.wanted.IsZero() {
		d.wanted = d.pace.next(now)
	}
}

// next is the event to send now, or nil: news of the folder before news of its
// files. It stays the same until it is sent or something changes.
func (d *drop) next() Event {
	trouble := d.root.trouble()
	switch {
	case trouble != nil && (d.told == nil || d.told.Error() != trouble.Error()):
		return Degraded{d.folder.ID, trouble}
	case trouble == nil && d.told != nil:
		return Healed{d.folder.ID}
	case d.exchanged:
		return Exchanged{d.folder.ID}
	case len(d.still) > 0:
		return StillChanging{d.folder.ID, d.still[0]}
	case len(d.lacking) > 0:
		return Unmarked{d.folder.ID, d.lacking[0]}
	}
	if e := d.ready.head(); e != nil {
		return Settled{d.folder.ID, e.name, e.seen.size, e.seen.mod}
	}
	return nil
}

// sent notes that ev, the result of next, was taken.
func (d *drop) sent(ev Event) {
	switch ev := ev.(type) {
	case Degraded:
		d.told = ev.Reason
	case Healed:
		d.told = nil
	case Exchanged:
		d.exchanged = false
	case StillChanging:
		d.still = d.still[1:]
	case Unmarked:
		d.lacking = d.lacking[1:]
	case Settled:
		e := d.ready.head()
		d.reported.add(d.key(e.name), e.seen, d.round)
		d.remove(e)
	}
}

// offer sends what can be sent without waiting.
func (d *drop) offer() {
	for ev := d.next(); ev != nil; ev = d.next() {
		select {
		case d.events <- ev:
			d.sent(ev)
		default:
			return
		}
	}
}

// untilNext is how long nothing has to be done unless something happens.
func (d *drop) untilNext() time.Duration {
	at := d.root.at
	if e := d.observed.head(); e != nil && e.due.Before(at) {
		at = e.due
	}
	if d.root.attached() && (d.listing == nil || d.outdated()) {
		if d.listing == nil && d.sweep.Before(at) {
			at = d.sweep
		}
		if !d.wanted.IsZero() && d.wanted.Before(at) {
			at = d.wanted
		}
	}
	return time.Until(at)
}

func (d *drop) publish() {
	s := FolderStatus{
		ID: d.folder.ID, Mode: "poll", Degraded: d.root.trouble(), Network: d.root.network,
		Pending: len(d.entries), Overflows: d.overflows, Rearms: d.root.rearms, LastSweep: d.listedAt,
	}
	if d.root.evented() {
		s.Mode = "events"
	}
	if d.listing != nil && d.full() {
		s.Pending += d.listing.backlog
	}
	var first time.Time
	if e := d.oldest.Front(); e != nil {
		first = e.Value.(*entry).first
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status, d.wait = s, first
}

// snapshot is the state as last published. It never waits for the folder's I/O.
func (d *drop) snapshot() FolderStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	if !d.wait.IsZero() {
		s.OldestPending = d.wall().Add(-time.Since(d.wait))
	}
	return s
}

func (d *drop) path(name string) string { return filepath.Join(d.folder.Path, name) }

// key is what makes two spellings one file.
func (d *drop) key(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToLower(name)
	}
	return name
}

// forgetName drops what is remembered of a name that is gone.
func (d *drop) forgetName(name string) {
	if e := d.entries[d.key(name)]; e != nil {
		d.remove(e)
	}
	d.reported.forget(d.key(name))
}
