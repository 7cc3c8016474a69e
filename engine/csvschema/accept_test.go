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

// TestShortWays holds the short ways of reading a value against the long ones: what they accept has to be right, and the
// common forms have to be accepted.
func TestShortWays(t *testing.T) {
	value := rapid.OneOf(
		rapid.StringMatching(`[+-]?[0-9]{0,9}`), rapid.StringMatching(`[+-]?[0-9]{0,4}[.,]?[0-9]{0,4}[.,]?[0-9]{0,3}`),
		rapid.StringMatching(`[0-3][0-9][.:/-][01][0-9][.:-](19|20|00)[0-9]{2}( [0-2][0-9]:[0-5][0-9])?`),
		rapid.StringMatching(`[0-2][0-9]:?[0-6][0-9](:[0-5][0-9])?`), rapid.StringMatching(`[a-zA0.+-]{0,12}@?[a-zA0.ü-]{0,16}(@|\.d)?e?`),
		rapid.StringMatching(`(DE|AT|XX|D1|dE)[0-9]{2}[0-9A ]{10,32}`), rapid.SampledFrom([]string{"DE89370400440532013000", "AT611904300234573201", "NO9386011117947"}),
		rapid.StringN(0, 20, 40),
	)
	formats := []*dateFormat{}
	for _, text := range []string{germanDate, "hh:mm", "hh:mm:ss", "hhmm", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm:ss", "DD/MM/YYYY", "YYYY"} {
		formats = append(formats, newDateFormat(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		v := value.Draw(t, "value")
		data, start, end := padded(v)
		raw := data[start:end]
		if got, ok := shortInteger(data, start, end); ok {
			if want, valid := parseInteger(raw); !valid || got != want {
				t.Fatalf("integer %q: %v, want %v %v", v, got, want, valid)
			}
		}
		for _, marks := range []string{",.", ".,", ",\x00", ",'"} {
			want, valid := parseDecimal(raw, marks[0], marks[1])
			if got, ok := shortDecimal(data, start, end, marks[0], marks[1]); ok && (!valid || got != want) || !ok && valid && len(v) <= 8 {
				t.Fatalf("decimal %q %q: %v %v, want %v %v", marks, v, got, ok, want, valid)
			}
		}
		for _, f := range formats {
			want, valid := f.parse(raw)
			if got, ok := f.read(data, start, end); ok != valid || ok && got != want {
				t.Fatalf("%s %q: %v %v, want %v %v", f.text, v, got, ok, want, valid)
			}
		}
		i, _ := sign(raw)
		if got := digitRun(data, start+i, len(raw)-i); got != allDigits(raw[i:]) {
			t.Fatalf("digits %q: %v", v, got)
		}
		if v != "" && shortEmail(data, start, end) && !validEmail(raw) {
			t.Fatalf("e-mail %q", v)
		}
		if len(v) > 3 && digitIBAN(data, start, end) && !validIBAN(raw) {
			t.Fatalf("iban %q", v)
		}
	})
	for _, v := range []string{"anna@firma-muster.de", "j.mueller4711@mail.firma.de", "A-1@b.co"} {
		if data, start, end := padded(v); !shortEmail(data, start, end) {
			t.Errorf("%q is not read the short way", v)
		}
	}
	for _, v := range []string{"DE89370400440532013000", "AT611904300234573201", "NO9386011117947"} {
		if data, start, end := padded(v); !digitIBAN(data, start, end) {
			t.Errorf("%q is not read the short way", v)
		}
	}
}

func TestChoices(t *testing.T) {
	for _, set := range []charset{setUTF8, set1252} {
		list := newChoices([]string{"Lager", "Einkauf", "Verkauf1", "Geschäftsführung", "Ωmega", ""}, set)
		for v, want := range map[string]bool{
			"Lager": true, "Lage": false, "Lager1": false, "Verkauf1": true, "Verkauf12": false, "Geschäftsführung": true, "Geschäftsleitung": false,
			"Ωmega": set == setUTF8,
		} {
			text, ok := set.encoded(v)
			if !ok {
				if want {
					t.Errorf("%s cannot write %q", set, v)
				}
				continue
			}
			if data, start, end := padded(string(text)); list.hold(data, start, end) != want {
				t.Errorf("%s %q: want %v", set, v, want)
			}
		}
	}
	if newChoices(make([]string, mostChoices+1), setUTF8) != nil {
		t.Error("a long list is walked through")
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
