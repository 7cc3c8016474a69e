package watch

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/afero"
)

const (
	quietKnown   = 500 * time.Millisecond // where nobody is known to be writing
	quietUnknown = 2 * time.Second        // where that cannot be known
	busyFirst    = 25 * time.Millisecond  // between looks at a file in a writer's hands,
	busyLongest  = time.Second            // doubling to this
	giveUp       = 10 * time.Minute       // then it is worth a warning
	lacksMarker  = time.Hour              // after that, a marker that has not come is
	settleStep   = 64                     // files looked at before others get their turn
)

// lookAll looks at the names that something was heard about.
func (d *drop) lookAll(names map[string]notice) {
	if !d.root.attached() {
		return // the listing that comes with the folder finds them
	}
	number := d.asked + 1
	for name, n := range names {
		d.marked(name)
		if d.takes(name) {
			d.look(name, n, number)
		}
	}
	if k := len(d.fresh); k > 0 && d.fresh[k-1].proof == number {
		// Only now, after the last writer test: the proof must begin later.
		d.asked = number
		d.hub.ask(d.box, number)
	}
}

// takes says whether name is a data file of this folder. A fixed marker name is
// its own marker and never data.
func (d *drop) takes(name string) bool {
	return d.folder.Take(name) && (d.folder.ReadyFile == nil || d.folder.ReadyFile(name, time.Time{}) != name)
}

// look compares one name with what is known of it.
func (d *drop) look(name string, n notice, number uint64) {
	now := time.Now()
	s, err := d.lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.forgetName(name)
		return
	case err != nil:
		return // whoever was waiting is looked at when due; the sweep does the rest
	}
	e := d.entries[d.key(name)]
	if e == nil {
		if e = d.admit(name, s, now); e == nil {
			return
		}
	} else if e.seen != s || n&written != 0 {
		d.change(e, s, now)
	}
	if n&(created|written) == created && s.size >= max(1, d.folder.MinSize) && e.at != &d.ready &&
		d.probe(d.path(name)) == Free {
		e.proof = number
		d.fresh = append(d.fresh, e)
	}
}

// admit begins to observe a file unless its state was reported, is known to the
// ledger, or there is no room; then it returns nil.
func (d *drop) admit(name string, s state, now time.Time) *entry {
	if d.reported.has(d.key(name), s, d.round) {
		return nil
	}
	if known := d.folder.Known; known != nil && known(name, s.size, time.Unix(0, s.mod)) {
		return nil
	}
	if d.full() {
		d.more = true
		d.want(now) // a listing knows at least how many there are
		return nil
	}
	e := &entry{name: name, seen: s, changed: now, first: now, restless: now, round: d.round}
	e.elem = d.oldest.PushBack(e)
	d.entries[d.key(name)] = e
	d.observe(e, now.Add(d.quiet(s, Free)))
	return e
}

// full says whether the window is. Files that may wait for ever do not count,
// or enough of them would stop the folder.
func (d *drop) full() bool { return len(d.entries)-d.stuck-d.unmarked >= window }

// change notes that a file was observed to change: its quiet time begins again.
func (d *drop) change(e *entry, s state, now time.Time) {
	e.seen, e.changed, e.wait, e.proof = s, now, 0, 0
	d.observe(e, now.Add(d.quiet(s, Free)))
}

// observe looks at e again when due.
func (d *drop) observe(e *entry, due time.Time) {
	d.unmark(e)
	e.due = due
	e.moveTo(&d.observed)
}

// quiet is how long a file has to be unchanged, by rules 2 and 3 of settle. A
// file too small to be content gets the longer time: some writers create first
// and write later.
func (d *drop) quiet(s state, w WriterState) time.Duration {
	switch {
	case d.folder.Settle > 0:
		return d.folder.Settle
	case w == Free && s.size >= d.folder.MinSize:
		return quietKnown
	}
	return quietUnknown
}

// settle looks at the files that are due and says whether more are.
func (d *drop) settle() bool {
	for range settleStep {
		e := d.observed.head()
		now := time.Now()
		if e == nil || e.due.After(now) {
			return false
		}
		d.check(e, now)
	}
	return true
}

