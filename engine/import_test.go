package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/engine"
	"dropform/engine/sandbox"
)

func expectLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan differs (-want +got):\n%s", diff)
	}
}

func TestMainJob(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/b10.csv", strings.ReplaceAll(goodCSV, "100", "110"))
	r.write("in/b9.csv", goodCSV)

	plan := r.plan(cfg, engine.PlanOptions{})
	if r.exists(".dropform") {
		t.Error("plan has written something")
	}
	if len(r.box.Calls()) != 0 {
		t.Errorf("plan has sent something: %v", r.box.Calls())
	}
	expectLines(t, lines(plan), "+ import.staff[b9.csv] new", "+ import.staff[b10.csv] new")
	if len(plan.Definitions) != 2 || plan.Definitions[1].Existing != 2 {
		t.Errorf("definitions: %+v", plan.Definitions)
	}

	tally := r.apply(cfg, engine.PlanOptions{})
	if tally.Done != 2 || !tally.OK() || tally.Definitions != 2 {
		t.Errorf("tally: %+v", tally)
	}
	imports := r.box.Imports()
	if len(imports) != 2 || imports[0].Rows != 2 || imports[0].Rejected != 0 {
		t.Fatalf("imports: %+v", imports)
	}
	if got := r.read("in/b9.csv.protocol.txt"); !strings.Contains(got, "Mitarbeiter") {
		t.Errorf("protocol: %q", got)
	}
	if n := r.box.Calls()["Login"]; n != 1 {
		t.Errorf("%d logins for two files, one session is shared", n)
	}
	if n := r.box.OpenSessions(); n != 0 {
		t.Errorf("%d sessions are still open", n)
	}

	plan = r.plan(cfg, engine.PlanOptions{})
	if !plan.Empty() {
		t.Errorf("a second plan is not empty: %v", lines(plan))
	}
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports after a second apply", n)
	}
}

func TestSameBytesAgain(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + strings.Replace(staff, "}\n", "  archive {\n    folder = \"done\"\n  }\n}\n", 1))
	r.write("in/a.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	if r.exists("in/a.csv") || !r.exists("done/a.csv") || !r.exists("done/a.csv.protocol.txt") {
		t.Fatal("file and protocol are not in the archive together")
	}

	r.write("in/copy.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[copy.csv] already imported")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 || !tally.OK() {
		t.Errorf("tally: %+v", tally)
	}
	if r.exists("in/copy.csv") || !r.exists("done/copy.csv") {
		t.Error("the duplicate is not in the archive")
	}

	// Other content in between: going back to the old content may be meant.
	r.write("in/b.csv", strings.ReplaceAll(goodCSV, "100", "120"))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] seen before")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 0 || !r.exists("in/a.csv") {
		t.Errorf("it was touched: %+v", tally)
	}
	if err := r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Retry(t.Context(), []string{"import.staff[a.csv]"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 3 {
		t.Errorf("%d imports, want 3", n)
	}
}

// TestNotSentIsTriedAgain by the same apply, as often as the connection says: the login was cut, so nothing of the file left.
func TestNotSentIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + crashExport)
	r.write("in/a.csv", goodCSV)
	for _, stream := range []string{"Import", "Export"} {
		r.inject(sandbox.Fault{Kind: sandbox.FaultCutBefore, Stream: stream, Action: "Login", Times: 1})
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	if imports, exports := len(r.box.Imports()), len(r.box.Exports()); imports != 1 || exports != 1 {
		t.Errorf("%d imports, %d exports", imports, exports)
	}
}

func TestSameBytesTwiceInOnePlan(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.write("in/b.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new", "= import.staff[b.csv] already imported")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 2 {
		t.Errorf("tally: %+v", tally)
	}
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports of the same bytes", n)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan after it: %v", lines(p))
	}
}

func TestContentDecides(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", strings.ReplaceAll(goodCSV, "Groß", "Klein"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] content changed")
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports, want 2", n)
	}
	kept := 0
	entries, _ := os.ReadDir(r.path("in"))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "a.csv.protocol.") {
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%d protocols beside the file, the earlier content's must be kept", kept)
	}
}

func TestBadFilesDoNotStopTheOthers(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	old := time.Now().Add(-time.Hour)
	r.write("in/empty.csv", "")
	if err := os.Chtimes(r.path("in/empty.csv"), old, old); err != nil {
		t.Fatal(err)
	}
	r.write("in/torn.csv", "a;b\n1;\"x\n")
	r.write("in/x.csv/inner.txt", "")
	r.write("in/zgood.csv", goodCSV)
	plan := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(plan), "x import.staff[empty.csv] invalid", "x import.staff[torn.csv] invalid", "+ import.staff[zgood.csv] new")
	if len(plan.Problems) != 1 || plan.Problems[0].Code != "not_a_file" {
		t.Errorf("problems: %v", plan.Problems)
	}
	tally := r.apply(cfg, engine.PlanOptions{})
	if tally.Done != 1 || tally.Failed != 2 {
		t.Errorf("tally: %+v", tally)
	}
	for _, f := range []string{"in/empty.csv", "in/empty.csv.errors.txt", "in/torn.csv", "in/torn.csv.errors.txt", "in/torn.csv.errors.json", "in/torn.csv.errors.csv", "in/zgood.csv.protocol.txt"} {
		if !r.exists(f) {
			t.Errorf("%s is missing", f)
		}
	}
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 {
		t.Errorf("rejected files are planned again: %v", lines(p))
	}
}

