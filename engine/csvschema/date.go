package csvschema

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// dateFormat reads dates and times of fixed form.
type dateFormat struct {
	text  string
	parts []datePart
	size  int
	words *dateWords // nil for a form of more than 16 bytes
}

// datePart is a run of digits for one unit, or a literal byte.
type datePart struct {
	unit    int // index into dateUnits, -1 for literal
	at      int // where it begins
	digits  int
	literal byte
}

// dateTokens in the order in which they are tried.
var dateTokens = []struct {
	token string
	unit  int
}{{"YYYY", 0}, {"MM", 1}, {"DD", 2}, {"hh", 3}, {"mm", 4}, {"ss", 5}}

// dateUnits are year, month, day, hour, minute, second.
type dateUnits [6]int

// stamp is a date, a time or both as one number; stamps compare as they lie in time.
type stamp int64

const germanDate = "DD.MM.YYYY"

func newDateFormat(text string) *dateFormat {
	f := &dateFormat{text: text, size: len(text)}
	for rest := text; rest != ""; {
		part := datePart{unit: -1, at: len(text) - len(rest), digits: 0, literal: rest[0]}
		for _, t := range dateTokens {
			if strings.HasPrefix(rest, t.token) {
				part.unit, part.digits = t.unit, len(t.token)
				break
			}
		}
		rest = rest[max(part.digits, 1):]
		f.parts = append(f.parts, part)
	}
	if f.size <= 16 {
		f.words = newDateWords(f.parts)
	}
	return f
}

// parse reads v; a date that no calendar holds is not accepted.
func (f *dateFormat) parse(v []byte) (stamp, bool) {
	if len(v) != f.size {
		return 0, false
	}
	u := dateUnits{1, 1, 1}
	for _, p := range f.parts {
		if p.unit < 0 {
			if v[p.at] != p.literal {
				return 0, false
			}
			continue
		}
		n := 0
		for _, c := range v[p.at : p.at+p.digits] {
			if c-'0' > 9 {
				return 0, false
			}
			n = n*10 + int(c-'0')
		}
		u[p.unit] = n
	}
	return newStamp(u[0], u[1], u[2], u[3], u[4], u[5])
}

// daysIn is the number of days of a month, 0 where there is no such month.
var daysIn = [128]uint8{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func newStamp(year, month, day, hour, minute, second int) (stamp, bool) {
	return stampOf(year, month, day, hour, minute, second), isDay(year, month, day) && isClock(hour, minute, second)
}

func stampOf(year, month, day, hour, minute, second int) stamp {
	return stamp(((((year<<4|month)<<5|day)<<5|hour)<<6|minute)<<6 | second)
}

func isDay(year, month, day int) bool {
	return year >= 1 && uint(day-1) < uint(daysIn[month&127]) && (day != 29 || month != 2 || year%4 == 0 && (year%100 != 0 || year%400 == 0))
}

func isClock(hour, minute, second int) bool { return hour <= 23 && minute <= 59 && second <= 59 }

// iso is the stamp as checks get it: RFC 3339, without a time of day where the format has none.
func (s stamp) iso(f *dateFormat, date bool) string {
	clock := fmt.Sprintf("%02d:%02d:%02d", s>>12&31, s>>6&63, s&63)
	day := fmt.Sprintf("%04d-%02d-%02d", s>>26, s>>22&15, s>>17&31)
	switch {
	case !date:
		return clock
	case strings.Contains(f.text, "hh"):
		return day + "T" + clock + "Z"
	}
	return day
}

// dateWords is a form of at most 16 bytes made ready to be held against two words at once.
type dateWords struct {
	form  [2]uint64 // literal bytes, and zeros for digits
	keep  [2]uint64 // the bytes that count
	slack [2]uint64 // 0x7F less what a byte may differ from the form
	// Where the two digits of each unit lie, of the year those of its century and those behind; or a constant.
	century, year, month, day, hour, minute, second uint8
}

// Where the words of a form leave room for constants behind the 16 pairs of digits.
const (
	pairZero = 16
	pairOne  = 17
)

func newDateWords(parts []datePart) *dateWords {
	w := &dateWords{century: pairZero, year: pairOne, month: pairOne, day: pairOne, hour: pairZero, minute: pairZero, second: pairZero}
	at := [...]*uint8{&w.century, &w.month, &w.day, &w.hour, &w.minute, &w.second}
	for _, p := range parts {
		form, slack := uint64('0'), uint64(0x7F-9)
		if p.unit < 0 {
			form, slack = uint64(p.literal), 0x7F
		} else if *at[p.unit] = uint8(p.at); p.unit == 0 {
			w.year = uint8(p.at + 2)
		}
		for i := p.at; i < p.at+max(p.digits, 1); i++ {
			word, shift := i/8, i%8*8
			w.form[word] |= form << shift
			w.keep[word] |= 0xFF << shift
			w.slack[word] |= slack << shift
		}
	}
	return w
}

// pairs has at each place of a form the number of two digits that begins there.
type pairs [32]uint8

func (w *dateWords) isDay(p *pairs) bool {
	return isDay(int(p[w.century&31])*100+int(p[w.year&31]), int(p[w.month&31]), int(p[w.day&31]))
}

func (w *dateWords) isClock(p *pairs) bool {
	return isClock(int(p[w.hour&31]), int(p[w.minute&31]), int(p[w.second&31]))
}

func (w *dateWords) stamp(p *pairs) stamp {
	return stampOf(int(p[w.century&31])*100+int(p[w.year&31]), int(p[w.month&31]), int(p[w.day&31]),
		int(p[w.hour&31]), int(p[w.minute&31]), int(p[w.second&31]))
}

// stamps are the rows whose cell is not certainly a date or time within the bounds.
func (k *checker) stamps(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	f, anytime := c.dates[0], c.Min == "" && c.Max == ""
	w := f.words
	dayless := !strings.ContainsAny(f.text, "YMD")
	clockless := !strings.ContainsAny(f.text, "hms")
	read := pairs{pairOne: 1}
	missing := c.missing()
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			doubt |= missing << i
			continue
		}
		if end-start == f.size && f.words != nil {
			lo, hi := (load(data, start)^w.form[0])&w.keep[0], (load(data, start+8)^w.form[1])&w.keep[1]
			binary.LittleEndian.PutUint64(read[0:], lo*10+(lo>>8|hi<<56))
			binary.LittleEndian.PutUint64(read[8:], hi*10+hi>>8)
			if (lo|(lo+w.slack[0])|hi|(hi+w.slack[1]))&highs == 0 && (dayless || w.isDay(&read)) && (clockless || w.isClock(&read)) &&
				(anytime || c.beyond(w.stamp(&read)) == "") {
				continue
			}
		}
		if s, ok := c.stamp(data[start:end]); !ok || c.beyond(s) != "" {
			doubt |= 1 << i
		}
	}
	return doubt
}
