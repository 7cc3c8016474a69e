package csvschema

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charset is how bytes become characters once byte order marks and UTF-16 are out of the way.
type charset uint8

const (
	setUTF8 charset = iota
	set1252
	setLatin1
	setLatin9
)

var charsetNames = [...]string{"utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"}

func (c charset) String() string { return charsetNames[c] }

// runes maps the bytes of each single-byte set; utf8.RuneError where the set defines nothing.
var runes = [...][256]rune{
	set1252:   runesOf(charmap.Windows1252),
	setLatin1: runesOf(charmap.ISO8859_1),
	setLatin9: runesOf(charmap.ISO8859_15),
}

// undefined1252 are the five bytes that Windows-1252 leaves open.
var undefined1252 = [256]bool{0x81: true, 0x8D: true, 0x8F: true, 0x90: true, 0x9D: true}

func runesOf(m *charmap.Charmap) (t [256]rune) {
	for i := range t {
		t[i] = m.DecodeByte(byte(i))
		if m == charmap.Windows1252 && undefined1252[i] {
			t[i] = utf8.RuneError
		}
	}
	return t
}

// appendDecoded appends b, read in the set, as UTF-8.
func (c charset) appendDecoded(dst, b []byte) []byte {
	if c == setUTF8 {
		return append(dst, b...)
	}
	for _, x := range b {
		dst = utf8.AppendRune(dst, runes[c][x])
	}
	return dst
}

// encoded is text as the file holds it; false when the set lacks a character of it.
func (c charset) encoded(text string) (b []byte, ok bool) {
	if c == setUTF8 {
		return []byte(text), true
	}
	for _, r := range text {
		x := slices.Index(runes[c][:], r)
		if x < 0 || r == utf8.RuneError {
			return nil, false
		}
		b = append(b, byte(x))
	}
	return b, true
}

// firstC1 is the first byte from 0x80 to 0x9F, or -1: letters and signs in Windows-1252, unused control codes in ISO 8859.
func firstC1(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if w&^(w<<1)&^(w<<2)&highs != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i]&0xE0 == 0x80 {
			return i
		}
	}
	return -1
}

// firstUndefined is the first byte of b that the set does not define, or -1. For ISO 8859 these are the control codes,
// which no text holds.
func (c charset) firstUndefined(b []byte) int {
	i := firstC1(b)
	if i < 0 || c != set1252 {
		return i
	}
	for ; i < len(b); i++ {
		if undefined1252[b[i]] {
			return i
		}
	}
	return -1
}

// firstInvalid is the first byte of b that is not part of a UTF-8 character, or -1.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// firstHigh is the first byte of b above 0x7F, or -1.
func firstHigh(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// garbled tells whether b holds UTF-8 that was read as Windows-1252 or ISO 8859-1 and written again in this set. It
// looks only for the shapes that German, typographic and currency signs take: Ã or Â and one continuation, â and two,
// ï»¿, ð and three. Wider shapes also occur in right text, such as Ä before a closing quotation mark.
func (c charset) garbled(b []byte) bool {
	if c == setUTF8 {
		return garbledUTF8(b)
	}
	for i, x := range b {
		if n := leads(x); n > 0 && continued(b[i:], n) {
			return true
		}
	}
	return false
}

// leads is how many continuation bytes follow x in the garbled shapes, 0 when x begins none.
func leads(x byte) int {
	switch x {
	case 0xC2, 0xC3:
		return 1
	case 0xE2, 0xEF:
		return 2
	case 0xF0:
		return 3
	}
	return 0
}

func continued(b []byte, n int) bool {
	if len(b) <= n || b[0] == 0xEF && (b[1] != 0xBB || b[2] != 0xBF) || b[0] == 0xF0 && b[1] != 0x9F {
		return false
	}
	for _, x := range b[1 : n+1] {
		if x&0xC0 != 0x80 {
			return false
		}
	}
	return true
}

func garbledUTF8(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != 0xC3 || leads(b[i+1]|0x40) == 0 {
			continue
		}
		var shape [4]byte
		n := 0
		for rest := b[i:]; n < len(shape) && len(rest) > 0; n++ {
			r, size := utf8.DecodeRune(rest)
			x, ok := byteOf(r)
			if !ok {
				break
			}
			shape[n], rest = x, rest[size:]
		}
		if n > 1 && continued(shape[:n], leads(shape[0])) {
			return true
		}
	}
	return false
}

// byteOf is the byte that r was before someone took it for a character.
func byteOf(r rune) (byte, bool) {
	if r < 0x100 {
		return byte(r), true
	}
	return charmap.Windows1252.EncodeRune(r)
}
