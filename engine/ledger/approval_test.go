package ledger_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"dropform/engine/ledger"
)

// asked is the approval that an order waits for.
func asked(c ledger.Call, digest string) ledger.Approval {
	return ledger.Approval{
		Address: c.Address, Item: c.Item, File: c.File, FileDigest: c.Digest, RequestDigest: c.RequestDigest, Digest: digest, Shown: `{"total":"1.20"}`,
	}
}

func (s *site) approval(c ledger.Call) ledger.Approval {
	s.Helper()
	var a ledger.Approval
	s.view(func(v *ledger.View) error {
		var found bool
		var err error
		if a, found, err = v.Approval(c.Address, c.Item); !found {
			s.Errorf("nothing is recorded for %s", c.Item)
		}
		return err
	})
	return a
}

// approved makes an order wait and approves it.
func (s *site) approved(c ledger.Call, digest string) {
	s.Helper()
	s.must(s.l.Await(ctx, []ledger.Approval{asked(c, digest)}))
	s.must(s.l.Approve(ctx, asked(c, digest), "eve"))
}

func TestAwaitAndApprove(t *testing.T) {
	s := newSite(t)
	c := s.order("d1")
	s.must(s.l.Await(ctx, []ledger.Approval{asked(c, "x")}))
	got := s.approval(c)
	want := asked(c, "x")
	want.At = got.At
	if got != want || time.Since(got.At) > time.Minute {
		t.Errorf("waits as %+v", got)
	}
	s.unchanged(nil, func() error { return s.l.Await(ctx, []ledger.Approval{asked(c, "x")}) })
	s.unchanged(ledger.ErrOvertaken, func() error { return s.l.Approve(ctx, asked(c, "y"), "eve") })
	s.unchanged(ledger.ErrOvertaken, func() error { return s.l.Approve(ctx, asked(s.order("d2"), "x"), "eve") })
	s.must(s.l.Approve(ctx, asked(c, "x"), "eve"))
	want = s.approval(c)
	if want.By != "eve" || time.Since(want.ApprovedAt) > time.Minute {
		t.Errorf("approved as %+v", want)
	}
	s.unchanged(nil, func() error { return s.l.Approve(ctx, asked(c, "x"), "adam") })

	// The same call from another file keeps its approval; any other call at its place does not.
	moved := asked(c, "x")
	moved.File, moved.FileDigest = "renamed.csv", "d7"
	s.must(s.l.Await(ctx, []ledger.Approval{moved}))
	want.File, want.FileDigest = moved.File, moved.FileDigest
	if got := s.approval(c); got != want {
		t.Errorf("renamed: %+v", got)
	}
	s.must(s.l.Await(ctx, []ledger.Approval{asked(c, "y")}))
	if got := s.approval(c); got.Digest != "y" || !got.ApprovedAt.IsZero() || got.By != "" {
		t.Errorf("changed: %+v", got)
	}
	s.unchanged(ledger.ErrOvertaken, func() error { return s.l.Approve(ctx, asked(c, "x"), "eve") })
	if got := s.history(c.Address, c.Item); !slices.Equal(got, []string{"waiting for approval", "approved  eve", "waiting for approval"}) {
		t.Errorf("history: %q", got)
	}
}

