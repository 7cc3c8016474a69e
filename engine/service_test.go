package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/sandbox"
)

func TestServiceUploadsWhatIsComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, v := r.watched(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/other.csv", rows("2")) // not complete: nobody said so
	v.w.settled("import.staff", "a.csv")
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
	if f, _ := v.w.at("import.staff"); f.Path != r.path("in") || !f.Take("A.CSV") || f.Take("a.txt") {
		t.Errorf("folder: %+v", f)
	}
	tally, err := v.end()
	if err != nil || tally.Done != 1 || len(r.box.Imports()) != 1 || r.box.OpenSessions() != 0 {
		t.Errorf("%+v %v, %d imports, %d sessions", tally, err, len(r.box.Imports()), r.box.OpenSessions())
	}
}

func TestServiceRunsDueExports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var shift atomic.Int64
	r.now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	cfg := r.load(scheduled(`cron = "0 11 * * *"`))
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving("export.payroll", true)
	var due time.Time
	for due.IsZero() { // set by the first look
		_, due = v.w.at("export.payroll")
	}
	if due.In(evening).Hour() != 11 || !due.After(time.Now()) {
		t.Errorf("timer: %s", due)
	}
	shift.Store(int64(time.Until(due) + time.Second))
	v.w.events <- engine.WatchEvent{Kind: engine.WatchDue, ID: "export.payroll", At: due}
	if e := v.ended("export.payroll["); e.Result != engine.ResultDone || !strings.HasSuffix(e.Action.Address.Item, "T11:00") {
		t.Errorf("%+v", e)
	}
	if tally, _ := v.end(); tally.Done != 1 || len(r.box.Exports()) != 1 {
		t.Errorf("%+v", tally)
	}
	if _, next := v.w.at("export.payroll"); !next.After(due) {
		t.Errorf("next timer: %s", next)
	}
}

// TestServiceKeepsWhatIsApplied: an edit that is not applied changes nothing and is told; a broken one likewise; what
// another process applies is taken over.
func TestServiceKeepsWhatIsApplied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, v := r.watched(head + staff)

	edited := r.load(head + strings.Replace(staff, `"in"`, `"elsewhere"`, 1) + named("crew"))
	v.edit(edited, nil)
	e := await(v, "word on the edit", func(e engine.ConfigLoaded) bool { return len(e.Waiting) > 0 })
	if !contains(e.Serving, "import.staff") || contains(e.Serving, "import.crew") || !contains(e.Waiting, "import.staff") || !contains(e.Waiting, "import.crew") {
		t.Errorf("%+v", e)
	}
	v.edit(nil, diag.List{{Severity: diag.Error, Code: "x", Summary: "broken"}})
	await(v, "complaint", func(e engine.ConfigRejected) bool { return e.Diags.HasErrors() })
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	v.ended("import.staff[a.csv]")
	if f, _ := v.w.at("import.staff"); f.Path != r.path("in") {
		t.Errorf("it serves %s", f.Path)
	}

	r.apply(edited, engine.PlanOptions{})
	v.serving("import.crew", true)
	r.write("elsewhere/b.csv", rows("2"))
	v.w.settled("import.staff", "b.csv")
	if e := v.ended("import.staff[b.csv]"); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
}

func TestServiceAutoApprove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/old.csv", rows("1"))
	r.age("in/old.csv", 25*time.Hour)
	r.write("in/young.csv", rows("2"))
	v := r.serve(r.load(head+staff), true)
	v.serving("import.staff", true)
	v.w.settled("import.staff", "old.csv", "young.csv")
	waits := await(v, "question", func(e engine.PlanMade) bool { return len(e.Plan.Actions) > 0 })
	if a := waits.Plan.Actions[0]; a.Address.Item != "old.csv" || a.Reason != engine.ReasonExisting {
		t.Errorf("%+v", a)
	}
	v.ended("import.staff[young.csv]")
	if err := r.retry(r.load(head+staff), "import.staff[old.csv]"); err != nil {
		t.Fatal(err)
	}
	if e := v.ended("import.staff[old.csv]"); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
}

