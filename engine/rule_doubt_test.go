package engine_test

import (
	"os"
	"strings"
	"testing"

	"dropform/engine"
)

// TestFileWithoutOrders: a file whose only line was taken for its header holds an order that somebody waits for.
func TestFileWithoutOrders(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/nohead.csv", "101224-01;Pos01;1\n")
	r.expectPlan(cfg, "x rule.purchase.orders[nohead.csv] invalid")
	if got := r.apply(cfg, engine.PlanOptions{}); got.Failed != 1 {
		t.Errorf("tally: %+v", got)
	}
	if text := r.read("in/nohead.csv.errors.txt"); !strings.Contains(text, "is the header missing?") {
		t.Errorf("report: %q", text)
	}
}

// TestNewLedgerBesideAnArchive: the results of earlier orders lie where the file would be filed away.
func TestNewLedgerBesideAnArchive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + with(orders, "archive {\n    folder = \"done\"\n  }"))
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	for _, gone := range []string{".dropform", "in/.dropform-served"} {
		if err := os.RemoveAll(r.path(gone)); err != nil {
			t.Fatal(err)
		}
	}
	r.write("in/a.csv", order(door))
	p := r.expectPlan(cfg, "? rule.purchase.orders[a.csv] existing")
	if len(p.Problems) != 1 || p.Problems[0].Code != "folder_not_ours" {
		t.Errorf("problems: %v", p.Problems)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
}

// TestCopiedProjectIsAnother: the copy bears the ledger's identity and the markers, and is another project all the same.
func TestCopiedProjectIsAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	copied := &rig{t: t, dir: t.TempDir(), box: r.box, url: r.url, fs: r.fs, now: r.now}
	if err := os.CopyFS(copied.dir, os.DirFS(r.dir)); err != nil {
		t.Fatal(err)
	}
	copied.write("in/b.csv", order(window))
	theirs := copied.load(shop + orders)
	copied.apply(theirs, engine.PlanOptions{})
	r.expectPlaced(door)
	p := copied.plan(theirs, engine.PlanOptions{})
	if len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Detail, "copied or moved") {
		t.Errorf("problems: %v", p.Problems)
	}
}

// TestAnotherLedgerClaimsTheFolderMeanwhile: between the plan and the sending. Nothing leaves, and the marker stays theirs.
func TestAnotherLedgerClaimsTheFolderMeanwhile(t *testing.T) {
	t.Parallel()
	waiting := with(staff, "wait_for_result = true")
	for name, c := range map[string]struct{ text, first, second, third string }{
		"order":             {shop + orders, order(door), order(window), order(door, window)},
		"import":            {head + staff, rows("1"), rows("2"), rows("3")},
		"import and wait":   {head + waiting, rows("1"), rows("2"), rows("3")},
		"imports in a heap": {head + with(staff, `order = "any"`), rows("1"), rows("2"), rows("3")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(c.text)
			r.write("in/a.csv", c.first)
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			r.write("in/b.csv", c.second)
			r.write("in/c.csv", c.third)
			s := r.session(false)
			defer s.close(t)
			plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			theirs := `{"ledger": "another"}`
			r.write("in/.dropform-served", theirs)
			tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan)
			if err != nil || tally.NotStarted != len(plan.Actions) || len(plan.Actions) < 2 {
				t.Errorf("%d steps, %+v, %v", len(plan.Actions), tally, err)
			}
			if n := len(r.box.Imports()) + len(r.box.Purchases()); n != 1 {
				t.Errorf("%d were sent", n)
			}
			if got := r.read("in/.dropform-served"); got != theirs {
				t.Errorf("the marker is %s", got)
			}
			first := r.ends()[1]
			if first.Code != "folder_not_ours" || !strings.Contains(first.Next, "dropform adopt") {
				t.Errorf("%+v", first)
			}
		})
	}
}

// TestIncomparableOrders: an order of a whole document and one by GUID cannot be held against each other, so a person is
// asked although the rule would not.
func TestIncomparableOrders(t *testing.T) {
	t.Parallel()
	whole := with(called("whole", orders), "all_positions = true")
	byGUID := called("guids", orders)
	byGUID = strings.Replace(byGUID, "    DocTyp              = 2\n", "", 1)
	for name, first := range map[string]bool{"the document first": true, "the position first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + whole + byGUID)
			document := func() { r.write("whole/a.csv", "DocNbr;Subject\n101224-01;alles\n") }
			position := func() { r.write("guids/b.csv", "PositionGuid;Amount\n"+r.guidOf(door)+";1\n") }
			if first {
				document()
			} else {
				position()
			}
			r.apply(cfg, engine.PlanOptions{})
			if n := len(r.box.Purchases()); n != 1 {
				t.Fatalf("%d orders were placed", n)
			}
			document()
			position()
			p := r.plan(cfg, engine.PlanOptions{})
			var open []engine.Action
			for _, a := range p.Actions {
				if a.Kind == engine.Purchase {
					open = append(open, a)
				}
			}
			if len(open) != 1 || open[0].Approval != engine.ApprovalRequired || !strings.Contains(open[0].Text, "nobody can tell") {
				t.Errorf("plan: %q, %+v", lines(p), open)
			}
		})
	}
}

// TestAnotherSystem: an automatic rule that suddenly leads elsewhere may lead to the same server under another name.
func TestAnotherSystem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", order(door))
	r.apply(r.load(shop+orders), engine.PlanOptions{})
	cfg := r.load(strings.Replace(atStore(shop), "URL/conbox", "URL/elsewhere/conbox", 1) + atStore(orders))
	r.write("in/b.csv", order(door, frame))
	p := r.plan(cfg, engine.PlanOptions{})
	for _, a := range p.Actions {
		if a.Kind == engine.Purchase && a.Approval != engine.ApprovalRequired {
			t.Errorf("%s would be placed unseen", a.Address)
		}
	}
}

// TestDocumentOfTwoOrders is made ready once.
func TestDocumentOfTwoOrders(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders + released)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/b.csv", order(frame))
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	if n := r.box.ConboxState().Actions["SetReadyStatus"]; n != 1 {
		t.Errorf("the status was set %d times", n)
	}
	r.expectNothing(cfg)
}

// TestStateBesideTheLedgerIsGone: locks and reports may go; what happened is in the ledger alone.
func TestStateBesideTheLedgerIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	entries, err := os.ReadDir(r.path(".dropform"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "ledger.db") {
			if err := os.RemoveAll(r.path(".dropform/" + e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.write("in/b.csv", order(door, frame))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
}
