package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine/ledger"
)

// call is one call of the rule of its kind.
func (s *site) call(kind, item, digest, object string) ledger.Call {
	return ledger.Call{
		Work: ledger.Work{
			Kind: kind, Address: "rule." + kind + ".orders", Item: item, System: s.sys, Endpoint: "https://shop",
			Object: object, Method: kind, Digest: digest, SourceDigest: digest, Size: 12, Definition: "rules",
		},
		File: "orders.csv", Line: 2, RequestDigest: "r-" + digest + object, Sent: `{"DocNbr":"` + item + `"}`,
	}
}

// order is the purchase of some keys, from a file with that digest.
func (s *site) order(digest string) ledger.Call {
	return s.call(ledger.KindPurchase, "o-"+digest, digest, "order 2/o-"+digest)
}

func (s *site) beginCall(c ledger.Call, holds ...ledger.Hold) ledger.Attempt {
	s.Helper()
	a, err := s.p.BeginCall(ctx, c, holds, "", nil)
	s.must(err)
	return a
}

// putCall brings a call to a state, the way that a run would.
func (s *site) putCall(c ledger.Call, state ledger.State, holds ...ledger.Hold) ledger.Call {
	s.Helper()
	a := s.beginCall(c, holds...)
	if state != ledger.StateSending {
		s.must(s.p.Finish(ctx, a, ledger.Outcome{State: state, Message: "as told"}))
	}
	return s.callOf(a.Work)
}

func (s *site) callOf(work int64) ledger.Call {
	s.Helper()
	var c ledger.Call
	s.view(func(v *ledger.View) error {
		var found bool
		var err error
		if c, found, err = v.Call(work); !found {
			s.Errorf("there is no call %d", work)
		}
		return err
	})
	return c
}

func (s *site) callsOf(systems []ledger.SystemID, kind, digest string) (out []ledger.Call) {
	s.Helper()
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.CallsOfContent(systems, kind, digest)
		return err
	})
	return out
}

// tables is what the ledger says about calls, as text.
func (s *site) tables() string {
	s.Helper()
	var out []string
	for _, q := range []string{
		`SELECT id || address || item || system || object || request || state || epoch || class || message || attempt FROM work`,
		`SELECT work || file || line || source || request_digest || sent || answer FROM call`,
		`SELECT system || kind || document || key || place || work FROM held`,
		`SELECT address || item || file || digest || approved_by || approved_at || used FROM approval`,
		`SELECT id || work || path || header || text FROM owed`,
		`SELECT id || work || result || ended_at FROM attempt`,
		`SELECT id || address || item || what || message || who FROM event`,
	} {
		out = append(out, dump(s.T, s.path, q)...)
	}
	return strings.Join(out, "\n")
}

// unchanged fails unless a call that is refused changes nothing.
func (s *site) unchanged(want error, call func() error) {
	s.Helper()
	before := s.tables()
	s.is(call(), want)
	if after := s.tables(); after != before {
		s.Errorf("changed from %s\nto\n%s", before, after)
	}
}

func TestTheWayOfACall(t *testing.T) {
	s := newSite(t)
	c := s.order("d1")
	a := s.beginCall(c, ledger.HoldPosition("2", "o-d1", "1"))
	got := s.callOf(a.Work)
	want := c
	want.ID, want.State, want.Epoch, want.Owner, want.AttemptID, want.SentAt = a.Work, ledger.StateSending, a.Epoch, s.p.ID, a.ID, got.SentAt
	if got != want || time.Since(got.SentAt) > time.Minute {
		t.Errorf("begun:\n%+v\nwant\n%+v", got, want)
	}
	line := &ledger.ResultLine{Path: "in/orders.csv.result.csv", Header: "DocNbr;Success\r\n", Text: "o-d1;true\r\n"}
	s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateWarned, Message: "Preis fehlt", Answer: `{"Action":"Purchase"}`, Line: line}))
	got = s.callOf(a.Work)
	want.State, want.Epoch, want.Owner, want.EndedAt = ledger.StateWarned, a.Epoch+1, "", got.EndedAt
	want.Message, want.Answer = "Preis fehlt", `{"Action":"Purchase"}`
	if got != want {
		t.Errorf("finished:\n%+v\nwant\n%+v", got, want)
	}
	owed := s.owed(c.Address)
	if len(owed) != 1 || owed[0] != *line || line.Work != a.Work || line.ID == 0 || line.Address != c.Address || line.Content != "d1" || line.Text != "o-d1;true\r\n" {
		t.Errorf("owed %+v, told %+v", owed, *line)
	}
	s.must(s.l.LineWritten(ctx, line.ID))
	if owed := s.owed(c.Address); len(owed) > 0 {
		t.Errorf("still owed: %+v", owed)
	}
	if got := s.history(c.Address, c.Item); !slices.Equal(got, []string{"done_with_errors Preis fehlt"}) {
		t.Errorf("history: %q", got)
	}
	s.view(func(v *ledger.View) error {
		_, found, err := v.Call(s.put(s.file("a.csv", "d1"), ledger.StateDone).ID)
		if found {
			t.Error("an upload passes for a call")
		}
		return err
	})
}

