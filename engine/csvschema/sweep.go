package csvschema

import (
	"math/bits"
	"slices"
)

// sweep takes whole records from start on, numbered from number on, as long as nothing is unusual about them: by far the
// most. It answers where the first other one begins, or the first that the data does not hold whole; scan has to read
// that one. What it finds is what scan would find, only faster: a block of 64 bytes is looked at once, for everything,
// and of the fields only their ends are noted.
//
// It is for files whose lines are known to end with LF or CRLF.
func (s *scanner) sweep(start int, recs []record, number int64) (next int, _ []record) {
	data, n := s.data, s.n
	cuts := append(s.cuts, uint32(start)-1)
	first := len(cuts) // of the record at hand; the cut before it ends what lies before it
	line := s.line
	q := quoting{mayOpen: 1}
	var text letters
	var made []masks
	before := lastByte{odd: 1, opens: 1}
	r := sightings{proven: ^uint8(0)}
	for base := start; base < n && base-start <= s.max; base += blockLen {
		if len(made) == 0 {
			made = s.ahead((n - base + blockLen - 1) / blockLen)
			s.maker.all(made, data[base:])
		}
		m := &made[0]
		made = made[1:]
		if s.noQuote {
			m.quotes = 0
		}
		if n-base < blockLen {
			m.until(n - base)
		}
		o := q.outline(m)
		here := text.prove((*[blockLen]byte)(data[base:]), m, s.single)
		r.proven &= here
		seen := before.sights(m, &o)
		known := len(cuts)
		cuts = appendPlaces(cuts, o.ends, base)
		for rest := o.lineEnds; rest != 0; rest &= rest - 1 {
			upTo := rest ^ (rest - 1)
			following := known + bits.OnesCount64(o.ends&upTo)
			end := base + bits.TrailingZeros64(rest)
			next, fields := end+1, following-first
			if end > start && data[end-1] == '\r' { // which is the last cut, and the line feed one more
				end--
				fields--
			}
			r.add(&seen, upTo)
			empty, length := fields-1, end-start
			if length == empty || length <= empty+2*fields && r.quotes != 0 || length >= s.max { // blank, perhaps, or too long
				s.cuts, s.line = cuts[:first], line
				return start, recs
			}
			recs = append(recs, record{
				start: uint32(start), end: uint32(end), next: uint32(next), first: uint32(first), n: uint32(fields),
				line: line, number: number, swept: true, high: r.high != 0, proven: r.proven, odd: r.odd != 0, hollow: r.hollow != 0,
			})
			number++
			line += r.inner + 1
			start, first = next, following
			r = sightings{proven: here}
			seen.drop(upTo)
		}
		if o.bad != 0 {
			break
		}
		r.add(&seen, ^uint64(0))
	}
	s.cuts, s.line = cuts[:first], line
	return start, recs
}

// setSingle says whether the file has one byte for each character: then bytes below 0xA0 are letters and signs or nothing at
// all, else those below 0xC0 continue a character.
func (s *scanner) setSingle(single bool) {
	if s.single, s.maker.limit = single, 0xC0; single {
		s.maker.limit = 0xA0
	}
}

// masksAtOnce is how many blocks the masks are made of ahead; those behind a record that scan has to read are made again.
const masksAtOnce = 16

// ahead is room for the masks of so many blocks, or of as many as are made at once.
func (s *scanner) ahead(blocks int) []masks {
	blocks = min(masksAtOnce, blocks)
	if len(s.masks) < blocks {
		s.masks = make([]masks, blocks)
	}
	return s.masks[:blocks]
}

// sights are the bytes of a block that say something about the record they lie in.
type sights struct {
	high, quotes, inner, odd uint64
	hollow                   uint64 // perhaps the end of an empty cell, or the beginning of one that begins with a blank
}

// lastByte is what the byte before a block says about its first one; 1 stands for yes.
type lastByte struct {
	odd    uint64 // it is odd
	opens  uint64 // a cell begins behind it
	quotes uint64 // it is a quote
}

func (l *lastByte) sights(m *masks, o *outline) (s sights) {
	opens := o.ends &^ m.returns
	s.high, s.quotes, s.inner = m.high, m.quotes, o.inner
	s.odd = m.odd<<1 | l.odd
	opened, quoted := opens<<1|l.opens, m.quotes<<1|l.quotes
	s.hollow = o.ends&opened | m.quotes&quoted | m.blanks&(opened|quoted)
	l.odd, l.opens, l.quotes = m.odd>>63, opens>>63, m.quotes>>63
	return s
}

// drop forgets the bytes of the mask.
func (s *sights) drop(mask uint64) {
	s.high &^= mask
	s.quotes &^= mask
	s.inner &^= mask
	s.odd &^= mask
	s.hollow &^= mask
}

// sightings are what was seen of the record at hand; of the masks, whether there is any.
type sightings struct {
	high, quotes, odd, hollow uint64
	inner                     int64
	proven                    uint8
}

func (r *sightings) add(s *sights, mask uint64) {
	r.high |= s.high & mask
	r.quotes |= s.quotes & mask
	r.odd |= s.odd & mask
	r.hollow |= s.hollow & mask
	if s.inner != 0 {
		r.inner += int64(bits.OnesCount64(s.inner & mask))
	}
}

// appendPlaces appends base plus the place of each bit of mask. Eight at a time are written, those that are none as well:
// it is dearer to find out how many there are.
func appendPlaces(places []uint32, mask uint64, base int) []uint32 {
	const step = 8
	known, n := len(places), bits.OnesCount64(mask)
	places = slices.Grow(places, blockLen+step)
	room := places[known : known+blockLen+step]
	for i := 0; i < n; i += step {
		for j := range step {
			room[i+j] = uint32(base + bits.TrailingZeros64(mask))
			mask &= mask - 1
		}
	}
	return places[:known+n]
}
