package csvschema_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/csvschema"
)

// validate runs over text with the schema changed as the test asks.
func validate(t *testing.T, text string, change func(*csvschema.Schema)) *csvschema.Report {
	t.Helper()
	return validateWith(t, text, csvschema.Options{}, change)
}

func validateWith(t *testing.T, text string, opt csvschema.Options, change func(*csvschema.Schema)) *csvschema.Report {
	t.Helper()
	s := csvschema.Default()
	if change != nil {
		change(s)
	}
	rep, err := csvschema.Validate(context.Background(), strings.NewReader(text), int64(len(text)), s, opt)
	if err != nil {
		t.Fatalf("Validate: %v", err)
	}
	if rep.Valid != (rep.ErrorCount == 0) || rep.ErrorCount < int64(len(rep.Errors)) {
		t.Errorf("report contradicts itself: valid %v, count %d, kept %d", rep.Valid, rep.ErrorCount, len(rep.Errors))
	}
	return rep
}

// brief is each fault as code@line/column number+offset, for tables.
func brief(faults []csvschema.Fault) []string {
	out := []string{}
	for _, f := range faults {
		out = append(out, fmt.Sprintf("%s@%d/%d+%d", f.Code, f.Line, f.ColumnNumber, f.Offset))
	}
	return out
}

func expect(t *testing.T, rep *csvschema.Report, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, brief(rep.Errors)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestStructure(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		rows       int64
		want       []string
	}{
		{"lf", "a;b\n1;2\n3;4\n", 2, nil},
		{"no line end at the end", "a;b\n1;2", 1, nil},
		{"crlf", "a;b\r\n1;2\r\n", 1, nil},
		{"cr", "a;b\r1;2\r3;4\r", 2, nil},
		{"cr at the very end", "a;b\n1;2\r\n3;4\r", 2, []string{"stray_cr@3/2+12"}},
		{"quoted", "a;b\n\"1;x\";\"2\n\"\"y\"\"\"\n3;4\n", 2, nil},
		{"quoted at the end", "a;b\n1;\"2\"", 1, nil},
		{"empty quoted", "a;b\n\"\";x\n", 1, nil},
		{"header only", "a;b\n", 0, nil},
		{"too few fields", "a;b\n1\n1;2\n", 2, []string{"field_count@2/0+4"}},
		{"too many fields", "a;b\n1;2;3\n1;2\n", 2, []string{"field_count@2/0+4"}},
		{"blank", "a;b\n\n1;2\n", 2, []string{"blank_row@2/0+4"}},
		{"blank with delimiters", "a;b\n;\n1;2\n", 2, []string{"blank_row@2/0+4"}},
		{"bare quote", "a;b\n1;x\"y\n1;2\n", 2, []string{"bare_quote@2/2+7"}},
		{"text after quote", "a;b\n\"x\"y;2\n1;2\n", 2, []string{"text_after_quote@2/1+7"}},
		{"quotes not doubled", "a;b\n\"der \"\"gute\" Mann\";2\n1;2\n", 2, []string{"text_after_quote@2/1+16"}},
		{"damaged record with a good multi-line field", "a;b\n\"x\"y;\"2\n3\"\n1;2\n", 2, []string{"text_after_quote@2/1+7"}},
		{"unclosed, resynchronised", "a;b\n\"x;2\n1;2\n\"3\";4\n5;\"6\n7;8\n", 5, []string{"unclosed_quote@2/1+4", "unclosed_quote@5/2+21"}},
		{"unclosed at the end", "a;b\n1;\"2", 1, []string{"unclosed_quote@2/2+6"}},
		{"unclosed behind a multi-line field", "a;b\n\"1\n2\";\"x\n3;4\n", 2, []string{"unclosed_quote@2/2+10"}},
		{"stray cr", "a;b\n1;x\ry\n3;4\n", 2, []string{"stray_cr@2/2+7"}},
		{"cr before crlf", "a;b\r\n1;2\r\n", 1, nil},
		{"line numbers count embedded line ends", "a;b\r\n\"1\r\n2\";\"3\n4\"\r\nx\r\n", 2, []string{"field_count@5/0+19"}},
		{"umlauts count as bytes in offsets", "ä;b\nö;ü\nx\n", 2, []string{"field_count@3/0+11"}},
		{"mark counts in offsets", "\ufeffa;b\nx\n", 1, []string{"field_count@2/0+7"}},
		{"mark in front of a quote", "\ufeff\"a\";b\n1;2\n", 1, nil},
		{"nothing", "", 0, []string{"empty_file@1/0+0"}},
		{"only a mark", "\ufeff", 0, []string{"empty_file@1/0+0"}},
		{"broken header", "a;\"b\"c\n1;2\n", 0, []string{"text_after_quote@1/0+0"}},
		{"blank header", "\n1;2\n", 0, []string{"header@1/0+0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep := validate(t, tc.text, nil)
			expect(t, rep, tc.want...)
			if rep.Rows != tc.rows {
				t.Errorf("rows = %d, want %d", rep.Rows, tc.rows)
			}
		})
	}
}

