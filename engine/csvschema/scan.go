package csvschema

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// field is one cell of a batch: where its content lies (without the enclosing quotes) and what was seen in it.
type field struct {
	start, end uint32
	flags      uint8
}

const (
	fieldQuoted  uint8 = 1 << iota // enclosed in quotes; the field itself begins one byte before start
	fieldEscaped                   // holds doubled quotes
	fieldHigh                      // holds a byte above 0x7F
	fieldNUL                       // holds a byte 0x00
)

// record is one record of a batch. Positions are indexes into the batch's data.
type record struct {
	start, end, next uint32 // next is where the following record begins
	first, n         uint32 // its fields, or of a record swept its cuts
	line, number     int64  // physical line and number of the data record, both from 1
	fault            Code   // its structural fault, empty for none
	faultAt          uint32 // the byte that shows it
	faultField       uint32 // the field it lies in, from 0
	blank, high, nul bool
	heads            bool  // the header
	swept            bool  // by sweep: first counts cuts, not fields
	odd, hollow      bool  // of a record swept: a cell without a type may be suspicious, a cell may be empty or begin with a blank
	proven           uint8 // what is certain about the bytes above 0x7F; 0 is always right
	cut              bool  // longer than max_record: next is not known, bytes are to be dropped up to a line end
}

// What the first line end outside quotes said about the file.
const (
	endsUnknown uint8 = iota
	endsLF            // LF or CRLF; a lone CR is a fault
	endsCR            // a lone CR ends a line too
)

// scanner cuts data into records. It holds no data of its own: the caller refills and moves.
type scanner struct {
	delim, quote         byte
	noQuote              bool
	single               bool // the file has one byte for each character
	delimWord, quoteWord uint64
	max                  int // bytes of one record without its line end
	ends                 uint8

	data   []byte // data[:n] is valid, data[n] is a line feed, pad bytes more can be read
	n      int
	eof    bool // nothing follows data[:n]
	fields []field
	cuts   []uint32 // what sweep notes instead of fields: the byte before the first of a record, and the one behind each
	maker  maskMaker
	masks  []masks      // room for those that are made ahead, see sweep
	line   int64        // of the next record
	layout *fieldLayout // nil: fields are delimited
}

func newScanner(s *Schema) scanner {
	c := scanner{delim: s.Delimiter, quote: s.Quote, noQuote: s.Quote == 0, max: int(min(s.MaxRecord, 1<<30)), line: 1}
	if c.max <= 0 {
		c.max = 1 << 20
	}
	c.delimWord = ones * uint64(c.delim)
	c.quoteWord = ones * uint64(c.quote)
	if c.noQuote {
		c.quoteWord = c.delimWord
	}
	c.maker = maskMaker{delim: byte(c.delimWord), quote: byte(c.quoteWord), limit: 0xC0}
	return c
}

// scan reads the record that begins at start. It answers false when the data ends before the record does and more can
// come; then nothing has changed. What it finds does not depend on how much data lies behind the record.
func (s *scanner) scan(start int) (record, bool) {
	if s.layout != nil {
		return s.fixedRecord(start)
	}
	r := record{start: uint32(start), first: uint32(len(s.fields)), line: s.line, blank: true}
	limit := start + s.max
	lines := int64(0)
	i := s.plainFields(&r, start, limit)
	for {
		if i > limit {
			return s.tooLong(r, CodeRecordTooLong, limit, lines), true
		}
		f := field{start: uint32(i)}
		from := i
		if !s.noQuote && s.data[i] == s.quote && i < s.n {
			q := s.quoted(i, limit)
			switch q.verdict {
			case quoteMore:
				return s.more(r)
			case quoteUnclosed:
				return s.unclosed(r, i, q.firstEnd, limit, lines), true
			case quoteTextAfter:
				r.setFault(CodeTextAfterQuote, q.end+1, len(s.fields))
				f.flags = q.flags & (fieldHigh | fieldNUL)
				from = q.end + 1
			default:
				f.start, f.end, f.flags = uint32(i+1), uint32(q.end), q.flags
				from = q.end + 1
			}
			lines += q.lines
		}
		at, width, outcome := s.unquoted(&r, &f, from, limit)
		switch outcome {
		case fieldMore:
			return s.more(r)
		case fieldTooLong:
			return s.tooLong(r, CodeRecordTooLong, limit, lines), true
		}
		if f.flags&fieldQuoted == 0 {
			f.end = uint32(at)
		}
		r.blank = r.blank && f.start == f.end
		r.high = r.high || f.flags&fieldHigh != 0
		r.nul = r.nul || f.flags&fieldNUL != 0
		s.fields = append(s.fields, f)
		i = at + width
		if outcome == fieldNext {
			i = s.plainFields(&r, i, limit)
		}
		if outcome == fieldLast {
			r.end, r.next = uint32(at), uint32(i)
			r.n = uint32(len(s.fields)) - r.first
			s.line += lines + 1
			return r, true
		}
	}
}