func TestApprovalsOfARule(t *testing.T) {
	s := newSite(t)
	a, b, used := s.order("a"), s.order("b"), s.order("c")
	other := s.call(ledger.KindDelete, "x", "d", "line 2")
	s.must(s.l.Await(ctx, []ledger.Approval{asked(b, "1"), asked(a, "1"), asked(other, "1")}))
	s.approved(used, "1")
	_, err := s.p.BeginCall(ctx, used, nil, "1", nil)
	s.must(err)
	look := func(wantRule, wantAll []string) {
		t.Helper()
		s.view(func(v *ledger.View) error {
			of, err := v.Approvals(a.Address)
			all, aerr := v.AllApprovals()
			var items []string
			for _, w := range all {
				items = append(items, w.Item)
			}
			if got := slices.Sorted(maps.Keys(of)); !slices.Equal(got, wantRule) || !slices.Equal(items, wantAll) {
				t.Errorf("the rule's %v, all %v", got, items)
			}
			return errors.Join(err, aerr)
		})
	}
	look([]string{"o-a", "o-b"}, []string{"x", "o-a", "o-b"})
	s.must(s.l.Forgo(ctx, a.Address, "o-a", "o-c", "none"))
	look([]string{"o-b"}, []string{"x", "o-b"})
	if !s.approval(used).Used {
		t.Error("what was used is forgotten")
	}
	s.must(s.l.Apply(ctx, []ledger.Change{{Address: a.Address, MoveTo: "rule.purchase.renamed"}}, "eve"))
	look(nil, []string{"x", "o-b"})
	b.Address = "rule.purchase.renamed"
	s.must(s.l.Approve(ctx, asked(b, "1"), "eve"))
}

func TestACallNeedsItsApproval(t *testing.T) {
	type begin struct{ digest, request string }
	for name, c := range map[string]struct {
		prepare func(s *site, c ledger.Call)
		with    begin
		want    error
	}{
		"approved":                  {func(s *site, c ledger.Call) { s.approved(c, "x") }, begin{digest: "x"}, nil},
		"of a rule that needs none": {func(*site, ledger.Call) {}, begin{}, nil},
		"nothing recorded":          {func(*site, ledger.Call) {}, begin{digest: "x"}, ledger.ErrNotApproved},
		"waiting": {func(s *site, c ledger.Call) {
			s.must(s.l.Await(ctx, []ledger.Approval{asked(c, "x")}))
		}, begin{digest: "x"}, ledger.ErrNotApproved},
		"another digest":  {func(s *site, c ledger.Call) { s.approved(c, "x") }, begin{digest: "y"}, ledger.ErrNotApproved},
		"another request": {func(s *site, c ledger.Call) { s.approved(c, "x") }, begin{"x", "other"}, ledger.ErrNotApproved},
		"another order":   {func(s *site, _ ledger.Call) { s.approved(s.order("d2"), "x") }, begin{digest: "x"}, ledger.ErrNotApproved},
		"used": {func(s *site, c ledger.Call) {
			s.approved(c, "x")
			c.Digest = "d0"
			_, err := s.p.BeginCall(ctx, c, nil, "x", nil)
			s.must(err)
		}, begin{digest: "x"}, ledger.ErrNotApproved},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			order := s.order("d1")
			c.prepare(s, order)
			if c.with.request != "" {
				order.RequestDigest = c.with.request
			}
			call := func() error {
				_, err := s.p.BeginCall(ctx, order, []ledger.Hold{ledger.HoldOrderNumber("E1")}, c.with.digest, nil)
				return err
			}
			if c.want != nil {
				s.unchanged(c.want, call)
				return
			}
			s.must(call())
			if c.with.digest != "" && !s.approval(order).Used {
				t.Error("the approval is not used up")
			}
		})
	}
}

// A call that is refused for its keys has used nothing up.
func TestARefusedKeyKeepsTheApproval(t *testing.T) {
	s := newSite(t)
	s.putCall(s.order("d1"), ledger.StateDone, ledger.HoldOrderNumber("E1"))
	c := s.order("d2")
	s.approved(c, "x")
	s.heldError(c, ledger.HoldOrderNumber("E1"))
	_, err := s.p.BeginCall(ctx, c, nil, "x", nil)
	s.must(err)
}

