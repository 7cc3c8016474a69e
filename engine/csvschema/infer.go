package csvschema

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSample bounds what Infer reads, in bytes: a sample is held in memory.
const maxSample = 64 << 20

// Infer reads a sample of at most 64 MiB and answers a csv block, formatted, that accepts it. A column gets a type only
// where every value of it agrees; numbers that begin with a zero, and columns whose names look like personnel numbers or
// post codes, stay text. Names that look like pay, bank or birth data are proposed as sensitive. The error says why no
// block can accept the sample: it is no text, or a record of it is broken.
func Infer(r io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxSample+1))
	if err != nil {
		return "", fmt.Errorf("read sample: %w", err)
	}
	if len(raw) > maxSample {
		return "", fmt.Errorf("the sample is larger than %d bytes; its first lines are enough", maxSample)
	}
	s := Default()
	text, err := decodeSample(raw, s)
	if err != nil {
		return "", err
	}
	records := dialect(text, s)
	if len(records) == 0 {
		return "", errors.New(words[CodeEmptyFile].English)
	}
	head := layout(records, s)
	if s.Header && declarable(records[head]) || !s.Header {
		for i := range records[head] {
			s.Columns = append(s.Columns, inferColumn(records, head, i, s))
		}
	}
	if err := accept(raw, s); err != nil {
		return "", err
	}
	return blockText(s), nil
}

// decodeSample answers the sample as UTF-8 and notes its encoding where ASCII does not leave it open.
func decodeSample(raw []byte, s *Schema) ([]byte, error) {
	m, code := firstMode(raw[:min(len(raw), sniffLen)], "auto")
	if code != "" {
		return nil, errors.New(words[code].English)
	}
	src := newSource(bytes.NewReader(raw))
	if err := src.begin(m, true); err != nil {
		return nil, err
	}
	text := make([]byte, 2*len(raw))
	n, _, err := src.fill(context.Background(), text)
	if err != nil {
		return nil, err
	}
	text = text[:n]
	switch {
	case m.bom > 0:
		s.Encoding = m.name
	case isASCII(text):
	case utf8.Valid(text):
		s.Encoding = setUTF8.String()
	case set1252.firstUndefined(text) >= 0:
		return nil, errors.New("the sample is neither UTF-8 nor Windows-1252")
	default:
		s.Encoding = set1252.String()
		text = set1252.appendDecoded(nil, text)
	}
	return text, nil
}

// dialect chooses the delimiter that cuts the most records into the same number of fields, more than one, and answers
// these records.
func dialect(text []byte, s *Schema) [][]string {
	var best [][]string
	most := -1
	for _, d := range []byte(";,\t|") {
		try := *s
		try.Delimiter = d
		records, broken := sampleRecords(text, &try)
		width := usual(records)
		score := -broken
		for _, row := range records {
			if width > 1 && len(row) == width {
				score++
			}
		}
		if best == nil || score > most {
			best, most, s.Delimiter = records, score, d
		}
	}
	return best
}

// sampleRecords reads all records; one that is broken counts, and has no cells.
func sampleRecords(text []byte, s *Schema) (records [][]string, broken int) {
	c := newScanner(s)
	c.data = append(slices.Clone(text), make([]byte, pad)...)
	c.n, c.eof = len(text), true
	c.data[c.n] = '\n'
	b := &batch{data: c.data}
	for pos, skip := 0, false; pos < c.n; {
		if skip {
			pos, _ = c.skipLine(pos)
			skip = false
			continue
		}
		c.fields = c.fields[:0]
		r, _ := c.scan(pos)
		pos, skip = int(r.next), r.cut
		b.fields = c.fields
		if r.fault != "" {
			broken++
			r.n = 0
		}
		records = append(records, b.names(&r, setUTF8, s.Quote))
	}
	return records, broken
}

// usual is the number of fields that most records have.
func usual(records [][]string) int {
	counts := map[int]int{}
	best := 0
	for _, row := range records {
		if counts[len(row)]++; counts[len(row)] > counts[best] {
			best = len(row)
		}
	}
	return best
}

// layout finds the header, the first record of the usual width, and answers its index, or that of the first data record
// where the file names nothing.
func layout(records [][]string, s *Schema) int {
	width := usual(records)
	head := slices.IndexFunc(records, func(row []string) bool { return len(row) == width && !blank(row) })
	head = max(head, 0)
	if head == 0 && slices.ContainsFunc(records[0], valuelike) {
		s.Header = false
	} else {
		s.HeaderRow = head + 1
	}
	if slices.ContainsFunc(records[head:], blank) {
		s.BlankRows = "skip"
	}
	return head
}

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(v string) bool { return v != "" })
}

