package engine_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

const zeitdaten = `
import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Zeitdaten"
  method     = "Import Zeitdaten"
}
`

// A new method does not send again what is unknown, running or done.
func TestMethodChangeRepeatsNothing(t *testing.T) {
	for name, prepare := range dealings {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write("in/a.csv", goodCSV)
			prepare(r, r.load(head+staff))
			changed := r.load(head + zeitdaten)
			for range 2 {
				r.apply(changed, engine.PlanOptions{})
			}
			if n := len(r.box.Imports()); n != 1 {
				t.Errorf("%d imports of one file", n)
			}
		})
	}
}

// dealings are ways in which a run leaves in/a.csv behind.
var dealings = map[string]func(r *rig, cfg *engine.Config){
	"unknown": func(r *rig, cfg *engine.Config) {
		r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
		r.apply(cfg, engine.PlanOptions{})
	},
	"running": func(r *rig, cfg *engine.Config) { r.stopWhileRunning(cfg) },
	"done":    func(r *rig, cfg *engine.Config) { r.apply(cfg, engine.PlanOptions{}) },
	"done and touched": func(r *rig, cfg *engine.Config) {
		r.apply(cfg, engine.PlanOptions{})
		if err := os.Chmod(r.path("in/a.csv"), 0o600); err != nil {
			r.t.Fatal(err)
		}
	},
}

// The same where the other run has the old method and acts between the plan and the step.
func TestMethodChangeUnderTheRun(t *testing.T) {
	for name, meanwhile := range dealings {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			before, changed := r.load(head+staff), r.load(head+zeitdaten)
			r.apply(before, engine.PlanOptions{})
			r.write("in/a.csv", goodCSV)
			s := r.session(false)
			defer s.close(t)
			plan, err := r.planner(s.l).Plan(context.Background(), changed, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			meanwhile(r, before)
			if _, err := s.r.Apply(context.Background(), context.Background(), changed, plan); err != nil {
				t.Fatal(err)
			}
			if n := len(r.box.Imports()); n != 1 {
				t.Errorf("%d imports of one file", n)
			}
		})
	}
}

// stopWhileRunning applies and stops as soon as the server has the job, as the first Ctrl-C does.
func (r *rig) stopWhileRunning(cfg *engine.Config) {
	r.t.Helper()
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 2})
	s := r.session(false)
	defer s.close(r.t)
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	soft, stop := context.WithCancel(context.Background())
	r.onEvent(func(e engine.Event) {
		if p, ok := e.(engine.StepProgress); ok && p.Phase == "importing" {
			stop()
		}
	})
	tally, err := s.r.Apply(context.Background(), soft, cfg, plan)
	r.onEvent(nil)
	if err != nil || tally.Waiting != 1 {
		r.t.Fatalf("tally: %+v %v %+v", tally, err, r.ends())
	}
}

// A file that only looks touched is the file that was dealt with.
func TestTouchedFilesAreNotNews(t *testing.T) {
	for _, duplicates := range []string{"skip", "import"} {
		r := newRig(t)
		cfg := r.load(head + replaceOnce(staff, "}\n", "  duplicates = \""+duplicates+"\"\n}\n"))
		r.write("in/a.csv", goodCSV)
		r.write("in/b.csv", strings.ReplaceAll(goodCSV, "100", "150"))
		r.apply(cfg, engine.PlanOptions{})
		soon := time.Now().Add(time.Minute)
		if err := os.Chtimes(r.path("in/a.csv"), soon, soon); err != nil {
			t.Fatal(err)
		}
		p := r.plan(cfg, engine.PlanOptions{})
		if !p.Empty() || len(p.Recognised) != 1 {
			t.Errorf("%s: plan: %v", duplicates, lines(p))
		}
		r.apply(cfg, engine.PlanOptions{})
		if p := r.plan(cfg, engine.PlanOptions{}); len(p.Recognised) != 0 {
			t.Errorf("%s: it is read again by every plan", duplicates)
		}
		if n := len(r.box.Imports()); n != 2 {
			t.Errorf("%s: %d imports", duplicates, n)
		}
	}
}

// A job of a block that was renamed without moved is followed to its end under the new name.
func TestOrphanIsFollowed(t *testing.T) {
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.stopWhileRunning(r.load(head + staff))
	cfg := r.load(head + replaceOnce(staff, `"staff"`, `"people"`))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.people[a.csv] interrupted")
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() || !r.exists("in/a.csv.protocol.txt") || len(r.box.Imports()) != 1 {
		t.Errorf("after it: %v, %d imports", lines(p), len(r.box.Imports()))
	}
}

