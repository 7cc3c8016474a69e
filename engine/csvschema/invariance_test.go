package csvschema_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"dropform/engine/csvschema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything is the whole report as bytes: what any of the outputs would show.
func everything(t interface{ Fatal(...any) }, text string, s *csvschema.Schema, opt csvschema.Options, oneByte bool) string {
	var r interface {
		Read([]byte) (int, error)
	} = strings.NewReader(text)
	if oneByte {
		r = &oneByteSeeker{strings.NewReader(text)}
	}
	rep, err := csvschema.Validate(context.Background(), r, int64(len(text)), s, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := csvschema.WriteJSON(&out, csvschema.Checked{Report: rep}); err != nil {
		t.Fatal(err)
	}
	if err := rep.WriteRejected(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return out.String() + strings.Join(rep.Header, "|")
}

// oneByteSeeker delivers a byte at a time.
type oneByteSeeker struct{ *strings.Reader }

func (o *oneByteSeeker) Read(p []byte) (int, error) { return iotest.OneByteReader(o.Reader).Read(p) }

// TestReportDoesNotDependOnBufferOrWorkers draws files out of the pieces that make scanning hard.
func TestReportDoesNotDependOnBufferOrWorkers(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"1", "22", "x", "ä", "€", "Ã¤", "\xe4", "\x81", ";", ";", ";", "\n", "\n", "\r\n", "\r", "\"", "\"\"", "\"a\"", "\"b\nc\"",
		"\"d\r\ne\"", "#NV", "01.02.2024", "1.234,5", " ", "\x00", "C:\\x\\y", "1;x;1\n", "1,00E+05", "\"\"", "ja", "1;2;3\n", "4;ja;\"ü\"\n", "7;8;9\r\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "long") { // so that there are whole blocks in which nothing is unusual
			usual := strings.Repeat("1;x;1\n2;\"y\r\nz\";\n3;\"\"\"ü\"\"\";12,5\r\n", rapid.IntRange(1, 20).Draw(t, "usual"))
			text = usual + text + usual
		}
		if rapid.Bool().Draw(t, "header") {
			text = "A;B;C\n" + text
		}
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0:
			text = "\ufeff" + text
		case 1:
			text = wide(strings.ToValidUTF8(text, "?"))
		case 2:
			if recoded, err := charmap.Windows1252.NewEncoder().String(strings.ToValidUTF8(text, "?")); err == nil {
				text = recoded
			}
		}
		s := drawnSchema(t)
		opt := csvschema.Options{LastRows: rapid.Int64Range(0, 6).Draw(t, "lastRows")}
		want := everything(t, text, s, opt, false)
		opt.Buffer = rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(41, 1000)).Draw(t, "buffer")
		opt.Workers = rapid.IntRange(0, 4).Draw(t, "workers")
		if diff := cmp.Diff(want, everything(t, text, s, opt, rapid.Bool().Draw(t, "oneByte"))); diff != "" {
			t.Fatalf("%+v: %q (-whole +pieces):\n%s", opt, text, diff)
		}
	})
}

// TestBordersOfBatches moves the border between two batches, whose records one worker does not wait for, over whatever may
// look different from there: with each buffer it lies elsewhere.
func TestBordersOfBatches(t *testing.T) {
	usual := strings.Repeat("1;x;1\n2;\"y\r\nz\";\r\n3;\"\"\"ü\"\"\";12,5\n", 8)
	for name, text := range map[string]string{
		"line ends in quotes":         "4;\"\n\r\n\n;\"\"\n\";\r\n",
		"bare quote":                  "4;24\" Monitor;1\n",
		"text behind a quote":         "4;\"a\"b;1\n",
		"two bare quotes in two rows": "4;a\"b;1\n5;c\"d;1\n",
		"unclosed":                    "4;\"x;1\n",
		"unclosed, and closed below":  "4;\"x;1\n5;y\";1\n",
		"too long":                    "4;" + strings.Repeat("x", 1200) + ";1\n",
		"too long in quotes":          "4;\"" + strings.Repeat("x\n", 600) + "\";1\n",
		"stray CR":                    "4;a\rb;1\n\r\n5;\"a\"\r;1\n",
		"NUL":                         "4;\x00;\"\x00\"\n",
		"blank":                       "\n;;\r\n\"\";;\n",
		"garbled and other letters":   "4;Ã¤€ßÄ;1\n",
		"no UTF-8":                    "4;\xfc;1\n",
		"no Windows-1252":             "4;\x81;1\n",
		"wrong cells":                 "#NV;1,00E+05;C:\\x\n",
	} {
		for _, mark := range []string{"", "\ufeff"} {
			whole := mark + "A;B;C\n" + usual + text + usual + "5;\"y"
			s := csvschema.Default()
			s.MaxRecord, s.SkipFooter = 1000, len(name)%3
			s.Columns = []csvschema.Column{{Name: "A", Type: "integer", Scale: -1}, {Name: "B", Scale: -1}, {Name: "C", Type: "decimal", Group: '.', Scale: -1}}
			want := everything(t, whole, s, csvschema.Options{}, false)
			for buffer := 1; buffer < len(whole); buffer += 1 + buffer/100 {
				if diff := cmp.Diff(want, everything(t, whole, s, csvschema.Options{Buffer: buffer, Workers: 2}, false)); diff != "" {
					t.Fatalf("%s, buffer %d (-whole +pieces):\n%s", name, buffer, diff)
				}
			}
		}
	}
}

