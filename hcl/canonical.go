package hcl

import (
	"bytes"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// canonical reports whether a source is certainly valid and laid out as the formatter would: nearly every file that is
// checked is, and to see that takes a tenth of what formatting it takes. It is false for anything out of the ordinary, such as
// a comment behind a value, and then says nothing about the source.
func canonical(src []byte, name string) bool {
	c := &layout{src: src, line: -1}
	if !c.body(0, "") || c.at != len(src) {
		return false
	}
	_, _, ok := parseByBlocks(src, name)
	return ok
}

// layout goes through a source as long as it is laid out canonically. What it goes over need not be valid.
type layout struct {
	src []byte
	at  int

	// Equals signs of lines that follow each other stand in one column: the width of the names that are in line now.
	line   int // where the line after them begins
	column int // of their equals signs
	widest int // of the names, with their indentation
}

func (c *layout) next() byte {
	if c.at < len(c.src) {
		return c.src[c.at]
	}
	return 0
}

// is goes over a text if it stands here.
func (c *layout) is(text string) bool {
	if !bytes.HasPrefix(c.src[c.at:], []byte(text)) {
		return false
	}
	c.at += len(text)
	return true
}

func (c *layout) indented(depth int) bool {
	for range depth {
		if !c.is("  ") {
			return false
		}
	}
	return c.next() != ' ' && c.next() != '\t'
}

func (c *layout) name() bool {
	start := c.at
	for letter(c.next()) || c.at > start && (digit(c.next()) || c.next() == '-') {
		c.at++
	}
	return c.at > start && c.next() < 0x80
}

// body goes over the lines of a block up to, and without, its closing brace's line; at depth 0 to the end of the file.
func (c *layout) body(depth int, block string) bool {
	for c.at < len(c.src) {
		if c.is("\n") {
			continue
		}
		start := c.at
		if !c.indented(depth) {
			c.at = start
			return c.aligned() && depth > 0
		}
		if c.next() == '#' || c.is("//") {
			c.toLineEnd()
			continue
		}
		if !c.item(start, depth, block) {
			return false
		}
	}
	return c.aligned() && depth == 0
}

// modern reports whether the type of a variable, from its equals sign on, is none that the formatter spells anew.
func modern(rest []byte) bool {
	switch text := string(bytes.Trim(rest, " =\n")); text {
	case "list", "map", "set":
		return false
	default:
		return text[0] != '"'
	}
}

func (c *layout) toLineEnd() {
	if end := bytes.IndexByte(c.src[c.at:], '\n'); end >= 0 {
		c.at += end + 1
	} else {
		c.at = len(c.src)
	}
}

// item goes over an attribute or a block.
func (c *layout) item(start, depth int, block string) bool {
	from := c.at
	if !c.name() {
		return false
	}
	name := string(c.src[from:c.at])
	if ahead := bytes.TrimLeft(c.src[c.at:], " "); len(ahead) > 0 && ahead[0] == '=' {
		from = c.at
		if depth == 0 || !c.attribute(start, depth) {
			return false
		}
		return block != "variable" || name != "type" || modern(c.src[from:c.at])
	}
	for c.is(` "`) {
		for c.next() != '"' {
			if c.next() < ' ' || c.next() >= 0x7f || c.next() == '\\' || c.next() == '$' || c.next() == '%' {
				return false
			}
			c.at++
		}
		c.at++
	}
	if c.is(" {}\n") {
		return true
	}
	return c.is(" {\n") && c.body(depth+1, name) && c.indented(depth) && c.is("}\n")
}

// attribute goes over the rest of an attribute, from behind its name.
func (c *layout) attribute(start, depth int) bool {
	width := c.at - start
	spaces := c.at
	for c.next() == ' ' {
		c.at++
	}
	column := c.at - start
	single := c.at-spaces == 1
	if !c.is("= ") {
		return false
	}
	if rest := c.src[c.at:]; single && (bytes.HasPrefix(rest, []byte("[\n")) || bytes.HasPrefix(rest, []byte("{\n"))) {
		return c.lines(depth)
	}
	if !c.oneLine() {
		return false
	}
	return c.inLine(start, column, width)
}

// inLine notes a line with an equals sign. It is false where the sign is out of line with the line before.
func (c *layout) inLine(start, column, width int) bool {
	if c.line != start {
		if !c.aligned() {
			return false
		}
		c.column, c.widest = column, 0
	}
	c.line, c.widest = c.at, max(c.widest, width)
	return column == c.column
}

// aligned ends a run of lines with equals signs and reports whether these stand as far left as they can.
func (c *layout) aligned() bool {
	ok := c.line < 0 || c.column == c.widest+1
	c.line = -1
	return ok
}

// oneLine goes over a value that ends with its line.
func (c *layout) oneLine() bool {
	from := c.at
	if c.value() && c.is("\n") {
		return !unwraps(c.src[from : c.at-1])
	}
	c.at = from
	c.toLineEnd()
	line := c.src[from:c.at]
	if !bytes.HasSuffix(line, []byte("\n")) || !whole(line[:len(line)-1]) || unwraps(line[:len(line)-1]) {
		return false
	}
	text := append([]byte("x = "), line...)
	return bytes.Equal(hclwrite.Format(text), text)
}

// unwraps reports whether a value may be nothing but one interpolation, which the formatter unwraps.
func unwraps(value []byte) bool {
	return bytes.HasPrefix(value, []byte(`"${`)) && bytes.HasSuffix(value, []byte(`}"`))
}

// lines goes over a list or an object whose parts stand on lines of their own.
func (c *layout) lines(depth int) bool {
	object := c.next() == '{'
	c.at += len("[\n")
	if !c.aligned() {
		return false
	}
	for {
		start := c.at
		if !c.indented(depth + 1) {
			c.at = start
			break
		}
		switch {
		case object:
			from := c.at
			if !c.name() {
				return false
			}
			width := c.at - start
			for c.next() == ' ' {
				c.at++
			}
			column := c.at - start
			if c.at == from || !c.is("= ") || !c.value() || !c.is("\n") || !c.inLine(start, column, width) {
				return false
			}
		case !c.value() || !c.is(",\n") && !c.is("\n"):
			return false
		}
	}
	if !c.aligned() || !c.indented(depth) {
		return false
	}
	if object {
		return c.is("}\n")
	}
	return c.is("]\n")
}

// value goes over a literal, a reference, a call, a template, a list or an object on one line.
func (c *layout) value() bool {
	switch b := c.next(); {
	case b == '"':
		return c.quoted()
	case digit(b):
		for digit(c.next()) || c.next() == '.' {
			c.at++
		}
		return true
	case letter(b):
		return c.reference()
	case b == '[':
		c.at++
		return c.separated("]", c.value)
	case b == '{':
		if c.is("{}") {
			return true
		}
		return c.is("{ ") && c.separated(" }", func() bool { return c.name() && c.is(" = ") && c.value() })
	}
	return false
}

func (c *layout) separated(end string, part func() bool) bool {
	if c.is(end) {
		return true
	}
	for part() {
		if c.is(end) {
			return true
		}
		if !c.is(", ") {
			return false
		}
	}
	return false
}

func (c *layout) reference() bool {
	if !c.name() {
		return false
	}
	if c.is("(") {
		return c.separated(")", c.value)
	}
	for c.is(".") {
		if !c.name() {
			return false
		}
	}
	return true
}

// quoted goes over a text in quotes.
func (c *layout) quoted() bool {
	for c.at++; c.at < len(c.src); c.at++ {
		switch b := c.src[c.at]; {
		case b == '"':
			c.at++
			return true
		case b == '\n' || b == '\\' || b == '%' && c.at+1 < len(c.src) && c.src[c.at+1] == '{':
			return false
		case b == '$':
			if bytes.HasPrefix(c.src[c.at:], []byte("$$")) {
				return false
			}
			if !c.is("${") {
				continue
			}
			if !c.value() || c.next() != '}' {
				return false
			}
		}
	}
	return false
}
