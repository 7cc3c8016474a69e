package csvschema

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrUndecodable and ErrUnmappable end a recoding: the bytes are not what their encoding allows, or a character does not
// exist in the encoding asked for.
var (
	ErrUndecodable = errors.New("the bytes are not valid in their encoding")
	ErrUnmappable  = errors.New("a character does not exist in the other encoding")
)

// Recoder turns the bytes of a file from one encoding into another, strictly: no character is replaced and none is left
// out. The byte order mark of the source is dropped; utf-16le gets one, because it cannot be read without, and nothing else
// does. What it makes of a file does not depend on how the file is cut into pieces. One Recoder serves one file.
type Recoder struct {
	from, to charset
	wideFrom bool
	wideTo   bool
	bytes    *mapping // nil: any character can be written
	begun    bool     // the mark of the source, if any, is behind
	marked   bool     // the mark of the result is written
	rest     []byte   // a character that is not complete yet
}

// NewRecoder makes a Recoder. The names are those of the csv block (LANGUAGE.md, csv), without auto.
func NewRecoder(from, to string) (*Recoder, error) {
	r := &Recoder{wideFrom: from == "utf-16le", wideTo: to == "utf-16le"}
	var known [2]bool
	for set, name := range charsetNames {
		if name == from {
			r.from, known[0] = charset(set), true
		}
		if name == to {
			r.to, known[1] = charset(set), true
		}
	}
	if !known[0] && !r.wideFrom || !known[1] && !r.wideTo {
		return nil, fmt.Errorf("cannot recode %q as %q", from, to)
	}
	if !r.wideTo {
		r.bytes = mappingOf(r.to)
	}
	return r, nil
}

// Append recodes src, which follows on what came before, and appends the result to dst. last says that the file ends with
// src. After an error, which is ErrUndecodable or ErrUnmappable, the Recoder is of no use any more.
func (r *Recoder) Append(dst, src []byte, last bool) ([]byte, error) {
	if r.wideTo && !r.marked {
		dst, r.marked = append(dst, bomLE...), true
	}
	if len(r.rest) > 0 {
		src = append(r.rest, src...)
		r.rest = nil
	}
	for len(src) > 0 {
		if !r.wideFrom && !r.wideTo {
			n := asciiRun(src)
			dst, src = append(dst, src[:n]...), src[n:]
			if r.begun = r.begun || n > 0; len(src) == 0 {
				break
			}
		}
		c, size := r.decode(src, last)
		switch {
		case size == 0:
			r.rest = append([]byte(nil), src...)
			return dst, nil
		case size < 0:
			return dst, ErrUndecodable
		}
		src = src[size:]
		mark := c == '\uFEFF' && !r.begun
		if r.begun = true; mark {
			continue
		}
		var ok bool
		if dst, ok = r.encode(dst, c); !ok {
			return dst, ErrUnmappable
		}
	}
	return dst, nil
}

// decode reads one character; size is 0 where more bytes are needed and -1 where it is none.
func (r *Recoder) decode(b []byte, last bool) (c rune, size int) {
	switch {
	case r.wideFrom:
		return decodeWide(b, last)
	case r.from != setUTF8:
		if c = runes[r.from][b[0]]; c == utf8.RuneError || isC1(c) {
			return 0, -1
		}
		return c, 1
	case !last && !utf8.FullRune(b):
		return 0, 0
	}
	if c, size = utf8.DecodeRune(b); c == utf8.RuneError && size == 1 {
		return 0, -1
	}
	return c, size
}

func decodeWide(b []byte, last bool) (c rune, size int) {
	if len(b) < 2 || len(b) < 4 && utf16.IsSurrogate(rune(b[0])|rune(b[1])<<8) {
		if last {
			return 0, -1
		}
		return 0, 0
	}
	if c = rune(b[0]) | rune(b[1])<<8; !utf16.IsSurrogate(c) {
		return c, 2
	}
	if c = utf16.DecodeRune(c, rune(b[2])|rune(b[3])<<8); c == utf8.RuneError {
		return 0, -1
	}
	return c, 4
}

func (r *Recoder) encode(dst []byte, c rune) ([]byte, bool) {
	switch {
	case r.wideTo && c >= 0x10000:
		hi, lo := utf16.EncodeRune(c)
		return append(dst, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8)), true
	case r.wideTo:
		return append(dst, byte(c), byte(c>>8)), true
	case r.bytes == nil:
		return utf8.AppendRune(dst, c), true
	}
	x, ok := r.bytes.of(c)
	if !ok {
		return dst, false
	}
	return append(dst, x), true
}

