package watch

import (
	"hash/maphash"
	"io/fs"
)

// state is what tells one content of a name from another without reading it.
// The file id is never compared alone: systems use it again.
type state struct {
	size    int64
	mod     int64 // modification time, Unix nanoseconds
	changed int64 // inode change time, Unix nanoseconds; 0 where there is none
	id      uint64
}

func stateOf(fi fs.FileInfo) state {
	s := state{size: fi.Size(), mod: fi.ModTime().UnixNano()}
	s.changed, s.id = inode(fi)
	return s
}

// memory is which state of which name was last reported. It keeps digests, so
// that a million files left in a folder cost tens of megabytes, not hundreds. A
// name is wrongly held for reported only if both of its digests collide.
type memory struct {
	seed maphash.Seed
	last map[uint64]remembered
}

type remembered struct {
	state uint64
	round uint32 // of the listing that last met the name
}

func newMemory() *memory {
	return &memory{seed: maphash.MakeSeed(), last: map[uint64]remembered{}}
}

func (m *memory) add(name string, s state, round uint32) {
	m.last[maphash.String(m.seed, name)] = remembered{maphash.Comparable(m.seed, s), round}
}

// has says whether that state was reported, and notes that the name was met.
func (m *memory) has(name string, s state, round uint32) bool {
	key := maphash.String(m.seed, name)
	r, ok := m.last[key]
	if !ok || r.state != maphash.Comparable(m.seed, s) {
		return false
	}
	if r.round != round {
		m.last[key] = remembered{r.state, round}
	}
	return true
}

// met says whether any state of the name was reported.
func (m *memory) met(name string) bool {
	_, ok := m.last[maphash.String(m.seed, name)]
	return ok
}

func (m *memory) forget(name string) { delete(m.last, maphash.String(m.seed, name)) }

func (m *memory) clear() { m.last = map[uint64]remembered{} }

// expire forgets the names that no listing since round has met.
func (m *memory) expire(round uint32) {
	for key, r := range m.last {
		if r.round != round {
			delete(m.last, key)
		}
	}
}
