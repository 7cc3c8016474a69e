package engine_test

import (
	"os"
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// approvalOf is whether the plan's step at an address may be carried out; "none" where the plan has no such step.
func (r *rig) approvalOf(cfg *engine.Config, address string) engine.Approval {
	r.t.Helper()
	for _, a := range r.plan(cfg, engine.PlanOptions{}).Actions {
		if a.Address.String() == address && a.Call != nil {
			return a.Approval
		}
	}
	return "none"
}

func (r *rig) expectApproval(cfg *engine.Config, address string, want engine.Approval) {
	r.t.Helper()
	if got := r.approvalOf(cfg, address); got != want {
		r.t.Errorf("%s: approval %q, want %q", address, got, want)
	}
}

// TestManualApproval: an order waits until it is named or approved, and only that order is placed.
func TestManualApproval(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door, window, "000007/Pos01"))
	if err := r.approve(cfg, theDoc); err == nil {
		t.Error("what nobody has shown yet can be approved")
	}
	for range 2 {
		r.apply(cfg, engine.PlanOptions{})
		r.expectPlaced()
		r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
	}
	r.applyNaming(cfg, "rule.purchase.orders[10000-15]")
	r.expectPlaced(window)
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	if err := r.approve(cfg, theDoc); err != nil {
		t.Errorf("the second time: %v", err)
	}
	r.expectPlaced(window)
	r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(window, door)
	if err := r.approve(cfg, theDoc); err == nil {
		t.Error("what was placed can be approved")
	}
	if err := r.approve(cfg, "*"); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(window, door, "000007/Pos01")
	r.expectNothing(cfg)
}

// TestApprovalIsVoid: an approval holds for exactly the call that was shown. Whatever of it changes, it is shown anew and
// waits anew, also when it changes back only after that.
func TestApprovalIsVoid(t *testing.T) {
	t.Parallel()
	address := "DocNbr;PosNbr;Amount;AdrStr\n101224-01;Pos01;1;Hauptstraße 1\n"
	for name, c := range map[string]struct {
		change func(r *rig)
		text   func(string) string // of the configuration
	}{
		"amount":             {func(r *rig) { r.write("in/a.csv", strings.Replace(address, ";1;", ";2;", 1)) }, nil},
		"position":           {func(r *rig) { r.write("in/a.csv", strings.Replace(address, "Pos01", "Pos02", 1)) }, nil},
		"one position more":  {func(r *rig) { r.write("in/a.csv", address+"101224-01;Pos02;1;Hauptstraße 1\n") }, nil},
		"delivery address":   {func(r *rig) { r.write("in/a.csv", strings.Replace(address, "straße 1", "straße 11", 1)) }, nil},
		"price":              {func(r *rig) { r.price(door, "987.66") }, nil},
		"price as text":      {func(r *rig) { r.price(door, "987.650") }, nil},
		"constant of a rule": {func(*rig) {}, func(s string) string { return strings.Replace(s, `= "D"`, `= "A"`, 1) }},
		"another server": {func(*rig) {}, func(s string) string {
			return strings.Replace(s, "URL/conbox", "URL/other/conbox", 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.write("in/a.csv", address)
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
			c.change(r)
			if c.text != nil {
				cfg = r.load(c.text(shop + asked))
			}
			for range 2 {
				r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
				r.apply(cfg, engine.PlanOptions{})
				r.expectPlaced()
			}
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			r.apply(cfg, engine.PlanOptions{})
			if n := len(r.box.Purchases()); n != 1 {
				t.Errorf("%d orders after a new approval", n)
			}
		})
	}
}

// TestApprovalIsVoidForAnotherEnvelope: service, language and user_code belong to the request that was shown, though they come
// from the connection. Neither apply nor a saved plan sends it as it was approved, and -refresh=false does not say it would.
func TestApprovalIsVoidForAnotherEnvelope(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]string{
		"user":     `user_code = "ERP02"`,
		"service":  "user_code = \"ERP01\"\nservice = \"Conbox\"",
		"language": "user_code = \"ERP01\"\nlanguage = \"EN\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			settings := r.box.ConboxSettings()
			settings.UserCode = "" // anybody
			if err := r.box.SetConbox(settings); err != nil {
				t.Fatal(err)
			}
			cfg := r.load(shop + asked)
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			saved := r.plan(cfg, engine.PlanOptions{}).Save("test", engine.PlanKey{}, engine.PlanOptions{})
			cfg = r.load(strings.Replace(shop, `user_code = "`+sandbox.DemoUserCode+`"`, setting, 1) + asked)
			r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
			reader, err := ledger.OpenReader(t.Context(), r.ledgerPath())
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			p, err := engine.Planner{FS: r.fs, Reader: reader, Now: r.now}.Plan(t.Context(), cfg, engine.PlanOptions{})
			if err != nil || len(p.Actions) != 1 || p.Actions[0].Approval != engine.ApprovalRequired {
				t.Errorf("without prices: %v, %v", lines(p), err)
			}
			p, err = saved.Still(t.Context(), r.plan(cfg, engine.PlanOptions{}), reader)
			if err != nil || len(p.Actions) != 0 || len(p.Stale) != 1 {
				t.Errorf("of the saved plan %v still holds, %v does not, %v", lines(p), p.Stale, err)
			}
			if err := r.approve(cfg, theDoc); err == nil || !strings.Contains(err.Error(), "another address, service, language or user") {
				t.Errorf("error: %v", err)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced()
		})
	}
}

