package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// kind is a rule of another kind than purchase, with more in its block.
func kind(kind string, lines ...string) string {
	return with(`
rule "`+kind+`" "r" {
  connection = connection.conbox.shop
  folder     = "in"

  csv {
    columns = "any"
  }
}
`, lines...)
}

// did counts the effects of an action.
func (r *rig) did(action string) (n int) {
	for _, e := range r.box.Effects() {
		if e.Action == action {
			n++
		}
	}
	return n
}

const statuses = "DocTyp;DocNbr;ReadyStatus\n2;101224-01;ja\n2;000007;ja\n2;10000-15;nein\n"

// TestSameBytesAreDoneOnceLineByLine: for kinds that hold nothing the same bytes are done once, and a new file is a new
// request.
func TestSameBytesAreDoneOnceLineByLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + kind("ready_status"))
	r.write("in/a.csv", statuses)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 3, 0, 0, 0, 0)
	r.write("in/b.csv", statuses)
	r.expectPlan(cfg, "= rule.ready_status.r[b.csv] already imported")
	r.apply(cfg, engine.PlanOptions{})
	if n := r.did("SetReadyStatus"); n != 3 {
		t.Errorf("%d changes", n)
	}
	r.write("in/c.csv", strings.Replace(statuses, "nein", "ja", 1))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 3, 0, 0, 0, 0)
	if n := r.did("SetReadyStatus"); n != 6 {
		t.Errorf("%d changes", n)
	}
	r.expectNothing(cfg)
}

// TestEachLineByItself: a line that is refused does not keep the others, and the next run makes only what is open.
func TestEachLineByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + kind("ready_status", inDone))
	r.write("in/a.csv", statuses)
	r.inject(sandbox.Fault{Kind: sandbox.FaultRefuse, Action: "SetReadyStatus", Position: "000007/Pos01", Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 1, 0, 0, 0)
	if !r.exists("in/a.csv") {
		t.Error("the file is filed away although a line of it is open")
	}
	r.expectPlan(cfg, "~ rule.ready_status.r[000007] retry")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := r.did("SetReadyStatus"); n != 3 || r.exists("in/a.csv") || !r.exists("done/a.csv.result.csv") {
		t.Errorf("%d changes, in %q", n, r.names("in"))
	}
	if n := strings.Count(r.read("done/a.csv.result.csv"), "\r\n"); n != 5 {
		t.Errorf("the result has %d lines", n)
	}
}

// TestStatusOnUnknown: a status may be set twice, so the rule may say that what is unknown is sent again; without a word it
// waits for a person.
func TestStatusOnUnknown(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]int{"hold": 1, "retry": 2} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(shop + kind("ready_status", `on_unknown = "`+setting+`"`))
			r.write("in/a.csv", "DocTyp;DocNbr;ReadyStatus\n2;101224-01;ja\n")
			r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "SetReadyStatus", Times: 1})
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 1, 0)
			r.apply(cfg, engine.PlanOptions{})
			if n := r.did("SetReadyStatus"); n != want {
				t.Errorf("%d changes", n)
			}
			if setting == "retry" {
				r.expectNothing(cfg)
			}
		})
	}
}

// TestCopyIsMadeOnce: a copy whose answer is lost is not made again by itself.
func TestCopyIsMadeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + kind("silent_copy"))
	r.write("in/a.csv", "DocTyp;DocNbr;PosNbr;SrcDocTyp;SrcDocNbr;SrcPosNbr\n2;NEW;1;2;101224-01;Pos01\n2;NEW;2;2;101224-01;Pos02\n")
	r.inject(sandbox.Fault{Kind: sandbox.FaultGarbage, Action: "SilentCopy", Times: 1})
	for range 3 {
		r.apply(cfg, engine.PlanOptions{})
	}
	if n := r.did("SilentCopy"); n != 2 {
		t.Errorf("%d copies", n)
	}
	if err := r.resolve(cfg, "rule.silent_copy.r[NEW/1]", true); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	r.expectNothing(cfg)
	if n := r.did("SilentCopy"); n != 2 {
		t.Errorf("%d copies", n)
	}
}

// TestDelete: a deletion waits for a person, is made once, and holds its position against orders.
func TestDelete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + called("gone", kind("delete")) + orders)
	guid := r.guidOf(door)
	r.write("gone/a.csv", "DocTyp;DocNbr;PosNbr\n2;101224-01;Pos01\n")
	r.expectPlan(cfg, "! rule.delete.r[101224-01/Pos01] row")
	r.apply(cfg, engine.PlanOptions{})
	if n := r.did("Delete"); n != 0 {
		t.Error("it was deleted without approval")
	}
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Delete", Times: 1})
	r.applyNaming(cfg, "rule.delete.r[*")
	r.write("gone/b.csv", "PositionGuid\n"+guid+"\n")
	r.write("in/c.csv", order(frame, door))
	for range 2 {
		r.applyNaming(cfg, "*")
	}
	if n := r.did("Delete"); n != 1 {
		t.Errorf("%d deletions", n)
	}
	r.expectPlaced()
	for _, who := range r.holders(cfg, ledger.HoldPosition("2", "101224-01", "Pos01"), ledger.HoldGUID(guid)) {
		if who != "101224-01/Pos01" {
			t.Errorf("held by %q", who)
		}
	}
}

