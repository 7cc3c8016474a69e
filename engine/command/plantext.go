package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dropform/engine"
	"dropform/engine/csvschema"
)

// foldedSteps is how many steps of one kind a block lists before the rest is folded.
const foldedSteps = 10

// planText prints a plan for people, in Terraform's layout.
type planText struct {
	*screen
	plan *engine.Plan
	full bool
}

// show prints the whole plan.
func (t *planText) show() {
	p := t.plan
	if p.Empty() {
		t.aside()
		if !p.Problems.HasErrors() {
			why := "\n%s Every dropped file has been dealt with, no export is due, and the definitions are\nthose that were applied."
			switch {
			case len(p.Stale) > 0:
				why = "\n%s No step of the saved plan is left to do as it was shown."
			case p.Narrowed:
				why = "\n%s What -target and -exclude leave has nothing to do."
			}
			t.prose("", why, t.bold(t.say("No changes.")))
		}
		return
	}
	t.legend()
	if len(p.Definitions) > 0 || p.Steps() > 0 {
		t.prose("", "\nDropform will perform the following actions:")
	}
	t.definitions()
	t.groups()
	t.aside()
	t.irreversible()
	t.printf("\n")
	if line := definitionsLine(t.tongue, p); line != "" {
		t.printf("%s\n", line)
	}
	head, rest, _ := strings.Cut(planLine(t.tongue, p), ":")
	t.printf("%s:%s\n", t.bold(head), rest)
}

// legend explains the signs that occur.
func (t *planText) legend() {
	t.prose("", "\nDropform compared the configuration with the ledger and the folders. Signs in this plan:")
	for _, v := range definitionVerbs {
		for _, d := range t.plan.Definitions {
			if d.Verb == v.verb {
				t.printf("  %s %s\n", t.sign(v.sign), t.say(map[string]string{
					"create": "register a new definition", "update": "change a definition",
					"move": "follow a renamed definition", "forget": "forget a definition",
				}[v.verb]))
				break
			}
		}
	}
	for _, k := range stepKinds {
		if t.plan.Count(k) > 0 {
			t.printf("  %s %s\n", t.sign(k.Sign()), t.say(wordsOf(k).legend))
		}
	}
	t.reasons()
}

// reasons says what the reasons of the steps mean in a tongue that is not theirs: they are part of the contract with
// scripts, and stay as they are.
func (t *planText) reasons() {
	var meant []string
	for _, a := range t.plan.Actions {
		meaning := t.say(a.Reason)
		if text := a.Reason + " = " + meaning; meaning != a.Reason && !slices.Contains(meant, text) {
			meant = append(meant, text)
		}
	}
	if len(meant) > 0 {
		t.printf("  Reasons: %s\n", strings.Join(meant, ", "))
	}
}

// groups prints the steps under one heading for each block, in the plan's order.
func (t *planText) groups() {
	actions := slices.DeleteFunc(slices.Clone(t.plan.Actions), func(a engine.Action) bool { return a.Kind.Irreversible() })
	for len(actions) > 0 {
		base := actions[0].Address.Base()
		n := 1
		for n < len(actions) && actions[n].Address.Base() == base {
			n++
		}
		t.group(base, actions[:n])
		actions = actions[n:]
	}
}

func (t *planText) group(base engine.Address, actions []engine.Action) {
	t.printf("\n  # %s: %s\n", t.bold(base.String()), t.about(actions))
	for _, d := range t.plan.Definitions {
		if d.Existing > 0 && d.Address.Base() == base {
			t.printf("  # %s here before (oldest %s)\n", t.count(d.Existing, "file was", "files were"), d.Oldest.Format("2006-01-02"))
		}
	}
	shown, hidden := t.fold(actions)
	width := 0
	for _, a := range shown {
		width = max(width, len([]rune(a.Address.String())))
	}
	for _, a := range shown {
		t.step(a, width)
	}
	for _, k := range stepKinds {
		if n := hidden[k]; n > 0 {
			t.printf("  %s … and %s more (%s), -full shows all\n", t.sign(k.Sign()), thousands(int64(n)), k)
		}
	}
	t.questions(base, actions)
}

// about says what the steps of a block are for.
func (l tongue) about(actions []engine.Action) string {
	switch a := actions[0]; {
	case a.Import != nil:
		return l.sayf("%s for %q", l.count(len(actions), "file", "files"), a.Import.Method)
	case a.Export != nil:
		return l.sayf("%s of %q", l.count(len(actions), "run", "runs"), a.Export.Method)
	case a.Rule != nil && a.Call != nil:
		return l.sayf("%s of %s", l.count(len(actions), "call", "calls"), a.Call.Request.Action())
	}
	return l.count(len(actions), "step", "steps")
}

// fold keeps the first steps of each kind.
func (t *planText) fold(actions []engine.Action) (shown []engine.Action, hidden map[engine.ActionKind]int) {
	if t.full {
		return actions, nil
	}
	kept := map[engine.ActionKind]int{}
	hidden = map[engine.ActionKind]int{}
	for _, a := range actions {
		if kept[a.Kind] < foldedSteps {
			kept[a.Kind]++
			shown = append(shown, a)
		} else {
			hidden[a.Kind]++
		}
	}
	return shown, hidden
}

