package csvschema

import (
	"bytes"
)

// windowRows is how many records are held against a column before the next: one bit for each in a word, and few enough
// that their bytes stay near.
const windowRows = 64

// window is what the checker knows of up to 64 records in a row; bit i stands for the i-th of them.
type window struct {
	valid   uint64             // known to be right in UTF-8
	regular uint64             // of the right number of fields and without a structural fault
	plain   uint64             // regular, and nothing in them needs a look at single bytes before their columns do
	first   [windowRows]uint32 // the first cut
}

// survey fills the window with the records that begin at from, and takes their evidence.
func (k *checker) survey(from, to int) {
	w := &k.window
	w.valid, w.regular, w.plain = 0, 0, 0
	recs := k.b.recs[from:to]
	for i := range recs {
		r := &recs[i]
		bit := uint64(1) << i
		valid := k.b.look(r, k.set)
		if valid {
			w.valid |= bit
		}
		if r.fault != "" || r.blank || int(r.n) != k.width {
			continue
		}
		w.regular |= bit
		if k.isPlain(r, valid) {
			w.plain |= bit
			w.first[i&(windowRows-1)] = r.first
		}
	}
}

// isPlain tells whether every byte of a record is right in the file's encoding and no cell of it can be garbled text.
func (k *checker) isPlain(r *record, valid bool) bool {
	switch {
	case r.nul || !r.swept && !k.bare:
		return false
	case !r.high:
		return true
	case k.send.to != nil && k.set != k.send.set: // each cell has to be sent in another encoding
		return false
	case k.set == setUTF8:
		return valid && (k.bare || r.proven&provenClear != 0)
	}
	return (k.bare || r.proven&provenClear != 0) &&
		(r.proven&provenNoC1 != 0 || k.set.firstUndefined(k.b.data[r.start:r.end]) < 0)
}

// place is where a cell with content lies, without its enclosing quotes; row is its bit in the window.
type place struct{ start, end, row uint32 }

// locate lists the cells of a column that have content, in the rows given, all of them plain. It also answers which are
// quoted and which are empty.
func (k *checker) locate(c *column, rows uint64) (cells []place, quoted, empty uint64) {
	data, quote := k.b.data, k.b.quote
	cuts := k.b.cuts[c.position:] // from where the place in the window is that of the cell
	first, out := &k.window.first, &k.cells
	n := 0
	for i := range uint32(windowRows) {
		if rows>>i&1 == 0 {
			continue
		}
		at := first[i]
		start, end := cuts[at-1]+1, cuts[at]
		if data[start] == quote && start < end { // a byte 0x00, which stands for no quote, is in no plain row
			start, end = start+1, end-1
			quoted |= 1 << i
		}
		if start == end {
			empty |= 1 << i
			continue
		}
		out[n&(windowRows-1)] = place{start, end, i}
		n++
	}
	return out[:n], quoted, empty
}

// doubts holds the cells of one column in the rows given, all of them plain, against its rules. It answers those whose
// cell is not certainly right; the checker's cell has to decide about them.
func (k *checker) doubts(c *column, rows uint64) (doubt uint64) {
	data := k.b.data
	cells, quoted, empty := k.locate(c, rows)
	switch c.kind {
	case kindText:
		doubt = c.texts(data, cells)
	case kindInteger, kindDecimal:
		doubt = c.numbers(data, cells)
	case kindDate, kindTime:
		doubt = c.stamps(data, cells)
	default:
		doubt = c.forms(data, cells)
	}
	if c.textual {
		for _, s := range cells {
			length := int(s.end - s.start)
			if length > c.longest || length < c.MinLength || quoted>>s.row&1 != 0 && bytes.IndexByte(data[s.start:s.end], k.b.quote) >= 0 ||
				c.exacting && !c.fits(data, int(s.start), int(s.end)) {
				doubt |= 1 << s.row
			}
		}
	}
	if c.Required {
		doubt |= empty
	}
	return doubt
}

func (c *column) texts(data []byte, cells []place) (doubt uint64) {
	for _, s := range cells {
		if (suspects[data[s.start]]&c.wary != 0 || data[s.start+1] == ':') && c.suspicious(data[s.start:s.end]) {
			doubt |= 1 << s.row
		}
	}
	return doubt
}

func (c *column) numbers(data []byte, cells []place) (doubt uint64) {
	for _, s := range cells {
		if !c.number(data, int(s.start), int(s.end)) {
			doubt |= 1 << s.row
		}
	}
	return doubt
}

