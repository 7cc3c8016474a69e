package engine_test

import (
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// asks waits until the watch says that something waits for approval at an address.
func (v *service) asks(at string) *engine.Action {
	v.t.Helper()
	var found *engine.Action
	await(v, "question about "+at, func(e engine.PlanMade) bool {
		for i, a := range e.Plan.Actions {
			if a.Address.String() == at && a.Approval == engine.ApprovalRequired {
				found = &e.Plan.Actions[i]
			}
		}
		return found != nil
	})
	return found
}

const theRule = "rule.purchase.orders"

// TestWatchPlacesWhatIsApproved: an order waits, is seen in status, and is placed when another process has approved it; the
// rule that follows it does so at once.
func TestWatchPlacesWhatIsApproved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked + released)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	r.write("in/a.csv", order(door, window))
	v.w.settled(theRule, "a.csv")
	v.asks(theDoc)
	states := map[string]string{}
	for _, item := range r.status(cfg).Items {
		states[item.Address] = item.State + " " + item.Text
	}
	if states[theDoc] != "waiting approval required" || states["rule.purchase.orders[10000-15]"] != "waiting approval required" {
		t.Errorf("status: %q", states)
	}
	r.expectPlaced()
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	if e := v.ended(theDoc); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
	if e := v.ended("rule.ready_status.release["); e.Result != engine.ResultDone || !r.ready("101224-01") {
		t.Errorf("%+v", e)
	}
	r.expectPlaced(door)
	if tally, err := v.end(); err != nil || tally.Done != 2 {
		t.Errorf("%+v %v", tally, err)
	}
}

// TestWatchPlacesByItself: where nobody has to be asked, a complete file is placed, filed away, and followed.
func TestWatchPlacesByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + with(orders, inDone) + released)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	r.write("in/a.csv", order(door))
	r.write("in/other.csv", order(window)) // nobody has said that it is complete
	v.w.settled(theRule, "a.csv")
	v.ended(theDoc)
	v.ended("rule.ready_status.release[")
	r.expectPlaced(door)
	r.write("in/a.csv", order(door))
	v.w.settled(theRule, "a.csv")
	if e := v.ended("rule.purchase.orders[a.csv]"); e.Action.Kind != engine.Duplicate {
		t.Errorf("%+v", e)
	}
	v.end()
	r.expectPlaced(door)
	if !r.exists("in/other.csv") || r.exists("in/a.csv") {
		t.Errorf("in: %q", r.names("in"))
	}
}

// TestWatchDoesNotPlaceAFileThatIsRewritten: a file that waited for approval and is being written anew when the approval
// comes is not what was shown; it is placed when it is complete again and approved.
func TestWatchDoesNotPlaceAFileThatIsRewritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	whole := order(door, frame, window)
	half := whole[:strings.Index(whole, "10000-15")] // a file that ends at a line's end
	cfg := r.load(shop + asked)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	r.write("in/a.csv", half)
	r.write("in/b.csv", order("000007/Pos01"))
	v.w.settled(theRule, "a.csv")
	v.asks(theDoc)
	v.w.settled(theRule, "b.csv")
	v.asks("rule.purchase.orders[000007]")
	r.write("in/a.csv", order(door)) // the first part of something new
	if err := r.approve(cfg, theDoc); err == nil {
		t.Error("what the file does not give any more is approved")
	}
	r.write("in/a.csv", half) // as it was, but written again: nobody has said that it is complete
	if err := r.approve(cfg, "rule.purchase.orders[*"); err != nil {
		t.Fatal(err)
	}
	v.ended("rule.purchase.orders[000007]") // the look that places this one has passed a.csv by
	r.expectPlaced("000007/Pos01")
	r.write("in/a.csv", whole)
	v.w.settled(theRule, "a.csv")
	if e := v.ended(theDoc); e.Result != engine.ResultDone { // its part of the file is what was approved
		t.Errorf("%+v", e)
	}
	v.end()
	r.expectPlaced("000007/Pos01", door, frame)
}

