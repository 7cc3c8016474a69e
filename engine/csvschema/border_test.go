package csvschema

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bordered holds the border of a text against the records that are found in it.
func bordered(t failing, s *Schema, text string) {
	p := &plan{Schema: s, columns: []*column{}, send: &sendable{}}
	load := func() *batch {
		b := &batch{n: len(text), quote: s.Quote}
		b.data = append([]byte(text), make([]byte, pad)...)
		b.data[b.n] = '\n'
		return b
	}
	find := func() recorder {
		f := newRecorder(p, mode{})
		f.scan.ends = endsLF
		return f
	}
	whole := load()
	f := find()
	end, err := f.records(whole, false, func(r record) error { f.data(whole, r); return nil })
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for _, wide := range slices.Compact([]bool{wideWords, false}) {
		had := wideWords
		wideWords = wide
		b, f := load(), find()
		pos := f.border(b)
		wideWords = had
		if got, want := b.stretch, (stretch{1, 1, f.scan.line, int64(len(whole.recs)) + 1}); pos != end || got != want {
			t.Fatalf("%q, wide %v: border at %d with %+v, records end at %d with %+v", text, wide, pos, got, end, want)
		}
		b.n, b.ahead = pos, b.n-pos
		if err := f.fill(b); err != nil || len(b.recs) != len(whole.recs) {
			t.Fatalf("%q, wide %v: %v, %d records instead of %d", text, wide, err, len(b.recs), len(whole.recs))
		}
	}
}

func TestBorder(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"1", "xyz", "Müller;", ";", ";", "\n", "\n", "\r\n", "\r", `"`, `"`, `""`, `"a"`, "\"b\nc\"", "\"d\r\n;\"\"e\"", "\x00", "1;2;3\n", "4;\"5\";6\r\n",
		strings.Repeat("x", 50), strings.Repeat("1;\"2\n3\"\n", 20), strings.Repeat("1;2\n", 40), strings.Repeat(`"a""b";`, 30),
	})
	rapid.Check(t, func(t *rapid.T) {
		s := Default()
		s.Quote = rapid.SampledFrom([]byte{'"', '"', '"', 0}).Draw(t, "quote")
		bordered(t, s, strings.Join(rapid.SliceOfN(piece, 1, 40).Draw(t, "pieces"), ""))
	})
}

func FuzzBorder(f *testing.F) {
	f.Add("1;\"2\r\n3\";\n4;5\"6\n" + strings.Repeat("\"7\"\"\";8\r\n", 10))
	f.Fuzz(func(t *testing.T, text string) { bordered(t, Default(), text) })
}
