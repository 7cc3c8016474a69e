package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"dropform/engine/ledger"
)

// heldError is the answer to a call for a key that somebody has.
func (s *site) heldError(c ledger.Call, holds ...ledger.Hold) *ledger.HeldError {
	s.Helper()
	before := s.tables()
	_, err := s.p.BeginCall(ctx, c, holds, "", nil)
	held := (*ledger.HeldError)(nil)
	if !errors.As(err, &held) {
		s.Fatalf("%v: error is %v", holds, err)
	}
	if after := s.tables(); after != before {
		s.Errorf("changed from %s\nto\n%s", before, after)
	}
	return held
}

func (s *site) holders(systems []ledger.SystemID, holds ...ledger.Hold) (out []*ledger.Call) {
	s.Helper()
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.Holders(systems, holds)
		return err
	})
	return out
}

const guid = "A4E656FC-c462-ef99-d814-52faad2fc8db"

func TestHoldsExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		name         string
		have, wanted ledger.Hold
		excluded     bool
	}{
		{"position", ledger.HoldPosition("2", "10-1", "Pos01"), ledger.HoldPosition("2", "10-1", "Pos01"), true},
		{"position, spelled otherwise", ledger.HoldPosition("2", "Bezu\u0308ge ", "pos01"), ledger.HoldPosition("02", "BEZ\u00dcGE", " POS01"), true},
		{"another position", ledger.HoldPosition("2", "10-1", "1"), ledger.HoldPosition("2", "10-1", "01"), false},
		{"another document", ledger.HoldPosition("2", "10-1", "1"), ledger.HoldPosition("2", "10-2", "1"), false},
		{"another type", ledger.HoldPosition("2", "10-1", "1"), ledger.HoldPosition("20", "10-1", "1"), false},
		{"parts run together", ledger.HoldPosition("1", "0/1", "1"), ledger.HoldPosition("1", "0", "1/1"), false},
		{"document, then position", ledger.HoldDocument("2", "10-1"), ledger.HoldPosition("2", " 10-1", "7"), true},
		{"position, then document", ledger.HoldPosition("2", "10-1", "7"), ledger.HoldDocument("2", "10-1"), true},
		{"document twice", ledger.HoldDocument("2", "10-1"), ledger.HoldDocument("2", "10-1"), true},
		{"document, then position elsewhere", ledger.HoldDocument("2", "10-1"), ledger.HoldPosition("2", "10-10", "7"), false},
		{"position elsewhere, then document", ledger.HoldPosition("0", "10-1", "7"), ledger.HoldDocument("2", "10-1"), false},
		{"guid", ledger.HoldGUID(guid), ledger.HoldGUID(" {" + strings.ToLower(guid) + "}"), true},
		{"another guid", ledger.HoldGUID(guid), ledger.HoldGUID("b" + guid[1:]), false},
		{"order number", ledger.HoldOrderNumber("101224-01"), ledger.HoldOrderNumber("101224-01 "), true},
		{"order number and guid", ledger.HoldOrderNumber("x"), ledger.HoldGUID("x"), false},
		{"order number and document", ledger.HoldOrderNumber("10-1"), ledger.HoldDocument("2", "10-1"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			first := s.putCall(s.order("d1"), ledger.StateDone, c.have)
			free := ledger.HoldOrderNumber("free")
			asked := s.holders([]ledger.SystemID{s.sys}, free, c.wanted)
			if asked[0] != nil || (asked[1] != nil) != c.excluded || c.excluded && *asked[1] != first {
				t.Errorf("holders %v", asked)
			}
			if !c.excluded {
				s.beginCall(s.order("d2"), free, c.wanted)
				return
			}
			e := s.heldError(s.order("d2"), free, c.wanted)
			if e.By != first.Work || e.File != "orders.csv" || e.Hold != c.wanted || !strings.Contains(e.Error(), "belongs to rule.purchase.orders[o-d1]") {
				t.Errorf("held by %+v", e)
			}
			// In another system nobody has it.
			other := s.order("d2")
			other.System = system(t, s.l, "connection.conbox.b", "https://b")
			s.beginCall(other, c.wanted)
		})
	}
}

