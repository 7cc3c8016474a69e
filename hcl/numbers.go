package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// numbersForText finds the numbers where a type constraint wants text; converting them would lose leading zeros
// silently. Each is given by the keys that lead to it inside the value.
func numbersForText(v cty.Value, ty cty.Type, at []cty.Value) [][]cty.Value {
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	switch {
	case ty == cty.String && v.Type() == cty.Number:
		return [][]cty.Value{slices.Clone(at)}
	case !v.CanIterateElements():
		return nil
	}
	var out [][]cty.Value
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		out = append(out, numbersForText(e, elementType(ty, k), append(at, k))...)
	}
	return out
}

// keysText is a place inside a value as one writes it: var.companies.wels.number.
func keysText(root string, keys []cty.Value) string {
	var b strings.Builder
	b.WriteString(root)
	for _, k := range keys {
		if k.Type() == cty.String && hclsyntax.ValidIdentifier(k.AsString()) {
			b.WriteString("." + k.AsString())
		} else {
			b.WriteString(pathText(cty.IndexPath(k)))
		}
	}
	return b.String()
}

// partRange is where the part of a value stands that some keys lead to, as far as it is written out.
func partRange(expr hcl.Expression, keys []cty.Value, otherwise hcl.Range) hcl.Range {
	if expr == nil {
		return otherwise
	}
	for _, k := range keys {
		next := part(expr, k)
		if next == nil {
			break
		}
		expr = next
	}
	return expr.Range()
}

// part is the expression of one element of a list or map, nil where it is not written out.
func part(expr hcl.Expression, key cty.Value) hcl.Expression {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() && key.Type() == cty.Number {
		if i, _ := key.AsBigFloat().Int64(); int(i) < len(items) {
			return items[i]
		}
		return nil
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return nil
	}
	for _, p := range pairs {
		if k, diags := p.Key.Value(nil); !diags.HasErrors() && k.Type() == cty.String && k.RawEquals(key) {
			return p.Value
		}
	}
	return nil
}

// elementType is what a type constraint wants of one element; of a set the key is the element itself.
func elementType(ty cty.Type, k cty.Value) cty.Type {
	switch {
	case ty.IsCollectionType():
		return ty.ElementType()
	case ty.IsObjectType() && k.Type() == cty.String && ty.HasAttribute(k.AsString()):
		return ty.AttributeType(k.AsString())
	case ty.IsTupleType() && k.Type() == cty.Number:
		if i, _ := k.AsBigFloat().Int64(); int(i) < ty.Length() {
			return ty.TupleElementType(int(i))
		}
	}
	return cty.DynamicPseudoType
}
