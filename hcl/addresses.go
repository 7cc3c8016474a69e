package hcl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// staticAddress reads an address that is written out: import.staff, rule.purchase.orders, import.absence["wels"].
func (in *instance) staticAddress(expr hcl.Expression) (engine.Address, bool) {
	t, diags := hcl.AbsTraversalForExpr(expr)
	if diags.HasErrors() {
		in.wrong(expr, "not_static", "An address has to be written out",
			"It is read before any expression is, so it looks like import.staff or rule.purchase.orders, without quotes, functions or each.")
		return engine.Address{}, false
	}
	a, ok := addressOf(t)
	if !ok {
		in.wrong(expr, "not_static", "Not the address of a block",
			fmt.Sprintf("%s is no address. Addresses look like import.staff, export.payroll, rule.purchase.orders or connection.perbit.hr.", traversalText(t)))
	}
	return a, ok
}

// addressOf is the address that a reference spells.
func addressOf(t hcl.Traversal) (engine.Address, bool) {
	kind := t.RootName()
	named := 1
	switch kind {
	case "import", "export":
	case "connection", "rule":
		sub, ok := stepName(t, 1)
		if !ok {
			return engine.Address{}, false
		}
		kind, named = kind+"."+sub, 2
	default:
		return engine.Address{}, false
	}
	name, ok := stepName(t, named)
	if !ok || len(t) > named+2 {
		return engine.Address{}, false
	}
	a := engine.Address{Kind: engine.Kind(kind), Name: name}
	if len(t) == named+2 {
		index, isIndex := t[named+1].(hcl.TraverseIndex)
		if !isIndex || index.Key.Type() != cty.String {
			return engine.Address{}, false
		}
		a.Key, a.Keyed = index.Key.AsString(), true
	}
	return a, true
}

func (in *instance) staticAddresses(expr hcl.Expression) ([]engine.Address, bool) {
	items, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		in.wrong(expr, "not_static", "depends_on is a list of addresses", "Write it out: depends_on = [import.staff].")
		return nil, false
	}
	var out []engine.Address
	for _, item := range items {
		a, ok := in.staticAddress(item)
		if ok && in.declaredAddress(a, item) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, true
}

// declaredAddress reports an address that no block has, with the nearest.
func (in *instance) declaredAddress(a engine.Address, expr hcl.Expression) bool {
	decl := in.blocks[a.Base()]
	if decl == nil {
		var names []string
		for other := range in.blocks {
			names = append(names, other.String())
		}
		in.add(problem{
			code: "unknown_reference", summary: fmt.Sprintf("Undeclared block %q", a.Base().String()), in: in.place, rng: expr.Range(),
			detail:               "The configuration declares no such block." + didYouMean(a.Base().String(), names),
			needsWholeDefinition: true,
		})
		return false
	}
	if !a.Keyed || !decl.keysKnown {
		return true
	}
	if _, ok := decl.keys[a.Key]; ok {
		return true
	}
	detail := fmt.Sprintf("%s has no for_each, so it has one instance without a key.", a.Base())
	if decl.forEach != nil {
		detail = fmt.Sprintf("for_each of %s gives no key %q.%s", a.Base(), a.Key, didYouMean(a.Key, sortedKeys(decl.keys)))
	}
	in.wrong(expr, "unknown_reference", fmt.Sprintf("No instance %s", a), detail)
	return false
}

// connection evaluates the attribute of that name: a reference to one instance of one connection.
func (in *instance) connection(expr hcl.Expression) (any, bool) {
	v, ok := in.evaluate(expr, 0)
	if !ok {
		return nil, false
	}
	plain, _ := v.UnmarkDeep()
	ty := plain.Type()
	switch {
	case ty == cty.DynamicPseudoType && !plain.IsKnown():
		return nil, false
	case ty != connectionType || plain.IsNull() || !plain.IsKnown():
		in.notConnection(expr, ty)
		return nil, false
	}
	ref := plain.EncapsulatedValue().(*connectionRef)
	want := engine.KindConnectionPerbit
	if strings.HasPrefix(string(in.address.Kind), "rule.") {
		want = engine.KindConnectionConbox
	}
	if ref.address.Kind != want {
		in.wrong(expr, "wrong_connection", fmt.Sprintf("Not a %s connection", system(want)),
			fmt.Sprintf("%s is a %s connection, and this block needs a %s one: perbit serves import and export, CONBOX serves rule.", ref.address, system(ref.address.Kind), system(want)))
		return nil, false
	}
	return ref, true
}

// system is the kind of a connection alone: perbit or conbox.
func system(k engine.Kind) string { return strings.TrimPrefix(string(k), "connection.") }

func (in *instance) notConnection(expr hcl.Expression, ty cty.Type) {
	detail := "Write a reference without quotes, such as connection.perbit.hr."
	if ty.IsObjectType() {
		detail = "The connection has for_each, so choose one of its instances, as in connection.perbit.hr[each.key]."
	}
	in.wrong(expr, "wrong_connection", "connection is not a connection", fmt.Sprintf("The value is %s. %s", article(ty), detail))
}
