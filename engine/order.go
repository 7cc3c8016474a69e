package engine

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// naturalLess orders names as people number them: file2 before file10, case folded, runs of digits by value. Names
// that differ only in case or leading zeros fall back to their bytes, so that the order is total.
func naturalCompare(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			var nx, ny string
			nx, x = digits(x)
			ny, y = digits(y)
			if c := cmp.Or(cmp.Compare(len(nx), len(ny)), cmp.Compare(nx, ny)); c != 0 {
				return c
			}
			continue
		}
		rx, sx := utf8.DecodeRuneInString(x)
		ry, sy := utf8.DecodeRuneInString(y)
		if rx != ry {
			if c := cmp.Compare(strings.ToLower(string(rx)), strings.ToLower(string(ry))); c != 0 {
				return c
			}
		}
		x, y = x[sx:], y[sy:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits splits off the leading run of digits, without its leading zeros.
func digits(s string) (number, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}
