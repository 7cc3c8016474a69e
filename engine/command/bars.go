package command

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"dropform/engine"
)

// barAfter is how long a step runs before it gets a bar: a bar for every small file would only flicker.
const barAfter = 300 * time.Millisecond

// bars are the progress bars at the bottom of a terminal. The container lives only while there is a bar, so that an
// idle watch redraws nothing. A nil *bars shows nothing. The owner's lock guards it.
type bars struct {
	tongue
	w         io.Writer
	width     int
	container *mpb.Progress
	shown     map[*engine.Action]*bar
}

type bar struct {
	*mpb.Bar
	since time.Time
	text  atomic.Value // string
}

func (b *bars) active() bool { return b != nil && b.container != nil }

// above is a writer whose lines appear above the bars.
func (b *bars) above() io.Writer { return b.container }

func (b *bars) progress(e engine.StepProgress) {
	if b == nil || e.Elapsed < barAfter {
		return
	}
	one := b.shown[e.Action]
	if one == nil {
		one = b.add(e.Action, now().Add(-e.Elapsed))
	}
	e.Phase = b.say(e.Phase)
	done, text := barState(e, layoutOf(b.width).tail-len(" 1m10s")-1)
	one.text.Store(text)
	one.SetCurrent(done)
}

func (b *bars) add(a *engine.Action, since time.Time) *bar {
	if b.container == nil {
		b.container = mpb.New(mpb.WithOutput(b.w), mpb.WithWidth(layoutOf(b.width).bar), mpb.WithAutoRefresh())
		b.shown = map[*engine.Action]*bar{}
	}
	one := &bar{since: since}
	one.text.Store("")
	// One more than full, so that only the step's end completes the bar.
	one.Bar = b.container.AddBar(barFull+1, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(shortened(printable(a.Address.String()), layoutOf(b.width).name))),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			text := fmt.Sprintf(" %s %s", one.text.Load(), seconds(now().Sub(one.since)))
			return text[:min(len(text), layoutOf(b.width).tail)] // all of it is ASCII
		})))
	b.shown[a] = one
	return one
}

// end takes a step's bar away, and with the last one the container: from then on lines go straight to the screen.
func (b *bars) end(a *engine.Action) {
	if b == nil || b.shown[a] == nil {
		return
	}
	b.shown[a].Abort(true)
	delete(b.shown, a)
	if len(b.shown) == 0 {
		b.container.Wait()
		b.container = nil
	}
}

func (b *bars) close() {
	if !b.active() {
		return
	}
	for a := range b.shown {
		b.end(a)
	}
}

// barFull is a full bar, in thousandths.
const barFull = 1000

// layout shares the columns of a terminal out, so that the bar and how full it is are visible however long a name is.
type layout struct{ name, bar, tail int }

func layoutOf(width int) layout {
	l := layout{bar: 10, tail: 13}
	switch {
	case width >= 110:
		l = layout{bar: 30, tail: 43}
	case width >= 60:
		l = layout{bar: 20, tail: 24}
	}
	l.name = max(8, width-l.bar-l.tail-1)
	return l
}

// barState is how full a bar is and what stands beside it, in so many columns.
func barState(e engine.StepProgress, columns int) (int64, string) {
	full, amount := int64(-1), ""
	switch {
	case e.Total > 0 && e.Sent < e.Total:
		full = barFull * e.Sent / e.Total
		amount = fmt.Sprintf(", %s / %s", humanize.Bytes(uint64(e.Sent)), humanize.Bytes(uint64(e.Total)))
	case e.Percent >= 0:
		full = int64(min(max(e.Percent, 0), 100) * barFull / 100)
	}
	if full < 0 {
		return 0, e.Phase
	}
	share := fmt.Sprintf("%d %%", (full+5)/10)
	for _, text := range []string{e.Phase + " " + share + amount, e.Phase + " " + share} {
		if len(text) <= columns {
			return full, text
		}
	}
	return full, share
}

// shortened leaves out the middle of a text that is wider than so many columns: a file's name differs at its end.
func shortened(text string, columns int) string {
	all := []rune(text)
	if len(all) <= columns {
		return text
	}
	back := (columns - 1) / 2
	return string(all[:columns-1-back]) + "…" + string(all[len(all)-back:])
}
