package csvschema

import (
	"bytes"
	"unicode/utf8"
)

// batch is a stretch of whole records with what was found in them. It passes from the scanner to one checker to the
// merger, and belongs to one of them at a time.
type batch struct {
	data           []byte
	n              int   // data[:n] is to be looked at
	ahead          int   // bytes behind it that show where a record ends whose quotes are never closed
	base           int64 // offset in the file of data[0]
	wide           bool  // the file has two bytes for each UTF-16 unit
	ends           uint8
	quote          byte
	fields         []field
	cuts           []uint32
	above          []record // records in front of the data
	recs           []record
	below          []record // the footer
	room, warnRoom int      // errors and warnings worth describing, at most

	left    bool    // the records, all of them data, are still to be found
	stretch stretch // what is known of them then
	turn    int     // how many batches were taken before
	err     error   // why it could not be checked

	findings
}

// rows is how many records of the data there are.
func (b *batch) rows() int {
	if b.left {
		return int(b.stretch.nextNumber - b.stretch.number)
	}
	return len(b.recs)
}

// findings is what one checker has to say about one batch.
type findings struct {
	count, warned    int64
	faults, warnings []Fault
	footer           int // the faults from here on are of the footer
	entries          []entry
	stats            evidence
}

// entry is a value that must not occur twice; rec is an index into recs.
type entry struct {
	rec, set int
	lo, hi   uint64
}

// mark is a place that says something about the encoding.
type mark struct {
	line, record int64
	column       int // from 0, -1 for none
	offset       int64
	bytes        []byte
	seen, isBOM  bool
}

// evidence is what bytes above 0x7F say about the encoding; each mark is the first of its sort.
type evidence struct {
	multi     mark // a character of several bytes that is right in UTF-8
	invalid   mark // a byte that is not UTF-8
	undefined mark // a byte that Windows-1252 does not define
	c1        mark // a byte from 0x80 to 0x9F
}

func (m *mark) keep(o mark) {
	if !m.seen {
		*m = o
	}
}

func (e *evidence) keep(o *evidence) {
	e.multi.keep(o.multi)
	e.invalid.keep(o.invalid)
	e.undefined.keep(o.undefined)
	e.c1.keep(o.c1)
}

// offset is where data[at] lies in the file.
func (b *batch) offset(at uint32) int64 {
	if b.wide {
		return b.base + 2*units(b.data[:at])
	}
	return b.base + int64(at)
}

// field is the i-th cell of a record.
func (b *batch) field(r *record, i int) field {
	at := int(r.first) + i
	if !r.swept {
		return b.fields[at]
	}
	f := field{start: b.cuts[at-1] + 1, end: b.cuts[at]}
	if b.quote != 0 && f.start < f.end && b.data[f.start] == b.quote {
		f.start++
		f.end--
		f.flags = fieldQuoted
		if bytes.IndexByte(b.data[f.start:f.end], b.quote) >= 0 {
			f.flags |= fieldEscaped
		}
	}
	if r.high && !isASCII(b.data[f.start:f.end]) {
		f.flags |= fieldHigh
	}
	return f
}

// mark describes the bytes [at, at+n) of a record.
func (b *batch) mark(r *record, at, n int) mark {
	m := mark{line: r.line + linesBefore(b.data[r.start:at], b.ends), record: r.number, column: -1, offset: b.offset(uint32(at)), seen: true}
	m.bytes = append(m.bytes, b.data[at:min(at+n, b.n)]...)
	for i := range int(r.n) {
		if f := b.field(r, i); int(f.start) <= at {
			m.column = i
		}
	}
	return m
}

// look takes the evidence of one record; it answers whether the record is known to be right in UTF-8. Only what is still
// unknown is looked for, so that a file costs little after its first umlaut.
func (b *batch) look(r *record, set charset) bool {
	e := &b.stats
	switch {
	case !r.high:
		return true
	case set == setUTF8 && e.multi.seen && r.proven&provenUTF8 != 0:
		return true
	case set != setUTF8 && e.invalid.seen && r.proven&provenNoC1 != 0:
		return false
	}
	raw := b.data[r.start:r.end]
	valid := true
	if set == setUTF8 || !e.invalid.seen {
		valid = b.validUTF8(r)
	}
	if valid && !e.multi.seen {
		if i := firstHigh(raw); i >= 0 {
			_, n := utf8.DecodeRune(raw[i:])
			e.multi = b.mark(r, int(r.start)+i, n)
		}
	}
	if !valid && !(e.invalid.seen && e.multi.seen) {
		i := firstInvalid(raw)
		e.invalid.keep(b.mark(r, int(r.start)+i, 1))
		if j := firstHigh(raw); j < i && !e.multi.seen {
			_, n := utf8.DecodeRune(raw[j:])
			e.multi = b.mark(r, int(r.start)+j, n)
		}
	}
	if (set != setUTF8 || !valid) && !(e.c1.seen && e.undefined.seen) {
		if i := firstC1(raw); i >= 0 {
			e.c1.keep(b.mark(r, int(r.start)+i, 1))
		}
		if i := set1252.firstUndefined(raw); i >= 0 {
			e.undefined.keep(b.mark(r, int(r.start)+i, 1))
		}
	}
	return valid
}

// validUTF8 tells whether a record is right in UTF-8.
func (b *batch) validUTF8(r *record) bool {
	return r.proven&provenUTF8 != 0 || utf8.Valid(b.data[r.start:r.end])
}
