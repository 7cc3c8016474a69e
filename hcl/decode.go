package hcl

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// An instance is one block under one key of its for_each, while it is decoded.
type instance struct {
	*loader
	place
	address engine.Address
	ctx     *hcl.EvalContext
	each    bool // whether each.key and each.value exist
	attrs   []engine.Attribute
	last    cty.Value // what evaluate gave last
	header  hcl.Range
}

// A node is a decoded block: for each attribute that was given and understood its value, by kind.
type node struct {
	spec     *blockSpec
	label    string
	header   hcl.Range
	values   map[string]any
	exprs    map[string]hcl.Expression // every attribute given, understood or not
	children map[string][]*node
}

// get is an attribute's value, or what holds where it was not given or not understood.
func get[T any](n *node, name string, otherwise T) T {
	if n == nil {
		return otherwise
	}
	if v, ok := n.values[name].(T); ok {
		return v
	}
	return otherwise
}

// has reports whether an attribute was given.
func (n *node) has(name string) bool { return n != nil && n.exprs[name] != nil }

// at is where an attribute's value stands, the block's header where it was not given.
func (n *node) at(name string) hcl.Range {
	if e := n.exprs[name]; e != nil {
		return e.Range()
	}
	return n.header
}

// child is a block that stands at most once, nil where it was not given.
func (n *node) child(name string) *node {
	if n == nil || len(n.children[name]) == 0 {
		return nil
	}
	return n.children[name][0]
}

// decode reads one body by its spec, recording every complaint and every attribute of the definition under prefix.
func (in *instance) decode(spec *blockSpec, body hcl.Body, header hcl.Range, prefix string) *node {
	n := &node{spec: spec, header: header, values: map[string]any{}, exprs: map[string]hcl.Expression{}, children: map[string][]*node{}}
	content, diags := in.expand(body).Content(spec.body())
	for _, d := range diags {
		in.suggest(d, spec)
	}
	in.addHCL(diags, in.place)
	if content == nil {
		return n
	}
	for name, a := range content.Attributes {
		in.decodeAttribute(n, spec.byName[name], a, prefix)
	}
	var missing []string
	for _, a := range spec.attrs {
		if a.required && content.Attributes[a.name] == nil {
			missing = append(missing, a.name)
		}
	}
	in.missingAttributes(spec.name, missing, header)
	for _, b := range content.Blocks {
		in.decodeChild(n, b, prefix)
	}
	in.rehearseDynamic(spec, body, prefix)
	return n
}

// missingAttributes names all that a block lacks at once.
func (in *instance) missingAttributes(block string, names []string, header hcl.Range) {
	if len(names) == 0 {
		return
	}
	what := "attribute"
	if len(names) > 1 {
		what = "attributes"
	}
	in.add(problem{
		code: "missing_required", summary: fmt.Sprintf("Missing required %s %s", what, listed(names, "and")),
		detail: fmt.Sprintf("%s block needs %s.", sentenceStart(withArticle(block)), strings.ReplaceAll(listed(names, "and"), `"`, "")),
		rng:    header, in: in.place, needsWholeDefinition: true,
	})
}

// suggest names the attribute or block that a misspelling meant, also where the library leaves it out: an attribute that is
// set already, the label of a dynamic block, a property in JSON.
func (in *instance) suggest(d *hcl.Diagnostic, spec *blockSpec) {
	code := codeFor(d.Summary)
	if d.Subject == nil || code != "unknown_attribute" && code != "unknown_block" || strings.Contains(d.Detail, "Did you mean") {
		return
	}
	var names []string
	if code == "unknown_attribute" {
		names = sortedKeys(spec.byName)
	}
	if code == "unknown_block" || strings.HasPrefix(d.Summary, "Extraneous JSON") { // in JSON a property may be either
		for _, b := range spec.blocks {
			names = append(names, b.name)
		}
	}
	d.Detail += didYouMean(strings.Trim(in.sourceText(*d.Subject), `"`), names)
}