// TestServiceCountsWhatWaitsForAPerson: the tally of a watch counts each file that somebody has to decide on, until it is.
func TestServiceCountsWhatWaitsForAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	for _, n := range []string{"1", "2", "3", "4"} {
		r.write("in/"+n+".csv", rows(n))
		r.age("in/"+n+".csv", 25*time.Hour)
	}
	v := r.serve(cfg, true)
	v.serving("import.staff", true)
	v.w.settled("import.staff", "1.csv", "2.csv", "3.csv", "4.csv")
	asked := 0
	for asked < 4 {
		asked += len(await(v, "question", func(e engine.PlanMade) bool { return len(e.Plan.Actions) > 0 }).Plan.Actions)
	}
	if err := r.adopt(cfg, "import.staff[1.csv]"); err != nil {
		t.Fatal(err)
	}
	if err := r.retry(cfg, "import.staff[2.csv]"); err != nil {
		t.Fatal(err)
	}
	v.ended("import.staff[2.csv]")
	if tally, _ := v.end(); tally.Waiting != 2 || tally.Done != 1 {
		t.Errorf("%+v", tally)
	}
}

// TestServiceOutlivesADefinitionThatCannotBeApplied: what was served before is served on.
func TestServiceOutlivesADefinitionThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("plain", "a file where a folder is wanted")
	v := r.serve(r.load(head+staff), true)
	v.serving("import.staff", true)
	v.edit(r.load(head+staff+strings.Replace(named("crew"), `"crew"`+"\n  object", `"plain/crew"`+"\n  object", 1)), nil)
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
}

// TestServiceOutage: one report, the queue is kept, and it drains oldest first when the server is back.
func TestServiceOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Login", Status: http.StatusServiceUnavailable, Times: 4})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	for _, n := range []string{"10", "9", "1"} {
		r.write("in/"+n+".csv", rows(n))
	}
	v.w.settled("import.staff", "10.csv", "9.csv", "1.csv")
	down := await(v, "outage", func(engine.ConnectionDown) bool { return true })
	if down.Retry.IsZero() || down.Code != "transient" {
		t.Errorf("%+v", down)
	}
	await(v, "end of the outage", func(e engine.ConnectionUp) bool {
		return e.Address.String() == "connection.perbit.hr"
	})
	v.ended("import.staff[10.csv]")
	v.end()
	downs, order := 0, ""
	for _, e := range r.events {
		switch e := e.(type) {
		case engine.ConnectionDown:
			downs++
		case engine.StepEnded:
			order += " " + e.Action.Address.Item
		}
	}
	if downs != 1 || !strings.HasSuffix(order, " 1.csv 9.csv 10.csv") || len(r.box.Imports()) != 3 {
		t.Errorf("%d reports, order%s, %d imports", downs, order, len(r.box.Imports()))
	}
}

// TestServiceTellsOfAnOutageThatLasts: each hour, with all that waits for the connection, whichever block asks.
func TestServiceTellsOfAnOutageThatLasts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var shift atomic.Int64
	r.now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	cfg := r.load(head + staff + named("crew"))
	r.apply(cfg, engine.PlanOptions{})
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Login", Status: http.StatusServiceUnavailable})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	for i, name := range []string{"in/1.csv", "in/2.csv", "in/3.csv", "crew/1.csv", "crew/2.csv"} {
		r.write(name, rows(fmt.Sprint(i)))
	}
	v.w.settled("import.staff", "1.csv", "2.csv", "3.csv")
	v.w.settled("import.crew", "1.csv", "2.csv")
	await(v, "outage", func(engine.ConnectionDown) bool { return true })
	var told []int
	for len(told) == 0 || len(told) < 20 && told[len(told)-1] != 4 { // the one that asks, and four that wait
		shift.Add(int64(61 * time.Minute))
		v.w.settled("import.staff", "1.csv")
		told = append(told, await(v, "word on the outage", func(engine.ConnectionDown) bool { return true }).Queued)
	}
	if told[len(told)-1] != 4 {
		t.Errorf("waiting, as told each hour: %v", told)
	}
}

