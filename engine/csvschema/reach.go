package csvschema

import "math/big"

// reach is what the bounds of a column and its scale leave to numbers of at most eight digits, by how many of these stand
// behind the separator: the least of them without it, and how many more there are.
type reach [8]struct {
	least int64
	more  uint64
}

func (r *reach) holds(n int64, scale int) bool {
	end := &r[scale&7]
	return uint64(n-end.least) <= end.more
}

// newReach takes scale for that of the column, -1 for any.
func newReach(low, high *bound, scale int) (r reach) {
	const most = 1e8 // which no number gets to
	for digits := range r {
		least, last := int64(-most), int64(most)
		if low != nil {
			below := new(big.Rat).Neg(low.exact)
			least = -wholeOf(below, digits, most)
		}
		if high != nil {
			last = wholeOf(high.exact, digits, most)
		}
		if least > last || scale >= 0 && digits > scale {
			least, last = 2*most, 2*most
		}
		r[digits].least, r[digits].more = least, uint64(last-least)
	}
	return r
}

// wholeOf is x times a power of ten, rounded down, and not farther from 0 than most.
func wholeOf(x *big.Rat, power int, most int64) int64 {
	scaled := new(big.Rat).Mul(x, new(big.Rat).SetInt64(pow10[power]))
	n := new(big.Int).Div(scaled.Num(), scaled.Denom())
	switch {
	case n.Cmp(big.NewInt(most)) > 0:
		return most
	case n.Cmp(big.NewInt(-most)) < 0:
		return -most
	}
	return n.Int64()
}
