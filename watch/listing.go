package watch

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/afero"
)

const (
	readStep = 1024 // names read before others get their turn
	feedStep = 256  // names looked at before others get their turn

	sweepDefault  = 30 * time.Second
	sweepShortest = 2 * time.Second
	sweepShare    = 20 // a sweep waits this many times as long as the last one took
)

// listing is one reading of the whole folder: first all names that match, then,
// in natural order and as room allows, a look at each. While the window is full
// it rests; the names it still holds are the folder's backlog.
type listing struct {
	dir   afero.File // nil once all names were read
	names []string
	pos   int // of the next name to look at
	took  time.Duration

	backlog int // names yet to look at that were neither observed nor reported
}

// list does one step of a listing that is under way or due, and says whether
// another can follow at once.
func (d *drop) list() bool {
	begin := time.Now()
	if d.outdated() && !begin.Before(d.wanted) {
		d.abandonListing()
	}
	if d.listing == nil && !d.beginListing(begin) {
		return false
	}
	l := d.listing
	var again bool
	if l.dir != nil {
		again = d.readNames(l, begin)
	} else {
		again = d.feed(l)
	}
	l.took += time.Since(begin)
	return again
}

// outdated says whether a listing that rests lacks names that came since: it
// is replaced by another when that is wanted.
func (d *drop) outdated() bool {
	return d.listing != nil && d.listing.dir == nil && d.full() && d.more && !d.wanted.IsZero()
}

func (d *drop) beginListing(now time.Time) bool {
	if !d.root.attached() {
		return false
	}
	if d.more && len(d.entries) < window/2 {
		d.want(now)
	}
	if (d.wanted.IsZero() || now.Before(d.wanted)) && now.Before(d.sweep) {
		return false
	}
	d.wanted, d.more = time.Time{}, false
	dir, err := d.fs.Open(d.folder.Path)
	if err != nil {
		d.fail(err, now)
		return false
	}
	d.round++
	d.listing = &listing{dir: dir}
	return true
}

func (d *drop) readNames(l *listing, now time.Time) bool {
	names, err := l.dir.Readdirnames(readStep)
	for _, name := range names {
		if d.takes(name) {
			l.names = append(l.names, name)
		}
	}
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(names) == 0:
		_ = l.dir.Close()
		l.dir = nil
		slices.SortFunc(l.names, naturalCompare)
		for _, name := range l.names {
			if d.unmet(name) {
				l.backlog++
			}
		}
		d.root.well()
		return true
	case err != nil:
		d.fail(fmt.Errorf("list %s: %w", d.folder.Path, err), now)
		return false
	}
	return true
}

// fail gives the folder up for now. Nothing is concluded from names that were
// not read.
func (d *drop) fail(err error, now time.Time) {
	d.root.lose(err, now)
	d.clear()
}

func (d *drop) abandonListing() {
	if d.listing != nil && d.listing.dir != nil {
		_ = d.listing.dir.Close()
	}
	d.listing = nil
}

// feed looks at the next names.
func (d *drop) feed(l *listing) bool {
	for range feedStep {
		if l.pos == len(l.names) {
			d.endListing(l)
			return false
		}
		if d.full() {
			return false
		}
		if d.unmet(l.names[l.pos]) {
			l.backlog = max(0, l.backlog-1)
		}
		d.meet(l.names[l.pos])
		l.names[l.pos] = ""
		l.pos++
	}
	return true
}

func (d *drop) unmet(name string) bool {
	key := d.key(name)
	return d.entries[key] == nil && !d.reported.met(key)
}

// meet looks at a name found by listing.
func (d *drop) meet(name string) {
	e := d.entries[d.key(name)]
	s, err := d.lstat(name)
	now := time.Now()
	switch {
	case err != nil:
		return // gone again; an entry is looked at when the listing ends
	case e == nil:
		d.admit(name, s, now)
		return
	}
	e.name, e.round = name, d.round // the listing knows the spelling
	switch {
	case e.seen != s:
		d.change(e, s, now)
	case e.marker != "":
		d.observe(e, now) // the marker may lie where no event tells of it
	}
}

// endListing looks at the entries that the listing did not meet, and forgets
// what was reported of names that are no more.
func (d *drop) endListing(l *listing) {
	now := time.Now()
	for _, e := range d.entries {
		if e.round != d.round {
			e.round = d.round
			if s, err := d.lstat(e.name); err != nil || s != e.seen {
				d.observe(e, now)
			}
		}
	}
	d.reported.expire(d.round)
	d.listing = nil
	d.listedAt = d.wall()
	d.sweep = now.Add(max(d.poll(), sweepShare*l.took))
}

func (d *drop) poll() time.Duration {
	if d.folder.Poll == 0 {
		return sweepDefault
	}
	return max(d.folder.Poll, sweepShortest)
}
