package csvschema_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"dropform/engine/csvschema"
)

// wages is a file of three fields with one character between the first two: Nr in 1 to 4, Name in 6 to 12, Lohn in 13 to 20.
func wages(s *csvschema.Schema) {
	s.Header = false
	s.Fixed = []csvschema.FixedField{{Name: "Nr", Start: 1, Length: 4}, {Name: "Name", Start: 6, Length: 7}, {Name: "Lohn", Start: 13, Length: 8}}
	s.Columns = []csvschema.Column{
		{Name: "Nr", Type: "integer", Unique: true, Scale: -1},
		{Name: "Lohn", Type: "decimal", Group: '.', Scale: -1, Required: true},
	}
}

func TestFixed(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		change     func(*csvschema.Schema)
		want       []string
	}{
		{"padded", "0001 Müller 1.234,50\n0002 Groß      99,00\n", nil, nil},
		{"crlf, no line end at the end", "0001 Müller 1.234,50\r\n0002 Groß      99,00", nil, nil},
		{"cr", "0001 Müller 1.234,50\r0002 Groß      99,00\r", nil, nil},
		{"trailing spaces trimmed", "0001 Müller 99,00\n", nil, nil},
		{"a mark is no character", "\ufeff0001 Müller 1.234,50\n", nil, nil},
		{"quotes and delimiters are text", "0001 \"M;ll\" 1.234,50\n", nil, nil},
		{"places are characters, offsets bytes", "0001 Müller 1.234,50\n0002 Änne       x,00\n", nil, []string{"type@2/3+39"}},
		{"with crlf and a mark", "\ufeff0001 Müller 1.234,50\r\n0002 Änne       x,00\r\n", nil, []string{"type@2/3+43"}},
		{"an empty field lies where it begins", "0001 Änne           \n", nil, []string{"required@1/3+13"}},
		{"a missing field lies at the end of the line", "0001 Änne\n", nil, []string{"required@1/3+10"}},
		{"astral and combining characters count one each", "0001 M😀u\u0308ll 1.234,50\n", nil, nil},
		{"unique", "0001 A      1\n0002 B      1\n   9 C      1\n0001 D      1\n", nil, []string{"unique@4/1+42"}},
		{"blank", "0001 A      1\n\n        \n0002 B      1\n", nil, []string{"blank_row@2/0+14", "blank_row@3/0+15"}},
		{"blank skipped", "0001 A      1\n\n        \n0002 B      1\n", func(s *csvschema.Schema) { s.BlankRows = "skip" }, nil},
		{"cut short", "0001 A      1\n0002 Müller    \n0003 B      1\n", nil, []string{"line_too_short@2/0+14"}},
		{"between the fields", "0001xMüller 1.234,50\n0002 B      1\n", nil, []string{"outside_fields@1/0+4"}},
		{"behind the fields", "0001 Müller 1.234,50  \n0002 Müller 1.234,50 ß\n", nil, []string{"outside_fields@2/0+46"}},
		{"outside is allowed", "0001äMüller 1.234,50äx\n0002 B      x\n", func(s *csvschema.Schema) { s.ColumnsMode = "at_least" }, []string{"type@2/3+38"}},
		{"stray cr", "0001 A      1\n0002 B\rC    1\n", nil, []string{"stray_cr@2/2+20"}},
		{"NUL", "0001 A\x00     1\n", func(s *csvschema.Schema) { s.Encoding = "utf-8" }, []string{"not_text@1/0+6"}},
		{"a header is skipped, whatever it says", "PersonalNr;Lohnbetrag, lang\n0001 A      1\nNr\n", func(s *csvschema.Schema) { s.Header = true }, []string{"type@3/1+42", "required@3/3+44"}},
		{"too long", "0001 Müller 1.234,50" + strings.Repeat(" ", 20) + "\n0002 B      1\n", func(s *csvschema.Schema) { s.MaxRecord = 30 }, []string{"record_too_long@1/0+0"}},
		{"footer", "0001 A      1\nSumme: 1\n", func(s *csvschema.Schema) { s.SkipFooter = 1 }, nil},
		{"a byte that is not UTF-8 is one character", "0001 M\xe4ü    1\n0002 ü      x\n", func(s *csvschema.Schema) { s.Encoding = "utf-8" }, []string{"encoding@1/2+6", "type@2/3+28"}},
		{"key", "0001 A      1\n0001 A      2\n", func(s *csvschema.Schema) {
			s.Columns = s.Columns[1:]
			s.Keys = [][]string{{"Nr", "Name"}}
		}, []string{"key@2/0+14"}},
		{"empty", "", nil, []string{"empty_file@1/0+0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep := validate(t, tc.text, func(s *csvschema.Schema) {
				wages(s)
				if tc.change != nil {
					tc.change(s)
				}
			})
			expect(t, rep, tc.want...)
		})
	}
}

