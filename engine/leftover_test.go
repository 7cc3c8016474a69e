package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// TestServiceComesBack to what could not be brought to an end: the watcher names a file once. One that could not be read
// then is read later, and a copy of what another process sends is its duplicate when that is done.
func TestServiceComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Second))
	cfg := r.load(strings.Replace(head, "retry {", "parallel = 4\n  retry {", 1) + staff + named("crew") + named("locked"))
	r.apply(cfg, engine.PlanOptions{})
	times := 1
	r.fs = &tamperFs{Fs: r.fs, open: denied(r.path("locked/a.csv"), &times)}
	v := r.serve(cfg, false)
	v.serving("import.crew", true)

	r.write("in/a.csv", goodCSV)
	begun, other := make(chan struct{}, 100), make(chan engine.Tally, 1)
	s := r.listen(false, func(e engine.Event) {
		if p, ok := e.(engine.StepProgress); ok && p.Phase == "importing" {
			begun <- struct{}{}
		}
	})
	plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer s.close(t)
		tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan)
		if err != nil {
			t.Error(err)
		}
		other <- tally
	}()
	<-begun
	r.write("crew/copy.csv", goodCSV)
	r.write("locked/a.csv", rows("1"))
	v.w.settled("import.crew", "copy.csv")
	v.w.settled("import.locked", "a.csv")
	await(v, "complaint", func(e engine.PlanMade) bool {
		return len(e.Plan.Problems) == 1 && e.Plan.Problems[0].Code == "file_unreadable"
	})
	for range 2 {
		if e := v.ended("import."); e.Result != engine.ResultDone {
			t.Errorf("%+v", e)
		}
	}
	expectTally(t, <-other, 1, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports, want 2", n)
	}
	tally, _ := v.end()
	expectTally(t, tally, 2, 0, 0, 0, 0)
	if tally.ByKind[engine.Duplicate] != 1 {
		t.Errorf("%+v", tally)
	}
}

// TestServiceRetriesWhatWasRefused only when a person asks for it.
func TestServiceRetriesWhatWasRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.refuse()
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultFailed {
		t.Fatalf("%+v", e)
	}
	v.w.settled("import.staff", "a.csv") // a sweep names it again
	if err := r.retry(cfg, "import.staff[a.csv]"); err != nil {
		t.Fatal(err)
	}
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultDone || len(r.box.Imports()) != 1 {
		t.Errorf("%+v", e)
	}
}

