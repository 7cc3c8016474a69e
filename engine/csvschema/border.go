package csvschema

import (
	"bytes"
	"math/bits"
)

// border finds where the last whole record of a batch ends and notes how many there are, but not where: whoever takes the
// batch finds that.
func (f *recorder) border(b *batch) int {
	s := &f.scan
	s.data, s.n, s.eof, s.fields = b.data, b.n, false, b.fields[:0]
	at := stretch{line: s.line, number: f.number + 1}
	pos := 0
	for pos < s.n {
		next, records := s.hop(pos)
		pos = next
		f.number += records
		r, ok := s.scan(pos)
		if !ok {
			break
		}
		pos, s.fields = int(r.next), s.fields[:0]
		f.number++
	}
	at.nextLine, at.nextNumber = s.line, f.number+1
	b.stretch = at
	return pos
}

// stride is how far hop has come. (masks_amd64.s knows the order.)
type stride struct {
	quoting
	next           int   // where the last whole record ends
	records, lines int64 // the records up to there, and the line ends that were passed
}

// hop passes over whole records from start on, as long as nothing about their quotes is unusual: a look at each block is
// enough for that. It answers where the first other record begins, or the first that the data does not hold whole, and how
// many were passed. It is for files whose lines are known to end with LF or CRLF, and for data that is no longer than a
// record may be.
func (s *scanner) hop(start int) (next int, records int64) {
	n := s.n
	if s.noQuote {
		next = start + bytes.LastIndexByte(s.data[start:n], '\n') + 1
		records = int64(bytes.Count(s.data[start:next], []byte{'\n'}))
		s.line += records
		return next, records
	}
	h := stride{quoting: quoting{mayOpen: 1}, next: start}
	base := start + blockLen*s.maker.hops(&h, s.data[start:], (n-start)/blockLen)
	for bad := uint64(0); base < n && bad == 0; base += blockLen {
		made := s.ahead(1)
		m := &made[0]
		s.maker.all(made, s.data[base:])
		m.until(min(n-base, blockLen))
		o := h.outline(m)
		if o.lineEnds != 0 {
			h.next = base + bits.Len64(o.lineEnds)
			h.records += int64(bits.OnesCount64(o.lineEnds))
		}
		h.lines += int64(bits.OnesCount64(m.lines))
		bad = o.bad
	}
	s.line += h.lines - int64(bytes.Count(s.data[h.next:min(base, n)], []byte{'\n'}))
	return h.next, h.records
}