func (in *instance) decodeAttribute(n *node, a *attribute, given *hcl.Attribute, prefix string) {
	if a.kind == kindForEach {
		return
	}
	n.exprs[a.name] = given.Expr
	if a.kind == kindSecret && isLiteral(given.Expr) {
		in.hide(given.Expr.Range())
	}
	v, ok := in.decodeKind(a, given.Expr)
	if !ok {
		return
	}
	n.values[a.name] = v
	if !n.spec.silent {
		in.record(a, given.Expr, prefix+a.name)
	}
}

func (in *instance) decodeChild(n *node, b *hcl.Block, prefix string) {
	var spec *blockSpec
	for _, s := range n.spec.blocks {
		if s.name == b.Type {
			spec = s
		}
	}
	label := strings.Join(b.Labels, ".")
	for i, other := range n.children[b.Type] {
		if !spec.repeat || label != "" && other.label == label {
			in.add(problem{
				code: "duplicate_block", summary: fmt.Sprintf("A second %s block", strings.TrimSpace(b.Type+" "+quoteLabel(label))),
				detail: fmt.Sprintf("The one at line %d says it already. Keep one of them.", n.children[b.Type][i].header.Start.Line),
				rng:    b.DefRange, in: in.place,
			})
			return
		}
	}
	inner := prefix + b.Type + "."
	switch {
	case label != "":
		inner += label + "."
	case spec.repeat:
		inner += fmt.Sprintf("%d.", len(n.children[b.Type]))
	}
	child := in.decode(spec, b.Body, b.DefRange, inner)
	child.label = label
	n.children[b.Type] = append(n.children[b.Type], child)
}

func quoteLabel(label string) string {
	if label == "" {
		return ""
	}
	return fmt.Sprintf("%q", label)
}

// evaluate gives an expression its value now, where lateValues stand for what only work knows. It is false where
// something is wrong, which has then been recorded, or is not known for a reason that was recorded before.
func (in *instance) evaluate(expr hcl.Expression, late scope) (cty.Value, bool) {
	if v, ok := constant(expr); ok {
		in.last = v
		return v, true
	}
	if !in.checkReferences(expr, late) {
		in.evaluateParts(expr, late)
		return cty.DynamicVal, false
	}
	return in.evaluateSound(expr, late)
}

func (in *instance) evaluateSound(expr hcl.Expression, late scope) (cty.Value, bool) {
	ctx := in.ctx
	if late != 0 && refersLate(expr) {
		ctx = in.lateContext(late)
	}
	v, diags := expr.Value(ctx)
	in.addHCL(diags, in.place)
	if !diags.HasErrors() && v.Type() == cty.DynamicPseudoType && !v.IsKnown() && !hasSecret(v) {
		v = v.WithMarks(in.secretsIn(expr, ctx)) // an object loses the marks of keys that are not known
	}
	in.last = v
	return v, !diags.HasErrors()
}

// constant is the value of an expression that is a literal, as most are: it refers to nothing and cannot fail.
func constant(expr hcl.Expression) (cty.Value, bool) {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.Val, true
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 1 {
			if part, ok := e.Parts[0].(*hclsyntax.LiteralValueExpr); ok && part.Val.Type() == cty.String {
				return part.Val, true
			}
		}
	}
	return cty.DynamicVal, false
}

// evaluateParts evaluates the elements of a list or map of which one is wrong, so that it hides no mistake of another.
func (in *instance) evaluateParts(expr hcl.Expression, late scope) {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for _, item := range items {
			in.evaluate(item, late)
		}
		return
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		for _, p := range pairs {
			in.evaluate(p.Value, late)
		}
	}
}

// refersLate reports whether an expression uses what only work knows.
func refersLate(expr hcl.Expression) bool {
	if _, ok := constant(expr); ok {
		return false
	}
	for _, t := range expr.Variables() {
		if _, ok := lateRoots[t.RootName()]; ok {
			return true
		}
	}
	return false
}
