package conbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// kind is what a JSON value is.
type kind byte

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// value is a JSON value with its numbers as they were written.
type value struct {
	kind    kind
	text    string // of a string, number or bool
	members []member
	items   []*value
}

type member struct {
	name  string
	value *value
}

// document is an answer as far as it could be read.
type document struct {
	root *value // nil: nothing
	// lenient: it is not strict JSON in UTF-8. Comments, missing and trailing commas, a byte order mark, line breaks
	// in strings and Windows-1252 are read all the same, because the vendor's samples have the first three.
	lenient bool
	// broken: it does not end where it should; what stands before the fault was read.
	broken bool
}

// readDocument reads what can be read.
func readDocument(raw []byte) document {
	text := bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		if decoded, err := charmap.Windows1252.NewDecoder().Bytes(text); err == nil {
			text = decoded
		}
	}
	p := reader{src: text}
	d := document{lenient: len(text) != len(raw) || !utf8.Valid(raw) || !json.Valid(text)}
	d.root = &value{}
	ok := p.value(d.root, 0)
	p.skip()
	d.broken = !ok || p.pos < len(p.src)
	return d
}

// maxDepth is more than twice what any answer needs.
const maxDepth = 32

// reader is a JSON parser that goes on where the intent is plain and stops where it is not.
type reader struct {
	src []byte
	pos int
}

// peek is the next byte, 0 at the end.
func (p *reader) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// skip passes white space and comments.
func (p *reader) skip() {
	for p.pos < len(p.src) {
		rest := p.src[p.pos:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			p.pos++
		case bytes.HasPrefix(rest, []byte("//")):
			p.past(rest, "\n")
		case bytes.HasPrefix(rest, []byte("/*")):
			p.past(rest, "*/")
		default:
			return
		}
	}
}

// past moves behind the next end in rest, or to the end of everything.
func (p *reader) past(rest []byte, end string) {
	if i := bytes.Index(rest, []byte(end)); i >= 0 {
		p.pos += i + len(end)
		return
	}
	p.pos = len(p.src)
}

// value reads into v and reports whether it ended well. v holds what was read either way.
func (p *reader) value(v *value, depth int) bool {
	p.skip()
	if depth > maxDepth {
		return false
	}
	switch c := p.peek(); {
	case c == '{':
		v.kind = kindObject
		return p.object(v, depth)
	case c == '[':
		v.kind = kindArray
		return p.array(v, depth)
	case c == '"':
		v.kind = kindString
		return p.string(&v.text)
	case c == '-' || '0' <= c && c <= '9':
		v.kind = kindNumber
		v.text = p.word("+-.eE0123456789")
		return json.Valid([]byte(v.text)) && (depth == 0 || p.pos < len(p.src)) // at the very end it may have been cut
	}
	switch v.text = strings.ToLower(p.word("")); v.text {
	case "true", "false":
		v.kind = kindBool
		return true
	case "null":
		v.text = ""
		return true
	}
	v.text = ""
	return false
}

// word takes letters and the bytes of more.
func (p *reader) word(more string) string {
	start := p.pos
	for c := p.peek(); c|0x20 >= 'a' && c|0x20 <= 'z' || c != 0 && strings.IndexByte(more, c) >= 0; c = p.peek() {
		p.pos++
	}
	return string(p.src[start:p.pos])
}

// object reads members; commas may be missing or too many.
func (p *reader) object(v *value, depth int) bool {
	p.pos++
	for {
		p.skip()
		switch p.peek() {
		case ',':
			p.pos++
			continue
		case '}':
			p.pos++
			return true
		case '"':
		default:
			return false
		}
		m := member{value: &value{}}
		if !p.string(&m.name) {
			return false
		}
		if p.skip(); p.peek() != ':' {
			return false
		}
		p.pos++
		ok := p.value(m.value, depth+1)
		if ok || m.value.members != nil || m.value.items != nil {
			v.members = append(v.members, m)
		}
		if !ok {
			return false
		}
	}
}

// array reads items; commas may be missing or too many.
func (p *reader) array(v *value, depth int) bool {
	p.pos++
	for {
		p.skip()
		switch p.peek() {
		case ',':
			p.pos++
			continue
		case ']':
			p.pos++
			return true
		case 0:
			return false
		}
		item := &value{}
		if !p.value(item, depth+1) {
			return false
		}
		v.items = append(v.items, item)
	}
}

// string reads a quoted string. Nothing inside it is a comment. Line breaks are taken as they are, and so is the whole
// string if it holds an escape that JSON does not know.
func (p *reader) string(s *string) bool {
	start := p.pos + 1
	plain := true
	for i := start; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case c == '"':
			p.pos = i + 1
			*s = string(p.src[start:i])
			if !plain {
				*s = unescape(*s)
			}
			return true
		case c == '\\':
			i++
			plain = false
		}
	}
	p.pos = len(p.src)
	return false
}

var lineBreaks = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)

func unescape(s string) string {
	var out string
	if json.Unmarshal([]byte(`"`+lineBreaks.Replace(s)+`"`), &out) != nil {
		return s
	}
	return out
}

// get is the value of the first member of one of the names that holds something, in any letter case; nil when there is
// none.
func (v *value) get(names ...string) *value {
	if v == nil {
		return nil
	}
	for _, name := range names {
		for _, m := range v.members {
			if name != "" && strings.EqualFold(m.name, name) && (m.value.kind != kindNull && m.value.text != "" || m.value.kind >= kindArray) {
				return m.value
			}
		}
	}
	return nil
}

// scalar is a text, number or truth value as written, and empty for anything else.
func (v *value) scalar() string {
	if v == nil || v.kind >= kindArray {
		return ""
	}
	return v.text
}
