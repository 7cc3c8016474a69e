package csvschema

import (
	"encoding/binary"
	"hash/maphash"
)

// maxDistinct is how many different values one unique column, key or unique_rows remembers: about 300 MB of whole
// numbers, 500 MB of anything else. Behind it the file is refused, because duplicates can no longer be ruled out.
const maxDistinct = 16 << 20

// seeds make the two halves of a value's 128 bits independent. Two different values that share all 128 would count as
// one; with maxDistinct values the odds are below 1 in 10^23.
type seeds struct{ lo, hi maphash.Seed }

func newSeeds() seeds { return seeds{maphash.MakeSeed(), maphash.MakeSeed()} }

// remember notes the value of a unique cell that is right. Whole numbers that fit are noted as they are, so that 007 is 7.
func (k *checker) remember(rec int, c *column, f *field) {
	e := entry{rec: rec, set: c.set}
	if c.kind == kindInteger && !k.typed.wide {
		e.lo = uint64(k.typed.mant)
	} else {
		e.lo, e.hi = k.seeds.hash(k.plainCell(f))
	}
	k.b.entries = append(k.b.entries, e)
}

// rememberRow notes the cells of a key, or of the whole row; a key whose cells are all empty is not compared.
func (k *checker) rememberRow(rec, set int) {
	r := &k.b.recs[rec]

	k.row = k.row[:0]
	content := 0
	one := func(i int) {
		f := k.b.field(r, i)
		v := k.plainCell(&f)
		content += len(v)
		k.row = binary.AppendUvarint(k.row, uint64(len(v)))
		k.row = append(k.row, v...)
	}
	if s := &k.sets[set]; s.code == CodeUniqueRows {
		for i := range int(r.n) {
			one(i)
		}
	} else {
		for _, i := range s.columns {
			one(i)
		}
	}
	if content > 0 {
		e := entry{rec: rec, set: set}
		e.lo, e.hi = k.seeds.hash(k.row)
		k.b.entries = append(k.b.entries, e)
	}
}

// hash answers 128 bits of v, never with hi 0: that half is 0 for whole numbers only.
func (s seeds) hash(v []byte) (lo, hi uint64) {
	return maphash.Bytes(s.lo, v), maphash.Bytes(s.hi, v) | 1
}

const (
	pageSlots = 512
	pageFull  = 448
)

// page is a small open-addressing table. hi is there only when some value is not a whole number.
type page struct {
	depth uint8 // how many bits of the mixed value choose this page
	count int
	lo    [pageSlots]uint64
	first [pageSlots]uint32 // the record that brought the value, 0 for a free slot
	hi    *[pageSlots]uint64
}

// seen remembers values with the record that brought each. It grows page by page (extendible hashing), so that growing
// never needs a second table beside the first.
type seen struct {
	depth uint8
	pages []*page // 1 << depth entries, several may be the same page
	total int
}

func newSeen() *seen { return &seen{pages: []*page{{}}} }

// add remembers a value, or answers the record that brought it before. full says that there is no room for a new one.
func (s *seen) add(lo, hi uint64, record uint32) (earlier uint32, full bool) {
	h := mix(lo ^ hi)
	for {
		p := s.pages[h&(1<<s.depth-1)]
		slot := h >> 32 % pageSlots
		for ; p.first[slot] != 0; slot = (slot + 1) % pageSlots {
			if p.lo[slot] == lo && p.high(slot) == hi {
				return p.first[slot], false
			}
		}
		if s.total >= maxDistinct {
			return 0, true
		}
		if p.count < pageFull {
			p.put(slot, lo, hi, record)
			s.total++
			return 0, false
		}
		s.split(p, h)
	}
}

func (p *page) high(slot uint64) uint64 {
	if p.hi == nil {
		return 0
	}
	return p.hi[slot]
}

func (p *page) put(slot, lo, hi uint64, record uint32) {
	if hi != 0 && p.hi == nil {
		p.hi = new([pageSlots]uint64)
	}
	if p.hi != nil {
		p.hi[slot] = hi
	}
	p.lo[slot], p.first[slot] = lo, record
	p.count++
}

// split divides a full page by the next bit of its values; h is the mixed value of any of them.
func (s *seen) split(p *page, h uint64) {
	if p.depth == s.depth {
		s.pages = append(s.pages, s.pages...)
		s.depth++
	}
	bit := uint64(1) << p.depth
	old := *p
	*p = page{depth: old.depth + 1}
	sibling := &page{depth: old.depth + 1}
	for i := h&(bit-1) | bit; i < uint64(len(s.pages)); i += bit << 1 {
		s.pages[i] = sibling
	}
	for slot := range uint64(pageSlots) {
		if old.first[slot] == 0 {
			continue
		}
		lo, hi := old.lo[slot], old.high(slot)
		m := mix(lo ^ hi)
		to := p
		if m&bit != 0 {
			to = sibling
		}
		at := m >> 32 % pageSlots
		for to.first[at] != 0 {
			at = (at + 1) % pageSlots
		}
		to.put(at, lo, hi, old.first[slot])
	}
}

// mix spreads the bits of x; no two x give the same (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
