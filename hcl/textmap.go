package hcl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// textMap decodes a map of texts under a late scope: an export's variables. Each value has to be a text from the start,
// because a number has lost its leading zeros. Where the map is written out each element is looked at by itself, so that
// none hides the mistakes of another.
func (in *instance) textMap(a *attribute, expr hcl.Expression) (any, bool) {
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return in.textMapOf(a, expr)
	}
	out, sound := map[string]*lateText{}, true
	for _, p := range pairs {
		key, ok := in.textKey(a, p.Key)
		if !ok {
			sound = false
			continue
		}
		if out[key] != nil {
			in.wrong(p.Key, "duplicate_attribute", fmt.Sprintf("%s.%s is set twice", a.name, key), "Only one of the two could be sent. Keep one of them.")
		}
		out[key] = &lateText{expr: p.Value, in: in, scope: a.late}
		value, ok := in.evaluate(p.Value, a.late)
		if ok && in.textElement(a.name+"."+key, value, p.Value) {
			in.recordValue(a, p.Value, a.name+"."+key, value)
		} else {
			sound = false
		}
	}
	return out, sound
}

// textKey is the name of one element.
func (in *instance) textKey(a *attribute, expr hcl.Expression) (string, bool) {
	v, ok := in.evaluate(expr, 0)
	if !ok || !in.plainValue("a name in "+a.name, v, expr) {
		return "", false
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() {
		in.leaveOpen(expr)
		return "", false
	}
	name, err := convert.Convert(v, cty.String)
	if err != nil {
		in.wrong(expr, "wrong_type", "A name in "+a.name+" is text", fmt.Sprintf("The value is %s.", article(v.Type())))
		return "", false
	}
	return name.AsString(), true
}

// textElement checks one value.
func (in *instance) textElement(name string, v cty.Value, expr hcl.Expression) bool {
	plain, _ := v.UnmarkDeep()
	switch {
	case plain.IsNull():
		in.wrong(expr, "null_value", name+" is null", "A placeholder needs a text; an empty one is \"\".")
		return false
	case !in.plainValue(name, v, expr):
		return false
	case plain.Type() != cty.String && plain.Type() != cty.DynamicPseudoType:
		in.notText(name, plain, expr)
		return false
	}
	return true
}

// textMapOf is a map that an expression gives as a whole.
func (in *instance) textMapOf(a *attribute, expr hcl.Expression) (any, bool) {
	v, ok := in.evaluate(expr, a.late)
	if !ok || !in.plainValue(a.name, v, expr) {
		return nil, false
	}
	hidden := hasMark(v, markSensitive)
	volatile := hasMark(v, markVolatile)
	open, _ := v.Unmark()
	ty := open.Type()
	switch {
	case !open.IsKnown():
		return nil, false
	case !ty.IsObjectType() && !ty.IsMapType():
		in.wrong(expr, "wrong_type", a.name+" is a map of texts", fmt.Sprintf("The value is %s. Write { NAME = \"…\" }.", article(ty)))
		return nil, false
	}
	out, sound := map[string]*lateText{}, true
	elements := open.AsValueMap()
	for _, key := range sortedKeys(elements) {
		value := elements[key]
		if !in.textElement(a.name+"."+key, value, expr) {
			sound = false
			continue
		}
		out[key] = &lateText{expr: expr, in: in, scope: a.late, key: key, isKey: true}
		if hidden {
			value = value.Mark(markSensitive)
		}
		if volatile {
			value = value.Mark(markVolatile)
		}
		in.recordValue(a, expr, a.name+"."+key, value)
	}
	return out, sound
}
