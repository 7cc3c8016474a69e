package hcl

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// TestEvenlyIsConversion holds toset and tolist against the library's.
func TestEvenlyIsConversion(t *testing.T) {
	text, number := cty.StringVal("a"), cty.NumberIntVal(1)
	secret := cty.UnknownVal(cty.String).Mark(markSensitive)
	for _, want := range []cty.Type{cty.Set(cty.DynamicPseudoType), cty.List(cty.DynamicPseudoType)} {
		library := stdlib.MakeToFunc(want)
		ours := evenly(library)
		for _, v := range []cty.Value{
			cty.EmptyTupleVal, cty.TupleVal([]cty.Value{text, text, cty.StringVal("b")}), cty.TupleVal([]cty.Value{number, text}),
			cty.TupleVal([]cty.Value{text, cty.NullVal(cty.String)}), cty.TupleVal([]cty.Value{text, cty.NullVal(cty.DynamicPseudoType)}),
			cty.TupleVal([]cty.Value{text, secret}), cty.TupleVal([]cty.Value{text, cty.DynamicVal}), cty.TupleVal([]cty.Value{text, cty.EmptyObjectVal}),
			cty.TupleVal([]cty.Value{cty.EmptyTupleVal, cty.EmptyTupleVal}), cty.TupleVal([]cty.Value{text, text}).Mark(markVolatile), cty.True, cty.DynamicVal,
			cty.ListVal([]cty.Value{text}), cty.SetVal([]cty.Value{text}), cty.NullVal(cty.DynamicPseudoType), cty.UnknownVal(cty.Tuple([]cty.Type{cty.String})),
		} {
			got, err := ours.Call([]cty.Value{v})
			same, wrong := library.Call([]cty.Value{v})
			if (err == nil) != (wrong == nil) || err != nil && err.Error() != wrong.Error() {
				t.Errorf("%#v: %v, want %v", v, err, wrong)
			} else if err == nil && !got.RawEquals(same) {
				t.Errorf("%#v: %#v, want %#v", v, got, same)
			}
		}
	}
}
