package csvschema

import (
	"bytes"
	"strings"
)

// parseBoolean reads one of the spellings of a boolean, in any case.
func parseBoolean(v []byte) (value, ok bool) {
	if len(v) == 1 {
		switch v[0] {
		case '1', 'j', 'J', 'x', 'X':
			return true, true
		case '0', 'n', 'N':
			return false, true
		}
		return false, false
	}
	if len(v) > len("falsch") {
		return false, false
	}
	var lower [6]byte // a bit of case changes only letters into the letters below
	for i, c := range v {
		lower[i] = c | 0x20
	}
	switch string(lower[:len(v)]) {
	case "ja", "true", "wahr":
		return true, true
	case "nein", "false", "falsch":
		return false, true
	}
	return false, false
}

// booleanWords are the spellings of a boolean in small letters, each padded with zeros and in the place that booleanSlot gives
// it, so that one look finds a spelling.
var booleanWords = func() (t [32]uint64) {
	for _, text := range []string{"ja", "nein", "true", "false", "wahr", "falsch"} {
		var word [8]byte
		copy(word[:], text)
		w := load(word[:], 0)
		t[booleanSlot(w)] = w
	}
	return t
}()

// booleanSlot is a place of its own for each spelling of more than one letter.
func booleanSlot(word uint64) uint64 { return word * 0x9E3779B97F4A7C15 >> 59 }

// booleans are the rows whose cell is not certainly a boolean.
func (k *checker) booleans(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
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
		// A bit of case changes only letters into the letters above; of a longer value these are the first eight bytes.
		word := (load(data, start) | ones*0x20) & (1<<(uint(end-start)*8) - 1)
		if booleanWords[booleanSlot(word)] == word {
			continue
		}
		if _, ok := parseBoolean(data[start:end]); !ok {
			doubt |= 1 << i
		}
	}
	return doubt
}

// What a byte may be part of in an address or account number.
const (
	inLocal  uint8 = 1 << iota // the part of an e-mail address before @
	inDomain                   // a letter or digit of a domain label
	inIBAN                     // an upper-case letter or a digit
)

var classes = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = inLocal | inDomain | inIBAN
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c], t[c|0x20] = inLocal|inDomain|inIBAN, inLocal|inDomain
	}
	for _, c := range "!#$%&'*+/=?^_`{|}~-" {
		t[c] |= inLocal
	}
	for c := 0x80; c < 0x100; c++ {
		t[c] = inDomain // umlaut domains
	}
	return t
}()

// validEmail accepts name@label.label: no quoted names, no comments, no address without a dot in its domain.
func validEmail(v []byte) bool {
	at := bytes.IndexByte(v, '@')
	return at > 0 && at <= 64 && len(v) <= 254 && dotted(v[:at], inLocal) >= 1 && dotted(v[at+1:], inDomain) >= 2
}

// dotted counts the parts between dots, 0 when one is empty or holds a byte that is not of the class. Domain labels may
// hold hyphens inside.
func dotted(v []byte, class uint8) int {
	parts := 1
	start := 0
	for i, c := range v {
		switch {
		case classes[c]&class != 0:
		case c == '.' && i > start && v[i-1] != '-':
			parts++
			start = i + 1
		case c == '-' && class == inDomain && i > start:
		default:
			return 0
		}
	}
	if start == len(v) || class == inDomain && v[len(v)-1] == '-' {
		return 0
	}
	return parts
}

// ibanLengths is how many characters an IBAN of a country has, by the two letters of the country; 0 for one not listed.
var ibanLengths = func() (t [26][26]int) {
	for _, entry := range strings.Fields("AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 " +
		"EE20 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 " +
		"LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 " +
		"UA29 VG24 XK20") {
		t[entry[0]-'A'][entry[1]-'A'] = int(entry[2]-'0')*10 + int(entry[3]-'0')
	}
	return t
}()

