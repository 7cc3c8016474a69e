package german

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// attempts bounds how often the places of arguments are tried for one entry.
const attempts = 100

// match finds the arguments that make the entry's English from a text without its final point. The first letter may be
// large where the template's is small.
func (e *entry) match(text string) ([]string, bool) {
	if !e.mayBe(text) {
		return nil, false
	}
	m := matcher{entry: e, args: make([]string, e.args), set: make([]bool, e.args), left: attempts}
	if !m.from(0, text) {
		return nil, false
	}
	return m.args, true
}

// mayBe rules most entries out cheaply: literals in their order, the first and the last at their ends.
func (e *entry) mayBe(text string) bool {
	if n := len(e.parts) - 1; n > 0 && e.parts[n].verb == 0 && !strings.HasSuffix(text, e.parts[n].text) {
		return false
	}
	for i, p := range e.parts {
		if p.verb != 0 {
			continue
		}
		if i == 0 {
			rest, ok := cutFirst(text, p.text)
			if !ok {
				return false
			}
			text = rest
			continue
		}
		_, rest, ok := strings.Cut(text, p.text)
		if !ok {
			return false
		}
		if i == len(e.parts)-1 && !strings.HasSuffix(text, p.text) {
			return false
		}
		text = rest
	}
	return len(e.parts) == 0 || e.parts[len(e.parts)-1].verb != 0 || len(e.parts) > 1 || text == ""
}

// cutFirst takes a template's first literal off a text that may have been made the begin of a sentence.
func cutFirst(text, literal string) (string, bool) {
	if rest, ok := strings.CutPrefix(text, literal); ok {
		return rest, true
	}
	small, n := utf8.DecodeRuneInString(literal)
	large, k := utf8.DecodeRuneInString(text)
	if large == small || large != unicode.ToUpper(small) {
		return "", false
	}
	return strings.CutPrefix(text[k:], literal[n:])
}

type matcher struct {
	*entry
	args []string
	set  []bool
	left int
}

func (m *matcher) from(i int, text string) bool {
	if i == len(m.parts) {
		return text == ""
	}
	p := m.parts[i]
	if p.verb == 0 {
		rest, ok := strings.CutPrefix(text, p.text)
		if i == 0 {
			rest, ok = cutFirst(text, p.text)
		}
		return ok && m.from(i+1, rest)
	}
	if i == len(m.parts)-1 {
		return m.take(i, text, "")
	}
	next := m.parts[i+1]
	if next.verb != 0 { // two arguments side by side: the first is what it must be at least
		for n := 0; n <= len(text); n++ {
			if m.left--; m.left < 0 {
				return false
			}
			if m.take(i, text[:n], text[n:]) {
				return true
			}
		}
		return false
	}
	for at := 0; ; at++ {
		n := strings.Index(text[at:], next.text)
		if n < 0 {
			return false
		}
		if m.left--; m.left < 0 {
			return false
		}
		at += n
		if m.take(i, text[:at], text[at:]) {
			return true
		}
	}
}

// take lets the argument at part i be value, if it can be, and goes on with the rest.
func (m *matcher) take(i int, value, rest string) bool {
	p := m.parts[i]
	if m.set[p.arg] {
		return m.args[p.arg] == value && m.from(i+1, rest)
	}
	if !fits(p.verb, value) {
		return false
	}
	m.set[p.arg], m.args[p.arg] = true, value
	if m.from(i+1, rest) {
		return true
	}
	m.set[p.arg] = false
	return false
}

// fits reports whether a verb can have printed a value.
func fits(verb byte, value string) bool {
	switch verb {
	case 'd':
		return only(strings.TrimPrefix(value, "-"), "0123456789")
	case 'n':
		return only(strings.TrimPrefix(value, "-"), "0123456789,")
	case 'x', 'X':
		return only(value, "0123456789abcdefABCDEF")
	case 't':
		return value == "true" || value == "false"
	case 'q':
		return len(value) >= 2 && (value[0] == '"' || value[0] == '`' || value[0] == '\'') && value[len(value)-1] == value[0] && closed(value)
	}
	return value != "" && closed(value)
}

func only(text, of string) bool { return text != "" && strings.Trim(text, of) == "" }

// closed reports whether every quotation mark and every bracket in a text is closed there.
func closed(text string) bool {
	s := scanner{}
	for i := range len(text) {
		if !s.next(text[i]) {
			return false
		}
	}
	return s.outside()
}

// A scanner knows whether a place in a text lies within quotes or brackets.
type scanner struct {
	depth   int
	quote   byte // the mark that ends the quote, 0 outside
	escaped bool
}

// next goes on by a byte; false where a bracket closes that is not open.
func (s *scanner) next(b byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quote == b:
		s.quote = 0
	case s.quote != 0:
		s.escaped = b == '\\' && s.quote == '"'
	case b == '"' || b == '`':
		s.quote = b
	case b == '(' || b == '[':
		s.depth++
	case b == ')' || b == ']':
		s.depth--
	}
	return s.depth >= 0
}

func (s *scanner) outside() bool { return s.depth == 0 && s.quote == 0 }
