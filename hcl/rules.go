package hcl

import (
	"fmt"

	"dropform/engine"
)

// buildRule checks a rule; this version carries none out, and says so.
func buildRule(in *instance, n *node, declared engine.Declared, d *declaration) *engine.Rule {
	in.add(problem{
		warning: true, code: "rule_not_served", summary: "This rule is not carried out", rng: d.block.DefRange, in: in.place,
		detail: "This version checks rules but does not carry them out; nothing is sent from its folder.",
	})
	in.buildCSV(n.child("csv"))
	in.buildArchive(n)
	if n.has("folder") == n.has("after") {
		detail := "folder takes the rows of dropped files; after follows the documents of another rule."
		in.add(problem{code: "needs_one_of", summary: "A rule needs exactly one of folder and after", detail: detail, rng: n.header, in: in.place, needsWholeDefinition: true})
	}
	if after := get(n, "after", engine.Address{}); !after.IsZero() && in.declaredAddress(after, n.exprs["after"]) {
		in.checkAfter(n, after, d)
		d.after = after.Base()
	}
	kind := d.block.Labels[0]
	if !n.has("after") {
		in.orderWithoutAfter(n)
	}
	if n.has("all_positions") && kind != "purchase" {
		in.add(problem{
			code: "attribute_without_other", summary: "all_positions belongs to a purchase", rng: n.at("all_positions"), in: in.place,
			detail: fmt.Sprintf("A %s names each position or none. Leave it out.", kind),
		})
	}
	if folder := get(n, "folder", ""); folder != "" {
		match, ignore := get(n, "match", []string{"*.csv"}), get(n, "ignore", []string(nil))
		in.checkTaken(n, "ready_file", get[*lateText](n, "ready_file", nil), folder, match, ignore)
		in.checkTaken(n.child("result"), "path", get[*lateText](n.child("result"), "path", nil), folder, match, ignore)
		in.checkArchive(n, folder, match)
		in.watches(n, folder, match, ignore)
	}
	return &engine.Rule{Declared: declared}
}

// checkAfter allows only another rule, as a whole block.
func (in *instance) checkAfter(n *node, after engine.Address, d *declaration) {
	target := in.blocks[after.Base()]
	if target.block.Type != "rule" || target == d || after.Keyed {
		in.add(problem{
			code: "invalid_value", summary: "after names no other rule", rng: n.at("after"), in: in.place,
			detail: "It takes the address of another rule as a whole, as in rule.purchase.orders, without an index.",
		})
	}
}

// orderWithoutAfter reports `order` in a rule that follows no other.
func (in *instance) orderWithoutAfter(n *node) {
	for _, block := range []string{"document", "position"} {
		fields := n.child(block)
		if fields == nil {
			continue
		}
		for _, name := range sortedKeys(fields.exprs) {
			for _, t := range fields.exprs[name].Variables() {
				if t.RootName() == "order" {
					in.add(problem{code: "unknown_reference", summary: "\"order\" is not known here", detail: lateWhere["order"], rng: t.SourceRange(), in: in.place})
				}
			}
		}
	}
}
