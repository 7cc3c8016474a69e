package hcl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// fieldBlocks are the blocks of a rule that set fields.
var fieldBlocks = []string{"document", "position"}

// eachField goes over the expressions of a rule's fields in the order of the source.
func eachField(n *node, visit func(a *attribute, expr hcl.Expression)) {
	for _, block := range fieldBlocks {
		fields := n.child(block)
		for _, name := range fieldOrder(fields) {
			visit(fields.spec.byName[name], fields.exprs[name])
		}
	}
}

// checkLateNames reports `order` in a rule that follows no other, and lines in one that takes no files.
func (in *instance) checkLateNames(n *node) {
	eachField(n, func(_ *attribute, expr hcl.Expression) {
		for _, t := range expr.Variables() {
			name, detail := t.RootName(), ""
			switch {
			case name == "order" && !n.has("after"):
				detail = lateWhere[name]
			case (name == "row" || name == "rows") && n.has("after") && !n.has("folder"):
				detail = "A rule with after has no file and so no lines; `order` holds what the other rule sent and got back."
			default:
				continue
			}
			in.add(problem{code: "unknown_reference", summary: fmt.Sprintf("%q is not known here", name), detail: detail, rng: t.SourceRange(), in: in.place})
		}
	})
}

// checkSensitive reports sensitive columns that a rule would send: plans, results and the ledger show what is sent.
func (in *instance) checkSensitive(n *node, s *engine.CSV) {
	if s == nil {
		return
	}
	secret := map[string]bool{}
	for _, c := range s.Columns {
		secret[c.Name] = c.Sensitive
	}
	const why = "What a rule sends is shown in plans, results and show. Take sensitive from the column, or do not send it."
	eachField(n, func(a *attribute, expr hcl.Expression) {
		for _, t := range expr.Variables() {
			if name, named := stepName(t, 1); named && t.RootName() == "row" && secret[name] {
				in.add(problem{code: "sensitive_not_allowed", summary: "A sensitive column in " + a.name, detail: why, rng: t.SourceRange(), in: in.place})
			}
		}
	})
	fields := actions[string(in.address.Kind)[len("rule."):]]
	for _, c := range s.Columns {
		if c.Sensitive && (slices.Contains(fields.document, c.Name) || slices.Contains(fields.position, c.Name)) {
			in.add(problem{
				code: "sensitive_not_allowed", summary: fmt.Sprintf("The sensitive column %q is a field of its own name", c.Name), detail: why,
				rng: n.child("csv").header, in: in.place,
			})
		}
	}
}

// checkRow compares fields with the columns of the csv block, where that tells the columns of every file: names that it
// does not declare, and types that do not fit.
func (in *instance) checkRow(n *node, s *engine.CSV) {
	if !exactColumns(s) {
		return
	}
	columns := map[string]cty.Value{}
	for _, c := range s.Columns {
		columns[c.Name] = cty.UnknownVal(columnType(c.Type))
	}
	row := cty.ObjectVal(columns)
	eachField(n, func(a *attribute, expr hcl.Expression) {
		usesRow, sound := false, in.checkReferences(expr, a.late) // what does not exist was told before
		for _, t := range expr.Variables() {
			name, named := stepName(t, 1)
			if usesRow = usesRow || t.RootName() == "row"; t.RootName() != "row" || !named {
				continue
			}
			in.checkColumn(s, name, t.SourceRange(), false)
			_, declared := columns[name]
			sound = sound && declared
		}
		if !usesRow || !sound {
			return
		}
		ctx := in.lateContext(a.late)
		ctx.Variables["row"] = row
		v, diags := expr.Value(ctx)
		if in.addHCL(diags, in.place); diags.HasErrors() {
			return
		}
		v, _ = v.UnmarkDeep()
		for _, fault := range in.fieldFaults(a, v, expr, false) {
			in.wrong(fault.expr, fault.code, fault.summary, fault.detail)
		}
	})
}

// columnType is what a cell of a column is in an expression.
func columnType(name string) cty.Type {
	switch name {
	case "integer", "decimal":
		return cty.Number
	case "boolean":
		return cty.Bool
	}
	return cty.String
}

// checkNeeds reports fields that no call could have: neither the blocks give them, nor a column of the same name, nor the
// order that is followed. Without a csv block that tells all columns, only the files decide.
func (in *instance) checkNeeds(n *node, r *engine.Rule) {
	var given []string
	remedy := "Set what is missing in document or position, or declare a column of that name."
	switch {
	case n.has("folder") && exactColumns(r.CSV):
		for _, c := range r.CSV.Columns {
			given = append(given, c.Name)
		}
	case n.has("after") && !n.has("folder"):
		given = []string{"DocTyp", "DocNbr"}
		remedy = "DocTyp and DocNbr come from the order that is followed; set what is missing in document."
	default:
		return
	}
	eachField(n, func(a *attribute, _ hcl.Expression) { given = append(given, a.name) })
	var missing, ways []string
	if r.Kind == engine.RulePurchase && !r.AllPositions {
		remedy += " all_positions = true orders documents whole, without PosNbr."
	}
	for i, need := range actions[string(r.Kind)].needs {
		if r.AllPositions {
			need = without(need, []string{"PosNbr"})
		}
		lacks := without(need, given)
		if len(lacks) == 0 {
			return
		}
		if i == 0 || len(lacks) < len(missing) {
			missing = lacks
		}
		ways = append(ways, strings.ReplaceAll(listed(need, "and"), `"`, ""))
	}
	in.add(problem{
		code: "missing_required", summary: "Nothing gives " + strings.ReplaceAll(listed(missing, "and"), `"`, ""),
		rng: n.header, in: in.place, needsWholeDefinition: true,
		detail: fmt.Sprintf("A %s needs %s. %s", r.Kind, strings.Join(ways, "; or "), remedy),
	})
}

func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}