func TestDialect(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		change     func(*csvschema.Schema)
		rows       int64
		want       []string
	}{
		{"tab", "a\tb\n1\t2\n", func(s *csvschema.Schema) { s.Delimiter = '\t' }, 1, nil},
		{"single quotes", "a,b\n'1,x',2\n", func(s *csvschema.Schema) { s.Delimiter, s.Quote = ',', '\'' }, 1, nil},
		{"no quote", "a;b\n\"1;2\n", func(s *csvschema.Schema) { s.Quote = 0 }, 1, nil},
		{"blank rows skipped", "a;b\n\n1;2\n;\n3\n", func(s *csvschema.Schema) { s.BlankRows = "skip" }, 2, []string{"field_count@5/0+11"}},
		{"header row", "Bericht \"x\ny;z;\n\na;b\n1;2\n3\n", func(s *csvschema.Schema) { s.HeaderRow = 4 }, 2, []string{"field_count@6/0+25"}},
		{"header row beyond the end", "a;b\n1;2\n", func(s *csvschema.Schema) { s.HeaderRow = 4 }, 0, []string{"header_missing@3/0+0"}},
		{"no header", "1;2\n3;4\n5\n", func(s *csvschema.Schema) { s.Header = false }, 3, []string{"field_count@3/0+8"}},
		{"no header, nothing", "", func(s *csvschema.Schema) { s.Header = false }, 0, []string{"empty_file@1/0+0"}},
		{"footer", "a;b\n1;2\nSumme\nEnde;;;\n", func(s *csvschema.Schema) { s.SkipFooter = 2 }, 1, nil},
		{"footer longer than the file", "a;b\n1;2\n", func(s *csvschema.Schema) { s.SkipFooter = 9 }, 0, nil},
		{"error above the footer", "a;b\n1\n2;3\nSumme\n", func(s *csvschema.Schema) { s.SkipFooter = 1 }, 2, []string{"field_count@2/0+4"}},
		{"record of just max_record", "a;b\n12;45\n", func(s *csvschema.Schema) { s.MaxRecord = 5 }, 1, nil},
		{"record too long", "a;b\n12;456\n1;2\n3\n", func(s *csvschema.Schema) { s.MaxRecord = 5 }, 3, []string{"record_too_long@2/0+4", "field_count@4/0+15"}},
		{"record too long in quotes", "a;b\n1;\"" + strings.Repeat("x", 50) + "\n1;2\n3\n", func(s *csvschema.Schema) { s.MaxRecord = 9 }, 3, []string{"unclosed_quote@2/2+6", "field_count@4/0+62"}},
		{"unclosed within max_record", "a;b\n1;\"x\n" + strings.Repeat("1;2\n", 50), func(s *csvschema.Schema) { s.MaxRecord = 30 }, 51, []string{"unclosed_quote@2/2+6"}},
		{"min_rows", "a\n1\n", func(s *csvschema.Schema) { s.MinRows = 2 }, 1, []string{"min_rows@3/0+4"}},
		{"max_rows", "a\n1\n2\n3\n", func(s *csvschema.Schema) { s.MaxRows = 1 }, 3, []string{"max_rows@3/0+4"}},
		{"max_rows just reached", "a\n1\n", func(s *csvschema.Schema) { s.MaxRows = 1 }, 1, nil},
		{"max_size", "a\n1\n2\n", func(s *csvschema.Schema) { s.MaxSize = 5 }, 0, []string{"file_too_large@1/0+0"}},
		{"max_size just reached", "a\n1\n2\n", func(s *csvschema.Schema) { s.MaxSize = 6 }, 2, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep := validate(t, tc.text, tc.change)
			expect(t, rep, tc.want...)
			if rep.Rows != tc.rows {
				t.Errorf("rows = %d, want %d", rep.Rows, tc.rows)
			}
			unknown := csvschema.Default()
			if tc.change != nil {
				tc.change(unknown)
			}
			again, err := csvschema.Validate(context.Background(), strings.NewReader(tc.text), -1, unknown, csvschema.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(brief(rep.Errors), brief(again.Errors)); diff != "" {
				t.Errorf("the size makes a difference (-known +unknown):\n%s", diff)
			}
		})
	}
}

