package csvschema_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"dropform/engine/csvschema"
)

// one is a schema of a single column V beside a number.
func one(c csvschema.Column) func(*csvschema.Schema) {
	return func(s *csvschema.Schema) {
		c.Name = "V"
		if c.Scale == 0 {
			c.Scale = -1
		}
		if c.Group == 0 {
			c.Group = '.'
		}
		s.Columns = []csvschema.Column{{Name: "Nr", Scale: -1}, c}
	}
}

func TestCells(t *testing.T) {
	type column = csvschema.Column
	for _, tc := range []struct {
		name      string
		column    column
		good, bad []string
		code      csvschema.Code
	}{
		{"required", column{Required: true}, []string{"x", `" x"`}, []string{"", `""`, "  "}, csvschema.CodeRequired},
		{"integer", column{Type: "integer"}, []string{"", "0", "-7", "+7", "007", "123456789012345678901234567890"}, []string{"x", "1,0", "1.000", "-", " 1", "1 ", "１"}, csvschema.CodeType},
		{"decimal", column{Type: "decimal"}, []string{"0", "1234", "1234,5", "1.234,56", "-12.345.678", "+0,001"}, []string{"1,", ",5", "1.23", "1234.567", "3.7", "1.2345", ".123", "1..234", "1,2,3", "1,234.5", "12-", "€ 5"}, csvschema.CodeType},
		{"decimal without groups", column{Type: "decimal", Group: '\''}, []string{"1'234,5", "1234"}, []string{"1.234", "1234'5"}, csvschema.CodeType},
		{"decimal with a point", column{Type: "decimal", Decimal: '.', Group: '.'}, []string{"1234.5"}, []string{"1,5", "1.234.567"}, csvschema.CodeType},
		{"scale", column{Type: "decimal", Scale: 2}, []string{"1", "1,2", "1,23"}, []string{"1,234"}, csvschema.CodeScale},
		{"date", column{Type: "date"}, []string{"01.02.2024", "29.02.2024", "29.02.2000"}, []string{"1.2.2024", "29.02.2023", "29.02.1900", "31.04.2024", "00.01.2024", "01.13.2024", "01/02/2024", "01.02.24", "01.02.20245"}, csvschema.CodeType},
		{"date format", column{Type: "date", Format: "YYYY-MM-DD hh:mm:ss"}, []string{"2024-02-29 23:59:59"}, []string{"2024-02-29", "2024-02-29 24:00:00"}, csvschema.CodeType},
		{"time", column{Type: "time"}, []string{"00:00", "23:59", "23:59:59"}, []string{"24:00", "7:30", "12:60", "12:00:60"}, csvschema.CodeType},
		{"time format", column{Type: "time", Format: "hhmm"}, []string{"0730"}, []string{"07:30"}, csvschema.CodeType},
		{"boolean", column{Type: "boolean"}, []string{"1", "0", "ja", "Nein", "J", "n", "TRUE", "false", "Wahr", "falsch", "X"}, []string{"yes", "2", "wahrheit", "y"}, csvschema.CodeType},
		{"email", column{Type: "email"}, []string{"a@b.de", "vor.nach+x@mail.firma-gmbh.de", "a@müller.de"}, []string{"a", "@b.de", "a@", "a@b", "a@@b.de", "a b@c.de", ".a@b.de", "a..b@c.de", "a@-b.de", "a@b-.de", "a@b..de", "a@b.de.", "jörg@b.de"}, csvschema.CodeType},
		{"iban", column{Type: "iban"}, []string{"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "AT611904300234573201", "GB29NWBK60161331926819"}, []string{"DE88370400440532013000", "DE8937040044053201300", "de89370400440532013000", "DE89 37040044 0532013000", "XX89", "D"}, csvschema.CodeType},
		{"min_length", column{MinLength: 3}, []string{"", "äöü", "abcd"}, []string{"äö"}, csvschema.CodeMinLength},
		{"max_length", column{MaxLength: 3}, []string{"äöü", `""""""`}, []string{"äöüß"}, csvschema.CodeMaxLength},
		{"pattern", column{Pattern: regexp.MustCompile(`[A-ZÄ]{2}|\d+`)}, []string{"AÄ", "12", ""}, []string{"ABC", "xAB", "1a"}, csvschema.CodePattern},
		{"pattern", column{Pattern: regexp.MustCompile(`[!-~]{4}`)}, []string{"abcd", `"a""bc"`}, []string{"abc", `"a""b"`, "a cd"}, csvschema.CodePattern},
		{"one_of", column{OneOf: []string{"Größe", "x\"y"}}, []string{"Größe", `"x""y"`}, []string{"größe", "x"}, csvschema.CodeOneOf},
		{"min", column{Type: "integer", Min: "-5"}, []string{"-5", "0", "99999999999999999999"}, []string{"-6", "-99999999999999999999"}, csvschema.CodeMin},
		{"max", column{Type: "decimal", Max: "1.000,50"}, []string{"1000,5", "1.000,500", "-1"}, []string{"1000,51", "1000,5000000000000000000001"}, csvschema.CodeMax},
		{"min written with a point", column{Type: "decimal", Min: "0.5"}, []string{"0,5"}, []string{"0,49"}, csvschema.CodeMin},
		{"first day", column{Type: "date", Min: "01.03.2024"}, []string{"01.03.2024", "01.01.2025"}, []string{"29.02.2024"}, csvschema.CodeMin},
		{"last time", column{Type: "time", Max: "12:00"}, []string{"12:00", "11:59:59"}, []string{"12:00:01"}, csvschema.CodeMax},
		{"excel damage", column{}, []string{"E+05", "1E5", "1,00e+05", "#12", "#", "12345", "A#NV", "1E+5"}, []string{"1,00E+05", "1E+12", "-1.5E-07", "#NV", "#WERT!", "#N/A", "#DIV/0!", "########"}, csvschema.CodeExcelDamage},
		{"damage before type", column{Type: "decimal"}, nil, []string{"1,00E+05", "#BEZUG!"}, csvschema.CodeExcelDamage},
		{"date serial", column{Type: "date"}, nil, []string{"45234", "45234,5"}, csvschema.CodeExcelDamage},
		{"date serial elsewhere", column{Type: "integer"}, []string{"45234"}, []string{"x"}, csvschema.CodeType},
		{"file reference is a warning", column{}, []string{`C:\Personal\foto.jpg`, `\\server\x\y`, "file:///x"}, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, set := range []string{"utf-8", "windows-1252"} {
				for i, v := range append(append([]string{}, tc.good...), tc.bad...) {
					text := "Nr;V\n1;" + v + "\n"
					if set != "utf-8" {
						recoded, err := charmap.Windows1252.NewEncoder().String(text)
						if err != nil {
							continue
						}
						text = recoded
					}
					rep := validate(t, text, one(tc.column))
					switch bad := i >= len(tc.good); {
					case !bad && !rep.Valid:
						t.Errorf("%s: %q: %s, want it accepted", set, v, rep.Errors[0].Code)
					case bad && (rep.ErrorCount != 1 || rep.Errors[0].Code != tc.code):
						t.Errorf("%s: %q: %v, want one %s", set, v, brief(rep.Errors), tc.code)
					case bad && (rep.Errors[0].Column != "V" || rep.Errors[0].ColumnNumber != 2 || rep.Errors[0].Line != 2 || rep.Errors[0].Record != 1 || rep.Errors[0].Offset != 7):
						t.Errorf("%s: %q: place %+v", set, v, rep.Errors[0])
					}
				}
			}
		})
	}
}

func TestPatternIsShownAsWritten(t *testing.T) {
	for _, pattern := range []string{`\d{5}`, `\A(?:\d{5})\z`} {
		rep := validate(t, "Nr;V\n1;x\n", one(csvschema.Column{Pattern: regexp.MustCompile(pattern)}))
		if rep.ErrorCount != 1 || rep.Errors[0].Expected.String() != `\d{5}` {
			t.Errorf("%s: %+v", pattern, rep.Errors)
		}
	}
}

func TestFileReferenceLevels(t *testing.T) {
	for value, found := range map[string]int64{
		`C:\Personal\foto.jpg`: 1, "d:/x/y": 1, `\\server\share\x`: 1, "FILE:///c:/x": 1,
		`siehe C:\x`: 0, `C:`: 0, `\\`: 0, "12:30": 0, "file": 0, "a:b": 0,
	} {
		rep := validate(t, "a\n"+value+"\n", nil)
		if !rep.Valid || rep.WarningCount != found {
			t.Errorf("%q: %d warnings, %d errors", value, rep.WarningCount, rep.ErrorCount)
		}
		rep = validate(t, "a\n"+value+"\n", func(s *csvschema.Schema) { s.FileReferences = csvschema.LevelError })
		if rep.ErrorCount != found {
			t.Errorf("%q: %d errors", value, rep.ErrorCount)
		}
	}
	rep := validate(t, "Nr;V\n1;C:\\x.pdf\n", one(csvschema.Column{Type: "integer"}))
	if rep.WarningCount != 1 || rep.ErrorCount != 1 || rep.Errors[0].Code != csvschema.CodeType {
		t.Errorf("a warning must not hide an error: %+v", rep)
	}
}

func TestPlacesInAwkwardFiles(t *testing.T) {
	text := "\ufeffName;\"Geh\"\"alt\"\r\n\"Mü\r\nller\r\n\";x\r\n\"ß\";\"y\"\r\n"
	rep := validate(t, text, func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{{Name: "Name"}, {Name: `Geh"alt`, Type: "integer"}}
	})
	expect(t, rep, "type@4/2+34", "type@5/2+42")
	if rep.Errors[0].Column != `Geh"alt` || text[34:35] != "x" || text[42:44] != `"y` || rep.Errors[1].Value != "y" {
		t.Errorf("faults %+v", rep.Errors)
	}
}

