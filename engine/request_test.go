package engine_test

import (
	"errors"
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// refuse lets the server say no to the next import before it begins.
func (r *rig) refuse() { r.inject(sandbox.Fault{Kind: sandbox.FaultSizeLimit, Limit: 1, Times: 1}) }

func TestRetryAndAdoptOfNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	for name, err := range map[string]error{
		"retry":   r.retry(cfg, "import.staff[a.csv]"),
		"adopt":   r.adopt(cfg, "import.staff[a.csv]"),
		"resolve": r.resolve(cfg, "import.staff[a.csv]", true),
	} {
		if err == nil || !strings.Contains(err.Error(), "import.staff[a.csv] was done 20") {
			t.Errorf("%s of what is done: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"retry":   r.retry(cfg, "import.staff[b.csv]"),
		"adopt":   r.adopt(cfg, "import.staff[b.csv]"),
		"resolve": r.resolve(cfg, "import.staff[b.csv]", true),
	} {
		if wrong := (*engine.AddressError)(nil); !errors.As(err, &wrong) {
			t.Errorf("%s of what is not there: %v", name, err)
		}
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("a refused request left something: %v", lines(p))
	}
}

func TestRefusedIsPlannedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.refuse()
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[a.csv] retry")
	if !strings.Contains(p.Actions[0].Text, "Maximale Nachrichtengröße") {
		t.Errorf("it does not say why: %q", p.Actions[0].Text)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
}

func TestCompletedWithErrorsIsRetriedOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone, "protocol {\n    warn = \"Abgewiesen: +[1-9]\"\n  }"))
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultRejectRows, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if err := r.retry(cfg, "import.staff[a.csv]"); err == nil {
		t.Error("a file that was moved away is retried")
	}
	r.write("in/a.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[a.csv] already imported")
	if err := r.retry(cfg, "import.staff[a.csv]"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + named("crew") + payroll)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.write("crew/a.csv", rows("3"))
	if err := r.adopt(cfg, "import.staff"); err != nil { // also before the block was applied
		t.Fatal(err)
	}
	if err := r.adopt(cfg, "export.payroll"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.crew[a.csv] new") // no export: nobody promised a target
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/copy.csv", rows("1"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{Targets: []string{"import.staff"}})), "= import.staff[copy.csv] already imported")
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports, want 1", n)
	}
}

// TestAdoptLeavesWhatIsUnderWay: a job that runs on the server has no outcome that could be counted as done. Named in full it
// is refused; by its block the others are adopted.
func TestAdoptLeavesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(strings.Replace(head, "password", "max_wait = \"1s\"\n  password", 1) + staff)
	r.write("in/a.csv", rows("1"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 0)
	r.write("in/b.csv", rows("2"))
	refused := (*engine.RefusedError)(nil)
	if err := r.adopt(cfg, "import.staff[a.csv]"); !errors.As(err, &refused) {
		t.Fatalf("adopt of what runs on the server: %v", err)
	}
	if err := r.adopt(cfg, "import.staff"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted")
	if err := r.adopt(cfg, "import.staff"); err == nil {
		t.Error("what runs on the server counts as done")
	}
}

// TestAdoptGoesPastWhatIsNoFile: a folder among the files does not end it half-way.
func TestAdoptGoesPastWhatIsNoFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv/inner.txt", "")
	r.write("in/c.csv", rows("3"))
	if err := r.adopt(cfg, "import.staff"); err != nil {
		t.Error(err)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 {
		t.Errorf("plan: %v", lines(p))
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.write("in/same.csv", rows("1"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 2})
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Unknown != 2 {
		t.Fatalf("tally: %+v", tally)
	}
	if err := r.resolve(cfg, "import.staff", true); err == nil || !strings.Contains(err.Error(), "one by one") {
		t.Errorf("two at once: %v", err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})),
		"? import.staff[a.csv] outcome unknown", "? import.staff[b.csv] outcome unknown", "? import.staff[same.csv] outcome unknown")
	if err := r.resolve(cfg, "import.staff[a.csv]", true); err != nil {
		t.Fatal(err)
	}
	if err := r.resolve(cfg, "import.staff[b.csv]", false); err != nil {
		t.Fatal(err)
	}
	if err := r.resolve(cfg, "import.staff[a.csv]", false); err == nil {
		t.Error("resolved twice")
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})),
		"> import.staff[a.csv] interrupted", "+ import.staff[b.csv] retry", "? import.staff[same.csv] seen before")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 3 || len(r.names("in")) != 1 {
		t.Errorf("%d imports, left %q", n, r.names("in"))
	}
}

// TestOnUnknownRetry: an import that is an upsert is sent again by itself.
func TestOnUnknownRetry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `on_unknown = "retry"`))
	r.write("in/a.csv", goodCSV)
	r.loseAnswer()
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 1, 0)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
}