func TestAKeyWithAnEmptyPartIsRefused(t *testing.T) {
	s := newSite(t)
	for _, h := range []ledger.Hold{
		ledger.HoldGUID("{}"), ledger.HoldOrderNumber(" "), ledger.HoldPosition("2", "10-1", ""), ledger.HoldPosition("", "10-1", "1"), ledger.HoldDocument("2", "\t"),
	} {
		before := s.tables()
		if _, err := s.p.BeginCall(ctx, s.order("d1"), []ledger.Hold{h}, "", nil); err == nil || !strings.Contains(err.Error(), "is not a complete key") {
			t.Errorf("%+v: %v", h, err)
		}
		if s.tables() != before {
			t.Errorf("%+v changed something", h)
		}
	}
}

// What certainly came to nothing frees its keys; everything else has them for ever.
func TestHoldsByOutcome(t *testing.T) {
	holds := []ledger.Hold{ledger.HoldPosition("2", "10-1", "1"), ledger.HoldGUID(guid), ledger.HoldOrderNumber("E1"), ledger.HoldGUID(guid)}
	keys := holds[:3]
	free := map[ledger.State]bool{ledger.StateNotSent: true, ledger.StateRefused: true}
	for _, state := range []ledger.State{
		ledger.StateSending, ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused, ledger.StateDone, ledger.StateWarned, ledger.StateFailed,
	} {
		t.Run(string(state), func(t *testing.T) {
			s := newSite(t)
			c := s.order("d1")
			w := s.putCall(c, state, holds...).Work
			if !free[state] {
				for _, k := range keys {
					s.heldError(s.order("d2"), k)
				}
				return
			}
			// Whoever is first has them now, and the call that is attempted anew takes them again, or not.
			a := s.beginCall(s.order("d2"), keys[1])
			again := func() error { _, err := s.p.BeginCall(ctx, c, holds, "", &w); return err }
			before := s.tables()
			held := (*ledger.HeldError)(nil)
			if err := again(); !errors.As(err, &held) || held.By.Item != "o-d2" || held.Hold != keys[1] || s.tables() != before {
				t.Errorf("attempted anew: %v", err)
			}
			s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateRefused}))
			s.must(again())
			for _, k := range keys {
				if e := s.heldError(s.order("d3"), k); e.By.ID != w.ID {
					t.Errorf("%v is held by %+v", k, e.By)
				}
			}
		})
	}
	for _, happened := range []bool{true, false} {
		t.Run(fmt.Sprint("resolved ", happened), func(t *testing.T) {
			s := newSite(t)
			w := s.putCall(s.order("d1"), ledger.StateUnknown, holds...).Work
			s.must(s.l.Resolve(ctx, w, happened, "eve", ""))
			if happened {
				s.heldError(s.order("d2"), keys[2])
			} else {
				s.beginCall(s.order("d2"), keys...)
			}
		})
	}
}

// Two calls that both happened guard a key that both have, as long as one of them may have happened.
func TestAKeyOfTwo(t *testing.T) {
	key, whole := ledger.HoldPosition("2", "10-1", "1"), ledger.HoldDocument("2", "10-1")
	var s *site
	var second ledger.SystemID
	inSecond := func(c ledger.Call) ledger.Call { c.System = second; return c }
	merge := func() { system(s.T, s.l, "connection.perbit.hr", "https://two") }
	adopt := func(h ledger.Hold) {
		s.must(s.l.AdoptCalls(ctx, []ledger.Call{s.order("d2")}, [][]ledger.Hold{{h}}, nil, "eve"))
	}
	for name, c := range map[string]struct {
		second func() []ledger.Work // what can still be found not to have happened
		free   bool                 // whether the keys are free when none of it has
	}{
		"merged, both unknown": {func() []ledger.Work {
			w := s.putCall(inSecond(s.order("d2")), ledger.StateUnknown, key).Work
			merge()
			return []ledger.Work{s.callOf(w.ID).Work}
		}, true},
		"merged, the second done": {func() []ledger.Work {
			s.putCall(inSecond(s.order("d2")), ledger.StateDone, key)
			merge()
			return nil
		}, false},
		"merged, the second has it whole": {func() []ledger.Work {
			s.putCall(inSecond(s.order("d2")), ledger.StateDone, whole)
			merge()
			return nil
		}, false},
		"adopted":       {func() []ledger.Work { adopt(key); return nil }, false},
		"adopted whole": {func() []ledger.Work { adopt(whole); return nil }, false},
		"merged, two of three done": {func() []ledger.Work {
			s.putCall(inSecond(s.order("d2")), ledger.StateDone, key)
			s.must(s.l.AdoptCalls(ctx, []ledger.Call{inSecond(s.order("d4"))}, [][]ledger.Hold{{key}}, nil, "eve"))
			merge()
			return nil
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, firstGoes := range []int{0, 1} {
				s = newSite(t)
				second = system(t, s.l, "connection.conbox.two", "https://two")
				first := s.putCall(s.order("d1"), ledger.StateUnknown, key).Work
				going := append([]ledger.Work{first}, c.second()...)
				if by := s.holders(s.systems("connection.perbit.hr", "https://one"), key)[0]; by == nil || by.ID != first.ID {
					t.Errorf("with %+v, not with who came first", by)
				}
				if firstGoes == 1 {
					slices.Reverse(going)
				}
				for _, w := range going {
					s.heldError(s.order("d3"), key)
					s.heldError(s.order("d3"), whole)
					s.must(s.l.Resolve(ctx, s.callOf(w.ID).Work, false, "eve", ""))
				}
				if c.free {
					s.beginCall(s.order("d3"), key)
					continue
				}
				if e := s.heldError(s.order("d3"), key); e.By.Item != "o-d2" {
					t.Errorf("held by %+v", e.By)
				}
				s.heldError(s.order("d3"), whole)
			}
		})
	}
}

