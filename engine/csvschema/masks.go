package csvschema

import (
	"encoding/binary"
	"math/bits"
)

// blockLen is how many bytes are looked at together: one bit for each in a word.
const blockLen = 64

// masks say which of the 64 bytes of a block are what; the lowest bit stands for the first byte. (masks_amd64.s knows the
// order.)
type masks struct {
	delims, quotes uint64
	lines          uint64 // line feeds
	returns        uint64 // carriage returns before a line feed
	spoils         uint64 // other carriage returns, and bytes 0x00
	high           uint64 // above 0x7F
	leads          uint64 // 0xC2 to 0xDF, which begin characters of two bytes in UTF-8
	conts          uint64 // above 0x7F, and below a limit

	blanks uint64
	odd    uint64 // # and \, and : and E before one of ) + - /
}

// maskMaker finds the masks of blocks. Where the machine has wide words it uses them (masks_amd64.go); what it finds is the
// same.
type maskMaker struct {
	delim, quote byte // the same where there is no quote
	limit        byte // of conts
	wary         bool // blanks and odd are wanted
}

// each looks at len(out) blocks from the beginning of data on, which holds one byte more.
func (k *maskMaker) each(out []masks, data []byte) {
	for i := range out {
		b := (*[blockLen + 1]byte)(data[i*blockLen:])
		out[i] = k.shapes(b)
		if k.wary {
			out[i].alarms(b)
		}
	}
}

// shapes finds all masks but blanks and odd. A byte without its highest bit, plus a constant, gets that bit exactly when it
// is not the one looked for. (The eight words are written out because the compiler keeps no array in registers.)
func (k *maskMaker) shapes(b *[blockLen + 1]byte) (m masks) {
	const low = ^uint64(highs)
	w0, w1, w2, w3 := word(b, 0), word(b, 8), word(b, 16), word(b, 24)
	w4, w5, w6, w7 := word(b, 32), word(b, 40), word(b, 48), word(b, 56)
	m.high = turn(four(w0, w1, w2, w3)>>4 | four(w4, w5, w6, w7))
	w0, w1, w2, w3, w4, w5, w6, w7 = w0&low, w1&low, w2&low, w3&low, w4&low, w5&low, w6&low, w7&low
	x := ones * uint64(k.delim)
	m.delims = ^(m.high | turn(four(w0^x+low, w1^x+low, w2^x+low, w3^x+low)>>4|four(w4^x+low, w5^x+low, w6^x+low, w7^x+low)))
	x = ones * uint64(k.quote)
	m.quotes = ^(m.high | turn(four(w0^x+low, w1^x+low, w2^x+low, w3^x+low)>>4|four(w4^x+low, w5^x+low, w6^x+low, w7^x+low)))
	x = ones * 0x60
	controls := ^(m.high | turn(four(w0+x, w1+x, w2+x, w3+x)>>4|four(w4+x, w5+x, w6+x, w7+x)))
	for ; controls != 0; controls &= controls - 1 {
		at := bits.TrailingZeros64(controls) & (blockLen - 1)
		switch bit := controls & -controls; {
		case b[at] == '\n':
			m.lines |= bit
		case b[at] == '\r' && b[at+1] == '\n':
			m.returns |= bit
		case b[at] == '\r', b[at] == 0:
			m.spoils |= bit
		}
	}
	for high := m.high; high != 0; high &= high - 1 {
		c, bit := b[bits.TrailingZeros64(high)&(blockLen-1)], high&-high
		if c < k.limit {
			m.conts |= bit
		}
		if c-0xC2 < 0xE0-0xC2 {
			m.leads |= bit
		}
	}
	return m
}

// alarms finds blanks and odd. Each word stands beside what follows each of its bytes.
func (m *masks) alarms(b *[blockLen + 1]byte) {
	const low = ^uint64(highs)
	var blanks, odd [2]uint64
	for i := range 8 {
		x := word(b, 8*i)
		y := x>>8 | uint64(b[8*i+8])<<56
		c, next := x&low, y&low
		mark := (c ^ ones*'#' + low) & (c ^ ones*'\\' + low)
		sign := (c^ones*':'+low)&(c^ones*'E'+low) | ((next | ones*6) ^ ones*'/' + low) | y
		half, shift := i>>2, 3-i&3
		odd[half] |= ^(mark&sign | x) & highs >> shift
		blanks[half] |= ^((c ^ ones*' ' + low) | x) & highs >> shift
	}
	m.blanks, m.odd = turn(blanks[0]>>4|blanks[1]), turn(odd[0]>>4|odd[1])
}

func word(b *[blockLen + 1]byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at : at+8]) }

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

// until drops everything from the byte n on, where the data ends. What follows on its last byte is not known then, but the
// record that this byte lies in is not known whole either.
func (m *masks) until(n int) {
	valid := uint64(1)<<n - 1 // all ones for 64
	m.delims &= valid
	m.quotes &= valid
	m.lines &= valid
	m.returns &= valid
	m.spoils &= valid
	m.high &= valid
	m.leads &= valid
	m.conts &= valid
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
	bad      uint64 // bytes that show that something is, or may be, not as it should be; only the lowest one counts
}

// outline reads a block of a file whose lines end with LF or CRLF. Whatever the scanner would take for a fault is bad, but
// not the length of a record and its being blank. The record in which the first bad byte lies is for the scanner to read;
// what comes before it is certain.
func (q *quoting) outline(m *masks) (o outline) {
	o.ends = m.delims | m.lines | m.returns
	o.lineEnds, o.bad = m.lines, m.spoils
	if m.quotes|q.inside|q.closed != 0 {
		inside := q.inside ^ parity(m.quotes)
		o.inner = m.lines & inside
		o.ends &^= inside
		o.lineEnds &^= inside
		opens, closes := m.quotes&inside, m.quotes&^inside
		behind := closes<<1 | q.closed
		o.bad |= opens &^ (o.ends<<1 | behind | q.mayOpen) // neither first in its field nor the second one of a pair
		o.bad |= behind &^ (o.ends | opens)
		q.inside = uint64(int64(inside) >> 63)
		q.closed = closes >> 63
	}
	q.mayOpen = o.ends >> 63
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

// prove looks at a block. The shapes that garbled text takes need a lead byte and a continuation in a single-byte set, and in
// UTF-8 four bytes above 0x7F in a row, so that umlauts leave little to look at: the masks tell about them.
func (l *letters) prove(b *[blockLen]byte, m *masks, single bool) (proven uint8) {
	second := m.high & (m.high<<1 | l.high>>63)
	switch {
	case single && second|m.conts == 0:
		l.lead, l.high = m.high>>63<<7, m.high // any byte may be a lead: then less is proven of the next block, never more
		return provenNoC1 | provenClear
	case !single && (m.conts^(m.leads<<1|l.lead>>7))|(m.high^(m.leads|m.conts)) == 0:
		proven = provenUTF8
		if second&(m.high<<2|l.high>>62)&(m.high<<3|l.high>>61) == 0 {
			proven |= provenClear
		}
		l.lead, l.high = m.leads>>63<<7, m.high
		return proven
	}
	return l.proveAll(b, m.high, single)
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
