package conbox

import (
	"regexp"
	"strings"

	"dropform/engine/wire"
)

// signsIn reports whether an answer is a web page that asks for a password: no service, whatever its status.
func signsIn(raw []byte) bool {
	return wire.HoldsMarkup(string(raw)) && wire.AsksPassword(string(raw))
}

// words makes an answer readable: the ErrorMessage or Message of a JSON answer, else its text without markup.
func words(raw []byte) string {
	if d := readDocument(raw); d.root.kind == kindObject {
		if m := d.root.get("ErrorMessage", "Message", "ExceptionMessage", "Error").scalar(); m != "" {
			return m
		}
	} else if d.root.kind == kindString {
		return d.root.text
	}
	s := wire.Decode(raw)
	if wire.HoldsMarkup(s) {
		s = wire.WithoutMarkup(s)
	}
	return s
}

// firstLine is the first line of s that holds something, squeezed and cut to what is shown.
func firstLine(s string) string {
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = wire.OneLine(line); line != "" {
			return line
		}
	}
	return ""
}

// namedSecret is what a server's debug page quotes of our request.
var namedSecret = regexp.MustCompile(`(?i)(Authorization["'\s:=]+(?:Basic|Digest)\s+|User(?:APIKey|Code)["']?\s*[:=]\s*["']?)[^\s,;"'<>]+`)

// scrub takes secrets out of what the server wrote.
func (c *call) scrub(s string) string {
	s = namedSecret.ReplaceAllString(s, "${1}[removed]")
	for _, secret := range c.secrets {
		s = wire.Hide(s, secret)
	}
	return s
}

// says is the server's words for an error.
func (c *call) says(raw []byte) string { return firstLine(c.scrub(words(raw))) }
