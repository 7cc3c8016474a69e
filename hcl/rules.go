package hcl

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"dropform/engine"
)

// buildRule fills in the defaults of LANGUAGE.md, rule.
func buildRule(in *instance, n *node, declared engine.Declared, d *declaration) *engine.Rule {
	result := n.child("result")
	path := get[*lateText](result, "path", nil)
	r := &engine.Rule{
		Declared: declared, DropFolder: in.buildDropFolder(n), Kind: engine.RuleKind(d.block.Labels[0]), Connection: in.builtConnection(n),
		OnUnknown: get(n, "on_unknown", "hold"), AllPositions: get(n, "all_positions", false),
		Result: engine.RuleResult{Path: path.file(), Images: in.fromHere(result, "images")},
	}
	if path == nil {
		r.Result.Path = defaultResultPath
	}
	if r.Approval = get(n, "approval", "auto"); r.Kind.Irreversible() {
		r.Approval = get(n, "approval", "manual")
	}
	hidden := hiddenColumns(r.CSV)
	r.Document, r.Position = callFields(n.child("document"), hidden), callFields(n.child("position"), hidden)
	in.follow(n, r, d)
	in.checkRule(n, r)
	if r.Folder != "" {
		in.checkTaken(n, "ready_file", get[*lateText](n, "ready_file", nil), r.Folder, r.Match, r.Ignore)
		in.checkTaken(result, "path", path, r.Folder, r.Match, r.Ignore)
		in.checkArchive(n, r.Folder, r.Match)
		in.watches(n, r.Folder, r.Match, r.Ignore)
	}
	return r
}

func defaultResultPath(f engine.FileScope) (string, error) { return f.Name + ".result.csv", nil }

// follow reads `after`. What is followed also comes first: the engine orders by DependsOn.
func (in *instance) follow(n *node, r *engine.Rule, d *declaration) {
	after := get(n, "after", engine.Address{})
	if after.IsZero() || !in.declaredAddress(after, n.exprs["after"]) || !in.checkAfter(n, after, d) {
		return
	}
	d.after, r.After = after.Base(), after.Base()
	if !slices.Contains(r.DependsOn, r.After) {
		r.DependsOn = append(slices.Clone(r.DependsOn), r.After)
	}
}

// checkRule checks what the schema alone cannot say.
func (in *instance) checkRule(n *node, r *engine.Rule) {
	if n.has("folder") == n.has("after") {
		detail := "folder takes the rows of dropped files; after follows the documents of another rule."
		in.add(problem{
			code: "needs_one_of", summary: "A rule needs exactly one of folder and after", detail: detail,
			rng: n.header, in: in.place, needsWholeDefinition: true,
		})
	} else if n.has("after") {
		in.withoutFolder(n)
	}
	if n.has("all_positions") && r.Kind != engine.RulePurchase {
		in.add(problem{
			code: "attribute_without_other", summary: "all_positions belongs to a purchase", rng: n.at("all_positions"), in: in.place,
			detail: fmt.Sprintf("A %s names each position or none. Leave it out.", r.Kind),
		})
	}
	in.checkLateNames(n)
	in.checkSensitive(n, r.CSV)
	in.checkRow(n, r.CSV)
	in.checkNeeds(n, r)
}

// withoutFolder reports what means nothing in a rule that takes no files.
func (in *instance) withoutFolder(n *node) {
	say := func(name string, at hcl.Range) {
		in.add(problem{
			code: "attribute_without_other", summary: name + " without folder", rng: at, in: in.place,
			detail: "A rule with after takes no files. Leave it out.",
		})
	}
	for _, name := range []string{"match", "ignore", "settle", "ready_file", "min_size"} {
		if n.has(name) {
			say(name, n.at(name))
		}
	}
	for _, name := range []string{"csv", "archive"} {
		if c := n.child(name); c != nil {
			say(name, c.header)
		}
	}
}

// checkAfter allows only another rule, as a whole block.
func (in *instance) checkAfter(n *node, after engine.Address, d *declaration) bool {
	target := in.blocks[after.Base()]
	if target.block.Type == "rule" && target != d && !after.Keyed {
		return true
	}
	in.add(problem{
		code: "invalid_value", summary: "after names no other rule", rng: n.at("after"), in: in.place,
		detail: "It takes the address of another rule as a whole, as in rule.purchase.orders, without an index.",
	})
	return false
}
