package csvschema_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"dropform/engine/csvschema"
)

func encode(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wide(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestEncodings(t *testing.T) {
	win := func(s string) string { return encode(t, charmap.Windows1252, s) }
	latin9 := func(s string) string { return encode(t, charmap.ISO8859_15, s) }
	for _, tc := range []struct {
		name, text, declared string
		observed             string
		want                 []string
	}{
		{"ascii", "a;b\n1;2\n", "auto", "utf-8", nil},
		{"utf-8", "a;b\nä;€\n", "auto", "utf-8", nil},
		{"utf-8 with mark", "\ufeffa;b\nä;€\n", "auto", "utf-8", nil},
		{"windows-1252", win("a;b\nä;€\n"), "auto", "windows-1252", nil},
		{"windows-1252 behind ascii", "a;b\n" + strings.Repeat("1;2\n", 3000) + win("ä;€\n"), "auto", "windows-1252", nil},
		{"mark and a byte that is not utf-8", "\ufeffa;b\nä;x\n1;\"\xe4\"\n", "auto", "utf-8", []string{"encoding@3/2+15"}},
		{"a mixture is windows-1252 with garbled cells", "a;b\nmüde;1\n" + win("für;2\n"), "auto", "windows-1252", []string{"mojibake@2/1+4"}},
		{"neither", "a;b\n1;ä\nx\xe4;2\n3;y\x81z\n", "auto", "unknown", []string{"encoding@3/1+10", "encoding@4/2+17"}},
		{"utf-16le", wide("a;b\r\n\"ä\";€😀\r\nx\r\n"), "auto", "utf-16le", []string{"field_count@3/0+30"}},
		{"utf-16le declared", wide("a;b\r\n1;2\r\n"), "utf-16le", "utf-16le", nil},
		{"utf-16le with half a pair", wide("a;b\n1;2\n") + "\x3d\xd8\x3b\x00\x31\x00\n\x00x\x00\n\x00", "utf-16le", "utf-16le", []string{"encoding@3/1+18", "field_count@4/0+26"}},
		{"utf-16le cut", wide("a;b\n1;2\n3;") + "x", "utf-16le", "utf-16le", []string{"encoding@3/2+22"}},

		{"declared utf-8, is windows-1252", win("a;b\n1;x\n2;für\n3;ä\n"), "utf-8", "windows-1252", []string{"encoding_differs@3/2+11"}},
		{"declared utf-8, one broken cell", "a;b\nmüde;1\nf\xfcr;2\n", "utf-8", "utf-8", []string{"encoding@3/1+13"}},
		{"declared windows-1252, is utf-8", "a;b\n1;x\n2;für\n3;ä\n", "windows-1252", "utf-8", []string{"encoding_differs@3/2+11"}},
		{"declared windows-1252, one garbled cell", win("a;b\n1;für\n") + "2;für\n", "windows-1252", "windows-1252", []string{"mojibake@3/2+12"}},
		{"declared windows-1252, undefined byte", win("a;b\n1;für\n2;x") + "\x9d\n", "windows-1252", "windows-1252", []string{"encoding@3/2+13"}},
		{"declared windows-1252, utf-8 mark", "\ufeffa;b\n1;ü\n", "windows-1252", "utf-8", []string{"encoding_differs@1/0+0"}},
		{"declared utf-8, utf-16le mark", wide("a;b\n1;ü\n"), "utf-8", "utf-16le", []string{"encoding_differs@1/0+0"}},
		{"declared iso-8859-15", latin9("a;b\n1;ü€\n"), "iso-8859-15", "iso-8859-15", nil},
		{"declared iso-8859-1, is windows-1252", win("a;b\n1;ü€\n"), "iso-8859-1", "windows-1252", []string{"encoding_differs@2/2+7"}},

		{"workbook", "PK\x03\x04rest", "auto", "", []string{"excel_file@1/0+0"}},
		{"old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "auto", "", []string{"excel_file@1/0+0"}},
		{"utf-16le without mark", wide("a;b\n")[2:], "auto", "", []string{"utf16_without_bom@1/0+0"}},
		{"utf-16le declared, no mark", wide("a;b\n1;ü\n")[2:], "utf-16le", "utf-16le", nil},
		{"utf-16le declared, no mark, faulty", wide("a;b\n1;ü;3\n")[2:], "utf-16le", "utf-16le", []string{"field_count@2/0+8"}},
		{"utf-16le declared, is ascii", "a;b\n", "utf-16le", "", []string{"utf16_without_bom@1/0+0"}},
		{"utf-16le declared, is big-endian", "\x00a\x00;\x00b", "utf-16le", "", []string{"utf16_without_bom@1/0+0"}},
		{"utf-16be", "\xfe\xff\x00a", "auto", "", []string{"utf16_big_endian@1/0+0"}},
		{"binary", "a;b\n\x00\x00\x00\x01", "auto", "", []string{"not_text@2/0+4"}},
		{"zero byte far down", "a;b\n" + strings.Repeat("1;2\n", 2000) + "1;x\x00\n", "auto", "utf-8", []string{"encoding@2002/2+8007"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep := validate(t, tc.text, func(s *csvschema.Schema) { s.Encoding = tc.declared })
			expect(t, rep, tc.want...)
			if rep.Encoding != tc.observed {
				t.Errorf("observed %q, want %q", rep.Encoding, tc.observed)
			}
		})
	}
}

// A file may grow, or be of a sort of which nobody knows the size: what is said of that beforehand changes no verdict.
func TestAnnouncedSizeChangesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"plain": "A;B\n1;2\n", "byte order mark": "\ufeffA;B\nä;2\n", "utf-16": wide("A;B\n1;2\n"), "excel": "PK\x03\x04 and so on",
		"no text": strings.Repeat("A;B\n", 20) + "\x00\n", "windows-1252": "A;B\n\xe4;2\n", "long": strings.Repeat("A;B\n", 2000),
	} {
		length := int64(len(text))
		report := func(size int64) csvschema.Report {
			rep, err := csvschema.Validate(context.Background(), strings.NewReader(text), size, csvschema.Default(), csvschema.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rep.Size = 0
			return *rep
		}
		want := report(length)
		for _, size := range []int64{-1, 0, 1, 2, length / 2, length - 1, length + 1, 1 << 20} {
			if got := report(size); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, said to have %d bytes instead of %d:\n got %+v\nwant %+v", name, size, length, got, want)
			}
		}
	}
}

func TestBothReadingsAreShown(t *testing.T) {
	rep := validate(t, "a\nf\xfcr\n", func(s *csvschema.Schema) { s.Encoding = "utf-8" })
	if m := rep.Errors[0].Message.String(); !strings.Contains(m, "0xFC") || !strings.Contains(m, "offset 3") || !strings.Contains(m, `windows-1252 it is "ü"`) || !strings.Contains(m, "utf-8 does not define it") {
		t.Errorf("message %q", m)
	}
	rep = validate(t, "a\nfür\n", func(s *csvschema.Schema) { s.Encoding = "windows-1252" })
	if m := rep.Errors[0].Message.String(); !strings.Contains(m, "0xC3 0xBC") || !strings.Contains(m, `"Ã¼"`) || !strings.Contains(m, `"ü"`) {
		t.Errorf("message %q", m)
	}
	rep = validate(t, "a\nmüde\nf\xfcr\n", func(s *csvschema.Schema) { s.Encoding = "utf-8" })
	if f := rep.Errors[0]; f.Value != "f�r" || !strings.Contains(f.Message.String(), `"ü"`) {
		t.Errorf("fault %+v", f)
	}
}

func TestHeaderTellsTheEncoding(t *testing.T) {
	change := func(declared string) func(*csvschema.Schema) {
		return func(s *csvschema.Schema) {
			s.Encoding = declared
			s.Columns = []csvschema.Column{{Name: "Größe", Type: "integer"}}
		}
	}
	rep := validate(t, "Größe\nx\n", change("windows-1252"))
	expect(t, rep, "encoding_differs@1/1+2", "type@2/1+8")
	rep = validate(t, encode(t, charmap.Windows1252, "Größe\nx\n"), change("utf-8"))
	expect(t, rep, "encoding_differs@1/1+2", "type@2/1+6")
	rep = validate(t, encode(t, charmap.Windows1252, "Größe\n1\n"), change("auto"))
	expect(t, rep)
	if rep.Header[0] != "Größe" {
		t.Errorf("header %q", rep.Header)
	}
}

func TestMojibake(t *testing.T) {
	for text, bad := range map[string]bool{
		"fÃ¼r": true, "StraÃŸe": true, "â€“": true, "5 â‚¬": true, "Â§": true, "\u00c3\u009f": true, "ð\u0178\u02dc\u20ac": true,
		"für": false, "Straße": false, "–": false, "„TÄTÄ“": false, "»CAFÉ«": false, "SÃO": false, "â": false, "Ã": false,
	} {
		rep := validate(t, "a\n"+text+"\n", nil)
		if (rep.ErrorCount == 1) != bad {
			t.Errorf("%q: %v", text, brief(rep.Errors))
		}
	}
	warn := validate(t, "a\nfÃ¼r\n", func(s *csvschema.Schema) { s.Mojibake = csvschema.LevelWarn })
	if !warn.Valid || warn.WarningCount != 1 || !warn.Warnings[0].Warning {
		t.Errorf("warn: %+v", warn)
	}
	if allow := validate(t, "a\nfÃ¼r\n", func(s *csvschema.Schema) { s.Mojibake = csvschema.LevelAllow }); !allow.Valid || allow.WarningCount != 0 {
		t.Errorf("allow: %+v", allow)
	}
}

func TestNoBlockChecksStructureOnly(t *testing.T) {
	rep, err := csvschema.Validate(context.Background(), strings.NewReader("a;b\n#NV;fÃ¼r\nC:\\x.pdf;2\n3\n"), -1, nil, csvschema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, rep, "field_count@4/0+26")
	if rep.WarningCount != 0 {
		t.Errorf("warnings: %+v", rep.Warnings)
	}
}

// forward hides that a reader can seek.
type forward struct{ io.Reader }

// rewinder can only go back to its start, as a reader does that hashes what it delivers.
type rewinder struct{ *strings.Reader }

func (r *rewinder) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("only the start can be found")
	}
	return r.Reader.Seek(0, io.SeekStart)
}

