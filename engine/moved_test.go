package engine_test

import (
	"strings"
	"testing"

	"dropform/engine"
)

func TestMovedKeepsHistory(t *testing.T) {
	for name, c := range map[string]struct{ block, moved string }{
		"renamed": {
			strings.Replace(staff, `"staff"`, `"people"`, 1),
			"moved {\n  from = import.staff\n  to = import.people\n}\n",
		},
		"to an instance": {
			strings.Replace(staff, "{\n", "{\n  for_each = toset([\"b c\"])\n", 1),
			"moved {\n  from = import.staff\n  to = import.staff[\"b c\"]\n}\n",
		},
		"over two names": {
			strings.Replace(staff, `"staff"`, `"crew"`, 1),
			"moved {\n  from = import.staff\n  to = import.people\n}\nmoved {\n  from = import.people\n  to = import.crew\n}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write("in/a.csv", goodCSV)
			r.apply(r.load(head+staff), engine.PlanOptions{})
			cfg := r.load(head + c.block + c.moved)
			p := r.plan(cfg, engine.PlanOptions{})
			if len(p.Actions) != 0 || len(p.Definitions) != 1 || p.Definitions[0].Verb != "move" {
				t.Fatalf("plan: %v %+v", lines(p), p.Definitions)
			}
			r.apply(cfg, engine.PlanOptions{})
			if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
				t.Errorf("after the move: %v %+v", lines(p), p.Definitions)
			}
			if n := len(r.box.Imports()); n != 1 {
				t.Errorf("%d imports", n)
			}
		})
	}
}

func TestRenamedWithoutMovedRepeatsNothing(t *testing.T) {
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(head + strings.Replace(staff, `"staff"`, `"people"`, 1))
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports of the same bytes", n)
	}
}

func TestReplaceSendsAgain(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.write("in/b.csv", strings.ReplaceAll(goodCSV, "100", "140"))
	r.apply(cfg, engine.PlanOptions{})
	o := engine.PlanOptions{Replace: []string{`import.staff['a.csv']`}}
	expectLines(t, lines(r.plan(cfg, o)), "+ import.staff[a.csv] requested")
	if tally := r.apply(cfg, o); tally.Done != 1 {
		t.Errorf("tally: %+v %+v", tally, r.ends())
	}
	if n := len(r.box.Imports()); n != 3 {
		t.Errorf("%d imports, want 3", n)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

func TestFailingPreconditionHoldsABlock(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + strings.Replace(staff, "{\n", "{\n  precondition {\n    condition = 1 > 2\n    error_message = \"not today\"\n  }\n", 1))
	r.write("in/a.csv", goodCSV)
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 0 || len(p.Definitions) != 1 || len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Detail, "not today") {
		t.Errorf("plan: %v %+v %v", lines(p), p.Definitions, p.Problems)
	}
}