// TestPositionData: what is read is in the result, its image lies where the rule says, and a read that failed is made again.
func TestPositionData(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	result := "result {\n    path   = \"${file.stem}.daten.csv\"\n    images = \"bilder\"\n  }"
	cfg := r.load(shop + kind("position_data", result, `match = ["*.txt"]`))
	r.write("in/a.txt", "DocTyp;DocNbr;PosNbr\n2;101224-01;Pos01\n2;10000-15;Pos02\n")
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "GetPositionData", Status: 403, Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	text := r.read("in/a.daten.csv")
	if !strings.Contains(text, ";1234.56;987.65;") || !strings.Contains(text, ";74.80;58.3;") || strings.Contains(text, sandbox.DemoUserCode) {
		t.Errorf("result: %q", text)
	}
	images, err := os.ReadDir(r.path("bilder"))
	if err != nil || len(images) != 2 || !strings.Contains(text, "bilder/"+images[0].Name()) {
		t.Errorf("images: %v, %v", images, err)
	}
	r.expectNothing(cfg)
}

// TestFollowsEachOrderOnce: a rule that follows another acts once for each order that was placed, also for one that a person
// found to be placed, under whatever names both of them go.
func TestFollowsEachOrderOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders + released)
	r.write("in/a.csv", order(door, window, "000007/Pos01"))
	r.inject(onPurchase(sandbox.FaultCutAfterAccept))
	r.inject(sandbox.Fault{Kind: sandbox.FaultRefuse, Action: "Purchase", Position: "000007/Pos01", Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	if n := r.did("SetReadyStatus"); n != 0 {
		t.Error("it does not wait for the next plan")
	}
	r.expectPlan(cfg, "? "+theDoc+" outcome unknown", "? rule.purchase.orders[000007] refused", "~ rule.ready_status.release[10000-15] after")
	r.apply(cfg, engine.PlanOptions{})
	if n := r.did("SetReadyStatus"); n != 1 || !r.ready("10000-15") {
		t.Errorf("%d changes", n)
	}
	if err := r.resolve(cfg, theDoc, true); err != nil {
		t.Fatal(err)
	}
	r.apply(cfg, engine.PlanOptions{})
	if n := r.did("SetReadyStatus"); n != 2 || !r.ready("101224-01") || r.ready("000007") {
		t.Errorf("%d changes", n)
	}
	names := strings.NewReplacer(`"orders"`, `"sales"`, "purchase.orders", "purchase.sales", `"release"`, `"free"`)
	renamed := names.Replace(orders + released)
	for _, text := range []string{
		renamed + movedTo("rule.purchase", "orders", "sales") + movedTo("rule.ready_status", "release", "free"),
		renamed,
	} {
		cfg = r.load(shop + text)
		r.apply(cfg, engine.PlanOptions{})
		r.apply(cfg, engine.PlanOptions{})
	}
	if n := r.did("SetReadyStatus"); n != 2 {
		t.Errorf("%d changes after both rules were renamed", n)
	}
}

// TestFollowsEachDocumentOnce: two orders of one document are followed by one call, however they spell it and whether they
// come together or one after the other; another DocTyp is another document.
func TestFollowsEachDocumentOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, d := range []sandbox.ConboxDocument{{DocTyp: 2, DocNbr: "A-9"}, {DocTyp: 2, DocNbr: "a-9"}, {DocTyp: 1, DocNbr: "A-9"}} {
		for j := range 2 {
			d.Positions = append(d.Positions, sandbox.ConboxPosition{
				PosNbr: fmt.Sprintf("Pos%d%d", i, j), PositionGuid: fmt.Sprintf("aaaaaaaa-0000-4000-8000-0000000000%d%d", i, j),
			})
		}
		if err := r.box.PutDocuments(d); err != nil {
			t.Fatal(err)
		}
	}
	cfg := r.load(shop + strings.Replace(orders, "DocTyp              = 2", "DocTyp = tonumber(row.Typ)", 1) + released)
	files := 0
	order := func(lines ...string) {
		for _, l := range lines {
			files++
			r.write(fmt.Sprintf("in/%d.csv", files), "Typ;DocNbr;PosNbr;Amount\n"+l+";1\n")
		}
		r.apply(cfg, engine.PlanOptions{})
	}
	order("2;A-9;Pos00", "2;A-9;Pos01", "2;a-9;Pos10", "1;A-9;Pos20")
	r.expectPlan(cfg, "~ rule.ready_status.release[A-9] after", "~ rule.ready_status.release[A-9#2] after")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 2 || tally.NotStarted != 0 {
		t.Errorf("%+v", tally)
	}
	r.expectNothing(cfg)
	order("2;a-9;Pos11", "1;A-9;Pos21")
	r.expectNothing(cfg)
	if n := r.did("SetReadyStatus"); n != 2 || len(r.placed()) != 6 {
		t.Errorf("%d calls for two documents of %q", n, r.placed())
	}
}

// TestFollowsOrdersByGUID: an order by GUID has no document number; the rule says so instead of guessing, or sets one.
func TestFollowsOrdersByGUID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(shop + orders + released)
	r.write("in/a.csv", "PositionGuid;ExtPchNbr\n"+r.guidOf(door)+";B-1\n")
	r.apply(cfg, engine.PlanOptions{})
	p := r.expectPlan(cfg)
	if len(p.Problems) != 1 || p.Problems[0].Code != "order_not_followed" || !strings.Contains(p.Problems[0].Detail, "DocNbr") {
		t.Errorf("problems: %v", p.Problems)
	}
	cfg = r.load(shop + orders + strings.Replace(released, "ReadyStatus = true", "DocNbr = \"101224-01\"\n    ReadyStatus = true", 1))
	r.apply(cfg, engine.PlanOptions{})
	if !r.ready("101224-01") {
		t.Error("it is not set")
	}
	r.expectNothing(cfg)
}
