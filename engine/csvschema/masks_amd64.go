package csvschema

import "golang.org/x/sys/cpu"

// wideWords says that the machine has AVX2; one without it makes do with what every other machine does.
var wideWords = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasPOPCNT

// all looks at len(out) blocks from the beginning of data on, which holds one byte more.
func (k *maskMaker) all(out []masks, data []byte) {
	if !wideWords || len(out) == 0 {
		k.each(out, data)
		return
	}
	_ = data[len(out)*blockLen]
	shapes(&out[0], &data[0], len(out), k.delim, k.quote, k.limit)
	if k.wary {
		alarms(&out[0], &data[0], len(out))
	}
}

// shapes looks at so many blocks, at least one, from data on, and at the byte behind them. It finds all masks but blanks and
// odd.
//
//go:noescape
func shapes(out *masks, data *byte, blocks int, delim, quote, limit byte)

// alarms finds blanks and odd.
//
//go:noescape
func alarms(out *masks, data *byte, blocks int)

// hops passes over so many blocks from the beginning of data on, as long as nothing in them is bad, and answers how many
// it passed.
func (k *maskMaker) hops(h *stride, data []byte, blocks int) int {
	if !wideWords || blocks == 0 {
		return 0
	}
	_ = data[blocks*blockLen]
	return hops(h, &data[0], blocks, k.delim, k.quote)
}

//go:noescape
func hops(h *stride, data *byte, blocks int, delim, quote byte) int
