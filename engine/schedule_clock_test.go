package engine_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"dropform/engine"
)

// TestClockSetForwardAndBack: what ran while the clock was wrong neither repeats nor keeps the schedule silent afterwards.
func TestClockSetForwardAndBack(t *testing.T) {
	t.Parallel()
	r, cfg, at := days(t, 2, `cron = "0 11 * * *"`)
	cfg.Exports[0].Expect = engine.Expect{} // next year's result is empty
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	right := *at
	*at = at.AddDate(1, 0, 0)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	*at = right
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("it repeats: %v", lines(p))
	}
	*at = right.AddDate(0, 0, 1)
	if got := reasons(r.plan(cfg, engine.PlanOptions{})); !slices.Equal(got, []string{engine.ReasonDue}) {
		t.Errorf("the next day: %q", got)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	*at = right.AddDate(1, 0, 0)
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("the day that was done before it came: %v", lines(p))
	}
}

// TestAppliedUnderAFastClock: a definition that seems to be of the future does not wait for it.
func TestAppliedUnderAFastClock(t *testing.T) {
	t.Parallel()
	r, cfg, at := days(t, -30, `cron = "55 11 * * *"`)
	if got := reasons(r.plan(cfg, engine.PlanOptions{})); !slices.Equal(got, []string{engine.ReasonDue}) {
		t.Fatalf("just due: %q", got)
	}
	*at = at.Add(time.Hour)
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("the first run waits for the next due time: %v", lines(p))
	}
	*at = at.Add(23 * time.Hour)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	*at = at.AddDate(0, 0, 3)
	if got := reasons(r.plan(cfg, engine.PlanOptions{})); !slices.Equal(got, []string{engine.ReasonMissed(3)}) {
		t.Errorf("three days later: %q", got)
	}
}

// TestServiceClockSetBack: the next due time is found anew, and what has run does not run again.
func TestServiceClockSetBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var shift atomic.Int64
	r.now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	cfg := r.load(scheduled(`cron = "0 11 * * *"`))
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving("export.payroll", true)
	timer := func(differs time.Time) time.Time {
		t.Helper()
		for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); {
			if _, due := v.w.at("export.payroll"); !due.IsZero() && !due.Equal(differs) {
				return due
			}
		}
		t.Fatalf("the timer stays at %s", differs)
		return time.Time{}
	}
	due := timer(time.Time{})
	shift.Store(int64(-48 * time.Hour))
	if back := timer(due); !back.Equal(due.AddDate(0, 0, -2)) {
		t.Errorf("timer %s, before it was %s", back, due)
	}
	v.end()
	if n := len(r.box.Exports()); n != 0 {
		t.Errorf("%d exports", n)
	}
}

// TestReplacedSlotKeepsItsName: the slot that is named runs again, in the zone of its schedule.
func TestReplacedSlotKeepsItsName(t *testing.T) {
	t.Parallel()
	r, cfg, _ := days(t, 2, `cron = "0 11 * * *"`, `timezone = "Asia/Tokyo"`)
	slot := r.plan(cfg, engine.PlanOptions{}).Actions[0]
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	again := r.plan(cfg, engine.PlanOptions{Replace: []string{slot.Address.String()}}).Actions
	if len(again) != 1 || again[0].Address != slot.Address || again[0].Request != 1 {
		t.Errorf("first %s, then %+v", slot.Address, again)
	}
}

// TestAsOfReproducesARun: a run asked for as of a slot's time has the slot's placeholders, to the second.
func TestAsOfReproducesARun(t *testing.T) {
	t.Parallel()
	r, cfg, _ := days(t, 2, `every = "90s"`, `window = "2m"`)
	slots := cfg.Exports[0].Schedule.Between(r.now().Add(-10*time.Minute), r.now(), 2)
	for _, slot := range slots { // one on the minute, one between
		again := r.plan(cfg, engine.PlanOptions{Replace: []string{"export.payroll"}, AsOf: slot}).Actions
		if len(again) != 1 || !again[0].Slot.Equal(slot) {
			t.Errorf("as of %s: %+v", slot, again)
		}
	}
}
