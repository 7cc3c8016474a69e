package command

import (
	"sync"

	"dropform/engine"
)

// demoDrops is the hand that drops files while watch runs. It acts on what it hears, never on time.
type demoDrops struct {
	show *demoShow
	stop func()

	mu     sync.Mutex
	stage  int  // 0 nothing, 1 dropped, 2 dropped again, 3 seen as a duplicate
	placed bool // the approved order
	err    error
	work   sync.WaitGroup
}

// event hears what watch tells. The work is done beside it: the teller must not wait for the disk.
func (a *demoDrops) event(e engine.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e := e.(type) {
	case engine.ConfigLoaded:
		if a.stage == 0 {
			a.stage = 1
			a.drop(a.show.out.sayf("\n(the demo drops %s)\n", demoLate.name))
		}
	case engine.StepEnded:
		switch {
		case e.Action.File.Name == demoLate.name:
			a.ended(e)
		case e.Action.Kind == engine.Purchase && e.Result == engine.ResultDone:
			a.placed = true
			a.shown()
		}
	}
}

func (a *demoDrops) ended(e engine.StepEnded) {
	switch {
	case e.Result != engine.ResultDone:
		a.fail(a.show.wrong("%s", endLine(english, e)))
	case a.stage == 1 && e.Action.Kind == engine.Upload:
		a.stage = 2
		a.drop(a.show.out.say("\n(the demo drops the same file again)\n"))
	case a.stage == 2 && e.Action.Kind == engine.Duplicate:
		a.stage = 3
		a.shown()
	}
}

// shown ends the show once everything in it has happened.
func (a *demoDrops) shown() {
	switch {
	case a.stage < 3 || !a.placed:
	case a.show.once:
		a.stop()
	default:
		a.work.Go(func() { a.show.out.printf("%s", a.show.stays) })
	}
}

func (a *demoDrops) drop(text string) {
	a.work.Go(func() {
		a.show.out.printf("%s", text)
		if err := a.show.dropLate(); err != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.fail(err)
		}
	})
}

// fail keeps the first error and ends the watch.
func (a *demoDrops) fail(err error) {
	if a.err == nil {
		a.err = err
	}
	a.stop()
}

// wait returns when nothing is being dropped any more.
func (a *demoDrops) wait() { a.work.Wait() }

// finished reports whether the order was placed and both drops were dealt with.
func (a *demoDrops) finished() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stage == 3 && a.placed
}
