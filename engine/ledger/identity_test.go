package ledger_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"dropform/engine/ledger"
)

func (s *site) identity() (id string, sequence int64) {
	s.Helper()
	s.view(func(v *ledger.View) error {
		var err, serr error
		id, err = v.Identity()
		sequence, serr = v.Sequence()
		return errors.Join(err, serr)
	})
	return id, sequence
}

func TestIdentity(t *testing.T) {
	s, other := newSite(t), newSite(t)
	first, n := s.identity()
	if second, _ := other.identity(); first == "" || first == second || n != 0 {
		t.Errorf("ledgers %q and %q, sequence %d", first, second, n)
	}
	s.must(s.l.Close())
	s.l = open(t, s.path)
	if again, _ := s.identity(); again != first {
		t.Errorf("%q was %q before it was closed", again, first)
	}
}

func TestSequence(t *testing.T) {
	s := newSite(t)
	second := open(t, s.path)
	var mu sync.Mutex
	var got []int64
	var all sync.WaitGroup
	for _, l := range []*ledger.Ledger{s.l, second, s.l, second} {
		all.Go(func() {
			for range 25 {
				n, err := l.NextSequence(ctx, 0)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				got = append(got, n)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != 100 || got[0] != 1 || got[99] != 100 {
		t.Errorf("%d numbers from %d to %d", len(got), got[0], got[len(got)-1])
	}
	if _, n := s.identity(); n != 100 {
		t.Errorf("sequence %d", n)
	}
}

func TestTakeOver(t *testing.T) {
	s := newSite(t)
	taken := func(address string, want bool) {
		t.Helper()
		s.view(func(v *ledger.View) error {
			got, err := v.TakenOver(address)
			if got != want {
				t.Errorf("%s taken over: %v", address, got)
			}
			return err
		})
	}
	taken("rule.purchase.orders", false)
	for range 2 {
		s.must(s.l.TakeOver(ctx, "rule.purchase.orders", "eve"))
	}
	taken("rule.purchase.orders", true)
	taken("rule.purchase.other", false)
	s.must(s.l.TakeOver(ctx, "rule.purchase.renamed", "adam"))
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: "rule.purchase.orders", MoveTo: "rule.purchase.renamed"}}, "eve"))
	taken("rule.purchase.orders", false)
	taken("rule.purchase.renamed", true)
	want := []string{"taken over  eve", "taken over  eve", "taken over  adam", "moved was rule.purchase.orders eve"}
	if got := s.history("rule.purchase.renamed", ""); !slices.Equal(got, want) {
		t.Errorf("history: %q", got)
	}
}
