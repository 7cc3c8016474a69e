package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// RunnerOptions is what a Runner works with.
type RunnerOptions struct {
	FS          afero.Fs
	Ledger      *ledger.Ledger
	Process     *ledger.Process
	Now         func() time.Time
	Emit        func(Event) // called from several goroutines; must be quick
	Parallelism int         // steps under way at once
	Conboxes    *Conboxes   // shared with the Planner
	UserAgent   string
	Dial        Dial // nil: TCP
	Log         *slog.Logger
	Who         string                      // the person, for the history
	KeepTrying  bool                        // watch: an unreachable connection is tried again without end instead of failing steps
	Say         func(english string) string // a sentence in the language of people, for the reports beside files; nil: English
}

// Dial opens a connection to a host and port, as net.Dialer does. What simulates a network gives its own.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Runner carries out plans. One Runner serves a process: its sessions and job slots are shared by all its runs.
type Runner struct {
	o     RunnerOptions
	steps chan struct{}

	mu      sync.Mutex
	links   map[Address]*link
	retired []*link
	tenants map[ledger.SystemID]*slots
	debts   []debt // what happened and is not recorded
	lengths lengths
	swept   swept
	judged  judged

	protocols durable.Gathering // of imports whose files are not sent one after the other
	naming    turns             // of protocols by their path, which several files may share
}

// NewRunner makes a Runner. Close ends its sessions.
func NewRunner(o RunnerOptions) *Runner {
	return &Runner{o: o, steps: make(chan struct{}, max(1, o.Parallelism)), links: map[Address]*link{}, tenants: map[ledger.SystemID]*slots{}}
}

// Close logs out, as far as the server answers within ctx, and gives back what is claimed.
func (r *Runner) Close(ctx context.Context) {
	r.settle(ctx)
	r.mu.Lock()
	links := slices.Clone(r.retired)
	for _, l := range r.links {
		links = append(links, l)
	}
	r.links, r.retired = map[Address]*link{}, nil
	r.mu.Unlock()
	for _, l := range links {
		if l.client == nil {
			l.slots.releaseIdle()
			continue
		}
		for _, s := range []perbit.Stream{perbit.ImportStream, perbit.ExportStream} {
			if err := l.client.Session(s).Logout(ctx); err != nil {
				r.o.Log.Debug("log out", "connection", l.current().Address.String(), "error", err)
			}
		}
		l.client.Close()
		l.slots.releaseIdle()
	}
}

// run is one carrying out of a plan.
type run struct {
	*Runner
	cfg    *Config
	soft   context.Context       // ended by the first Ctrl-C: begin nothing more, do not wait for the server's jobs
	ended  func(*Action, ending) // watch: hears of every end; nil: nobody does
	other  func(Address) int     // watch: how many files wait for a connection that are not in this plan; nil: none
	behind string                // watch: a file that was put back, and that nothing of the block's order overtakes; empty: none
	mu     sync.Mutex
	tally  Tally
	open   map[Address]int // steps that have not ended, by connection

	touched map[string]bool // folders from which something may have been sent
	lines   appended
}

// Apply carries the plan out: definitions first, then the work, block beside block and in each block in order. ctx ends
// everything at once; soft ends it as soon as what is on the wire is through. The error is about the run as a whole;
// what became of each step is in the events and the tally.
func (r *Runner) Apply(ctx, soft context.Context, cfg *Config, plan *Plan) (Tally, error) {
	failpoint.At("run.begun")
	n := &run{Runner: r, cfg: cfg, soft: soft}
	r.sweepAbandoned(ctx)
	if err := r.applyDefinitions(ctx, plan.Definitions); err != nil {
		return n.tally, err
	}
	n.tally.Definitions = len(plan.Definitions)
	if len(plan.Recognised) > 0 {
		if err := r.o.Ledger.Put(ctx, plan.Recognised, nil, nil, "", "", ""); err != nil {
			return n.tally, err
		}
	}
	may, err := n.await(ctx, plan)
	if err != nil {
		return n.tally, err
	}
	if err := errors.Join(n.writeOwed(ctx, "", 0), n.noteLines(ctx)); err != nil { // also of rules that are gone
		r.o.Log.Debug("write what results are owed", "error", plainError(err))
	}
	n.work(ctx, may)
	n.markServed(ctx)
	return n.tally, nil
}

