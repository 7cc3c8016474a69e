package perbit

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

var (
	htmlStart = regexp.MustCompile(`(?i)<(?:!doctype|html|head|body|title|h[1-6]|p|pre|br|font|div|span)[\s>/]`)
	htmlDrop  = regexp.MustCompile(`(?is)<!--.*?(?:-->|$)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)`)
	htmlBreak = regexp.MustCompile(`(?i)<(?:br|/p|/h[1-6]|/title|/div|/pre|/td|/tr|/li|/i)\b[^>]*>`)
	htmlTag   = regexp.MustCompile(`<[!/a-zA-Z][^>]*>`)
	signIn    = regexp.MustCompile(`(?i)<input[^>]+type\s*=\s*["']?password`)
)

// page is an error answer made readable.
type page struct {
	text string // lines, without markup
	html bool   // it holds markup
	page bool   // it begins as an HTML page
	form bool   // it asks for a password
}

// read makes an answer readable: UTF-8 or else Windows-1252, JSON strings, HTML and entities undone, "\n" line ends.
func read(raw []byte) page {
	s := decode(raw)
	s = unwrapJSON(s)
	p := page{html: htmlStart.MatchString(s)}
	p.page = p.html && strings.HasPrefix(strings.TrimSpace(s), "<")
	p.form = p.page && signIn.MatchString(s)
	if p.html {
		s = htmlDrop.ReplaceAllString(s, "")
		s = htmlBreak.ReplaceAllString(s, "\n")
		s = htmlTag.ReplaceAllString(s, "")
	}
	s = html.UnescapeString(s)
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ", "\t", " ").Replace(s)
	p.text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	return p
}

// decode takes bytes that are not UTF-8 for Windows-1252. A character cut in two by the size limit is dropped.
func decode(raw []byte) string {
	raw = []byte(strings.TrimPrefix(string(raw), "\ufeff"))
	for cut := 0; cut < utf8.UTFMax && cut < len(raw); cut++ {
		if head := raw[:len(raw)-cut]; utf8.Valid(head) && (cut == 0 || !utf8.FullRune(raw[len(head):])) {
			return string(head)
		}
	}
	s, err := charmap.Windows1252.NewDecoder().Bytes(raw)
	if err != nil {
		return strings.ToValidUTF8(string(raw), "?")
	}
	return string(s)
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

// messageRunes bounds what of a server's text is shown; stackBytes what is kept for the debug log.
const (
	messageRunes = 300
	stackBytes   = 8 << 10
)

// firstLine splits text into its first line and the rest.
func (p page) firstLine() (line, rest string) {
	line, rest, _ = strings.Cut(p.text, "\n")
	return line, rest
}

// oneLine squeezes white space and cuts to what is shown.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > messageRunes {
		return string(runes[:messageRunes-1]) + "…"
	}
	return s
}