// valuelike tells whether v is rather a value than a name.
func valuelike(v string) bool {
	c, _ := newColumn(Column{Type: "date", Scale: -1}, Options{})
	_, date := c.stamp([]byte(v))
	_, number := parseDecimal([]byte(v), ',', '.')
	return date || number || validEmail([]byte(v)) || validIBAN([]byte(v))
}

// declarable tells whether a header can stand in a schema: its names are there and differ.
func declarable(names []string) bool {
	for _, name := range names {
		if name == "" || count(names, name) > 1 {
			return false
		}
	}
	return true
}

// identifying are parts of names whose numbers are no quantities; private are parts of names of pay, bank and birth data.
var (
	identifying = []string{"plz", "postleitzahl", "zip", "personal", "pers-nr", "persnr", "pnr", "telefon", "phone", "mobil", "fax", "konto", "blz", "steuer", "nummer"}
	private     = []string{
		"gehalt", "lohn", "entgelt", "brutto", "netto", "bezüge", "salary", "wage", "iban", "bic", "bank", "konto", "blz",
		"geburt", "birth", "steuer", "sozialvers", "sv-nr", "svnr", "kirche", "konfession",
	}
)

func named(name string, parts []string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(lower, part) })
}

// proposals are the types that a column may get, narrow ones first.
var proposals = []Column{
	{Type: "iban"},
	{Type: "email"},
	{Type: "date", Format: "DD.MM.YYYY"},
	{Type: "date", Format: "YYYY-MM-DD"},
	{Type: "date", Format: "DD.MM.YYYY hh:mm"},
	{Type: "date", Format: "DD.MM.YYYY hh:mm:ss"},
	{Type: "date", Format: "YYYY-MM-DD hh:mm:ss"},
	{Type: "date", Format: "DD/MM/YYYY"},
	{Type: "time"},
	{Type: "integer"},
	{Type: "decimal", Decimal: ',', Group: '.'},
	{Type: "decimal", Decimal: '.', Group: ','},
	{Type: "boolean"},
}

func inferColumn(records [][]string, head, i int, s *Schema) Column {
	c := Column{Name: fmt.Sprint(i + 1), Scale: -1}
	data := records[head:]
	if s.Header {
		c.Name = records[head][i]
		data = records[head+1:]
	}
	c.Sensitive = named(c.Name, private)
	var values [][]byte
	for _, row := range data {
		if i < len(row) && row[i] != "" {
			values = append(values, []byte(row[i]))
		}
	}
	for _, p := range proposals {
		p.Scale = -1
		if len(values) > 0 && agreed(p, values, named(c.Name, identifying)) {
			c.Type, c.Format, c.Decimal, c.Group = p.Type, p.Format, p.Decimal, p.Group
			break
		}
	}
	return c
}

// agreed tells whether all values are of the type proposed, and not only by chance: one decimal at least cannot be read
// the other way (1.000 can), a number that begins with a zero is none, and a boolean column has both values.
func agreed(proposal Column, values [][]byte, identifies bool) bool {
	c, err := newColumn(proposal, Options{})
	if err != nil {
		return false
	}
	k := &checker{plan: &plan{}}
	certain := c.kind != kindDecimal && c.kind != kindBoolean
	var truth [2]bool
	for _, v := range values {
		if !k.isType(c, v) {
			return false
		}
		switch c.kind {
		case kindInteger, kindDecimal:
			if identifies || len(v) > 1 && v[0] == '0' && v[1] != c.decimal {
				return false
			}
			_, either := parseDecimal(v, c.group, c.decimal)
			certain = certain || !either
		case kindBoolean:
			value, _ := parseBoolean(v)
			truth[map[bool]int{true: 1}[value]] = true
			certain = truth == [2]bool{true, true}
		}
	}
	return certain
}

// accept holds the sample against the schema. What a spreadsheet or a wrong encoding did to it becomes a warning; columns
// that a header does not allow are left to be any.
func accept(raw []byte, s *Schema) error {
	for range 3 {
		rep, err := Validate(context.Background(), bytes.NewReader(raw), int64(len(raw)), s, Options{})
		if err != nil {
			return err
		}
		if rep.Valid {
			return nil
		}
		rest := rep.Errors[0]
		eased := false
		for _, f := range rep.Errors {
			switch f.Code {
			case CodeExcelDamage:
				s.ExcelDamage, eased = LevelWarn, true
			case CodeMojibake:
				s.Mojibake, eased = LevelWarn, true
			}
		}
		if !eased {
			return fmt.Errorf("no schema accepts this sample: line %d: %s", rest.Line, rest.Message)
		}
	}
	return errors.New("no schema accepts this sample")
}
