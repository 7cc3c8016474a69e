package ledger_test

import (
	"slices"
	"testing"

	"dropform/engine/ledger"
)

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct {
		happened bool
		note     string
		state    ledger.State
		text     string
	}{
		"happened":       {true, "", ledger.StateResolved, "found to have happened"},
		"did not happen": {false, "asked Ms. Huber", ledger.StateNotSent, "found not to have happened: asked Ms. Huber"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			w := s.put(s.file("a.csv", "d1"), ledger.StateUnknown)
			s.must(s.l.Resolve(ctx, w, c.happened, "eve", c.note))
			got := s.one("import.staff", "a.csv")
			if got.State != c.state || got.Class != "resolved" || got.Message != c.text || got.Epoch != w.Epoch+1 {
				t.Errorf("work: %+v", got)
			}
			if got := s.history("import.staff", "a.csv"); !slices.Equal(got, []string{"unknown as told", string(c.state) + " " + c.text + " eve"}) {
				t.Errorf("history: %q", got)
			}
			_, err := s.p.Begin(ctx, s.file("a.csv", "d1"), &got)
			if want := map[bool]error{true: ledger.ErrOvertaken}[c.happened]; c.happened {
				s.is(err, want)
			} else {
				s.must(err)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		w        ledger.Work
		was, now ledger.State
	}{
		{s.file("a.csv", "d1"), ledger.StateRefused, ledger.StateRefused},
		{s.file("b.csv", "d2"), ledger.StateNotSent, ledger.StateNotSent},
		{s.slot("06:00"), ledger.StateFailed, ledger.StateNotSent},
	} {
		w := s.put(c.w, c.was)
		s.must(s.l.Retry(ctx, w, "eve"))
		got := s.one(w.Address, w.Item)
		if got.State != c.now || got.Class != ledger.ClassRetry || got.Message != "as told" {
			t.Errorf("%s became %+v", w.Item, got)
		}
		if all := s.history(w.Address, w.Item); !slices.Equal(all, []string{string(c.was) + " as told", "retry  eve"}) {
			t.Errorf("history: %q", all)
		}
		s.begin(c.w, &got)
	}
}

func TestAdopt(t *testing.T) {
	s := newSite(t)
	w := s.file("a.csv", "d1")
	w.Path = "a.csv.protocol.txt"
	file := ledger.File{Address: w.Address, Name: w.Item, Digest: w.Digest, State: ledger.FileDone}
	s.must(s.l.Adopt(ctx, w, &file, "eve"))
	got := s.one(w.Address, w.Item)
	if got.State != ledger.StateAdopted || got.Path != w.Path || got.Request != 0 || got.Owner != "" || got.EndedAt.IsZero() {
		t.Errorf("work: %+v", got)
	}
	s.view(func(v *ledger.View) error {
		f, found, err := v.File(w.Address, w.Item)
		if !found || f.Work != got.ID || f.State != ledger.FileDone {
			t.Errorf("file: %+v", f)
		}
		return err
	})
	if all := s.history(w.Address, w.Item); !slices.Equal(all, []string{"adopted counted as done without sending eve"}) {
		t.Errorf("history: %q", all)
	}
	_, err := s.p.Begin(ctx, w, nil)
	s.is(err, ledger.ErrTaken)

	failed := s.put(s.file("b.csv", "d2"), ledger.StateFailed)
	s.must(s.l.Adopt(ctx, s.file("b.csv", "d2"), nil, "eve"))
	all := s.content([]ledger.SystemID{s.sys}, "d2")
	if len(all) != 2 || all[0] != failed || all[1].State != ledger.StateAdopted || all[1].Request != 1 {
		t.Errorf("content: %+v", all)
	}
}

func TestAdoptASlot(t *testing.T) {
	s := newSite(t)
	s.put(s.slot("06:00"), ledger.StateFailed)
	s.is(s.l.Adopt(ctx, s.slot("06:00"), nil, "eve"), ledger.ErrTaken)
	w := s.slot("06:00")
	w.Request = 1
	s.must(s.l.Adopt(ctx, w, nil, "eve"))
	s.view(func(v *ledger.View) error {
		good, found, err := v.LastGoodExport("export.payroll")
		if !found || good.State != ledger.StateAdopted || good.Request != 1 {
			t.Errorf("good: %+v, %v", good, found)
		}
		return err
	})
}

func TestAdoptFailed(t *testing.T) {
	s := newSite(t)
	w := s.put(s.file("a.csv", "d1"), ledger.StateFailed)
	s.must(s.l.AdoptFailed(ctx, w, "eve"))
	got := s.one(w.Address, w.Item)
	w.State, w.Epoch = ledger.StateAdopted, w.Epoch+1
	if got != w {
		t.Errorf("became %+v, want %+v", got, w)
	}
	if all := s.history(w.Address, w.Item); !slices.Equal(all, []string{"failed as told", "adopted counted as done eve"}) {
		t.Errorf("history: %q", all)
	}
}
