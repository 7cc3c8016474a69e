package ledger_test

import (
	"fmt"
	"testing"

	"dropform/engine/ledger"
)

func (s *site) benchOrder(i, positions int) (ledger.Call, []ledger.Hold) {
	doc := fmt.Sprint("10-", i)
	c := s.call(ledger.KindPurchase, doc, fmt.Sprintf("%064x", i), "order 2/"+doc)
	c.Sent = `{"Action":"Purchase","DocTyp":2,"DocNbr":"` + doc + `","FinalCustomerLndCde":"D","ExtPchNbr":"E-` + doc + `"}`
	holds := []ledger.Hold{ledger.HoldOrderNumber("E-" + doc)}
	for n := range positions {
		holds = append(holds, ledger.HoldPosition("2", doc, fmt.Sprint("Pos", n)), ledger.HoldGUID(fmt.Sprintf("a4e656fc-c462-ef99-%04x-%012x", n, i)))
	}
	return c, holds
}

func benchSite(b *testing.B) *site {
	l := open(b, newPath(b))
	return &site{l: l, p: join(b, l), sys: system(b, l, "connection.conbox.shop", "https://shop")}
}

// One call: the durable intent with its keys, and the durable outcome. Each position has a number and a GUID.
func BenchmarkCall(b *testing.B) {
	for _, positions := range []int{0, 1, 300} {
		b.Run(fmt.Sprintf("positions=%d", positions), func(b *testing.B) {
			s := benchSite(b)
			for i := 0; b.Loop(); i++ {
				c, holds := s.benchOrder(i, positions)
				if positions == 0 {
					c.Kind, c.Method, holds = ledger.KindReadyStatus, ledger.KindReadyStatus, nil
				}
				a, err := s.p.BeginCall(ctx, c, holds, "", nil)
				if err != nil {
					b.Fatal(err)
				}
				line := &ledger.ResultLine{Path: "in/a.csv.result.csv", Text: "2;x\r\n"}
				if err := s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone, Answer: c.Sent, Line: line}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What planning asks of a ledger with a thousand calls of one file and a hundred orders of 300 positions.
func BenchmarkLookup(b *testing.B) {
	s := benchSite(b)
	var calls []ledger.Call
	for i := range 1000 {
		c, _ := s.benchOrder(i, 0)
		c.Kind, c.Method, c.Digest, c.Object = ledger.KindReadyStatus, ledger.KindReadyStatus, "file", fmt.Sprint("line ", i)
		calls = append(calls, c)
	}
	if err := s.l.AdoptCalls(ctx, calls, make([][]ledger.Hold, len(calls)), nil, "eve"); err != nil {
		b.Fatal(err)
	}
	var asked []ledger.Hold
	for i := range 100 {
		c, holds := s.benchOrder(i, 300)
		a, err := s.p.BeginCall(ctx, c, holds, "", nil)
		if err == nil {
			err = s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone})
		}
		if err != nil {
			b.Fatal(err)
		}
		asked = holds
	}
	systems := []ledger.SystemID{s.sys}
	for name, look := range map[string]func(v *ledger.View) (int, error){
		"content of 1000 lines": func(v *ledger.View) (int, error) {
			got, err := v.CallsOfContent(systems, ledger.KindReadyStatus, "file")
			return len(got) - 1000, err
		},
		"holders of 601 keys": func(v *ledger.View) (int, error) {
			got, err := v.Holders(systems, asked)
			if got[0] == nil || got[600] == nil {
				b.Error("a key has no holder")
			}
			return 0, err
		},
		"placed": func(v *ledger.View) (int, error) {
			got, err := v.Placed("rule.purchase.orders", "rule.ready_status.release")
			return len(got) - 100, err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := s.l.Reader().View(ctx, func(v *ledger.View) error {
					off, err := look(v)
					if off != 0 {
						b.Errorf("%d too many", off)
					}
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
