package csvschema

import (
	"encoding/binary"
	"math/bits"
)

// blockLen is how many bytes are looked at together: one bit for each in a word.
const blockLen = 64

// masks say which of the 64 bytes of a block are what; the lowest bit stands for the first byte.
type masks struct {
	delims, quotes uint64
	controls       uint64 // below 0x20, other than the delimiter
	high           uint64 // above 0x7F
}

// masks looks at a block. A byte without its highest bit, plus a constant, gets that bit exactly when it is not the one
// looked for. (The eight words are written out because the compiler keeps no array in registers.)
func (s *scanner) masks(b *[blockLen]byte) (m masks) {
	const low = ^uint64(highs)
	w0, w1, w2, w3 := word(b, 0), word(b, 8), word(b, 16), word(b, 24)
	w4, w5, w6, w7 := word(b, 32), word(b, 40), word(b, 48), word(b, 56)
	m.high = turn(four(w0, w1, w2, w3)>>4 | four(w4, w5, w6, w7))
	w0, w1, w2, w3, w4, w5, w6, w7 = w0&low, w1&low, w2&low, w3&low, w4&low, w5&low, w6&low, w7&low
	x := s.delimWord
	m.delims = ^(m.high | turn(four(w0^x+low, w1^x+low, w2^x+low, w3^x+low)>>4|four(w4^x+low, w5^x+low, w6^x+low, w7^x+low)))
	if !s.noQuote {
		x = s.quoteWord
		m.quotes = ^(m.high | turn(four(w0^x+low, w1^x+low, w2^x+low, w3^x+low)>>4|four(w4^x+low, w5^x+low, w6^x+low, w7^x+low)))
	}
	x = ones * 0x60
	m.controls = ^(m.high | m.delims | m.quotes | turn(four(w0+x, w1+x, w2+x, w3+x)>>4|four(w4+x, w5+x, w6+x, w7+x)))
	return m
}

func word(b *[blockLen]byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at : at+8]) }

// four takes the highest bit of each byte of four words: byte k of the result holds those of their k-th bytes.
func four(a, b, c, d uint64) uint64 {
	return a&highs>>3 | b&highs>>2 | c&highs>>1 | d&highs
}

// turn takes the eight bytes of x for the rows of a square of bits and makes them its columns.
func turn(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00AA00AA00AA00AA
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000CCCC0000CCCC
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000F0F0F0F0
	return x ^ t ^ t<<28
}

// until drops everything from the byte n on.
func (m *masks) until(n int) {
	valid := uint64(1)<<n - 1
	m.delims &= valid
	m.quotes &= valid
	m.controls &= valid
	m.high &= valid
}

// quoting is what is known about quotes at the beginning of a block.
type quoting struct {
	inside  uint64 // all ones when its first byte lies inside quotes
	mayOpen uint64 // 1 when its first byte may be an opening quote
	closed  uint64 // 1 when the byte before it is a closing quote
}

// outline is what the masks of a block mean.
type outline struct {
	ends     uint64 // delimiters, line feeds and the carriage returns before them outside quotes, up to the first bad byte
	lineEnds uint64 // the line feeds among them
	inner    uint64 // line feeds inside quotes
	bad      uint64 // bytes that show that something is not as it should be; only the lowest one counts
}

// outline reads a block of a file whose lines end with LF or CRLF. Whatever the scanner would take for a fault is bad,
// and so is a byte 0x00, but not the length of a record and its being blank. The record in which the first bad byte lies
// is for the scanner to read; what comes before it is certain.
func (q *quoting) outline(m *masks, data []byte, base, n int) (o outline) {
	if m.quotes|m.controls|q.inside|q.closed == 0 {
		q.mayOpen = m.delims >> 63
		o.ends = m.delims
		return o
	}
	inside := q.inside ^ parity(m.quotes)
	for c := m.controls; c != 0; c &= c - 1 {
		bit, at := c&-c, base+bits.TrailingZeros64(c)
		switch x := data[at]; {
		case x == '\n' && inside&bit == 0:
			o.lineEnds |= bit
		case x == '\n':
			o.inner |= bit
		case x == '\r' && inside&bit == 0:
			o.ends |= bit
			if at+1 >= n || data[at+1] != '\n' {
				o.bad |= bit
			}
		case x == 0:
			o.bad |= bit
		}
	}
	o.ends |= m.delims&^inside | o.lineEnds
	opens, closes := m.quotes&inside, m.quotes&^inside
	behind := closes<<1 | q.closed
	o.bad |= opens &^ (o.ends<<1 | behind | q.mayOpen) // neither first in its field nor the second one of a pair
	o.bad |= behind &^ (o.ends | opens)
	q.inside = uint64(int64(inside) >> 63)
	q.mayOpen = o.ends >> 63
	q.closed = closes >> 63
	if o.bad != 0 {
		good := o.bad&-o.bad - 1
		o.ends &= good
		o.lineEnds &= good
	}
	return o
}

