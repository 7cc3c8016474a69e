package perbit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// exportVariables spells the placeholders' values (perbit 3.2.2): a strict JSON object with text values in ASCII, or
// with single quotes as in perbit 3.2.5. Both go in a header unharmed.
func exportVariables(v map[string]string, singleQuotes bool) (string, error) {
	quote, colon, comma := byte('"'), ":", ","
	if singleQuotes {
		quote, colon, comma = '\'', ": ", ", "
	}
	members := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch {
		case name == "":
			return "", errors.New("a variable has no name")
		case !utf8.ValidString(name) || !utf8.ValidString(v[name]):
			return "", fmt.Errorf("variable %q is not valid UTF-8", name)
		}
		members = append(members, quoted(name, quote)+colon+quoted(v[name], quote))
	}
	return "{" + strings.Join(members, comma) + "}", nil
}

// quoted is s between quotes with everything else than plain ASCII escaped.
func quoted(s string, quote byte) string {
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
