package command

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
)

// A step that runs long says so every ten seconds, in words that say what it is doing.
func TestLongStepSaysThatItStillRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := newTextView(&screen{w: &out}, &screen{w: &out}, time.Now, false)
		ctx, stop := context.WithCancel(t.Context())
		var beating sync.WaitGroup
		beating.Go(func() { v.beat(ctx) })
		a := file(at(engine.KindImport, "staff"), engine.Upload, "march.csv", "new", 10)
		v.event(engine.StepStarted{Action: &a})
		v.event(engine.StepProgress{Action: &a, Phase: "uploading"})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		v.event(engine.StepProgress{Action: &a, Phase: "importing", Percent: 50})
		time.Sleep(10 * time.Second)
		v.event(engine.StepEnded{Action: &a, Result: engine.ResultDone, Elapsed: 21 * time.Second})
		time.Sleep(30 * time.Second)
		stop()
		beating.Wait()
		want := "import.staff[march.csv]: Uploading...\n" +
			"import.staff[march.csv]: Still uploading... [10s elapsed]\n" +
			"import.staff[march.csv]: Still importing... [20s elapsed]\n" +
			"import.staff[march.csv]: Import complete after 21s\n"
		if out.String() != want {
			t.Errorf("got\n%swant\n%s", out.String(), want)
		}
	})
}

// The JSON view tells progress at the same pace, whatever the pace of the events.
func TestJSONProgressEveryTenSeconds(t *testing.T) {
	now := noon
	var lines bytes.Buffer
	v := newJSONView(&lines, func() time.Time { return now }, "1")
	a := file(at(engine.KindImport, "staff"), engine.Upload, "march.csv", "new", 10)
	v.event(engine.StepStarted{Action: &a})
	for range 25 {
		now = now.Add(time.Second)
		v.event(engine.StepProgress{Action: &a, Phase: "importing"})
	}
	if n := strings.Count(lines.String(), `"type":"apply_progress"`); n != 2 {
		t.Errorf("%d progress lines in 25 seconds, want 2:\n%s", n, lines.String())
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	var out, errs bytes.Buffer
	v := newTextView(&screen{w: &out}, &screen{w: &errs}, time.Now, false)
	for range 25 {
		a := file(at(engine.KindImport, "staff"), engine.Upload, "x.csv", "new", 1)
		v.event(engine.StepEnded{Action: &a, Result: engine.ResultFailed, Text: "no"})
	}
	v.conclude(conclusion{operation: "apply", ran: engine.Tally{Failed: 25}})
	if n := strings.Count(errs.String(), "Error: Step failed"); n != maxBoxes {
		t.Errorf("%d boxes, want %d", n, maxBoxes)
	}
	if !strings.Contains(errs.String(), "15 more steps did not go as they should") {
		t.Errorf("the rest is not counted:\n%s", errs.String())
	}
}

func TestInterruptsHaveTwoStages(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	soft, soften := context.WithCancel(ctx)
	signals := make(chan os.Signal)
	var told bytes.Buffer
	sending := &atomic.Bool{}
	sending.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stages(ctx, signals, &told, sending, &atomic.Value{}, soften, cancel)
	}()
	signals <- os.Interrupt
	<-soft.Done()
	if ctx.Err() != nil {
		t.Fatal("the first interrupt ended everything")
	}
	signals <- os.Interrupt
	<-ctx.Done()
	<-done
	if !strings.Contains(told.String(), "Interrupt again") || !strings.Contains(told.String(), "Stopping at once") {
		t.Errorf("told: %s", told.String())
	}
}

func TestExitCodesOfApply(t *testing.T) {
	unknown := &engine.Plan{Actions: []engine.Action{{Kind: engine.NeedsPerson, Reason: engine.ReasonUnknown}}}
	waits := &engine.Plan{Actions: []engine.Action{{Kind: engine.NeedsPerson, Reason: engine.ReasonSeenBefore}}}
	broken := &engine.Plan{Problems: diag.List{{Severity: diag.Error}}}
	for _, c := range []struct {
		name     string
		plan     *engine.Plan
		tally    engine.Tally
		plain    int
		detailed int
	}{
		{"nothing", &engine.Plan{}, engine.Tally{}, 0, 0},
		{"done", &engine.Plan{}, engine.Tally{Done: 3}, 0, 2},
		{"definitions only", &engine.Plan{}, engine.Tally{Definitions: 1}, 0, 2},
		{"still running on the server", &engine.Plan{}, engine.Tally{Waiting: 1}, 1, 1},
		{"waits for a person", waits, engine.Tally{}, 0, 0},
		{"failed", &engine.Plan{}, engine.Tally{Done: 1, Failed: 1}, 1, 1},
		{"not started", &engine.Plan{}, engine.Tally{NotStarted: 1}, 1, 1},
		{"unknown now", &engine.Plan{}, engine.Tally{Unknown: 1}, 1, 4},
		{"unknown before", unknown, engine.Tally{Done: 1}, 1, 4},
		{"folder unreadable", broken, engine.Tally{}, 1, 1},
	} {
		for _, detailed := range []bool{false, true} {
			want := c.plain
			if detailed {
				want = c.detailed
			}
			var code exit
			err := applyCode(detailed, concluded(c.plan, c.tally, false, nil))
			if err != nil && !errors.As(err, &code) {
				t.Fatal(err)
			}
			if int(code) != want {
				t.Errorf("%s, detailed %v: exit %d, want %d", c.name, detailed, int(code), want)
			}
		}
	}
}

