package csvschema

import (
	"encoding/binary"
	"math/bits"
)

// load are the eight bytes of data from at on, the first one lowest.
func load(data []byte, at int) uint64 { return binary.LittleEndian.Uint64(data[at : at+8 : at+8]) }

// digitsOf are the lowest n bytes of w, 1 to 8, with zeros in front of them: a number of eight digits if they are digits.
func digitsOf(w uint64, n int) uint64 {
	shift := uint(8-n) * 8 & 63
	return w<<shift | ones*'0'&(1<<shift-1)
}

// digits8 tells whether all eight bytes are digits.
func digits8(w uint64) bool {
	const left = ones * 0xF0
	return w&left|(w+ones*6)&left>>4 == ones*0x33
}

// value8 is the number that eight digits are: neighbours are joined three times.
func value8(w uint64) int64 {
	w &= ones * 0x0F
	w = w * (10<<8 + 1) >> 8 & 0x00FF00FF00FF00FF
	w = w * (100<<16 + 1) >> 16 & 0x0000FFFF0000FFFF
	return int64(w * (10000<<32 + 1) >> 32)
}

// without8 takes the byte at out of w.
func without8(w uint64, at int) uint64 {
	low := uint64(1)<<(uint(at)*8&63) - 1
	return w&low | w>>8&^low
}

// digitRun tells whether the n bytes from at on are digits, and at least one.
func digitRun(data []byte, at, n int) bool {
	for ; n > 8; n, at = n-8, at+8 {
		if !digits8(load(data, at)) {
			return false
		}
	}
	return n > 0 && digits8(digitsOf(load(data, at), n))
}

// integers are the rows whose cell is not certainly an integer within the bounds.
func (k *checker) integers(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	reach, anything := &c.reach, c.low == nil && c.high == nil
	missing := c.missing()
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			doubt |= missing << i
			continue
		}
		negative := data[start] == '-'
		if negative || data[start] == '+' {
			start++
		}
		size := end - start
		if uint(size-1) < 8 {
			w := digitsOf(load(data, start), size)
			n := value8(w)
			if negative {
				n = -n
			}
			if digits8(w) && reach.holds(n, 0) {
				continue
			}
		} else if anything && digitRun(data, start, size) {
			continue
		}
		doubt |= 1 << i
	}
	return doubt
}

// decimals are the rows whose cell is not certainly a decimal within the bounds, of so few digits behind the separator.
func (k *checker) decimals(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	points, group, reach := ones*uint64(c.decimal), c.group, &c.reach
	missing := c.missing()
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			doubt |= missing << i
			continue
		}
		from, negative := start, data[start] == '-'
		if negative || data[start] == '+' {
			from++
		}
		if size := end - from; uint(size-1) < 8 {
			valid := ^uint64(0) >> (uint(8-size) * 8 & 63)
			w := load(data, from) & valid
			whole, scale, digits := size, 0, size
			if point := equal(w, points) & valid; point != 0 {
				whole = bits.TrailingZeros64(point) >> 3
				scale = size - 1 - whole
				w = without8(w, whole)
				digits--
			}
			if whole > 4 && whole < 8 && group != 0 && byte(w>>(uint(whole-4)*8)) == group { // there are no digits for a second
				w = without8(w, whole-4)
				digits--
			}
			w = digitsOf(w, digits)
			n := value8(w)
			if negative {
				n = -n
			}
			// Digits stand before the separator and behind it; a second one, or one elsewhere, is no digit.
			if whole > 0 && (scale > 0 || whole == size) && digits8(w) && reach.holds(n, scale) {
				continue
			}
		}
		v := data[start:end]
		if n, ok := parseDecimal(v, c.decimal, c.group); !ok || c.outside(n, v) != "" {
			doubt |= 1 << i
		}
	}
	return doubt
}

// ibans are the rows whose cell is not certainly an IBAN.
func (k *checker) ibans(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	missing := c.missing()
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			doubt |= missing << i
		} else if !shortIBAN(data, start, end) && !validIBAN(data[start:end]) {
			doubt |= 1 << i
		}
	}
	return doubt
}

// shortIBAN tells whether the cell is a valid IBAN of 20 to 28 characters in its electronic form, with digits only behind
// the country. It answers false for any other value.
func shortIBAN(data []byte, start, end int) bool {
	n := end - start
	country := data[start : start+4]
	first, second, tens, units := country[0]-'A', country[1]-'A', country[2]-'0', country[3]-'0'
	if n < 20 || n > 28 || first > 25 || second > 25 || tens > 9 || units > 9 {
		return false
	}
	if want := ibanLengths[first][second]; want != 0 && want != n {
		return false
	}
	// Three runs of digits follow, of n-20 (none at all stands for 0) and twice eight; what each counts is its place modulo 97.
	w0, w1, w2 := leading(load(data, start+4), n-20), load(data, end-16), load(data, end-8)
	if !digits8(w0) || !digits8(w1) || !digits8(w2) {
		return false
	}
	const e8, e16 = 100_000_000 % 97, 10_000_000_000_000_000 % 97
	r := uint64(value8(w0))*e16 + uint64(value8(w1))*e8 + uint64(value8(w2))
	// The first four characters are moved to the end; letters count as 10 to 35.
	r = r%97*1e6 + uint64(first+10)*1e4 + uint64(second+10)*100 + uint64(tens)*10 + uint64(units)
	return r%97 == 1
}

// leading are the lowest n bytes of w, 0 to 8, with zeros in front of them.
func leading(w uint64, n int) uint64 {
	shift := uint(8-n) * 8
	return w<<shift | ones*'0'&(1<<shift-1)
}
