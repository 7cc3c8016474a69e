package csvschema

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cells reads every record of text with the scanner alone, as its cells and its structural fault.
func cells(text string, delim byte) (records [][]string, faults map[int64]Code) {
	s := Default()
	s.Delimiter = delim
	c := newScanner(s)
	c.data = append([]byte(text), make([]byte, pad)...)
	c.n, c.eof = len(text), true
	c.data[c.n] = '\n'
	faults = map[int64]Code{}
	for pos := 0; pos < c.n; {
		c.fields = c.fields[:0]
		r, ok := c.scan(pos)
		if !ok {
			panic("a record that never ends")
		}
		pos = int(r.next)
		if r.fault != "" {
			faults[r.line] = r.fault
		}
		if r.end == r.start {
			continue // encoding/csv leaves out empty lines
		}
		var row []string
		for _, f := range c.fields {
			v := c.data[f.start:f.end]
			if f.flags&fieldEscaped != 0 {
				v = unescape(nil, v, c.quote)
			}
			// encoding/csv turns CRLF inside quotes into LF; the bytes of a file are not ours to change.
			row = append(row, strings.ReplaceAll(string(v), "\r\n", "\n"))
		}
		records = append(records, row)
	}
	return records, faults
}

// oracle reads text with encoding/csv: the records, or the line on which the record begins that it rejects first.
func oracle(text string, delim byte) (records [][]string, line int) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = rune(delim), -1
	for {
		row, err := r.Read()
		if err == io.EOF {
			return records, 0
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return records, broken.StartLine
		}
		records = append(records, row)
	}
}

// loneCR tells whether text has a carriage return that no line feed follows: encoding/csv takes it for content, we for a
// fault or, in a file that ends its lines so, for a line end.
func loneCR(text string) bool {
	return strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), "\r")
}

func agree(t *testing.T, text string, delim byte) {
	t.Helper()
	if loneCR(text) {
		return
	}
	want, line := oracle(text, delim)
	got, faults := cells(text, delim)
	if line > 0 {
		if faults[int64(line)] == "" {
			t.Errorf("encoding/csv rejects the record of line %d, we have faults at %v\n%q", line, faults, text)
		}
		return
	}
	if len(faults) > 0 {
		t.Errorf("encoding/csv accepts, we have faults at %v\n%q", faults, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records differ (-encoding/csv +we):\n%s\n%q", diff, text)
	}
}

const dataDir = "../../../shared/data"

// corpus is every file of the data folder; the test is skipped where there is none.
func corpus(tb testing.TB, pattern string) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dataDir, pattern))
	if err != nil || len(names) == 0 {
		tb.Skip("the data folder is not here")
	}
	return names
}

func slurp(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestOracle(t *testing.T) {
	for _, name := range corpus(t, "*") {
		text := slurp(t, name)
		for _, delim := range []byte(",;\t") {
			agree(t, text, delim)
		}
	}
}

// TestCompanions reads the files that say in JSON what they hold.
func TestCompanions(t *testing.T) {
	for _, name := range corpus(t, "spectrum_*.json") {
		var want []map[string]string
		if err := json.Unmarshal([]byte(slurp(t, name)), &want); err != nil {
			t.Fatal(err)
		}
		rows, faults := cells(slurp(t, strings.TrimSuffix(name, ".json")+".csv"), ',')
		var got []map[string]string
		for _, row := range rows[1:] {
			m := map[string]string{}
			for i, v := range row {
				m[rows[0][i]] = v
			}
			got = append(got, m)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(faults) > 0 {
			t.Errorf("%s: faults %v\n%s", name, faults, diff)
		}
	}
}

// TestCorpus holds real files against what is known about each.
func TestCorpus(t *testing.T) {
	corpus(t, "*")
	semicolon := func(headerRow int) func(*Schema) { return func(s *Schema) { s.HeaderRow = headerRow } }
	for _, tc := range []struct {
		name     string
		change   func(*Schema)
		encoding string
		errors   []Code
	}{
		// The last field of every record of these files ends with a quote that it does not begin with.
		{"datevlint_valid_minimal_700.csv", semicolon(2), "utf-8", slices.Repeat([]Code{CodeBareQuote}, 10)},
		{"datevlint_broken_quotes.csv", semicolon(2), "utf-8", []Code{CodeBareQuote, CodeUnclosedQuote}},
		{"datevlint_leading_zero_konto.csv", semicolon(2), "utf-8", []Code{CodeBareQuote, CodeBareQuote}},
		{"datevlint_encoding_windows1252.csv", semicolon(2), "windows-1252", []Code{CodeBareQuote, CodeBareQuote}},
		{"datevlint_before_belegfeld_fix.csv", semicolon(2), "utf-8", nil},
		{"datev_EXTF_Kontenbeschriftungen.csv", semicolon(2), "utf-8", nil},
		{"datev_EXTF_Buchungsstapel.csv", semicolon(2), "windows-1252", nil},
		{"commonscsv_bom.csv", func(s *Schema) { s.Delimiter = ',' }, "utf-8", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := slurp(t, filepath.Join(dataDir, tc.name))
			s := Default()
			tc.change(s)
			rep, err := Validate(context.Background(), strings.NewReader(text), int64(len(text)), s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []Code
			for _, f := range rep.Errors {
				got = append(got, f.Code)
			}
			if diff := cmp.Diff(tc.errors, got); diff != "" || rep.Encoding != tc.encoding {
				t.Errorf("encoding %s, want %s; errors (-want +got):\n%s\n%+v", rep.Encoding, tc.encoding, diff, rep.Errors)
			}
		})
	}
}

// TestElection reads one table in six encodings: the cells are the same, and the garbled one is found out.
func TestElection(t *testing.T) {
	var first string
	for i, name := range corpus(t, "de_kerg2025_*") {
		text := slurp(t, name)
		s := Default()
		s.Header, s.ColumnsMode, s.BlankRows = false, "any", "skip"
		observed := map[bool]string{true: "utf-8", false: "windows-1252"}[strings.Contains(name, "utf8") || strings.Contains(name, "mojibake")]
		switch {
		case strings.Contains(name, "utf16"):
			s.Delimiter, observed = '\t', "utf-16le"
		case strings.Contains(name, "8859"):
			s.Encoding, observed = "iso-8859-15", "iso-8859-15"
		}
		rep, err := Validate(context.Background(), strings.NewReader(text), -1, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		garbled := 0
		for _, f := range rep.Errors {
			if f.Code == CodeMojibake {
				garbled++
			}
		}
		if rep.Encoding != observed || (garbled > 0) != strings.Contains(name, "mojibake") {
			t.Errorf("%s: encoding %s, %d garbled cells", name, rep.Encoding, garbled)
		}
		if i == 0 {
			first = itoa(rep.Rows)
		} else if first != itoa(rep.Rows) {
			t.Errorf("%s: %d rows, the first file has %s", name, rep.Rows, first)
		}
	}
}

func FuzzOracle(f *testing.F) {
	for _, seed := range []string{"a;b\n1;2\n", "\"a\";\"b\"\"c\"\r\n", "a\"b\n", "\"a\"b\n", "\"a\nb\n", "\"a\n\"b\";c\n", ";\n\n;", "\"\"\"", "ä;\xe4\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		agree(t, text, ';')
		s := Default()
		s.Header = false
		if _, err := Validate(context.Background(), strings.NewReader(text), int64(len(text)), s, Options{Buffer: 7}); err != nil {
			t.Errorf("%v\n%q", err, text)
		}
	})
}
