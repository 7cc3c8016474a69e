package engine_test

import (
	"database/sql"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// onPurchase is a fault that hits one Purchase.
func onPurchase(kind string, change ...func(*sandbox.Fault)) sandbox.Fault {
	f := sandbox.Fault{Kind: kind, Action: "Purchase", Times: 1}
	for _, c := range change {
		c(&f)
	}
	return f
}

func status(code int, accepted bool) func(*sandbox.Fault) {
	return func(f *sandbox.Fault) { f.Status, f.Accepted = code, accepted }
}

func after(f *sandbox.Fault) { f.Accepted = true }

// TestOutcomeOfAPurchase: what is recorded of an order says no more than what is certain, and what is unknown is held until
// a person has said what happened. Then it is ordered once in all, whichever it was.
func TestOutcomeOfAPurchase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sandbox.Fault
		state ledger.State
		made  bool
	}{
		"cut before the effect":     {onPurchase(sandbox.FaultCutBefore), ledger.StateUnknown, false},
		"cut in the body":           {onPurchase(sandbox.FaultCutDuringRequest), ledger.StateUnknown, false},
		"cut after the effect":      {onPurchase(sandbox.FaultCutAfterAccept), ledger.StateUnknown, true},
		"garbage":                   {onPurchase(sandbox.FaultGarbage), ledger.StateUnknown, true},
		"500 before":                {onPurchase(sandbox.FaultStatus, status(500, false)), ledger.StateUnknown, false},
		"500 after":                 {onPurchase(sandbox.FaultStatus, status(500, true)), ledger.StateUnknown, true},
		"503 after":                 {onPurchase(sandbox.FaultStatus, status(503, true)), ledger.StateUnknown, true},
		"400 before":                {onPurchase(sandbox.FaultStatus, status(400, false)), ledger.StateUnknown, false},
		"400 after":                 {onPurchase(sandbox.FaultStatus, status(400, true)), ledger.StateUnknown, true},
		"403 before":                {onPurchase(sandbox.FaultStatus, status(403, false)), ledger.StateUnknown, false},
		"redirected":                {onPurchase(sandbox.FaultStatus, status(307, false)), ledger.StateUnknown, false},
		"404 after":                 {onPurchase(sandbox.FaultStatus, status(404, true)), ledger.StateUnknown, true},
		"login page before":         {onPurchase(sandbox.FaultHTMLLogin), ledger.StateUnknown, false},
		"login page after":          {onPurchase(sandbox.FaultHTMLLogin, after), ledger.StateUnknown, true},
		"too slow":                  {onPurchase(sandbox.FaultSlowAnswer, func(f *sandbox.Fault) { f.Delay = time.Minute }), ledger.StateUnknown, true},
		"405":                       {onPurchase(sandbox.FaultStatus, status(405, false)), ledger.StateNotSent, false},
		"413":                       {onPurchase(sandbox.FaultStatus, status(413, false)), ledger.StateNotSent, false},
		"401":                       {onPurchase(sandbox.FaultStatus, status(401, false)), ledger.StateNotSent, false},
		"refused":                   {onPurchase(sandbox.FaultRefuse), ledger.StateRefused, false},
		"refused with status 500":   {onPurchase(sandbox.FaultErrorStatus), ledger.StateDone, true},
		"in the vendor's spellings": {onPurchase(sandbox.FaultBrokenJSON), ledger.StateDone, true},
		"keys in lower case":        {onPurchase(sandbox.FaultKeyCase), ledger.StateDone, true},
		"with a byte order mark":    {onPurchase(sandbox.FaultBOM), ledger.StateDone, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(strings.Replace(shop, `"3s"`, `"1s"`, 1) + orders)
			r.write("in/a.csv", order(door))
			r.inject(c.fault)
			r.apply(cfg, engine.PlanOptions{})
			if got := r.stateOf("rule.purchase.orders", "101224-01"); got != string(c.state) {
				t.Fatalf("state %q, %+v", got, r.lastEnd())
			}
			if made := len(r.placed()) == 1; made != c.made {
				t.Fatalf("ordered %q", r.placed())
			}
			held := c.state == ledger.StateUnknown || c.state == ledger.StateDone
			for _, who := range r.holders(cfg, ledger.HoldPosition("2", "101224-01", "Pos01"), ledger.HoldGUID(r.guidOf(door))) {
				if (who != "") != held {
					t.Errorf("held by %q", who)
				}
			}
			if c.state == ledger.StateUnknown {
				r.settleUnknown(cfg, c.made)
			}
		})
	}
}

