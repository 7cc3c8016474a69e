package hcl

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A variable is declared once and gets its value from the strongest source that has one.
type variable struct {
	block       *hcl.Block
	in          *instance
	ty          cty.Type
	defaults    *typeexpr.Defaults
	literal     bool // whether a value on the command line or in the environment is text rather than HCL
	sensitive   bool
	nullable    bool
	fallback    cty.Value // the default; NilVal where there is none
	value       cty.Value
	expr        hcl.Expression // what gave the value, nil for text
	given       bool
	failed      bool // whether its value is wrong, which was recorded
	from        hcl.Range
	validations []validation
	description string
}

type validation struct {
	condition, message hcl.Expression
	header             hcl.Range
}

var variableSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{
		{Name: "type"}, {Name: "default"}, {Name: "description"}, {Name: "sensitive"}, {Name: "nullable"},
	},
	Blocks: []hcl.BlockHeaderSchema{{Type: "validation"}},
}

var validationSpec = block("validation", required(of(kindCondition, "condition")), required(of(kindMessage, "error_message")))

func (l *loader) declareVariables() {
	for _, b := range l.top["variable"] {
		name := b.Labels[0]
		if !l.goodName(b, 0) {
			continue
		}
		if first := l.variables[name]; first != nil {
			l.duplicate(b, "var."+name, first.block.DefRange)
			continue
		}
		v := &variable{block: b, in: l.bare(b), ty: cty.DynamicPseudoType, literal: true, nullable: true, from: b.DefRange}
		v.in.place.address = "var." + name
		l.variables[name] = v
		v.declare()
	}
}

func (l *loader) duplicate(b *hcl.Block, address string, first hcl.Range) {
	l.add(problem{
		code: "duplicate_address", summary: "Duplicate " + address, rng: b.DefRange, in: place{address: address, context: header(b)},
		detail: fmt.Sprintf("%s:%d declares it already. Each block needs a name of its own.", first.Filename, first.Start.Line),
	})
}

func (v *variable) declare() {
	content, diags := v.block.Body.Content(variableSchema)
	v.in.addHCL(diags, v.in.place)
	for _, name := range []string{"type", "sensitive", "nullable", "description", "default"} {
		if a := content.Attributes[name]; a != nil {
			v.attribute(name, a.Expr)
		}
	}
	for _, b := range content.Blocks {
		v.validations = append(v.validations, v.readValidation(b))
	}
}

// readValidation leaves the references alone: they are checked when all names are known.
func (v *variable) readValidation(b *hcl.Block) validation {
	content, diags := b.Body.Content(validationSpec.body())
	v.in.addHCL(diags, v.in.place)
	out := validation{header: b.DefRange}
	var missing []string
	for _, name := range []string{"condition", "error_message"} {
		if content.Attributes[name] == nil {
			missing = append(missing, name)
		}
	}
	v.in.missingAttributes("validation", missing, b.DefRange)
	if a := content.Attributes["condition"]; a != nil {
		out.condition = a.Expr
	}
	if a := content.Attributes["error_message"]; a != nil {
		out.message = a.Expr
	}
	return out
}

var (
	leadingWord = regexp.MustCompile(`^[A-Za-z_]\w*`)
	typeWords   = []string{"any", "bool", "list", "map", "number", "object", "optional", "set", "string", "tuple"}
)

func (v *variable) attribute(name string, expr hcl.Expression) {
	if name == "type" {
		ty, defaults, diags := typeexpr.TypeConstraintWithDefaults(expr)
		for _, d := range diags {
			if d.Subject != nil {
				d.Detail += didYouMean(leadingWord.FindString(v.in.sourceText(*d.Subject)), typeWords)
			}
		}
		v.in.addHCL(diags, v.in.place)
		if !diags.HasErrors() {
			v.ty, v.defaults, v.literal = ty, defaults, ty.IsPrimitiveType()
		}
		return
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		v.in.wrong(expr, "not_static", name+" has to be a constant", "It is read before anything else, so it cannot use references or functions. A local value can.")
		v.failed = name == "default"
		return
	}
	switch name {
	case "default":
		v.from = expr.Range()
		v.fallback = v.convert(value, expr, v.from)
	case "description":
		if value.Type() != cty.String {
			v.in.notText(name, value, expr)
		} else if value.IsKnown() && !value.IsNull() {
			v.description = value.AsString()
		}
	default:
		flag, err := convert.Convert(value, cty.Bool)
		if err == nil && !flag.IsKnown() {
			return // the parser stood in for what it could not read
		}
		if err != nil || flag.IsNull() {
			v.in.wrong(expr, "wrong_type", name+" is true or false", fmt.Sprintf("The value is %s.", article(value.Type())))
			return
		}
		if name == "sensitive" {
			v.sensitive = flag.True()
		} else {
			v.nullable = flag.True()
		}
	}
}

// convert fits a value to the variable's type; a complaint is recorded at a place, or at the part of the expression (nil
// for none) that is wrong.
func (v *variable) convert(value cty.Value, expr hcl.Expression, at hcl.Range) cty.Value {
	if v.hidden() {
		v.in.hide(at)
	}
	failAt := func(at hcl.Range, code, detail string) cty.Value {
		v.failed = true
		v.in.add(problem{code: code, summary: fmt.Sprintf("Invalid value for var.%s", v.block.Labels[0]), detail: detail, rng: at, in: v.in.place})
		return cty.DynamicVal
	}
	fail := func(code, detail string) cty.Value { return failAt(at, code, detail) }
	if value.IsNull() && !v.nullable {
		if v.given || v.fallback == cty.NilVal {
			return fail("null_value", "The variable has nullable = false, so its value cannot be null.")
		}
	}
	if v.defaults != nil && !value.IsNull() {
		value = v.defaults.Apply(value)
	}
	if numbers := numbersForText(value, v.ty, nil); len(numbers) > 0 {
		for _, keys := range numbers {
			failAt(partRange(expr, keys, at), "number_where_text",
				fmt.Sprintf("%s is text by its type, but a number is given. A number keeps no leading zero (04 is the number 4). Put it in quotes.", keysText("var."+v.block.Labels[0], keys)))
		}
		return cty.DynamicVal
	}
	out, err := convert.Convert(value, v.ty)
	if err != nil {
		var at cty.PathError
		where := ""
		if errors.As(err, &at) && len(at.Path) > 0 {
			where = pathText(at.Path) + ": "
		}
		return fail("invalid_variable", fmt.Sprintf("The variable is %s, and the value does not fit: %s%s.", typeexpr.TypeString(v.ty), where, err.Error()))
	}
	return out
}

// pathText is a place inside a value: .wels.number or [2].
func pathText(p cty.Path) string {
	var b strings.Builder
	for _, step := range p {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			b.WriteString("[" + valueText(s.Key) + "]")
		}
	}
	return b.String()
}

// hidden reports whether no message may show the variable's value.
func (v *variable) hidden() bool { return v.sensitive || v.in.confidential["var."+v.block.Labels[0]] }