// step is one line, and under a rejected file what is wrong with it.
func (t *planText) step(a engine.Action, width int) {
	address := a.Address.String()
	facts := []string{a.Reason}
	if a.Call != nil {
		facts = append(facts, t.callFacts(a)...)
	} else if a.Export == nil && a.File.Name != "" {
		facts = append(facts, t.bytes(a.File.Stamp.Size))
	}
	if a.Kind == engine.Upload && a.File.Rows > 0 {
		facts = append(facts, t.count(int(a.File.Rows), "row", "rows"))
	}
	below := ""
	switch {
	case a.Text != "" && a.Kind == engine.NeedsPerson:
		below = t.say(a.Text)
	case a.Text != "":
		facts = append(facts, t.say(a.Text))
	}
	t.printf("  %s %s%s  %s\n", t.sign(a.Kind.Sign()), address, strings.Repeat(" ", width-len([]rune(address))), strings.Join(facts, ", "))
	if below != "" {
		t.prose("        ", "%s", below)
	}
	t.report(a)
}

// callFacts says where a call comes from and whether it waits.
func (l tongue) callFacts(a engine.Action) []string {
	var out []string
	if a.File.Name != "" {
		out = append(out, l.sayf("%s line %d", a.File.Name, a.Call.Line))
	}
	switch a.Approval {
	case engine.ApprovalRequired:
		out = append(out, l.say("approval: required"))
	case engine.ApprovalGiven:
		out = append(out, l.say("approval: given"))
	}
	return out
}

// report shows the first faults of a file, and how many there are.
func (t *planText) report(a engine.Action) {
	if a.Report == nil {
		return
	}
	faults, total := a.Report.Errors, a.Report.ErrorCount
	if a.Kind != engine.Reject {
		faults, total = a.Report.Warnings, int64(len(a.Report.Warnings))
	}
	shown := faults
	if !t.full && len(shown) > 3 {
		shown = shown[:3]
	}
	for _, f := range shown {
		t.prose("        ", "%s", t.faultLine(f))
	}
	if rest := total - int64(len(shown)); rest > 0 && len(shown) > 0 {
		t.printf("        … and %s more\n", thousands(rest))
	}
}

// faultLine is one fault of a CSV file on one line.
func (l tongue) faultLine(f csvschema.Fault) string {
	var b strings.Builder
	if f.Line > 0 {
		b.WriteString(l.sayf("line %d", f.Line))
	}
	if (f.Column != "" || f.ColumnNumber > 0) && b.Len() > 0 {
		b.WriteString(", ")
	}
	switch {
	case f.Column != "":
		b.WriteString(l.sayf("column %q", f.Column))
	case f.ColumnNumber > 0:
		b.WriteString(l.sayf("column %d", f.ColumnNumber))
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(f.Message.In(string(l)))
	var facts []string
	if f.Value != "" {
		facts = append(facts, strconv.QuoteToGraphic(f.Value))
	}
	if !f.Expected.IsZero() {
		facts = append(facts, l.sayf("expected %s", f.Expected.In(string(l))))
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(facts, ", "))
	}
	return b.String()
}

// questions says once for each reason how a person decides.
func (t *planText) questions(base engine.Address, actions []engine.Action) {
	asked := map[string][]engine.Address{}
	var order []string
	for _, a := range actions {
		if a.Kind == engine.NeedsPerson && !strings.Contains(a.Text, "dropform ") {
			if asked[a.Reason] == nil {
				order = append(order, a.Reason)
			}
			asked[a.Reason] = append(asked[a.Reason], a.Address)
		}
	}
	for _, reason := range order {
		address := base
		if len(asked[reason]) == 1 || reason == engine.ReasonUnknown {
			address = asked[reason][0]
		}
		t.printf("    to decide (%s): %s\n", reason, decisions(reason, address))
	}
}

// aside lists what is no step: under way in another process, or waiting by itself.
func (t *planText) aside() {
	if n := len(t.plan.UnderWay); n > 0 {
		t.printf("\n  Under way, nothing to do:\n")
		for i, u := range t.plan.UnderWay {
			if t.folds(i, n) {
				break
			}
			t.printf("    %s  %s\n", u.Address, t.say(u.Owner))
		}
	}
	if n := len(t.plan.Waiting); n > 0 {
		t.printf("\n  Not yet:\n")
		for i, w := range t.plan.Waiting {
			if t.folds(i, n) {
				break
			}
			t.printf("    %s  %s\n", w.Address, t.say(w.Reason))
		}
	}
}

// folds ends a list of n lines at its tenth.
func (t *planText) folds(i, n int) bool {
	if t.full || i < foldedSteps || n == foldedSteps {
		return false
	}
	t.printf("    … and %s more\n", thousands(int64(n-i)))
	return true
}
