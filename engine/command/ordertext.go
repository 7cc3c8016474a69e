package command

import (
	"fmt"
	"strings"

	"dropform/engine"
)

// irreversible prints the steps that nothing takes back: last, and each in full.
func (t *planText) irreversible() {
	head := false
	said := map[engine.Address]bool{}
	for _, a := range t.plan.Actions {
		if !a.Kind.Irreversible() {
			continue
		}
		if !head {
			head = true
			t.printf("\n%s\n", t.bold(t.say("Nothing takes these back:")))
		}
		t.existing(a.Address.Base(), said)
		t.order(a)
	}
}

// existing heads, once, the orders of a rule in whose folder files lay before.
func (t *planText) existing(base engine.Address, said map[engine.Address]bool) {
	for _, d := range t.plan.Definitions {
		if d.Existing > 0 && d.Address.Base() == base && !said[d.Address] {
			said[d.Address] = true
			t.printf("\n  # %s here before (oldest %s)\n", t.count(d.Existing, "file was", "files were"), d.Oldest.Format("2006-01-02"))
		}
	}
}

// order prints one call with everything that is sent and what the server says of its positions.
func (t *planText) order(a engine.Action) {
	o := a.Order()
	facts := []string{a.Reason}
	if a.File.Name != "" {
		facts = append(facts, t.sayf("%s line %d", a.File.Name, a.Call.Line))
	}
	if a.Text != "" {
		facts = append(facts, t.say(a.Text))
	}
	t.printf("\n  %s %s  %s\n", t.sign(a.Kind.Sign()), t.bold(a.Address.String()), strings.Join(facts, ", "))
	t.printf("      %s\n", t.say(t.approval(a)))
	width := 0
	for _, f := range o.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range o.Fields {
		t.printf("      %-*s = %s\n", width, f.Name, f.Value)
	}
	t.positions(o)
	t.prices(a, o)
}

// approval says whether the step may be carried out.
func (t *planText) approval(a engine.Action) string {
	switch a.Approval {
	case engine.ApprovalRequired:
		return "approval: required"
	case engine.ApprovalGiven:
		return "approval: given"
	case engine.ApprovalNamed:
		return "approval: named in this run"
	}
	if a.Kind.Irreversible() {
		return `approval: none needed (approval = "auto")`
	}
	return ""
}

func (t *planText) positions(o engine.Order) {
	if len(o.Lines) == 0 {
		return
	}
	rows := [][]string{{t.say("position"), t.say("line"), t.say("article"), t.say("amount"), "ListPrice", "FCoPrc", t.say("total")}}
	for _, l := range o.Lines {
		line := ""
		if l.Line > 0 {
			line = fmt.Sprint(l.Line)
		}
		amount := l.Amount
		if amount == "" {
			amount = t.say("its own")
		}
		rows = append(rows, []string{l.Position, line, t.known(l.Article), amount, t.known(l.ListPrice), t.known(l.FCoPrc), t.known(l.Total)})
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for n, r := range rows {
		line := "     "
		for i, cell := range r {
			pad := strings.Repeat(" ", width[i]-len([]rune(cell)))
			if i < 3 {
				line += " " + cell + pad + " "
			} else {
				line += " " + pad + cell + " "
			}
		}
		t.printf("%s\n", strings.TrimRight(line, " "))
		if n > 0 {
			for _, f := range o.Lines[n-1].Notes {
				t.printf("        %s = %q\n", f.Name, f.Value)
			}
		}
	}
}

func (l tongue) known(text string) string {
	if text == "" {
		return l.say("unknown")
	}
	return text
}

func (t *planText) prices(a engine.Action, o engine.Order) {
	if o.Unknown != "" {
		t.printf("      Prices are unknown: %s.\n", o.Unknown)
	}
	if o.SingleForm {
		t.printf("      Each position is held only by the form of address that is given, by number or by GUID.\n")
	}
	switch {
	case a.Kind != engine.Purchase:
	case o.Total == "":
		t.printf("      Total: unknown\n")
	case o.TotalPart:
		t.printf("      Total of what is known, by FCoPrc (that this is the price to pay is an assumption): %s\n", o.Total)
	default:
		t.printf("      Total by FCoPrc (that this is the price to pay is an assumption): %s\n", o.Total)
	}
}