// parity has at each bit whether the number of bits up to and with it in m is odd: ones from an opening quote up to the
// byte before its closing one.
func parity(m uint64) uint64 {
	m ^= m << 1
	m ^= m << 2
	m ^= m << 4
	m ^= m << 8
	m ^= m << 16
	return m ^ m<<32
}

// What is certain about the bytes above 0x7F of a record; nothing of it where nobody looked.
const (
	provenUTF8  uint8 = 1 << iota // each is part of a character of two bytes, and right
	provenNoC1                    // none is from 0x80 to 0x9F
	provenClear                   // none can be part of garbled text
)

// letters is what the end of a block says about the bytes above 0x7F of the next.
type letters struct{ lead, high uint64 }

// prove looks at a block that holds bytes above 0x7F, or follows one that ends with a lead byte; high marks them. The
// shapes that garbled text takes need a lead byte and a continuation in a single-byte set, and in UTF-8 four bytes above
// 0x7F in a row, so that umlauts on their own leave little to look at.
func (l *letters) prove(b *[blockLen]byte, high uint64, single bool) (proven uint8) {
	starts := high &^ (high << 1)
	if within := l.high>>63|high>>63 == 0; within && !single && high == starts|starts<<1 {
		proven = provenClear | provePairs(b, starts)
	} else if within && single && high == starts {
		proven = provenClear | proveSingles(b, starts)
	} else {
		return l.proveAll(b, high, single)
	}
	l.lead, l.high = 0, high
	return proven
}

// provePairs looks at bytes above 0x7F that stand in pairs.
func provePairs(b *[blockLen]byte, starts uint64) uint8 {
	wrong := false
	for ; starts != 0; starts &= starts - 1 {
		at := bits.TrailingZeros64(starts)
		lead, cont := b[at&(blockLen-1)], b[(at+1)&(blockLen-1)]
		wrong = wrong || lead-0xC2 > 0xDF-0xC2 || cont > 0xBF
	}
	if wrong {
		return 0
	}
	return provenUTF8
}

// proveSingles looks at bytes above 0x7F that stand alone.
func proveSingles(b *[blockLen]byte, starts uint64) uint8 {
	lowest := byte(0xFF)
	for ; starts != 0; starts &= starts - 1 {
		lowest = min(lowest, b[bits.TrailingZeros64(starts)&(blockLen-1)])
	}
	if lowest < 0xA0 {
		return 0
	}
	return provenNoC1
}

// proveAll looks at every byte.
func (l *letters) proveAll(b *[blockLen]byte, high uint64, single bool) (proven uint8) {
	var odd, pairs, c1 uint64
	before := l.lead
	for i := 0; i < blockLen; i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		lead := w & (w << 1) & highs
		cont := w &^ (w << 1) & highs
		follow := lead<<8 | before
		before = lead >> 56
		c1 |= cont &^ (w << 2)
		pairs |= cont & follow
		odd |= cont ^ follow                       // a lead byte without a continuation, or the other way round
		odd |= lead & (w << 2)                     // a character of more than two bytes
		odd |= lead &^ (w&(ones*0x3E) + ones*0x7E) // 0xC0 and 0xC1 begin none
	}
	run := high & (high<<1 | l.high>>63) & (high<<2 | l.high>>62) & (high<<3 | l.high>>61)
	l.lead, l.high = before, high
	if odd == 0 {
		proven = provenUTF8
	}
	if c1 == 0 {
		proven |= provenNoC1
	}
	if single && pairs == 0 || !single && run == 0 {
		proven |= provenClear
	}
	return proven
}