func TestUnique(t *testing.T) {
	schema := func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{{Name: "Nr", Type: "integer", Unique: true}, {Name: "T", Unique: true}}
	}
	expect(t, validate(t, "Nr;T\n1;a\n2;b\n;\n;c\n;d\n", func(s *csvschema.Schema) { schema(s); s.BlankRows = "skip" }))
	rep := validate(t, "Nr;T\n7;a\n8;b\n007;\"a\"\n", schema)
	expect(t, rep, "unique@4/1+13", "unique@4/2+17")
	if !strings.Contains(rep.Errors[0].Message.String(), "record 1") {
		t.Errorf("message %q", rep.Errors[0].Message.String())
	}
	expect(t, validate(t, "Nr;T\nx;a\nx;b\n", schema), "type@2/1+5", "type@3/1+9")
	big := "99999999999999999999"
	expect(t, validate(t, "Nr;T\n"+big+";a\n"+big+"9;b\n"+big+";c\n", schema), "unique@4/1+52")
}

func TestUniqueRowsAndKeys(t *testing.T) {
	text := "A;B;C\n1;2;3\n1;2;4\n\"1\";2;3\n12;;3\n1;2;3\n"
	rows := func(s *csvschema.Schema) { s.UniqueRows = true }
	expect(t, validate(t, text, rows), "unique_rows@4/0+18", "unique_rows@6/0+32")
	keys := func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{{Name: "A"}, {Name: "B"}, {Name: "C"}}
		s.Keys = [][]string{{"A", "B"}}
	}
	rep := validate(t, text, keys)
	expect(t, rep, "key@3/0+12", "key@4/0+18", "key@6/0+32")
	if m := rep.Errors[0].Message.String(); m != "A, B already occur together in record 1" {
		t.Errorf("message %q", m)
	}
	expect(t, validate(t, text, func(s *csvschema.Schema) { keys(s); rows(s) }), "key@3/0+12", "unique_rows@4/0+18", "unique_rows@6/0+32")
	expect(t, validate(t, "A;B;C\n;;1\n;;2\n", keys))
}

