package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// group is the actions of one block instance.
type group struct {
	address Address
	depends []Address
	imp     *Import
	actions []*Action
	done    chan struct{}
	ok      bool // every step ended well; read after done
}

func groupActions(actions []Action, wanted func(*Action) bool) []*group {
	var out []*group
	byBlock := map[Address]*group{}
	for i := range actions {
		a := &actions[i]
		if a.Kind == NeedsPerson || !wanted(a) {
			continue
		}
		b := a.Address.Block()
		g := byBlock[b]
		if g == nil {
			g = &group{address: b, imp: a.Import, done: make(chan struct{})}
			switch {
			case a.Import != nil:
				g.depends = a.Import.DependsOn
			case a.Export != nil:
				g.depends = a.Export.DependsOn
			case a.Rule != nil:
				g.depends = a.Rule.DependsOn
			}
			byBlock[b] = g
			out = append(out, g)
		}
		g.actions = append(g.actions, a)
	}
	return out
}

func dependsOn(g *group, other Address) bool {
	return slices.ContainsFunc(g.depends, func(d Address) bool { return d == other || !d.Keyed && d == other.Base() })
}

// queue is one block's steps on their way.
type queue struct {
	*run
	g    *group
	mu   sync.Mutex
	ok   bool
	stop string // why nothing more of the block is begun; empty: go on

	quiet bool // that has been told already
}

func (q *queue) serial(ctx context.Context, actions []*Action) {
	for _, a := range actions {
		q.one(ctx, a, func() {})
	}
}

// afterwards is how many steps of a block may be written and recorded side by side whose server is done with them: enough for
// their flushes to be shared.
const afterwards = 24

// parallel does so many steps at a time. One whose server is done with it leaves its place to the next, and writes and
// records what is left meanwhile: those flushes then go side by side too, and share transactions.
func (q *queue) parallel(ctx context.Context, actions []*Action, atOnce int) {
	next := make(chan *Action)
	places := make(chan struct{}, atOnce)
	workers := atOnce
	if q.g.imp.OnError != "stop" { // else none may begin before it is known how those before it ended
		workers += afterwards
	}
	var all sync.WaitGroup
	for range min(workers, len(actions)) {
		all.Go(func() {
			for a := range next {
				places <- struct{}{}
				over := sync.OnceFunc(func() { <-places })
				q.one(ctx, a, over)
				over()
			}
		})
	}
	for _, a := range actions {
		next <- a
	}
	close(next)
	all.Wait()
}

// one does one step, or says why it is not begun. over is called when it counts no more among the steps at once, at the latest
// when it has ended.
func (q *queue) one(ctx context.Context, a *Action, over func()) {
	began := time.Now()
	q.mu.Lock()
	stop, quiet := q.stop, q.quiet
	q.mu.Unlock()
	var e ending
	switch {
	case stop != "":
		e = ending{result: ResultNotStarted, text: stop, quiet: quiet, turn: true}
	case q.mustWait(a):
		e = ending{result: ResultNotStarted, text: "it waits its turn behind " + q.behind, quiet: true, behind: true}
	case q.soft.Err() != nil:
		e = ending{result: ResultNotStarted, text: errStopped.Error()}
	default:
		select {
		case q.steps <- struct{}{}:
			if !q.probing(a) {
				q.tellBegun(a, began)
			}
			done := sync.OnceFunc(func() {
				<-q.steps
				over()
			})
			e = q.step(ctx, a, done)
			done()
		case <-q.soft.Done():
			e = ending{result: ResultNotStarted, text: errStopped.Error()}
		}
	}
	q.settle(a, e)
	e.turn = e.turn || e.stop != ""
	q.end(a, began, e)
}

// mustWait reports whether a file would overtake one that was put back and is not among the steps of this run.
func (q *queue) mustWait(a *Action) bool {
	return q.behind != "" && a.Kind == Upload && (a.Import.Order != "name" || naturalCompare(a.File.Name, q.behind) > 0)
}

// settle notes what a step's end means for those after it.
func (q *queue) settle(a *Action, e ending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.result == ResultDone {
		return
	}
	q.ok = false
	switch {
	case q.stop != "" || e.result == ResultNotStarted && e.stop == "":
	case e.stop != "":
		q.stop, q.quiet = e.stop, e.quiet
	case e.result == ResultWaiting && q.g.imp != nil && q.g.imp.Order != "any":
		q.stop, q.quiet = "the server is still working on "+a.Address.String(), e.quiet
	case q.g.imp != nil && q.g.imp.OnError == "stop":
		q.stop = fmt.Sprintf("held back by %s (%s)", a.Address, e.result)
	}
}