// TestServiceLooksAgainUnderChangedRules: a file that was rejected may be valid under the rules that are applied now.
func TestServiceLooksAgainUnderChangedRules(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	strict := r.load(head + with(staff, "csv {\n    min_rows = 2\n  }"))
	r.apply(strict, engine.PlanOptions{})
	v := r.serve(strict, false)
	v.serving("import.staff", true)
	v.w.mu.Lock()
	v.w.onRescan = func(id string) { v.w.settled(id, "a.csv") }
	v.w.mu.Unlock()
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultRejected {
		t.Fatalf("%+v", e)
	}
	loose := r.load(head + staff)
	v.edit(loose, nil)
	await(v, "word on the edit", func(e engine.ConfigLoaded) bool { return len(e.Waiting) == 1 })
	s := r.session(false)
	defer s.close(t)
	plan, err := r.planner(s.l).Plan(t.Context(), loose, engine.PlanOptions{Targets: []string{"import.staff"}, Excludes: []string{"import.staff[a.csv]"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.r.Apply(t.Context(), t.Context(), loose, plan); err != nil { // the definition alone
		t.Fatal(err)
	}
	if e := v.ended("import.staff[a.csv]"); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
}

// TestServiceRunsWhatFellDueMeanwhile: after an interrupted run is brought to its end, the times that passed are made up
// for at once, not at the next due time.
func TestServiceRunsWhatFellDueMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(time.Second))
	cfg := r.load(scheduled(`cron = "0 11 * * *"`))
	r.apply(cfg, engine.PlanOptions{})
	now := time.Now().AddDate(0, 0, 2)
	r.now = func() time.Time { return now }
	r.applyUntil(cfg, atPhase("exporting"))
	now = now.AddDate(0, 0, 3)
	v := r.serve(cfg, false)
	if e := v.ended("export.payroll["); e.Action.Kind != engine.Resume || e.Result != engine.ResultDone {
		t.Fatalf("%+v", e)
	}
	if e := v.ended("export.payroll["); e.Action.Reason != "missed(3)" {
		t.Errorf("%s: %+v", e.Action.Reason, e)
	}
	if tally, _ := v.end(); tally.Done != 2 || len(r.box.Exports()) != 2 {
		t.Errorf("%+v", tally)
	}
}

// TestServiceTellsFolderTroubleOnce, and its end.
func TestServiceTellsFolderTroubleOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, v := r.watched(head + staff)
	for range 3 {
		v.w.events <- engine.WatchEvent{Kind: engine.WatchDegraded, ID: "import.staff", Err: errDown}
	}
	v.w.events <- engine.WatchEvent{Kind: engine.WatchHealed, ID: "import.staff"}
	v.w.events <- engine.WatchEvent{Kind: engine.WatchHealed, ID: "import.staff"}
	v.w.events <- engine.WatchEvent{Kind: engine.WatchStillChanging, ID: "import.staff", Name: "a.csv"}
	e := await(v, "word on the file", func(engine.FileStillChanging) bool { return true })
	v.end()
	degraded, healed := 0, 0
	for _, e := range r.events {
		switch e := e.(type) {
		case engine.FolderDegraded:
			degraded++
			if e.Text != errDown.Error() || e.Address.String() != "import.staff" {
				t.Errorf("%+v", e)
			}
		case engine.FolderHealed:
			healed++
		}
	}
	if degraded != 1 || healed != 1 || e.Address.String() != "import.staff[a.csv]" {
		t.Errorf("%d and %d, %s", degraded, healed, e.Address)
	}
}

// TestServiceLeavesAFaultedJobAlone: it is finished, whatever the watcher says.
func TestServiceLeavesAFaultedJobAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	v := r.serve(cfg, false)
	v.serving("import.staff", true)
	r.write("in/a.csv", rows("1"))
	v.w.settled("import.staff", "a.csv")
	v.ended("import.staff[a.csv]")
	r.write("in/b.csv", rows("2"))
	v.w.settled("import.staff", "a.csv", "b.csv")
	v.ended("import.staff[b.csv]")
	if tally, _ := v.end(); tally.Failed != 1 || tally.Done != 1 || len(r.box.Imports()) != 2 {
		t.Errorf("%+v, %d imports", tally, len(r.box.Imports()))
	}
}

// TestServiceMarksAnExchangedFolder: another directory in the place of a served one (mounted over it, say) is claimed before
// another ledger can take it, also while nothing lies in it; one that another ledger has claimed is left alone.
func TestServiceMarksAnExchangedFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, v := r.watched(head + staff)
	exchange := func(marker string) {
		if marker != "" {
			r.write("other/.dropform-served", marker)
		}
		err := errors.Join(os.MkdirAll(r.path("other"), 0o755), os.Rename(r.path("in"), r.path("gone"+marker)), os.Rename(r.path("other"), r.path("in")))
		if err != nil {
			t.Fatal(err)
		}
		v.w.events <- engine.WatchEvent{Kind: engine.WatchExchanged, ID: "import.staff"}
	}
	exchange("")
	for !r.exists("in/.dropform-served") {
		time.Sleep(time.Millisecond)
	}
	foreign := `{"ledger": "another"}`
	exchange(foreign)
	await(v, "word on the folder", func(e engine.PlanMade) bool {
		return len(e.Plan.Problems) == 1 && e.Plan.Problems[0].Code == "folder_not_ours"
	})
	if got := r.read("in/.dropform-served"); got != foreign {
		t.Errorf("the marker is %s", got)
	}
}
