package hcl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"dropform/engine/diag"
)

// A place is the block that a complaint belongs to: its address and its header as written.
type place struct {
	address string
	context string
	secret  bool // whether it stands in a secret attribute, of which no value is shown
}

// A problem is one complaint before its snippet is cut out of the source. Code is a key of Codes.
type problem struct {
	warning              bool
	code                 string
	summary, detail      string
	about                string // as diag.Diagnostic has it
	rng                  hcl.Range
	in                   place
	expr                 hcl.Expression   // nil, or what the complaint is about
	ctx                  *hcl.EvalContext // where expr was evaluated
	needsWholeDefinition bool             // means nothing when a file did not parse: what it misses may be there
}

// complaints collects what is wrong with one configuration, each mistake once however many instances a block has.
type complaints struct {
	files        map[string]*hcl.File
	problems     []problem
	seen         map[string]bool
	broken       map[string]int         // file name to the byte of its first syntax error
	escapes      map[string][]hcl.Range // quoted texts with an escape that does not exist: their values mean nothing
	hidden       map[string][]hcl.Range // what no snippet shows: literals of secret attributes
	sensitive    []string               // values of sensitive variables and secret attributes, which no message shows
	confidential map[string]bool        // references that secret attributes use: var.pw, local.pw, each.value.pw
	zeros        []zero                 // numbers written with a leading zero
}

func newComplaints() complaints {
	return complaints{
		files: map[string]*hcl.File{}, seen: map[string]bool{}, broken: map[string]int{}, escapes: map[string][]hcl.Range{},
		hidden: map[string][]hcl.Range{}, confidential: map[string]bool{},
	}
}

// hide keeps a stretch of source out of every snippet.
func (c *complaints) hide(r hcl.Range) { c.hidden[r.Filename] = append(c.hidden[r.Filename], r) }

// add records a problem. What stands behind a syntax error of the same file is dropped: the parser guesses there.
func (c *complaints) add(p problem) {
	if at, ok := c.broken[p.rng.Filename]; ok && p.rng.Start.Byte >= at {
		return
	}
	if p.needsWholeDefinition && len(c.broken) > 0 {
		return
	}
	key := fmt.Sprintf("%s|%s|%d|%d", p.code, p.rng.Filename, p.rng.Start.Byte, p.rng.End.Byte)
	if p.code == "missing_required" { // all that is missing stands at the block's header
		key += "|" + p.summary
	}
	if p.rng.Filename == "" || p.rng.Empty() {
		key += "|" + p.detail
	}
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	c.problems = append(c.problems, p)
}

// finished is every complaint, sorted. Snippets are cut last, when all that must not be seen is known.
func (c *complaints) finished() diag.List {
	slices.SortFunc(c.sensitive, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	c.sensitive = slices.Compact(c.sensitive)
	list := make(diag.List, 0, len(c.problems))
	for _, p := range c.problems {
		list = append(list, c.finish(p))
	}
	list.Sort()
	return list
}

func (c *complaints) finish(p problem) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: p.code, Summary: c.scrub(p.summary), Detail: c.scrub(p.detail), Address: p.in.address,
		About: c.scrub(p.about),
	}
	if p.warning {
		d.Severity = diag.Warning
	}
	if p.rng.Filename != "" {
		r := toRange(p.rng)
		d.Range = &r
		d.Snippet = c.snippet(p)
	}
	return d
}

// addHCL records what evaluating or decoding with the HCL library said. What a function says about a sensitive
// argument is left out, since it may quote it.
func (c *complaints) addHCL(diags hcl.Diagnostics, in place) {
	for _, d := range diags {
		p := problem{
			code: codeFor(d.Summary), summary: d.Summary, detail: d.Detail, in: in,
			warning: d.Severity == hcl.DiagWarning, expr: d.Expression, ctx: d.EvalContext,
		}
		if d.Subject != nil {
			p.rng = *d.Subject
		}
		p.detail = c.hclDetail(d, in)
		if p.code == "missing_label" {
			p.detail = oneLabel.Replace(p.detail)
		}
		c.add(p)
	}
}

// oneLabel is the library's wording for a single label, in English.
var oneLabel = strings.NewReplacer("1 labels (name) are", "1 label (name) is", "1 labels", "1 label")

// nullHint tells how a condition allows for an empty cell.
func nullHint(d *hcl.Diagnostic) string {
	if strings.Contains(d.Detail, "null") || strings.Contains(d.Summary, "null") {
		return " Where a value may be empty, allow for it first: x == null || …"
	}
	return ""
}

func toRange(r hcl.Range) diag.Range {
	return diag.Range{Filename: r.Filename, Start: diag.Pos(r.Start), End: diag.Pos(r.End)}
}

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

// sourceText is the text of an expression as written, empty where the file is not known.
func (c *complaints) sourceText(r hcl.Range) string {
	f := c.files[r.Filename]
	if f == nil || !r.CanSliceBytes(f.Bytes) {
		return ""
	}
	return string(r.SliceBytes(f.Bytes))
}

// isLiteral reports whether an expression is a value written out, with no reference and no function.
func isLiteral(expr hcl.Expression) bool {
	switch e := hcl.UnwrapExpression(expr).(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return e.IsStringLiteral()
	case hclsyntax.Expression:
		return false
	}
	_, diags := expr.Value(nil) // JSON: only a text without ${ } evaluates without a context
	return !diags.HasErrors()
}