// applyDefinitions makes the folders of new imports and then registers the definitions. In that order: a definition
// whose folder could not be made is not applied, so that the next run tries again.
func (r *Runner) applyDefinitions(ctx context.Context, changes []DefinitionChange) error {
	if len(changes) == 0 {
		return nil
	}
	failpoint.At("definition.folder")
	for i := range changes {
		if err := r.makeFolder(ctx, &changes[i]); err != nil {
			return err
		}
	}
	failpoint.At("definition.apply")
	if err := r.o.Ledger.Apply(ctx, ledgerChanges(changes), r.o.Who); err != nil {
		return err
	}
	failpoint.At("definition.applied")
	for i := range changes {
		r.emit(DefinitionApplied{Change: &changes[i]})
	}
	return nil
}

func (r *Runner) makeFolder(ctx context.Context, c *DefinitionChange) error {
	if c.folder == "" {
		return nil
	}
	if err := durable.MkdirAll(r.o.FS, c.folder, 0o755); err != nil {
		return fmt.Errorf("make the drop folder of %s: %w", c.Address, err)
	}
	if _, found, err := readMarker(r.o.FS, c.folder); found || err != nil {
		return nil //nolint:nilerr // what it says, or that it cannot be read, is the planner's business
	}
	if err := r.mark(ctx, c.folder); err != nil {
		return fmt.Errorf("mark the drop folder of %s as served: %w", c.Address, err)
	}
	return nil
}

func (r *Runner) emit(e Event) {
	if r.o.Emit != nil {
		r.o.Emit(e)
	}
}

// work runs the blocks side by side. Duplicates of files that this very plan uploads come last: only then is it known
// whether they are any.
func (n *run) work(ctx context.Context, actions []Action) {
	n.open = map[Address]int{}
	for i := range actions {
		if a := &actions[i]; a.Kind != NeedsPerson {
			n.open[a.connection().Address]++
		}
	}
	late := func(a *Action) bool { return a.Kind == Duplicate && a.Prior == nil }
	n.blocks(ctx, groupActions(actions, func(a *Action) bool { return !late(a) }))
	n.blocks(ctx, groupActions(actions, late))
}

// blocks runs groups side by side. A block waits for those it depends on, and does not begin when one of them failed.
func (n *run) blocks(ctx context.Context, groups []*group) {
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() {
			defer close(g.done)
			for _, other := range groups {
				if other != g && dependsOn(g, other.address) {
					<-other.done
					if !other.ok {
						n.skip(g.actions, fmt.Sprintf("%s, which it depends on, did not end well", other.address))
						return
					}
				}
			}
			g.ok = n.block(ctx, g)
		})
	}
	all.Wait()
}

// skip counts steps that are not begun and says why.
func (n *run) skip(actions []*Action, why string) {
	for _, a := range actions {
		n.end(a, time.Now(), ending{result: ResultNotStarted, text: why})
	}
}

// block does the steps of one block: interrupted work first, then uploads and the rest in order. Under order = "any"
// uploads go side by side, and duplicates wait for them.
func (n *run) block(ctx context.Context, g *group) bool {
	turn := "turn/" + g.address.String()
	if err := n.claimTurn(turn); err != nil {
		n.skip(g.actions, err.Error())
		return false
	}
	defer func() {
		// A claim that cannot be given back now ends with the process.
		_ = n.o.Process.Release(context.WithoutCancel(ctx), turn)
	}()
	n.sweep(ctx, g)
	defer func() {
		if err := n.noteLines(ctx); err != nil {
			n.o.Log.Debug("note the written lines", "error", plainError(err)) // they are owed, and found there by the next run
		}
	}()
	q := &queue{run: n, g: g, ok: true}
	if g.imp == nil || g.imp.Order != "any" {
		q.serial(ctx, g.actions)
		return q.ok
	}
	var first, side, last []*Action
	for _, a := range g.actions {
		switch a.Kind {
		case Resume:
			first = append(first, a)
		case Duplicate:
			last = append(last, a)
		default:
			side = append(side, a)
		}
	}
	q.serial(ctx, first)
	q.parallel(ctx, side, max(1, g.imp.Connection.Parallel))
	q.serial(ctx, last)
	return q.ok
}

