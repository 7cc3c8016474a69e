package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"dropform/engine/ledger"
)

func items(calls []ledger.Call) (out []string) {
	for _, c := range calls {
		out = append(out, c.Item)
	}
	return out
}

func TestPlacedAndFollowed(t *testing.T) {
	s := newSite(t)
	work := map[string]int64{}
	put := func(address, item string, state ledger.State) {
		c := s.call(ledger.KindPurchase, item, item, "order")
		c.Address = address
		work[item] = s.putCall(c, state).ID
	}
	const rule = "rule.purchase.orders"
	put(rule+"[wels]", "a", ledger.StateDone)
	put(rule, "b", ledger.StateWarned)
	put(rule, "refused", ledger.StateRefused)
	put(rule, "not sent", ledger.StateNotSent)
	put(rule, "sending", ledger.StateSending)
	put(rule, "unknown", ledger.StateUnknown)
	put(rule, "c", ledger.StateUnknown)
	s.must(s.l.Resolve(ctx, s.callOf(work["c"]).Work, true, "eve", ""))
	put(rule+"2", "another", ledger.StateDone)
	put("rule.purchase.order", "another2", ledger.StateDone)
	adopted := s.call(ledger.KindPurchase, "adopted", "adopted", "order")
	s.must(s.l.AdoptCalls(ctx, []ledger.Call{adopted}, make([][]ledger.Hold, 1), nil, "eve"))

	const follower = "rule.ready_status.release"
	follow := func(address, item string, states ...ledger.State) {
		for i, state := range states {
			c := s.call(ledger.KindReadyStatus, item, "after "+item+address, "after")
			c.Address, c.Source, c.File, c.Line, c.Request = address, work[item], "", 0, i
			s.putCall(c, state)
		}
	}
	want := func(got []ledger.Call, err error, want ...string) {
		t.Helper()
		if names := items(got); err != nil || !slices.Equal(names, want) {
			t.Errorf("%q, %v; want %q", names, err, want)
		}
	}
	follow(follower, "a", ledger.StateRefused, ledger.StateDone)
	follow(follower, "b", ledger.StateRefused)
	follow(follower+"[x]", "c", ledger.StateDone)
	s.view(func(v *ledger.View) error {
		got, err := v.Placed(rule, "")
		want(got, err, "a", "b", "c")
		got, err = v.Placed(rule, follower)
		want(got, err, "b", "c")
		got, err = v.Placed(rule, follower+"[x]")
		want(got, err, "a", "b")
		sources := []int64{work["c"], work["b"], work["a"]}
		got, err = v.FollowedBy(follower, sources...)
		want(got, err, "a", "a", "b")
		if sources[0] != work["c"] {
			t.Error("the caller's list was sorted")
		}
		got, err = v.FollowedBy(follower, work["unknown"])
		want(got, err)
		return nil
	})
}

func TestItemsLike(t *testing.T) {
	s := newSite(t)
	for i, item := range []string{"10-1", "10-1#2", "10-1#12", "10-1#x", "10-1#", "10-10", "10-1 b", "10-1.2", "10-1#2#3", "10"} {
		s.putCall(s.call(ledger.KindReadyStatus, item, fmt.Sprint("d", i), "line 2"), ledger.StateDone)
	}
	other := s.call(ledger.KindReadyStatus, "10-1#7", "other", "line 2")
	other.Address = "rule.ready_status.other"
	s.putCall(other, ledger.StateDone)
	s.view(func(v *ledger.View) error {
		got, err := v.ItemsLike("rule.ready_status.orders", "10-1")
		if !slices.Equal(got, []string{"10-1", "10-1#12", "10-1#2"}) {
			t.Errorf("items %q", got)
		}
		return err
	})
}

func TestCallsOfFile(t *testing.T) {
	s := newSite(t)
	put := func(item string, change func(*ledger.Call)) {
		c := s.call(ledger.KindReadyStatus, item, "d1", item)
		change(&c)
		s.putCall(c, ledger.StateDone)
	}
	put("tenth", func(c *ledger.Call) { c.Line = 10 })
	put("second", func(*ledger.Call) {})
	put("third", func(c *ledger.Call) { c.Line = 3 })
	put("older content", func(c *ledger.Call) { c.Digest = "d0" })
	put("other name", func(c *ledger.Call) { c.File = "renamed.csv" })
	put("other rule", func(c *ledger.Call) { c.Address = "rule.ready_status.other" })
	s.view(func(v *ledger.View) error {
		got, err := v.CallsOfFile("rule.ready_status.orders", "orders.csv", "d1")
		if !slices.Equal(items(got), []string{"second", "third", "tenth"}) {
			t.Errorf("calls %q", items(got))
		}
		return err
	})
}

// Calls are work like any other to whoever looks for what is not done.
func TestUnfinishedCalls(t *testing.T) {
	s := newSite(t)
	s.putCall(s.order("a"), ledger.StateDone)
	open := s.putCall(s.order("b"), ledger.StateUnknown)
	s.view(func(v *ledger.View) error {
		got, err := v.Unfinished()
		if len(got) != 1 || got[0] != open.Work {
			t.Errorf("unfinished: %+v", got)
		}
		return err
	})
}