func (s *site) owed(address string) (out []ledger.ResultLine) {
	s.Helper()
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.OwedLines(address)
		return err
	})
	return out
}

// Lines are owed in the order of their outcomes, also one that a person's word brings about; an outcome that nobody
// could book owes nothing.
func TestOwedLines(t *testing.T) {
	s := newSite(t)
	const copies = "rule.silent_copy.orders"
	line := func(text string) ledger.Outcome {
		return ledger.Outcome{State: ledger.StateUnknown, Line: &ledger.ResultLine{Path: "p", Text: text}}
	}
	var attempts []ledger.Attempt
	for i := range 3 {
		attempts = append(attempts, s.beginCall(s.call(ledger.KindSilentCopy, "i", "d", fmt.Sprint("line ", i))))
	}
	for _, i := range []int{2, 0} {
		s.must(s.p.Finish(ctx, attempts[i], line(fmt.Sprint(i))))
	}
	s.unchanged(ledger.ErrOvertaken, func() error { return s.p.Finish(ctx, attempts[0], line("again")) })
	s.must(s.l.Resolve(ctx, s.callOf(attempts[0].Work).Work, true, "eve", "", line("found")))
	var texts []string
	var ids []int64
	for _, o := range s.owed(copies) {
		texts, ids = append(texts, o.Text), append(ids, o.ID)
	}
	if !slices.Equal(texts, []string{"2", "0", "found"}) {
		t.Errorf("owed: %q", texts)
	}
	if other := s.owed("rule.silent_copy.other"); len(other) > 0 {
		t.Errorf("owed elsewhere: %+v", other)
	}
	s.must(s.l.LineWritten(ctx, ids[0], ids[2], 4711))
	if rest := s.owed(copies); len(rest) != 1 || rest[0].Text != "0" {
		t.Errorf("still owed: %+v", rest)
	}
}

