package engine_test

import (
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// TestDuplicatesImportSendsEach: the same bytes twice are two imports when that is wanted, also within one plan.
func TestDuplicatesImportSendsEach(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `duplicates = "import"`))
	r.write("in/a.csv", goodCSV)
	r.write("in/b.csv", goodCSV)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports, want 2", n)
	}
	r.write("in/c.csv", goodCSV)
	r.write("in/d.csv", goodCSV)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 4 {
		t.Errorf("%d imports, want 4", n)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// TestTwoBlocksOneContent: two drop folders of one method get the same bytes. One is sent, the other is its duplicate,
// whichever of the two comes first.
func TestTwoBlocksOneContent(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *sandbox.Options) { o.JobTime = 30 * time.Millisecond })
	cfg := r.load(head + staff + named("crew"))
	r.write("in/a.csv", goodCSV)
	r.write("crew/b.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new", "= import.crew[b.csv] already imported")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports, want 1", n)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// TestDuplicateOfWhatIsSentLater: the other block's copy waits for the one that is sent, however late that has its turn.
func TestDuplicateOfWhatIsSentLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(30*time.Millisecond))
	cfg := r.load(head + staff + named("crew"))
	r.write("in/1.csv", rows("1"))
	r.write("in/2.csv", rows("2"))
	r.write("in/3.csv", rows("3"))
	r.write("crew/copy.csv", rows("3"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 4, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 3 {
		t.Errorf("%d imports, want 3", n)
	}
}