// TestApprovalOutlivesWhatDoesNotMatter: the same call out of another file, by another connection setting or in another
// spelling of the address is the one that was approved.
func TestApprovalOutlivesWhatDoesNotMatter(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *rig, text string) string{
		"bytes": func(r *rig, text string) string {
			r.write("in/a.csv", strings.ReplaceAll(order(door), "\n", "\r\n"))
			return text
		},
		"letter case": func(_ *rig, text string) string { return strings.Replace(text, "/service\"", "/Service\"", 1) },
		"timeout":     func(_ *rig, text string) string { return strings.Replace(text, `"3s"`, `"4s"`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			cfg = r.load(change(r, shop+asked))
			r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
		})
	}
}

// TestPriceBecomesKnown: an order that was approved without its prices waits anew when the server can tell them.
func TestPriceBecomesKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	settings := r.box.ConboxSettings()
	set := func(spelling string) {
		settings.PositionData = spelling
		if err := r.box.SetConbox(settings); err != nil {
			t.Fatal(err)
		}
		r.boxes.Close() // another process knows nothing of what the server knew
	}
	set(sandbox.PositionDataNeither)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
	set(sandbox.PositionDataBoth)
	r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced()
	set(sandbox.PositionDataNeither) // and when it cannot any more, that is another order again
	r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
}

// TestPriceChangesBetweenPlanAndStep: right before an order is sent its positions are read again, whether a person approved
// it, named it or nobody has to.
func TestPriceChangesBetweenPlanAndStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule string
		name bool
	}{"auto": {orders, false}, "approved": {asked, false}, "named": {asked, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + c.rule)
			r.apply(cfg, engine.PlanOptions{})
			r.write("in/a.csv", order(door, frame))
			if c.rule == asked {
				r.apply(cfg, engine.PlanOptions{})
				if err := r.approve(cfg, theDoc); err != nil && !c.name {
					t.Fatal(err)
				}
			}
			tally := r.applyChanged(cfg, func(p *engine.Plan) {
				r.price(frame, "1.00")
				for i := range p.Actions {
					if c.name {
						p.Actions[i].Approval = engine.ApprovalNamed
					}
				}
			})
			expectTally(t, tally, 0, 0, 0, 0, 1)
			r.expectPlaced()
			says := "Pos02 was ListPrice 345.0, FCoPrc 155.25 and is 345.0, 1.00"
			if e := r.lastEnd(); e.Code != "price_changed" || !strings.Contains(e.Text, says) {
				t.Errorf("told: %+v", e)
			}
			if c.rule == asked {
				r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
			} else {
				r.apply(cfg, engine.PlanOptions{})
				r.expectPlaced(door, frame)
			}
		})
	}
}

