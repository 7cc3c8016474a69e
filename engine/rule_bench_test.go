package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// BenchmarkOrderPlan plans a file that orders 300 positions, reading each of them, against a sandbox in the same process with
// no latency and no limit on the rate.
func BenchmarkOrderPlan(b *testing.B) {
	r := newRig(b)
	cfg := r.load(shop + asked)
	var positions []string
	for i := range 300 {
		positions = append(positions, fmt.Sprintf("300000-01/Pos%03d", i+1))
	}
	r.write("in/a.csv", order(positions...))
	for b.Loop() {
		p := r.plan(cfg, engine.PlanOptions{})
		if len(p.Actions) != 1 || len(p.Actions[0].Prices.Positions) != 300 || p.Actions[0].Order().TotalPart {
			b.Fatalf("plan: %q, %v", lines(p), p.Problems)
		}
	}
}

// BenchmarkStatusChanges sets the status of b.N documents out of one file: plan, probe, durable intent, call, durable outcome
// and result line of each included.
func BenchmarkStatusChanges(b *testing.B) {
	text := "DocNbr;ReadyStatus\n"
	r := newRig(b, func(o *sandbox.Options) {
		for i := range b.N {
			o.Documents = append(o.Documents, sandbox.ConboxDocument{DocTyp: 2, DocNbr: fmt.Sprint("S", i)})
			text += fmt.Sprintf("S%d;ja\n", i)
		}
	})
	cfg := r.load(shop + `
rule "ready_status" "ready" {
  connection = connection.conbox.shop
  folder     = "in"

  csv {
    columns = "any"
  }

  document {
    DocTyp = 2
  }
}
`)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", text)
	s := r.session(false)
	defer s.close(b)
	b.ResetTimer()
	began := time.Now()
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s-plan")
	tally, err := s.r.Apply(context.Background(), context.Background(), cfg, plan)
	if err != nil || tally.Done != b.N {
		b.Fatalf("%+v %v %+v", tally, err, r.lastEnd())
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
