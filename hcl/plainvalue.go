package hcl

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// value reads an attribute's value. One of a single line that is not plain, such as a condition, is left to hclsyntax.
func (p *plain) value() hclsyntax.Expression {
	from := *p
	if e := p.expression(); e != nil && p.lineEnds() {
		return e
	}
	*p = from
	line := p.src[p.at:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	line = bytes.TrimRight(line, " \t")
	if len(line) == 0 || !whole(line) || mayHoldZero.Match(line) {
		return nil
	}
	e, diags := hclsyntax.ParseExpression(line, p.name, p.pos())
	if len(diags) > 0 {
		return nil
	}
	p.at += len(line)
	return e
}

// lineEnds reports whether nothing but a comment follows on the line.
func (p *plain) lineEnds() bool {
	ahead := *p
	return ahead.endLine()
}

// whole reports whether a line is certain to hold the whole of an expression and nothing else, if it can be parsed as one: no
// comment and no heredoc can begin in it, and its columns are its bytes.
func whole(line []byte) bool {
	for i, c := range line {
		if c == '#' || c >= 0x80 || (c == '/' || c == '<') && i > 0 && (line[i-1] == c) || c == '*' && i > 0 && line[i-1] == '/' {
			return false
		}
	}
	return true
}

// expression reads a literal, a reference, a call, a template, a list or an object; nil where it is none of these, or one that
// is not plain. What may follow it is the caller's business.
func (p *plain) expression() hclsyntax.Expression {
	switch c := p.next(); {
	case c == '"':
		return p.template()
	case digit(c):
		return p.number()
	case letter(c):
		return p.reference()
	case c == '[':
		return p.list()
	case c == '{':
		return p.object()
	}
	return nil
}

// number reads digits, perhaps with a point between them.
func (p *plain) number() hclsyntax.Expression {
	start := p.pos()
	for digit(p.next()) {
		p.at++
	}
	if p.next() == '.' {
		p.at++
		if !digit(p.next()) {
			return nil
		}
		for digit(p.next()) {
			p.at++
		}
	}
	text := p.src[start.Byte:p.at]
	if c := p.next(); letter(c) || c == '.' || c >= 0x80 || len(text) > 1 && text[0] == '0' && digit(text[1]) {
		return nil
	}
	v, err := cty.ParseNumberVal(string(text))
	if err != nil {
		return nil
	}
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: p.since(start)}
}

// reference reads a.b.c, a call or one of the words for a value.
func (p *plain) reference() hclsyntax.Expression {
	start := p.pos()
	name := p.ident()
	switch {
	case name == "" || p.next() == '[' || p.next() == ':':
		return nil
	case p.next() == '(':
		return p.call(name, start)
	case p.next() != '.':
		switch name {
		case "true":
			return &hclsyntax.LiteralValueExpr{Val: cty.True, SrcRange: p.since(start)}
		case "false":
			return &hclsyntax.LiteralValueExpr{Val: cty.False, SrcRange: p.since(start)}
		case "null":
			return &hclsyntax.LiteralValueExpr{Val: cty.NullVal(cty.DynamicPseudoType), SrcRange: p.since(start)}
		}
	case name == "true" || name == "false" || name == "null":
		return nil
	}
	steps := hcl.Traversal{hcl.TraverseRoot{Name: name, SrcRange: p.since(start)}}
	for p.next() == '.' {
		dot := p.pos()
		p.at++
		step := p.ident()
		if step == "" {
			return nil
		}
		steps = append(steps, hcl.TraverseAttr{Name: step, SrcRange: p.since(dot)})
	}
	if c := p.next(); c == '[' || c == '(' {
		return nil
	}
	return &hclsyntax.ScopeTraversalExpr{Traversal: steps, SrcRange: p.since(start)}
}

// call reads the arguments of a function, on the same line.
func (p *plain) call(name string, start hcl.Pos) hclsyntax.Expression {
	call := &hclsyntax.FunctionCallExpr{Name: name, NameRange: p.since(start)}
	open := p.pos()
	p.at++
	call.OpenParenRange = p.since(open)
	for p.spaces(); p.next() != ')'; p.spaces() {
		arg := p.expression()
		if arg == nil {
			return nil
		}
		call.Args = append(call.Args, arg)
		p.spaces()
		if p.next() == ',' {
			p.at++
		} else if p.next() != ')' {
			return nil
		}
	}
	end := p.pos()
	p.at++
	call.CloseParenRange = p.since(end)
	if c := p.next(); c == '.' || c == '[' {
		return nil
	}
	return call
}

