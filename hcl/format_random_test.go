package hcl_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// randomPrograms are texts made by a grammar that spaces, breaks and comments them as people do not; in one of twelve a
// few bytes are exchanged, so that texts are among them that do not parse.
func randomPrograms(n int) []string {
	gen := rapid.Custom(func(t *rapid.T) string {
		p := &program{T: t, newline: rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n"}).Draw(t, "newline")}
		p.body(3)
		text := p.text.String()
		switch p.pick(12) {
		case 0:
			text = "\ufeff" + text
		case 1:
			text = strings.TrimRight(text, "\r\n")
		case 2:
			text = p.damaged(text)
		}
		return text
	})
	out := make([]string, n)
	for i := range out {
		out[i] = gen.Example(i)
	}
	return out
}

type program struct {
	*rapid.T
	text    strings.Builder
	newline string
	names   int
}

func (p *program) pick(n int) int { return rapid.IntRange(0, n-1).Draw(p.T, "") }

func (p *program) one(texts ...string) string { return texts[p.pick(len(texts))] }

// put writes texts with odd space between them.
func (p *program) put(texts ...string) {
	for _, s := range texts {
		p.text.WriteString(s)
		p.text.WriteString(p.one("", " ", " ", "  ", "\t", "     "))
	}
}

func (p *program) name() string {
	return p.one("a", "bb", "ccc", "für_alle", "type", "default", "long-name-with-hyphens", "x1", "variable", "日本")
}

// attribute is a name that no attribute has yet, but for those that the formatter knows.
func (p *program) attribute() string {
	p.names++
	return p.one("type", fmt.Sprint(p.name(), p.names), fmt.Sprint(p.name(), p.names), fmt.Sprint(p.name(), p.names))
}

// end ends a line, at times with a comment, a blank line or several.
func (p *program) end() {
	p.text.WriteString(p.one("", "", "", " # note", "//note ", " /* in a line */", "\t#", "  "))
	p.text.WriteString(strings.Repeat(p.newline, 1+p.pick(8)/5*p.pick(4)))
}

func (p *program) body(depth int) {
	for range p.pick(6) {
		switch k := p.pick(10); {
		case k == 0:
			p.put(p.one("# comment", "// comment", "/* comment */", "/* two\n   lines */", "#", "   # indented"))
			p.end()
		case k < 7 || depth == 0:
			p.put(p.one("", "", "   "), p.attribute(), "=")
			p.expression(3)
			p.end()
		default:
			p.block(depth)
		}
	}
}

func (p *program) block(depth int) {
	p.put(p.one("variable", "variable", "locals", "import", p.name()) + " ")
	for range p.pick(3) {
		p.put(p.one(`"label"`, "bare", `"mit ü"`, `"q\"q"`) + p.one("", " ", "  "))
	}
	switch p.pick(5) {
	case 0:
		p.put("{", "}")
	case 1:
		p.put("{", p.attribute(), "=")
		p.expression(1)
		p.put("}")
	default:
		p.put("{")
		p.end()
		p.body(depth - 1)
		p.put(p.one("", "  "), "}")
	}
	p.end()
}

func (p *program) expression(depth int) {
	if depth == 0 {
		p.put(p.one("1", "-1.50e3", "true", "null", "var.x", `"text"`, `""`, `"ü ${a} ${~ b ~}"`, `"${var.x}"`, "a.b[0].c", "a[*].b", "a.*.b", `"%{ if a }x%{ else }y%{ endif }"`, `"$${no}"`, "string", `"list"`, `"\u00fc\n"`))
		return
	}
	sub := func() { p.expression(depth - 1) }
	switch p.pick(14) {
	case 0:
		p.list("[", "]", sub)
	case 1:
		p.list("{", "}", func() {
			p.put(p.one(p.name(), `"k"`, "(a)", `"${a}"`), p.one("=", "=", ":"))
			sub()
		})
	case 2:
		p.put(p.one("f", "a::b") + "(")
		for range p.pick(3) {
			sub()
			p.put(",")
		}
		sub()
		p.put(p.one("", "...", ",") + ")")
	case 3:
		sub()
		p.put("?")
		sub()
		p.put(":")
		sub()
	case 4:
		sub()
		p.put(p.one("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"))
		sub()
	case 5:
		p.put(p.one("!", "-"))
		sub()
	case 6:
		p.put("(" + p.one("", p.newline))
		sub()
		p.put(p.one("", p.newline) + ")")
	case 7:
		p.put("[", "for", " x", " in", " ")
		sub()
		p.put(":")
		sub()
		p.put(p.one("", "if a"), "]")
	case 8:
		p.put("{", "for", " k", ",", "v", " in", " ")
		sub()
		p.put(":", "k", "=>")
		sub()
		p.put(p.one("", "..."), "}")
	case 9:
		p.heredoc()
	case 10, 11:
		p.text.WriteString(`"` + p.one("", "", "x", " ") + "${" + p.one("", p.newline, " "))
		sub()
		p.text.WriteString(p.one("", p.newline, " ") + "}" + p.one("", "", "", "y", "${a}") + `"`)
	default:
		p.expression(0)
	}
}

func (p *program) list(from, to string, item func()) {
	p.put(from)
	several := p.pick(2) == 0
	line := func() {
		if several {
			p.end()
		}
	}
	line()
	for range p.pick(4) {
		item()
		p.put(",")
		line()
	}
	p.put(to)
}

func (p *program) heredoc() {
	mark := p.one("EOT", "ENDE")
	p.text.WriteString("<<" + p.one("", "-") + mark + p.newline)
	for range p.pick(4) {
		p.text.WriteString(p.one("", "  ", "\t", "      ") + p.one("plain", "${ a }", "ü # no comment", "%{if a}x%{ endif }", `"quoted"`, "") + p.newline)
	}
	p.text.WriteString(p.one("", "  ") + mark + p.newline)
}

// damaged exchanges, drops or repeats a few bytes.
func (p *program) damaged(text string) string {
	b := []byte(text)
	for range 1 + p.pick(2) {
		if len(b) < 2 {
			break
		}
		i := p.pick(len(b) - 1)
		switch p.pick(3) {
		case 0:
			b = append(b[:i], b[i+1:]...)
		case 1:
			b[i] = "{}[]()\"$=,\n#\\ \t<\r"[p.pick(17)]
		default:
			b = append(b[:i+1], b[i:]...)
		}
	}
	return string(b)
}
