package csvschema

import (
	"encoding/binary"
	"math/bits"
)

// load are the eight bytes of data from at on, the first one lowest.
func load(data []byte, at int) uint64 { return binary.LittleEndian.Uint64(data[at:]) }

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

// shortInteger reads an integer of at most eight digits. It answers false for any other value, a longer number included.
func shortInteger(data []byte, start, end int) (number, bool) {
	i, negative := sign(data[start:end])
	n := end - start - i
	if n < 1 || n > 8 {
		return number{}, false
	}
	w := digitsOf(load(data, start+i), n)
	out := number{mant: value8(w)}
	if negative {
		out.mant = -out.mant
	}
	return out, digits8(w)
}

// shortDecimal reads a decimal of at most eight bytes behind its sign. It answers false for any other value.
func shortDecimal(data []byte, start, end int, decimal, group byte) (out number, ok bool) {
	i, negative := sign(data[start:end])
	n := end - start - i
	if n < 1 || n > 8 {
		return number{}, false
	}
	valid := ^uint64(0) >> (uint(8-n) * 8 & 63)
	w := load(data, start+i) & valid
	whole, digits := n, n
	if point := equal(w, ones*uint64(decimal)) & valid; point != 0 {
		whole = bits.TrailingZeros64(point) >> 3
		if whole == 0 || whole == n-1 {
			return number{}, false
		}
		out.scale = n - 1 - whole
		w = without8(w, whole)
		digits--
	}
	if whole > 4 && whole < 8 && group != 0 && byte(w>>(uint(whole-4)*8)) == group { // one group at most, as there are no more digits
		w = without8(w, whole-4)
		digits--
	}
	w = digitsOf(w, digits)
	out.mant = value8(w)
	if negative {
		out.mant = -out.mant
	}
	return out, digits8(w) // a second separator, or one elsewhere, is no digit
}

// digitIBAN tells whether the cell is a valid IBAN in its electronic form with digits only behind the country.
func digitIBAN(data []byte, start, end int) bool {
	n := end - start
	country := data[start : start+4]
	first, second, tens, units := country[0]-'A', country[1]-'A', country[2]-'0', country[3]-'0'
	if n < 15 || n > 34 || first > 25 || second > 25 || tens > 9 || units > 9 {
		return false
	}
	if want := ibanLengths[first][second]; want != 0 && want != n {
		return false
	}
	at, left, r := start+4, n-4, uint64(0)
	for ; left > 8; left, at = left-8, at+8 {
		w := load(data, at)
		if !digits8(w) {
			return false
		}
		if r = r*1e8 + uint64(value8(w)); r >= 1e8 {
			r %= 97
		}
	}
	w := digitsOf(load(data, at), left)
	r = r*uint64(pow10[left]) + uint64(value8(w))
	// The first four characters are moved to the end; letters count as 10 to 35.
	r = r%97*1e6 + uint64(first+10)*1e4 + uint64(second+10)*100 + uint64(tens)*10 + uint64(units)
	return digits8(w) && r%97 == 1
}
