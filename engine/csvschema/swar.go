package csvschema

import (
	"encoding/binary"
	"math/bits"
)

// pad is how many bytes every buffer holds beyond its data, so that a block and one byte more can be loaded at any valid
// position.
const pad = blockLen + 8

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// matches marks the bytes of w that are below 0x20 or equal one of two bytes, each given as eight copies. The lowest mark
// is exact; marks above it may be false, because a borrow runs upwards.
func matches(w, delim, quote uint64) uint64 {
	d, q := w^delim, w^quote
	return ((w-ones*0x20) & ^w | (d-ones) & ^d | (q-ones) & ^q) & highs
}

// equal marks the bytes of w that equal the one that word holds eight copies of; every mark is exact.
func equal(w, word uint64) uint64 {
	x := w ^ word
	return ^((x&^highs + ^uint64(highs)) | x | ^uint64(highs))
}

// controls marks bytes below 0x20 and quotes, but not the delimiter, should it be one of them. The lowest mark is exact.
func controls(w, quote, delim uint64) uint64 {
	q := w ^ quote
	m := ((w-ones*0x20) & ^w | (q-ones) & ^q) & highs
	if delim < ones*0x20 || quote == delim {
		m &^= equal(w, delim)
	}
	return m
}

// nextSpecial finds the first byte at or after i that can end a field: a control character, the delimiter or the quote.
// The caller has put a line feed behind the data, so that the search always ends. high tells whether a byte above 0x7F
// lies before it.
func nextSpecial(data []byte, i int, delim, quote uint64) (at int, high bool) {
	var seen uint64
	for {
		w := binary.LittleEndian.Uint64(data[i:])
		if m := matches(w, delim, quote); m != 0 {
			low := m & -m
			seen |= w & (low - 1)
			return i + bits.TrailingZeros64(m)>>3, seen&highs != 0
		}
		seen |= w
		i += 8
	}
}

// isASCII tells whether no byte of b is above 0x7F.
func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&highs != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
