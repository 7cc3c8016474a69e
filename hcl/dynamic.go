package hcl

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// expand carries out dynamic blocks, where a body can have any.
func (in *instance) expand(body hcl.Body) hcl.Body {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return dynblock.Expand(body, in.ctx)
	}
	for _, b := range native.Blocks {
		if b.Type == "dynamic" {
			return in.expandChecked(native)
		}
	}
	return body
}

// expandChecked expands only where all that the for_each expressions refer to exists.
func (in *instance) expandChecked(body *hclsyntax.Body) hcl.Body {
	sound := true
	for _, b := range body.Blocks {
		if a := b.Body.Attributes["for_each"]; b.Type == "dynamic" && a != nil {
			sound = in.checkReferences(a.Expr, 0) && sound
		}
	}
	if sound {
		return dynblock.Expand(body, in.ctx)
	}
	rest := *body
	rest.Blocks = nil
	for _, b := range body.Blocks {
		if b.Type != "dynamic" {
			rest.Blocks = append(rest.Blocks, b)
		}
	}
	return &rest
}

// rehearseDynamic decodes the dynamic blocks of which there is none now, or whose number is not known, as if there were
// one, for their mistakes only.
func (in *instance) rehearseDynamic(spec *blockSpec, body hcl.Body, prefix string) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range native.Blocks {
		forEach := b.Body.Attributes["for_each"]
		if b.Type != "dynamic" || forEach == nil || !in.checkReferences(forEach.Expr, 0) {
			continue
		}
		v, diags := forEach.Expr.Value(in.ctx)
		v, _ = v.Unmark()
		if diags.HasErrors() || v.IsKnown() && (v.IsNull() || !v.CanIterateElements() || v.LengthInt() > 0) {
			continue
		}
		partial, attrs := in.partial, in.attrs
		content, _ := dynblock.Expand(once(b), in.ctx).Content(spec.body()) // what it says was said before
		for _, child := range content.Blocks {
			in.decodeChild(&node{spec: spec, children: map[string][]*node{}}, child, prefix)
		}
		in.partial, in.attrs = partial, attrs
	}
}

// noteDynamic records what dynamic blocks go over: an expression that is evaluated late shows only the name of the element
// it uses. Of several for one type the paths are numbered.
func (in *instance) noteDynamic(spec *blockSpec, body hcl.Body, prefix string) {
	if native, ok := body.(*hclsyntax.Body); ok && !holdsDynamic(native) {
		return
	}
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "dynamic", LabelNames: []string{"type"}}}}
	specs := map[string]*blockSpec{}
	for _, inner := range spec.blocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: inner.name, LabelNames: inner.labels})
		specs[inner.name] = inner
	}
	content, _, _ := body.PartialContent(schema) // what it says is said where the block is decoded
	seen := map[string]int{}
	for _, b := range content.Blocks {
		if b.Type != "dynamic" {
			in.noteDynamic(specs[b.Type], b.Body, prefix+strings.Join(append([]string{b.Type}, b.Labels...), ".")+".")
			continue
		}
		inner := specs[b.Labels[0]]
		if inner == nil || inner.silent {
			continue
		}
		path := prefix + b.Labels[0]
		if seen[path]++; seen[path] > 1 {
			path += fmt.Sprintf(".%d", seen[path])
		}
		parts, _, _ := b.Body.PartialContent(&hcl.BodySchema{
			Attributes: []hcl.AttributeSchema{{Name: "for_each"}}, Blocks: []hcl.BlockHeaderSchema{{Type: "content"}},
		})
		if a := parts.Attributes["for_each"]; a != nil {
			v, diags := a.Expr.Value(in.ctx)
			if diags.HasErrors() { // it goes over an element of an outer one, which stands there
				in.note(path+".for_each", oneLine(in.sourceText(a.Expr.Range())), false)
			} else {
				in.recordValue(&attribute{}, a.Expr, path+".for_each", v)
			}
		}
		for _, c := range parts.Blocks {
			in.noteDynamic(inner, c.Body, path+".")
		}
	}
}

func holdsDynamic(body *hclsyntax.Body) bool {
	return slices.ContainsFunc(body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == "dynamic" || holdsDynamic(b.Body) })
}

// once is a body with just one dynamic block, which gives one block for an unknown element.
func once(b *hclsyntax.Block) *hclsyntax.Body {
	block, inner := *b, *b.Body
	inner.Attributes = maps.Clone(b.Body.Attributes)
	replace := func(name string, expr hclsyntax.Expression) {
		a := *inner.Attributes[name]
		a.Expr = expr
		inner.Attributes[name] = &a
	}
	place := b.Body.Attributes["for_each"].Expr.Range()
	replace("for_each", &hclsyntax.LiteralValueExpr{Val: cty.TupleVal([]cty.Value{cty.DynamicVal}), SrcRange: place})
	if labels := inner.Attributes["labels"]; labels != nil {
		items, _ := hcl.ExprList(labels.Expr)
		list := &hclsyntax.TupleConsExpr{SrcRange: labels.Expr.Range(), OpenRange: labels.Expr.StartRange()}
		for range items {
			list.Exprs = append(list.Exprs, &hclsyntax.LiteralValueExpr{Val: cty.StringVal("x"), SrcRange: labels.Expr.Range()})
		}
		replace("labels", list)
	}
	block.Body = &inner
	return &hclsyntax.Body{
		Attributes: hclsyntax.Attributes{}, Blocks: hclsyntax.Blocks{&block}, SrcRange: b.Body.SrcRange, EndRange: b.Body.EndRange,
	}
}