// validIBAN accepts the electronic form and the printed one with a blank after every fourth character. The check digits
// must be right and the length that of the country; of a country not listed, 15 to 34 characters.
func validIBAN(v []byte) bool {
	var plain [34]byte
	n := 0
	spaced := len(v) > 4 && v[4] == ' '
	for i, c := range v {
		if spaced && i%5 == 4 {
			if c != ' ' || i == len(v)-1 {
				return false
			}
			continue
		}
		if classes[c]&inIBAN == 0 || n == len(plain) {
			return false
		}
		plain[n] = c
		n++
	}
	if n < 15 || plain[0] < 'A' || plain[1] < 'A' || plain[2] > '9' || plain[3] > '9' {
		return false
	}
	if want := ibanLengths[plain[0]-'A'][plain[1]-'A']; want != 0 && want != n {
		return false
	}
	return mod97(plain[:4], mod97(plain[4:n], 0)) == 1 // the first four characters are moved to the end
}

// mod97 goes on dividing: r is the remainder so far, letters count as 10 to 35.
func mod97(v []byte, r uint64) uint64 {
	for _, c := range v {
		if c <= '9' {
			r = r*10 + uint64(c-'0')
		} else {
			r = r*100 + uint64(c-'A') + 10
		}
		if r > 1e16 {
			r %= 97
		}
	}
	return r % 97
}

// excelErrors are the words that a spreadsheet shows in place of a value, German and English, without the leading #.
var excelErrors = map[string]bool{
	"NV": true, "N/A": true, "WERT!": true, "VALUE!": true, "BEZUG!": true, "REF!": true, "DIV/0!": true, "NAME?": true,
	"ZAHL!": true, "NUM!": true, "NULL!": true, "KALK!": true, "CALC!": true, "FELD!": true, "FIELD!": true, "SPILL!": true,
	"BLOCKIERT!": true, "BLOCKED!": true, "VERBINDEN!": true, "CONNECT!": true, "UNBEKANNT!": true, "UNKNOWN!": true,
}

// damaged tells whether a spreadsheet replaced the value: an error word, a row of #, or 1,00E+05 for a long number.
func damaged(v []byte) bool {
	if v[0] == '#' {
		return len(v) > 2 && (excelErrors[string(v[1:])] || len(bytes.Trim(v, "#")) == 0)
	}
	if n := len(v); n < 5 || v[n-3] != '+' && v[n-3] != '-' && v[n-4] != '+' && v[n-4] != '-' {
		return false // no exponent of two or three digits
	}
	i, _ := sign(v)
	digits, point, e := 0, false, -1
	for ; i < len(v) && e < 0; i++ {
		switch c := v[i]; {
		case c-'0' <= 9:
			digits++
		case (c == ',' || c == '.') && !point && digits > 0:
			point = true
		case c == 'E' && digits > 0 && v[i-1]-'0' <= 9:
			e = i
		default:
			return false
		}
	}
	return e > 0 && len(v) >= e+4 && (v[e+1] == '+' || v[e+1] == '-') && allDigits(v[e+2:])
}

// serial tells whether v is a date as a spreadsheet counts it: five digits, possibly with a fraction for the time.
func serial(v []byte, decimal byte) bool {
	if len(v) < 5 || !allDigits(v[:5]) {
		return false
	}
	return len(v) == 5 || len(v) > 6 && v[5] == decimal && allDigits(v[6:])
}

func allDigits(v []byte) bool {
	for _, c := range v {
		if c-'0' > 9 {
			return false
		}
	}
	return len(v) > 0
}

// fileReference tells whether v is wholly a path: of a drive, of a share, or a file: address.
func fileReference(v []byte) bool {
	switch {
	case len(v) > 3 && v[1] == ':' && (v[2] == '\\' || v[2] == '/') && (v[0]|0x20)-'a' <= 'z'-'a':
	case len(v) > 4 && v[0] == '\\' && v[1] == '\\' && v[2] != '\\' && bytes.IndexByte(v[3:], '\\') > 0:
	case len(v) > 6 && bytes.EqualFold(v[:6], []byte("file:/")):
	default:
		return false
	}
	return !bytes.ContainsAny(v, "\r\n\t")
}
