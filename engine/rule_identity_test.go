package engine_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// TestRenamedOrderRule: with moved the history goes along, and without it the same bytes are still known.
func TestRenamedOrderRule(t *testing.T) {
	t.Parallel()
	renamed := strings.Replace(orders, `"orders"`, `"sales"`, 1)
	for name, text := range map[string]string{
		"moved":     renamed + movedTo("rule.purchase", "orders", "sales"),
		"not moved": renamed,
		"an instance": strings.Replace(renamed, "{\n", "{\n  for_each = toset([\"x\"])\n", 1) +
			movedTo("rule.purchase", "orders", `sales["x"]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("in/a.csv", order(door, frame))
			r.apply(r.load(shop+orders), engine.PlanOptions{})
			cfg := r.load(shop + text)
			if n := r.plan(cfg, engine.PlanOptions{}).Count(engine.Purchase); n > 0 {
				t.Errorf("%d orders are planned again", n)
			}
			r.apply(cfg, engine.PlanOptions{})
			r.write("in/b.csv", order(frame))
			if e := r.apply(cfg, engine.PlanOptions{}); e.Failed != 1 {
				t.Errorf("tally: %+v", e)
			}
			r.expectPlaced(door, frame)
			r.expectNothing(cfg)
		})
	}
}

// TestRenamedWhileItWaits: what waits for approval under the old name waits under the new one, and is placed once.
func TestRenamedWhileItWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", order(door))
	before := r.load(shop + asked)
	r.apply(before, engine.PlanOptions{})
	if err := r.approve(before, theDoc); err != nil {
		t.Fatal(err)
	}
	cfg := r.load(shop + strings.Replace(asked, `"orders"`, `"sales"`, 1) + movedTo("rule.purchase", "orders", "sales"))
	r.expectPlan(cfg, "! rule.purchase.sales[101224-01] row")
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	if len(r.placed()) > 1 {
		t.Errorf("ordered %q", r.placed())
	}
}

// TestAnotherWayToTheSameSystem: a system is the same under another connection name or another spelling of its address.
func TestAnotherWayToTheSameSystem(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"connection renamed": atStore,
		"trailing slash":     func(s string) string { return strings.Replace(s, "/service\"", "/service/\"", 1) },
		"letter case":        func(s string) string { return strings.Replace(s, "/conbox/service\"", "/Conbox/Service\"", 1) },
		"scheme in capitals": func(s string) string { return strings.Replace(s, "\"URL", "\"HTTP"+"URL", 1) },
		"both":               func(s string) string { return atStore(strings.Replace(s, "/service\"", "/service/\"", 1)) },
		"a second connection": func(s string) string {
			return s + atStore(shop+called("more", orders))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("in/a.csv", order(door))
			r.apply(r.load(shop+orders), engine.PlanOptions{})
			text := strings.Replace(change(shop+orders), "HTTPURL", strings.Replace(r.url, "http:", "HTTP:", 1), 1)
			cfg := r.load(text)
			folder, rule := "in", "orders"
			if strings.Contains(text, `"more"`) {
				folder, rule = "more", "more"
			}
			r.write(folder+"/copy.csv", order(door))
			r.write(folder+"/part.csv", order(frame, door))
			r.expectPlan(cfg, "= rule.purchase."+rule+"[copy.csv] already imported", "x rule.purchase."+rule+"[part.csv] overlaps an order")
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
			r.expectNothing(cfg)
		})
	}
}

// TestTwoConnectionsToOneSystemInOnePlan: two rules whose connections lead to one place never take the same position.
func TestTwoConnectionsToOneSystemInOnePlan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders + atStore(strings.Replace(shop, "/service\"", "/service/\"", 1)+called("more", orders)))
	r.write("in/a.csv", order(door))
	r.write("more/a.csv", order(door))
	r.write("more/b.csv", order(door, frame))
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	r.expectNothing(cfg)
}

// TestCopiedProject: a copy of the project that uses the same ledger sees what the first has placed; one that has the first
// one's folder marker too places nothing at all until a person says which of them serves.
func TestCopiedProject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		marker bool
		want   []string
	}{
		"files alone": {false, []string{"x rule.purchase.orders[b.csv] overlaps an order"}},
		"everything":  {true, []string{"? rule.purchase.orders[a.csv] existing", "? rule.purchase.orders[b.csv] existing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("in/a.csv", order(door))
			place := "dropform {\n  ledger \"sqlite\" {\n    path = \"" + filepath.ToSlash(r.path(".dropform/ledger.db")) + "\"\n  }\n}\n"
			r.apply(r.load(place+shop+orders), engine.PlanOptions{})
			copied := &rig{t: t, dir: t.TempDir(), box: r.box, url: r.url, fs: r.fs, now: r.now, boxes: r.boxes}
			copied.write("in/a.csv", r.read("in/a.csv"))
			copied.write("in/b.csv", order(door, hinge))
			if c.marker {
				copied.write("in/.dropform-served", r.read("in/.dropform-served"))
			}
			cfg := copied.load(place + shop + orders)
			s := r.session(false) // the ledger is the first one's
			defer s.close(t)
			plan, err := copied.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectLines(t, lines(plan), c.want...)
			if _, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil {
				t.Fatal(err)
			}
			r.expectPlaced(door)
		})
	}
}

// copyFile copies a file of the project as a backup does.
func (r *rig) copyFile(from, to string) {
	r.t.Helper()
	in, err := os.Open(r.path(from))
	if err != nil {
		r.t.Fatal(err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(r.path(to)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	out, err := os.Create(r.path(to))
	if err != nil {
		r.t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		r.t.Fatal(err)
	}
}

// strangers are the ways in which a ledger loses what was placed from a folder.
var strangers = map[string]func(r *rig){
	"the ledger is gone": func(r *rig) {
		if err := os.RemoveAll(r.path(".dropform")); err != nil {
			r.t.Fatal(err)
		}
	},
	"the ledger and the marker are gone": func(r *rig) {
		if err := os.RemoveAll(r.path(".dropform")); err != nil {
			r.t.Fatal(err)
		}
		if err := os.Remove(r.path("in/.dropform-served")); err != nil {
			r.t.Fatal(err)
		}
	},
	"an older copy of the ledger": func(r *rig) {
		if err := os.RemoveAll(r.path(".dropform")); err != nil {
			r.t.Fatal(err)
		}
		r.copyFile("backup/ledger.db", ".dropform/ledger.db")
	},
}

// placedAndForgotten has one order placed and then loses its ledger.
func placedAndForgotten(r *rig, text string, lose func(*rig)) *engine.Config {
	r.t.Helper()
	cfg := r.load(text)
	r.apply(cfg, engine.PlanOptions{})
	r.copyFile(".dropform/ledger.db", "backup/ledger.db")
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door)
	lose(r)
	r.write("in/new.csv", order(window))
	return cfg
}

// TestForeignLedgerPlacesNothing: a ledger that does not know what was placed from a folder places nothing from it until a
// person has said so.
func TestForeignLedgerPlacesNothing(t *testing.T) {
	t.Parallel()
	for name, lose := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := placedAndForgotten(r, shop+orders, lose)
			for range 2 { // applying the definition anew claims nothing
				p := r.expectPlan(cfg, "? rule.purchase.orders[a.csv] existing", "? rule.purchase.orders[new.csv] existing")
				if len(p.Problems) != 1 || p.Problems[0].Code != "folder_not_ours" {
					t.Errorf("problems: %v", p.Problems)
				}
				r.apply(cfg, engine.PlanOptions{})
				r.expectPlaced(door)
			}
		})
	}
}

// TestWatchOverAForeignFolder: a watch asks what to do with the orders that lie there, and goes on.
func TestWatchOverAForeignFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := placedAndForgotten(r, shop+orders, strangers["the ledger is gone"])
	r.apply(cfg, engine.PlanOptions{})
	v := r.serve(cfg, false)
	v.serving(theRule, true)
	v.w.settled(theRule, "new.csv")
	await(v, "question about new.csv", func(e engine.PlanMade) bool {
		return slices.ContainsFunc(e.Plan.Actions, func(a engine.Action) bool {
			return a.Address.Item == "new.csv" && a.Kind == engine.NeedsPerson && a.Reason == engine.ReasonExisting
		})
	})
	r.expectPlaced(door)
}

// TestForeignLedgerWithoutAResult: where the archive has the results too, the folder's marker alone tells a new ledger, or an
// older copy of the right one, that somebody has placed orders from there.
func TestForeignLedgerWithoutAResult(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"the ledger is gone", "an older copy of the ledger"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := placedAndForgotten(r, shop+with(orders, inDone), strangers[name])
			r.write("in/a.csv", r.read("done/a.csv"))
			for range 2 {
				r.expectPlan(cfg, "? rule.purchase.orders[a.csv] existing", "? rule.purchase.orders[new.csv] existing")
				r.apply(cfg, engine.PlanOptions{})
				r.expectPlaced(door)
			}
		})
	}
}

// TestAdoptTakesAFolderOver: what lies there counts as done and is held; what comes later is placed.
func TestAdoptTakesAFolderOver(t *testing.T) {
	t.Parallel()
	for name, lose := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := placedAndForgotten(r, shop+orders, lose)
			r.apply(cfg, engine.PlanOptions{})
			if err := r.adopt(cfg, "rule.purchase.orders", "rule.purchase.orders[*"); err != nil {
				t.Fatal(err)
			}
			r.expectNothing(cfg)
			r.write("in/later.csv", order(hinge))
			r.write("in/again.csv", order(frame, door))
			r.write("in/adopted.csv", order("000007/Pos01", window))
			r.expectPlan(cfg, "x rule.purchase.orders[adopted.csv] overlaps an order", "x rule.purchase.orders[again.csv] overlaps an order",
				"! rule.purchase.orders[101224-01#2] row")
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door, hinge)
		})
	}
}

// TestRetryTakesAFolderOverAndAsks: what lies there is planned, but each order of it waits for a person even where the rule
// asks nobody.
func TestRetryTakesAFolderOverAndAsks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := placedAndForgotten(r, shop+orders, strangers["the ledger is gone"])
	r.apply(cfg, engine.PlanOptions{})
	if err := r.retry(cfg, "rule.purchase.orders"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p := r.expectPlan(cfg, "! "+theDoc+" retry", "! rule.purchase.orders[10000-15] retry")
		for _, a := range p.Actions {
			if a.Approval != engine.ApprovalRequired {
				t.Errorf("%s: approval %q", a.Address, a.Approval)
			}
		}
		r.apply(cfg, engine.PlanOptions{})
		r.expectPlaced(door)
	}
	if err := r.approve(cfg, "rule.purchase.orders[10000-15]"); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, window)
	r.write("in/later.csv", order(hinge)) // nobody has a doubt about this one
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, window, hinge)
}

// TestAdoptedOrderIsHeld: what a person counts as done is held against every other file.
func TestAdoptedOrderIsHeld(t *testing.T) {
	t.Parallel()
	for name, pattern := range map[string]string{"the file": "rule.purchase.orders[a.csv]", "one order": theDoc} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + asked)
			r.write("in/a.csv", order(door, frame))
			r.apply(cfg, engine.PlanOptions{})
			if err := r.adopt(cfg, pattern); err != nil {
				t.Fatal(err)
			}
			r.write("in/b.csv", order(frame, hinge))
			r.write("in/c.csv", order(door, frame))
			p := r.plan(cfg, engine.PlanOptions{})
			for _, a := range p.Actions {
				if a.Call != nil {
					t.Errorf("planned: %v", lines(p))
				}
			}
			r.applyNaming(cfg, "*")
			r.applyNaming(cfg, "*")
			r.expectPlaced()
			r.expectNothing(cfg)
		})
	}
}

// TestClockSetBack: what was placed stays placed when the clock goes back by a year, and the folder stays ours.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + with(orders, inDone))
	r.write("in/a.csv", order(door))
	r.apply(cfg, engine.PlanOptions{})
	r.now = func() time.Time { return time.Now().AddDate(-1, 0, 0) }
	r.write("in/a.csv", order(door))
	r.write("in/b.csv", order(door, frame))
	r.write("in/c.csv", order(window))
	r.expectPlan(cfg, "= rule.purchase.orders[a.csv] already imported", "x rule.purchase.orders[b.csv] overlaps an order",
		"! rule.purchase.orders[10000-15] row")
	r.apply(cfg, engine.PlanOptions{})
	r.now = time.Now
	r.write("in/c.csv", order(window))
	r.apply(cfg, engine.PlanOptions{})
	r.expectPlaced(door, window)
	r.expectNothing(cfg)
}

// TestDefaultPort: an address with its default port and one without it are one system.
func TestDefaultPort(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	endpoint := func(url string) string {
		return r.load(strings.Replace(shop, "URL", url, 1) + asked).Connections[0].Endpoint()
	}
	if a, b := endpoint("http://Shop.Example.com:80"), endpoint("http://shop.example.com."); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := endpoint("http://shop.example.com"), endpoint("https://shop.example.com"); a == b {
		t.Errorf("two systems are one: %s", a)
	}
}

// TestUnknownOutcomeSaysWhatIsKnown: the next plan repeats what the server answered and names what the call named. A quote in
// the address does not end the command that is to be copied.
func TestUnknownOutcomeSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.box.PutDocuments(sandbox.ConboxDocument{DocTyp: 2, DocNbr: "A'B", Positions: []sandbox.ConboxPosition{{PosNbr: "Pos01"}}}); err != nil {
		t.Fatal(err)
	}
	cfg := r.load(shop + orders)
	r.write("in/a.csv", order("A'B/Pos01"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Purchase", Status: 400, Body: "Kein Beleg\nmehr", Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	p := r.plan(cfg, engine.PlanOptions{})
	if len(p.Actions) != 1 {
		t.Fatal(lines(p))
	}
	for _, part := range []string{`"Kein Beleg" (HTTP 400 Bad Request). Look in moveIT for document A'B, then`, `dropform resolve 'rule.purchase.orders["A'\''B"]' -happened`} {
		if runtime.GOOS != "windows" && !strings.Contains(p.Actions[0].Text, part) {
			t.Errorf("%s\ndoes not say %s", p.Actions[0].Text, part)
		}
	}
}

// TestRespelledAddress: a connection is renamed and its address spelled another way in the same edit. What was placed through
// the old one is held still.
func TestRespelledAddress(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"URL/./conbox/service", "URL/x/../conbox/service", "URL/conbox/service/.", "URL/conbox/%2e/service"} {
		t.Run(spelling, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + orders)
			r.write("in/a.csv", order(door))
			r.apply(cfg, engine.PlanOptions{})
			r.write("in/b.csv", order(door, frame))
			cfg = r.load(atStore(strings.Replace(shop, "URL/conbox/service", spelling, 1) + orders))
			r.expectPlan(cfg, "x rule.purchase.orders[b.csv] overlaps an order")
			r.apply(cfg, engine.PlanOptions{})
			r.expectPlaced(door)
		})
	}
}
