package csvschema

import "bytes"

// windowRows is how many records are held against a column before the next: one bit for each in a word, and few enough
// that their bytes stay near.
const windowRows = 64

// window is what the checker knows of up to 64 records in a row; bit i stands for the i-th of them.
type window struct {
	valid   uint64             // known to be right in UTF-8, should that be the encoding
	regular uint64             // of the right number of fields and without a structural fault
	plain   uint64             // regular, and nothing in them needs a look at single bytes before their columns do
	odd     uint64             // some cell may be suspicious
	hollow  uint64             // some cell may be empty or begin with a blank
	before  [windowRows]uint32 // the cut before the first cell
}

// survey fills the window with the records that begin at from, and takes their evidence.
func (k *checker) survey(from, to int) {
	w := &k.window
	recs := k.b.recs[from:to]
	var valid, regular, plain, odd, hollow uint64
	enough := k.enough()
	for i := range recs {
		r := &recs[i]
		bit := uint64(1) << i
		if !r.swept || r.high && (enough == 0 || r.proven&enough != enough) || int(r.n) != k.width {
			if k.b.look(r, k.set) {
				valid |= bit
			}
			if r.fault != "" || r.blank || int(r.n) != k.width {
				continue
			}
			regular |= bit
			if !k.isPlain(r, valid&bit != 0) {
				continue
			}
		} else {
			valid |= bit
		}
		plain |= bit
		w.before[i&(windowRows-1)] = r.first - 1
		if r.odd {
			odd |= bit
		}
		if r.hollow {
			hollow |= bit
		}
	}
	w.valid, w.regular, w.plain, w.odd, w.hollow = valid, regular|plain, plain, odd, hollow
}

// enough is what has to be proven of a record that was swept, so that it is plain and has nothing new to say about the
// encoding; 0 where every one has to be looked at.
func (k *checker) enough() uint8 {
	switch e := &k.b.stats; {
	case k.send.to != nil && k.set != k.send.set:
	case k.set == setUTF8 && e.multi.seen:
		return provenUTF8 | provenClear
	case k.set != setUTF8 && e.invalid.seen:
		return provenNoC1 | provenClear
	}
	return 0
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

// cellAt is the cell behind the cut at, without its quotes. Of an empty one both ends are the same.
func cellAt(data []byte, cuts []uint32, at int, quote byte) (start, end int) {
	pair := (*[2]uint32)(cuts[at : at+2 : at+2])
	start, end = int(pair[0]+1), int(pair[1])
	if data[start] == quote && start < end { // a byte 0x00, which stands for no quote, is in no plain row
		return start + 1, end - 1
	}
	return start, end
}

// doubts holds the cells of one column in the rows given, all of them plain, against its rules. It answers those whose
// cell is not certainly right; the checker's cell has to decide about them.
//
// Each rule has a loop of its own over the rows, and what it does with a cell is written out in the loop where it can be: a
// call for each cell would cost as much again.
func (k *checker) doubts(c *column, rows uint64) (doubt uint64) {
	switch c.kind {
	case kindText:
		doubt = k.texts(c, rows&k.window.odd)
	case kindInteger:
		doubt = k.integers(c, rows)
	case kindDecimal:
		doubt = k.decimals(c, rows)
	case kindDate, kindTime:
		doubt = k.stamps(c, rows)
	case kindBoolean:
		doubt = k.booleans(c, rows)
	case kindEmail:
		doubt = k.emails(c, rows)
	case kindIBAN:
		doubt = k.ibans(c, rows)
	}
	if c.Required && c.kind == kindText {
		doubt |= k.hollows(c, rows&k.window.hollow)
	}
	switch {
	case !c.textual:
		return doubt
	case !c.exacting:
		return doubt | k.long(c, rows)
	case c.pattern != nil && c.pattern.row.alone(c, k.b.quote):
		rows = k.unlike(c, &c.pattern.row, rows)
	case c.choices.alone(c):
		rows = k.others(c, c.choices, rows)
	}
	return doubt | k.misfits(c, rows&^doubt)
}

// missing is 1 where a cell must not be empty, else 0.
func (c *column) missing() uint64 {
	if c.Required {
		return 1
	}
	return 0
}

// texts are the rows whose cell is suspicious.
func (k *checker) texts(c *column, rows uint64) (doubt uint64) {
	if rows == 0 {
		return 0
	}
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start < end && suspicious(data[start:end]) {
			doubt |= 1 << i
		}
	}
	return doubt
}

// hollows are the rows whose cell is empty or begins with a blank.
func (k *checker) hollows(c *column, rows uint64) (found uint64) {
	if rows == 0 {
		return 0
	}
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end || data[start] == ' ' {
			found |= 1 << i
		}
	}
	return found
}

// long are the rows whose cell has more bytes than are certainly not too many characters; quotes count as well.
func (k *checker) long(c *column, rows uint64) (found uint64) {
	cuts, before, most := k.b.cuts[c.position:], &k.window.before, uint32(c.longest)
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		at := int(before[i])
		if pair := (*[2]uint32)(cuts[at : at+2 : at+2]); pair[1]-pair[0]-1 > most {
			found |= 1 << i
		}
	}
	return found
}

// misfits are the rows whose cell is not certainly of a right length, in the pattern and among the values allowed.
func (k *checker) misfits(c *column, rows uint64) (found uint64) {
	if rows == 0 {
		return 0
	}
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			continue
		}
		length, quoted := end-start, start > int(cuts[before[i]]+1)
		if length > c.longest || length < c.MinLength || quoted && bytes.IndexByte(data[start:end], quote) >= 0 || !c.fits(data[start:end]) {
			found |= 1 << i
		}
	}
	return found
}

// suspicious tells whether a cell without a type may be at fault before its constraints are looked at. Of a record
// without an odd byte no cell is (masks).
func suspicious(v []byte) bool {
	return damaged(v) || fileReference(v)
}

// fits tells whether a cell in the file's own bytes, without doubled quotes and of a length in bytes that is right, is
// certainly long enough, in the pattern and among the values allowed.
func (c *column) fits(v []byte) bool {
	foreign := c.coded && !isASCII(v) // the rest of the column is in UTF-8
	if c.MinLength > 1 && !c.coded && (len(v)+3)/4 < c.MinLength && !isASCII(v) {
		return false
	}
	if c.pattern != nil && (foreign || !c.pattern.match(v)) {
		return false
	}
	if c.allowed != nil {
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
