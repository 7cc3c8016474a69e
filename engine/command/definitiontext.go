package command

import (
	"fmt"
	"strings"

	"dropform/engine"
)

// foldedAttributes is how many attributes a new definition shows before the rest is folded.
const foldedAttributes = 12

// definitions prints what will be registered, as Terraform prints resources: attribute by attribute, old -> new.
func (t *planText) definitions() {
	first := map[engine.Address]*engine.DefinitionChange{}
	for i := range t.plan.Definitions {
		d := &t.plan.Definitions[i]
		_, _, heading := verbOf(d.Verb)
		if d.Verb == "move" {
			heading = t.sayf("has moved, it was %s", d.From)
		}
		t.printf("\n  # %s %s\n", t.bold(d.Address.String()), t.say(heading))
		if d.Verb == "forget" || len(d.Attributes) == 0 {
			sign, _, _ := verbOf(d.Verb)
			t.printf("  %s %s\n", t.sign(sign), header(d.Address))
			continue
		}
		t.definition(d, first[d.Address.Base()])
		if first[d.Address.Base()] == nil && d.Verb == "create" {
			first[d.Address.Base()] = d
		}
	}
}

// definition prints one block. Of further instances of a new block only what differs from the first is shown.
func (t *planText) definition(d, like *engine.DefinitionChange) {
	sign, _, _ := verbOf(d.Verb)
	t.printf("  %s %s {\n", t.sign(sign), header(d.Address))
	shown, hidden := d.Attributes, ""
	if d.Verb == "create" && !t.full {
		if like != nil {
			shown, hidden = t.differing(d, like)
		} else {
			shown, hidden = t.folded(d.Attributes)
		}
	}
	width := 0
	for _, a := range shown {
		width = max(width, len([]rune(a.Path)))
	}
	for _, a := range shown {
		t.printf("      %s %-*s = %s\n", t.sign(attributeSign(a)), width, a.Path, attributeValue(t.tongue, a))
	}
	if hidden != "" {
		t.printf("        # (%s)\n", hidden)
	}
	t.printf("    }\n")
}

// header is a block's header as its author wrote it.
func header(a engine.Address) string {
	kind, label, labelled := strings.Cut(string(a.Kind), ".")
	if labelled {
		return fmt.Sprintf("%s %q %q", kind, label, a.Name)
	}
	return fmt.Sprintf("%s %q", kind, a.Name)
}

func (t *planText) differing(d, like *engine.DefinitionChange) ([]engine.AttributeChange, string) {
	known := map[string]string{}
	for _, a := range like.Attributes {
		known[a.Path] = a.New
	}
	var shown []engine.AttributeChange
	for _, a := range d.Attributes {
		if value, ok := known[a.Path]; !ok || value != a.New {
			shown = append(shown, a)
		}
	}
	hidden := len(d.Attributes) - len(shown)
	if hidden == 0 {
		return shown, ""
	}
	return shown, t.sayf("%s as in %s", t.count(hidden, "attribute", "attributes"), like.Address)
}

// folded leaves out of a long definition what describes columns and fine settings.
func (t *planText) folded(all []engine.AttributeChange) ([]engine.AttributeChange, string) {
	if len(all) <= foldedAttributes {
		return all, ""
	}
	var shown []engine.AttributeChange
	for _, a := range all {
		if !strings.HasPrefix(a.Path, "csv.") && len(shown) < foldedAttributes {
			shown = append(shown, a)
		}
	}
	if len(shown) == len(all) {
		return shown, ""
	}
	return shown, t.sayf("%s hidden, -full shows all", t.count(len(all)-len(shown), "attribute", "attributes"))
}

func attributeSign(a engine.AttributeChange) string {
	switch {
	case a.Old == "":
		return "+"
	case a.New == "":
		return "-"
	}
	return "~"
}

func attributeValue(l tongue, a engine.AttributeChange) string {
	before, after := a.Old, a.New
	if a.Sensitive {
		before, after = l.masked(before), l.masked(after)
	}
	switch {
	case a.Old == "":
		return after
	case a.New == "":
		return l.sayf("%s -> (not set)", before)
	}
	return before + " -> " + after
}

// masked keeps where a secret comes from and hides everything else.
func masked(value string) string { return english.masked(value) }

func (l tongue) masked(value string) string {
	if value == "" || strings.HasPrefix(value, "secret(") {
		return value
	}
	return l.say("(sensitive value)")
}
