package csvschema_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"dropform/engine/csvschema"
)

func recoded(t interface{ Fatal(...any) }, text, from, to string, piece int) (string, error) {
	r, err := csvschema.NewRecoder(from, to)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for rest := text; ; rest = rest[piece:] {
		if len(rest) <= piece {
			out, err = r.Append(out, []byte(rest), true)
			return string(out), err
		}
		if out, err = r.Append(out, []byte(rest[:piece]), false); err != nil {
			return string(out), err
		}
	}
}

func TestRecode(t *testing.T) {
	win := func(s string) string { return encode(t, charmap.Windows1252, s) }
	const text = "a;b\r\nMüller;€ 5\r\n"
	for _, tc := range []struct {
		name, text, from, to, want string
		err                        error
	}{
		{"to utf-8", win(text), "windows-1252", "utf-8", text, nil},
		{"to windows-1252", text, "utf-8", "windows-1252", win(text), nil},
		{"a mark goes", "\ufeff" + text, "utf-8", "windows-1252", win(text), nil},
		{"also from the same encoding", "\ufeff" + text, "utf-8", "utf-8", text, nil},
		{"only the first", "\ufeff\ufeffa", "utf-8", "utf-8", "\ufeffa", nil},
		{"utf-16le has one", text, "utf-8", "utf-16le", wide(text), nil},
		{"and stays", wide(text), "utf-16le", "utf-16le", wide(text), nil},
		{"utf-16le to utf-8", wide(text + "😀"), "utf-16le", "utf-8", text + "😀", nil},
		{"pairs", "😀", "utf-8", "utf-16le", wide("😀"), nil},
		{"nothing", "", "utf-8", "windows-1252", "", nil},
		{"nothing to utf-16le", "", "utf-8", "utf-16le", "\xff\xfe", nil},
		{"the euro's place", encode(t, charmap.ISO8859_15, "€"), "iso-8859-15", "windows-1252", "\x80", nil},
		{"no euro in latin-1", "5 €", "utf-8", "iso-8859-1", "5 ", csvschema.ErrUnmappable},
		{"no Polish in windows-1252", "Wałęsa", "utf-8", "windows-1252", "Wa", csvschema.ErrUnmappable},
		{"no control codes", "\u0081", "utf-8", "windows-1252", "", csvschema.ErrUnmappable},
		{"not even where the set has bytes for them", "\u0085", "utf-8", "iso-8859-1", "", csvschema.ErrUnmappable},
		{"no mark in the middle", "a\ufeff", "utf-8", "iso-8859-15", "a", csvschema.ErrUnmappable},
		{"a byte that is not UTF-8", "a\xe4b", "utf-8", "windows-1252", "a", csvschema.ErrUndecodable},
		{"half a character", "a\xc3", "utf-8", "utf-8", "a", csvschema.ErrUndecodable},
		{"a byte that windows-1252 lacks", "a\x81", "windows-1252", "utf-8", "a", csvschema.ErrUndecodable},
		{"a byte that no latin-1 text has", "a\x85", "iso-8859-1", "utf-8", "a", csvschema.ErrUndecodable},
		{"half a pair", wide("a") + "\x3d\xd8b\x00", "utf-16le", "utf-8", "a", csvschema.ErrUndecodable},
		{"an odd byte", wide("a") + "x", "utf-16le", "utf-8", "a", csvschema.ErrUndecodable},
	} {
		for _, piece := range []int{1, 2, 3, 1 << 20} {
			got, err := recoded(t, tc.text, tc.from, tc.to, piece)
			if got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("%s in pieces of %d: %q, %v; want %q, %v", tc.name, piece, got, err, tc.want, tc.err)
			}
		}
	}
	if _, err := csvschema.NewRecoder("auto", "utf-8"); err == nil {
		t.Error("auto is no encoding")
	}
}

// TestRecodeThereAndBack: what a Recoder accepts comes back unchanged, whatever the pieces.
func TestRecodeThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aZ;\n\"äß€Œž😀\u0308ł"))).Draw(t, "text")
		to := rapid.SampledFrom([]string{"utf-8", "utf-16le", "windows-1252", "iso-8859-15"}).Draw(t, "to")
		there, err := recoded(t, text, "utf-8", to, rapid.IntRange(1, 9).Draw(t, "piece"))
		if err != nil {
			if !strings.ContainsAny(text, "😀\u0308łŒž") {
				t.Fatal(err)
			}
			return
		}
		if back, err := recoded(t, there, to, "utf-8", rapid.IntRange(1, 9).Draw(t, "backPiece")); err != nil || back != text {
			t.Fatalf("%q became %q, %v", text, back, err)
		}
	})
}

