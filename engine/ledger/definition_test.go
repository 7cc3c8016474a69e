package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

func (s *site) definitions() map[string]ledger.Definition {
	s.Helper()
	var out map[string]ledger.Definition
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.Definitions()
		return err
	})
	return out
}

func put(address, digest string) ledger.Change {
	return ledger.Change{Address: address, Put: &ledger.Definition{Address: address, Digest: digest, Attributes: `["` + digest + `"]`}}
}

func TestApply(t *testing.T) {
	s := newSite(t)
	s.must(s.l.Apply(ctx, []ledger.Change{put("import.a", "1"), put("import.b", "1")}, "eve"))
	first := s.definitions()["import.a"]
	if first.Digest != "1" || first.Attributes != `["1"]` || time.Since(first.AppliedAt) > time.Minute || !first.FirstAppliedAt.Equal(first.AppliedAt) {
		t.Errorf("created: %+v", first)
	}
	s.must(s.l.Apply(ctx, []ledger.Change{put("import.a", "2"), {Address: "import.b", Forget: true}}, "adam"))
	all := s.definitions()
	second := all["import.a"]
	if len(all) != 1 || second.Digest != "2" || !second.FirstAppliedAt.Equal(first.FirstAppliedAt) || !second.AppliedAt.After(first.AppliedAt) {
		t.Errorf("updated: %+v", all)
	}
	if got := s.history("import.a", ""); !slices.Equal(got, []string{"applied  eve", "applied  adam"}) {
		t.Errorf("history: %q", got)
	}
	if got := s.history("import.b", ""); !slices.Equal(got, []string{"applied  eve", "forgotten  adam"}) {
		t.Errorf("history: %q", got)
	}
}

func TestMoveTakesHistoryAlong(t *testing.T) {
	s := newSite(t)
	s.must(s.l.Apply(ctx, []ledger.Change{put("import.staff", "1")}, "eve"))
	first := s.definitions()["import.staff"]
	w := s.put(s.file("a.csv", "d1"), ledger.StateRunning)
	s.must(s.l.Put(ctx, []ledger.File{{Address: "import.staff", Name: "a.csv", Digest: "d1", State: ledger.FileDone, Stamp: durable.Stamp{Size: 3}}},
		[]ledger.Filing{{Address: "import.staff", Item: "a.csv", Source: "a", Target: "b"}},
		[]ledger.Written{{Path: "p", Address: "import.staff", Purpose: "report"}}, "duplicate", "", ""))
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: "import.staff", MoveTo: "import.people"}, put("import.people", "2")}, "eve"))

	all := s.definitions()
	if d := all["import.people"]; len(all) != 1 || d.Digest != "2" || !d.FirstAppliedAt.Equal(first.FirstAppliedAt) {
		t.Errorf("definitions: %+v", all)
	}
	s.view(func(v *ledger.View) error {
		f, found, err := v.File("import.people", "a.csv")
		if !found || f.Digest != "d1" {
			t.Errorf("file: %+v, %v", f, found)
		}
		moves, merr := v.FilingsOf("import.people", "a.csv")
		written, werr := v.WrittenBy("import.people", "report")
		if len(moves) != 1 || len(written) != 1 {
			t.Errorf("moves %v, written %v", moves, written)
		}
		return errors.Join(err, merr, werr)
	})
	if got := s.history("import.people", ""); !slices.Equal(got, []string{"applied  eve", "duplicate", "moved was import.staff eve", "applied  eve"}) {
		t.Errorf("history: %q", got)
	}
	if got := s.history("import.staff", ""); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
	// The work under way does not notice.
	s.must(s.p.Finish(ctx, ledger.Attempt{Work: w.ID, ID: w.AttemptID, Epoch: w.Epoch}, ledger.Outcome{State: ledger.StateDone}))
	if got := s.one("import.people", "a.csv"); got.State != ledger.StateDone {
		t.Errorf("work: %+v", got)
	}
}

// The new address may bear the history of a block of that name that is gone.
func TestMoveOntoAnOlderHistory(t *testing.T) {
	s := newSite(t)
	old := s.slot("06:00")
	old.Address = "export.wages"
	s.put(old, ledger.StateDone)
	for request := range 3 {
		w := s.slot("06:00")
		w.Request = request
		s.put(w, ledger.StateFailed)
	}
	s.put(s.slot("07:00"), ledger.StateDone)
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: "export.payroll", MoveTo: "export.wages"}}, "eve"))
	if got := dump(t, s.path, `SELECT item || ' ' || request || ' ' || state FROM work WHERE address = 'export.wages' ORDER BY item, request`); len(got) != 5 ||
		got[0] != "06:00 0 done" || got[4] != "07:00 0 done" || slices.ContainsFunc(got[1:4], func(s string) bool { return s[len(s)-6:] != "failed" }) {
		t.Errorf("runs: %q", got)
	}
}

func TestMoveOfAConnection(t *testing.T) {
	s := newSite(t)
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: "connection.perbit.hr", MoveTo: "connection.perbit.people"}}, "eve"))
	if got := s.systems("connection.perbit.people", "https://elsewhere"); !slices.Equal(got, []ledger.SystemID{s.sys}) {
		t.Errorf("the new name leads to %v", got)
	}
	// The new name had led elsewhere, earlier: then both are one system, as if it had been changed there.
	other := system(t, s.l, "connection.perbit.former", "https://former")
	w := s.file("a.csv", "d1")
	w.System = other
	s.put(w, ledger.StateDone)
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: "connection.perbit.people", MoveTo: "connection.perbit.former"}}, "eve"))
	for _, name := range []string{"hr", "people", "former"} {
		if got := s.systems("connection.perbit."+name, "https://elsewhere"); !slices.Equal(got, []ledger.SystemID{s.sys}) {
			t.Errorf("%s leads to %v", name, got)
		}
	}
	_, err := s.p.Begin(ctx, s.file("a.csv", "d1"), nil)
	s.is(err, ledger.ErrTaken)
}
