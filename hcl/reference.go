package hcl

import (
	"fmt"
	"slices"
	"strings"
)

// A chapter is one part of the reference: a block, or one that several blocks share.
type chapter struct {
	title string
	spec  *blockSpec
}

// variableSpec is a variable block for the reference; declareVariables reads it in an order of its own.
var variableSpec = labelled(block("variable",
	of(kindTypeWord, "type"), of(kindAny, "default"), text("description"), of(kindBool, "sensitive"), of(kindBool, "nullable"),
	repeated(validationSpec)), "name")

// chapters lists everything that may stand in a configuration, made of the specs that decode it.
func chapters() []chapter {
	out := []chapter{
		{"dropform", dropformSpec},
		{"variable", variableSpec},
		{"connection perbit", connectionSpecs["perbit"]},
		{"connection conbox", connectionSpecs["conbox"]},
		{"import", importSpec},
		{"export", exportSpec},
	}
	for _, kind := range sortedKeys(actions) {
		out = append(out, chapter{"rule " + kind, actions[kind].spec})
	}
	return append(out, chapter{"csv", csvSpec()}, chapter{"archive", archiveSpec()}, chapter{"moved", movedSpec})
}

// ownChapter are the blocks that stand in several others and are described once.
var ownChapter = map[string]bool{"csv": true, "archive": true}

// Reference is the language as Markdown: every block and attribute that the decoder knows, every function, the names that
// exist only while work is done. Equal builds give equal text.
func Reference() string {
	var b strings.Builder
	b.WriteString("# The configuration language\n\nAll `*.hcl` and `*.hcl.json` files of the working directory are one configuration. " +
		"Required attributes bear a star. Durations are written like `\"15m\"`, sizes like `\"30MB\"`.\n")
	for _, c := range chapters() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.title, headerOf(c))
		writeSpec(&b, c.title, c.spec)
	}
	b.WriteString("\n## locals\n\n`locals` holds any attributes; each is a value that expressions call `local.NAME`.\n")
	writeLateNames(&b)
	writeFunctions(&b)
	return b.String()
}

func headerOf(c chapter) string {
	words := strings.Fields(c.title)
	head := words[0]
	if len(words) == 2 {
		head += fmt.Sprintf(" %q", words[1])
	}
	if c.title != "dropform" && c.title != "moved" && !ownChapter[c.title] {
		head += ` "NAME"`
	}
	return "`" + head + " { … }`: " + chapterWords[c.title]
}

// writeSpec writes the table of a block's attributes, then its inner blocks, each under its path.
func writeSpec(b *strings.Builder, path string, spec *blockSpec) {
	if len(spec.attrs) > 0 {
		b.WriteString("\n| attribute | type | default | meaning |\n|---|---|---|---|\n")
		for _, a := range spec.attrs {
			writeAttribute(b, path, a)
		}
	}
	for _, inner := range spec.blocks {
		if ownChapter[inner.name] {
			fmt.Fprintf(b, "\n`%s { … }`: see [%s](#%s).\n", inner.name, inner.name, inner.name)
			continue
		}
		head := inner.name
		onlyOne := inner.name == "ledger" // its label is a word of the language, not a name
		for _, label := range inner.labels {
			if label = strings.ToUpper(label); onlyOne {
				label = "sqlite"
			}
			head += fmt.Sprintf(" %q", label)
		}
		times := "at most once"
		if inner.repeat && !onlyOne {
			times = "any number of times"
		}
		fmt.Fprintf(b, "\n### %s: %s\n\n`%s { … }`, %s.\n", path, inner.name, head, times)
		writeSpec(b, path+"."+inner.name, inner)
	}
}

func writeAttribute(b *strings.Builder, path string, a attribute) {
	name := "`" + a.name + "`"
	if a.required {
		name += "*"
	}
	w, _ := findWords(path, a.name)
	meaning := w.meaning
	if isField(a.kind) {
		meaning = "CONBOX's field of this name"
	}
	if len(a.values) > 1 {
		meaning = strings.TrimSuffix("one of `"+strings.Join(a.values, "`, `")+"`; "+meaning, "; ")
	}
	if late := lateNames(a.late); len(late) > 0 {
		meaning = strings.TrimSuffix(meaning, ".") + "; may use `" + strings.Join(late, "`, `") + "`"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, kindWords[a.kind], standard(w.literal), escaped(meaning))
}

// standard is a default in its column; one in parentheses is a remark rather than a value.
func standard(literal string) string {
	if literal == "" || strings.HasPrefix(literal, "(") {
		return strings.Trim(literal, "()")
	}
	return "`" + escaped(literal) + "`"
}

// escaped is text in a table.
func escaped(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

func lateNames(s scope) []string {
	var out []string
	for name, one := range lateRoots {
		if s&one != 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// isField reports whether an attribute is a CONBOX field, whose name is the vendor's.
func isField(k kind) bool {
	return k == kindFieldText || k == kindFieldNumber || k == kindFieldBool || k == kindFieldObject
}

// findWords finds what is said about an attribute: under its whole path, else under a shorter one that several blocks
// share. The key is empty where nothing is said.
func findWords(path, name string) (attributeWords, string) {
	for key := path + "." + name; ; {
		if w, ok := referenceWords[key]; ok {
			return w, key
		}
		_, rest, ok := strings.Cut(key, ".")
		if !ok {
			return attributeWords{}, ""
		}
		key = rest
	}
}

func writeLateNames(b *strings.Builder) {
	b.WriteString("\n## Names that exist while work is done\n\n")
	for _, name := range sortedKeys(lateRoots) {
		fmt.Fprintf(b, "- %s", lateWhere[name])
		if fields := lateFields[name]; len(fields) > 0 {
			fmt.Fprintf(b, " It has `%s`.", strings.Join(fields, "`, `"))
		}
		b.WriteString("\n")
	}
}

func writeFunctions(b *strings.Builder) {
	l := &loader{}
	b.WriteString("\n## Functions\n\nNames and meanings are Terraform's, except for `env`, `secret`, `month_start` and `month_end`.\n\n")
	fns := l.functions(markedSecret)
	for _, name := range sortedKeys(fns) {
		var params []string
		for _, p := range fns[name].Params() {
			params = append(params, p.Name)
		}
		if p := fns[name].VarParam(); p != nil {
			params = append(params, p.Name+"...")
		}
		fmt.Fprintf(b, "- `%s(%s)`\n", name, strings.Join(params, ", "))
	}
}
