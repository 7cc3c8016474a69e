package csvschema

import "math/bits"

// emails are the rows whose cell is not certainly an e-mail address.
func (k *checker) emails(c *column, rows uint64) (doubt uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	missing := c.missing()
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		if start == end {
			doubt |= missing << i
		} else if !shortEmail(data, start, end) && !validEmail(data[start:end]) {
			doubt |= 1 << i
		}
	}
	return doubt
}

// shortEmail tells whether a cell of at most 32 bytes is an e-mail address of ASCII letters, digits, dots and hyphens. It
// answers false for any other cell; validEmail has to decide about that.
func shortEmail(data []byte, start, end int) bool {
	n := end - start
	if n > 32 {
		return false
	}
	w0, w1, w2, w3 := load(data, start), load(data, start+8), load(data, start+16), load(data, start+24)
	all := uint64(1)<<n - 1
	const low = ^uint64(highs)
	const dot, hyphen = ones * '.', ones * '-'
	foreign := four(w0, w1, w2, w3)
	w0, w1, w2, w3 = w0&low, w1&low, w2&low, w3&low
	// Two masks of 32 bits share a word.
	alnum := turn(four(alnums(w0), alnums(w1), alnums(w2), alnums(w3))>>4 | foreign)
	others := ^turn(four(w0^dot+low, w1^dot+low, w2^dot+low, w3^dot+low)>>4 | four(w0^hyphen+low, w1^hyphen+low, w2^hyphen+low, w3^hyphen+low))
	if alnum>>32&all != 0 {
		return false
	}
	alnum, dots, hyphens := alnum&all, others&all, others>>32&all
	at := all &^ (alnum | dots | hyphens)
	if at == 0 || at&(at-1) != 0 || data[start+bits.TrailingZeros64(at)] != '@' {
		return false
	}
	edges, outer := dots|at, 1|uint64(1)<<(n-1)
	return dots&^(at-1) != 0 && // the domain has a dot
		edges&(edges<<1|outer) == 0 && // no part is empty
		hyphens&(edges<<1|edges>>1|outer) == 0 // and hyphens lie inside of parts
}

// alnums marks the letters and digits of w, whose bytes are all below 0x80, in their highest bits.
func alnums(w uint64) uint64 {
	lower := w | ones*0x20
	letters := (lower + ones*(0x80-'a')) &^ (lower + ones*(0x80-'z'-1))
	digits := (w + ones*(0x80-'0')) &^ (w + ones*(0x80-'9'-1))
	return letters | digits
}
