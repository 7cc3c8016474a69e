package sandbox

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// maxRecord is the longest record in bytes; longer ones are rejected.
const maxRecord = 1 << 20

// What can be wrong with a record as such, in the words of the protocol.
const (
	recordTooLong = "Der Datensatz ist zu lang."
	oddQuotes     = "Die Anführungszeichen sind nicht paarig."
)

// recordReader splits a semicolon file (perbit 2.1) into records with at most
// one record in memory.
type recordReader struct {
	from *bufio.Reader
	line int // physical lines read
	buf  []byte
}

// next returns the bytes of a record without its line end, valid until the next
// call, and the physical line on which it begins. fault is what is wrong with
// the record; err ends the file (io.EOF) or is the body's.
func (r *recordReader) next() (record []byte, line int, fault string, err error) {
	r.buf = r.buf[:0]
	line = r.line + 1
	state := fieldStart
	for {
		chunk, readErr := r.from.ReadSlice('\n')
		if readErr != nil && readErr != io.EOF && readErr != bufio.ErrBufferFull {
			return nil, line, "", readErr
		}
		if len(chunk) == 0 && len(r.buf) == 0 && fault == "" {
			return nil, line, "", io.EOF
		}
		ended := len(chunk) > 0 && chunk[len(chunk)-1] == '\n'
		if ended {
			r.line++
		}
		if fault == "" {
			state = state.after(chunk)
			if ended && len(r.buf) == 0 && state != fieldQuoted {
				return bytes.TrimRight(chunk, "\r\n"), line, "", nil
			}
			r.buf = append(r.buf, chunk...)
		}
		if len(r.buf) > maxRecord {
			// What an open quote took with it is given up; the next line begins anew.
			fault, r.buf = recordTooLong, r.buf[:0]
		}
		switch {
		case readErr == io.EOF:
			if !ended {
				r.line++
			}
			if state == fieldQuoted && fault == "" {
				fault = oddQuotes
			}
		case !ended || fault == "" && state == fieldQuoted:
			continue
		}
		return bytes.TrimRight(r.buf, "\r\n"), line, fault, nil
	}
}

// quoteState says where in a field the reader is.
type quoteState int

const (
	fieldStart quoteState = iota
	fieldPlain
	fieldQuoted
	fieldClosed // behind a quote that closed, or is the first of a doubled pair
)

func (s quoteState) after(chunk []byte) quoteState {
	if s != fieldQuoted && s != fieldClosed && bytes.IndexByte(chunk, '"') < 0 {
		if bytes.HasSuffix(chunk, []byte{';'}) {
			return fieldStart
		}
		return fieldPlain
	}
	for _, b := range chunk {
		switch {
		case s == fieldQuoted:
			if b == '"' {
				s = fieldClosed
			}
		case b == '"' && s != fieldPlain:
			s = fieldQuoted
		case b == ';':
			s = fieldStart
		default:
			s = fieldPlain
		}
	}
	return s
}

// splitFields splits a record. Quotes count only where a field begins with one.
func splitFields(record string) (fields []string, fault string) {
	if !strings.Contains(record, `"`) {
		return strings.Split(record, ";"), ""
	}
	for {
		if !strings.HasPrefix(record, `"`) {
			field, rest, more := strings.Cut(record, ";")
			fields = append(fields, field)
			if !more {
				return fields, ""
			}
			record = rest
			continue
		}
		field, rest, ok := quotedField(record[1:])
		fields = append(fields, field)
		switch {
		case !ok || rest != "" && rest[0] != ';':
			return nil, oddQuotes
		case rest == "":
			return fields, ""
		}
		record = rest[1:]
	}
}

// quotedField reads up to the closing quote; doubled quotes stand for one.
func quotedField(s string) (field, rest string, ok bool) {
	var b strings.Builder
	for {
		part, after, found := strings.Cut(s, `"`)
		if !found {
			return "", "", false
		}
		b.WriteString(part)
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, true
		}
		b.WriteByte('"')
		s = after[1:]
	}
}
