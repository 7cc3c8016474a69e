package csvschema

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
)

// Row is one data record of a file that is valid. It stays as it is after the call that it was handed to.
type Row struct {
	Line   int64    // physical line on which the record begins, from 1
	Record int64    // data record, from 1
	Names  []string // of the columns by position; shared by all rows of the file
	Texts  []string // the cells by position, as UTF-8
	// Values are the cells by name: nil when empty or in an optional column that the file lacks, else string, bool or
	// json.Number, which is plain: 1.234,50 is 1234.50.
	Values map[string]any

	columns []*column
	cells   []cellPlace
	record  span
}

// cellPlace is where a cell begins in the file.
type cellPlace struct{ line, offset int64 }

// Rows is Validate over a file in memory that also hands out its data records, in their order, once the whole file has
// turned out valid: of an invalid one, none. The report is the one that Validate makes. An error of each ends the rows
// and is returned as it is.
func Rows(ctx context.Context, data []byte, s *Schema, opt Options, each func(Row) error) (*Report, error) {
	taken := &rowTaker{}
	opt.Workers = 0 // records reach the one checker in the order of the file
	rep, err := validate(ctx, bytes.NewReader(data), int64(len(data)), s, opt, taken)
	if err != nil || !rep.Valid {
		return rep, err
	}
	for _, row := range taken.rows {
		if err := each(row); err != nil {
			return nil, err
		}
	}
	return rep, nil
}

// rowTaker keeps the rows of a pass over a file.
type rowTaker struct{ rows []Row }

// begin drops the rows of a pass whose assumption about the encoding failed.
func (t *rowTaker) begin() {
	if t != nil {
		t.rows = nil
	}
}

// take keeps a record that was checked. A record with a structural fault has no cells; its file is invalid.
func (t *rowTaker) take(k *checker, r *record) {
	if r.fault != "" || int(r.n) != k.width {
		return
	}
	b := k.b
	row := Row{
		Line: r.line, Record: r.number, Names: k.names, Texts: make([]string, k.width), Values: make(map[string]any, k.width),
		columns: k.columns, cells: make([]cellPlace, k.width), record: spanOf(r, b),
	}
	for _, c := range k.declared {
		row.Values[c.Name] = nil
	}
	line, from := r.line, r.start
	for i, c := range k.columns {
		cell := b.field(r, i)
		f := &cell
		start := f.start
		if f.flags&fieldQuoted != 0 {
			start--
		}
		line += linesBefore(b.data[from:max(from, start)], b.ends)
		from = max(from, start)
		row.cells[i] = cellPlace{line: line, offset: b.offset(start)}
		row.Texts[i] = string(k.set.appendDecoded(nil, k.plainCell(f)))
		row.Values[c.Name] = k.typedOf(c, f)
	}
	t.rows = append(t.rows, row)
}

// typedOf is a cell as Values holds it: what a check sees, with a number as its exact text.
func (k *checker) typedOf(c *column, f *field) any {
	if c.kind != kindInteger && c.kind != kindDecimal {
		return k.valueOf(c, f)
	}
	v := k.plainCell(f)
	if len(v) == 0 {
		return nil
	}
	return json.Number(shortest(plain(v, c.decimal, c.group)))
}

// shortest is a plain number as JSON has it: no plus sign, no needless zero in front, zero without a sign. The digits
// behind the point stay.
func shortest(n string) string {
	n = strings.TrimPrefix(n, "+")
	digits, negative := strings.CutPrefix(n, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	out := whole
	if point {
		out += "." + fraction
	}
	if negative && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out
}

// CellFault is a fault of the cell at a position, from 0, that whoever took the row found. The message is the caller's.
func (r Row) CellFault(code Code, at int) Fault {
	f := Fault{
		Code: code, Line: r.Line, Record: r.Record, Column: r.name(at), ColumnNumber: at + 1, Value: cut(r.Texts[at]),
		record: r.record,
	}
	if at < len(r.cells) {
		f.Line, f.Offset = r.cells[at].line, r.cells[at].offset
	}
	if r.sensitive(at) && f.Value != "" {
		f.Value = masked
	}
	return f
}

// Fault is a fault of the record as a whole, or of a value that was made out of its cells. name is what the value is
// called; the value is masked where the row has a sensitive column, because it may come from there.
func (r Row) Fault(code Code, name, value string) Fault {
	f := Fault{Code: code, Line: r.Line, Record: r.Record, Offset: r.record.offset, Column: name, Value: cut(value), record: r.record}
	for at := range r.columns {
		if value != "" && r.sensitive(at) {
			f.Value = masked
		}
	}
	return f
}

// Mask is text without what the sensitive cells of the row hold.
func (r Row) Mask(text string) string {
	for at := range r.columns {
		if !r.sensitive(at) {
			continue
		}
		secrets := []string{r.Texts[at]}
		switch v := r.Values[r.Names[at]].(type) {
		case string:
			secrets = append(secrets, v)
		case json.Number:
			secrets = append(secrets, v.String())
		}
		for _, secret := range secrets {
			if secret != "" {
				text = strings.ReplaceAll(text, secret, masked)
			}
		}
	}
	return text
}

// name is what a report calls the column at a position; where it stands in the file's header only and may be a sensitive cell,
// nothing.
func (r Row) name(at int) string {
	if at < len(r.columns) && r.columns[at].nameless {
		return ""
	}
	return r.Names[at]
}

func (r Row) sensitive(at int) bool { return at < len(r.columns) && r.columns[at].Sensitive }

// Truth reads a boolean as cells of that type are read; ok is false for anything else.
func Truth(text string) (value, ok bool) { return parseBoolean([]byte(text)) }