// isC1 tells the control codes from 0x80 to 0x9F, which no text holds.
func isC1(c rune) bool { return c >= 0x80 && c < 0xA0 }

func asciiRun(b []byte) int {
	if n := firstHigh(b); n >= 0 {
		return n
	}
	return len(b)
}

// mapping finds the byte that stands for a character in a single-byte set.
type mapping struct {
	high map[rune]byte // above 0x7F
}

// mappingOf is nil for UTF-8, which has every character.
func mappingOf(c charset) *mapping {
	if c == setUTF8 {
		return nil
	}
	m := &mapping{high: make(map[rune]byte, 128)}
	for x := 0x80; x < 0x100; x++ {
		if r := runes[c][x]; r != utf8.RuneError && !isC1(r) {
			m.high[r] = byte(x)
		}
	}
	return m
}

func (m *mapping) of(c rune) (byte, bool) {
	if c < utf8.RuneSelf {
		return byte(c), true
	}
	x, ok := m.high[c]
	return x, ok
}

// sendable is send_encoding, made ready to be held against a file.
type sendable struct {
	name string
	set  charset
	to   *mapping // nil: it has every character
}

// newSendable reads send_encoding; where it is empty, or has every character, everything can be sent.
func newSendable(name string) (*sendable, error) {
	if name == "" || name == "utf-16le" {
		return &sendable{name: name}, nil
	}
	for set, known := range charsetNames {
		if known == name {
			return &sendable{name: name, set: charset(set), to: mappingOf(charset(set))}, nil
		}
	}
	return nil, fmt.Errorf("unknown send_encoding %q", name)
}

// unmappable is the first byte of v, valid text in the set, whose character cannot be sent, or -1.
func (s *sendable) unmappable(v []byte, set charset) int {
	if s.to == nil || set == s.set {
		return -1
	}
	for i := 0; i < len(v); {
		if v[i] < utf8.RuneSelf {
			i++
			continue
		}
		c, size := runeAt(v[i:], set)
		if _, ok := s.to.of(c); !ok {
			return i
		}
		i += size
	}
	return -1
}

func runeAt(v []byte, set charset) (rune, int) {
	if set == setUTF8 {
		return utf8.DecodeRune(v)
	}
	return runes[set][v[0]], 1
}

// unmappableArgs are what the message says: the encoding, and the character unless it is secret.
func (k *checker) unmappableArgs(v []byte, secret bool) []any {
	if secret {
		return []any{k.send.name, ""}
	}
	c, _ := runeAt(v, k.set)
	return []any{k.send.name, fmt.Sprintf(": %q (U+%04X)", c, c)}
}

// unsendable reports the first thing in a record above or below the data that keeps the file from being recoded: what is
// no data is sent as well.
func (k *checker) unsendable(r *record) {
	if k.send.name == "" || !r.high {
		return
	}
	b := k.b
	raw := b.data[r.start:r.end]
	code, at := CodeEncoding, k.set.firstUndefined(raw)
	if k.set == setUTF8 {
		at = firstInvalid(raw)
	}
	if at < 0 {
		code, at = CodeUnmappable, k.send.unmappable(raw, k.set)
	}
	if at < 0 {
		return
	}
	if b.count++; len(b.faults) >= b.room {
		return
	}
	where := r.start + uint32(at)
	out := Fault{Code: code, Line: r.line + linesBefore(raw[:at], b.ends), Offset: b.offset(where), Expected: k.expected(nil, code)}
	secret := k.secret
	if r.heads && len(k.Fixed) == 0 {
		secret = false
		for i := range int(r.n) {
			if f := b.field(r, i); f.start <= where {
				out.Column, out.ColumnNumber, out.Value = k.called(i), i+1, k.shown(b.data[f.start:f.end])
				secret = i >= len(k.names) || k.conceals(k.names[i])
			}
		}
		if secret = secret && k.secret; secret {
			out.Value = masked
		}
	} else if secret { // a sum below the data tells as much as the data
		out.Value = masked
	} else {
		out.Value = k.shown(raw[at:])
	}
	args := k.unmappableArgs(raw[at:], secret)
	if code == CodeEncoding {
		args = []any{k.name, Sentence{}}
		if !secret {
			args[1] = k.readings(raw[at], out.Offset)
		}
	}
	out.Message = words[code].Of(args...)
	out.place(r, b)
	b.faults = append(b.faults, out)
}
