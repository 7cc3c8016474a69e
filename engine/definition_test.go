package engine_test

import (
	"strings"
	"testing"

	"dropform/engine"
)

func verbs(p *engine.Plan) []string {
	var out []string
	for _, c := range p.Definitions {
		from := ""
		if c.Verb == "move" {
			from = c.From.String() + " -> "
		}
		out = append(out, c.Verb+" "+from+c.Address.String())
	}
	return out
}

func change(t *testing.T, p *engine.Plan, at, path string) engine.AttributeChange {
	t.Helper()
	for _, c := range p.Definitions {
		for _, a := range c.Attributes {
			if c.Address.String() == at && a.Path == path {
				return a
			}
		}
	}
	t.Fatalf("%s: %s does not change", at, path)
	return engine.AttributeChange{}
}

func TestDefinitionsComeAndGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + payroll)
	expectLines(t, verbs(r.plan(cfg, engine.PlanOptions{})), "create connection.perbit.hr", "create export.payroll", "create import.staff")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Definitions != 3 || !r.exists("in") {
		t.Errorf("tally: %+v, folder made: %v", tally, r.exists("in"))
	}
	cfg = r.load(head + strings.Replace(staff, "Standard", "Neu", 1))
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, verbs(p), "forget export.payroll", "update import.staff")
	if a := change(t, p, "import.staff", "method"); !strings.Contains(a.Old, "Standard") || !strings.Contains(a.New, "Neu") || a.Sensitive {
		t.Errorf("%+v", a)
	}
	if a := change(t, p, "export.payroll", "method"); a.New != "" || a.Old == "" {
		t.Errorf("%+v", a)
	}
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Definitions) != 0 {
		t.Errorf("applied, and still different: %v", verbs(p))
	}
}

// TestForgottenKeepsItsHistory: what was done under a definition that is gone and comes back is not done again.
func TestForgottenKeepsItsHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.apply(r.load(head+staff), engine.PlanOptions{})
	r.apply(r.load(head), engine.PlanOptions{})
	if !r.exists("in/a.csv") || !r.exists("in/a.csv.protocol.txt") {
		t.Error("forgetting has touched files")
	}
	cfg := r.load(head + staff)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, verbs(p), "create import.staff")
	if len(p.Actions) != 0 {
		t.Errorf("planned again: %v", lines(p))
	}
}

// TestChangedMethodSendsNothingAgain: work on a changed definition never repeats what is done.
func TestChangedMethodSendsNothingAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(head + strings.NewReplacer("Mitarbeiter\"", "Abwesenheiten\"", "Mitarbeiterstammdaten Standard", "Abwesenheiten").Replace(staff))
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 || len(p.Definitions) != 1 {
		t.Errorf("plan: %v", lines(p))
	}
}

func TestMovedInstancesTakeTheirHistory(t *testing.T) {
	t.Parallel()
	each := func(name, keys string) string {
		return strings.NewReplacer(`"staff" {`, `"`+name+`" {`+"\n  for_each = toset(["+keys+"])", `"in"`, `"in/${each.key}"`).Replace(staff)
	}
	r := newRig(t)
	r.write("in/wels/a.csv", rows("1"))
	r.write("in/berlin/a.csv", rows("2"))
	r.apply(r.load(head+each("absence", `"wels", "berlin"`)), engine.PlanOptions{})
	cfg := r.load(head + each("leave", `"wels", "berlin"`) + "moved {\n  from = import.absence\n  to = import.leave\n}\n")
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, verbs(p), "move import.absence[berlin] -> import.leave[berlin]", "move import.absence[wels] -> import.leave[wels]")
	if len(p.Actions) != 0 {
		t.Errorf("done work is planned again: %v", lines(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("after it: %v %v", verbs(p), lines(p))
	}

	cfg = r.load(head + each("leave", `"wels", "hamburg"`))
	expectLines(t, verbs(r.plan(cfg, engine.PlanOptions{})), "forget import.leave[berlin]", "create import.leave[hamburg]")
}

// TestMovedExportIsNotRunAgain: a new name is no reason to run.
func TestMovedExportIsNotRunAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.apply(r.load(head+payroll), engine.PlanOptions{})
	cfg := r.load(head + strings.Replace(payroll, `"payroll" {`, `"wages" {`, 1) + "moved {\n  from = export.payroll\n  to = export.wages\n}\n")
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, verbs(p), "move export.payroll -> export.wages")
	if len(p.Actions) != 0 {
		t.Errorf("it runs again for its new name: %v", lines(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Exports()); n != 1 {
		t.Errorf("%d exports", n)
	}
}

// TestUnknownFollowsAMove: an outcome that nobody knows is shown under the new name, and resolved under it.
func TestUnknownFollowsAMove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.loseAnswer()
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(head + strings.Replace(staff, `"staff"`, `"people"`, 1) + "moved {\n  from = import.staff\n  to = import.people\n}\n")
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.people[a.csv] outcome unknown")
	r.apply(cfg, engine.PlanOptions{})
	if err := r.resolve(cfg, "import.people[a.csv]", true); err != nil {
		t.Fatal(err)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg, diags := r.tryLoad(strings.Replace(head, `secret("env:PERBIT_PASSWORD")`, `"Klartext-99"`, 1) + staff)
	if cfg == nil {
		t.Fatal(diags)
	}
	p := r.plan(cfg, engine.PlanOptions{})
	if a := change(t, p, "connection.perbit.hr", "password"); !a.Sensitive || strings.Contains(a.New, "Klartext") {
		t.Errorf("%+v", a)
	}
	r.apply(cfg, engine.PlanOptions{})
	for _, name := range r.names(".dropform") {
		if name != "locks" && strings.Contains(r.read(".dropform/"+name), "Klartext-99") {
			t.Errorf("%s holds the password", name)
		}
	}
}

func TestFolderOfAChangedDefinitionIsMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(head + strings.Replace(staff, `"in"`, `"drop/here"`, 1))
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Problems) != 0 {
		t.Errorf("a folder that apply makes is a problem: %v", p.Problems)
	}
	r.apply(cfg, engine.PlanOptions{})
	if !r.exists("drop/here") {
		t.Error("the folder was not made")
	}
}