// What is unknown stays in sight when its block is removed.
func TestUnknownOutlivesItsBlock(t *testing.T) {
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(head)
	r.apply(cfg, engine.PlanOptions{})
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
	if err := r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Resolve(t.Context(), "import.staff[a.csv]", true, "")
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A slot that failed is made up for, also when later ones went well.
func TestMissedAllLosesNoSlot(t *testing.T) {
	r := newRig(t)
	shift := time.Duration(0)
	r.now = func() time.Time { return time.Now().Add(shift) }
	cfg := r.load(scheduled(`cron = "30 5 * * *"`, `missed = "all"`))
	r.apply(cfg, engine.PlanOptions{})
	shift = 72 * time.Hour
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 3 {
		t.Fatalf("plan: %v", lines(p))
	}
	first := p.Actions[0].Address
	r.inject(sandbox.Fault{Kind: sandbox.FaultHideDetails, Action: "Export", Times: 1})
	r.inject(sandbox.Fault{Kind: sandbox.FaultErrorStatus, Action: "Export", Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	for range 3 {
		r.apply(cfg, engine.PlanOptions{})
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("still open: %v", lines(p))
	}
	done := map[string]bool{}
	for _, e := range r.ends() {
		if e.Result == engine.ResultDone {
			done[e.Action.Address.String()] = true
		}
	}
	if len(done) != 3 || !done[first.String()] {
		t.Errorf("done: %v", done)
	}
}

// on_error = "stop" holds back what comes after a failure until a person says otherwise.
func TestStopHoldsBackAndLetsGo(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + replaceOnce(staff, "}\n", "  on_error = \"stop\"\n  archive {\n    folder = \"done\"\n    failed_folder = \"failed\"\n  }\n}\n"))
	r.write("in/a.csv", "a;b\n1;\"x\n")
	r.write("in/b.csv", goodCSV)
	tally := r.apply(cfg, engine.PlanOptions{})
	if tally.Failed != 1 || tally.NotStarted != 1 || !r.exists("failed/a.csv") || !r.exists("failed/a.csv.errors.txt") {
		t.Errorf("tally: %+v", tally)
	}
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 0 || len(p.Waiting) != 1 || !strings.Contains(p.Waiting[0].Reason, "held back by import.staff[a.csv]") {
		t.Errorf("plan: %v %+v", lines(p), p.Waiting)
	}
	if err := r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Adopt(t.Context(), []string{"import.staff[a.csv]"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Errorf("tally after adopt: %+v", tally)
	}
}

// In the archive a file and its protocol keep belonging together by name.
func TestArchiveNamesStayTogether(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + replaceOnce(staff, "}\n", "  archive {\n    folder = \"done\"\n  }\n}\n"))
	for i := range 2 {
		r.write("in/a.csv", strings.ReplaceAll(goodCSV, "100", fmt.Sprint(160+i)))
		r.apply(cfg, engine.PlanOptions{})
	}
	entries, _ := os.ReadDir(r.path("done"))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != 4 {
		t.Fatalf("archive: %v", names)
	}
	for _, csv := range names {
		if strings.HasSuffix(csv, ".csv") && !r.exists("done/"+csv+".protocol.txt") {
			t.Errorf("%s has no protocol of its name: %v", csv, names)
		}
	}
}

// A server that answers every start with 503 does not make every file unknown.
func TestServerTroubleStopsTheConnection(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	for i := range 8 {
		r.write(fmt.Sprintf("in/%d.csv", i), strings.ReplaceAll(goodCSV, "100", fmt.Sprint(170+i)))
	}
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Import", Status: 503})
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Unknown != 3 || tally.NotStarted != 5 {
		t.Errorf("tally: %+v", tally)
	}
}

// Two imports into one method find the same bytes in one run: one sends them, the other waits for it.
func TestSameBytesInTwoImports(t *testing.T) {
	r := newRig(t, func(o *sandbox.Options) { o.JobTime = 50 * time.Millisecond })
	second := replaceOnce(replaceOnce(staff, `"staff"`, `"other"`), `"in"`, `"in2"`)
	cfg := r.load(head + staff + second)
	r.write("in/a.csv", goodCSV)
	r.write("in2/b.csv", goodCSV)
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 2 || !tally.OK() {
		t.Errorf("tally: %+v %+v", tally, r.ends())
	}
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports of the same bytes", n)
	}
}

// The marker goes with its file, so that the next file of the name waits for its own.
func TestMarkerGoesWithItsFile(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + replaceOnce(staff, "}\n", "  ready_file = \"${file.name}.done\"\n  archive {\n    folder = \"done\"\n  }\n}\n"))
	r.write("in/a.csv", goodCSV)
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 || len(p.Waiting) != 1 {
		t.Errorf("plan: %v %v", lines(p), p.Waiting)
	}
	r.write("in/a.csv.done", "")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 || r.exists("in/a.csv.done") || !r.exists("done/a.csv") {
		t.Errorf("tally: %+v", tally)
	}
}

// keep deletes what belongs to a file together with it.
func TestKeepDeletesCompanions(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + replaceOnce(staff, "}\n", "  archive {\n    folder = \"done\"\n    keep = 1\n  }\n}\n"))
	for i := range 3 {
		r.write(fmt.Sprintf("in/%d.csv", i), strings.ReplaceAll(goodCSV, "100", fmt.Sprint(180+i)))
		r.apply(cfg, engine.PlanOptions{})
	}
	entries, _ := os.ReadDir(r.path("done"))
	if len(entries) != 2 || !r.exists("done/2.csv") || !r.exists("done/2.csv.protocol.txt") {
		t.Errorf("archive: %v", entries)
	}
}
