package hcl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// lateRoots are the names that exist only while work is done, and where.
var lateRoots = map[string]scope{"run": scopeRun, "file": scopeFile, "row": scopeRow, "rows": scopeRows, "order": scopeOrder}

// lateWhere says where a late name may be used.
var lateWhere = map[string]string{
	"run":   "`run` exists in an export's variables, target.path and target.done_file.",
	"file":  "`file` exists in the paths of an import's or rule's archive, protocol, result and ready_file.",
	"row":   "`row` exists in a rule's document and position, and in the csv block's checks.",
	"rows":  "`rows` exists in a rule's document and position, except in DocTyp, DocNbr and ExtPchNbr.",
	"order": "`order` exists in the document block of a rule that has `after`.",
}

var lateFields = map[string][]string{"run": {"time", "id"}, "file": {"name", "stem", "ext", "time"}}

// checkReferences reports every name and function in an expression that does not exist, with the nearest that does.
func (in *instance) checkReferences(expr hcl.Expression, late scope) bool {
	if _, ok := constant(expr); ok {
		return true
	}
	sound := in.checkFunctions(expr)
	for _, t := range expr.Variables() {
		if summary, detail := in.badReference(t, late); summary != "" {
			sound = false
			in.add(problem{
				code: "unknown_reference", summary: summary, detail: detail, rng: t.SourceRange(), in: in.place,
				needsWholeDefinition: true,
			})
		}
	}
	return sound
}

// checkFunctions looks at every call in an expression, also where evaluating would not come by. In JSON the calls are
// not to be seen before evaluation.
func (in *instance) checkFunctions(expr hcl.Expression) bool {
	node, ok := hcl.UnwrapExpression(expr).(hclsyntax.Expression)
	if !ok {
		return true
	}
	sound := true
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		call, isCall := n.(*hclsyntax.FunctionCallExpr)
		if !isCall {
			return nil
		}
		if _, exists := in.root.Functions[call.Name]; !exists {
			sound = false
			in.add(problem{
				code: "unknown_function", summary: fmt.Sprintf("There is no function %q", call.Name), rng: call.NameRange, in: in.place,
				detail: "Functions have the names that Terraform gives them." + didYouMean(call.Name, sortedKeys(in.root.Functions)),
			})
		}
		return nil
	})
	return sound
}

// badReference is what is wrong with one reference; the summary is empty where nothing is.
func (in *instance) badReference(t hcl.Traversal, late scope) (summary, detail string) {
	root := t.RootName()
	if s, ok := lateRoots[root]; ok {
		if late&s == 0 {
			return fmt.Sprintf("%q is not known here", root), lateWhere[root]
		}
		return unknownField(t, root, lateFields[root])
	}
	switch root {
	case "each":
		if !in.each {
			return "each is not known here", "A block has each.key and each.value only where it sets for_each."
		}
		return unknownField(t, root, []string{"key", "value"})
	case "var":
		return in.undeclared(t, "variable", sortedNames(in.variables), hasName(in.variables))
	case "local":
		return in.undeclared(t, "local value", sortedNames(in.locals), hasName(in.locals))
	case "connection":
		return in.badConnection(t)
	case "import", "export", "rule":
		return fmt.Sprintf("%s is not a value", root),
			"The address of a block stands only in depends_on, after, from and to; an expression cannot use it."
	}
	summary = fmt.Sprintf("Unknown name %q", root)
	if connectionSpecs[root] != nil { // perbit.hr, as a resource is named in Terraform
		name, ok := stepName(t, 1)
		if !ok {
			name = "NAME"
		}
		return summary, fmt.Sprintf("A connection is named with its block: connection.%s.%s.", root, name)
	}
	roots := []string{"var", "local", "connection"}
	if in.each {
		roots = append(roots, "each")
	}
	for name, s := range lateRoots {
		if late&s != 0 {
			roots = append(roots, name)
		}
	}
	return summary, fmt.Sprintf("There is nothing called %q here. Text is written in quotes.%s", root, didYouMean(root, roots))
}

func hasName[V any](m map[string]V) func(string) bool {
	return func(name string) bool { _, ok := m[name]; return ok }
}

func sortedNames[V any](m map[string]V) func() []string {
	return func() []string { return sortedKeys(m) }
}

// stepName is the name that a reference's step selects: .name or ["name"].
func stepName(t hcl.Traversal, i int) (string, bool) {
	if len(t) <= i {
		return "", false
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if k, _ := s.Key.Unmark(); k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			return k.AsString(), true
		}
	}
	return "", false
}

func unknownField(t hcl.Traversal, root string, fields []string) (summary, detail string) {
	name, ok := stepName(t, 1)
	if !ok || fields == nil {
		return "", ""
	}
	for _, f := range fields {
		if f == name {
			return "", ""
		}
	}
	return fmt.Sprintf("%s has no %q", root, name), fmt.Sprintf("It has %s.%s", oneOfText(fields), didYouMean(name, fields))
}

func (in *instance) undeclared(t hcl.Traversal, what string, names func() []string, known func(string) bool) (summary, detail string) {
	name, ok := stepName(t, 1)
	if !ok {
		return fmt.Sprintf("A %s needs its name", what), fmt.Sprintf("Write %s.NAME.", t.RootName())
	}
	if known(name) {
		return "", ""
	}
	return fmt.Sprintf("Undeclared %s %q", what, name),
		fmt.Sprintf("The configuration declares no %s %q.%s", what, name, didYouMean(name, names()))
}

func (in *instance) badConnection(t hcl.Traversal) (summary, detail string) {
	kind, ok := stepName(t, 1)
	if !ok {
		return "A connection needs its kind and name", "Write connection.perbit.NAME."
	}
	if connectionSpecs[kind] == nil {
		return fmt.Sprintf("Unknown kind of connection %q", kind),
			fmt.Sprintf("A connection's kind is %s.%s", oneOfText(sortedKeys(connectionSpecs)), didYouMean(kind, sortedKeys(connectionSpecs)))
	}
	name, ok := stepName(t, 2)
	if !ok {
		return "A connection needs its name", fmt.Sprintf("Write connection.%s.NAME.", kind)
	}
	if d := in.connections[kind][name]; d != nil {
		key, ok := stepName(t, 3)
		if _, known := d.keys[key]; ok && d.keysKnown && d.forEach != nil && !known {
			return fmt.Sprintf("No instance %s[%s]", d.base, key), fmt.Sprintf("Its for_each gives no such key.%s", didYouMean(key, sortedKeys(d.keys)))
		}
		return "", ""
	}
	summary = fmt.Sprintf("Undeclared connection \"connection.%s.%s\"", kind, name)
	for other, list := range in.connections {
		if list[name] != nil {
			return summary, fmt.Sprintf("There is no such %s connection. Did you mean \"connection.%s.%s\"?", kind, other, name)
		}
	}
	return summary, fmt.Sprintf("The configuration declares no %s connection %q.%s", kind, name, didYouMean(name, sortedKeys(in.connections[kind])))
}