// claimTurn waits until no other process works on the block. Who waits has sent nothing, so a stop ends it at once.
func (n *run) claimTurn(key string) error {
	for {
		holder, err := n.o.Process.Claim(n.soft, key)
		if err != nil && n.soft.Err() != nil {
			return errStopped
		}
		if err != nil {
			return err
		}
		if holder.ID == "" {
			return nil
		}
		select {
		case <-n.soft.Done():
			return errStopped
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var errStopped = errors.New("the run was stopped before it began")

// ending is how a step ended, before it is told.
type ending struct {
	result           Result
	quiet            bool // watch: part of an outage that has been told
	text, next, code string
	warning          string // what is odd about a step that is done
	stop             string // why nothing more of this block is begun
	turn             bool   // watch: not begun for a reason that is not the step's own, so nothing of its block's order goes before it
	behind           bool   // watch: not begun because it would overtake such a one
}

func failed(doing string, err error) ending {
	return ending{result: ResultFailed, text: fmt.Sprintf("%s: %s", doing, plainError(err)), code: codeOf(err)}
}

// plainError drops paths that the address already tells.
func plainError(err error) string {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Op + ": " + p.Err.Error()
	}
	return err.Error()
}

func codeOf(err error) string {
	if e := (*perbit.Error)(nil); errors.As(err, &e) {
		return string(e.Class)
	}
	return "local"
}

func (n *run) end(a *Action, began time.Time, e ending) {
	n.mu.Lock()
	n.tally.Count(a.Kind, e.result)
	n.open[a.connection().Address]--
	n.mu.Unlock()
	if n.ended != nil {
		n.ended(a, e)
	}
	quiet := e.quiet && n.o.KeepTrying
	if quiet && !a.begun {
		return
	}
	n.tellBegun(a, began)
	n.emit(StepEnded{Action: a, Result: e.result, Text: e.text, Code: e.code, Next: e.next, Warning: e.warning, Elapsed: time.Since(began), Quiet: quiet})
}

// tellBegun tells the beginning of a step, once.
func (n *run) tellBegun(a *Action, at time.Time) {
	if !a.begun {
		a.begun = true
		n.emit(StepStarted{Action: a, At: at})
	}
}

// probing reports whether the step is one of watch's tries whether a connection is back, or whether a job that is past its time
// has ended after all: its beginning is told when it is.
func (n *run) probing(a *Action) bool {
	if n.o.KeepTrying && a.overdue(n.o.Now()) {
		return true
	}
	if a.Kind == Reject || a.Kind == Duplicate || len(a.Filings) > 0 {
		return false
	}
	return n.o.KeepTrying && !n.retryAt(a.connection().Address).IsZero()
}

// connection is what the action's block uses.
func (a *Action) connection() *Connection {
	switch {
	case a.Import != nil:
		return a.Import.Connection
	case a.Rule != nil:
		return a.Rule.Connection
	}
	return a.Export.Connection
}

// step does what the action says. It may take long and begins nothing once soft has ended.
// over is called when the block's next step may begin before this one has ended.
func (n *run) step(ctx context.Context, a *Action, over func()) ending {
	switch {
	case a.Call != nil:
		return n.call(ctx, a)
	case a.Kind == Upload:
		return n.upload(ctx, a, over)
	case a.Kind == Reject:
		return n.reject(ctx, a)
	case a.Rule != nil && a.owed:
		return n.owedLines(ctx, a)
	case a.Rule != nil && len(a.Filings) == 0:
		return n.placedBefore(ctx, a)
	case a.Kind == Duplicate:
		return n.duplicate(ctx, a)
	case a.Kind == RunExport:
		return n.export(ctx, a)
	case len(a.Filings) > 0:
		return n.file(ctx, a)
	case a.Import != nil:
		return n.resumeImport(ctx, a)
	default:
		return n.resumeExport(ctx, a)
	}
}

// grace is how long an outcome may still take to be recorded after everything was told to end.
const grace = 10 * time.Second

// recording is a context for what must still be written after ctx has ended.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}