// TestUnmappable: what send_encoding cannot hold is an error of its cell, at the very character.
func TestUnmappable(t *testing.T) {
	send := func(name string) func(*csvschema.Schema) {
		return func(s *csvschema.Schema) {
			s.SendEncoding = name
			s.Columns = []csvschema.Column{{Name: "Nr", Type: "integer", Scale: -1}, {Name: "V", Sensitive: true}}
			s.ColumnsMode = "at_least"
		}
	}
	for _, tc := range []struct {
		name, text string
		change     func(*csvschema.Schema)
		want       []string
	}{
		{"all can be sent", "Nr;V;W\n1;Müller;€\n", send("windows-1252"), nil},
		{"as UTF-8 everything can", "Nr;V;W\n1;ł;😀\n", send("utf-8"), nil},
		{"as UTF-16 too", "Nr;V;W\n1;ł;😀\n", send("utf-16le"), nil},
		{"a cell", "Nr;V;W\n1;üł;\"€\nł\"\nx;1;1\n", send("windows-1252"), []string{"unmappable@2/2+11", "unmappable@2/3+19", "type@4/1+23"}},
		{"the mark of the file is none of its characters", "\ufeffNr;V;W\n1;ü;ł\n", send("iso-8859-15"), []string{"unmappable@2/3+15"}},
		{"before its type", "Nr;V;W\nł;1;1\n", send("iso-8859-1"), []string{"unmappable@2/1+7"}},
		{"the header", "Nr;V;ł\n1;1;1\n", send("windows-1252"), []string{"unmappable@1/3+5"}},
		{"above the header", "Quelle ł\nNr;V;W\n1;1;1\n", func(s *csvschema.Schema) { send("windows-1252")(s); s.HeaderRow = 2 }, []string{"unmappable@1/0+7"}},
		{"the footer", "Nr;V;W\n1;1;1\nSumme;ł;1\n", func(s *csvschema.Schema) { send("windows-1252")(s); s.SkipFooter = 1 }, []string{"unmappable@3/0+19"}},
		{"no other check", "a\n1\nł\n", func(s *csvschema.Schema) {
			s.SendEncoding = "windows-1252"
			s.ExcelDamage, s.Mojibake, s.FileReferences = csvschema.LevelAllow, csvschema.LevelAllow, csvschema.LevelAllow
		}, []string{"unmappable@3/1+4"}},
		{"windows-1252 as latin-1", "a\n\x80\n", func(s *csvschema.Schema) { s.SendEncoding = "iso-8859-1" }, []string{"unmappable@2/1+2"}},
		{"a header that is no text", "a\x81\n1\n", func(s *csvschema.Schema) { s.SendEncoding = "utf-8" }, []string{"encoding@1/1+1"}},
		{"utf-16le", wide("Nr;V;W\n1;ü;ł\n"), send("windows-1252"), []string{"unmappable@2/3+24"}},
	} {
		t.Run(tc.name, func(t *testing.T) { expect(t, validate(t, tc.text, tc.change), tc.want...) })
	}
	rep := validate(t, "Nr;V;W\n1;üł;ął\n", send("windows-1252"))
	if f := rep.Errors[1]; f.Value != "ął" || f.Message.String() != `the file cannot be sent as windows-1252, which lacks a character of this cell: 'ą' (U+0105)` || f.Expected.String() != "characters of windows-1252" {
		t.Errorf("%+v", f)
	}
	if f := rep.Errors[0]; f.Value != "***" || strings.Contains(f.Message.String(), "ł") {
		t.Errorf("a sensitive value shows: %+v", f)
	}
}

// TestReadingTellsTheEncoding: whoever recodes along learns of each reading before its first byte past the beginning, and
// the last one is the report's.
func TestReadingTellsTheEncoding(t *testing.T) {
	text := "a\n" + strings.Repeat("x\n", 5000) + "\xe4\n"
	var told []string
	opt := csvschema.Options{Reading: func(name string) { told = append(told, name) }}
	rep, err := csvschema.Validate(t.Context(), &rewinder{Reader: strings.NewReader(text)}, int64(len(text)), nil, opt)
	if err != nil || strings.Join(told, " ") != "utf-8 windows-1252" || rep.Encoding != "windows-1252" {
		t.Errorf("%v, %v, %v", told, rep, err)
	}
}
