package hcl

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"dropform/engine/diag"
)

// Format gives source text in canonical style, byte for byte as `terraform fmt` does. Text with a syntax error is not
// touched: the result is nil and the list says why.
func Format(filename string, src []byte) ([]byte, diag.List) {
	c := newComplaints()
	if canonical(src, filename) {
		return src, nil
	}
	return reformat(filename, src, &c)
}

func reformat(filename string, src []byte, c *complaints) ([]byte, diag.List) {
	file, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
	if diags.HasErrors() && c.notUTF8(filename, src) { // in a comment, the formatter lets any byte pass
		return nil, c.finished()
	}
	if file == nil {
		file = &hcl.File{}
	}
	file.Bytes = src
	c.files[filename] = file
	if diags.HasErrors() {
		c.addSyntax(filename, diags)
		return nil, c.finished()
	}
	written, diags := hclwrite.ParseConfig(src, filename, hcl.InitialPos)
	if diags.HasErrors() {
		c.addSyntax(filename, diags)
		return nil, c.finished()
	}
	rewriteBody(written.Body(), "")
	return written.Bytes(), nil
}

// rewriteBody applies the rewrites that go beyond spacing: labels are quoted, expressions that are nothing but one
// interpolation lose its wrapping, and the types of variables lose their historical spelling.
func rewriteBody(body *hclwrite.Body, parent string) {
	for name, a := range body.Attributes() {
		tokens := a.Expr().BuildTokens(nil)
		if parent == "variable" && name == "type" {
			body.SetAttributeRaw(name, modernType(tokens))
		} else {
			body.SetAttributeRaw(name, unwrap(tokens))
		}
	}
	for _, b := range body.Blocks() {
		b.SetLabels(b.Labels())
		path := b.Type()
		if parent != "" {
			path = parent + "." + path
		}
		rewriteBody(b.Body(), path)
	}
}

// unwrap turns "${x}" into x. A result on several lines is put in parentheses, since it would not parse without.
func unwrap(tokens hclwrite.Tokens) hclwrite.Tokens {
	n := len(tokens)
	if n < 5 || tokens[0].Type != hclsyntax.TokenOQuote || tokens[1].Type != hclsyntax.TokenTemplateInterp ||
		tokens[n-2].Type != hclsyntax.TokenTemplateSeqEnd || tokens[n-1].Type != hclsyntax.TokenCQuote {
		return tokens
	}
	inside := tokens[2 : n-2]
	if severalParts(inside) {
		return tokens
	}
	inside = trimNewlines(inside)
	if len(inside) == 0 {
		return tokens
	}
	lines := false
	for _, t := range inside[1:] {
		lines = lines || t.Type == hclsyntax.TokenNewline
	}
	enclosed := inside[0].Type == hclsyntax.TokenOParen && inside[len(inside)-1].Type == hclsyntax.TokenCParen
	if !lines || enclosed {
		return inside
	}
	out := hclwrite.Tokens{{Type: hclsyntax.TokenOParen, Bytes: []byte("(")}}
	out = append(out, inside...)
	return append(out, &hclwrite.Token{Type: hclsyntax.TokenCParen, Bytes: []byte(")")})
}

// severalParts reports whether a template goes on after its first interpolation: "${a}${b}" begins and ends like one.
func severalParts(inside hclwrite.Tokens) bool {
	depth := 0
	for _, t := range inside {
		switch t.Type {
		case hclsyntax.TokenOQuote:
			depth++
		case hclsyntax.TokenCQuote:
			depth--
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateSeqEnd:
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

func trimNewlines(tokens hclwrite.Tokens) hclwrite.Tokens {
	for len(tokens) > 0 && tokens[0].Type == hclsyntax.TokenNewline {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].Type == hclsyntax.TokenNewline {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// modernType spells a variable's type as today: string for "string", list(string) for "list", list(any) for list.
func modernType(tokens hclwrite.Tokens) hclwrite.Tokens {
	element, name := "", ""
	switch {
	case len(tokens) == 1 && tokens[0].Type == hclsyntax.TokenIdent:
		element, name = "any", string(tokens[0].Bytes)
	case len(tokens) == 3 && tokens[0].Type == hclsyntax.TokenOQuote && tokens[1].Type == hclsyntax.TokenQuotedLit && tokens[2].Type == hclsyntax.TokenCQuote:
		element, name = "string", string(tokens[1].Bytes)
	}
	switch {
	case name == "string" && element == "string":
		return words("string")
	case name == "list", name == "map", name == "set" && element == "any":
		return words(name, "(", element, ")")
	}
	return tokens
}

func words(texts ...string) hclwrite.Tokens {
	var out hclwrite.Tokens
	for _, t := range texts {
		kind := hclsyntax.TokenIdent
		switch {
		case strings.HasPrefix(t, "("):
			kind = hclsyntax.TokenOParen
		case strings.HasPrefix(t, ")"):
			kind = hclsyntax.TokenCParen
		}
		out = append(out, &hclwrite.Token{Type: kind, Bytes: []byte(t)})
	}
	return out
}