// check is the look at a file whose quiet time may be over.
func (d *drop) check(e *entry, now time.Time) {
	s, err := d.lstat(e.name)
	if errors.Is(err, fs.ErrNotExist) {
		d.forgetName(e.name)
		return
	}
	switch w := d.writerOf(e, s, err); {
	case err != nil:
		d.observe(e, now.Add(busyLongest))
	case s != e.seen:
		d.change(e, s, now)
	case w == Busy:
		// A thousand files in writers' hands cost no more than one look a
		// millisecond.
		longest := max(busyLongest, time.Duration(len(d.observed.items))*time.Millisecond)
		e.wait = min(max(2*e.wait, busyFirst), longest)
		d.observe(e, now.Add(e.wait))
	default:
		until := e.changed.Add(d.quiet(s, w))
		if !until.After(now) {
			d.complete(e)
			return
		}
		d.observe(e, until)
	}
	d.warn(e, now)
}

// writerOf asks for a writer only where the answer decides.
func (d *drop) writerOf(e *entry, s state, err error) WriterState {
	if err != nil || s != e.seen {
		return Unknown
	}
	return d.probe(d.path(e.name))
}

// warn says once that a file does not come to rest.
func (d *drop) warn(e *entry, now time.Time) {
	if !e.warned && now.Sub(e.restless) >= giveUp {
		e.warned = true
		d.stuck++
		d.still = append(d.still, e.name)
	}
}

// prove completes the files for which it is now known that no Write followed
// their Create (rule 1). They are looked at once more: a change of which no
// event tells, or a new writer, sends them back to their quiet time.
func (d *drop) prove(number uint64) {
	for len(d.fresh) > 0 && d.fresh[0].proof <= number {
		e := d.fresh[0]
		d.fresh[0] = nil
		d.fresh = d.fresh[1:]
		if e.proof == 0 || d.entries[d.key(e.name)] != e || e.at != &d.observed {
			continue
		}
		e.proof = 0
		if s, err := d.lstat(e.name); err == nil && s == e.seen && d.probe(d.path(e.name)) == Free {
			d.complete(e)
		}
	}
}

// doubt takes rule 1 away from all that hoped for it.
func (d *drop) doubt() {
	now := time.Now()
	for _, e := range d.fresh {
		if e.proof != 0 && d.entries[d.key(e.name)] == e {
			d.change(e, e.seen, now)
		}
	}
	d.fresh = nil
}

// complete makes e ready, or has it wait for its marker.
func (d *drop) complete(e *entry) {
	if d.folder.ReadyFile == nil {
		e.moveTo(&d.ready)
		return
	}
	marker := filepath.Clean(d.folder.ReadyFile(e.name, time.Unix(0, e.seen.mod)))
	path := marker
	if !filepath.IsAbs(path) {
		path = d.path(marker)
	}
	if _, err := d.fs.Stat(path); err == nil {
		e.moveTo(&d.ready)
		return
	}
	if d.unmarked >= window {
		d.remove(e) // the sweep finds it again
		return
	}
	e.moveTo(nil)
	if !e.lacking && time.Since(e.first) >= lacksMarker {
		e.lacking = true
		d.lacking = append(d.lacking, e.name)
	}
	e.marker = d.key(marker)
	d.unmarked++
	if d.waiting[e.marker] == nil {
		d.waiting[e.marker] = map[*entry]bool{}
	}
	d.waiting[e.marker][e] = true
}

// marked looks at the files whose marker is name.
func (d *drop) marked(name string) {
	now := time.Now()
	for e := range d.waiting[d.key(name)] {
		d.observe(e, now)
	}
}

// unmark ends e's wait for its marker, if it waits.
func (d *drop) unmark(e *entry) {
	if e.marker == "" {
		return
	}
	if delete(d.waiting[e.marker], e); len(d.waiting[e.marker]) == 0 {
		delete(d.waiting, e.marker)
	}
	d.unmarked--
	e.marker, e.restless = "", time.Now()
}

// remove ends the observation of e.
func (d *drop) remove(e *entry) {
	d.unmark(e)
	if e.warned {
		d.stuck--
	}
	e.proof = 0
	e.moveTo(nil)
	d.oldest.Remove(e.elem)
	delete(d.entries, d.key(e.name))
}

// errNotAFile is for names that are no regular file, or one that the system
// withholds.
var errNotAFile = &fs.PathError{Op: "watch", Path: "not a regular file", Err: fs.ErrNotExist}

// lstat returns the state of a regular file, and fs.ErrNotExist for all else.
func (d *drop) lstat(name string) (state, error) {
	var fi fs.FileInfo
	var err error
	if l, ok := d.fs.(afero.Lstater); ok {
		fi, _, err = l.LstatIfPossible(d.path(name))
	} else {
		fi, err = d.fs.Stat(d.path(name))
	}
	switch {
	case err != nil:
		return state{}, err
	case !fi.Mode().IsRegular() || withheld(fi):
		return state{}, errNotAFile
	}
	return stateOf(fi), nil
}
