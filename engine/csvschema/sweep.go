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
	// What earlier blocks hold of the record at hand:
	var high, quotes uint64
	var inner int64
	proven := ^uint8(0)
	for base := start; base < n && base-start <= s.max; base += blockLen {
		block := (*[blockLen]byte)(data[base:])
		m := s.masks(block)
		if n-base < blockLen {
			m.until(n - base)
		}
		o := q.outline(&m, data, base, n)
		here := ^uint8(0)
		if m.high|text.lead != 0 {
			here = text.prove(block, m.high, s.single)
			proven &= here
		} else {
			text.high = 0
		}
		known := len(cuts)
		cuts = appendPlaces(cuts, o.ends, base)
		for rest := o.lineEnds; rest != 0; rest &= rest - 1 {
			before := rest&-rest - 1
			following := known + bits.OnesCount64(o.ends&before) + 1
			end := base + bits.TrailingZeros64(rest)
			next, fields := end+1, following-first
			if end > start && data[end-1] == '\r' { // which is the last cut, and the line feed one more
				end--
				fields--
			}
			empty, length := fields-1, end-start
			if length == empty || length <= empty+2*fields && quotes|m.quotes&before != 0 || length >= s.max { // blank, perhaps, or too long
				s.cuts, s.line = cuts[:first], line
				return start, recs
			}
			if o.inner != 0 {
				inner += int64(bits.OnesCount64(o.inner & before))
			}
			recs = append(recs, record{
				start: uint32(start), end: uint32(end), next: uint32(next), first: uint32(first), n: uint32(fields),
				line: line, number: number, swept: true, high: (high | m.high&before) != 0, proven: proven,
			})
			number++
			line += inner + 1
			start, first = next, following
			high, quotes, inner, proven = 0, 0, 0, here
			m.high &^= before
			m.quotes &^= before
			o.inner &^= before
		}
		if o.bad != 0 {
			break
		}
		high |= m.high
		quotes |= m.quotes
		if o.inner != 0 {
			inner += int64(bits.OnesCount64(o.inner))
		}
	}
	s.cuts, s.line = cuts[:first], line
	return start, recs
}

// appendPlaces appends base plus the place of each bit of mask. Four at a time are written, those that are none as well:
// it is dearer to find out how many there are.
func appendPlaces(places []uint32, mask uint64, base int) []uint32 {
	const step = 4
	known := len(places)
	places = slices.Grow(places, blockLen+step)
	room := places[known : known+blockLen+step]
	n := bits.OnesCount64(mask)
	for i := 0; i < n; i += step {
		four := (*[step]uint32)(room[i:])
		second := mask & (mask - 1)
		third := second & (second - 1)
		fourth := third & (third - 1)
		four[0] = uint32(base + bits.TrailingZeros64(mask))
		four[1] = uint32(base + bits.TrailingZeros64(second))
		four[2] = uint32(base + bits.TrailingZeros64(third))
		four[3] = uint32(base + bits.TrailingZeros64(fourth))
		mask = fourth & (fourth - 1)
	}
	return places[:known+n]
}
