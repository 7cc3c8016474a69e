package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// atPhase stops a run as soon as a step is that far.
func atPhase(phase string) func(engine.Event) bool {
	return func(e engine.Event) bool { p, ok := e.(engine.StepProgress); return ok && p.Phase == phase }
}

func slow(d time.Duration) func(*sandbox.Options) { return func(o *sandbox.Options) { o.JobTime = d } }

// TestStopAfterAccept: the first Ctrl-C does not wait for the server's job; the next run goes on with it under a new
// login and sends nothing.
func TestStopAfterAccept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 1})
	expectTally(t, r.applyUntil(cfg, atPhase("importing")), 0, 0, 1, 0, 1)
	if n := r.box.OpenSessions(); n != 0 || len(r.box.Imports()) != 1 {
		t.Errorf("%d open sessions, %d imports", n, len(r.box.Imports()))
	}
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "> import.staff[a.csv] interrupted", "+ import.staff[b.csv] new")
	if p.Actions[0].Prior.RemoteID != r.box.Imports()[0].ID {
		t.Errorf("it would ask for %s", p.Actions[0].Prior.RemoteID)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 2 || r.box.Logins() != 2 {
		t.Errorf("%d imports, %d logins", n, r.box.Logins())
	}
	if !strings.Contains(r.read("done/a.csv.protocol.txt"), r.box.Imports()[0].ID) || r.exists("in/a.csv") {
		t.Errorf("archive: %q", r.names("done"))
	}
}

func TestStopBeforeAnythingWasSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	stopped := r.applyUntil(cfg, func(e engine.Event) bool { _, ok := e.(engine.StepStarted); return ok })
	if stopped.Unknown != 0 || stopped.Failed != 0 {
		t.Errorf("tally: %+v", stopped)
	}
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports, want 2", n)
	}
}

// TestExportStopAndResume: the result of a job that was left running is fetched, without a second run.
func TestExportStopAndResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + payroll)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 1})
	expectTally(t, r.applyUntil(cfg, atPhase("exporting")), 0, 0, 1, 0, 0)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Exports()); n != 1 {
		t.Errorf("%d exports", n)
	}
	r.only(".csv")
}

// TestLostJobIsUnknown: the server does not know the id any more, so whether the import ran is for a person to say.
func TestLostJobIsUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Minute))
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.applyUntil(cfg, atPhase("importing"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultRestart, LoseJobs: true, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 1, 0)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
	if e := r.lastEnd(); !strings.Contains(e.Next, "dropform resolve 'import.staff[a.csv]'") {
		t.Errorf("told: %+v", e)
	}
}

// TestLostExportRunsAgain: an export only reads, so a result that is gone is asked for anew.
func TestLostExportRunsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + payroll)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 1})
	r.applyUntil(cfg, atPhase("exporting"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultRestart, LoseJobs: true, Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	r.only(".csv")
}

// TestSessionEndsWhileFollowing: one new login, the same id, one import.
func TestSessionEndsWhileFollowing(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(500*time.Millisecond))
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultLostSession, Action: "GetProgress", After: 1, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 1 || r.box.Logins() != 2 {
		t.Errorf("%d imports, %d logins", n, r.box.Logins())
	}
}

func TestMaxWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Minute))
	cfg := r.load(strings.Replace(head, "retry {", "max_wait = \"150ms\"\n  retry {", 1) + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 1)
	e := r.ends()[0]
	if e.Code != "max_wait" || e.Next == "" {
		t.Errorf("told: %+v", e)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted", "+ import.staff[b.csv] new")
}

// TestResumeOfAReplacedFile: new content lies under the name of what still runs. It waits its turn and is sent after it.
func TestResumeOfAReplacedFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", rows("1"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 1})
	r.applyUntil(cfg, atPhase("importing"))
	r.write("in/a.csv", rows("2"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted", "+ import.staff[a.csv] new")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n, done := len(r.box.Imports()), r.names("done"); n != 2 || r.exists("in/a.csv") || len(done) != 3 {
		t.Errorf("%d imports, archive %q", n, done)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// TestShrinkIsMeasuredAfterAResumeToo: the rows of a resumed import count as those of the last accepted file.
func TestShrinkIsMeasuredAfterAResumeToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "csv {\n    max_shrink = \"10%\"\n  }"))
	text := "PersonalNr;Name;Vorname\n"
	for i := range 10 {
		text += fmt.Sprintf("%d;a;b\n", i+1)
	}
	r.write("in/1.csv", text)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress, Times: 1})
	r.applyUntil(cfg, atPhase("importing"))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/2.csv", rows("99"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "x import.staff[2.csv] invalid")
}

func TestFaultedWithoutCompleted(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Minute))
	cfg := r.load(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultFaultedWithoutCompleted, Times: 1})
	r.inject(sandbox.Fault{Kind: sandbox.FaultCanceledWithoutCompleted, After: 1, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 2, 0, 0, 0)
	var codes []string
	for _, e := range r.ends() {
		codes = append(codes, e.Code)
	}
	if strings.Join(codes, " ") != "faulted canceled" {
		t.Errorf("told: %q", codes)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// TestJobThatNeverEnds: once max_wait is over a job needs attention. Each run asks for it once and says so, a person can end it,
// and one that ends after all is taken as usual.
func TestJobThatNeverEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(strings.Replace(head, "password", "max_wait = \"500ms\"\n  password", 1) + staff)
	for _, name := range []string{"a.csv", "b.csv"} {
		r.write("in/"+name, rows(name))
	}
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 1)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "> import.staff[a.csv] interrupted", "+ import.staff[b.csv] new")
	if !strings.Contains(p.Actions[0].Text, "dropform resolve 'import.staff[a.csv]'") {
		t.Errorf("the plan says %q", p.Actions[0].Text)
	}
	if s := r.status(cfg); s.Items[0].State != "running" || !strings.Contains(s.Items[0].Next, "dropform resolve") {
		t.Errorf("status says %+v", s.Items[0])
	}
	asked := r.box.Calls()["GetProgress"]
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 1)
	if n := r.box.Calls()["GetProgress"] - asked; n != 1 {
		t.Errorf("asked %d times for a job that is past its time", n)
	}
	if err := r.resolve(cfg, "import.staff[a.csv]", false); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry", "+ import.staff[b.csv] new")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 1)
	r.box.ClearFaults()
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 3 {
		t.Errorf("%d imports", n)
	}
}
