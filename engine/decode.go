package engine

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// ProtocolText is what a protocol's bytes say to people, as the import that it belongs to reads them, with line feeds at the
// ends of its lines. An import that is no longer configured is the zero value.
func (i Import) ProtocolText(raw []byte) string {
	return unixLines(decodeText(raw, i.Protocol.Encoding))
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func unixLines(text string) string { return lineEnds.Replace(text) }

// decodeText reads bytes under a declared encoding; without one as UTF-16 where a mark or the zero bytes of its first
// characters say so, as UTF-8 and, where that fails, Windows-1252. A mark of UTF-16 counts whatever is declared: no text begins
// with it in another encoding.
func decodeText(raw []byte, name string) string {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	var e encoding.Encoding
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")), name == "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case name == "" && len(raw) >= 4 && raw[0] != 0 && raw[1] == 0 && raw[2] != 0 && raw[3] == 0:
		e = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case name == "iso-8859-1":
		e = charmap.ISO8859_1
	case name == "iso-8859-15":
		e = charmap.ISO8859_15
	case name == "windows-1252" || !utf8.Valid(raw):
		e = charmap.Windows1252
	default:
		return string(raw)
	}
	out, err := e.NewDecoder().Bytes(raw)
	if err != nil { // none of these fails: what they do not know becomes U+FFFD
		return string(raw)
	}
	return string(out)
}
