package hcl

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A fault is what is wrong with a value, and with which part of its expression.
type fault struct {
	code, summary, detail string
	expr                  hcl.Expression
}

// fieldFaults compares a value, known or not, with the type of its field (LANGUAGE.md, rule, Types). A hidden value is not
// shown.
func (in *instance) fieldFaults(a *attribute, v cty.Value, expr hcl.Expression, hidden bool) []fault {
	if v.IsNull() || v.Type() == cty.DynamicPseudoType {
		return nil
	}
	switch a.kind {
	case kindFieldNumber:
		return in.numberFaults(a.name, v, expr, hidden)
	case kindFieldObject:
		return in.objectFaults(a.name, v, expr, hidden)
	case kindFieldBool:
		if v.Type() == cty.Bool {
			return nil
		}
		detail := fmt.Sprintf("The value is %s.", article(v.Type()))
		if refersLate(expr) {
			detail += ` A column with type = "boolean" gives true or false.`
		}
		return []fault{{"wrong_type", a.name + " is true or false", detail, expr}}
	}
	return in.textFaults(a.name, v, expr, hidden)
}

func (in *instance) textFaults(name string, v cty.Value, expr hcl.Expression, hidden bool) []fault {
	if ty := v.Type(); ty == cty.String || ty == cty.DynamicPseudoType || v.IsNull() {
		return nil
	}
	if hidden {
		v = cty.UnknownVal(v.Type())
	}
	f := in.notTextFault(name, v, expr)
	if refersLate(expr) && v.Type() == cty.Number {
		before, _, _ := strings.Cut(f.detail, ", so text")
		f.detail = before + ". A column with a number's type gives a number: leave its type out, so that it stays as it was written."
	}
	return []fault{f}
}

// plainText is what counts as a number where it comes as text, by our own rule: no separators of thousands, no exponents,
// no signs, no spaces.
var plainText = regexp.MustCompile(`^[0-9]+(?:[.,][0-9]{1,2})?$`)

func (in *instance) numberFaults(name string, v cty.Value, expr hcl.Expression, hidden bool) []fault {
	positive := false
	switch ty := v.Type(); {
	case ty != cty.Number && ty != cty.String:
		return []fault{{"wrong_type", name + " is a number", fmt.Sprintf("The value is %s.", article(ty)), expr}}
	case !v.IsKnown():
		return nil
	case ty == cty.Number && v.AsBigFloat().IsInf():
		return []fault{{"invalid_value", name + " is infinite", "No number can be written for it.", expr}}
	case ty == cty.Number:
		positive = v.AsBigFloat().Sign() > 0
	case !plainText.MatchString(v.AsString()):
		shown := "The text"
		if !hidden {
			shown = fmt.Sprintf("The text %q", v.AsString())
		}
		return []fault{{"invalid_value", name + " is not a number", shown +
			" is not digits alone, or digits with a comma or point and one or two more. For a column that is written otherwise say type = \"decimal\".", expr}}
	default:
		positive = strings.Trim(v.AsString(), "0.,") != ""
	}
	if name == "Amount" && !positive {
		return []fault{{"invalid_value", "Amount is not greater than 0", "To order nothing, leave the line out.", expr}}
	}
	return nil
}

// objectFaults looks at the members of a delivery address: each has a known name and is text.
func (in *instance) objectFaults(name string, v cty.Value, expr hcl.Expression, hidden bool) []fault {
	members := map[string]cty.Value{}
	switch ty := v.Type(); {
	case !ty.IsObjectType() && !ty.IsMapType():
		return []fault{{"wrong_type", name + " is an object", fmt.Sprintf("The value is %s. Write { … }.", article(ty)), expr}}
	case v.IsKnown():
		members = v.AsValueMap()
	case ty.IsObjectType():
		for member, of := range ty.AttributeTypes() {
			members[member] = cty.UnknownVal(of)
		}
	}
	var out []fault
	for _, member := range sortedKeys(members) {
		at := part(expr, cty.StringVal(member))
		if at == nil {
			at = expr
		}
		if !slices.Contains(address, member) {
			out = append(out, fault{
				"unknown_attribute", fmt.Sprintf("%s has no %q", name, member),
				fmt.Sprintf("It has %s.%s", listed(address, "and"), didYouMean(member, address)), at,
			})
			continue
		}
		out = append(out, in.textFaults(name+"."+member, members[member], at, hidden)...)
	}
	return out
}

// fromValue is a known value as the engine takes it: nil, string, bool, json.Number in plain decimal notation, or an
// object of texts without the members that are null.
func fromValue(v cty.Value) any {
	switch ty := v.Type(); {
	case v.IsNull():
		return nil
	case ty == cty.String:
		return v.AsString()
	case ty == cty.Bool:
		return v.True()
	case ty == cty.Number:
		return json.Number(numberText(v.AsBigFloat()))
	}
	out := map[string]any{}
	for name, member := range v.AsValueMap() {
		if !member.IsNull() {
			out[name] = fromValue(member)
		}
	}
	return out
}
