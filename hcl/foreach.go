package hcl

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// setKeys notes the instances that for_each gives; without for_each there is one.
func (l *loader) setKeys(d *declaration, v cty.Value, in *instance) {
	if d.forEach == nil {
		d.keys, d.keysKnown = map[string]cty.Value{"": cty.NilVal}, true
		return
	}
	l.config.Keyed[d.base] = true
	fail := func(code, summary, detail string) { in.wrong(d.forEach, code, summary, detail) }
	switch {
	case hasSecret(v):
		fail("secret_not_allowed", "A secret in for_each", "Keys become part of addresses, which everyone sees. Use values that may be seen.")
		return
	case hasMark(v, markSensitive):
		fail("sensitive_not_allowed", "A sensitive value in for_each", "Keys become part of addresses, which everyone sees. Use values that may be seen, or nonsensitive(…).")
		return
	}
	v, _ = v.UnmarkDeep()
	ty := v.Type()
	switch {
	case !v.IsKnown():
		return
	case v.IsNull():
		fail("invalid_for_each", "for_each is null", "It takes a map or a set of strings; an empty one gives no instance.")
	case ty.IsListType() || ty.IsTupleType():
		fail("invalid_for_each", "for_each is a list", "It takes a map or a set of strings. For a list of texts write for_each = toset([…]).")
	case ty.IsMapType() || ty.IsObjectType():
		d.keys, d.keysKnown = v.AsValueMap(), true
		if ty.IsMapType() {
			d.eachType = ty.ElementType()
		}
	case ty.IsSetType() && (ty.ElementType() == cty.String || v.LengthInt() == 0):
		d.keys = map[string]cty.Value{}
		d.keysKnown, d.eachType = true, cty.String
		for _, e := range v.AsValueSlice() {
			switch {
			case !e.IsKnown():
				d.keysKnown = false
			case e.IsNull():
				fail("invalid_for_each", "for_each holds null", "Each key is a text.")
				d.keysKnown = false
			default:
				d.keys[e.AsString()] = e
			}
		}
	default:
		fail("invalid_for_each", "for_each takes a map or a set of strings", fmt.Sprintf("The value is %s.", article(ty)))
	}
	var bad []string
	for _, key := range sortedKeys(d.keys) {
		if key == "" || strings.ContainsFunc(key, unicode.IsControl) {
			bad = append(bad, key)
		}
	}
	if len(bad) > 0 {
		fail("invalid_for_each", "for_each holds a key that cannot be read",
			fmt.Sprintf("A key is part of an address such as import.staff[wels], so it is not empty and has no tabs or line ends. Not so: %s.", listed(bad, "and")))
		d.keysKnown = false
	}
}

// instances are the blocks that a declaration stands for. Where the keys are not known, one with unknown each is
// decoded all the same, so that its other mistakes are found.
func (l *loader) instances(d *declaration) []*instance {
	if d.block.Type != "connection" || d.duplicate {
		in := l.instance(d, d.base, l.root)
		if d.forEach == nil {
			l.setKeys(d, cty.NilVal, in)
		} else if v, ok := in.evaluate(d.forEach, 0); ok {
			l.setKeys(d, v, in)
		} else {
			l.config.Keyed[d.base] = true
		}
	}
	if d.forEach == nil {
		return []*instance{l.instance(d, d.base, l.root)}
	}
	if !d.keysKnown {
		l.instance(d, d.base, l.root).leaveOpen(d.forEach)
		return []*instance{l.unknownInstance(d)}
	}
	out := make([]*instance, 0, len(d.keys))
	for _, key := range sortedKeys(d.keys) {
		a := d.base
		a.Key, a.Keyed = key, true
		out = append(out, l.eachInstance(d, a, cty.StringVal(key), d.keys[key]))
	}
	return out
}

// unknownInstance stands for whatever for_each may give.
func (l *loader) unknownInstance(d *declaration) *instance {
	value := cty.DynamicVal
	if d.eachType != cty.NilType {
		value = cty.UnknownVal(d.eachType)
	}
	return l.eachInstance(d, d.base, cty.UnknownVal(cty.String).RefineNotNull(), value)
}

// rehearse decodes a block of which there is no instance, for its mistakes only: nothing of it stays.
func (l *loader) rehearse(d *declaration) {
	watched, targets, partial, config := l.watched, l.targets, l.partial, *l.config
	l.decodeInstance(d, l.unknownInstance(d))
	l.watched, l.targets, l.partial, *l.config = watched, targets, partial, config
	delete(l.built, d.base)
}

func (l *loader) instance(d *declaration, a engine.Address, ctx *hcl.EvalContext) *instance {
	return &instance{loader: l, place: place{address: a.String(), context: header(d.block)}, address: a, ctx: ctx, header: d.block.DefRange}
}

func (l *loader) eachInstance(d *declaration, a engine.Address, key, value cty.Value) *instance {
	ctx := l.root.NewChild()
	ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})}
	in := l.instance(d, a, ctx)
	in.each = true
	return in
}