// Only an attempt of which no byte left gives its approval back, and only while the call waits no other way since.
func TestWhatBecomesOfAnApproval(t *testing.T) {
	begin := func(s *site, c ledger.Call) ledger.Attempt {
		s.approved(c, "x")
		a, err := s.p.BeginCall(ctx, c, nil, "x", nil)
		s.must(err)
		return a
	}
	finish := func(state ledger.State) func(*site, ledger.Call) {
		return func(s *site, c ledger.Call) { s.must(s.p.Finish(ctx, begin(s, c), ledger.Outcome{State: state})) }
	}
	await := func(s *site, c ledger.Call, digest string) {
		s.must(s.l.Await(ctx, []ledger.Approval{asked(c, digest)}))
	}
	work := func(s *site, c ledger.Call) ledger.Work { return s.one(c.Address, c.Item) }
	for name, c := range map[string]struct {
		happens func(*site, ledger.Call)
		usable  bool
	}{
		"not sent": {finish(ledger.StateNotSent), true},
		"refused":  {finish(ledger.StateRefused), false},
		"done":     {finish(ledger.StateDone), false},
		"warned":   {finish(ledger.StateWarned), false},
		"unknown":  {finish(ledger.StateUnknown), false},
		"sending":  {func(s *site, c ledger.Call) { begin(s, c) }, false},
		"not sent, and waits as another call since": {func(s *site, c ledger.Call) {
			a := begin(s, c)
			await(s, c, "y")
			s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateNotSent}))
		}, false},
		"not sent, and waits anew since": {func(s *site, c ledger.Call) {
			a := begin(s, c)
			await(s, c, "x")
			s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateNotSent}))
		}, false},
		"waits again after a refusal": {func(s *site, c ledger.Call) {
			finish(ledger.StateRefused)(s, c)
			await(s, c, "x")
		}, false},
		"approved again after a refusal": {func(s *site, c ledger.Call) {
			finish(ledger.StateRefused)(s, c)
			s.approved(c, "x")
		}, true},
		"retried": {func(s *site, c ledger.Call) {
			finish(ledger.StateNotSent)(s, c)
			s.must(s.l.Retry(ctx, work(s, c), "eve"))
		}, false},
		"did not happen": {func(s *site, c ledger.Call) {
			finish(ledger.StateUnknown)(s, c)
			s.approved(c, "x")
			s.must(s.l.Resolve(ctx, work(s, c), false, "eve", ""))
		}, false},
		"found not to have happened, and approved": {func(s *site, c ledger.Call) {
			finish(ledger.StateUnknown)(s, c)
			s.must(s.l.Resolve(ctx, work(s, c), false, "eve", ""))
			s.approved(c, "x")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			order := s.order("d1")
			c.happens(s, order)
			got := s.approval(order)
			if usable := got.Digest == "x" && !got.ApprovedAt.IsZero() && !got.Used; usable != c.usable {
				t.Errorf("recorded as %+v", got)
			}
			w := work(s, order)
			call := func() error { _, err := s.p.BeginCall(ctx, order, nil, "x", &w); return err }
			switch {
			case c.usable:
				s.must(call())
			case w.State == ledger.StateNotSent || w.State == ledger.StateRefused:
				s.unchanged(ledger.ErrNotApproved, call)
			default:
				s.unchanged(ledger.ErrOvertaken, call)
			}
		})
	}
}

// An attempt gives back the approval that it used, not one that another call at the same place has used since.
func TestAnApprovalIsGivenBackByItsAttempt(t *testing.T) {
	s := newSite(t)
	c, other := s.order("d1"), s.order("d2")
	other.Item, other.RequestDigest = c.Item, c.RequestDigest
	var attempts []ledger.Attempt
	for _, c := range []ledger.Call{c, other} {
		s.approved(c, "x")
		a, err := s.p.BeginCall(ctx, c, nil, "x", nil)
		s.must(err)
		attempts = append(attempts, a)
	}
	s.must(s.p.Finish(ctx, attempts[0], ledger.Outcome{State: ledger.StateNotSent}))
	if !s.approval(c).Used {
		t.Error("the approval of another attempt was given back")
	}
	s.must(s.p.Finish(ctx, attempts[1], ledger.Outcome{State: ledger.StateNotSent}))
	if s.approval(c).Used {
		t.Error("the approval was not given back")
	}
}
