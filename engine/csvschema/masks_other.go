//go:build !amd64

package csvschema

// all looks at len(out) blocks from the beginning of data on, which holds one byte more.
func (k *maskMaker) all(out []masks, data []byte) { k.each(out, data) }

// hops leaves everything to hop.
func (k *maskMaker) hops(*stride, []byte, int) int { return 0 }

// wideWords says that the machine has words that all and hops make use of.
var wideWords = false