// plainFields takes fields from i on as long as they are not quoted and end with a delimiter: by far the most. It answers
// where the first other one begins. Each word of eight bytes is looked at once, however many fields end in it.
func (s *scanner) plainFields(r *record, i, limit int) int {
	data, fields, end := s.data, s.fields, min(limit, s.n-1)
	delimWord, quoteWord := s.delimWord, s.quoteWord
	var seen, high uint64 // bytes above 0x7F in this field, in any
	content, start := 0, i
	for ; ; i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		stop := controls(w, quoteWord, delimWord)
		delims := equal(w, delimWord)
		rest := ^uint64(0)
		for ; delims != 0; delims &= delims - 1 {
			mark := delims & -delims
			at := i + bits.TrailingZeros64(mark)>>3
			if stop != 0 && stop&-stop < mark || at > end {
				stop = mark
				break
			}
			seen |= w & rest & (mark>>7 - 1)
			f := field{start: uint32(start), end: uint32(at)}
			if seen&highs != 0 {
				f.flags = fieldHigh
			}
			fields = append(fields, f)
			high |= seen
			content |= at - start
			start, seen, rest = at+1, 0, -(mark << 1)
		}
		if stop != 0 {
			r.blank = r.blank && content == 0
			r.high = r.high || high&highs != 0
			s.fields = fields
			return start
		}
		seen |= w & rest
	}
}

type fieldOutcome uint8

const (
	fieldNext    fieldOutcome = iota // a delimiter ends the field
	fieldLast                        // a line end or the end of the file ends the field and its record
	fieldMore                        // the data ends
	fieldTooLong                     // the record passes max_record
)

// unquoted reads on from i to the end of the field: at is the byte that ends it, width the bytes of that end.
func (s *scanner) unquoted(r *record, f *field, i, limit int) (at, width int, outcome fieldOutcome) {
	for {
		j, high := nextSpecial(s.data, i, s.delimWord, s.quoteWord)
		if high {
			f.flags |= fieldHigh
		}
		if j > limit {
			return 0, 0, fieldTooLong
		}
		if j >= s.n {
			if s.eof {
				return s.n, 0, fieldLast
			}
			return 0, 0, fieldMore
		}
		c := s.data[j]
		switch {
		case c == s.delim:
			return j, 1, fieldNext
		case c == '\n':
			if s.ends == endsUnknown {
				s.ends = endsLF
			}
			return j, 1, fieldLast
		case c == '\r':
			if j+1 >= s.n && !s.eof {
				return 0, 0, fieldMore
			}
			if j+1 < s.n && s.data[j+1] == '\n' {
				s.ends = max(s.ends, endsLF)
				return j, 2, fieldLast
			}
			if s.ends != endsLF {
				s.ends = endsCR
				return j, 1, fieldLast
			}
			r.setFault(CodeStrayCR, j, len(s.fields))
		case c == s.quote && !s.noQuote:
			r.setFault(CodeBareQuote, j, len(s.fields))
		case c == 0:
			f.flags |= fieldNUL
		}
		i = j + 1
	}
}

type quoteVerdict uint8

const (
	quoteGood      quoteVerdict = iota // closed, and a delimiter or line end follows
	quoteTextAfter                     // closed on its own line, and something else follows
	quoteUnclosed                      // never closed properly
	quoteMore                          // the data ends
)

type quotedField struct {
	verdict  quoteVerdict
	end      int // the closing quote
	firstEnd int // the first line end inside, 0 for none
	lines    int64
	flags    uint8
}

