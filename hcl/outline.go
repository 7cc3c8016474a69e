package hcl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"dropform/engine"
)

// Outline names the blocks of a configuration and their instances, also of one that Load refuses, and makes no more of them
// than that, which takes a quarter of the time: somebody waits at the keyboard. Only the blocks that are wanted are decoded as
// by Load. Of the others there are the address and, of a rule, After.
func Outline(req Request, wanted func(block engine.Address) bool) *engine.Config {
	req.Validate = true
	l := newLoader(req)
	if !l.prepare() {
		return l.config
	}
	folders := slices.ContainsFunc(l.order, func(d *declaration) bool { return d.block.Type != "connection" && wanted(d.base) })
	for _, d := range l.order {
		switch {
		case d.duplicate:
		case wanted(d.base), folders && d.block.Type == "connection": // what is wanted may refer to it
			l.decodeDeclaration(d)
		default:
			l.outline(d)
		}
	}
	return l.config
}

// outline puts the addresses of a block into the configuration.
func (l *loader) outline(d *declaration) {
	for _, in := range l.instances(d) {
		declared := engine.Declared{Address: in.address}
		switch {
		case d.forEach != nil && !in.address.Keyed: // nobody knows its keys
		case d.block.Type == "connection":
			l.config.Connections = append(l.config.Connections, &engine.Connection{Declared: declared})
		case d.base.Kind == engine.KindImport:
			l.config.Imports = append(l.config.Imports, &engine.Import{Declared: declared})
		case d.base.Kind == engine.KindExport:
			l.config.Exports = append(l.config.Exports, &engine.Export{Declared: declared})
		default:
			l.config.Rules = append(l.config.Rules, &engine.Rule{Declared: declared, After: followed(d)})
		}
	}
}

// followed is the rule that a rule follows; zero where it takes files.
func followed(d *declaration) engine.Address {
	content, _, _ := d.block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "after"}}})
	if content == nil || content.Attributes["after"] == nil {
		return engine.Address{}
	}
	t, diags := hcl.AbsTraversalForExpr(content.Attributes["after"].Expr)
	if diags.HasErrors() {
		return d.base // some rule
	}
	a, _ := addressOf(t)
	return a
}