// TestApprovalIsUsedUp: an attempt that may have sent a byte uses the approval up; one that certainly sent none gives it
// back.
func TestApprovalIsUsedUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sandbox.Fault
		after func(r *rig, cfg *engine.Config) error // what a person does about it
		want  engine.Approval
	}{
		"not sent": {onPurchase(sandbox.FaultStatus, status(413, false)), nil, engine.ApprovalGiven},
		"refused, retried": {
			onPurchase(sandbox.FaultRefuse),
			func(r *rig, cfg *engine.Config) error { return r.retry(cfg, theDoc) }, engine.ApprovalRequired,
		},
		"did not happen": {
			onPurchase(sandbox.FaultCutBefore),
			func(r *rig, cfg *engine.Config) error { return r.resolve(cfg, theDoc, false) }, engine.ApprovalRequired,
		},
		"not sent, retried": {
			onPurchase(sandbox.FaultStatus, status(413, false)),
			func(r *rig, cfg *engine.Config) error { return r.retry(cfg, theDoc) }, engine.ApprovalRequired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			r.inject(c.fault)
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced()
			if c.after != nil {
				if err := c.after(r, cfg); err != nil {
					t.Fatal(err)
				}
			}
			r.expectApproval(cfg, theDoc, c.want)
			r.apply(cfg, engine.PlanOptions{})
			if c.want == engine.ApprovalGiven {
				r.expectPlaced(door)
				return
			}
			r.expectPlaced()
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
		})
	}
}

// TestNamedOrderLeavesNoApproval: naming an order that was also approved uses up both.
func TestNamedOrderLeavesNoApproval(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	plan := func(p *engine.Plan) {
		if err := r.approve(cfg, theDoc); err != nil { // by somebody else, meanwhile
			t.Error(err)
		}
		p.Actions[0].Approval = engine.ApprovalNamed
	}
	r.inject(onPurchase(sandbox.FaultRefuse))
	r.applyChanged(cfg, plan)
	r.expectPlaced()
	if err := r.retry(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
}

// TestApproveOfAChangedFile: approve looks whether the file still gives the call, and says so when it does not.
func TestApproveOfAChangedFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *rig){
		"other amount":   func(r *rig) { r.write("in/a.csv", strings.Replace(order(door), ";1\n", ";2\n", 1)) },
		"other document": func(r *rig) { r.write("in/a.csv", order(window)) },
		"invalid":        func(r *rig) { r.write("in/a.csv", "DocNbr;PosNbr;Amount\n101224-01;Pos01;1.000\n") },
		"gone":           func(r *rig) { r.remove("in/a.csv") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			change(r)
			if err := r.approve(cfg, theDoc); err == nil || !strings.Contains(err.Error(), "does not give this call any more") {
				t.Errorf("error: %v", err)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced()
		})
	}
}

// TestApproveAtAnotherServer: what was shown for one server is not approved for another.
func TestApproveAtAnotherServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", order(door))
	r.apply(r.load(shop+asked), engine.PlanOptions{})
	moved := r.load(strings.Replace(shop, "URL/conbox", "URL/other/conbox", 1) + asked)
	if err := r.approve(moved, theDoc); err == nil || !strings.Contains(err.Error(), "another address") {
		t.Errorf("error: %v", err)
	}
}