// settleUnknown checks that the unknown order waits for a person, that neither retry nor adopt nor another file goes past
// it, and that a true word about it ends in exactly one order.
func (r *rig) settleUnknown(cfg *engine.Config, made bool) {
	r.t.Helper()
	before := len(r.placed())
	for _, more := range []string{frame, hinge} {
		r.write("in/b.csv", order(more, door))
		r.expectPlan(cfg, "? "+theDoc+" outcome unknown", "x rule.purchase.orders[b.csv] overlaps an order")
		if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done > 0 {
			r.t.Errorf("tally: %+v", tally)
		}
	}
	for what, err := range map[string]error{"retry": r.retry(cfg, theDoc), "adopt": r.adopt(cfg, theDoc)} {
		if err == nil || !strings.Contains(err.Error(), "resolve") {
			r.t.Errorf("%s of an unknown outcome: %v", what, err)
		}
	}
	if _, err := r.tryPlan(cfg, engine.PlanOptions{Replace: []string{theDoc}}); err == nil {
		r.t.Error("-replace of an unknown outcome is not refused")
	}
	if len(r.placed()) != before {
		r.t.Fatalf("ordered %q", r.placed())
	}
	if err := r.resolve(cfg, theDoc, made); err != nil {
		r.t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	r.expectNothing(cfg)
	if !r.exists("in/a.csv.protocol.txt") {
		r.t.Error("the file has no protocol")
	}
}

// TestResolvingByLying: a person who is wrong about what happened is believed; that is the one way to a second order.
func TestResolvingByLying(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.inject(onPurchase(sandbox.FaultCutAfterAccept))
	r.apply(cfg, engine.PlanOptions{})
	if err := r.resolve(cfg, theDoc, false); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, door)
}

// TestWhatDidNotHappenIsFree: another file may have what an order held of which a person found that it was not placed.
func TestWhatDidNotHappenIsFree(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.inject(onPurchase(sandbox.FaultCutBefore))
	r.apply(cfg, engine.PlanOptions{})
	r.remove("in/a.csv")
	if err := r.resolve(cfg, theDoc, false); err != nil {
		t.Fatal(err)
	}
	r.write("in/b.csv", order(frame, door))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
	r.write("in/a.csv", order(door))
	r.expectPlan(cfg, "x rule.purchase.orders[a.csv] overlaps an order")
}

