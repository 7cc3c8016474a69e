package hcl

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const environmentPrefix = "DROPFORM_VAR_"

// setVariables gives every variable its value, weakest source first, and makes the `var` object.
func (l *loader) setVariables(files []string) {
	for _, name := range sortedKeys(l.variables) {
		if text, ok := l.lookupEnv(environmentPrefix + name); ok {
			l.setText(name, text, environmentPrefix+name)
		}
	}
	for _, name := range files {
		l.setFromFile(name)
	}
	for _, flag := range l.req.Vars {
		if flag.File {
			l.setFromFile(flag.Text)
			continue
		}
		name, text, ok := strings.Cut(flag.Text, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			l.add(problem{code: "invalid_variable", summary: "-var cannot be read", detail: "A variable is set as -var NAME=VALUE."})
			continue
		}
		l.setText(name, text, "-var "+name)
	}
	values := make(map[string]cty.Value, len(l.variables))
	for name, v := range l.variables {
		values[name] = l.finalValue(name, v)
	}
	l.root.Variables = map[string]cty.Value{"var": cty.ObjectVal(values)}
}

// setText sets a variable from the command line or the environment: text for simple types, HCL for the others. The
// text is a source of its own, so that complaints can show it.
func (l *loader) setText(name, text, source string) {
	v := l.variables[name]
	if v == nil {
		l.add(problem{
			code: "undeclared_variable", summary: fmt.Sprintf("Undeclared variable %q", name),
			detail:               fmt.Sprintf("-var sets %q, which no variable block declares.%s", name, didYouMean(name, sortedKeys(l.variables))),
			needsWholeDefinition: true,
		})
		return
	}
	var expr hcl.Expression
	at := hcl.Range{Filename: source, Start: hcl.InitialPos, End: hcl.Pos{Line: 1, Column: len(text) + 1, Byte: len(text)}}
	l.files[source] = &hcl.File{Bytes: []byte(text)}
	if v.hidden() {
		l.hide(at)
	}
	value := cty.StringVal(text)
	if !v.literal {
		parsed, diags := hclsyntax.ParseExpression([]byte(text), source, hcl.InitialPos)
		if !diags.HasErrors() {
			l.findZeros(source, []piece{{[]byte(text), hcl.InitialPos}})
			value, diags = parsed.Value(nil)
			expr = parsed
		}
		if diags.HasErrors() {
			l.addHCL(diags, v.in.place)
			v.failed, v.given = true, true
			return
		}
	}
	v.set(value, expr, at)
}

// set takes a value from a source; a stronger one may replace it, and whatever was wrong with a weaker does not count.
func (v *variable) set(value cty.Value, expr hcl.Expression, at hcl.Range) {
	v.value, v.expr, v.from, v.given = value, expr, at, true
}

func (l *loader) setFromFile(name string) {
	body := l.parse(name)
	if body == nil {
		return
	}
	attrs, diags := body.JustAttributes()
	l.addHCL(diags, place{})
	for _, key := range sortedKeys(attrs) {
		a := attrs[key]
		v := l.variables[key]
		if v == nil {
			l.add(problem{
				warning: true, code: "undeclared_variable", summary: fmt.Sprintf("Undeclared variable %q", key), rng: a.NameRange,
				detail:               "The file sets it, but no variable block declares it, so the value has no effect." + didYouMean(key, sortedKeys(l.variables)),
				needsWholeDefinition: true,
			})
			continue
		}
		if v.hidden() {
			l.hide(a.Expr.Range())
		}
		value, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			v.in.wrong(a.Expr, "not_static", key+" has to be a constant", "A variables file holds values; it cannot use references or functions.")
			v.given, v.failed = true, true
			continue
		}
		v.set(value, a.Expr, a.Expr.Range())
	}
}

// finalValue is what var.NAME is: given, else the default, else unknown with a complaint.
func (l *loader) finalValue(name string, v *variable) cty.Value {
	value := v.fallback
	switch {
	case v.given && v.value != cty.NilVal:
		isNull := v.value.IsNull() && !v.nullable && v.fallback != cty.NilVal
		if !isNull {
			value = v.convert(v.value, v.expr, v.from)
		}
	case value == cty.NilVal && l.req.Validate && !v.failed:
		l.partial = true
		value = cty.UnknownVal(v.ty)
	case value == cty.NilVal:
		if !v.failed {
			l.add(problem{
				code: "no_variable_value", summary: fmt.Sprintf("No value for variable %q", name), rng: v.block.DefRange, in: v.in.place,
				about:  v.description,
				detail: fmt.Sprintf("It has no default. Set it with -var '%s=…', in %s, or as %s%s.", name, defaultVars, environmentPrefix, name),
			})
		}
		v.failed = true
	}
	if v.failed || value == cty.NilVal {
		return cty.DynamicVal
	}
	v.value = value
	if v.hidden() && value.Type() == cty.String {
		l.rememberSensitive(value)
	}
	if v.sensitive {
		l.rememberSensitive(value)
		return value.Mark(markSensitive)
	}
	return value
}

// rememberSensitive keeps the texts of a sensitive value, so that no message repeats them.
func (c *complaints) rememberSensitive(v cty.Value) {
	_ = cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) {
		if e.Type() == cty.String && e.IsKnown() && !e.IsNull() && len(e.AsString()) > 2 {
			c.sensitive = append(c.sensitive, e.AsString())
		}
		return true, nil
	})
}

// checkValidations runs when all names are known, so that a condition may use other variables and local values.
func (l *loader) checkValidations() {
	for _, name := range sortedKeys(l.variables) {
		v := l.variables[name]
		v.in.ctx = l.root
		for _, check := range v.validations {
			if check.condition == nil || v.failed {
				continue
			}
			if ok, message := v.in.holds(check.condition, check.message); !ok {
				v.in.add(problem{
					code: "invalid_variable", summary: fmt.Sprintf("Invalid value for var.%s", name), detail: message,
					rng: v.from, in: v.in.place, expr: check.condition, ctx: l.root,
				})
			}
		}
	}
}

// holds evaluates a condition and, where it is false, its message. A condition that is wrong in itself was recorded and
// counts as holding.
func (in *instance) holds(condition, message hcl.Expression) (bool, string) {
	v, ok := in.evaluate(condition, 0)
	if message != nil && !in.checkReferences(message, 0) || !ok {
		return true, ""
	}
	if hasSecret(v) {
		in.wrong(condition, "secret_not_allowed", "A secret in a condition", "A secret is read only when a request needs it, so no condition can look at it.")
		return true, ""
	}
	v, _ = v.UnmarkDeep()
	switch {
	case !v.IsKnown():
		return true, ""
	case v.IsNull() || v.Type() != cty.Bool:
		in.wrong(condition, "invalid_condition", "The condition is not true or false", fmt.Sprintf("It gives %s.", article(v.Type())))
		return true, ""
	case v.True():
		return true, ""
	}
	if message == nil {
		return false, ""
	}
	m, ok := in.evaluate(message, 0)
	switch {
	case !ok:
		return false, ""
	case hasMark(m, markSensitive) || hasSecret(m) || in.usesConfidential(message):
		return false, "The message of this condition uses a sensitive value, so it is not shown."
	case !m.IsKnown() || m.IsNull() || m.Type() != cty.String:
		in.wrong(message, "invalid_condition", "error_message is text", fmt.Sprintf("It gives %s.", article(m.Type())))
		return false, ""
	}
	return false, m.AsString()
}
