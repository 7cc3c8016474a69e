package hcl

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"dropform/engine"
	"dropform/engine/diag"
)

// decodeDeclaration builds every instance of a block into the configuration.
func (l *loader) decodeDeclaration(d *declaration) {
	if d.duplicate {
		watched, targets := l.watched, l.targets
		defer func() { l.watched, l.targets = watched, targets }() // it would share its folder with the block whose address it has
	}
	list := l.instances(d)
	for _, in := range list {
		l.decodeInstance(d, in)
	}
	if len(list) == 0 {
		l.rehearse(d)
	}
}

func (l *loader) decodeInstance(d *declaration, in *instance) {
	n := in.decode(d.spec, d.block.Body, d.block.DefRange, "")
	in.noteDynamic(d.spec, d.block.Body, "")
	declared := in.declared(n)
	d.dependsOn = get(n, "depends_on", []engine.Address(nil))
	switch {
	case d.block.Type == "connection":
		c := buildConnection(in, n, declared)
		l.built[in.address] = c
		l.config.Connections = append(l.config.Connections, c)
	case d.base.Kind == engine.KindImport:
		l.config.Imports = append(l.config.Imports, buildImport(in, n, declared))
	case d.base.Kind == engine.KindExport:
		l.config.Exports = append(l.config.Exports, buildExport(in, n, declared))
	default:
		l.config.Rules = append(l.config.Rules, buildRule(in, n, declared, d))
	}
}

// declared is what every block has; preconditions that do not hold leave as messages.
func (in *instance) declared(n *node) engine.Declared {
	sortAttributes(in.attrs)
	var failed []*diag.Diagnostic
	for _, p := range n.children["precondition"] {
		condition, message := p.exprs["condition"], p.exprs["error_message"]
		if condition == nil || p.values["condition"] == nil {
			continue
		}
		if ok, text := in.holds(condition, message); !ok {
			failed = append(failed, in.unmet(condition, text))
		}
	}
	return engine.Declared{
		Address: in.address, Description: get(n, "description", ""), Attributes: in.attrs, Range: toRange(in.header),
		DependsOn: get(n, "depends_on", []engine.Address(nil)), Failed: failed,
	}
}

// unmet is a condition that does not hold, complete when the configuration is.
func (in *instance) unmet(condition hcl.Expression, message string) *diag.Diagnostic {
	p := problem{code: "invalid_condition", detail: message, rng: condition.Range(), in: in.place, expr: condition, ctx: in.ctx}
	in.conditions = append(in.conditions, unmetCondition{p, &diag.Diagnostic{}})
	return in.conditions[len(in.conditions)-1].told
}

func (in *instance) missing(n *node, name, detail string) {
	in.add(problem{
		code: "missing_required", summary: fmt.Sprintf("Missing required attribute %q", name), detail: detail,
		rng: n.header, in: in.place, needsWholeDefinition: true,
	})
}

func (in *instance) checkTimes(n *node, first, longest time.Duration) {
	if n != nil && first > longest {
		name := "longest"
		if !n.has(name) {
			name = "first"
		}
		in.add(problem{
			code: "invalid_value", summary: "first is longer than longest", rng: n.at(name), in: in.place,
			detail: fmt.Sprintf("Waiting starts at first (%s) and doubles up to longest (%s).", first, longest),
		})
	}
}

func (in *instance) checkPair(n *node, a, b string) {
	if n == nil || n.has(a) == n.has(b) {
		return
	}
	if n.has(b) {
		a, b = b, a
	}
	in.add(problem{
		code: "attribute_without_other", summary: fmt.Sprintf("%s without %s", a, b), rng: n.at(a), in: in.place,
		detail: fmt.Sprintf("%s and %s belong together. Set both, or neither.", a, b),
	})
}

// checkCycles reports depends_on that leads back to its own block.
func (l *loader) checkCycles() {
	state := map[engine.Address]int{}
	var visit func(d *declaration, path []string)
	visit = func(d *declaration, path []string) {
		path = append(path, d.base.String())
		switch state[d.base] {
		case 2:
			return
		case 1:
			start := slices.Index(path, d.base.String())
			l.add(problem{
				code: "cycle", summary: "Blocks depend on each other in a circle", rng: d.block.DefRange,
				in:     place{address: d.base.String(), context: header(d.block)},
				detail: fmt.Sprintf("%s. None of them could ever start.", strings.Join(path[start:], " → ")),
			})
			return
		}
		state[d.base] = 1
		for _, a := range append(slices.Clone(d.dependsOn), d.after) {
			if next := l.blocks[a.Base()]; next != nil {
				visit(next, path)
			}
		}
		state[d.base] = 2
	}
	for _, d := range l.order {
		visit(d, nil)
	}
}