// TestServiceTriesAPasswordOnce: a rejected password is not tried again until there is another, so that no account is
// locked; then it is used without a restart.
func TestServiceTriesAPasswordOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	var good atomic.Bool
	reveals := make(chan struct{}, 1000)
	cfg.Connections[0].Password = engine.NewSecret("env:X", func(context.Context) (string, error) {
		reveals <- struct{}{}
		if good.Load() {
			return sandbox.DemoPassword, nil
		}
		return "old one", nil
	})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	v.w.settled("import.staff", "a.csv", "b.csv")
	await(v, "outage", func(e engine.ConnectionDown) bool { return e.Code == "auth" })
	for range 8 { // it looks for another password, in its own time
		select {
		case <-reveals:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody looks whether there is another password")
		}
	}
	if n := r.box.RefusedLogins(); n != 1 {
		t.Errorf("the wrong password was sent %d times", n)
	}
	good.Store(true)
	v.ended("import.staff[b.csv]")
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports", n)
	}
}

func TestServiceHoldsWhatDependsOnOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(300*time.Millisecond))
	_, v := r.watched(strings.Replace(head, "retry {", "parallel = 4\n  retry {", 1) + with(staff, `depends_on = [import.crew]`) + named("crew"))
	r.write("crew/b.csv", rows("2"))
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.crew", "b.csv")
	await(v, "import of crew", func(e engine.StepProgress) bool { return e.Phase == "importing" })
	v.w.settled("import.staff", "a.csv")
	v.ended("import.staff[a.csv]")
	v.end()
	var order []string
	for _, e := range r.ends() {
		order = append(order, e.Action.Address.Item)
	}
	if strings.Join(order, " ") != "b.csv a.csv" {
		t.Errorf("order: %q", order)
	}
}

// TestServiceStopsSoftly: what the server works on is left to the next run, and nothing is begun.
func TestServiceStopsSoftly(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Minute))
	cfg, v := r.watched(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	v.w.settled("import.staff", "a.csv", "b.csv")
	await(v, "import", func(e engine.StepProgress) bool { return e.Phase == "importing" })
	tally, err := v.end()
	if err != nil || len(r.box.Imports()) != 1 || tally.Waiting == 0 || r.box.OpenSessions() != 0 {
		t.Errorf("%+v %v, %d imports", tally, err, len(r.box.Imports()))
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted", "+ import.staff[b.csv] new")
}

// TestServiceEndsWorkAsItBegan: what runs while its definition changes ends under the old one; the next file goes by the new.
func TestServiceEndsWorkAsItBegan(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(500*time.Millisecond))
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, true)
	v.serving("import.staff", true)
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	await(v, "import", func(e engine.StepProgress) bool { return e.Phase == "importing" })
	edited := r.load(strings.Replace(head, "retry {", "timeout = \"59s\"\n  retry {", 1) + with(replaceOnce(replaceOnce(staff, "Import Mitarbeiterstammdaten Standard", "Import Abwesenheiten"), `"Mitarbeiter"`, `"Abwesenheiten"`), `archive {
    folder = "done"
  }`))
	v.edit(edited, nil)
	v.serving("import.staff", true)
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultDone || !r.exists("in/a.csv.protocol.txt") || !r.exists("in/a.csv") {
		t.Errorf("%+v, in: %q", e, r.names("in"))
	}
	r.write("in/b.csv", rows("2"))
	v.w.settled("import.staff", "b.csv")
	v.ended("import.staff[b.csv]")
	v.end()
	var methods []string
	for _, i := range r.box.Imports() {
		methods = append(methods, i.Method)
	}
	if want := []string{"Import Mitarbeiterstammdaten Standard", "Import Abwesenheiten"}; !slices.Equal(methods, want) {
		t.Errorf("methods %q, want %q", methods, want)
	}
}