func TestManyUniqueValues(t *testing.T) {
	var b strings.Builder
	b.WriteString("Nr;T\n")
	for i := range 200000 {
		fmt.Fprintf(&b, "%d;t%d\n", i*7919, i)
	}
	schema := func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{{Name: "Nr", Type: "integer", Unique: true}, {Name: "T", Unique: true}}
	}
	expect(t, validate(t, b.String(), schema))
	again := b.String() + "7919;t199999\n"
	rep := validate(t, again, schema)
	if rep.ErrorCount != 2 || !strings.Contains(rep.Errors[0].Message.String(), "record 2") || !strings.Contains(rep.Errors[1].Message.String(), "record 200000") {
		t.Errorf("faults %+v", rep.Errors)
	}
}

func TestInFile(t *testing.T) {
	opt := csvschema.Options{Lookup: func(path, column string) (map[string]struct{}, error) {
		return map[string]struct{}{path + "/" + column: {}}, nil
	}}
	schema := one(csvschema.Column{InFile: &csvschema.InFile{Path: "kst.csv", Column: "Nr"}})
	expect(t, validateWith(t, "Nr;V\n1;kst.csv/Nr\n2;\n", opt, schema))
	expect(t, validateWith(t, "Nr;V\n1;x\n", opt, schema), "in_file@2/2+7")
	opt.Lookup = func(string, string) (map[string]struct{}, error) { return nil, errors.New("gone") }
	s := csvschema.Default()
	schema(s)
	if _, err := csvschema.Validate(context.Background(), strings.NewReader("Nr;V\n"), -1, s, opt); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("err = %v", err)
	}
}

