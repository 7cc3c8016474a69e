package ledger_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"dropform/engine/ledger"
)

// One upload as the ledger sees it: three durable transactions, by one or several files of one process at once.
func BenchmarkUploadCycle(b *testing.B) {
	for _, writers := range []int{1, 4, 24} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := open(b, newPath(b))
			p := join(b, l)
			s := &site{l: l, p: p, sys: system(b, l, "connection.perbit.hr", "https://one")}
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := s.cycle(fmt.Sprintf("%064x", i)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func (s *site) cycle(digest string) error {
	w := s.file(digest+".csv", digest)
	a, err := s.p.Begin(ctx, w, nil)
	if err != nil {
		return err
	}
	if err := s.p.Accepted(ctx, a, "remote"); err != nil {
		return err
	}
	return s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone, Files: []ledger.File{{Address: w.Address, Name: w.Item, Digest: digest, State: ledger.FileDone}}})
}
