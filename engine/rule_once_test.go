package engine_test

import (
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

const inDone = "archive {\n    folder = \"done\"\n  }"

// TestSameOrderFileAgain: whatever a file is called and however often it comes, its orders are placed once.
func TestSameOrderFileAgain(t *testing.T) {
	t.Parallel()
	again := func(file string) []string { return []string{"= rule.purchase.orders[" + file + "] already imported"} }
	for name, c := range map[string]struct {
		rule  string
		again func(r *rig)
		want  []string // the plan for the second file
	}{
		"the same file stays": {orders, func(*rig) {}, nil},
		"dropped over itself": {orders, func(r *rig) { r.write("in/a.csv", order(door, frame)) }, nil},
		"another name":        {orders, func(r *rig) { r.write("in/b.csv", order(door, frame)) }, again("b.csv")},
		"from the archive":    {with(orders, inDone), func(r *rig) { r.write("in/a.csv", r.read("done/a.csv")) }, again("a.csv")},
		"archive, other name": {with(orders, inDone), func(r *rig) { r.write("in/A (2).csv", r.read("done/a.csv")) }, again("A (2).csv")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + c.rule)
			r.write("in/a.csv", order(door, frame))
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			c.again(r)
			r.expectPlan(cfg, c.want...)
			if tally := r.apply(cfg, engine.PlanOptions{}); !tally.OK() {
				t.Errorf("tally: %+v, %+v", tally, r.lastEnd())
			}
			r.expectPlaced(door, frame)
			r.expectNothing(cfg)
		})
	}
}

// TestOtherFileWithTheSamePosition: a file whose bytes are others and that takes what an order has is rejected whole, and
// its report says which order, when and from which file.
func TestOtherFileWithTheSamePosition(t *testing.T) {
	t.Parallel()
	guid := func(r *rig, position string) string { return "PositionGuid;ExtPchNbr\n" + r.guidOf(position) + ";G1\n" }
	plain := func(text string) func(*rig) string { return func(*rig) string { return text } }
	for name, c := range map[string]struct {
		first, second func(r *rig) string
		whole         bool
	}{
		"reformatted":             {plain(order(door)), plain(strings.ReplaceAll(order(door), ";1\n", ";1,0\n")), false},
		"line ends":               {plain(order(door)), plain(strings.ReplaceAll(order(door), "\n", "\r\n")), false},
		"other amount":            {plain(order(door)), plain(strings.ReplaceAll(order(door), ";1\n", ";2\n")), false},
		"lines changed places":    {plain(order(door, frame)), plain(order(frame, door)), false},
		"one position of several": {plain(order(door, frame)), plain(order(hinge, frame)), false},
		"in its second order":     {plain(order(door)), plain(order(window, door)), false},
		"another spelling":        {plain(order(door)), plain(strings.ReplaceAll(order(door), "Pos01", "POS01")), false},
		"GUID after number":       {plain(order(door)), func(r *rig) string { return guid(r, door) }, false},
		"number after GUID":       {func(r *rig) string { return guid(r, door) }, plain(order(door)), false},
		"GUID in braces": {
			func(r *rig) string { return guid(r, door) },
			func(r *rig) string { return "PositionGuid;ExtPchNbr\n{" + strings.ToUpper(r.guidOf(door)) + "};G2\n" }, false,
		},
		"order number again":       {plain("DocNbr;PosNbr;ExtPchNbr\n101224-01;Pos01;B-1\n"), plain("DocNbr;PosNbr;ExtPchNbr\n10000-15;Pos01;b-1\n"), false},
		"document after position":  {plain(order(door)), plain("DocNbr\n101224-01\n"), true},
		"position after document":  {plain("DocNbr\n101224-01\n"), plain(order(frame)), true},
		"document after document":  {plain("DocNbr\n101224-01\n"), plain("DocNbr;Subject\n101224-01;again\n"), true},
		"document type with zeros": {plain("DocTyp;DocNbr;PosNbr\n2;101224-01;Pos01\n"), plain("DocTyp;DocNbr;PosNbr\n02;101224-01;Pos01\n"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			rule := orders
			if c.whole {
				rule = with(orders, "all_positions = true")
			}
			if strings.Contains(c.first(r), "DocTyp") {
				rule = strings.Replace(rule, "    DocTyp              = 2\n", "", 1)
			}
			cfg := r.load(shop + rule)
			r.write("in/first.csv", c.first(r))
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			before := r.placed()

			r.write("in/second.csv", c.second(r))
			p := r.expectPlan(cfg, "x rule.purchase.orders[second.csv] overlaps an order")
			if len(p.Actions) == 1 && !strings.HasSuffix(p.Actions[0].Text, "from first.csv") {
				t.Errorf("it does not say whose it is: %q", p.Actions[0].Text)
			}
			if e := r.apply(cfg, engine.PlanOptions{}); e.Failed != 1 {
				t.Errorf("tally: %+v", e)
			}
			if report := r.read("in/second.csv.errors.txt"); !strings.Contains(report, "first.csv") || !strings.Contains(report, "sent 20") {
				t.Errorf("report: %q", report)
			}
			r.expectPlaced(before...)
			r.expectNothing(cfg)
		})
	}
}

