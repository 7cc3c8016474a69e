package csvschema

import (
	"math/big"
	"strings"
)

// number is a value as mant / 10^scale. wide says that it did not fit; then only its text counts.
type number struct {
	mant  int64
	scale int
	wide  bool
}

// maxDigits is how many digits certainly fit into an int64.
const maxDigits = 18

// parseInteger reads an optional sign and digits.
func parseInteger(v []byte) (number, bool) {
	i, negative := sign(v)
	if i == len(v) {
		return number{}, false
	}
	n := number{wide: len(v)-i > maxDigits}
	for _, c := range v[i:] {
		if c-'0' > 9 {
			return number{}, false
		}
		n.mant = n.mant*10 + int64(c-'0')
	}
	if negative {
		n.mant = -n.mant
	}
	return n, true
}

func sign(v []byte) (i int, negative bool) {
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		return 1, v[0] == '-'
	}
	return 0, false
}

// parseDecimal reads an optional sign, digits either without any group separator or with one before every three, and
// optionally the decimal separator with at least one digit behind it.
func parseDecimal(v []byte, decimal, group byte) (number, bool) {
	i, negative := sign(v)
	var n number
	digits, run, groups := 0, 0, 0
	for ; i < len(v) && v[i] != decimal; i++ {
		c := v[i]
		if c-'0' <= 9 {
			n.mant = n.mant*10 + int64(c-'0')
			digits++
			run++
			continue
		}
		if c != group || group == 0 || run == 0 || run > 3 || groups > 0 && run != 3 {
			return number{}, false
		}
		groups++
		run = 0
	}
	if digits == 0 || groups > 0 && run != 3 {
		return number{}, false
	}
	if i < len(v) {
		fraction := v[i+1:]
		if len(fraction) == 0 {
			return number{}, false
		}
		for _, c := range fraction {
			if c-'0' > 9 {
				return number{}, false
			}
			n.mant = n.mant*10 + int64(c-'0')
		}
		n.scale = len(fraction)
	}
	n.wide = digits+n.scale > maxDigits
	if negative {
		n.mant = -n.mant
	}
	return n, true
}

var pow10 = func() (t [maxDigits + 1]int64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

// compare orders two numbers that are not wide; ok is false when a common scale does not fit.
func compare(a, b number) (order int, ok bool) {
	if a.scale < b.scale {
		order, ok = compare(b, a)
		return -order, ok
	}
	factor := pow10[a.scale-b.scale]
	scaled := b.mant * factor
	const small = 1 << 31 // times 1e9 it fits, and nobody has to divide
	if (a.scale-b.scale > 9 || b.mant >= small || b.mant <= -small) && scaled/factor != b.mant {
		return 0, false
	}
	switch {
	case a.mant < scaled:
		return -1, true
	case a.mant > scaled:
		return 1, true
	}
	return 0, true
}

// bound is one end of a range of numbers, in both forms.
type bound struct {
	number
	exact *big.Rat
	text  string
}

func newBound(text string, decimal, group byte) (*bound, bool) {
	n, ok := parseDecimal([]byte(text), decimal, group)
	if !ok {
		return nil, false
	}
	return &bound{number: n, exact: rational([]byte(text), decimal, group), text: text}, true
}

// order compares the number v, already parsed as n, with the bound.
func (b *bound) order(n number, v []byte, decimal, group byte) int {
	if !n.wide && !b.wide {
		if order, ok := compare(n, b.number); ok {
			return order
		}
	}
	return rational(v, decimal, group).Cmp(b.exact)
}

// plain is a number that parseDecimal accepts, written with a point and without groups.
func plain(v []byte, decimal, group byte) string {
	var s strings.Builder
	for _, c := range v {
		switch {
		case c == decimal:
			s.WriteByte('.')
		case c != group || group == 0:
			s.WriteByte(c)
		}
	}
	return s.String()
}

func rational(v []byte, decimal, group byte) *big.Rat {
	r, _ := new(big.Rat).SetString(plain(v, decimal, group))
	return r
}
