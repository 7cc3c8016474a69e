package engine_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// TestServiceKeepsWhatItPutBack: the watcher tells a file once. One that could not be sent is not forgotten because another
// comes while it waits.
func TestServiceKeepsWhatItPutBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(replaceOnce(replaceOnce(head, `"10ms"`, `"300ms"`), `"20ms"`, `"300ms"`) + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Login", Status: http.StatusServiceUnavailable, Times: 1})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	await(v, "outage", func(engine.ConnectionDown) bool { return true })
	r.write("in/b.csv", rows("2"))
	v.w.settled("import.staff", "b.csv") // a.csv waits for the next try
	done := map[string]bool{}
	for len(done) < 2 {
		e := await(v, "end", func(e engine.StepEnded) bool { return e.Result == engine.ResultDone })
		done[e.Action.Address.Item] = true
	}
	if tally, _ := v.end(); tally.Done != 2 || len(r.box.Imports()) != 2 {
		t.Errorf("tally %+v, %d imports", tally, len(r.box.Imports()))
	}
}

// TestOwedMoveLeavesACorrectedFile: a rejected empty file could not be moved away, and the corrected file has its name now.
func TestOwedMoveLeavesACorrectedFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + replaceOnce(staff, "}\n", "  archive {\n    folder = \"done\"\n    failed_folder = \"failed\"\n  }\n}\n"))
	r.write("in/x.csv", "")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(r.path("in/x.csv"), old, old); err != nil {
		t.Fatal(err)
	}
	r.write("failed", "in the way of the folder")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Failed != 1 || !r.exists("in/x.csv") {
		t.Fatalf("tally: %+v", tally)
	}
	if err := os.Remove(r.path("failed")); err != nil {
		t.Fatal(err)
	}
	r.write("in/x.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	if r.exists("failed/x.csv") || !r.exists("done/x.csv") || len(r.box.Imports()) != 1 {
		t.Errorf("the corrected file was not imported: %d imports", len(r.box.Imports()))
	}
}