func TestTooLarge(t *testing.T) {
	r := newRig(t)
	cfg := r.load(strings.Replace(head, "retry {", "max_upload = \"1kB\"\n  retry {", 1) + staff)
	r.write("in/big.csv", goodCSV+strings.Repeat("1003;x;y\n", 200))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "x import.staff[big.csv] too large")
	r.apply(cfg, engine.PlanOptions{})
	if len(r.box.Imports()) != 0 || !r.exists("in/big.csv.errors.txt") {
		t.Error("it was sent, or nothing says why not")
	}
}

func TestAnswerLost(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.write("in/b.csv", strings.ReplaceAll(goodCSV, "100", "130"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
	tally := r.apply(cfg, engine.PlanOptions{})
	if tally.Unknown != 1 || tally.Done != 1 {
		t.Errorf("tally: %+v", tally)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports: the unknown one was sent again", n)
	}
	for name, call := range map[string]func(engine.Requests) error{
		"retry": func(q engine.Requests) error { _, err := q.Retry(t.Context(), []string{"import.staff"}); return err },
		"adopt": func(q engine.Requests) error { _, err := q.Adopt(t.Context(), []string{"import.staff"}); return err },
	} {
		if err := r.requests(cfg, call); err == nil || !strings.Contains(err.Error(), "resolve") {
			t.Errorf("%s on an unknown outcome: %v", name, err)
		}
	}
	if _, err := r.tryPlan(cfg, engine.PlanOptions{Replace: []string{"import.staff[a.csv]"}}); err == nil {
		t.Error("-replace on an unknown outcome is not refused")
	}
	if err := r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Resolve(t.Context(), "import.staff[a.csv]", true, "seen in perbit")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("after resolve -happened: %v", lines(p))
	}
}

// TestResolveTheLatestFirst: a file that comes under the same name every day may be unknown more than once. Each can be
// resolved: the name means its latest content, then the one before it.
func TestResolveTheLatestFirst(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	for _, nr := range []string{"1", "2"} {
		r.write("in/a.csv", rows(nr))
		r.loseAnswer()
		r.apply(cfg, engine.PlanOptions{})
	}
	resolve := func(happened bool) (out engine.Resolved) {
		if err := r.requests(cfg, func(q engine.Requests) (err error) {
			out, err = q.Resolve(t.Context(), "import.staff[a.csv]", happened, "")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if first := resolve(false); first.Older != 1 {
		t.Errorf("first %+v", first)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 2 || p.Actions[1].Kind != engine.Upload {
		t.Errorf("the latest content was not the one that was resolved: %q", lines(p))
	}
	if second := resolve(true); second.Older != 0 {
		t.Errorf("second %+v", second)
	}
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() || len(r.box.Imports()) != 3 {
		t.Errorf("left: %q, %d imports", lines(p), len(r.box.Imports()))
	}
}

func TestResolveDidNotHappen(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	if err := r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Resolve(t.Context(), "import.staff[a.csv]", false, "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Errorf("tally: %+v", tally)
	}
}

func TestConnectionTroubleIsToldOnce(t *testing.T) {
	r := newRig(t)
	cfg := r.load(strings.Replace(head, sandbox.DemoCustomerID, "11111111-2222-3333-4444-555555555555", 1) + staff)
	for i := range 5 {
		r.write(fmt.Sprintf("in/%d.csv", i), strings.ReplaceAll(goodCSV, "100", fmt.Sprint(20+i)))
	}
	tally := r.apply(cfg, engine.PlanOptions{})
	if tally.Failed != 1 || tally.NotStarted != 4 {
		t.Errorf("tally: %+v", tally)
	}
	down := 0
	for _, e := range r.events {
		if d, ok := e.(engine.ConnectionDown); ok {
			down++
			if d.Code != "tenant" || d.Next == "" {
				t.Errorf("%+v", d)
			}
		}
	}
	if down != 1 || r.box.Calls()["Login"] != 1 {
		t.Errorf("told %d times, %d logins", down, r.box.Calls()["Login"])
	}
}

func TestFailedJobIsFinished(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Failed != 1 {
		t.Errorf("tally: %+v", tally)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 {
		t.Errorf("a faulted job is planned again: %v", lines(p))
	}
	if err := r.requests(cfg, func(q engine.Requests) error { _, err := q.Retry(t.Context(), []string{"import.staff"}); return err }); err != nil {
		t.Fatal(err)
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Errorf("tally: %+v", tally)
	}
}

func (r *rig) inject(f sandbox.Fault) {
	r.t.Helper()
	if err := r.box.Inject(f); err != nil {
		r.t.Fatal(err)
	}
}
