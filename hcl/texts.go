package hcl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// texts reads a list or set of texts; globs are checked too. Where the list is written out each element is looked at by
// itself, so that none hides the mistakes of another.
func (in *instance) texts(a *attribute, expr hcl.Expression) (any, bool) {
	items, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		return in.textsOf(a, expr)
	}
	values, out, sound := make([]cty.Value, len(items)), []string{}, true
	for i, item := range items {
		v, ok := in.evaluate(item, a.late)
		values[i] = v
		if !ok {
			sound = false
			continue
		}
		s, ok := in.oneText(a, v, item)
		out, sound = append(out, s), sound && ok
	}
	in.last = cty.TupleVal(values)
	return in.filled(a, expr, out, sound)
}

// textsOf is a list that an expression gives as a whole.
func (in *instance) textsOf(a *attribute, expr hcl.Expression) (any, bool) {
	v, ok := in.evaluate(expr, a.late)
	if !ok || !in.plainValue(a.name, v, expr) {
		return nil, false
	}
	v, _ = v.UnmarkDeep()
	ty := v.Type()
	switch {
	case !v.IsKnown():
		return in.unknownValue(a, v, expr)
	case !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType():
		in.wrong(expr, "wrong_type", a.name+" is a list of texts", fmt.Sprintf("The value is %s. Write it in brackets: [\"…\"].", article(ty)))
		return nil, false
	}
	out, sound := []string{}, true
	for _, e := range v.AsValueSlice() {
		s, ok := in.oneText(a, e, expr)
		out, sound = append(out, s), sound && ok
	}
	return in.filled(a, expr, out, sound)
}

// oneText is one element.
func (in *instance) oneText(a *attribute, v cty.Value, expr hcl.Expression) (string, bool) {
	name := "an element of " + a.name
	if !in.plainValue(name, v, expr) {
		return "", false
	}
	v, _ = v.UnmarkDeep()
	switch {
	case v.Type() != cty.String && v.Type() != cty.DynamicPseudoType:
		in.notText(name, v, expr)
		return "", false
	case !v.IsKnown():
		in.unknownValue(a, v, expr)
		return "", false
	}
	return v.AsString(), a.kind != kindGlobs || in.checkGlob(a.name, v.AsString(), expr)
}

func (in *instance) filled(a *attribute, expr hcl.Expression, list []string, sound bool) (any, bool) {
	if len(list) == 0 && a.name != "ignore" {
		in.wrong(expr, "invalid_value", a.name+" is empty", "A list with nothing in it allows nothing. Leave the attribute out, or fill the list.")
		return nil, false
	}
	return list, sound
}