// TestFixedInOtherEncodings: a character is a character in every encoding, and the same cell is at fault.
func TestFixedInOtherEncodings(t *testing.T) {
	text := "0001 Müller 1.234,50\r\n0002 Änne       x,00\r\n0003äMüller 1.234,50\r\n"
	for _, tc := range []struct{ name, text, want string }{
		{"windows-1252", encode(t, charmap.Windows1252, text), "type@2/3+38 outside_fields@3/0+48"},
		{"utf-16le", wide(text), "type@2/3+78 outside_fields@3/0+98"},
	} {
		rep := validate(t, tc.text, wages)
		if got := strings.Join(brief(rep.Errors), " "); got != tc.want || rep.Encoding != tc.name || rep.Rows != 3 {
			t.Errorf("%s: %s in %s, %d rows", tc.name, got, rep.Encoding, rep.Rows)
		}
	}
	// The only byte that is no UTF-8 lies where no field is.
	rep := validate(t, encode(t, charmap.Windows1252, "0001äMuller 1\n"), func(s *csvschema.Schema) { wages(s); s.ColumnsMode = "any" })
	if !rep.Valid || rep.Encoding != "windows-1252" {
		t.Errorf("%s: %v", rep.Encoding, brief(rep.Errors))
	}
	// Half a pair is one character and one error; what follows stays in its place.
	half := []byte(wide("0001 x      12345,67\n"))
	half[2+2*5], half[2+2*5+1] = 0x3d, 0xd8
	expect(t, validate(t, string(half), wages), "encoding@1/2+12")
}

func TestFixedFaultsAreDescribed(t *testing.T) {
	rep := validate(t, "0001 Änne       x,00\n0002ÄB      1\n0003 C   \n", wages)
	var got []string
	for _, f := range rep.Errors {
		got = append(got, f.Column+"|"+f.Value+"|"+f.Message.String()+"|"+f.Expected.String())
	}
	want := []string{
		"Lohn|x,00|the value is not of type decimal|a decimal number such as 1.234,56",
		"|0002ÄB      1|character 5 of the line lies outside every field|",
		"|0003 C   |the line has 9 characters and was cut off: its fields need 20|20 characters",
	}
	got[0] = strings.Replace(got[0], rep.Errors[0].Expected.String(), "a decimal number such as 1.234,56", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Nr", "Name", "Lohn"}, rep.Header); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	text := "0001 Änne       x,00\n0002 B      1\n0003 C   \n"
	if err := validate(t, text, wages).WriteRejected(&out, strings.NewReader(text)); err != nil || out.String() != "0001 Änne       x,00\n0003 C   \n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestFixedReportDoesNotDependOnBufferOrWorkers draws lines out of what makes cutting them hard.
func TestFixedReportDoesNotDependOnBufferOrWorkers(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"1", "22", "x", "ä", "€", "😀", "u\u0308", "\xe4", "\x81", "\xed\xa0\xbd", ";", "\"", " ", " ", "   ", "\n", "\n", "\r\n", "\r", "\x00", "1,5",
		"0001 Müller 1.234,50\n", "0002 B      1\r\n", "0003 C",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), "")
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0:
			text = "\ufeff" + text
		case 1:
			text = wide(strings.ToValidUTF8(text, "?"))
		}
		s := csvschema.Default()
		wages(s)
		s.Encoding = rapid.SampledFrom([]string{"auto", "auto", "utf-8", "windows-1252"}).Draw(t, "encoding")
		s.Header = rapid.Bool().Draw(t, "named")
		s.SkipFooter = rapid.IntRange(0, 2).Draw(t, "footer")
		s.MaxRecord = rapid.SampledFrom([]int64{8, 21, 1 << 20}).Draw(t, "maxRecord")
		s.ColumnsMode = rapid.SampledFrom([]string{"exact", "at_least"}).Draw(t, "columns")
		s.BlankRows = rapid.SampledFrom([]string{"error", "skip"}).Draw(t, "blank")
		s.SendEncoding = rapid.SampledFrom([]string{"", "windows-1252", "utf-8"}).Draw(t, "send")
		want := everything(t, text, s, csvschema.Options{}, false)
		opt := csvschema.Options{Buffer: rapid.IntRange(1, 40).Draw(t, "buffer"), Workers: rapid.IntRange(0, 4).Draw(t, "workers")}
		if diff := cmp.Diff(want, everything(t, text, s, opt, rapid.Bool().Draw(t, "oneByte"))); diff != "" {
			t.Fatalf("%+v: %q (-whole +pieces):\n%s", opt, text, diff)
		}
	})
}

func TestFieldsThatContradictThemselves(t *testing.T) {
	field := func(name string, start, length int) csvschema.FixedField {
		return csvschema.FixedField{Name: name, Start: start, Length: length}
	}
	for want, s := range map[string]*csvschema.Schema{
		"overlap":         {Fixed: []csvschema.FixedField{field("A", 1, 4), field("B", 4, 4)}},
		"out of order":    {Fixed: []csvschema.FixedField{field("A", 5, 4), field("B", 1, 4)}},
		"at least 1":      {Fixed: []csvschema.FixedField{field("A", 0, 4)}},
		"two fields":      {Fixed: []csvschema.FixedField{field("A", 1, 4), field("A", 5, 4)}},
		"no such field":   {Fixed: []csvschema.FixedField{field("A", 1, 4)}, Columns: []csvschema.Column{{Name: "B"}}},
		"is not declared": {Fixed: []csvschema.FixedField{field("A", 1, 4)}, Keys: [][]string{{"B"}}},
	} {
		s.Delimiter = ';'
		_, err := csvschema.Validate(t.Context(), strings.NewReader("x"), 1, s, csvschema.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