func TestMaxErrorsAreKeptAllAreCounted(t *testing.T) {
	rep := validate(t, "a;b\n"+strings.Repeat("x\n", 50), func(s *csvschema.Schema) { s.MaxErrors = 3 })
	if len(rep.Errors) != 3 || rep.ErrorCount != 50 || rep.Errors[2].Line != 4 {
		t.Errorf("kept %d of %d, last line %d", len(rep.Errors), rep.ErrorCount, rep.Errors[2].Line)
	}
}

func TestHeader(t *testing.T) {
	columns := func(mode string) func(*csvschema.Schema) {
		return func(s *csvschema.Schema) {
			s.ColumnsMode = mode
			s.Columns = []csvschema.Column{{Name: "Nr"}, {Name: "Größe"}, {Name: "Ort", Optional: true}}
		}
	}
	for _, tc := range []struct {
		name, header, mode string
		want               string // part of the message, empty where the header fits
	}{
		{"exact", "Nr;Größe;Ort", "exact", ""},
		{"optional left out", "Nr;Größe", "exact", ""},
		{"out of order", "Größe;Nr", "exact", `column 1 is "Größe" instead of "Nr"`},
		{"missing", "Nr;Ort", "exact", `missing "Größe"`},
		{"unexpected", "Nr;Größe;Ort;Land", "exact", `unexpected "Land"`},
		{"written otherwise", "NR ;Größe", "exact", `"Nr" is written "NR "`},
		{"delimiter", "Nr,Größe", "exact", `is "," the delimiter?`},
		{"at least, any order, more", "Land;Größe;Nr", "at_least", ""},
		{"at least, missing", "Land;Größe", "at_least", `missing "Nr"`},
		{"twice", "Nr;Größe;Nr", "at_least", `"Nr" occurs twice`},
		{"any", "Land;Nr", "any", ""},
		{"any, twice", "Nr;Nr", "any", `"Nr" occurs twice`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep := validate(t, tc.header+"\n1\n", columns(tc.mode))
			if tc.want == "" {
				if len(rep.Errors) != 1 || rep.Errors[0].Code != csvschema.CodeFieldCount && tc.header != "Nr" {
					t.Errorf("got %+v, want the header to fit and the row not", rep.Errors)
				}
				return
			}
			if rep.ErrorCount != 1 || rep.Rows != 0 || rep.Errors[0].Code != csvschema.CodeHeader || !strings.Contains(rep.Errors[0].Message.String(), tc.want) {
				t.Errorf("got %+v, want one header error with %q", rep.Errors, tc.want)
			}
		})
	}
}

func TestHeaderless(t *testing.T) {
	columns := func(mode string) func(*csvschema.Schema) {
		return func(s *csvschema.Schema) {
			s.Header, s.ColumnsMode = false, mode
			s.Columns = []csvschema.Column{{Name: "A", Type: "integer"}, {Name: "B"}, {Name: "C", Optional: true}}
		}
	}
	expect(t, validate(t, "1;2;3\n", columns("exact")))
	expect(t, validate(t, "1;2\n", columns("exact")))
	expect(t, validate(t, "x;2\n", columns("exact")), "type@1/1+0")
	expect(t, validate(t, "1\n", columns("exact")), "field_count@1/0+0")
	expect(t, validate(t, "1;2;3;4\n", columns("exact")), "field_count@1/0+0")
	expect(t, validate(t, "1;2;3;4\n", columns("at_least")))
	expect(t, validate(t, "1\n", columns("any")))
}

// endless delivers rows for ever, cancels on the way and fails after that.
type endless struct {
	cancel func()
	left   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left--; e.left == 0 {
		e.cancel()
	}
	return copy(p, strings.Repeat("1;2\n", len(p)/4+1)[:len(p)/4*4]), nil
}

func TestCancel(t *testing.T) {
	for _, workers := range []int{1, 3} {
		for _, reads := range []int{1, 50} {
			ctx, cancel := context.WithCancel(context.Background())
			rep, err := csvschema.Validate(ctx, &endless{cancel, reads}, -1, csvschema.Default(), csvschema.Options{Workers: workers})
			if rep != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("workers %d: report %v, err %v", workers, rep, err)
			}
			cancel()
		}
	}
}

func TestReaderThatFails(t *testing.T) {
	broken := errors.New("disk gone")
	r := io.MultiReader(strings.NewReader("a;b\n"+strings.Repeat("1;2\n", 2000)), iotest.ErrReader(broken))
	rep, err := csvschema.Validate(context.Background(), r, -1, csvschema.Default(), csvschema.Options{})
	if rep != nil || !errors.Is(err, broken) {
		t.Errorf("report %v, err %v", rep, err)
	}
}
