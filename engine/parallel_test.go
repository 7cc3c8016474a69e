package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

const otherTenant = "11111111-2222-3333-4444-555555555555"

func twoTenants(o *sandbox.Options) {
	o.JobTime = 200 * time.Millisecond
	o.Tenants = append(o.Tenants, sandbox.DemoTenant(otherTenant, time.Now()))
}

// second is the connection "b" with the block crew on it.
func second(customer string) string {
	return strings.NewReplacer(`"hr"`, `"b"`, sandbox.DemoCustomerID, customer).Replace(head) + strings.Replace(named("crew"), "perbit.hr", "perbit.b", 1)
}

// overlap reports whether the two addresses were at work at the same time, as the events tell.
func overlap(events []engine.Event, a, b string) bool {
	open := map[string]bool{}
	for _, e := range events {
		switch e := e.(type) {
		case engine.StepProgress:
			open[e.Action.Address.String()] = e.Phase == "importing"
		case engine.StepEnded:
			delete(open, e.Action.Address.String())
		}
		if open[a] && open[b] {
			return true
		}
	}
	return false
}

func TestConnectionsSideBySide(t *testing.T) {
	t.Parallel()
	r := newRig(t, twoTenants)
	cfg := r.load(head + staff + second(otherTenant))
	r.write("in/a.csv", rows("1"))
	r.write("crew/b.csv", rows("2"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if !overlap(r.events, "import.staff[a.csv]", "import.crew[b.csv]") {
		t.Error("one tenant waited for the other")
	}
}

// TestTwoConnectionsToOneTenant: parallel bounds the tenant, however many connections lead there.
func TestTwoConnectionsToOneTenant(t *testing.T) {
	t.Parallel()
	r := newRig(t, twoTenants)
	cfg := r.load(head + staff + second(sandbox.DemoCustomerID))
	r.write("in/a.csv", rows("1"))
	r.write("crew/b.csv", rows("2"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if n := r.box.MaxConcurrentJobs(); n != 1 {
		t.Errorf("%d jobs at once in one tenant, parallel is 1", n)
	}
}

func TestParallelAcrossProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(60*time.Millisecond))
	cfg := r.load(head + staff + named("crew"))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", rows("1"))
	r.write("crew/b.csv", rows("2"))
	tallies := make(chan engine.Tally, 2)
	for _, target := range []string{"import.staff", "import.crew"} {
		s := r.session(false)
		defer s.close(t)
		plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{Targets: []string{target}})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan)
			if err != nil {
				t.Error(err)
			}
			tallies <- tally
		}()
	}
	for range 2 {
		expectTally(t, <-tallies, 1, 0, 0, 0, 0)
	}
	if n := r.box.MaxConcurrentJobs(); n != 1 {
		t.Errorf("%d jobs at once, parallel is 1", n)
	}
}

func TestOneImportOneAfterAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(20*time.Millisecond))
	cfg := r.load(strings.Replace(head, "retry {", "parallel = 4\n  retry {", 1) + staff)
	for _, n := range []string{"1", "2", "3", "10"} {
		r.write("in/"+n+".csv", rows(n))
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 4, 0, 0, 0, 0)
	var order []string
	for _, e := range r.ends() {
		order = append(order, e.Action.Address.Item)
	}
	if got := strings.Join(order, " "); got != "1.csv 2.csv 3.csv 10.csv" || r.box.MaxConcurrentJobs() != 1 {
		t.Errorf("%s, %d at once", got, r.box.MaxConcurrentJobs())
	}
}

func TestOrderAnySideBySide(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(200*time.Millisecond))
	cfg := r.load(strings.Replace(head, "retry {", "parallel = 3\n  retry {", 1) + with(staff, `order = "any"`))
	for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
		r.write("in/"+n+".csv", rows(n))
	}
	r.write("in/copy.csv", rows("1"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 7, 0, 0, 0, 0)
	if n := r.box.MaxConcurrentJobs(); n != 3 || len(r.box.Imports()) != 6 {
		t.Errorf("%d at once, want 3; %d imports", n, len(r.box.Imports()))
	}
}

func TestDependsOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(30*time.Millisecond))
	cfg := r.load(strings.Replace(head, "retry {", "parallel = 4\n  retry {", 1) +
		with(staff, `depends_on = [import.crew]`) + with(payroll, `depends_on = [import.staff]`) + named("crew"))
	r.write("in/a.csv", rows("1"))
	r.write("crew/b.csv", rows("2"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 3, 0, 0, 0, 0)
	var order []string
	for _, e := range r.ends() {
		order = append(order, e.Action.Address.Base().String())
	}
	if got := strings.Join(order, " "); got != "import.crew import.staff export.payroll" {
		t.Errorf("order: %s", got)
	}
}

// TestFailureHoldsBackWhatDependsOnIt, through any number of blocks; the rest goes on.
func TestFailureHoldsBackWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `depends_on = [import.crew]`) + with(payroll, `depends_on = [import.staff]`) + named("crew") + named("free"))
	r.write("crew/b.csv", "a;b\n1;\"x\n")
	r.write("in/a.csv", rows("1"))
	r.write("free/c.csv", rows("3"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 1, 0, 0, 2)
	for _, e := range r.ends() {
		if e.Result == engine.ResultNotStarted && !strings.Contains(e.Text, "depends on") {
			t.Errorf("%s: %s", e.Action.Address, e.Text)
		}
	}
}

func TestDependsOnNothingToDo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `depends_on = [import.crew]`) + named("crew"))
	r.write("in/a.csv", rows("1"))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
}

// TestOldestFirst: of the files of several imports that wait for one tenant, the oldest goes first.
func TestOldestFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, slow(500*time.Millisecond))
	text := head
	names := []string{"i1", "i2", "i3", "i4", "i5"}
	for i, name := range names {
		text += named(name)
		r.write(name+"/a.csv", rows(name[1:]))
		r.age(name+"/a.csv", time.Duration(i)*time.Hour)
	}
	expectTally(t, r.apply(r.load(text), engine.PlanOptions{}), len(names), 0, 0, 0, 0)
	var order []string
	for _, e := range r.ends() {
		order = append(order, e.Action.Address.Name)
	}
	first := order[0] // whoever came to the free slot
	want := slices.Clone(names)
	slices.Reverse(want)
	want = slices.DeleteFunc(want, func(n string) bool { return n == first })
	if !slices.Equal(order[1:], want) {
		t.Errorf("order %q, want %q after %s", order[1:], want, first)
	}
}
