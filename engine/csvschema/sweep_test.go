package csvschema

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSweepIsScan holds every record that sweep takes against what scan makes of it.
func TestSweepIsScan(t *testing.T) {
	cell := rapid.SampledFrom([]string{
		"", "", "1", "x", "Müller", "ä", "ßÜ", "€", "Ã¤", "\xe4", "\xc3", "\xa4", "\xc0\xaf", "\x81", "\t", "\x01", `""`, `"a"`, `"b;c"`, `"d""e"`, `""""`,
		"\"f\ng\"", "\"h\r\ni\"", "\"ü\n\n\"", strings.Repeat("lang", 20), strings.Repeat("ö", 40),
		" ", " o", `" p"`, "C:\\q", "D:/r", `\\s\t`, "FILE:/u", "1,00E+05", "2E-10", "#NV", "####", "\"", "\"j", "k\"", "\"l\"m", "\r", "\x00", "n\ro",
	})
	end := rapid.SampledFrom([]string{"\n", "\n", "\r\n", "\r\n", "", "\r"})
	rapid.Check(t, func(t *rapid.T) {
		s := Default()
		s.Delimiter = rapid.SampledFrom([]byte(";;,\t")).Draw(t, "delimiter")
		s.Quote = rapid.SampledFrom([]byte{'"', '"', '"', 0}).Draw(t, "quote")
		s.MaxRecord = rapid.SampledFrom([]int64{1 << 20, 1 << 20, 100, 10}).Draw(t, "max")
		var b strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			b.WriteString(strings.Join(rapid.SliceOfN(cell, 1, 6).Draw(t, "cells"), string(rune(s.Delimiter))))
			b.WriteString(end.Draw(t, "end"))
		}
		text := b.String()
		sameAsScan(t, s, text, rapid.Bool().Draw(t, "eof"), rapid.Bool().Draw(t, "single"))
	})
}

// TestSweepAcrossBlocks moves whatever is more than one byte over the edges of the blocks, and of those whose masks are made
// together.
func TestSweepAcrossBlocks(t *testing.T) {
	for _, text := range []string{
		`"a"`, `"a"b`, `"a""b"`, `""""`, `a"b`, "\"a\r\nb\"", "a\rb", "ä", "Ã¤", "\xc3", "\xc3\xc4", "\xa4", "\xc3\xa4\xa4", "\xe4\x81", "€", "\x00",
		`""`, "", " x", `" x"`, "C:/x", "1E+05", "#", `\\a\b`,
	} {
		for before := range 4 * blockLen {
			if before >= 2*blockLen {
				before += (masksAtOnce - 3) * blockLen
			}
			for _, end := range []string{"\n", "\r\n"} {
				for _, single := range []bool{false, true} {
					sameAsScan(t, Default(), strings.Repeat("x", before)+";"+text+";"+strings.Repeat("y", blockLen)+end+text+";z"+end, true, single)
				}
			}
		}
	}
}

type failing interface{ Fatalf(string, ...any) }

func sameAsScan(t failing, s *Schema, text string, eof, single bool) {
	load := func() scanner {
		c := newScanner(s)
		c.data = append([]byte(text), make([]byte, pad)...)
		c.n, c.eof, c.ends = len(text), eof, endsLF
		c.setSingle(single)
		c.maker.wary = true
		c.data[c.n] = '\n'
		return c
	}
	fast, slow := load(), load()
	for from := 0; from < fast.n; {
		next, recs := fast.sweep(from, nil, 1)
		swept := &batch{data: fast.data, n: fast.n, cuts: fast.cuts, quote: s.Quote}
		for i := range recs {
			want, ok := slow.scan(from)
			scanned := &batch{data: slow.data, n: slow.n, fields: slow.fields}
			if !ok || described(swept, &recs[i]) != described(scanned, &want) || want.blank || want.nul || want.high && !recs[i].high {
				t.Fatalf("%q from %d:\nsweep %s\nscan  %s", text, from, described(swept, &recs[i]), described(scanned, &want))
			}
			justified(t, text[want.start:want.end], recs[i].proven, single)
			unremarkable(t, swept, &recs[i])
			from = int(want.next)
		}
		if next != from || fast.line != slow.line {
			t.Fatalf("%q: sweep goes on at %d in line %d, scan at %d in line %d", text, next, fast.line, from, slow.line)
		}
		r, ok := slow.scan(from)
		if !ok || r.cut {
			return
		}
		from, fast.line = int(r.next), slow.line
	}
}

// described is what a record and its cells are, however they were found.
func described(b *batch, r *record) string {
	var out strings.Builder
	fmt.Fprint(&out, r.start, r.end, r.next, r.n, r.line, r.fault)
	for i := range int(r.n) {
		f := b.field(r, i)
		fmt.Fprintf(&out, " %d-%d:%d", f.start, f.end, f.flags)
	}
	return out.String()
}

// unremarkable fails where a record is said to have no cell that needs a look, and has one.
func unremarkable(t failing, b *batch, r *record) {
	for i := range int(r.n) {
		f := b.field(r, i)
		v := b.data[f.start:f.end]
		if !r.hollow && (len(v) == 0 || v[0] == ' ') {
			t.Fatalf("%q: cell %d is empty or begins with a blank", b.data[r.start:r.end], i)
		}
		if !r.odd && len(v) > 0 && suspicious(v) {
			t.Fatalf("%q: cell %d is suspicious", b.data[r.start:r.end], i)
		}
	}
}

// justified fails where something is proven about text that is not so.
func justified(t failing, text string, proven uint8, single bool) {
	set := setUTF8
	if single {
		set = set1252
	}
	switch {
	case proven&provenUTF8 != 0 && firstInvalid([]byte(text)) >= 0:
		t.Fatalf("%q is not UTF-8", text)
	case proven&provenNoC1 != 0 && firstC1([]byte(text)) >= 0:
		t.Fatalf("%q holds a byte from 0x80 to 0x9F", text)
	case proven&provenClear != 0 && set.garbled([]byte(text)):
		t.Fatalf("%q is garbled as %s", text, set)
	}
}
