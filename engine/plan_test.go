package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/sandbox"
)

func TestFilesBesideAForeignProtocolWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.write("in/a.csv.protocol.txt", "from another ledger")
	r.write("in/b.csv", rows("2"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] existing", "+ import.staff[b.csv] new")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if err := r.retry(cfg, "import.staff[a.csv]"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
	r.apply(cfg, engine.PlanOptions{})
	if kept := r.names("in"); len(kept) != 5 {
		t.Errorf("the foreign protocol is gone: %q", kept)
	}
}

func TestReadyFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `ready_file = "${file.stem}.done"`))
	r.write("in/a.csv", goodCSV)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, waits(p), "import.staff[a.csv] waits for its marker a.done")
	if len(p.Actions) != 0 {
		t.Errorf("planned: %v", lines(p))
	}
	r.write("in/a.done", "")
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new")
}

// TestChangingFileIsNotSent: the whole batch is observed once before anything recent of it is sent.
func TestChangingFileIsNotSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/old.csv", rows("1"))
	r.write("in/young.csv", rows("2"))
	r.write("in/torn.csv", rows("3"))
	r.age("in/old.csv", time.Hour)
	r.fs = &tamperFs{Fs: afero.NewOsFs(), open: func(name string) error {
		if strings.HasSuffix(name, "young.csv") { // the last of the batch: torn.csv has been read
			r.write("in/torn.csv", rows("3")+"4;x;y\n")
		}
		return nil
	}}
	p := r.plan(cfg, engine.PlanOptions{Observe: 200 * time.Millisecond})
	expectLines(t, lines(p), "+ import.staff[old.csv] new", "+ import.staff[young.csv] new")
	expectLines(t, waits(p), "import.staff[torn.csv] still being written")
}

func TestEmptyFileWaitsBeforeItIsRejected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `settle = "1h"`))
	r.write("in/a.csv", "")
	expectLines(t, waits(r.plan(cfg, engine.PlanOptions{})), "import.staff[a.csv] empty or too small; may still be written")
	r.now = func() time.Time { return time.Now().Add(61 * time.Minute) }
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "x import.staff[a.csv] invalid")
}

func TestFolderProblems(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + named("crew"))
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Problems) != 0 {
		t.Errorf("a folder that is not there yet: %v", p.Problems)
	}
	r.write("crew/a.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	if err := os.RemoveAll(r.path("in")); err != nil {
		t.Fatal(err)
	}
	r.write("crew/b.csv", rows("2"))
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.crew[b.csv] new")
	if len(p.Problems) != 1 || p.Problems[0].Code != "folder_missing" || p.Problems[0].Address != "import.staff" {
		t.Errorf("problems: %v", p.Problems)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if r.exists("in") {
		t.Error("a folder that vanished was made anew")
	}
	r.fs = &tamperFs{Fs: afero.NewOsFs(), open: func(name string) error {
		if name == r.path("crew") {
			return &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
		}
		return nil
	}}
	codes := map[string]int{}
	for _, d := range r.plan(cfg, engine.PlanOptions{}).Problems {
		codes[d.Code]++
	}
	if codes["folder_unreadable"] != 1 || codes["folder_missing"] != 1 {
		t.Errorf("problems: %v", codes)
	}
}

func TestUnreadableFileStopsNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.fs = &tamperFs{Fs: afero.NewOsFs(), open: func(name string) error {
		if strings.HasSuffix(name, "a.csv") {
			return &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
		}
		return nil
	}}
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[b.csv] new")
	if len(p.Problems) != 1 || p.Problems[0].Code != "file_unreadable" {
		t.Errorf("problems: %v", p.Problems)
	}
}

