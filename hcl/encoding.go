package hcl

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// utf8BOM is what some editors put before a text; it is not part of it.
var utf8BOM = []byte("\ufeff")

// notUTF8 reports a file that is saved in another encoding, once and instead of all that a parser would say about it.
func (c *complaints) notUTF8(name string, src []byte) bool {
	at := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	switch {
	case looksUTF16(src):
		c.add(problem{
			code: "not_utf8", summary: "The file is saved as UTF-16", rng: at,
			detail: "Configuration files are UTF-8. Save it as UTF-8: editors offer that under \"Save as\" or \"Encoding\", PowerShell as Out-File -Encoding utf8.",
		})
	case !utf8.Valid(src):
		bad := 0
		for bad < len(src) {
			r, size := utf8.DecodeRune(src[bad:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			bad += size
		}
		readable := latin(src, bad)
		c.files[name] = &hcl.File{Bytes: readable} // so that the snippet shows the line
		from := bytes.LastIndexByte(src[:bad], '\n') + 1
		_, size := utf8.DecodeRune(readable[bad:])
		at.Start = hcl.Pos{Line: bytes.Count(src[:bad], []byte("\n")) + 1, Column: utf8.RuneCount(src[from:bad]) + 1, Byte: bad}
		at.End = hcl.Pos{Line: at.Start.Line, Column: at.Start.Column + 1, Byte: bad + size}
		c.add(problem{
			code: "not_utf8", summary: "The file is not saved as UTF-8", rng: at,
			detail: "This character is not UTF-8; most likely the file is saved as Windows-1252 (\"ANSI\"). Save it as UTF-8.",
		})
	default:
		return false
	}
	c.broken[name] = 0
	return true
}

// looksUTF16 goes by the byte order mark, or by the zero byte that every ASCII character has in UTF-16.
func looksUTF16(src []byte) bool {
	if len(src) < 2 {
		return false
	}
	return bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff}) || (src[0] == 0) != (src[1] == 0)
}

// latin reads what follows a byte as Latin-1, so that it can be shown.
func latin(src []byte, from int) []byte {
	out := bytes.Clone(src[:from])
	for _, b := range src[from:] {
		r := rune(b)
		if b >= 0x80 && b < 0xa0 {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
