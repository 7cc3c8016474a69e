package hcl

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// A lateField is what a rule's document or position sets one CONBOX field to. Evaluation uses nothing that changes, so it
// may run in any goroutine.
type lateField struct {
	attribute *attribute
	expr      hcl.Expression
	in        *instance
	uses      scope           // which of row, rows and order the expression refers to
	hidden    map[string]bool // columns whose values no message shows
}

// callField checks what can be known of a field before there is a row. Null is a field that is not sent.
func (in *instance) callField(a *attribute, expr hcl.Expression) (any, bool) {
	v, ok := in.evaluate(expr, a.late)
	if !ok || !in.noSecret(a.name, v, expr) {
		return nil, false
	}
	if hasMark(v, markSensitive) {
		in.wrong(expr, "sensitive_not_allowed", "A sensitive value in "+a.name,
			"What a rule sends is shown in plans and results. Use values that may be seen, or nonsensitive(…).")
		return nil, false
	}
	v, _ = v.UnmarkDeep()
	f := &lateField{attribute: a, expr: expr, in: in}
	for _, t := range expr.Variables() {
		f.uses |= lateRoots[t.RootName()]
	}
	faults := in.fieldFaults(a, v, expr, false)
	for _, fault := range faults {
		in.wrong(fault.expr, fault.code, fault.summary, fault.detail)
	}
	return f, len(faults) == 0
}

// callFields are the fields that a block sets, in the order of the source.
func callFields(n *node, hidden map[string]bool) []engine.CallField {
	var out []engine.CallField
	for _, name := range fieldOrder(n) {
		if f := get[*lateField](n, name, nil); f != nil {
			f.hidden = hidden
			out = append(out, engine.CallField{Name: name, Value: f.value, Column: f.column()})
		}
	}
	return out
}

// column is the only column of the line that the expression refers to; empty where there is none, or another, or it cannot be
// told because it looks at the line as a whole or at other lines.
func (f *lateField) column() (only string) {
	for _, t := range f.expr.Variables() {
		if lateRoots[t.RootName()] == 0 {
			continue
		}
		name, ok := stepName(t, 1)
		if t.RootName() != "row" || !ok || only != "" && only != name {
			return ""
		}
		only = name
	}
	return only
}

// fieldOrder lists the attributes of a block, understood or not, as they stand in the source.
func fieldOrder(n *node) []string {
	if n == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(n.exprs), func(a, b string) int {
		return cmp.Or(cmp.Compare(n.at(a).Start.Byte, n.at(b).Start.Byte), cmp.Compare(a, b))
	})
}

// value evaluates the field. The error says what the user's expression did wrong, with its place.
func (f *lateField) value(s engine.CallScope) (any, error) {
	ctx, err := f.context(s)
	if err != nil {
		return nil, err
	}
	v, diags := f.expr.Value(ctx)
	if diags.HasErrors() {
		return nil, f.failed(diags, s)
	}
	if hasSecret(v) || hasMark(v, markSensitive) {
		return nil, f.errorf("%s is a sensitive value, which would be shown in plans and results", f.attribute.name)
	}
	if hasMark(v, markCell) {
		return nil, f.errorf("%s would hold a sensitive column, and what a rule sends is shown in plans and results; take sensitive from the column, or leave it out here", f.attribute.name)
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return nil, f.errorf("the expression gives no value for %s", f.attribute.name)
	}
	if f.attribute.kind == kindFieldNumber && v.Type() == cty.String && !v.IsNull() {
		return v.AsString(), nil // the engine reads it by its own rule, as it reads a column, and says what is wrong of the line
	}
	for _, fault := range f.in.fieldFaults(f.attribute, v, f.expr, false) {
		return nil, fmt.Errorf("%s: %s: %s", fault.expr.Range(), f.in.scrub(fault.summary), f.in.scrub(fault.detail))
	}
	return fromValue(v), nil
}

func (f *lateField) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{f.expr.Range()}, args...)...)
}

// context holds just what the expression refers to: a row is made for each of its fields.
func (f *lateField) context(s engine.CallScope) (*hcl.EvalContext, error) {
	vars := map[string]cty.Value{}
	set := func(name string, present bool, absent string, made func() (cty.Value, error)) error {
		if f.uses&lateRoots[name] == 0 {
			return nil
		}
		if !present {
			return f.errorf("%s is not known here: %s", name, absent)
		}
		v, err := made()
		vars[name] = v
		if err != nil {
			return f.errorf("%s: %w", name, err)
		}
		return nil
	}
	err := cmp.Or(
		set("row", s.Row != nil, "there is no line", func() (cty.Value, error) { return rowValue(s.Row, f.hidden) }),
		set("rows", s.Rows != nil, "which lines belong together is only being found out", func() (cty.Value, error) { return rowsValue(s.Rows, f.hidden) }),
		set("order", s.Order != nil, "the rule follows no order", func() (cty.Value, error) { return rowValue(s.Order, nil) }),
	)
	ctx := f.in.ctx.NewChild()
	ctx.Variables = vars
	return ctx, err
}

// failed tells of a column or field that does not exist by its name; any other failure is told in the library's words.
func (f *lateField) failed(diags hcl.Diagnostics, s engine.CallScope) error {
	var first *hcl.Diagnostic
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			first = d
			break
		}
	}
	if first == nil || first.Summary != "Unsupported attribute" {
		return f.in.lateError(diags)
	}
	for _, t := range f.expr.Variables() {
		name, ok := stepName(t, 1)
		fields, what := s.Row, "the file has no column"
		if t.RootName() == "order" {
			fields, what = s.Order, "the order has no field"
		}
		if _, exists := fields[name]; ok && !exists && (t.RootName() == "row" || t.RootName() == "order") {
			return errors.New(f.in.scrub(fmt.Sprintf("%s: %s %q.%s", t.SourceRange(), what, name, didYouMean(name, sortedKeys(fields)))))
		}
	}
	return f.in.lateError(diags)
}
