package hcl

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"dropform/engine/diag"
)

// consoleInput is the file name that complaints about a typed expression bear.
const consoleInput = "<console-input>"

// A Console evaluates expressions against one configuration: its variables, local values, connections and functions.
// It is not safe for concurrent use.
type Console struct{ l *loader }

// NewConsole reads the configuration of a working directory. A variable without a value is unknown; a directory without
// a configuration gives functions alone. The list is what Load would say; with an error in it the console is nil.
func NewConsole(req Request) (*Console, diag.List) {
	req.Validate = true
	l := read(req)
	if len(l.problems) == 1 && l.problems[0].code == "no_configuration" {
		l.complaints = newComplaints()
		l.root = &hcl.EvalContext{Functions: l.functions(markedSecret)}
	}
	list := l.finished()
	if list.HasErrors() {
		return nil, list
	}
	l.req.Validate = false // env("NAME") without a value is a mistake where somebody waits for the answer
	return &Console{l}, list
}

// Evaluate gives the value of one expression as text, over several lines for collections. Sensitive values and what
// secret attributes use are shown as (sensitive value), what is not known here as (known later).
func (c *Console) Evaluate(line string) (string, diag.List) {
	l := c.l
	fresh := newComplaints()
	fresh.sensitive, fresh.confidential = l.sensitive, l.confidential
	fresh.files[consoleInput] = &hcl.File{Bytes: []byte(line)}
	l.complaints = fresh
	expr, diags := hclsyntax.ParseExpression([]byte(line), consoleInput, hcl.InitialPos)
	l.addSyntax(consoleInput, diags)
	if diags.HasErrors() {
		return "", l.finished()
	}
	in := l.bare(nil)
	v, ok := in.evaluate(expr, 0)
	if !ok {
		return "", l.finished()
	}
	if c.reachesConfidential(expr, map[string]bool{}) {
		return masked, l.finished()
	}
	var b strings.Builder
	w := valueWriter{b: &b, scrub: l.scrub}
	w.value(v, 0)
	return b.String(), l.finished()
}

// reachesConfidential reports whether an expression uses what a secret attribute uses, directly or through local values.
func (c *Console) reachesConfidential(expr hcl.Expression, seen map[string]bool) bool {
	if c.l.usesConfidential(expr) {
		return true
	}
	for _, t := range expr.Variables() {
		name, ok := stepName(t, 1)
		if !ok || t.RootName() != "local" || seen[name] {
			continue
		}
		seen[name] = true
		if local := c.l.locals[name]; local != nil && c.reachesConfidential(local.expr, seen) {
			return true
		}
	}
	return false
}