// quoted reads the field whose opening quote is at i. A quote that is followed by neither a delimiter nor a line end
// belongs to this field only when it stands on the line where the field began; further down it opens a field of a later
// record, so the one at i was never closed.
func (s *scanner) quoted(i, limit int) quotedField {
	q := quotedField{flags: fieldQuoted}
	for j := i + 1; ; {
		k, high := nextSpecial(s.data, j, s.quoteWord, s.quoteWord)
		if high {
			q.flags |= fieldHigh
		}
		switch {
		case k >= limit && (k < s.n || s.n > limit || s.eof):
			q.verdict = quoteUnclosed
			return q
		case k >= s.n:
			q.verdict = quoteMore
			if s.eof {
				q.verdict = quoteUnclosed
			}
			return q
		}
		j = k + 1
		switch c := s.data[k]; {
		case c == s.quote:
			if j < s.n && s.data[j] == s.quote {
				q.flags |= fieldEscaped
				j++
				continue
			}
			q.end = k
			q.verdict = s.afterQuote(j)
			if q.verdict == quoteTextAfter && q.firstEnd > 0 {
				q.verdict = quoteUnclosed
			}
			return q
		case c == '\n', c == '\r' && s.ends == endsCR:
			if c == '\r' && j >= s.n && !s.eof {
				q.verdict = quoteMore
				return q
			}
			if c == '\r' && j < s.n && s.data[j] == '\n' {
				continue
			}
			q.lines++
			if q.firstEnd == 0 {
				q.firstEnd = k
			}
		case c == 0:
			q.flags |= fieldNUL
		}
	}
}

// afterQuote judges what stands at j, right behind a closing quote.
func (s *scanner) afterQuote(j int) quoteVerdict {
	switch {
	case j >= s.n && s.eof:
		return quoteGood
	case j >= s.n:
		return quoteMore
	case s.data[j] == s.delim, s.data[j] == '\n':
		return quoteGood
	case s.data[j] != '\r':
		return quoteTextAfter
	case j+1 >= s.n && !s.eof:
		return quoteMore
	case s.ends == endsLF && (j+1 >= s.n || s.data[j+1] != '\n'):
		return quoteTextAfter
	}
	return quoteGood
}

// more takes back the fields of a record left half read.
func (s *scanner) more(r record) (record, bool) {
	s.fields = s.fields[:r.first]
	return record{}, false
}

// unclosed ends a record at the first line end behind a quote that is never closed, so that the lines below it are read
// as what they are.
func (s *scanner) unclosed(r record, at, firstEnd, limit int, lines int64) record {
	r.setFault(CodeUnclosedQuote, at, len(s.fields))
	if firstEnd == 0 {
		if s.eof && s.n <= limit {
			return s.finish(r, s.n, s.n, lines+1)
		}
		return s.tooLong(r, CodeUnclosedQuote, limit, lines)
	}
	end := firstEnd
	if s.data[end] == '\n' && s.data[end-1] == '\r' {
		end--
	}
	return s.finish(r, end, firstEnd+1, lines+1)
}

func (s *scanner) tooLong(r record, code Code, limit int, lines int64) record {
	r.setFault(code, int(r.start), len(s.fields))
	r.cut = true
	return s.finish(r, limit, limit, lines)
}

// finish ends a damaged record; its fields are of no use to anyone.
func (s *scanner) finish(r record, end, next int, lines int64) record {
	r.end, r.next, r.blank = uint32(end), uint32(next), false
	r.high = !isASCII(s.data[r.start:end])
	s.fields = s.fields[:r.first]
	s.line += lines
	return r
}

// skipLine finds the end of the line that a cut record left unread; the line end itself is dropped with it.
func (s *scanner) skipLine(pos int) (next int, ok bool) {
	for i := pos; i < s.n; i++ {
		switch c := s.data[i]; {
		case c == '\n':
			s.line++
			return i + 1, true
		case c == '\r' && s.ends == endsCR:
			if i+1 >= s.n && !s.eof {
				return i, false
			}
			s.line++
			if i+1 < s.n && s.data[i+1] == '\n' {
				i++
			}
			return i + 1, true
		}
	}
	return s.n, false
}

// setFault records a structural fault; only the first of a record counts. field is an index into the batch.
func (r *record) setFault(code Code, at, field int) {
	if r.fault == "" {
		r.fault, r.faultAt, r.faultField = code, uint32(at), uint32(field)-r.first
	}
}

// linesBefore is the number of line ends in data that lie before its end.
func linesBefore(data []byte, ends uint8) int64 {
	n := int64(bytes.Count(data, []byte{'\n'}))
	if ends == endsCR {
		n += int64(bytes.Count(data, []byte{'\r'}) - bytes.Count(data, []byte{'\r', '\n'}))
	}
	return n
}
