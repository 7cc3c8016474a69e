package csvschema

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// FixedField is one field of a file without delimiters. Start counts from 1; Start and Length are in characters, that is
// code points once the file is decoded, never bytes.
//
// Every physical line of such a file is one record. Each field gives one column, under the field's name, without the spaces
// that pad it on either side. A line may end early where its trailing spaces were trimmed: what is missing is empty. A
// short line that itself ends with a space was not trimmed but cut, and is a structural error. So is a character other than
// a space that no field covers, unless columns is at_least or any. A header is only skipped: names come from the fields.
type FixedField struct {
	Name          string
	Start, Length int
}

// fixedError says why no line can be cut into the fields, which have to stand in the order of Start.
func (s *Schema) fixedError() error {
	last := FixedField{Start: 1}
	seen := map[string]bool{}
	for _, f := range s.Fixed {
		switch {
		case f.Start < 1 || f.Length < 1:
			return fmt.Errorf("field %q: start and length have to be at least 1", f.Name)
		case f.Start < last.Start+last.Length:
			return fmt.Errorf("fields %q and %q overlap or are out of order", last.Name, f.Name)
		case seen[f.Name]:
			return fmt.Errorf("there are two fields %q", f.Name)
		}
		last, seen[f.Name] = f, true
	}
	for _, c := range s.Columns {
		if len(s.Fixed) > 0 && !seen[c.Name] {
			return fmt.Errorf("column %q: there is no such field", c.Name)
		}
	}
	return nil
}

// fixedNames are the names that the fields give to the columns.
func (p *plan) fixedNames() []string {
	names := make([]string, len(p.Fixed))
	for i, f := range p.Fixed {
		names[i] = f.Name
	}
	return names
}

// fieldLayout is what a scanner needs to cut lines into fields.
type fieldLayout struct {
	fields []FixedField
	set    charset // of the bytes that are scanned
	width  int     // characters up to the end of the last field
	exact  bool    // nothing but spaces may stand outside the fields
}

// layout answers nil for a file with delimiters.
func (p *plan) layout(set charset) *fieldLayout {
	if len(p.Fixed) == 0 {
		return nil
	}
	last := p.Fixed[len(p.Fixed)-1]
	return &fieldLayout{fields: p.Fixed, set: set, width: last.Start + last.Length - 1, exact: p.ColumnsMode == "exact"}
}

// fixedRecord reads the line that begins at start and cuts it into fields. Like scan it answers false when the data ends
// before the line does and more can come.
func (s *scanner) fixedRecord(start int) (record, bool) {
	r := record{start: uint32(start), first: uint32(len(s.fields)), line: s.line, blank: true}
	limit, stray, width := start+s.max, -1, 0
	at := start
	for ; ; at++ {
		if at > limit {
			return s.tooLong(r, CodeRecordTooLong, limit, 0), true
		}
		if at >= s.n {
			if !s.eof {
				return s.more(r)
			}
			break
		}
		switch c := s.data[at]; {
		case c > '\r':
			continue
		case c == '\n':
			width = 1
			s.ends = max(s.ends, endsLF)
		case c == '\r' && at+1 >= s.n && !s.eof:
			return s.more(r)
		case c == '\r' && at+1 < s.n && s.data[at+1] == '\n':
			width = 2
			s.ends = max(s.ends, endsLF)
		case c == '\r' && s.ends != endsLF:
			width = 1
			s.ends = endsCR
		case c == '\r' && stray < 0:
			stray = at
		}
		if width > 0 {
			break
		}
	}
	r.end, r.next = uint32(at), uint32(at+width)
	s.cut(&r, stray)
	s.line++
	return r, true
}

// cut divides a line into the fields of the layout. stray is a carriage return in the middle of it, or -1.
func (s *scanner) cut(r *record, stray int) {
	i, end, chars := int(r.start), int(r.end), 0
	for _, f := range s.layout.fields {
		var n int
		n, i = s.gap(r, i, end, f.Start-1-chars)
		chars += n
		from := i
		n, i = s.layout.advance(s.data, i, end, f.Length)
		chars += n
		if from <= stray && stray < i {
			r.setFault(CodeStrayCR, stray, len(s.fields))
		}
		s.fields = append(s.fields, s.padded(r, from, i))
	}
	n, _ := s.gap(r, i, end, end-i)
	chars += n
	r.n = uint32(len(s.fields)) - r.first
	if chars < s.layout.width && !r.blank && s.data[end-1] == ' ' {
		r.setFault(CodeLineTooShort, int(r.start), int(r.first))
	}
}

// gap passes over at most n characters that no field covers.
func (s *scanner) gap(r *record, i, end, n int) (passed, next int) {
	passed, next = s.layout.advance(s.data, i, end, n)
	text := s.data[i:next]
	rest := bytes.TrimLeft(text, " ")
	if len(rest) == 0 {
		return passed, next
	}
	r.blank = false
	if firstHigh(rest) >= 0 {
		r.high = true
	}
	if s.layout.exact {
		r.setFault(CodeOutsideFields, next-len(rest), int(r.first))
	}
	return passed, next
}

// padded is the field in data[from:to] without the spaces around its content.
func (s *scanner) padded(r *record, from, to int) field {
	v := bytes.TrimRight(s.data[from:to], " ")
	f := field{start: uint32(from), end: uint32(from + len(v))}
	if len(v) == 0 {
		return f
	}
	f.start = f.end - uint32(len(bytes.TrimLeft(v, " ")))
	r.blank = false
	if firstHigh(v) >= 0 {
		f.flags |= fieldHigh
		r.high = true
	}
	if bytes.IndexByte(v, 0) >= 0 {
		f.flags |= fieldNUL
		r.nul = true
	}
	return f
}

// advance passes over n characters, or as many as there are before end.
func (l *fieldLayout) advance(data []byte, i, end, n int) (passed, next int) {
	if l.set != setUTF8 {
		n = max(0, min(n, end-i))
		return n, i + n
	}
	for ; passed < n && i < end; passed++ {
		i += charLen(data[i:end])
	}
	return passed, i
}

// charLen is the length in bytes of the first character of b. A byte that is not UTF-8 counts as a character of its own,
// and so does each half of a broken pair of UTF-16, so that what follows on the line stays in its place.
func charLen(b []byte) int {
	if b[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(b)
	if n == 1 && len(b) > 2 && b[0] == 0xED && b[1] >= 0xA0 && b[1] < 0xC0 && b[2]&0xC0 == 0x80 {
		return 3
	}
	return n
}

// characters counts the characters of b as advance does.
func (l *fieldLayout) characters(b []byte) int {
	n, _ := l.advance(b, 0, len(b), len(b))
	return n
}

// misfitted describes a line that cannot be cut into its fields.
func (k *checker) misfitted(r *record, out *Fault) {
	l, line := k.layout(k.set), k.b.data[r.start:r.end]
	if out.Code == CodeLineTooShort {
		out.Message = words[out.Code].Of(nounCharacter.of(int64(l.characters(line))), itoa(l.width))
		out.Expected = nounCharacter.of(int64(l.width))
		return
	}
	out.Offset = k.b.offset(r.faultAt)
	out.Message = words[out.Code].Of(itoa(l.characters(line[:r.faultAt-r.start]) + 1))
}
