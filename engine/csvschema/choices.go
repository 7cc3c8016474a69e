package csvschema

import (
	"bytes"
	"math/bits"
	"slices"
)

// choices are a few values in the bytes of the file, in a table in which each has a place of its own.
type choices struct {
	factor uint64 // chosen so that the places differ
	places [64]uint8
	list   []choice
}

// choice is one of them, as three words of eight bytes: the first, the second, and the last, which may overlap with the
// others. What it has not got is 0.
type choice struct {
	first, second, last uint64
	text                []byte
}

// mostChoices is how many values certainly find places in the table.
const mostChoices = 16

// newChoices answers nil where there are none, or too many. A value that the set cannot write is in no file, and one with a
// quote is not as it is written there.
func newChoices(values []string, set charset, quote byte) *choices {
	out, tries := &choices{}, 0
	for _, v := range values {
		text, ok := set.encoded(v)
		known := slices.ContainsFunc(out.list, func(c choice) bool { return bytes.Equal(c.text, text) })
		if !ok || len(text) == 0 || known || bytes.IndexByte(text, quote) >= 0 {
			continue
		}
		c := choice{text: text}
		c.first, c.second, c.last = wordsOf(append(slices.Clip(text), make([]byte, 16)...), 0, len(text))
		out.list = append(out.list, c)
	}
	if len(out.list) == 0 || len(out.list) > mostChoices {
		return nil
	}
	for out.factor = 1; !out.arrange(); out.factor = mix(out.factor) | 1 {
		if tries++; tries == 1000 { // two of them may differ in nothing that counts for their place
			return nil
		}
	}
	return out
}

// arrange tells whether the factor gives each choice a place of its own.
func (h *choices) arrange() bool {
	taken := uint64(0)
	for i := range h.list {
		c := &h.list[i]
		at := h.place(c.first, c.second, c.last, len(c.text))
		if taken>>at&1 != 0 {
			return false
		}
		taken |= 1 << at
		h.places[at] = uint8(i)
	}
	return true
}

func (h *choices) place(first, second, last uint64, n int) uint64 {
	return (first ^ bits.RotateLeft64(second, 21) ^ bits.RotateLeft64(last, 42) ^ uint64(n)) * h.factor >> 58
}

// wordsOf are the words of a choice for the value between start and end, behind which 16 bytes more can be read.
func wordsOf(data []byte, start, end int) (first, second, last uint64) {
	n := end - start
	first = load(data, start) & (1<<(uint(n)*8) - 1)
	second = load(data, start+8) & (1<<(uint(max(n, 8)-8)*8) - 1)
	return first, second, load(data, max(start, end-8)) & (1<<(uint(n)*8) - 1)
}

// alone tells whether nothing else is asked of the texts of the column.
func (h *choices) alone(c *column) bool {
	return h != nil && c.pattern == nil && c.listed == nil && !c.lengths
}

// others are the rows whose cell has content that is not certainly among the choices of the column.
func (k *checker) others(c *column, h *choices, rows uint64) (found uint64) {
	data, cuts, before, quote := k.b.data, k.b.cuts[c.position:], &k.window.before, k.b.quote
	for i := range windowRows {
		if rows>>i&1 == 0 {
			continue
		}
		start, end := cellAt(data, cuts, int(before[i]), quote)
		first, second, last := wordsOf(data, start, end)
		n := end - start
		c := &h.list[h.places[h.place(first, second, last, n)]]
		if (c.first^first)|(c.second^second)|(c.last^last)|uint64(len(c.text)^n) == 0 && (n <= 24 || bytes.Equal(c.text, data[start:end])) {
			continue
		}
		if n > 0 {
			found |= 1 << i
		}
	}
	return found
}
