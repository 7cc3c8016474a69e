package command

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dropform/engine"
)

// lockedBuffer is a terminal that the bars and the view write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// On a terminal a long step has a bar, a short one has none, and the lines of ended steps survive above the bars.
func TestBarsOnATerminal(t *testing.T) {
	defer goleak.VerifyNone(t)
	var out lockedBuffer
	tty := &screen{w: &out, terminal: true, width: 80}
	v := newTextView(tty, tty, time.Now, false)
	long, short := file(at(engine.KindImport, "staff"), engine.Upload, "long.csv", "new", 10), file(at(engine.KindImport, "staff"), engine.Upload, "short.csv", "new", 10)
	v.event(engine.StepStarted{Action: &long})
	v.event(engine.StepStarted{Action: &short})
	v.event(engine.StepProgress{Action: &short, Phase: "uploading", Sent: 5, Total: 10, Elapsed: 100 * time.Millisecond})
	if v.bars.active() {
		t.Error("a short step has a bar")
	}
	v.event(engine.StepProgress{Action: &long, Phase: "uploading", Sent: 5, Total: 10, Percent: -1, Elapsed: time.Second})
	if !v.bars.active() {
		t.Error("a long step has no bar")
	}
	v.event(engine.StepEnded{Action: &short, Result: engine.ResultDone})
	v.event(engine.StepEnded{Action: &long, Result: engine.ResultDone, Elapsed: 2 * time.Second})
	if v.bars.active() {
		t.Error("there are bars with nothing to show")
	}
	v.conclude(conclusion{operation: "apply", ran: engine.Tally{Done: 2}})
	for _, want := range []string{"import.staff[short.csv]: Import complete", "import.staff[long.csv]: Import complete after 2s", "Done: 2,"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "Uploading...") {
		t.Errorf("a terminal shows plain progress lines:\n%s", out.String())
	}
}

func TestBarState(t *testing.T) {
	for _, c := range []struct {
		e       engine.StepProgress
		columns int
		full    int64
		text    string
	}{
		{engine.StepProgress{Phase: "uploading", Sent: 250_000, Total: 1_000_000, Percent: -1}, 40, 250, "uploading 25 %, 250 kB / 1.0 MB"},
		{engine.StepProgress{Phase: "uploading", Sent: 250_000, Total: 1_000_000, Percent: -1}, 20, 250, "uploading 25 %"},
		{engine.StepProgress{Phase: "uploading", Sent: 250_000, Total: 1_000_000, Percent: -1}, 6, 250, "25 %"},
		{engine.StepProgress{Phase: "importing", Percent: 33.5}, 20, 335, "importing 34 %"},
		{engine.StepProgress{Phase: "importing", Percent: 250}, 20, 1000, "importing 100 %"},
		{engine.StepProgress{Phase: "downloading", Sent: 10, Total: -1, Percent: -1}, 20, 0, "downloading"},
	} {
		if full, text := barState(c.e, c.columns); full != c.full || text != c.text {
			t.Errorf("%+v in %d columns is %d, %q", c.e, c.columns, full, text)
		}
	}
}

func TestShortenedKeepsBothEnds(t *testing.T) {
	for columns, want := range map[int]string{20: "import.staff[ä.csv]", 19: "import.staff[ä.csv]", 10: "impor….csv]", 8: "impo…sv]"} {
		if got := shortened("import.staff[ä.csv]", columns); got != want && columns > 10 || len([]rune(got)) > columns {
			t.Errorf("in %d columns: %q, want %q", columns, got, want)
		}
	}
}
