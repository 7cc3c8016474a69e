package wire

import (
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

// messageRunes bounds what of a server's text is shown.
const messageRunes = 300

// HoldsMarkup reports whether a text holds tags of HTML.
func HoldsMarkup(s string) bool { return htmlStart.MatchString(s) }

// AsksPassword reports whether a page holds a field for a password: a sign-in page, no service.
func AsksPassword(s string) bool { return signIn.MatchString(s) }

// WithoutMarkup is the text of a page, "\n" where HTML breaks the line, entities undone.
func WithoutMarkup(s string) string {
	s = htmlDrop.ReplaceAllString(s, "")
	s = htmlBreak.ReplaceAllString(s, "\n")
	return html.UnescapeString(htmlTag.ReplaceAllString(s, ""))
}

// Decode takes bytes that are not UTF-8 for Windows-1252, and leaves a byte order mark out. A character cut in two at
// the end, by a limit of ours, is dropped.
func Decode(raw []byte) string {
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

// OneLine squeezes white space, leaves out what cannot be printed and cuts to 300 characters.
func OneLine(s string) string {
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

// Hide takes a secret out of a server's text, in whatever case it stands there.
func Hide(s, secret string) string {
	if secret == "" {
		return s
	}
	var out strings.Builder
	kept := 0
	for i := 0; i < len(s); {
		if n := foldedPrefix(s[i:], secret); n > 0 {
			out.WriteString(s[kept:i] + "[removed]")
			i += n
			kept = i
			continue
		}
		_, width := utf8.DecodeRuneInString(s[i:])
		i += width
	}
	if kept == 0 {
		return s
	}
	return out.String() + s[kept:]
}

// foldedPrefix is how many bytes at the beginning of s are the prefix in some case, 0 where it does not begin with it.
func foldedPrefix(s, prefix string) int {
	n := 0
	for prefix != "" && n < len(s) {
		_, width := utf8.DecodeRuneInString(s[n:])
		_, wanted := utf8.DecodeRuneInString(prefix)
		if !strings.EqualFold(s[n:n+width], prefix[:wanted]) {
			return 0
		}
		n, prefix = n+width, prefix[wanted:]
	}
	if prefix != "" {
		return 0
	}
	return n
}
