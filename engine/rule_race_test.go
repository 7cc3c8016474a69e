package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"dropform/engine"
)

// race has several processes plan at one moment, each by itself, and then carry their plans out at one moment. Every
// process has connections of its own.
func (r *rig) race(cfgs ...*engine.Config) {
	r.t.Helper()
	plans := make([]*engine.Plan, len(cfgs))
	sessions := make([]*session, len(cfgs))
	boxes := r.boxes
	for i, cfg := range cfgs {
		r.boxes = engine.NewConboxes("test")
		defer r.boxes.Close()
		sessions[i] = r.session(false)
		defer sessions[i].close(r.t)
		var err error
		if plans[i], err = r.planner(sessions[i].l).Plan(context.Background(), cfg, engine.PlanOptions{}); err != nil {
			r.t.Fatal(err)
		}
		for k, a := range plans[i].Actions {
			if a.Approval == engine.ApprovalRequired {
				plans[i].Actions[k].Approval = engine.ApprovalNamed
			}
		}
	}
	r.boxes = boxes
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range sessions {
		all.Go(func() {
			<-start
			if _, err := sessions[i].r.Apply(context.Background(), context.Background(), cfgs[i], plans[i]); err != nil {
				r.t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
}

// TestTwoProcessesRace: whichever process comes first, each position is ordered once, whether they race for one file of one
// rule, or for two files of two rules that share a position.
func TestTwoProcessesRace(t *testing.T) {
	t.Parallel()
	two := orders + called("more", orders)
	for name, c := range map[string]struct {
		rule  string
		files map[string]string
		once  string // the position that is fought for
	}{
		"one file":                     {orders, map[string]string{"in/a.csv": order(door, frame)}, door},
		"one file, archived":           {with(orders, inDone), map[string]string{"in/a.csv": order(door, frame)}, door},
		"one file that waits":          {asked, map[string]string{"in/a.csv": order(door, frame)}, door},
		"two rules, same bytes":        {two, map[string]string{"in/a.csv": order(door), "more/a.csv": order(door)}, door},
		"two rules, a shared position": {two, map[string]string{"in/a.csv": order(door, frame), "more/b.csv": order(hinge, door)}, door},
		"a number and a whole document": {
			with(orders, "all_positions = true") + called("more", orders),
			map[string]string{"in/a.csv": "DocNbr\n101224-01\n", "more/b.csv": order(door)},
			door,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range 4 {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					r := newRig(t)
					cfg := r.load(shop + c.rule)
					r.apply(cfg, engine.PlanOptions{}) // definitions
					for name, text := range c.files {
						r.write(name, text)
					}
					r.race(cfg, cfg)
					n := 0
					for _, p := range r.placed() {
						if p == c.once {
							n++
						}
					}
					if n != 1 {
						t.Errorf("%s was ordered %d times: %q", c.once, n, r.placed())
					}
					r.apply(cfg, engine.PlanOptions{})
					if again := len(r.placed()); again < n {
						t.Errorf("ordered %q", r.placed())
					}
					r.applyNaming(cfg, "*")
					r.expectNothing(cfg)
				})
			}
		})
	}
}

// TestProcessesRaceForDifferentFilesOfOneRule: two processes that see different files of one folder place what they share
// once.
func TestProcessesRaceForDifferentFilesOfOneRule(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", order(door, frame))
	first, second := r.session(false), r.session(false)
	defer first.close(t)
	defer second.close(t)
	early, err := r.planner(first.l).Plan(t.Context(), cfg, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.write("in/a.csv", order(hinge, frame)) // the one that the second sees
	late, err := r.planner(second.l).Plan(t.Context(), cfg, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.write("in/a.csv", order(door, frame)) // as the first saw it, but written again: its step is stale
	var all sync.WaitGroup
	for s, p := range map[*session]*engine.Plan{first: early, second: late} {
		all.Go(func() {
			if _, err := s.r.Apply(context.Background(), context.Background(), cfg, p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r.expectPlaced()
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
}

// TestPlanAppliedTwice: a plan that is carried out a second time does nothing.
func TestPlanAppliedTwice(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]string{"stays": orders, "archived": with(orders, inDone)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + rule)
			r.write("in/a.csv", order(door)+"10000-15;Pos01;2\n")
			s := r.session(false)
			plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil {
				t.Fatal(err)
			}
			s.close(t)
			again := r.session(false)
			defer again.close(t)
			plan.Definitions = nil
			tally, err := again.r.Apply(t.Context(), t.Context(), cfg, plan)
			if err != nil || tally.Done != 0 {
				t.Errorf("the second time: %+v, %v", tally, err)
			}
			r.expectPlaced(door, window)
		})
	}
}
