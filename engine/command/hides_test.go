package command_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// fileHides: hides FILE TEXT...: none of the texts is in the file, neither plain nor in another case, as hexadecimal digits,
// in Base64 at any of its three alignments, backwards, in UTF-16, or in anything in the file that can be unpacked.
func fileHides(ts *testscript.TestScript, neg bool, args []string) {
	layers := unpacked([]byte(ts.ReadFile(args[0])))
	found := ""
	for _, text := range args[1:] {
		if len(text) < 4 {
			ts.Fatalf("%q is too short to be looked for", text)
		}
		for form, spelled := range spellings(text) {
			for _, layer := range layers {
				if bytes.Contains(bytes.ToLower(layer), bytes.ToLower([]byte(spelled))) {
					found = text + ", " + form
				}
			}
		}
	}
	if (found == "") == neg {
		ts.Fatalf("in %s there is: %q", args[0], found)
	}
}

// spellings are the forms of a text that are looked for, letters in any case.
func spellings(text string) map[string]string {
	wide, back := strings.Builder{}, []byte{}
	for i := range len(text) {
		wide.WriteString(text[i:i+1] + "\x00")
		back = append(back, text[len(text)-1-i])
	}
	out := map[string]string{"plain": text, "hexadecimal": hex.EncodeToString([]byte(text)), "UTF-16": wide.String(), "backwards": string(back)}
	for pad := range 3 {
		raw := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", pad) + text))
		from, to := (pad*8+5)/6, (pad+len(text))*8/6 // only the digits that belong to the text alone
		out["Base64 at "+string(rune('0'+pad))] = raw[from:to]
		out["Base64 of addresses at "+string(rune('0'+pad))] = strings.NewReplacer("+", "-", "/", "_").Replace(raw[from:to])
	}
	return out
}

// unpacked is the file and whatever in it, or in the Base64 in it, is a packed stream.
func unpacked(file []byte) [][]byte {
	layers := [][]byte{file}
	for _, word := range bytes.FieldsFunc(file, func(r rune) bool { return strings.ContainsRune("\" \n:,{}[]", r) }) {
		if raw, err := base64.StdEncoding.DecodeString(string(word)); err == nil && len(raw) > 8 {
			layers = append(layers, raw)
		}
	}
	for _, layer := range layers {
		for i := range layer {
			if r, err := gzip.NewReader(bytes.NewReader(layer[i:])); err == nil {
				text, _ := io.ReadAll(r)
				layers = append(layers, text)
			}
			if r, err := zlib.NewReader(bytes.NewReader(layer[i:])); err == nil {
				text, _ := io.ReadAll(r)
				layers = append(layers, text)
			}
		}
	}
	return layers
}