// list reads [a, b], perhaps over several lines.
func (p *plain) list() hclsyntax.Expression {
	open := p.pos()
	p.at++
	list := &hclsyntax.TupleConsExpr{OpenRange: p.since(open)}
	for p.layout(); p.next() != ']'; p.layout() {
		if p.forExpression() {
			return nil
		}
		e := p.expression()
		if e == nil {
			return nil
		}
		list.Exprs = append(list.Exprs, e)
		p.layout()
		if p.next() == ',' {
			p.at++
		} else if p.next() != ']' {
			return nil
		}
	}
	p.at++
	list.SrcRange = p.since(open)
	if c := p.next(); c == '.' || c == '[' {
		return nil
	}
	return list
}

// layout goes over spaces and ends of lines.
func (p *plain) layout() {
	for p.spaces(); p.next() == '\n'; p.spaces() {
		p.at++
		p.line++
		p.from = p.at
	}
}

func (p *plain) forExpression() bool {
	ahead := *p
	return ahead.ident() == "for"
}

// object reads { a = b } whose items stand on lines of their own or have commas between them.
func (p *plain) object() hclsyntax.Expression {
	open := p.pos()
	p.at++
	object := &hclsyntax.ObjectConsExpr{OpenRange: p.since(open)}
	for p.layout(); p.next() != '}'; p.layout() {
		if p.forExpression() {
			return nil
		}
		key := p.expression()
		p.spaces()
		if key == nil || p.next() != '=' {
			return nil
		}
		p.at++
		p.spaces()
		value := p.expression()
		if value == nil {
			return nil
		}
		object.Items = append(object.Items, hclsyntax.ObjectConsItem{KeyExpr: &hclsyntax.ObjectConsKeyExpr{Wrapped: key}, ValueExpr: value})
		p.spaces()
		switch p.next() {
		case ',':
			p.at++
		case '\n', '}':
		default:
			return nil
		}
	}
	p.at++
	object.SrcRange = p.since(open)
	if c := p.next(); c == '.' || c == '[' {
		return nil
	}
	return object
}

// template reads quoted text with interpolations.
func (p *plain) template() hclsyntax.Expression {
	start := p.pos()
	p.at++
	var parts []hclsyntax.Expression
	inserted := false
	for {
		from := p.pos()
		text, ok := p.literal()
		if !ok {
			return nil
		}
		if p.at > from.Byte {
			parts = append(parts, &hclsyntax.LiteralValueExpr{Val: cty.StringVal(text), SrcRange: p.since(from)})
		}
		if p.next() == '"' {
			break
		}
		p.at += len("${")
		p.spaces()
		part := p.expression()
		p.spaces()
		if part == nil || p.next() != '}' {
			return nil
		}
		p.at++
		parts, inserted = append(parts, part), true
	}
	p.at++
	if c := p.next(); c == '.' || c == '[' {
		return nil
	}
	if len(parts) == 0 { // empty text stands where hclsyntax puts it, behind the quotes
		parts = append(parts, &hclsyntax.LiteralValueExpr{Val: cty.StringVal(""), SrcRange: p.since(p.pos())})
	}
	if len(parts) == 1 && inserted {
		return &hclsyntax.TemplateWrapExpr{Wrapped: parts[0], SrcRange: p.since(start)}
	}
	return &hclsyntax.TemplateExpr{Parts: parts, SrcRange: p.since(start)}
}

// literal reads the text inside quotes up to the closing quote or an interpolation. It knows no escapes and, of characters
// beyond ASCII, only those of which each is one column and that have one spelling.
func (p *plain) literal() (text string, ok bool) {
	start := p.at
	wide := 0
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == '"' || c == '$' && bytes.HasPrefix(p.src[p.at:], []byte("${")):
			text = string(p.src[start:p.at])
			p.from += wide
			return text, true
		case c < ' ' || c == '\\' || c == '$' || c == 0x7f || c == '%' && bytes.HasPrefix(p.src[p.at:], []byte("%{")):
			return "", false
		case c < utf8.RuneSelf:
			p.at++
		default:
			r, n := utf8.DecodeRune(p.src[p.at:])
			if r < 'À' || r > 'ÿ' {
				return "", false
			}
			p.at += n
			wide += n - 1
		}
	}
	return "", false
}
