package conbox

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

var (
	htmlStart = regexp.MustCompile(`(?i)<(?:!doctype|html|head|body|title|h[1-6]|p|pre|br|div|span)[\s>/]`)
	htmlDrop  = regexp.MustCompile(`(?is)<!--.*?(?:-->|$)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)`)
	htmlBreak = regexp.MustCompile(`(?i)<(?:br|/p|/h[1-6]|/title|/div|/pre|/td|/tr|/li)\b[^>]*>`)
	htmlTag   = regexp.MustCompile(`<[!/a-zA-Z][^>]*>`)
	signIn    = regexp.MustCompile(`(?i)<input[^>]+type\s*=\s*["']?password`)
)

// messageRunes bounds what of a server's text is shown.
const messageRunes = 300

// signsIn reports whether an answer is a web page that asks for a password: no service, whatever its status.
func signsIn(raw []byte) bool { return htmlStart.Match(raw) && signIn.Match(raw) }

// words makes an answer readable: the ErrorMessage or Message of a JSON answer, else its text without markup.
func words(raw []byte) string {
	s := string(raw)
	if d := readDocument(raw); d.root.kind == kindObject {
		if m := d.root.get("ErrorMessage", "Message", "ExceptionMessage", "Error").scalar(); m != "" {
			return m
		}
	} else if d.root.kind == kindString {
		return d.root.text
	}
	if !utf8.ValidString(s) {
		if decoded, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			s = decoded
		}
	}
	if htmlStart.MatchString(s) {
		s = htmlDrop.ReplaceAllString(s, "")
		s = htmlBreak.ReplaceAllString(s, "\n")
		s = html.UnescapeString(htmlTag.ReplaceAllString(s, ""))
	}
	return strings.TrimPrefix(s, "\ufeff")
}

// firstLine is the first line of s that holds something, squeezed and cut to what is shown.
func firstLine(s string) string {
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = oneLine(line); line != "" {
			return line
		}
	}
	return ""
}

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > messageRunes {
		return string(runes[:messageRunes-1]) + "…"
	}
	return s
}

// namedSecret is what a server's debug page quotes of our request.
var namedSecret = regexp.MustCompile(`(?i)(Authorization["'\s:=]+(?:Basic|Digest)\s+|User(?:APIKey|Code)["']?\s*[:=]\s*["']?)[^\s,;"'<>]+`)

// scrub takes secrets out of what the server wrote.
func (c *call) scrub(s string) string {
	s = namedSecret.ReplaceAllString(s, "${1}[removed]")
	for _, secret := range c.secrets {
		if secret != "" {
			s = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(secret)).ReplaceAllLiteralString(s, "[removed]")
		}
	}
	return s
}

// says is the server's words for an error.
func (c *call) says(raw []byte) string { return firstLine(c.scrub(words(raw))) }

// retryAfter reads the header in both of its forms; 0 when absent, past or unreadable.
func retryAfter(h http.Header) time.Duration {
	s := h.Get("Retry-After")
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), 24*60*60)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}