// One order by number, by GUID, by ExtPchNbr and as a whole, in four files and two processes at once: one is placed.
func TestHoldRacing(t *testing.T) {
	s := newSite(t)
	other := join(t, open(t, s.path))
	for round := range 40 {
		doc, id, number := fmt.Sprint("10-", round), fmt.Sprintf("%s%04d", guid[:32], round), fmt.Sprint("E", round)
		forms := [][]ledger.Hold{
			{ledger.HoldPosition("2", doc, "1"), ledger.HoldGUID(id), ledger.HoldOrderNumber(number)},
			{ledger.HoldGUID("{" + id + "}"), ledger.HoldOrderNumber(fmt.Sprint(number, "b")), ledger.HoldPosition("2", doc, "1")},
			{ledger.HoldOrderNumber(number), ledger.HoldPosition("2", doc+"b", "1"), ledger.HoldDocument("2", doc)},
			{ledger.HoldDocument("2", doc), ledger.HoldOrderNumber(number), ledger.HoldGUID(id)},
		}
		errs := make([]error, len(forms))
		start := make(chan struct{})
		var all sync.WaitGroup
		for i, holds := range forms {
			p := []*ledger.Process{s.p, other}[i%2]
			all.Go(func() {
				<-start
				_, errs[i] = p.BeginCall(ctx, s.order(fmt.Sprint("d", round, "/", i)), holds, "", nil)
			})
		}
		close(start)
		all.Wait()
		won := 0
		for _, err := range errs {
			held := (*ledger.HeldError)(nil)
			switch {
			case err == nil:
				won++
			case !errors.As(err, &held):
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d of them began", round, won)
		}
	}
}

// Many keys are asked for at once, in any of the systems.
func TestHoldersOfMany(t *testing.T) {
	s := newSite(t)
	second := system(t, s.l, "connection.conbox.two", "https://two")
	var asked []ledger.Hold
	for i := range 1200 {
		asked = append(asked, ledger.HoldPosition("2", fmt.Sprint("10-", i), "1"), ledger.HoldGUID(fmt.Sprint("g", i)), ledger.HoldDocument("2", fmt.Sprint("10-", i)))
	}
	first := s.putCall(s.order("d1"), ledger.StateDone, asked[0], asked[3*700+1])
	w := s.order("d2")
	w.System = second
	other := s.putCall(w, ledger.StateUnknown, asked[3*1100])
	want := map[int]ledger.Call{0: first, 2: first, 3*700 + 1: first, 3 * 1100: other, 3*1100 + 2: other}
	for i, got := range s.holders([]ledger.SystemID{s.sys, second}, asked...) {
		w, held := want[i]
		if (got != nil) != held || held && *got != w {
			t.Errorf("%v is held by %+v", asked[i], got)
		}
	}
	for _, got := range s.holders(nil, asked...) {
		if got != nil {
			t.Errorf("without a system: %+v", got)
		}
	}
}