func TestMaxShrink(t *testing.T) {
	for last, bad := range map[int64]bool{0: false, 9: false, 10: false, 11: true, 100: true} {
		rep := validateWith(t, "a\n"+strings.Repeat("x\n", 7), csvschema.Options{LastRows: last}, func(s *csvschema.Schema) {
			s.HasMaxShrink, s.MaxShrink = true, 0.3
		})
		if (rep.ErrorCount == 1 && rep.Errors[0].Code == csvschema.CodeShrunk) != bad {
			t.Errorf("last %d: %v", last, brief(rep.Errors))
		}
	}
}

func TestChecks(t *testing.T) {
	var got map[string]any
	schema := func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{
			{Name: "G", Type: "decimal", Group: '.', Scale: -1},
			{Name: "D", Type: "date"},
			{Name: "J", Type: "boolean"},
			{Name: "T"},
		}
		s.ColumnsMode = "at_least"
		s.Checks = []csvschema.Check{{Name: "c", Holds: func(row map[string]any) (bool, string, error) {
			got = row
			switch row["T"] {
			case "bad":
				return false, "T is bad", nil
			case "broken":
				return false, "", errors.New("no such attribute")
			}
			return true, "", nil
		}}}
	}
	expect(t, validate(t, "G;D;J;T;Z\n1.234,50;29.02.2024;ja;ü;\n", schema))
	g, _ := got["G"].(*big.Float)
	if g == nil || g.Text('f', 2) != "1234.50" {
		t.Errorf("G = %v", got["G"])
	}
	delete(got, "G")
	if diff := cmp.Diff(map[string]any{"D": "2024-02-29", "J": true, "T": "ü", "Z": nil}, got); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	rep := validate(t, "G;D;J;T;Z\n1;;;bad;\n1;;;broken;\nx;;;bad;\n", schema)
	expect(t, rep, "check@2/0+10", "check_error@3/0+19", "type@4/1+31")
	if rep.Errors[0].Message.String() != `check "c": T is bad` || !strings.Contains(rep.Errors[1].Message.String(), "no such attribute") {
		t.Errorf("messages %q, %q", rep.Errors[0].Message.String(), rep.Errors[1].Message.String())
	}
}

func TestSchemaThatContradictsItself(t *testing.T) {
	for _, c := range []csvschema.Column{{Type: "money"}, {Type: "date", Min: "soon"}, {Type: "text", Max: "9"}, {Type: "integer", Min: "x"}} {
		s := csvschema.Default()
		one(c)(s)
		if _, err := csvschema.Validate(context.Background(), strings.NewReader("Nr;V\n"), -1, s, csvschema.Options{}); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	for name, change := range map[string]func(*csvschema.Schema){
		"key of an undeclared column": func(s *csvschema.Schema) { s.Keys = [][]string{{"X"}} },
		"unknown encoding":            func(s *csvschema.Schema) { s.Encoding = "ebcdic" },
		"no delimiter":                func(s *csvschema.Schema) { s.Delimiter = 0 },
		"delimiter is the quote":      func(s *csvschema.Schema) { s.Delimiter = s.Quote },
		"quote is a line end":         func(s *csvschema.Schema) { s.Quote = '\n' },
		"in_file without a lookup":    one(csvschema.Column{InFile: &csvschema.InFile{Path: "x"}}),
	} {
		s := csvschema.Default()
		change(s)
		if _, err := csvschema.Validate(context.Background(), strings.NewReader("Nr;V\n"), -1, s, csvschema.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
