package hcl

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"dropform/engine"
)

// A lateText is a template that work evaluates. Evaluation uses nothing that changes, so it may run in any goroutine.
type lateText struct {
	expr     hcl.Expression
	in       *instance
	scope    scope
	key      string // the element of a map that the expression gives, with isKey
	isKey    bool
	absolute bool // whether the result is a path from the working directory
}

// lateContext is the instance's context with samples of what work will know: times as they will be, names unknown.
func (in *instance) lateContext(s scope) *hcl.EvalContext {
	vars := map[string]cty.Value{}
	if s&scopeRun != 0 {
		vars["run"] = in.sampleRun
	}
	if s&scopeFile != 0 {
		vars["file"] = in.sampleFile
	}
	for name, root := range map[string]scope{"row": scopeRow, "rows": scopeRows, "order": scopeOrder} {
		if s&root != 0 {
			vars[name] = cty.DynamicVal
		}
	}
	child := in.ctx.NewChild()
	child.Variables = vars
	return child
}

func runValue(s engine.RunScope, zone *time.Location) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"time": cty.StringVal(s.Time.In(zone).Format(time.RFC3339)), "id": cty.StringVal(s.ID),
	})
}

func fileValue(s engine.FileScope, zone *time.Location) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal(s.Name), "stem": cty.StringVal(s.Stem()), "ext": cty.StringVal(s.Ext()),
		"time": cty.StringVal(s.Time.In(zone).Format(time.RFC3339)),
	})
}

// render evaluates under one late name. The error is what the user's expression did wrong, with its place.
func (t *lateText) render(name string, v cty.Value) (string, error) {
	ctx := t.in.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{name: v}
	got, diags := t.expr.Value(ctx)
	if diags.HasErrors() {
		return "", t.in.lateError(diags)
	}
	got, _ = got.UnmarkDeep()
	if t.isKey {
		got = element(got, t.key)
	}
	if !got.IsKnown() || got.IsNull() || got.Type() != cty.String {
		return "", fmt.Errorf("%s: the expression gives no text", t.expr.Range())
	}
	s := got.AsString()
	if t.absolute {
		if s == "" {
			return "", fmt.Errorf("%s: the path is empty", t.expr.Range())
		}
		s = t.in.absolute(s)
	}
	return s, nil
}

// element is one value of a map or object, null where it has none of that key.
func element(v cty.Value, key string) cty.Value {
	if v.IsKnown() && !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType()) {
		if e, ok := v.AsValueMap()[key]; ok {
			return e
		}
	}
	return cty.NullVal(cty.String)
}

// lateError turns diagnostics into an error that shows no sensitive value.
func (in *instance) lateError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return fmt.Errorf("%s: %s: %s", d.Subject, in.scrub(d.Summary), in.scrub(in.hclDetail(d, in.place)))
		}
	}
	return diags
}

func (t *lateText) run() engine.RunText {
	if t == nil {
		return nil
	}
	zone := t.in.zone
	return func(s engine.RunScope) (string, error) { return t.render("run", runValue(s, zone)) }
}

func (t *lateText) file() engine.FileText {
	if t == nil {
		return nil
	}
	zone := t.in.zone
	return func(s engine.FileScope) (string, error) { return t.render("file", fileValue(s, zone)) }
}

// latePath is a path under a late scope whose value is known now, because it does not depend on a name.
func (in *instance) latePath(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	s, ok := in.textOf(a, v, expr)
	if !ok || !in.checkPath(a.name, s, expr) {
		return nil, false
	}
	return &lateText{expr: expr, in: in, scope: a.late}, true
}

// sampleName is a base name that a glob takes.
func sampleName(glob string) string {
	return strings.ReplaceAll(strings.ReplaceAll(glob, "*", "example"), "?", "x")
}

// sample renders a path for a made-up file name, empty where that fails.
func (t *lateText) sample(name string) string {
	s, err := t.render("file", fileValue(engine.FileScope{Name: name, Time: t.in.now}, t.in.zone))
	if err != nil {
		return ""
	}
	return s
}

// root is the folder that a path starts in: what stands before the first late part, up to its last slash.
func (t *lateText) root() string {
	prefix := strings.ReplaceAll(t.prefix(), `\`, "/")
	if filepath.Separator != '\\' {
		prefix = t.prefix()
	}
	i := strings.LastIndexByte(prefix, '/')
	if i < 0 {
		return t.in.req.Dir
	}
	return t.in.absolute(prefix[:i+1])
}

// prefix is the part of the rendered text that no late value decides.
func (t *lateText) prefix() string {
	if template, ok := hcl.UnwrapExpression(t.expr).(*hclsyntax.TemplateExpr); ok {
		return t.templatePrefix(template)
	}
	// Any other expression is tried with two runs that have nothing in common.
	a, errA := t.render("run", runValue(engine.RunScope{Time: time.Date(2026, 11, 21, 12, 34, 56, 0, t.in.zone), ID: "a"}, t.in.zone))
	b, errB := t.render("run", runValue(engine.RunScope{Time: time.Date(1985, 2, 9, 3, 5, 7, 0, t.in.zone), ID: "b"}, t.in.zone))
	if errA != nil || errB != nil {
		return ""
	}
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func (t *lateText) templatePrefix(template *hclsyntax.TemplateExpr) string {
	var b strings.Builder
	for i, part := range template.Parts {
		// Behind the start only what stands there to the letter counts: a value there may hold "..".
		if _, literal := part.(*hclsyntax.LiteralValueExpr); refersLate(part) || !literal && (i > 0 || refersEach(part)) {
			break
		}
		v, diags := part.Value(t.in.ctx)
		if diags.HasErrors() {
			break
		}
		v, _ = v.UnmarkDeep()
		if !v.IsKnown() || v.IsNull() {
			break
		}
		s, err := convert.Convert(v, cty.String)
		if err != nil {
			break
		}
		b.WriteString(s.AsString())
	}
	return b.String()
}

func refersEach(expr hcl.Expression) bool {
	return slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "each" })
}

// sampleValues are made once for a configuration.
func (l *loader) sampleValues() {
	l.sampleRun = runValue(engine.RunScope{Time: l.now, ID: "run"}, l.zone)
	fields := maps.Collect(maps.All(fileValue(engine.FileScope{Name: "x", Time: l.now}, l.zone).AsValueMap()))
	for _, name := range []string{"name", "stem", "ext"} {
		fields[name] = cty.UnknownVal(cty.String).RefineNotNull()
	}
	l.sampleFile = cty.ObjectVal(fields)
}

// takenBy reports which name of its own block's match a report written for a sample would be taken by.
func (t *lateText) takenBy(in *instance, folder string, match, ignore []string) (written, pattern string) {
	for _, glob := range match {
		s := filepath.ToSlash(t.sample(sampleName(glob)))
		if s == "" {
			continue
		}
		target := filepath.FromSlash(s)
		if !filepath.IsAbs(target) {
			target = filepath.Join(folder, target)
		}
		base := path.Base(s)
		if filepath.Dir(target) != folder || alwaysIgnored(base) || matchesAny(ignore, base) {
			continue
		}
		for _, other := range match {
			if matches(other, base) {
				return base, other
			}
		}
	}
	return "", ""
}
