package csvschema

// rowPattern is a pattern of at most 16 characters of which each is one of a range of ASCII, such as \d{5}: a value can
// be held against all of them at once. The zero value matches nothing.
type rowPattern struct {
	size int
	// For each byte that counts its highest bit, what has to be added so that a byte gets that bit from the least of its
	// range on, and so that it gets it behind the last.
	keep, from, behind [2]uint64
	least, last        int // of all ranges together
}

// newRowPattern follows the table of a pattern as long as there is one state to go to.
func newRowPattern(next []uint16, accept []bool) (r rowPattern) {
	at := uint16(asciiLen)
	r.least = asciiLen
	for size := 0; size <= 16; size++ {
		low, high, to := -1, -1, uint16(0)
		for c := range asciiLen {
			n := next[int(at)|c]
			switch {
			case n == 0:
				continue
			case low < 0:
				low, to = c, n
			case n != to || c != high+1:
				return rowPattern{}
			}
			high = c
		}
		if low < 0 || accept[at/asciiLen] { // nothing may follow
			if low < 0 && accept[at/asciiLen] && size > 0 {
				r.size = size
				return r
			}
			return rowPattern{}
		}
		if size < 16 {
			word, shift := size/8, size%8*8
			r.keep[word] |= 0x80 << shift
			r.from[word] |= uint64(0x80-low) << shift
			r.behind[word] |= uint64(0x7F-high) << shift
			r.least, r.last = min(r.least, low), max(r.last, high)
		}
		at = to
	}
	return rowPattern{}
}

// alone tells whether nothing else is asked of the texts of the column, and none of them holds a quote, which would stand in
// the file twice.
func (r *rowPattern) alone(c *column, quote byte) bool {
	return r.size > 0 && (int(quote) < r.least || int(quote) > r.last) && c.allowed == nil && c.listed == nil && !c.lengths
}

// unlike are the rows whose cell has content that is not certainly in the pattern.
func (k *checker) unlike(c *column, row *rowPattern, rows uint64) (found uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	size := row.size
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if end-start == size && row.missed(0, load(data, start)) == 0 && (size <= 8 || row.missed(1, load(data, start+8)) == 0) {
			continue
		}
		if start < end {
			found |= 1 << i
		}
	}
	return found
}

// missed marks the bytes of a word that are not of their range.
func (r *rowPattern) missed(word int, w uint64) uint64 {
	c := w &^ highs
	return (^(c + r.from[word]) | (c + r.behind[word]) | w) & r.keep[word]
}