// The same bytes are done once, line by line, whatever names lead to them.
func TestTheSameLineIsTaken(t *testing.T) {
	s := newSite(t)
	s.putCall(s.order("d1"), ledger.StateDone)
	change := func(by func(*ledger.Call)) func() error {
		c := s.order("d1")
		by(&c)
		return func() error { _, err := s.p.BeginCall(ctx, c, nil, "", nil); return err }
	}
	for name, by := range map[string]func(*ledger.Call){
		"another rule":     func(c *ledger.Call) { c.Address, c.Item = "rule.purchase.renamed", "x" },
		"another file":     func(c *ledger.Call) { c.File, c.Line = "again.csv", 7 },
		"another request":  func(c *ledger.Call) { c.RequestDigest, c.Sent = "other", "{}" },
		"another endpoint": func(c *ledger.Call) { c.Endpoint = "https://moved" },
		"another spelling": func(c *ledger.Call) { c.Object, c.Method = " ORDER 2/O-D1", "Purchase" },
	} {
		t.Run(name, func(t *testing.T) { s.unchanged(ledger.ErrTaken, change(by)) })
	}
	for name, by := range map[string]func(*ledger.Call){
		"another line":   func(c *ledger.Call) { c.Object = "order 2/o-d1b" },
		"other bytes":    func(c *ledger.Call) { c.Digest = "d2" },
		"another kind":   func(c *ledger.Call) { c.Kind, c.Method = ledger.KindDelete, ledger.KindDelete },
		"another system": func(c *ledger.Call) { c.System = system(t, s.l, "connection.conbox.b", "https://b") },
		"a new request":  func(c *ledger.Call) { c.Request = 1 },
	} {
		if err := change(by)(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An upload and a call never meet, and neither begins, or is adopted, as the other.
func TestCallsAreNoUploads(t *testing.T) {
	s := newSite(t)
	c := s.order("d1")
	up := s.file("a.csv", "d1")
	up.Object, up.Method = c.Object, c.Method
	s.put(up, ledger.StateDone)
	w := s.putCall(c, ledger.StateNotSent).Work
	sent := s.put(s.file("b.csv", "d2"), ledger.StateNotSent)
	for name, call := range map[string]func() error{
		"Begin":            func() error { _, err := s.p.Begin(ctx, c.Work, nil); return err },
		"Begin again":      func() error { _, err := s.p.Begin(ctx, up, &w); return err },
		"BeginCall":        func() error { _, err := s.p.BeginCall(ctx, ledger.Call{Work: up}, nil, "", nil); return err },
		"BeginCall again":  func() error { _, err := s.p.BeginCall(ctx, c, nil, "", &sent); return err },
		"BeginCall mix-up": func() error { _, err := s.p.BeginCall(ctx, s.order("d7"), nil, "", &w); return err },
		"Adopt":            func() error { return s.l.Adopt(ctx, c.Work, nil, "eve") },
		"AdoptCalls":       func() error { return s.l.AdoptCalls(ctx, []ledger.Call{{Work: up}}, [][]ledger.Hold{nil}, nil, "eve") },
		"AdoptCalls short": func() error { return s.l.AdoptCalls(ctx, []ledger.Call{c}, nil, nil, "eve") },
	} {
		before := s.tables()
		if err := call(); err == nil || errors.Is(err, ledger.ErrTaken) || errors.Is(err, ledger.ErrOvertaken) {
			t.Errorf("%s: %v", name, err)
		}
		if s.tables() != before {
			t.Errorf("%s changed something", name)
		}
	}
}

// Only what came to nothing is attempted anew, and an unknown call only where a second time does no harm.
func TestWhichCallsAreAttemptedAnew(t *testing.T) {
	kinds := []string{
		ledger.KindPurchase, ledger.KindReadyStatus, ledger.KindSilentCopy, ledger.KindSaveDocumentAs, ledger.KindDelete, ledger.KindPositionData,
	}
	for _, state := range []ledger.State{
		ledger.StateSending, ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused, ledger.StateDone, ledger.StateWarned, ledger.StateFailed,
	} {
		for _, kind := range kinds {
			t.Run(fmt.Sprint(kind, " ", state), func(t *testing.T) {
				s := newSite(t)
				c := s.call(kind, "i", "d", "line 2")
				w := s.putCall(c, state).Work
				c.File, c.Line, c.Item, c.RequestDigest, c.Sent = "renamed.csv", 3, "i#2", "new", `{"new":1}`
				begin := func() error { _, err := s.p.BeginCall(ctx, c, nil, "", &w); return err }
				again := state == ledger.StateNotSent || state == ledger.StateRefused ||
					state == ledger.StateUnknown && (kind == ledger.KindReadyStatus || kind == ledger.KindPositionData)
				if !again {
					s.unchanged(ledger.ErrOvertaken, begin)
					return
				}
				s.must(begin())
				got := s.callOf(w.ID)
				want := s.callOf(w.ID)
				want.File, want.Line, want.Item, want.RequestDigest, want.Sent, want.Answer = "renamed.csv", 3, "i#2", "new", `{"new":1}`, ""
				if got != want || got.State != ledger.StateSending {
					t.Errorf("attempted anew: %+v", got)
				}
				s.unchanged(ledger.ErrOvertaken, begin)
			})
		}
	}
}

func TestOnlyTheLastRequestOfACallIsTriedAgain(t *testing.T) {
	s := newSite(t)
	c := s.call(ledger.KindReadyStatus, "i", "d", "line 2")
	old := s.putCall(c, ledger.StateNotSent).Work
	c.Request = 1
	last := s.putCall(c, ledger.StateRefused).Work
	s.unchanged(ledger.ErrOvertaken, func() error { _, err := s.p.BeginCall(ctx, c, nil, "", &old); return err })
	_, err := s.p.BeginCall(ctx, c, nil, "", &last)
	s.must(err)
}

func TestAdoptCalls(t *testing.T) {
	s := newSite(t)
	done, tried, fresh := s.order("d1"), s.order("d1"), s.order("d1")
	tried.Object, tried.Item = "order 2/b", "b"
	fresh.Object, fresh.Item = "order 2/c", "c"
	s.putCall(done, ledger.StateDone, ledger.HoldOrderNumber("1"))
	s.putCall(tried, ledger.StateRefused, ledger.HoldOrderNumber("2"))
	s.must(s.l.Await(ctx, []ledger.Approval{{Address: fresh.Address, Item: "c", Digest: "x"}}))
	file := ledger.File{Address: fresh.Address, Name: "orders.csv", Digest: "d1", State: ledger.FileDone}
	holds := [][]ledger.Hold{{ledger.HoldOrderNumber("1")}, {ledger.HoldOrderNumber("2")}, {ledger.HoldOrderNumber("3"), ledger.HoldOrderNumber("3")}}
	s.must(s.l.AdoptCalls(ctx, []ledger.Call{done, tried, fresh}, holds, &file, "eve"))
	var got []string
	for _, c := range s.callsOf([]ledger.SystemID{s.sys}, ledger.KindPurchase, "d1") {
		got = append(got, fmt.Sprint(c.Object, " ", c.Request, " ", c.State))
	}
	if want := []string{"order 2/b 0 refused", "order 2/b 1 adopted", "order 2/c 0 adopted", "order 2/o-d1 0 done"}; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	for _, number := range []string{"1", "2", "3"} {
		s.heldError(s.order("d9"), ledger.HoldOrderNumber(number))
	}
	s.view(func(v *ledger.View) error {
		_, found, err := v.Approval(fresh.Address, "c")
		f, known, ferr := v.File(fresh.Address, "orders.csv")
		if found || !known || f.State != ledger.FileDone {
			t.Errorf("approval %v, file %+v", found, f)
		}
		return errors.Join(err, ferr)
	})
	if got := s.history(fresh.Address, "c"); !slices.Equal(got, []string{"waiting for approval", "adopted counted as done without sending eve"}) {
		t.Errorf("history: %q", got)
	}
	// One that may have happened is for resolve, and the others of the file wait with it.
	for _, state := range []ledger.State{ledger.StateUnknown, ledger.StateSending} {
		c := s.call(ledger.KindPurchase, "i", "d2", fmt.Sprint("order ", state))
		s.putCall(c, state)
		s.unchanged(ledger.ErrOvertaken, func() error {
			return s.l.AdoptCalls(ctx, []ledger.Call{s.order("d3"), c}, make([][]ledger.Hold, 2), &file, "eve")
		})
	}
}

// A killed process leaves its calls unknown; they keep what they hold.
func TestRecoverKeepsHolds(t *testing.T) {
	s := newSite(t)
	l := open(t, s.path)
	p := join(t, l)
	c := s.order("d1")
	a, err := p.BeginCall(ctx, c, []ledger.Hold{ledger.HoldGUID("g")}, "", nil)
	s.must(err)
	s.must(l.Crash())
	s.must(s.l.Recover(ctx))
	if got := s.callOf(a.Work); got.State != ledger.StateUnknown || got.Class != "interrupted" {
		t.Errorf("became %+v", got)
	}
	if e := s.heldError(s.order("d2"), ledger.HoldGUID("g")); e.By.State != ledger.StateUnknown {
		t.Errorf("held by %+v", e.By)
	}
}

// Two systems that have done the same lines turn out to be one: every number stays taken, and what counts comes last.
func TestMergingSystemsWithCalls(t *testing.T) {
	s := newSite(t)
	second := system(t, s.l, "connection.conbox.two", "https://two")
	put := func(sys ledger.SystemID, object string, states ...ledger.State) {
		for i, state := range states {
			c := s.call(ledger.KindReadyStatus, "i", "d", object)
			c.System, c.Request, c.Endpoint = sys, i, fmt.Sprint(sys)
			s.putCall(c, state)
		}
	}
	put(s.sys, "a", ledger.StateDone)
	put(second, "a", ledger.StateRefused, ledger.StateNotSent)
	put(s.sys, "b", ledger.StateRefused)
	put(second, "b", ledger.StateDone)
	put(second, "c", ledger.StateDone)
	want := func(when string, systems ...ledger.SystemID) {
		t.Helper()
		last := map[string]ledger.Call{}
		n := map[string]int{}
		for _, c := range s.callsOf(systems, ledger.KindReadyStatus, "d") {
			last[c.Object] = c
			n[c.Object]++
		}
		for object, rows := range map[string]int{"a": 3, "b": 2, "c": 1} {
			if n[object] != rows || last[object].State != ledger.StateDone {
				t.Errorf("%s: %s has %d rows, the last is %s", when, object, n[object], last[object].State)
			}
		}
	}
	want("before", s.sys, second)
	id := system(t, s.l, "connection.perbit.hr", "https://two")
	want("after", id)
	for _, sys := range []ledger.SystemID{s.sys, second} {
		for request := range 3 {
			c := s.call(ledger.KindReadyStatus, "i", "d", "a")
			c.System, c.Request = sys, request
			s.unchanged(ledger.ErrTaken, func() error { _, err := s.p.BeginCall(ctx, c, nil, "", nil); return err })
		}
	}
	c := s.call(ledger.KindReadyStatus, "i", "d", "c")
	c.System = second
	s.unchanged(nil, func() error { return s.l.AdoptCalls(ctx, []ledger.Call{c}, [][]ledger.Hold{nil}, nil, "eve") })
}