// TestWatchReadsPricesAgain: positions that could not be read are read again, without anybody doing anything.
func TestWatchReadsPricesAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	r.onReads(sandbox.Fault{Kind: sandbox.FaultRefuse, Position: door})
	r.write("in/a.csv", order(door))
	v.w.settled(theRule, "a.csv")
	await(v, "complaint", func(e engine.PlanMade) bool {
		return len(e.Plan.Problems) == 1 && e.Plan.Problems[0].Code == "positions_unread"
	})
	r.expectPlaced()
	r.box.ClearFaults()
	if e := v.ended(theDoc); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
	r.expectPlaced(door)
}

// TestWatchAppliesNoPurchaseRule: -auto-approve applies what is new, but a rule that places orders, or a change of one, waits
// for apply, and no order of it is placed under the new definition.
func TestWatchAppliesNoPurchaseRule(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	reads := strings.Replace(called("look", kind("position_data")), `"r"`, `"look"`, 1)
	cfg := r.load(shop + orders + reads)
	v := r.serve(cfg, true)
	e := v.serving("rule.position_data.look", true)
	if contains(e.Serving, theRule) || !contains(e.Waiting, theRule) {
		t.Errorf("%+v", e)
	}
	if r.exists("in") {
		t.Error("the folder of the rule was made")
	}
	r.apply(cfg, engine.PlanOptions{})
	v.serving(theRule, true)

	free := r.load(shop + strings.Replace(orders, `= "D"`, `= "A"`, 1) + reads)
	v.edit(free, nil)
	if e := await(v, "word on the edit", func(e engine.ConfigLoaded) bool { return len(e.Waiting) > 0 }); !contains(e.Serving, theRule) {
		t.Errorf("%+v", e)
	}
	r.write("in/a.csv", order(door))
	v.w.settled(theRule, "a.csv")
	v.ended(theDoc)
	if got := string(r.box.Purchases()[0].ServiceData); !strings.Contains(got, `"FinalCustomerLndCde":"D"`) {
		t.Errorf("ordered under a definition that nobody applied: %s", got)
	}
}

// TestWatchNeverApproves: -auto-approve places no order that waits for a person.
func TestWatchNeverApproves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked + called("auto", orders))
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, true)
	v.serving(theRule, true)
	r.write("in/a.csv", order(door))
	v.w.settled(theRule, "a.csv")
	v.asks(theDoc)
	r.write("auto/b.csv", order(window))
	v.w.settled("rule.purchase.auto", "b.csv")
	v.ended("rule.purchase.auto[")
	v.end()
	r.expectPlaced(window)
}

// TestWatchHoldsWhatIsUnknown: an order whose answer is lost is asked about once, never sent again, and goes on by a
// person's word.
func TestWatchHoldsWhatIsUnknown(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]bool{"happened": true, "did not happen": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + with(orders, inDone))
			r.apply(cfg, engine.PlanOptions{})
			v := r.serve(cfg, false)
			v.serving(theRule, true)
			kind := sandbox.FaultCutBefore
			if made {
				kind = sandbox.FaultCutAfterAccept
			}
			r.inject(onPurchase(kind))
			r.write("in/a.csv", order(door))
			v.w.settled(theRule, "a.csv")
			if e := v.ended(theDoc); e.Result != engine.ResultUnknown || e.Next == "" {
				t.Errorf("%+v", e)
			}
			if err := r.resolve(cfg, theDoc, made); err != nil {
				t.Fatal(err)
			}
			if e := v.ended(theRule + "["); e.Result != engine.ResultDone {
				t.Errorf("%+v", e)
			}
			tally, err := v.end()
			if err != nil || tally.Unknown != 0 {
				t.Errorf("%+v %v", tally, err)
			}
			r.expectPlaced(door)
			if r.exists("in/a.csv") {
				t.Errorf("in: %q", r.names("in"))
			}
		})
	}
}

// TestWatchHearsOfARefusedOrder: it is told, not tried again, and goes on after retry.
func TestWatchHearsOfARefusedOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	r.inject(onPurchase(sandbox.FaultRefuse))
	r.write("in/a.csv", order(door))
	v.w.settled(theRule, "a.csv")
	if e := v.ended(theDoc); e.Result != engine.ResultFailed || !strings.Contains(e.Next, "dropform retry") {
		t.Errorf("%+v", e)
	}
	if err := r.retry(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	if e := v.ended(theDoc); e.Result != engine.ResultDone {
		t.Errorf("%+v", e)
	}
	r.expectPlaced(door)
}
