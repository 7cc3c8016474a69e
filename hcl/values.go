package hcl

import (
	"cmp"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// A mark travels with a value through every expression.
type mark string

const (
	markSensitive mark = "sensitive" // shown as (sensitive value)
	markCell      mark = "cell"      // of a sensitive column: it is sent, but no message shows it
	markVolatile  mark = "volatile"  // differs between two readings of the same text: timestamp()
)

// secretMark marks the unknown text that secret(…) gives; source is where the value will be read.
type secretMark struct{ source string }

// connectionRef is what connection.perbit.hr evaluates to.
type connectionRef struct {
	address engine.Address
}

var connectionType = cty.Capsule("connection", reflect.TypeFor[connectionRef]())

// marked is v.ContainsMarked, at no cost for what holds no other values.
func marked(v cty.Value) bool {
	return v.IsMarked() || !v.Type().IsPrimitiveType() && v.ContainsMarked()
}

// unmarked is v without any marks, at no cost where it has none.
func unmarked(v cty.Value) cty.Value {
	if marked(v) {
		v, _ = v.UnmarkDeep()
	}
	return v
}

func hasMark(v cty.Value, m mark) bool {
	if !marked(v) {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, ok := marks[m]
	return ok
}

// secretsOf lists where the secrets inside a value come from, sorted.
func secretsOf(v cty.Value) []string {
	if !marked(v) {
		return nil
	}
	_, marks := v.UnmarkDeep()
	var out []string
	for m := range maps.Keys(marks) {
		if s, ok := m.(secretMark); ok {
			out = append(out, s.source)
		}
	}
	slices.Sort(out)
	return out
}

func hasSecret(v cty.Value) bool { return len(secretsOf(v)) > 0 }

// valueText is a known value as canonical HCL text on one line.
func valueText(v cty.Value) string {
	var b strings.Builder
	writeValue(&b, v)
	return b.String()
}

func writeValue(b *strings.Builder, v cty.Value) {
	if v.IsMarked() {
		b.WriteString(masked)
		return
	}
	ty := v.Type()
	switch {
	case !v.IsKnown():
		b.WriteString("(known later)")
	case v.IsNull():
		b.WriteString("null")
	case ty == cty.String:
		writeQuoted(b, v.AsString())
	case ty == cty.Number:
		b.WriteString(numberText(v.AsBigFloat()))
	case ty == cty.Bool:
		b.WriteString(strconv.FormatBool(v.True()))
	case ty == connectionType:
		b.WriteString(v.EncapsulatedValue().(*connectionRef).address.String())
	case ty.IsObjectType() || ty.IsMapType():
		writeMap(b, v)
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		writeList(b, v)
	default:
		b.WriteString(ty.FriendlyName())
	}
}

func numberText(f *big.Float) string {
	if n, accuracy := f.Int64(); accuracy == big.Exact && n > 0 { // many times as fast
		return strconv.FormatInt(n, 10)
	}
	return f.Text('f', -1)
}

func writeList(b *strings.Builder, v cty.Value) {
	b.WriteByte('[')
	first := true
	for it := v.ElementIterator(); it.Next(); {
		if !first {
			b.WriteString(", ")
		}
		first = false
		_, e := it.Element()
		writeValue(b, e)
	}
	b.WriteByte(']')
}

func writeMap(b *strings.Builder, v cty.Value) {
	elements := v.AsValueMap()
	if len(elements) == 0 {
		b.WriteString("{}")
		return
	}
	b.WriteString("{ ")
	for i, k := range sortedKeys(elements) {
		if i > 0 {
			b.WriteString(", ")
		}
		if hclsyntax.ValidIdentifier(k) {
			b.WriteString(k)
		} else {
			writeQuoted(b, k)
		}
		b.WriteString(" = ")
		writeValue(b, elements[k])
	}
	b.WriteString(" }")
}

// writeQuoted writes a text as an HCL literal.
func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case unicode.IsControl(r):
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString(`\u` + strings.Repeat("0", 4-len(hex)) + hex)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// sortAttributes orders a definition's attributes by path.
func sortAttributes(list []engine.Attribute) {
	slices.SortFunc(list, func(a, b engine.Attribute) int { return cmp.Compare(a.Path, b.Path) })
}
