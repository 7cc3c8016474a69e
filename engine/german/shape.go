package german

import (
	"fmt"
	"strings"
	"unicode"
)

// A plan says the same of ten thousand files, of each with its own name and time, and to find the German of a long text
// takes a millisecond. So a text is known by its shape, too: itself with a mark in the place of each name, number, time or
// address. Two texts of one shape have one German, with other names in it. A shape is believed only where what it gives for
// the first text is what the search finds for it.

// firstMark is the first of the marks for names. They are no letters, digits or spaces, and no text has them. A number is
// marked by a number, because a template may ask for one.
const (
	firstMark   = '\uE000'
	firstNumber = 7_310_000_000 // and no text has this
	mostMarks   = 100
)

// shaped is the German of a text, by its shape where that is known.
func (c *catalogue) shaped(english string) string {
	shape, marks, names, ok := c.shapeOf(english)
	if !ok {
		return c.search(english)
	}
	german, known := c.shapes.get(shape)
	if known && german != "" {
		return filled(german, marks, names)
	}
	found := c.search(english)
	if !known {
		german = c.search(shape)
		if filled(german, marks, names) != found {
			german = ""
		}
		c.shapes.put(shape, german)
	}
	return found
}

// shapeOf puts marks in the places of the names of a text, the same mark for the same name. It is not ok where there is none.
func (c *catalogue) shapeOf(english string) (shape string, marks, names []string, ok bool) {
	var b strings.Builder
	known := map[string]string{}
	end := 0
	for _, n := range namesIn(english) {
		n = c.own.trim(english, n)
		name := english[n.from:n.to]
		number := only(name, "0123456789,")
		if name == "" || number && strings.Contains(name, ",") { // 1,000 is 1.000 in German
			continue
		}
		mark := known[name]
		if mark == "" {
			if mark = string(firstMark + rune(len(names))); number {
				mark = fmt.Sprint(firstNumber + len(names))
			}
			known[name] = mark
			marks, names = append(marks, mark), append(names, name)
		}
		b.WriteString(english[end:n.from])
		b.WriteString(mark)
		end = n.to
	}
	b.WriteString(english[end:])
	return b.String(), marks, names, len(names) > 0 && len(names) <= mostMarks && !marked(english)
}

// own is what templates have that looks like a name: names, and what stands before or behind the place of an argument without
// a space between, as local. and .errors.txt do. In a shape it stays.
type own struct{ names, before, behind map[string]bool }

func newOwn() own { return own{map[string]bool{}, map[string]bool{}, map[string]bool{}} }

func (o own) note(template []part) {
	for i, p := range template {
		if p.verb != 0 {
			continue
		}
		for _, n := range namesIn(p.text) {
			o.names[p.text[n.from:n.to]] = true
		}
		if words := strings.FieldsFunc(p.text, blank); len(words) > 0 {
			if i < len(template)-1 && !blank(rune(p.text[len(p.text)-1])) {
				o.before[strings.TrimLeft(words[len(words)-1], signs)] = true
			}
			if i > 0 && !blank(rune(p.text[0])) {
				o.behind[strings.TrimRight(words[0], signs)] = true
			}
		}
	}
}

func blank(r rune) bool { return r == ' ' || r == '\n' }

// trim leaves of a name what no template has. Brackets stay together.
func (o own) trim(text string, at span) span {
	if o.names[text[at.from:at.to]] {
		return span{at.from, at.from}
	}
	for n := at.to; n > at.from; n-- {
		if o.before[text[at.from:n]] && paired(text[n:at.to]) {
			at.from = n
			break
		}
	}
	for n := at.from; n < at.to; n++ {
		if o.behind[text[n:at.to]] && paired(text[at.from:n]) {
			at.to = n
			break
		}
	}
	return at
}

func paired(name string) bool { return strings.Count(name, "[") == strings.Count(name, "]") }

func marked(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= firstMark && r < firstMark+mostMarks }) ||
		strings.Contains(text, fmt.Sprint(firstNumber)[:4])
}

// filled puts the names back.
func filled(german string, marks, names []string) string {
	pairs := make([]string, 0, 2*len(marks))
	for i := range marks {
		pairs = append(pairs, marks[i], names[i])
	}
	return strings.NewReplacer(pairs...).Replace(german)
}

// namesIn finds the names of a text: pieces without a space, or with one in square brackets, that no sentence has for a word.
// Signs around them belong to the sentence.
func namesIn(text string) []span {
	var out []span
	for at := 0; at < len(text); {
		end, depth := at, 0
		for ; end < len(text) && (depth > 0 || text[end] != ' ' && text[end] != '\n'); end++ {
			switch text[end] {
			case '[':
				depth++
			case ']':
				depth--
			}
		}
		if n, ok := nameOf(text, at, end); ok {
			out = append(out, n)
		}
		at = end + 1
	}
	return out
}

const signs = `.,;:!?'"()` + "`"

func nameOf(text string, from, to int) (span, bool) {
	word := strings.TrimRight(text[from:to], signs)
	to = from + len(word)
	word = strings.TrimLeft(word, signs)
	from = to - len(word)
	if word == "" {
		return span{}, false
	}
	strange := strings.ContainsAny(word, `./\[=_@`) || strings.ContainsFunc(word, unicode.IsDigit)
	return span{from, to}, strange && !strings.ContainsAny(word, "\"`()")
}
