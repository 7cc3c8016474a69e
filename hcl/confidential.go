package hcl

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// findConfidential notes what the secret attributes of all connections refer to, before anything is evaluated: no
// message shows the value of such a variable or local value, wherever the message is about.
func (l *loader) findConfidential() {
	locals := map[string][]hcl.Expression{}
	for _, b := range l.top["locals"] {
		attrs, _ := b.Body.JustAttributes()
		for name, a := range attrs {
			locals[name] = append(locals[name], a.Expr)
		}
	}
	for _, b := range l.top["connection"] {
		for _, expr := range secretExpressions(b) {
			l.confide(expr, locals, forEachOf(b.Body))
		}
	}
}

// secretExpressions are the secret attributes of a connection.
func secretExpressions(b *hcl.Block) []hcl.Expression {
	spec := connectionSpecs[b.Labels[0]]
	if spec == nil {
		return nil
	}
	schema := &hcl.BodySchema{}
	for _, a := range spec.attrs {
		if a.kind == kindSecret {
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: a.name})
		}
	}
	content, _, _ := b.Body.PartialContent(schema)
	var out []hcl.Expression
	for _, a := range content.Attributes {
		out = append(out, a.Expr)
	}
	return out
}

// confide follows references from an expression through local values and for_each.
func (l *loader) confide(expr hcl.Expression, locals map[string][]hcl.Expression, forEach hcl.Expression) {
	for _, t := range expr.Variables() {
		name := confidentialName(t)
		if name == "" || l.confidential[name] {
			continue
		}
		l.confidential[name] = true
		switch t.RootName() {
		case "local":
			for _, e := range locals[strings.TrimPrefix(name, "local.")] {
				l.hideTexts(e)
				l.confide(e, locals, nil)
			}
		case "each":
			if forEach != nil {
				l.confide(forEach, locals, nil)
			}
		}
	}
}

// confidentialName is the part of a reference that counts: var.pw, local.pw, each.value.pw; empty for anything else.
func confidentialName(t hcl.Traversal) string {
	switch t.RootName() {
	case "var", "local":
		if name, ok := stepName(t, 1); ok {
			return t.RootName() + "." + name
		}
	case "each":
		if name, ok := stepName(t, 1); ok && name == "value" {
			return traversalText(t)
		}
	}
	return ""
}

// isConfidential reports whether a reference gives, or is part of, what a secret attribute uses.
func (c *complaints) isConfidential(t hcl.Traversal) bool {
	name := confidentialName(t)
	return name != "" && c.confidential[name]
}

// usesConfidential reports whether an expression's value may show what a secret attribute uses.
func (c *complaints) usesConfidential(expr hcl.Expression) bool {
	if expr == nil || len(c.confidential) == 0 {
		return false
	}
	for _, t := range expr.Variables() {
		if c.isConfidential(t) {
			return true
		}
	}
	return false
}

// hideTexts keeps the literals of an expression out of every snippet, except those that say where a secret is.
func (c *complaints) hideTexts(expr hcl.Expression) {
	node, ok := hcl.UnwrapExpression(expr).(hclsyntax.Expression)
	if !ok {
		if !strings.Contains(c.sourceText(expr.Range()), "secret(") {
			c.hide(expr.Range())
		}
		return
	}
	_ = hclsyntax.Walk(node, &textHider{complaints: c})
}

type textHider struct {
	*complaints
	sources int // how many calls deep whose arguments are names, not values
}

func (h *textHider) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch e := node.(type) {
	case *hclsyntax.FunctionCallExpr:
		if namesSource(e.Name) {
			h.sources++
		}
	case *hclsyntax.LiteralValueExpr:
		pin := e.Val.Type() == cty.Number && e.SrcRange.End.Byte-e.SrcRange.Start.Byte > 2
		if h.sources == 0 && (e.Val.Type() == cty.String || pin) {
			h.hide(e.SrcRange)
		}
	}
	return nil
}

func (h *textHider) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if e, ok := node.(*hclsyntax.FunctionCallExpr); ok && namesSource(e.Name) {
		h.sources--
	}
	return nil
}

// namesSource reports whether a function is given the place of a value rather than the value.
func namesSource(function string) bool { return function == "secret" || function == "file" }

// rememberSecret keeps the value of a secret attribute out of every message.
func (c *complaints) rememberSecret(v cty.Value) {
	if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
		c.rememberSensitive(v)
	}
}

// hclDetail is the library's explanation with our hint, without what a sensitive value could show through.
func (c *complaints) hclDetail(d *hcl.Diagnostic, in place) string {
	const hidden = "The expression uses a sensitive value, so what exactly is wrong with it is not shown."
	if strings.HasSuffix(d.Summary, "function arguments") {
		return d.Detail // speaks of their number only
	}
	if d.Expression != nil {
		if c.usesConfidential(d.Expression) {
			return hidden
		}
		if d.EvalContext != nil && usesSensitive(d.Expression, d.EvalContext) {
			return hidden
		}
	}
	call, isCall := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if isCall && in.secret && call.FunctionCallError() != nil && !namesSource(call.CalledFunctionName()) {
		return hidden
	}
	return d.Detail + nullHint(d)
}

// secretsIn are the marks of the secrets that an expression calls for or refers to.
func (in *instance) secretsIn(expr hcl.Expression, ctx *hcl.EvalContext) cty.ValueMarks {
	marks := cty.ValueMarks{}
	note := func(v cty.Value) {
		for _, source := range secretsOf(v) {
			marks[secretMark{source}] = struct{}{}
		}
	}
	for _, t := range expr.Variables() {
		if v, diags := t.TraverseAbs(ctx); !diags.HasErrors() {
			note(v)
		}
	}
	node, native := hcl.UnwrapExpression(expr).(hclsyntax.Expression)
	if !native {
		if strings.Contains(in.sourceText(expr.Range()), "secret(") {
			note(cty.UnknownVal(cty.String).Mark(secretMark{"env"}))
		}
		return marks
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && call.Name == "secret" {
			if v, diags := call.Value(ctx); !diags.HasErrors() {
				note(v)
			}
		}
		return nil
	})
	return marks
}

func usesSensitive(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	for _, t := range expr.Variables() {
		if v, diags := t.TraverseAbs(ctx); !diags.HasErrors() && (hasMark(v, markSensitive) || hasMark(v, markCell) || hasSecret(v)) {
			return true
		}
	}
	return false
}
