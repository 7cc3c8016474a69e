package command

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/fatih/color"

	"dropform/engine"
	"dropform/engine/diag"
)

// maxBoxes is how many failed steps get a box of their own at the end of an apply; the rest are counted.
const maxBoxes = 10

// view is what a run is told to: people's or a program's.
type view interface {
	event(e engine.Event)
}

// textView tells people how a run goes: plain lines, and on a terminal bars below them. It may be called from any
// goroutine; lines of one event stay together.
type textView struct {
	mu       sync.Mutex
	out, err *screen
	now      func() time.Time
	speaks   func() tongue             // watch: an edit may change the language; nil: it stays as it is
	live     bool                      // watch: problems are told at once, not at the end
	gone     func(engine.Address) bool // watch: whether the newest configuration lacks a block; nil: it has all
	steps    map[*engine.Action]*runningStep
	problems diag.List
	held     map[heldBack]int             // steps that were not started, by block and reason: the first is told, the rest counted
	down     map[engine.Address]time.Time // connections that are down, and since when
	bars     *bars                        // nil where stdout is no terminal
}

// heldBack is one reason for which steps of a block were not started.
type heldBack struct {
	block engine.Address
	why   string
}

// runningStep is a step between its start and its end.
type runningStep struct {
	since time.Time
	phase string
	tens  int // tens of seconds told
}

func newTextView(out, err *screen, now func() time.Time, live bool) *textView {
	v := &textView{out: out, err: err, now: now, live: live, steps: map[*engine.Action]*runningStep{}, held: map[heldBack]int{}, down: map[engine.Address]time.Time{}}
	if out.terminal {
		v.bars = &bars{tongue: out.tongue, w: out.w, width: out.width}
	}
	return v
}

// beat prints "Still uploading... [10s elapsed]" for every step that runs long, until ctx ends.
func (v *textView) beat(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			v.stillRunning()
		}
	}
}

func (v *textView) stillRunning() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.bars != nil {
		return
	}
	var lines []string
	for a, s := range v.steps {
		elapsed := v.now().Sub(s.since)
		if tens := int(elapsed / heartbeat); tens > s.tens {
			s.tens = tens
			lines = append(lines, v.out.sayf("%s: Still %s [%s elapsed]\n", a.Address, phrase(v.out.tongue, s.phase, a.Kind), seconds(elapsed)))
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		v.print("%s", l)
	}
}

// speak takes up an edit of the language.
func (v *textView) speak() {
	if v.speaks == nil {
		return
	}
	l := v.speaks()
	v.out.tongue, v.err.tongue = l, l
	if v.bars != nil {
		v.bars.tongue = l
	}
}

// print writes a line above the bars.
func (v *textView) print(format string, args ...any) {
	v.write(v.out.w, []byte(printable(v.out.sayf(format, args...))))
}

func (v *textView) write(w io.Writer, text []byte) {
	if v.bars.active() {
		w = v.bars.above()
	}
	_, _ = w.Write(text)
}

func (v *textView) event(e engine.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.speak()
	switch e := e.(type) {
	case engine.StepStarted:
		v.steps[e.Action] = &runningStep{since: v.now()}
		if v.bars == nil && !v.retries(e.Action) {
			v.print("%s: %s\n", e.Action.Address, v.out.say(wordsOf(e.Action.Kind).starting))
		}
	case engine.StepProgress:
		if s := v.steps[e.Action]; s != nil {
			s.phase = e.Phase
			v.bars.progress(e)
		}
	case engine.StepEnded:
		v.ended(e)
	case engine.DefinitionApplied:
		v.print("%s: %s\n", e.Change.Address, v.out.say(map[string]string{
			"create": "Definition added", "update": "Definition changed", "move": "Definition moved", "forget": "Definition forgotten",
		}[e.Change.Verb]))
	case engine.ConnectionDown:
		v.connectionDown(e)
	case engine.ConnectionUp:
		delete(v.down, e.Address)
		v.print("%s: Connection is back after %s\n", e.Address, seconds(e.After))
	case engine.FolderHealed:
		v.print("%s: Folder is watched again\n", e.Address)
	case engine.ConfigLoaded:
		v.serving(e)
	case engine.PlanMade:
		v.questions(e.Plan)
	default:
		if list, ok := noticeOf(e); ok {
			v.boxes(list)
		}
	}
}

func (v *textView) ended(e engine.StepEnded) {
	delete(v.steps, e.Action)
	v.bars.end(e.Action)
	if e.Quiet {
		return // part of an outage that has been told
	}
	if e.Result == engine.ResultNotStarted && !v.live {
		reason := heldBack{e.Action.Address.Block(), e.Text}
		if v.held[reason]++; v.held[reason] > 1 {
			return
		}
	}
	line := endLine(v.out.tongue, e)
	if e.Result == engine.ResultDone {
		v.print("%s\n", line)
		if e.Warning != "" {
			v.boxes(diag.List{endDiagnostic(e)})
		}
		return
	}
	paint := color.FgRed
	if e.Result == engine.ResultWaiting || e.Result == engine.ResultNotStarted {
		paint = color.FgYellow
	}
	v.print("%s\n", v.out.paint(line, paint))
	if !v.live {
		v.problems = append(v.problems, endDiagnostic(e))
	} else if next := cmp.Or(e.Next, unknownNext(e)); next != "" {
		v.print("  %s\n", v.out.say(next))
	}
}

func unknownNext(e engine.StepEnded) string {
	if e.Result != engine.ResultUnknown {
		return ""
	}
	return "When you know: " + decisions(engine.ReasonUnknown, e.Action.Address)
}

func (v *textView) boxes(list diag.List) {
	var b bytes.Buffer
	screen := *v.err
	screen.w = &b
	for _, d := range list {
		screen.diagnostic(d)
	}
	v.write(v.err.w, b.Bytes())
}

func prefixed(by, text string) string {
	if text == "" {
		return ""
	}
	return by + text
}

// heldBack counts, by block, the steps that were not started for a reason that has been told.
func (v *textView) heldBack() {
	var lines []string
	for reason, n := range v.held {
		if n > 1 {
			lines = append(lines, v.out.sayf("%s: … and %s not started for the same reason", reason.block, v.out.count(n-1, "more", "more")))
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		v.print("%s\n", v.out.paint(l, color.FgYellow))
	}
}

// conclude prints what is left to say: the boxes of failed steps, then the tally.
func (v *textView) conclude(c conclusion) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bars.close()
	v.heldBack()
	shown := v.problems
	if len(shown) > maxBoxes {
		shown = shown[:maxBoxes]
	}
	v.boxes(shown)
	if rest := len(v.problems) - len(shown); rest > 0 {
		v.boxes(diag.List{{
			Severity: diag.Warning, Code: "more_problems",
			Summary: english.count(rest, "more step did", "more steps did") + " not go as they should", Detail: "dropform status lists them.",
		}})
	}
	what := c.headline(v.out.tongue)
	if c.clean() {
		what = v.out.paint(what, color.FgGreen, color.Bold)
	} else {
		what = v.out.bold(what)
	}
	v.out.printf("\n%s\n%s%s\n", what, c.approvals(v.out.tongue), doneLine(v.out.tongue, c.tally()))
}
