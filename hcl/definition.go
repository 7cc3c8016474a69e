package hcl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// record notes one attribute of the definition as it will be compared with the one last applied. It follows decodeKind,
// whose value it uses.
func (in *instance) record(a *attribute, expr hcl.Expression, path string) {
	switch a.kind {
	case kindSecret:
		in.note(path, secretText(in.last), true)
	case kindConnection:
		v, _ := in.last.UnmarkDeep()
		in.note(path, valueText(v), false)
	case kindAddress, kindAddresses, kindCondition, kindMessage:
		in.noteSource(path, expr, a.late)
	case kindTextMap: // textMap records each key
	default:
		in.recordValue(a, expr, path, in.last)
	}
}

// recordValue notes a value, or the expression's text where the value is only known while work is done.
func (in *instance) recordValue(a *attribute, expr hcl.Expression, path string, v cty.Value) {
	switch {
	case hasMark(v, markSensitive):
		in.note(path, masked, true)
		text, hidden := in.sourceWith(expr, a.late)
		if v.IsWhollyKnown() && !hasMark(v, markVolatile) && !in.usesConfidential(expr) {
			v, _ = v.UnmarkDeep()
			text = valueText(v)
		}
		in.fingerprint(append(hidden, text)...)
	case refersLate(expr) || hasMark(v, markVolatile):
		in.noteSource(path, expr, a.late)
	default:
		in.note(path, valueText(unmarked(v)), false)
	}
}

func (in *instance) note(path, value string, sensitive bool) {
	in.attrs = append(in.attrs, engine.Attribute{Path: path, Value: value, Sensitive: sensitive})
}

// noteSource records an expression's text with what it refers to.
func (in *instance) noteSource(path string, expr hcl.Expression, s scope) {
	text, hidden := in.sourceWith(expr, s)
	in.note(path, text, false)
	if len(hidden) > 0 {
		in.fingerprint(hidden...)
	}
}

// fingerprint completes the attribute that was noted last by a digest of what it hides. The address is no part of it: a
// renamed block has not changed.
func (in *instance) fingerprint(hidden ...string) {
	a := &in.attrs[len(in.attrs)-1]
	h := sha256.New()
	for _, s := range append([]string{a.Path}, hidden...) {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	a.Fingerprint = hex.EncodeToString(h.Sum(nil))
}

// secretText names where a secret comes from and nothing else.
func secretText(v cty.Value) string {
	sources := secretsOf(v)
	if sources == nil {
		return masked
	}
	for i, s := range sources {
		if strings.HasPrefix(s, "cmd:") {
			s = "cmd:…"
		}
		sources[i] = fmt.Sprintf("secret(%q)", s)
	}
	return strings.Join(sources, " ")
}

// sourceWith is an expression's text, and the values of what it refers to, so that a changed value is a changed
// definition though the text stayed. Values that are not shown are given beside it, those of secrets left out.
func (in *instance) sourceWith(expr hcl.Expression, s scope) (text string, hidden []string) {
	text = oneLine(in.sourceText(expr.Range()))
	var with []string
	for _, t := range expr.Variables() {
		if _, isLate := lateRoots[t.RootName()]; isLate {
			continue
		}
		v, diags := t.TraverseAbs(in.ctx)
		if diags.HasErrors() {
			continue
		}
		entry := traversalText(t) + " = " + in.withText(t, v)
		if slices.Contains(with, entry) {
			continue
		}
		with = append(with, entry)
		if hasMark(v, markSensitive) && !hasSecret(v) && !in.isConfidential(t) {
			v, _ = v.UnmarkDeep()
			hidden = append(hidden, traversalText(t)+" = "+valueText(v))
		}
	}
	if len(with) == 0 {
		return text, nil
	}
	slices.Sort(with)
	slices.Sort(hidden)
	return text + " with " + strings.Join(with, ", "), hidden
}

// withText is a referenced value; one that differs at each reading stands by the text of the local value it came from.
func (in *instance) withText(t hcl.Traversal, v cty.Value) string {
	if hasSecret(v) || hasMark(v, markSensitive) {
		return masked
	}
	if hasMark(v, markVolatile) {
		if name, ok := stepName(t, 1); ok && in.locals[name] != nil {
			return oneLine(in.sourceText(in.locals[name].expr.Range()))
		}
	}
	v, _ = v.UnmarkDeep()
	return valueText(v)
}

// oneLine joins the lines of an expression, leaving the inside of quotes alone, so that formatting changes nothing.
func oneLine(src string) string {
	if !strings.ContainsAny(src, "\n\t") && !strings.Contains(src, "  ") {
		return src
	}
	tokens, diags := hclsyntax.LexExpression([]byte(src), "", hcl.InitialPos)
	if diags.HasErrors() {
		return src
	}
	var b strings.Builder
	end := 0
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenEOF {
			continue
		}
		if t.Range.Start.Byte > end && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.Write(t.Bytes)
		end = t.Range.End.Byte
	}
	return b.String()
}