// number tells whether a cell is certainly a number within the column's bounds.
func (c *column) number(data []byte, start, end int) bool {
	v := data[start:end]
	if c.kind == kindInteger {
		if c.low == nil && c.high == nil {
			i, _ := sign(v)
			return digitRun(data, start+i, len(v)-i)
		}
		n, ok := shortInteger(data, start, end)
		return ok && c.outside(n, v) == ""
	}
	n, ok := shortDecimal(data, start, end, c.decimal, c.group)
	if !ok {
		n, ok = parseDecimal(v, c.decimal, c.group)
	}
	return ok && c.outside(n, v) == ""
}

func (c *column) stamps(data []byte, cells []place) (doubt uint64) {
	for _, s := range cells {
		at, ok := c.dates[0].read(data, int(s.start), int(s.end))
		for i := 1; !ok && i < len(c.dates); i++ {
			at, ok = c.dates[i].read(data, int(s.start), int(s.end))
		}
		if !ok || c.beyond(at) != "" {
			doubt |= 1 << s.row
		}
	}
	return doubt
}

func (c *column) forms(data []byte, cells []place) (doubt uint64) {
	for _, s := range cells {
		ok := false
		switch c.kind {
		case kindBoolean:
			_, ok = parseBoolean(data[s.start:s.end])
		case kindEmail:
			ok = shortEmail(data, int(s.start), int(s.end)) || validEmail(data[s.start:s.end])
		case kindIBAN:
			ok = digitIBAN(data, int(s.start), int(s.end))
		}
		if !ok {
			doubt |= 1 << s.row
		}
	}
	return doubt
}

// What the first byte of a cell may be the beginning of.
const (
	suspectNumber uint8 = 1 << iota // a long number that a spreadsheet rounded
	suspectMark                     // an error word of a spreadsheet, a share or a file: address
	suspectBlank                    // nothing but blanks
)

var suspects = func() (t [256]uint8) {
	for _, c := range "+-0123456789" {
		t[c] = suspectNumber
	}
	for _, c := range "#\\fF" {
		t[c] = suspectMark
	}
	t[' '] = suspectBlank
	return t
}()

// suspicious tells whether a cell without a type may be at fault before its constraints are looked at.
func (c *column) suspicious(v []byte) bool {
	if suspects[v[0]] == suspectNumber {
		return damaged(v)
	}
	return v[0] == '#' && damaged(v) || fileReference(v) || c.Required && v[0] == ' '
}

// fits tells whether a cell in the file's own bytes, without doubled quotes and of a length in bytes that is right, is
// certainly long enough, in the pattern and among the values allowed.
func (c *column) fits(data []byte, start, end int) bool {
	v := data[start:end]
	foreign := c.coded && !isASCII(v) // the rest of the column is in UTF-8
	if c.MinLength > 1 && !c.coded && (len(v)+3)/4 < c.MinLength && !isASCII(v) {
		return false
	}
	if c.pattern != nil && (foreign || !c.pattern.match(v)) {
		return false
	}
	if c.allowed != nil && !c.choices.hold(data, start, end) {
		if _, ok := c.allowed[string(v)]; foreign || !ok {
			return false
		}
	}
	if c.listed != nil {
		if _, ok := c.listed[string(v)]; foreign || !ok {
			return false
		}
	}
	return true
}

// choices are a few values in the bytes of the file.
type choices []choice

type choice struct {
	head uint64 // the first eight bytes, zeros behind a shorter value
	text []byte
}

// mostChoices is how many values are worth looking at one after another.
const mostChoices = 16

// newChoices answers nil when there are too many. A value that the set cannot write is in no file.
func newChoices(values []string, set charset) (out choices) {
	if len(values) > mostChoices {
		return nil
	}
	for _, v := range values {
		text, ok := set.encoded(v)
		if !ok {
			continue
		}
		var head [8]byte
		copy(head[:], text)
		out = append(out, choice{load(head[:], 0), text})
	}
	return out
}

func (list choices) hold(data []byte, start, end int) bool {
	head := load(data, start)
	if n := end - start; n < 8 {
		head &= 1<<(uint(n)*8&63) - 1
	}
	for i := range list {
		if c := &list[i]; c.head == head && len(c.text) == end-start && (end-start <= 8 || bytes.Equal(c.text, data[start:end])) {
			return true
		}
	}
	return false
}