func TestLateEncodingNeedsAnotherPass(t *testing.T) {
	text := "a\nmüde\n" + strings.Repeat("x\n", 3000) + "f\xfcr\n"
	_, err := csvschema.Validate(context.Background(), forward{strings.NewReader(text)}, -1, csvschema.Default(), csvschema.Options{})
	if err == nil || !strings.Contains(err.Error(), "cannot be read again") {
		t.Errorf("err = %v", err)
	}
	rep, err := csvschema.Validate(context.Background(), &rewinder{Reader: strings.NewReader(text)}, int64(len(text)), csvschema.Default(), csvschema.Options{})
	if err != nil || rep.Encoding != "windows-1252" {
		t.Errorf("reader that only goes back to its start: report %+v, err %v", rep, err)
	}
	seekable := strings.NewReader("skipped" + text)
	if _, err := seekable.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	rep, err = csvschema.Validate(context.Background(), seekable, int64(len(text)), csvschema.Default(), csvschema.Options{})
	if err != nil || rep.Encoding != "windows-1252" || rep.Errors[0].Line != 2 {
		t.Errorf("report %+v, err %v", rep, err)
	}
}

// TestOddCharactersBelowUsualOnes: what earlier records proved about the file does not excuse a later one.
func TestOddCharactersBelowUsualOnes(t *testing.T) {
	const usual = 100
	for _, c := range []struct {
		encoding, send string
		usual, odd     string
		want           csvschema.Code
	}{
		{"auto", "", "ü", "Ã¤", csvschema.CodeMojibake},
		{"windows-1252", "", "\xfc", "\xc3\xa4", csvschema.CodeMojibake},
		{"auto", "", "\xfc", "\xc3\xa4", csvschema.CodeMojibake},
		{"auto", "iso-8859-1", "ü", "Ω", csvschema.CodeUnmappable},
		{"iso-8859-15", "iso-8859-1", "\xfc", "\xa4", csvschema.CodeUnmappable},
		{"iso-8859-15", "windows-1252", "\xfc", "\xa4", ""},
		{"windows-1252", "", "\xfc", "\x81", csvschema.CodeEncoding},
	} {
		text := "A;B\n" + strings.Repeat(c.usual+";1\n", usual) + c.odd + ";2\n"
		rep := validate(t, text, func(s *csvschema.Schema) { s.Encoding, s.SendEncoding = c.encoding, c.send })
		if c.want == "" {
			expect(t, rep)
		} else if len(rep.Errors) != 1 || rep.Errors[0].Code != c.want || rep.Errors[0].Line != usual+2 {
			t.Errorf("%+v: %v", c, brief(rep.Errors))
		}
	}
}

// TestWhatTheEyeDoesNotSee: a message says what differs where both look the same, and where a zero byte lies.
func TestWhatTheEyeDoesNotSee(t *testing.T) {
	t.Parallel()
	header := validate(t, "Nr;Gr\u006f\u0308\u00dfe\n1;2\n", func(s *csvschema.Schema) {
		s.Columns = []csvschema.Column{{Name: "Nr"}, {Name: "Gr\u00f6\u00dfe"}}
	})
	if got := header.Errors[0].Message.String(); !strings.Contains(got, `"Größe" is written with letters and accents apart`) || strings.Contains(got, "missing") {
		t.Errorf("header: %s", got)
	}
	zero := validate(t, "Nr;Name\n1;M\x00ller\n", func(*csvschema.Schema) {})
	if f := zero.Errors[0]; f.Offset != 11 || f.Line != 2 || !strings.HasSuffix(f.Message.String(), "a byte 0x00 at offset 11") {
		t.Errorf("zero byte: %+v", f)
	}
}