func TestTargetAndExclude(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + named("crew") + payroll)
	for _, f := range []string{"in/a.csv", "in/b.csv", "crew/a.csv"} {
		r.write(f, rows(f))
	}
	for name, c := range map[string]struct {
		o       engine.PlanOptions
		verbs   []string
		actions []string
	}{
		"one file": {
			engine.PlanOptions{Targets: []string{"import.staff[b.csv]"}},
			[]string{"create connection.perbit.hr", "create import.staff"},
			[]string{"+ import.staff[b.csv] new"},
		},
		"a block without a file": {
			engine.PlanOptions{Targets: []string{"import.*"}, Excludes: []string{"import.staff[a.csv]"}},
			[]string{"create connection.perbit.hr", "create import.crew", "create import.staff"},
			[]string{"+ import.staff[b.csv] new", "+ import.crew[a.csv] new"},
		},
		"a connection": {
			engine.PlanOptions{Targets: []string{"connection.perbit.hr"}},
			[]string{"create connection.perbit.hr"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.plan(cfg, c.o)
			expectLines(t, verbs(p), c.verbs...)
			expectLines(t, lines(p), c.actions...)
		})
	}
}

func TestPatternThatMatchesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/march.csv", goodCSV)
	for _, o := range []engine.PlanOptions{
		{Targets: []string{"import.staf[march.csv]"}}, {Excludes: []string{"import.staff[marc.csv]"}}, {Replace: []string{"import.staff[march.cvs]"}},
	} {
		_, err := r.tryPlan(cfg, o)
		wrong := (*engine.AddressError)(nil)
		if !errors.As(err, &wrong) || len(wrong.Nearest) == 0 || wrong.Nearest[0] != "import.staff[march.csv]" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	keyed := r.load(head + strings.NewReplacer("{\n", "{\n  for_each = toset([\"wels\", \"linz\"])\n", `"in"`, `"in/${each.key}"`).Replace(staff))
	for pattern, want := range map[string]string{
		"import.stff": "import.staff", "staff": "import.staff", "import.staff[Wels]": "import.staff[wels]", "import.staff.linz": "import.staff[linz]",
	} {
		_, err := r.tryPlan(keyed, engine.PlanOptions{Targets: []string{pattern}})
		wrong := (*engine.AddressError)(nil)
		if !errors.As(err, &wrong) || len(wrong.Nearest) == 0 || wrong.Nearest[0] != want {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	_, err := r.tryPlan(cfg, engine.PlanOptions{Targets: []string{"export.nothing_like_it_at_all"}})
	if wrong := (*engine.AddressError)(nil); !errors.As(err, &wrong) || len(wrong.Nearest) != 1 { // none is close: the least far
		t.Errorf("%v", err)
	}
}

func TestReplaceRefusesTheUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.loseAnswer()
	r.apply(cfg, engine.PlanOptions{})
	for _, pattern := range []string{"import.staff[a.csv]", "import.staff", "*"} {
		_, err := r.tryPlan(cfg, engine.PlanOptions{Replace: []string{pattern}})
		refused := (*engine.RefusedError)(nil)
		if !errors.As(err, &refused) || refused.Address.String() != "import.staff[a.csv]" {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestReplaceDoesNotSendWhatIsInvalid: asking for it does not make a rejected file valid.
func TestReplaceDoesNotSendWhatIsInvalid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", "a;b\n1;\"x\n")
	r.apply(cfg, engine.PlanOptions{})
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{Replace: []string{"import.staff"}})), "x import.staff[a.csv] invalid")
}

func TestUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.write("in/copy.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStuckProgress})
	var p *engine.Plan
	r.applyUntil(cfg, func(e engine.Event) bool {
		if s, ok := e.(engine.StepProgress); !ok || s.Phase != "importing" || p != nil {
			return false
		}
		p = r.plan(cfg, engine.PlanOptions{})
		return true
	})
	if p == nil || len(p.Actions) != 0 || len(p.UnderWay) != 1 || !strings.HasPrefix(p.UnderWay[0].Owner, "test, process ") {
		t.Fatalf("%+v", p)
	}
	if w := waits(p); len(w) != 1 || !strings.HasPrefix(w[0], "import.staff[copy.csv] the same bytes are under way as import.staff[a.csv]") {
		t.Errorf("waiting: %q", w)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted")
}

func TestAnotherURLAsksAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	r.apply(r.load(head+staff), engine.PlanOptions{})
	r.write("in/b.csv", goodCSV)
	cfg := r.load(strings.Replace(head, "URL", "URL/", 1) + staff)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[b.csv] already imported")
	cfg = r.load(strings.Replace(head, "URL", "URL/other", 1) + staff)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[b.csv] seen before")
}
