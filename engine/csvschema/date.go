package csvschema

import (
	"fmt"
	"strings"
)

// dateFormat reads dates and times of fixed form.
type dateFormat struct {
	text  string
	parts []datePart
	size  int

	german bool // DD.MM.YYYY, which is worth a shorter way
}

// datePart is a run of digits for one unit, or literal bytes.
type datePart struct {
	unit    int // index into stamp, -1 for literal
	digits  int
	literal string
}

// stamp is year, month, day, hour, minute, second.
type stamp [6]int

// dateTokens in the order in which they are tried.
var dateTokens = []struct {
	token string
	unit  int
}{{"YYYY", 0}, {"MM", 1}, {"DD", 2}, {"hh", 3}, {"mm", 4}, {"ss", 5}}

func newDateFormat(text string) *dateFormat {
	f := &dateFormat{text: text, size: len(text), german: text == germanDate}
	for rest := text; rest != ""; {
		part := datePart{unit: -1, literal: rest[:1]}
		for _, t := range dateTokens {
			if strings.HasPrefix(rest, t.token) {
				part = datePart{unit: t.unit, digits: len(t.token)}
				break
			}
		}
		rest = rest[max(part.digits, len(part.literal)):]
		f.parts = append(f.parts, part)
	}
	return f
}

const germanDate = "DD.MM.YYYY"

// parseGerman reads the ten bytes of a date in germanDate.
func parseGerman(v []byte) (stamp, bool) {
	_ = v[9]
	wrong := v[2] ^ '.' | v[5] ^ '.'
	for _, i := range [...]int{0, 1, 3, 4, 6, 7, 8, 9} {
		if v[i]-'0' > 9 {
			wrong = 1
		}
	}
	if wrong != 0 {
		return stamp{}, false
	}
	d := func(i int) int { return int(v[i] - '0') }
	s := stamp{d(6)*1000 + d(7)*100 + d(8)*10 + d(9), d(3)*10 + d(4), d(0)*10 + d(1)}
	return s, s.valid()
}

var daysIn = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// parse reads v; a date that no calendar holds is not accepted.
func (f *dateFormat) parse(v []byte) (stamp, bool) {
	s := stamp{1, 1, 1}
	if len(v) != f.size {
		return s, false
	}
	if f.german {
		return parseGerman(v)
	}
	for _, p := range f.parts {
		if p.unit < 0 {
			if v[0] != p.literal[0] {
				return s, false
			}
			v = v[1:]
			continue
		}
		n := 0
		for _, c := range v[:p.digits] {
			if c-'0' > 9 {
				return s, false
			}
			n = n*10 + int(c-'0')
		}
		s[p.unit] = n
		v = v[p.digits:]
	}
	return s, s.valid()
}

func (s stamp) valid() bool {
	year, month, day := s[0], s[1], s[2]
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn[month] || s[3] > 23 || s[4] > 59 || s[5] > 59 {
		return false
	}
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	return month != 2 || day < 29 || leap
}

// ordinal orders stamps; it counts no real unit.
func (s stamp) ordinal() int64 {
	n := int64(0)
	for i, base := range [6]int64{10000, 13, 32, 24, 60, 60} {
		n = n*base + int64(s[i])
	}
	return n
}

// iso is the stamp as checks get it: RFC 3339, without a time of day where the format has none.
func (s stamp) iso(f *dateFormat, date bool) string {
	clock := fmt.Sprintf("%02d:%02d:%02d", s[3], s[4], s[5])
	day := fmt.Sprintf("%04d-%02d-%02d", s[0], s[1], s[2])
	switch {
	case !date:
		return clock
	case strings.Contains(f.text, "hh"):
		return day + "T" + clock + "Z"
	}
	return day
}
