package engine_test

import (
	"context"
	"fmt"
	"testing"

	"dropform/engine"
)

// BenchmarkUploads carries out a plan over b.N waiting small files, order = "any", four at a time, against a sandbox in
// the same process with no latency: requests, durable intents, outcomes and protocols included.
func BenchmarkUploads(b *testing.B) {
	r := newRig(b)
	cfg := r.load(replaceOnce(head, "retry {", "parallel = 4\n  retry {") + replaceOnce(staff, "}\n", "  order = \"any\"\n}\n"))
	for i := range b.N {
		r.write(fmt.Sprintf("in/f%d.csv", i), fmt.Sprintf("PersonalNr;Name;Vorname\n%d;Müller;Jörg\n", 100000+i))
	}
	s := r.session(false)
	defer s.close(b)
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	tally, err := s.r.Apply(context.Background(), context.Background(), cfg, plan)
	if err != nil || tally.Done != b.N {
		b.Fatalf("%+v %v", tally, err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkPlan observes and plans b.N waiting small files.
func BenchmarkPlan(b *testing.B) {
	r := newRig(b)
	cfg := r.load(head + staff)
	const files = 10000
	for i := range files {
		r.write(fmt.Sprintf("in/f%d.csv", i), fmt.Sprintf("PersonalNr;Name;Vorname\n%d;Müller;Jörg\n", 100000+i))
	}
	for b.Loop() {
		if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != files {
			b.Fatalf("%d actions", len(p.Actions))
		}
	}
}
