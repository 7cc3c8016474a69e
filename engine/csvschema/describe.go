package csvschema

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown is how many characters of a value a report shows.
const maxShown = 80

// masked stands for every value of a sensitive column.
const masked = "***"

func itoa[T int | int32 | int64 | uint32](n T) string { return strconv.FormatInt(int64(n), 10) }

// cut shortens s to what a report shows.
func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxShown {
		return s
	}
	return string([]rune(s)[:maxShown-1]) + "…"
}

// shown is a cell as a report shows it.
func (k *checker) shown(v []byte) string {
	v = v[:min(len(v), 4*maxShown+4)]
	return cut(toText(k.set, v))
}

// fault counts an error of a cell and keeps it while there is room; at is what the code makes of it: the byte of the
// cell for encoding, the length found for lengths. It always answers true.
func (k *checker) fault(r *record, c *column, f *field, code Code, at int) bool {
	k.b.count++
	if len(k.b.faults) < k.b.room {
		k.b.faults = append(k.b.faults, k.describe(r, c, f, code, at))
	}
	return true
}

func (k *checker) describe(r *record, c *column, f *field, code Code, at int) Fault {
	b := k.b
	start := f.start
	if f.flags&fieldQuoted != 0 {
		start--
	}
	v := b.data[f.start:f.end]
	if f.flags&fieldEscaped != 0 {
		v = unescape(nil, v, k.Quote)
	}
	out := Fault{
		Code: code, Line: r.line + linesBefore(b.data[r.start:start], b.ends), Record: r.number, Column: k.called(c.position),
		ColumnNumber: c.position + 1, Offset: b.offset(start), Value: k.shown(v), Expected: k.expected(c, code),
	}
	if c.Sensitive && out.Value != "" {
		out.Value = masked
	}
	if code == CodeEncoding || code == CodeUnmappable {
		out.Offset = b.offset(f.start + uint32(at))
	}
	out.Message = k.message(r, c, f, code, at)
	out.place(r, b)
	return out
}

// message says what is wrong with a cell. It never holds a character of a sensitive one.
func (k *checker) message(r *record, c *column, f *field, code Code, at int) Sentence {
	args := []any(nil)
	switch code {
	case CodeEncoding:
		reading := Sentence{}
		if x := k.b.data[int(f.start)+at]; x == 0 {
			reading = phraseNUL.Of()
		} else if !c.Sensitive {
			reading = k.readings(x, k.b.offset(f.start+uint32(at)))
		}
		args = []any{k.name, reading}
	case CodeUnmappable:
		args = k.unmappableArgs(k.b.data[int(f.start)+at:f.end], c.Sensitive)
	case CodeType:
		args = []any{c.typeName()}
	case CodeScale:
		args = []any{nounPlace.of(int64(c.Scale))}
	case CodeMinLength:
		args = []any{nounCharacter.of(int64(at)), itoa(c.MinLength)}
	case CodeMaxLength:
		args = []any{nounCharacter.of(int64(at)), itoa(c.MaxLength)}
	case CodeInFile:
		args = []any{c.InFile.Path}
	case CodeMin:
		args = []any{c.Min}
	case CodeMax:
		args = []any{c.Max}
	}
	return words[code].Of(args...)
}

// readings says what a byte that is not right in the file's encoding would be in the other one.
func (k *checker) readings(x byte, offset int64) Sentence {
	other := set1252
	if k.set != setUTF8 || k.wide {
		return phraseByteRead.Of(x, offset, phraseUndefined.Of(k.name))
	}
	reading := phraseUndefined.Of(other)
	if r := runes[other][x]; r != utf8.RuneError {
		reading = phraseReading.Of(other, string(r))
	}
	return phraseByteRead.Of(x, offset, reading)
}

