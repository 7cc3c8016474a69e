package csvschema

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// padded is v in the middle of other bytes, with room to load words behind it.
func padded(v string) (data []byte, start, end int) {
	return []byte("7;" + v + ";7" + strings.Repeat("7", pad)), 2, 2 + len(v)
}

// doubtful tells whether v, in a column of the sort given, is one for the checker's cell to decide about.
func doubtful(t failing, c Column, v string) bool {
	made, err := newColumn(c, Options{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	data, start, end := padded(v)
	made.choices = newChoices(c.OneOf, setUTF8, '"')
	k := &checker{b: &batch{data: data, quote: '"', cuts: []uint32{uint32(start - 1), uint32(end)}}}
	k.window.plain, k.window.odd, k.window.hollow = 1, 1, 1
	return k.doubts(made, 1) != 0
}

// TestShortWays holds the loops over a column against the long way of reading a value.
func TestShortWays(t *testing.T) {
	value := rapid.OneOf(
		rapid.StringMatching(`[+-]?[0-9]{0,9}`), rapid.StringMatching(`[+-]?[0-9]{0,4}[.,]?[0-9]{0,4}[.,]?[0-9]{0,3}`),
		rapid.StringMatching(`[0-3][0-9][.:/-][01][0-9][.:-](19|20|00)[0-9]{2}( [0-2][0-9]:[0-5][0-9])?`),
		rapid.StringMatching(`(29|30|31)[.](02|04|12)[.](1900|2000|2023|2024)`),
		rapid.StringMatching(`[0-2][0-9]:?[0-6][0-9](:[0-5][0-9])?`), rapid.StringMatching(`[a-zA0.+-]{0,12}@?[a-zA0.ü-]{0,16}(@|\.d)?e?`),
		rapid.StringMatching(`(DE|AT|XX|D1|dE)[0-9]{2}[0-9A ]{10,32}`), rapid.SampledFrom([]string{"DE89370400440532013000", "AT611904300234573201", "NO9386011117947"}),
		rapid.StringMatching(`(ja|nein|JA|Nein|true|falsch|Wahr|false|x|X|j|0|1|2|y)[ x]?`), rapid.StringMatching(`[A-Z]{1,3}-?[0-9]{3,8}`), rapid.StringN(0, 20, 40),
	)
	rapid.Check(t, func(t *rapid.T) {
		v := value.Filter(func(v string) bool { return !strings.ContainsAny(v, "\"\x00") }).Draw(t, "value")
		raw := []byte(v)
		agree := func(c Column, valid bool) {
			if got := doubtful(t, c, v); got != (v != "" && !valid) {
				t.Fatalf("%+v %q: doubtful %v, valid %v", c, v, got, valid)
			}
		}
		_, valid := parseInteger(raw)
		agree(Column{Type: "integer", Scale: -1}, valid)
		for _, marks := range []string{",.", ".,", ",\x00", ",'"} {
			c := Column{Type: "decimal", Decimal: marks[0], Group: marks[1], Scale: -1}
			n, valid := parseDecimal(raw, marks[0], marks[1])
			agree(c, valid)
			c.Min, c.Max, c.Scale = "-12.5", "1234.25", rapid.IntRange(-1, 3).Draw(t, "scale")
			bounded, err := newColumn(c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			agree(c, valid && bounded.outside(n, raw) == "")
			if n, ok := parseInteger(raw); len(v) < 9 {
				c.Type = "integer"
				agree(c, ok && bounded.outside(n, raw) == "")
			}
		}
		for _, format := range []string{germanDate, "hh:mm", "hh:mm:ss", "hhmm", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm:ss", "DD/MM/YYYY", "YYYY"} {
			at, valid := newDateFormat(format).parse(raw)
			agree(Column{Type: "date", Format: format, Scale: -1}, valid)
			if format == germanDate {
				agree(Column{Type: "date", Min: "01.01.1950", Max: "31.12.2010", Scale: -1}, valid && at>>26 >= 1950 && at>>26 <= 2010)
			}
		}
		agree(Column{Type: "email", Scale: -1}, validEmail(raw))
		agree(Column{Type: "iban", Scale: -1}, validIBAN(raw))
		_, valid = parseBoolean(raw)
		agree(Column{Type: "boolean", Scale: -1}, valid)
		for _, pattern := range []string{`\d{5}`, `[A-Z]{2}-\d{4}`, `[A-Z]{3}-\d{7}`, `DE\d+`, `[0-46-9]{4}`} {
			whole := regexp.MustCompile(pattern)
			if !suspicious(append(raw, ' ')) {
				agree(Column{Pattern: whole, Scale: -1}, whole.FindString(v) == v)
			}
		}
	})
}

// TestCommonForms: what files are full of is read the short way.
func TestCommonForms(t *testing.T) {
	for _, v := range []string{"anna@firma-muster.de", "j.mueller4711@mail.firma.de", "A-1@b.co"} {
		if data, start, end := padded(v); !shortEmail(data, start, end) {
			t.Errorf("%q is not read the short way", v)
		}
	}
	for _, v := range []string{"DE89370400440532013000", "AT611904300234573201"} {
		if data, start, end := padded(v); !shortIBAN(data, start, end) {
			t.Errorf("%q is not read the short way", v)
		}
	}
	for _, v := range []string{"ja", "nein", "true", "false", "wahr", "falsch"} {
		data, start, end := padded(v)
		if word := load(data, start) & (1<<(8*(end-start)) - 1); booleanWords[booleanSlot(word)] != word {
			t.Errorf("%q is not read the short way", v)
		}
	}
	for pattern, size := range map[string]int{
		`\d{5}`: 5, `[A-Z]{2}-\d{4}`: 7, `a`: 1, `[0-9]{16}`: 16, `[0-9]{17}`: 0, `ab?`: 0, `a|b`: 1, `a|c`: 0, `a|bb`: 0, `.`: 0, `a*`: 0, ``: 0,
	} {
		if got := newMatcher(regexp.MustCompile(`\A(?:` + pattern + `)\z`)).row.size; got != size {
			t.Errorf("%s: %d characters at once, want %d", pattern, got, size)
		}
	}
}

func TestChoices(t *testing.T) {
	for _, set := range []charset{setUTF8, set1252} {
		values := []string{"Lager", "Einkauf", "Verkauf1", "Geschäftsführung", "Ωmega", "", "Lager", "eine Abteilung mit langem Namen"}
		list := newChoices(append(values, `x""y`), set, '"')
		k := &checker{b: &batch{quote: '"'}}
		k.window.plain = 1
		for v, want := range map[string]bool{
			"Lager": true, "Lage": false, "Lager1": false, "Verkauf1": true, "Verkauf12": false, "Geschäftsführung": true, "Geschäftsleitung": false,
			"Ωmega": set == setUTF8, "eine Abteilung mit langem Namen": true, "eine Abteilung mit langen Namen": false, "": true,
			"eine Abteilung mit kurzem Namen": false, "\"Lager\"": true, `x""y`: false,
		} {
			text, ok := set.encoded(v)
			if !ok {
				if want {
					t.Errorf("%s cannot write %q", set, v)
				}
				continue
			}
			data, start, end := padded(string(text))
			k.b.data, k.b.cuts = data, []uint32{uint32(start - 1), uint32(end)}
			if (k.others(&column{}, list, 1) == 0) != want {
				t.Errorf("%s %q: want %v", set, v, want)
			}
		}
	}
	data, start, end := padded("Abteilung 2 in Wels")
	k := &checker{b: &batch{data: data, cuts: []uint32{uint32(start - 1), uint32(end)}}}
	if k.others(&column{}, newChoices([]string{"Abteilung 1 in Wels"}, setUTF8, '"'), 1) == 0 {
		t.Error("the middle of a value does not count")
	}
	many := make([]string, mostChoices+1)
	for i := range many {
		many[i] = itoa(i)
	}
	if newChoices(many, setUTF8, '"') != nil {
		t.Error("there is no room for a long list")
	}
	if newChoices([]string{"Abteilung 1 in Wels", "Abteilung 2 in Wels"}, setUTF8, '"') == nil || newChoices(many[:mostChoices], setUTF8, '"') == nil {
		t.Error("a short list has no places")
	}
}

// TestPatternOfOtherBytes: a pattern is about characters, whatever bytes they are in the file.
func TestPatternOfOtherBytes(t *testing.T) {
	s := Default()
	s.Encoding = "windows-1252"
	s.Columns = []Column{{Name: "A", Scale: -1, Pattern: regexp.MustCompile(`[^ä]+`)}, {Name: "B", Scale: -1}}
	rep, err := Validate(context.Background(), strings.NewReader("A;B\n\xfc;1\n\xe4;2\n"), -1, s, Options{})
	if err != nil || rep.ErrorCount != 1 || rep.Errors[0].Code != CodePattern || rep.Errors[0].Line != 3 {
		t.Errorf("%v %+v", err, rep)
	}
}