// TestRefusedOrder: what the server said no to reached it. It is not tried again by itself, and after retry it needs a new
// approval; the rest of its file goes on.
func TestRefusedOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door, window))
	r.inject(sandbox.Fault{Kind: sandbox.FaultRefuse, Action: "Purchase", Position: door, Body: "Kreditlimit überschritten.", Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	if err := r.approve(cfg, "*"); err != nil {
		t.Fatal(err)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 1, 0, 0, 0)
	r.expectPlaced(window)
	for range 2 {
		p := r.expectPlan(cfg, "? "+theDoc+" refused")
		if !strings.Contains(p.Actions[0].Text, "Kreditlimit überschritten.") {
			t.Errorf("it does not say why: %q", p.Actions[0].Text)
		}
		r.applyNaming(cfg, "*")
	}
	if err := r.approve(cfg, theDoc); err == nil {
		t.Error("a refused order can be approved without retry")
	}
	if err := r.retry(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	p := r.expectPlan(cfg, "! "+theDoc+" retry")
	if p.Actions[0].Approval != engine.ApprovalRequired {
		t.Errorf("the used approval holds: %q", p.Actions[0].Approval)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(window)
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(window, door)
	r.expectNothing(cfg)
	if got := strings.Count(r.read("in/a.csv.result.csv"), "\r\n"); got != 4 {
		t.Errorf("the result has %d lines: a header, a refusal and two orders are expected", got)
	}
}

// TestRefusedOrderFreesWhatItHeld: new content may have what was refused of the old.
func TestRefusedOrderFreesWhatItHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.inject(onPurchase(sandbox.FaultRefuse))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", order(door, frame))
	r.expectPlan(cfg, "! rule.purchase.orders[101224-01#2] row")
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
	if err := r.retry(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.write("in/old.csv", order(door)) // what was refused, back again
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
}

// TestCorrectionUnderAnotherName: a file that waits after a refusal does not keep the one that corrects it.
func TestCorrectionUnderAnotherName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.inject(onPurchase(sandbox.FaultRefuse))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/b.csv", order(door, frame))
	r.expectPlan(cfg, "? "+theDoc+" refused", "! rule.purchase.orders[101224-01#2] row")
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
	r.expectPlan(cfg, "x rule.purchase.orders[a.csv] overlaps an order")
	if err := r.retry(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame)
	r.expectNothing(cfg)
}

// TestReadsAreRepeatedAsTheConnectionSays: what only reads is sent as often as the connection's retry block allows.
func TestReadsAreRepeatedAsTheConnectionSays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "GetPositionData", Status: 503})
	r.expectPlan(cfg)
	if n := r.box.ConboxState().Actions["GetPositionData"]; n != 2 {
		t.Errorf("read %d times", n)
	}
}

// TestProbeFails: before anything that could order there is a request without a body. When it fails nothing has happened:
// no attempt is booked, and the approval can still be used.
func TestProbeFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Probe", Status: http.StatusServiceUnavailable})
	r.apply(cfg, engine.PlanOptions{})
	if got := r.stateOf("rule.purchase.orders", "101224-01"); got != "" {
		t.Errorf("booked: %q", got)
	}
	r.box.ClearFaults()
	if p := r.expectPlan(cfg, "! "+theDoc+" row"); p.Actions[0].Approval != engine.ApprovalGiven {
		t.Errorf("approval: %q", p.Actions[0].Approval)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
}

// onReads injects a fault into both spellings of the action that reads a position.
func (r *rig) onReads(f sandbox.Fault) {
	r.t.Helper()
	for _, f.Action = range []string{"GetPositionData", "GetPostionData"} {
		r.inject(f)
	}
}

// TestPositionsCannotBeRead: without the positions nothing is shown and nothing is placed, and it is read again later.
func TestPositionsCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"503":     {Kind: sandbox.FaultStatus, Status: 503},
		"slow":    {Kind: sandbox.FaultLatency, Delay: time.Minute},
		"refused": {Kind: sandbox.FaultRefuse, Position: frame},
		"garbage": {Kind: sandbox.FaultGarbage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(strings.Replace(shop, `"3s"`, `"2s"`, 1) + orders)
			r.write("in/a.csv", order(door, frame))
			r.onReads(fault)
			if p := r.expectPlan(cfg); len(p.Problems) != 1 { // of the order, or of the whole connection
				t.Errorf("problems: %v", p.Problems)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced()
			r.box.ClearFaults()
			plan := r.plan(cfg, engine.PlanOptions{}) // they can be read, and then no more
			r.onReads(fault)
			s := r.session(false)
			defer s.close(t)
			if tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil || tally.Done > 0 {
				t.Errorf("tally: %+v, %v", tally, err)
			}
			r.expectPlaced()
			if got := r.stateOf("rule.purchase.orders", "101224-01"); got != "" {
				t.Errorf("booked: %q", got)
			}
			r.box.ClearFaults()
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door, frame)
		})
	}
}

