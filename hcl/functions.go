package hcl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// pureFunctions depend on nothing but their arguments. Names and meanings are Terraform's.
var pureFunctions = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc,
	"max": stdlib.MaxFunc, "min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc,
	"chomp": stdlib.ChompFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
	"join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "title": stdlib.TitleFunc,
	"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "replace": replaceFunc, "split": stdlib.SplitFunc,
	"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
	"trimsuffix": stdlib.TrimSuffixFunc, "trimspace": stdlib.TrimSpaceFunc,
	"startswith":  testText(strings.HasPrefix),
	"endswith":    testText(strings.HasSuffix),
	"strcontains": testText(strings.Contains),
	"alltrue":     allOf(true), "anytrue": allOf(false),
	"chunklist": stdlib.ChunklistFunc, "coalesce": coalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
	"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
	"element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "index": indexFunc, "keys": stdlib.KeysFunc,
	"length": lengthFunc, "lookup": stdlib.LookupFunc, "merge": stdlib.MergeFunc, "one": oneFunc, "range": stdlib.RangeFunc,
	"reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc, "setproduct": stdlib.SetProductFunc,
	"setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc,
	"sum": sumFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
	"csvdecode": stdlib.CSVDecodeFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
	"formatdate":   stdlib.FormatDateFunc,
	"base64encode": mapText(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
	"base64decode": mapText(base64Decode),
	"urlencode":    mapText(func(s string) (string, error) { return url.QueryEscape(s), nil }),
	"basename":     mapText(func(s string) (string, error) { return path.Base(strings.ReplaceAll(s, `\`, "/")), nil }),
	"dirname":      mapText(func(s string) (string, error) { return path.Dir(strings.ReplaceAll(s, `\`, "/")), nil }),
	"md5":          mapText(func(s string) (string, error) { b := md5.Sum([]byte(s)); return hex.EncodeToString(b[:]), nil }),
	"sha1":         mapText(func(s string) (string, error) { b := sha1.Sum([]byte(s)); return hex.EncodeToString(b[:]), nil }),
	"sha256":       mapText(func(s string) (string, error) { b := sha256.Sum256([]byte(s)); return hex.EncodeToString(b[:]), nil }),
	"sha512":       mapText(func(s string) (string, error) { b := sha512.Sum512([]byte(s)); return hex.EncodeToString(b[:]), nil }),
	"tobool":       stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
	"tolist": evenly(stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType))), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"toset": evenly(stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType))),
	"can":   tryfunc.CanFunc, "try": tryfunc.TryFunc,
	"sensitive": markFunc, "nonsensitive": unmarkFunc,
}

func base64Decode(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", fmt.Errorf("the text is not base64")
	}
	if !utf8.Valid(b) {
		return "", fmt.Errorf("the decoded bytes are not UTF-8 text")
	}
	return string(b), nil
}

func param(name string, ty cty.Type) function.Parameter {
	return function.Parameter{Name: name, Type: ty}
}

func mapText(f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("str", cty.String)}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := f(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

func testText(f func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("str", cty.String), param("part", cty.String)}, Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// allOf is alltrue (every element is true) and anytrue (one is).
func allOf(all bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("list", cty.List(cty.Bool))}, Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for _, e := range args[0].AsValueSlice() {
				switch {
				case !e.IsKnown():
					unknown = true
				case (!e.IsNull() && e.True()) != all:
					return cty.BoolVal(!all), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(all), nil
		},
	})
}

// coalesceFunc is the first argument that is neither null nor an empty text.
var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, a := range args {
			types[i] = a.Type()
		}
		ty, _ := convert.UnifyUnsafe(types)
		if ty == cty.NilType {
			return ty, fmt.Errorf("the arguments have to be of one type")
		}
		return ty, nil
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		for _, a := range args {
			v, err := convert.Convert(a, ty)
			switch {
			case err != nil:
				return cty.NilVal, err
			case !v.IsKnown():
				return cty.UnknownVal(ty), nil
			case v.IsNull() || ty == cty.String && v.AsString() == "":
				continue
			}
			return v, nil
		}
		return cty.NilVal, fmt.Errorf("every argument is null or empty")
	},
})

// replaceFunc replaces a text, or what a regular expression between slashes finds.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("str", cty.String), param("substr", cty.String), param("replace", cty.String)},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		find := args[1].AsString()
		if len(find) > 1 && strings.HasPrefix(find, "/") && strings.HasSuffix(find, "/") {
			return stdlib.RegexReplace(args[0], cty.StringVal(find[1:len(find)-1]), args[2])
		}
		return cty.StringVal(strings.ReplaceAll(args[0].AsString(), find, args[2].AsString())), nil
	},
})

// lengthFunc counts elements, and the characters of a text.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		ty := args[0].Type()
		if ty == cty.String || ty.IsTupleType() || ty.IsObjectType() || ty.IsCollectionType() || ty == cty.DynamicPseudoType {
			return cty.Number, nil
		}
		return cty.Number, function.NewArgErrorf(0, "a text, list, set, map, tuple or object is needed")
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v := args[0]
		switch ty := v.Type(); {
		case ty.IsTupleType():
			return cty.NumberIntVal(int64(len(ty.TupleElementTypes()))), nil
		case ty.IsObjectType():
			return cty.NumberIntVal(int64(len(ty.AttributeTypes()))), nil
		case !v.IsKnown():
			return cty.UnknownVal(cty.Number), nil
		case ty == cty.String:
			return stdlib.Strlen(v)
		}
		return v.Length(), nil
	},
})

// indexFunc finds the place of a value in a list, counted from 0.
var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("list", cty.DynamicPseudoType), param("value", cty.DynamicPseudoType)},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if ty := args[0].Type(); !ty.IsListType() && !ty.IsTupleType() {
			return cty.NilVal, function.NewArgErrorf(0, "a list is needed")
		}
		for i, e := range args[0].AsValueSlice() {
			same, err := stdlib.Equal(e, args[1])
			if err == nil && same.IsKnown() && same.True() {
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.NilVal, fmt.Errorf("the list does not hold the value")
	},
})

// oneFunc is the only element of a list, null where it is empty.
var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("list", cty.DynamicPseudoType)},
	Type: func(args []cty.Value) (cty.Type, error) {
		switch ty := args[0].Type(); {
		case ty.IsListType() || ty.IsSetType():
			return ty.ElementType(), nil
		case ty.IsTupleType() && len(ty.TupleElementTypes()) == 1:
			return ty.TupleElementType(0), nil
		case ty.IsTupleType() && len(ty.TupleElementTypes()) == 0:
			return cty.DynamicPseudoType, nil
		}
		return cty.NilType, function.NewArgErrorf(0, "a list or set with at most one element is needed")
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		switch elements := args[0].AsValueSlice(); len(elements) {
		case 0:
			return cty.NullVal(ty), nil
		case 1:
			return elements[0], nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "a list or set with at most one element is needed")
	},
})

// sumFunc adds numbers. Of none there is no sum, as in Terraform: a condition over it would hold for a list that is empty by mistake.
var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("list", cty.List(cty.Number))}, Type: function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		total := cty.Zero
		if args[0].LengthInt() == 0 {
			return cty.NilVal, function.NewArgErrorf(0, "the list is empty")
		}
		for _, e := range args[0].AsValueSlice() {
			if e.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "an element is null")
			}
			total = total.Add(e)
		}
		return total, nil
	},
})

// markFunc and unmarkFunc are sensitive and nonsensitive; the latter never opens a secret.
var (
	markFunc = remark(func(v cty.Value, marks cty.ValueMarks) cty.Value { return v.WithMarks(marks).Mark(markSensitive) })

	unmarkFunc = remark(func(v cty.Value, marks cty.ValueMarks) cty.Value {
		delete(marks, markSensitive)
		return v.WithMarks(marks)
	})
)

func remark(f func(cty.Value, cty.ValueMarks) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			return f(v, marks), nil
		},
	})
}
