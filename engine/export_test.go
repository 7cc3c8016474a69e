package engine_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

const payroll = `
export "payroll" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"
  variables = {
    FirmenNr       = "04"
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time))
  }
  target {
    path     = "payroll/lohn_${formatdate("YYYYMM", run.time)}.csv"
    checksum = "sha256"
  }
  expect {
    min_rows = 1
    columns  = ["PersonalNr", "Name"]
  }
}
`

func (r *rig) only(pattern string) string {
	r.t.Helper()
	dir, err := os.ReadDir(r.path("payroll"))
	if err != nil {
		r.t.Fatal(err)
	}
	var found []string
	for _, e := range dir {
		if strings.HasSuffix(e.Name(), pattern) {
			found = append(found, e.Name())
		}
		if strings.HasPrefix(e.Name(), ".") {
			r.t.Errorf("a temporary file is left: %s", e.Name())
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("%s: %v", pattern, found)
	}
	return "payroll/" + found[0]
}

func TestExportWithoutSchedule(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + payroll)
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 1 || p.Actions[0].Kind != engine.RunExport || p.Actions[0].Reason != engine.ReasonNeverRun {
		t.Fatalf("plan: %v", lines(p))
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 || !tally.OK() {
		t.Fatalf("tally: %+v %+v", tally, r.ends())
	}
	target := r.only(".csv")
	if got := r.read(target); !strings.HasPrefix(got, "PersonalNr;") {
		t.Errorf("result: %.80q", got)
	}
	r.only(".sha256")
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("it runs again without a reason: %v", lines(p))
	}
	if err := os.Remove(r.path(target)); err != nil {
		t.Fatal(err)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 1 || p.Actions[0].Reason != engine.ReasonTargetMissing {
		t.Errorf("plan: %v", lines(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	cfg = r.load(head + strings.Replace(payroll, `"04"`, `"05"`, 1))
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 1 || p.Actions[0].Reason != engine.ReasonDefinition || len(p.Definitions) != 1 {
		t.Errorf("plan: %v", lines(p))
	}
}

func TestSuspectResultNeverReplacesTheGoodOne(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + payroll)
	r.apply(cfg, engine.PlanOptions{})
	good := r.read(r.only(".csv"))
	cfg = r.load(head + strings.Replace(payroll, "min_rows = 1", "min_rows = 100000", 1))
	if tally := r.apply(cfg, engine.PlanOptions{Replace: []string{"export.payroll"}}); tally.Failed != 1 {
		t.Errorf("tally: %+v", tally)
	}
	if r.read(r.only(".csv")) != good {
		t.Error("the last good result was touched")
	}
	r.only(".suspect")
}

func TestUnchangedResultIsLeftAlone(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + payroll)
	r.apply(cfg, engine.PlanOptions{})
	before, _ := os.Stat(r.path(r.only(".csv")))
	r.apply(cfg, engine.PlanOptions{Replace: []string{"export.payroll"}})
	after, _ := os.Stat(r.path(r.only(".csv")))
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the target was written although nothing changed")
	}
	if ends := r.ends(); !strings.Contains(ends[len(ends)-1].Text, "unchanged") {
		t.Errorf("told: %q", ends[len(ends)-1].Text)
	}
}

func TestTargetStaysInItsFolder(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + payroll)
	cfg.Exports[0].Target.Path = func(engine.RunScope) (string, error) { return r.path("payroll/../../x.csv"), nil }
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 0 || len(p.Problems) != 1 || p.Problems[0].Code != "target_path" {
		t.Errorf("plan: %v %v", lines(p), p.Problems)
	}
}

func TestScheduledExport(t *testing.T) {
	r := newRig(t)
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	r.now = func() time.Time { return at }
	text := "dropform {\n  timezone = \"Europe/Berlin\"\n}\n" + head + strings.Replace(payroll, "  target {", "  schedule {\n    cron = \"30 5 * * MON-FRI\"\n  }\n  target {", 1)
	cfg := r.load(text)
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 {
		t.Errorf("the first run does not wait for its due time: %v", lines(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
	at = time.Now().AddDate(0, 0, 7) // definitions are stamped with the real time
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 1 || !strings.HasPrefix(p.Actions[0].Reason, "missed(") {
		t.Fatalf("plan a week later: %v", lines(p))
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Errorf("tally: %+v %+v", tally, r.ends())
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("a slot runs twice: %v", lines(p))
	}
}

func TestExportResumesAfterAStop(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + payroll)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "GetResult", Status: 503, Times: 4})
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Waiting != 1 {
		t.Fatalf("tally: %+v %+v", tally, r.ends())
	}
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 1 || p.Actions[0].Kind != engine.Resume {
		t.Fatalf("plan: %v", lines(p))
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Errorf("tally: %+v %+v", tally, r.ends())
	}
	if n := len(r.box.Exports()); n != 1 {
		t.Errorf("%d exports, the result is fetched without a new one", n)
	}
	r.only(".csv")
}
