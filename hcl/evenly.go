package hcl

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// evenly is a conversion to a list or a set that does not look for the type to which all elements of a written list could be
// converted where they have one type already: that search takes seconds for ten thousand names.
func evenly(convert function.Function) function.Function {
	return function.New(&function.Spec{
		Description: convert.Description(),
		Params:      convert.Params(),
		Type: func(args []cty.Value) (cty.Type, error) {
			return convert.ReturnTypeForValues([]cty.Value{even(args[0])})
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return convert.Call([]cty.Value{even(args[0])}) },
	})
}

// even makes a list of a written one whose elements are all of one primitive type, and leaves every other value as it is.
func even(v cty.Value) cty.Value {
	if !v.Type().IsTupleType() || !v.IsKnown() || v.IsNull() || v.LengthInt() == 0 {
		return v
	}
	types := v.Type().TupleElementTypes()
	for _, ty := range types {
		if !ty.IsPrimitiveType() || ty != types[0] {
			return v
		}
	}
	return cty.ListVal(v.AsValueSlice())
}