// drawnSchema draws what may matter to the report of a file with columns A, B and C.
func drawnSchema(t *rapid.T) *csvschema.Schema {
	s := csvschema.Default()
	s.Encoding = rapid.SampledFrom([]string{"auto", "auto", "utf-8", "windows-1252", "iso-8859-15"}).Draw(t, "encoding")
	s.SendEncoding = rapid.SampledFrom([]string{"", "", "utf-8", "windows-1252", "iso-8859-1", "utf-16le"}).Draw(t, "send")
	s.Quote = rapid.SampledFrom([]byte{'"', '"', '"', 0}).Draw(t, "quote")
	s.Header = rapid.Bool().Draw(t, "named")
	s.HeaderRow = rapid.IntRange(1, 3).Draw(t, "headerRow")
	s.SkipFooter = rapid.IntRange(0, 2).Draw(t, "footer")
	s.MaxRecord = rapid.SampledFrom([]int64{8, 20, 1 << 20}).Draw(t, "maxRecord")
	s.MaxErrors = rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "maxErrors")
	s.MaxRows = rapid.Int64Range(0, 4).Draw(t, "maxRows")
	s.MinRows = rapid.Int64Range(0, 2).Draw(t, "minRows")
	s.BlankRows = rapid.SampledFrom([]string{"error", "skip"}).Draw(t, "blank")
	s.UniqueRows = rapid.Bool().Draw(t, "uniqueRows")
	s.HasMaxShrink, s.MaxShrink = rapid.Bool().Draw(t, "hasMaxShrink"), rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "maxShrink")
	s.FileReferences = rapid.SampledFrom([]csvschema.Level{csvschema.LevelWarn, csvschema.LevelError}).Draw(t, "references")
	if rapid.IntRange(0, 4).Draw(t, "form of records") == 0 {
		s.Fixed = []csvschema.FixedField{{Name: "A", Start: 1, Length: 2}, {Name: "B", Start: 4, Length: 3}, {Name: "C", Start: 7, Length: 5}}
	}
	if rapid.Bool().Draw(t, "columns") {
		s.ColumnsMode = rapid.SampledFrom([]string{"at_least", "exact"}).Draw(t, "mode")
		s.Columns = []csvschema.Column{
			{Name: "A", Type: "integer", Unique: true, Scale: -1},
			{Name: "B", Required: true, MaxLength: 3, Sensitive: rapid.Bool().Draw(t, "sensitive"), Scale: -1},
			{Name: "C", Type: rapid.SampledFrom([]string{"", "decimal", "date", "boolean"}).Draw(t, "type"), Group: '.', Scale: -1, Optional: true},
		}
		s.Keys = [][]string{{"A", "B"}}
	}
	if rapid.IntRange(0, 3).Draw(t, "checks") == 0 {
		s.Checks = []csvschema.Check{
			{Name: "B is not x", Holds: func(row map[string]any) (bool, string, error) { return row["B"] != "x", "B is x", nil }},
			{Name: "C is not 1", Holds: func(row map[string]any) (bool, string, error) {
				if row["C"] == "1" {
					return false, "", errors.New("C is 1")
				}
				return true, "", nil
			}},
		}
	}
	return s
}

// TestOneErrorForAHeader: what stands above a header that does not fit is no second error, even where it was handed on
// before the header was read.
func TestOneErrorForAHeader(t *testing.T) {
	s := csvschema.Default()
	s.HeaderRow, s.SendEncoding = 3, "iso-8859-1"
	s.Columns = []csvschema.Column{{Name: "A", Scale: -1}}
	for _, buffer := range []int{0, 10, 15} {
		text := "Preis in €\nStand €\nB;C\n1;2\n"
		rep, err := csvschema.Validate(context.Background(), strings.NewReader(text), -1, s, csvschema.Options{Buffer: buffer})
		if err != nil || rep.ErrorCount != 1 || len(rep.Errors) != 1 || rep.Errors[0].Code != csvschema.CodeHeader {
			t.Errorf("buffer %d: %v %+v", buffer, err, rep)
		}
	}
}

// TestFooterComesLast: what is wrong below the data stands behind what is wrong in it, duplicates included.
func TestFooterComesLast(t *testing.T) {
	s := csvschema.Default()
	s.SkipFooter, s.SendEncoding = 1, "iso-8859-1"
	s.Columns = []csvschema.Column{{Name: "A", Unique: true, Scale: -1}, {Name: "B", MaxLength: 1, Scale: -1}}
	for _, buffer := range []int{0, 5, 10, 15} {
		text := "A;B\n1;a\n1;b\n2;cc\n€;\n"
		rep, err := csvschema.Validate(context.Background(), strings.NewReader(text), -1, s, csvschema.Options{Buffer: buffer})
		if err != nil {
			t.Fatal(err)
		}
		var codes []csvschema.Code
		for _, f := range rep.Errors {
			codes = append(codes, f.Code)
		}
		if diff := cmp.Diff([]csvschema.Code{csvschema.CodeUnique, csvschema.CodeMaxLength, csvschema.CodeUnmappable}, codes); diff != "" {
			t.Errorf("buffer %d (-want +got):\n%s", buffer, diff)
		}
	}
}
