package perbit

import (
	"encoding/json"
	"html"
	"strings"
	"unicode"

	"dropform/engine/wire"
)

// page is an error answer made readable.
type page struct {
	text string // lines, without markup
	html bool   // it holds markup
	page bool   // it begins as an HTML page
	form bool   // it asks for a password
}

// lineEnds makes every line end "\n" and every blank a space.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ", "\t", " ")

// read makes an answer readable: UTF-8 or else Windows-1252, JSON strings, HTML and entities undone, "\n" line ends.
func read(raw []byte) page {
	s := unwrapJSON(wire.Decode(raw))
	p := page{html: wire.HoldsMarkup(s)}
	p.page = p.html && strings.HasPrefix(strings.TrimSpace(s), "<")
	p.form = p.page && wire.AsksPassword(s)
	if p.html {
		s = wire.WithoutMarkup(s)
	} else {
		s = html.UnescapeString(s)
	}
	s = lineEnds.Replace(s)
	p.text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	return p
}

// unwrapJSON returns the text inside a JSON string or error object, else s.
func unwrapJSON(s string) string {
	var text string
	if json.Unmarshal([]byte(s), &text) == nil {
		return text
	}
	var object struct{ Message, ExceptionMessage, ErrorMessage, Error, StackTrace, StackTraceString any }
	if json.Unmarshal([]byte(s), &object) != nil {
		return s
	}
	var lines []string
	for _, v := range []any{
		object.ExceptionMessage, object.ErrorMessage, object.Message, object.Error, object.StackTrace, object.StackTraceString,
	} {
		if line, ok := v.(string); ok {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return s
	}
	return strings.Join(lines, "\n")
}

// hidden tells whether IIS replaced the message: the words "Bad Request" and nothing else, in whatever markup.
func (p page) hidden() bool {
	for line := range strings.SplitSeq(p.text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.EqualFold(line, "Bad Request") {
			return false
		}
	}
	return p.text != ""
}

// stackBytes bounds what of a server's text is kept for the debug log.
const stackBytes = 8 << 10

// firstLine splits text into its first line and the rest.
func (p page) firstLine() (line, rest string) {
	line, rest, _ = strings.Cut(p.text, "\n")
	return line, rest
}