// TestResultCannotBeWritten: the outcome stands, its line stays owed, and the next run writes it once and sends nothing.
func TestResultCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]string{"stays": orders, "archived": with(orders, inDone)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + strings.Replace(rule, "approval", "result {\n    path = \"out/${file.name}.result.csv\"\n  }\n  approval", 1))
			r.write("in/a.csv", order(door, window))
			r.write("in/out", "a file where a folder is wanted")
			for range 2 {
				r.apply(cfg, engine.PlanOptions{})
				r.expectPlaced(door, window)
			}
			if err := os.Remove(r.path("in/out")); err != nil {
				t.Fatal(err)
			}
			if p := r.plan(cfg, engine.PlanOptions{}); p.Steps() == 0 {
				t.Error("nothing is planned for the owed lines")
			}
			r.apply(cfg, engine.PlanOptions{})
			text := ""
			for _, place := range []string{"in/out/a.csv.result.csv", "done/a.csv.result.csv"} {
				if r.exists(place) {
					text += r.read(place)
				}
			}
			if strings.Count(text, "\r\n") != 3 || strings.Count(text, ";Purchase;") != 2 {
				t.Errorf("result: %q", text)
			}
			r.expectPlaced(door, window)
			r.expectNothing(cfg)
		})
	}
}

// spoil makes a statement of the ledger fail, as a full disk does, until the answer is called.
func (r *rig) spoil(when string) (mend func()) {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.path(".dropform/ledger.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.t.Fatal(err)
	}
	do := func(query string) {
		r.t.Helper()
		if _, err := db.Exec(query); err != nil {
			r.t.Fatal(err)
		}
	}
	do(`CREATE TRIGGER full BEFORE ` + when + ` BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
	return func() {
		do(`DROP TRIGGER full`)
		if err := db.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// TestIntentCannotBeRecorded: an order that cannot be written down first is not sent.
func TestIntentCannotBeRecorded(t *testing.T) {
	t.Parallel()
	full := func(r *rig, path string) (mend func()) {
		disk := r.fs
		r.fs = &tamperFs{Fs: disk, create: func(name string) error {
			if strings.Contains(name, path) {
				return &os.PathError{Op: "open", Path: name, Err: syscall.ENOSPC}
			}
			return nil
		}}
		return func() { r.fs = disk }
	}
	for name, breakIt := range map[string]func(r *rig) func(){
		"the attempt":  func(r *rig) func() { return r.spoil("INSERT ON attempt") },
		"the call":     func(r *rig) func() { return r.spoil("INSERT ON call") },
		"what it hold": func(r *rig) func() { return r.spoil("INSERT ON held") },
		"the sequence": func(r *rig) func() { return r.spoil("UPDATE ON meta") },
		"the marker":   func(r *rig) func() { return full(r, ".dropform-served") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.apply(cfg, engine.PlanOptions{})
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			mend := breakIt(r)
			if tally := r.apply(cfg, engine.PlanOptions{}); tally.OK() {
				t.Errorf("tally: %+v", tally)
			}
			mend()
			r.expectPlaced()
			if n := r.box.ConboxState().Actions["Purchase"]; n != 0 {
				t.Errorf("%d orders were sent", n)
			}
			if p := r.expectPlan(cfg, "! "+theDoc+" row"); p.Actions[0].Approval != engine.ApprovalGiven {
				t.Errorf("approval: %q", p.Actions[0].Approval)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
			r.expectNothing(cfg)
		})
	}
}

// TestOutcomeCannotBeRecorded: what the server did and the ledger cannot hold is unknown to the next run, and never sent
// again by itself.
func TestOutcomeCannotBeRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", order(door, window))
	mend := r.spoil("UPDATE OF result ON attempt")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 1, 1)
	mend()
	r.expectPlaced(door)
	r.apply(cfg, engine.PlanOptions{}) // the second order is open, the first is unknown
	r.expectPlaced(door, window)
	r.expectPlan(cfg, "? "+theDoc+" outcome unknown")
	if err := r.resolve(cfg, theDoc, true); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, window)
	r.expectNothing(cfg)
}
