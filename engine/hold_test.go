package engine_test

import (
	"testing"

	"dropform/engine"
	"dropform/engine/sandbox"
)

const stopping = `on_error = "stop"`

func TestStopHoldsBackAcrossRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, stopping))
	r.write("in/1.csv", rows("1"))
	r.write("in/2.csv", "a;b\n1;\"x\n")
	r.write("in/3.csv", rows("3"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 1, 0, 0, 1)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, waits(p), "import.staff[3.csv] held back by import.staff[2.csv] (rejected)")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 0, 0)

	r.write("in/2.csv", rows("2"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[2.csv] content changed")
	r.apply(cfg, engine.PlanOptions{})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 3 {
		t.Errorf("%d imports, want 3", n)
	}
}

// TestRetryEndsTheHold: a failed import that was sent again with success holds nothing back, and is no failure any more.
func TestRetryEndsTheHold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, stopping))
	r.write("in/1.csv", rows("1"))
	r.write("in/2.csv", rows("2"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 1)
	expectLines(t, waits(r.plan(cfg, engine.PlanOptions{})), "import.staff[2.csv] held back by import.staff[1.csv] (failed)")
	if err := r.retry(cfg, "import.staff[1.csv]"); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/3.csv", rows("3"))
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[3.csv] new")
	expectLines(t, waits(p))
	if items := r.status(cfg).Items; len(items) != 1 || items[0].State != "waiting" {
		t.Errorf("status: %+v", items)
	}
}

// TestUnknownHoldsBackThoughTheNameWasDoneBefore: new content under a name that is done, and its outcome is unknown.
func TestUnknownHoldsBackThoughTheNameWasDoneBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, stopping))
	r.write("in/1.csv", rows("1"))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/1.csv", rows("11"))
	r.loseAnswer()
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/2.csv", rows("2"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[1.csv] outcome unknown")
}

// TestAdoptEndsTheHoldOfAnArchivedFile: a rejected file lies in failed_folder; a person lets the others go on.
func TestAdoptEndsTheHoldOfAnArchivedFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, stopping, "archive {\n    folder = \"done\"\n    failed_folder = \"failed\"\n  }"))
	r.write("in/1.csv", "a;b\n1;\"x\n")
	r.write("in/2.csv", rows("2"))
	r.apply(cfg, engine.PlanOptions{})
	if r.exists("in/1.csv") {
		t.Fatal("the rejected file was not moved")
	}
	expectLines(t, waits(r.plan(cfg, engine.PlanOptions{})), "import.staff[2.csv] held back by import.staff[1.csv] (rejected)")
	if err := r.adopt(cfg, "import.staff[1.csv]"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[2.csv] new")
}
