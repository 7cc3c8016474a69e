package csvschema

import (
	"testing"

	"pgregory.net/rapid"
)

// masksByByte is what the masks of a block mean, byte by byte. The block holds one byte more.
func masksByByte(k *maskMaker, block []byte) (m masks) {
	for i, c := range block[:blockLen] {
		next := block[i+1]
		for _, is := range []struct {
			mask *uint64
			true bool
		}{
			{&m.delims, c == k.delim},
			{&m.quotes, c == k.quote},
			{&m.lines, c == '\n'},
			{&m.returns, c == '\r' && next == '\n'},
			{&m.spoils, c == '\r' && next != '\n' || c == 0},
			{&m.high, c >= 0x80},
			{&m.leads, c >= 0xC2 && c < 0xE0},
			{&m.conts, c >= 0x80 && c < k.limit},
			{&m.blanks, c == ' '},
			{&m.odd, c == '#' || c == '\\' || (c == ':' || c == 'E') && (next == ')' || next == '+' || next == '-' || next == '/')},
		} {
			if is.true {
				*is.mask |= 1 << i
			}
		}
	}
	return m
}

// sameMasks holds every way to make masks against what they mean: the way of this machine, and the one of any other.
func sameMasks(t failing, k *maskMaker, data []byte) {
	blocks := (len(data) - 1) / blockLen
	got := make([]masks, blocks)
	for name, way := range map[string]func([]masks, []byte){"all": k.all, "each": k.each} {
		clear(got)
		way(got, data)
		for i := range got {
			if want := masksByByte(k, data[i*blockLen:]); got[i] != want {
				t.Fatalf("%s: %q with %q, block %d:\n%x\nwant\n%x", name, data, []byte{k.delim, k.quote, k.limit}, i, got[i], want)
			}
		}
	}
}

func TestMasks(t *testing.T) {
	char := rapid.OneOf(rapid.SampledFrom([]byte(";;\"\" #\\:E)+-/,.*(a0\x1f\x20\x00\n\r\r\n\x7f\x80\xff\xa0\xba\xc2\xc3\xc5\xbf\xdf\xe0\xc1")), rapid.Byte())
	ascii := rapid.OneOf(rapid.SampledFrom([]byte(";,\t|'\"")), rapid.ByteRange(1, 0x7F))
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, masksAtOnce).Draw(t, "blocks")*blockLen + 1
		k := &maskMaker{delim: ascii.Draw(t, "delimiter"), quote: ascii.Draw(t, "quote"), limit: rapid.SampledFrom([]byte{0xA0, 0xC0}).Draw(t, "limit"), wary: true}
		sameMasks(t, k, rapid.SliceOfN(char, size, size).Draw(t, "data"))
	})
}

func FuzzMasks(f *testing.F) {
	f.Add([]byte("Müller;\"C:\\x\";1,00E+05\r\n;\"\"\r\n"), byte(';'), byte('"'), false)
	f.Fuzz(func(t *testing.T, data []byte, delim, quote byte, single bool) {
		k := &maskMaker{delim: delim & 0x7F, quote: quote & 0x7F, limit: 0xC0, wary: true}
		if single {
			k.limit = 0xA0
		}
		for len(data)%blockLen != 1 {
			data = append(data, ' ')
		}
		sameMasks(t, k, data)
	})
}