// TestTwoFilesOfOnePlanWithTheSamePosition: the second is decided on when the first is done, however they name it.
func TestTwoFilesOfOnePlanWithTheSamePosition(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/1.csv", order(door, frame))
	r.write("in/2.csv", "PositionGuid;ExtPchNbr\n"+r.guidOf(frame)+";G1\n")
	r.write("in/3.csv", order(window))
	p := r.expectPlan(cfg, "! "+theDoc+" row", "! rule.purchase.orders[10000-15] row")
	if len(p.Waiting) != 1 || p.Waiting[0].Address.Item != "2.csv" {
		t.Errorf("waits: %q", waits(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlan(cfg, "x rule.purchase.orders[2.csv] overlaps an order")
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, frame, window)
}

// TestOnlyOneFormIsHeldWithoutGetPositionData: a server that cannot tell the GUID of a number places the order all the
// same, and the plan says that only the form given is held.
func TestOnlyOneFormIsHeldWithoutGetPositionData(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *sandbox.Options) { o.Conbox.PositionData = sandbox.PositionDataNeither })
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	p := r.expectPlan(cfg, "! "+theDoc+" row")
	if o := p.Actions[0].Order(); !o.SingleForm || o.Unknown == "" {
		t.Errorf("shown: %+v", o)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	got := r.holders(cfg, ledger.HoldPosition("2", "101224-01", "Pos01"), ledger.HoldGUID(r.guidOf(door)))
	if got[0] != "101224-01" || got[1] != "" {
		t.Errorf("held by %q", got)
	}
}

// TestBothFormsAreHeld: an order by number also holds the GUID that the server gives its position.
func TestBothFormsAreHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", "DocNbr;PosNbr;ExtPchNbr\n101224-01;Pos01;B-1\n")
	r.apply(cfg, engine.PlanOptions{})
	holds := []ledger.Hold{ledger.HoldPosition("2", "101224-01", "pos01"), ledger.HoldGUID(r.guidOf(door)), ledger.HoldOrderNumber("B-1")}
	for i, who := range r.holders(cfg, holds...) {
		if who != "101224-01" {
			t.Errorf("hold %d: %q", i, who)
		}
	}
}

// TestNewContentUnderAnOldName: what is not ordered yet is, and the result of the earlier content is kept under another name.
func TestNewContentUnderAnOldName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	first := r.read("in/a.csv.result.csv")
	r.write("in/a.csv", order(window))
	r.expectPlan(cfg, "! rule.purchase.orders[10000-15] row")
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, window)
	kept := ""
	for _, name := range r.names("in") {
		if strings.HasPrefix(name, "a.csv.result.2") {
			kept = r.read("in/" + name)
		}
	}
	if kept != first || strings.Contains(r.read("in/a.csv.result.csv"), "101224-01") {
		t.Errorf("folder %q, kept %q", r.names("in"), kept)
	}
	r.expectNothing(cfg)
	r.write("in/a.csv", order(hinge))
	r.expectPlan(cfg, "! rule.purchase.orders[101224-01#2] row")
}