// structural reports the one fault of a record that cannot be held against its columns.
func (k *checker) structural(r *record, code Code) {
	b := k.b
	b.count++
	if len(b.faults) >= b.room {
		return
	}
	out := Fault{Code: code, Line: r.line, Record: r.number, Offset: b.offset(r.start)}
	number := int(r.faultField) + 1
	switch code {
	case CodeRecordTooLong:
		out.Message = words[code].Of(nounByte.of(int64(k.MaxRecord)))
		out.Expected = phraseAtMost.Of(itoa(k.MaxRecord) + " B")
	case CodeFieldCount:
		out.Message = words[code].Of(nounField.of(int64(r.n)), itoa(k.width))
		out.Expected = nounField.of(int64(k.width))
	case CodeBlankRow:
		out.Message = words[code].Of()
	case CodeOutsideFields, CodeLineTooShort:
		k.misfitted(r, &out)
	default:
		out.Message = words[code].Of(itoa(number))
		out.Offset = b.offset(r.faultAt)
		out.ColumnNumber = number
		out.Column = k.called(number - 1)
	}
	if !k.secret { // columns may have moved against each other
		raw := b.data[r.start:r.end]
		out.Value = k.shown(raw[:min(len(raw), 4*maxShown+4)])
	} else if r.end > r.start {
		out.Value = masked
	}
	out.place(r, b)
	b.faults = append(b.faults, out)
}

// conditions holds a row whose cells are all right against the named checks.
func (k *checker) conditions(r *record) {
	row := make(map[string]any, r.n)
	for i, c := range k.columns {
		f := k.b.field(r, i)
		row[c.Name] = k.valueOf(c, &f)
	}
	for _, check := range k.Checks {
		ok, message, err := check.Holds(row)
		code := CodeCheck
		if err != nil {
			code, message = CodeCheckError, err.Error()
		} else if ok {
			continue
		}
		k.b.count++
		if len(k.b.faults) < k.b.room {
			out := Fault{Code: code, Line: r.line, Record: r.number, Offset: k.b.offset(r.start), Message: words[code].Of(check.Name, message)}
			out.place(r, k.b)
			k.b.faults = append(k.b.faults, out)
		}
	}
}

// valueOf is a cell as a check sees it.
func (k *checker) valueOf(c *column, f *field) any {
	v := k.plainCell(f)
	if len(v) == 0 {
		return nil
	}
	switch c.kind {
	case kindInteger, kindDecimal:
		n, _, err := big.ParseFloat(plain(v, c.decimal, c.group), 10, 512, big.ToNearestEven)
		if err != nil {
			return nil
		}
		return n
	case kindDate, kindTime:
		for _, format := range c.dates {
			if s, ok := format.parse(v); ok {
				return s.iso(format, c.kind == kindDate)
			}
		}
	case kindBoolean:
		value, _ := parseBoolean(v)
		return value
	}
	return string(k.set.appendDecoded(nil, v))
}

// plainCell is the content of a cell in the bytes of the file, valid until the next call.
func (k *checker) plainCell(f *field) []byte {
	v := k.b.data[f.start:f.end]
	if f.flags&fieldEscaped != 0 {
		k.value = unescape(k.value[:0], v, k.Quote)
		return k.value
	}
	return v
}

// differs is the one fault of a file that is not in the encoding declared.
func (p *plan) differs(m mode) Fault {
	at := m.first
	out := Fault{Code: CodeEncodingDiffers, Line: at.line, Record: at.record, Offset: at.offset, Expected: Verbatim(p.Encoding)}
	detail := Sentence{}
	if secret := p.secret && (at.column < 0 || at.column >= len(p.columns) || p.columns[at.column].Sensitive); !at.isBOM && !secret {
		declared, observed := setByName(p.Encoding), m.set
		detail = p.bothReadings(at, declared, observed)
	}
	if at.column >= 0 && at.column < len(p.names) && !at.isBOM {
		out.Column, out.ColumnNumber = p.called(at.column), at.column+1
	}
	out.Message = words[CodeEncodingDiffers].Of(p.Encoding, m.name, detail)
	return out
}

// bothReadings shows the first bytes that tell the two encodings apart, in both.
func (p *plan) bothReadings(at *mark, declared, observed charset) Sentence {
	var hex bytes.Buffer
	for i, x := range at.bytes {
		if i > 0 {
			hex.WriteByte(' ')
		}
		fmt.Fprintf(&hex, "0x%02X", x)
	}
	read := func(c charset) Sentence {
		text := string(c.appendDecoded(nil, at.bytes))
		if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
			return phraseUndefined.Of(c)
		}
		return phraseReading.Of(c, text)
	}
	return phraseBytes.Of(hex.String(), at.offset, read(declared), read(observed))
}

func setByName(name string) charset {
	for set := setUTF8; set <= setLatin9; set++ {
		if set.String() == name {
			return set
		}
	}
	return setUTF8
}