// TestApprovalOfWhatFollows: a rule that follows another may have its own approval.
func TestApprovalOfWhatFollows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders + strings.Replace(released, "after ", "approval   = \"manual\"\n  after ", 1))
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 1 || p.Actions[0].Reason != engine.ReasonAfter || p.Actions[0].Approval != engine.ApprovalRequired {
		t.Fatalf("plan: %q", lines(p))
	}
	at := p.Actions[0].Address.String()
	r.apply(cfg, engine.PlanOptions{})
	if r.ready("101224-01") {
		t.Error("it is set without approval")
	}
	if err := r.approve(cfg, at); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	if !r.ready("101224-01") {
		t.Errorf("%s was approved and is not set", at)
	}
	r.expectNothing(cfg)
	if n := r.box.ConboxState().Actions["SetReadyStatus"]; n != 1 {
		t.Errorf("set %d times", n)
	}
}

// TestTwoOrdersOfOneItemWaitApart: two files that order different positions of one document are approved one by one.
func TestTwoOrdersOfOneItemWaitApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door))
	r.write("in/b.csv", order(frame))
	r.apply(cfg, engine.PlanOptions{})
	second := "rule.purchase.orders[101224-01#2]"
	r.expectPlan(cfg, "! "+theDoc+" row", "! "+second+" row")
	if err := r.approve(cfg, second); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(frame)
	r.expectPlan(cfg, "! "+theDoc+" row")
	r.applyNaming(cfg, theDoc)
	r.expectPlaced(frame, door)
}

// TestApprovalIsNotInherited: when the file of an approved order goes away, the next order that gets its address has to be
// approved by itself.
func TestApprovalIsNotInherited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + asked)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	if err := r.approve(cfg, theDoc); err != nil {
		t.Fatal(err)
	}
	r.remove("in/a.csv")
	r.write("in/b.csv", order(frame))
	r.expectApproval(cfg, theDoc, engine.ApprovalRequired)
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced()
}

// TestTargetedOrder: what -target or -exclude leaves out is neither placed nor loses its approval, and its file stays.
func TestTargetedOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + with(asked, inDone))
	r.write("in/a.csv", order(door, window))
	r.apply(cfg, engine.PlanOptions{})
	if err := r.approve(cfg, "*"); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{Targets: []string{"rule.purchase.orders[10000-15]"}})
	r.expectPlaced(window)
	r.apply(cfg, engine.PlanOptions{Excludes: []string{theDoc}})
	r.expectPlaced(window)
	r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
	if !r.exists("in/a.csv") {
		t.Error("the file is filed away although an order of it is open")
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(window, door)
	r.expectNothing(cfg)
}

// TestApprovalOutlivesAnOutage: a run that cannot look at an order takes nobody's word back.
func TestApprovalOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		breakIt func(r *rig) (mend func())
		rule    string
	}{
		"positions cannot be read": {func(r *rig) func() {
			r.onReads(sandbox.Fault{Kind: sandbox.FaultRefuse, Position: door})
			return r.box.ClearFaults
		}, asked},
		"file cannot be opened": {func(r *rig) func() {
			disk := r.fs
			r.fs = &tamperFs{Fs: disk, open: func(name string) error {
				if name == r.path("in/a.csv") {
					return &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
				}
				return nil
			}}
			return func() { r.fs = disk }
		}, asked},
		"folder cannot be read": {func(r *rig) func() {
			disk := r.fs
			r.fs = &tamperFs{Fs: disk, open: func(name string) error {
				if name == r.path("in") {
					return &os.PathError{Op: "open", Path: name, Err: errDown}
				}
				return nil
			}}
			return func() { r.fs = disk }
		}, asked},
		"marker away for a moment": {func(r *rig) func() {
			r.remove("in/a.csv.ok")
			return func() { r.write("in/a.csv.ok", "") }
		}, with(asked, "ready_file = \"${file.name}.ok\"")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + c.rule)
			r.write("in/a.csv", order(door))
			r.write("in/a.csv.ok", "")
			r.apply(cfg, engine.PlanOptions{})
			if err := r.approve(cfg, theDoc); err != nil {
				t.Fatal(err)
			}
			mend := c.breakIt(r)
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced()
			mend()
			r.expectApproval(cfg, theDoc, engine.ApprovalGiven)
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
		})
	}
}