// With nothing on the wire an interrupt does not speak of finishing anything.
func TestInterruptWithNothingOnTheWire(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	soft, soften := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signals <- os.Interrupt
	signals <- os.Interrupt
	var told bytes.Buffer
	stages(ctx, signals, &told, &atomic.Bool{}, &atomic.Value{}, soften, cancel)
	if soft.Err() == nil || ctx.Err() == nil || strings.Contains(told.String(), "wire") || strings.Contains(told.String(), "server") {
		t.Errorf("told: %s", told.String())
	}
}

// The farewell to a server that does not answer is bounded, more so after the first interrupt, and absent after the
// second.
func TestFarewellIsBounded(t *testing.T) {
	for _, c := range []struct {
		name       string
		soft, hard time.Duration // when the interrupts come; 0: never
		want       time.Duration
	}{
		{"not interrupted", 0, 0, 5 * time.Second},
		{"interrupted meanwhile", time.Second, 0, 3 * time.Second},
		{"interrupted late", 4 * time.Second, 0, 5 * time.Second},
		{"interrupted twice", time.Second, 2 * time.Second, 2 * time.Second},
		{"interrupted before", -1, 0, 2 * time.Second},
		{"interrupted twice before", -1, -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				soft, soften := context.WithCancel(ctx)
				defer soften()
				for at, end := range map[*time.Duration]func(){&c.soft: soften, &c.hard: cancel} {
					switch {
					case *at < 0:
						end()
					case *at > 0:
						time.AfterFunc(*at, end)
					}
				}
				s := &session{ctx: ctx, soft: soft}
				began := time.Now()
				s.farewell(func(ctx context.Context) { <-ctx.Done() })
				if took := time.Since(began); took != c.want {
					t.Errorf("it took %s, want %s", took, c.want)
				}
			})
		})
	}
}

func TestConclusions(t *testing.T) {
	question := func(reason string) *engine.Plan {
		return &engine.Plan{Actions: []engine.Action{{Kind: engine.NeedsPerson, Reason: reason}}}
	}
	for _, c := range []struct {
		name    string
		plan    *engine.Plan
		ran     engine.Tally
		stopped bool
		head    string
		done    string
	}{
		{"all done", &engine.Plan{}, engine.Tally{Done: 2}, false, "Apply complete!", "Done: 2, failed: 0, waiting: 0, unknown: 0, not started: 0."},
		{"unknown before", question(engine.ReasonUnknown), engine.Tally{Done: 1}, false, "Apply finished with problems.", "Done: 1, failed: 0, waiting: 0, unknown: 1, not started: 0."},
		{"seen before", question(engine.ReasonSeenBefore), engine.Tally{Done: 1}, false, "Apply complete!", "Done: 1, failed: 0, waiting: 1, unknown: 0, not started: 0."},
		{"still written", &engine.Plan{Waiting: make([]engine.Waiting, 2)}, engine.Tally{}, false, "Apply complete!", "Done: 0, failed: 0, waiting: 2, unknown: 0, not started: 0."},
		{"folder gone", &engine.Plan{Problems: diag.List{{Severity: diag.Error}}}, engine.Tally{Done: 1}, false, "Apply finished with problems.", "Done: 1, failed: 0, waiting: 0, unknown: 0, not started: 0."},
		{"on the server", &engine.Plan{}, engine.Tally{Waiting: 1}, true, "Apply stopped before all was done.", "Done: 0, failed: 0, waiting: 1, unknown: 0, not started: 0."},
		{"never begun", &engine.Plan{}, engine.Tally{NotStarted: 1}, true, "Apply stopped before all was done.", "Done: 0, failed: 0, waiting: 0, unknown: 0, not started: 1."},
		{"held back", &engine.Plan{}, engine.Tally{NotStarted: 1}, false, "Apply finished with problems.", "Done: 0, failed: 0, waiting: 0, unknown: 0, not started: 1."},
	} {
		got := concluded(c.plan, c.ran, c.stopped, nil)
		if got.headline(english) != c.head || doneLine(english, got.tally()) != c.done {
			t.Errorf("%s: %s %s", c.name, got.headline(english), doneLine(english, got.tally()))
		}
	}
}

// A dumb terminal and a stream that is none get no control codes; a full disk is noticed.
func TestSinkRemembersTheFirstError(t *testing.T) {
	full, err := os.Open(os.DevNull) // open for reading: it takes nothing
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	out := &sink{w: full}
	(&screen{w: out}).printf("lost\n")
	if out.failure() == nil {
		t.Error("the loss was not noticed")
	}
	var b bytes.Buffer
	out = &sink{w: &b}
	(&screen{w: out}).printf("import.staff[%s]\n", "m\xe4rz.csv")
	if out.failure() != nil || b.String() != "import.staff[m\\xe4rz.csv]\n" {
		t.Errorf("%q, %v", b.String(), out.failure())
	}
}
