package engine_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// mortal kills a process at one of its moments: whenever the engine changes something on the disk, asks what time it is or
// tells something. From then on nothing that it does has an effect: each of its goroutines ends where it next touches the
// world. What the ledger has by then is what a kill leaves.
type mortal struct {
	afero.Fs
	mu    sync.Mutex
	moves int // how many moments it still lives; below zero: it is immortal
	dead  bool
}

func (m *mortal) live() {
	m.mu.Lock()
	if m.moves == 0 {
		m.dead = true
	}
	m.moves--
	dead := m.dead
	m.mu.Unlock()
	if dead {
		runtime.Goexit()
	}
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) OpenFile(name string, flag int, perm os.FileMode) (afero.File, error) {
	m.live()
	f, err := m.Fs.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &mortalFile{f, m}, nil
}

func (m *mortal) Rename(from, to string) error {
	m.live()
	return m.Fs.Rename(from, to)
}

func (m *mortal) Remove(name string) error {
	m.live()
	return m.Fs.Remove(name)
}

func (m *mortal) Mkdir(name string, perm os.FileMode) error {
	m.live()
	return m.Fs.Mkdir(name, perm)
}

func (m *mortal) LstatIfPossible(name string) (os.FileInfo, bool, error) {
	return m.Fs.(afero.Lstater).LstatIfPossible(name)
}

// mortalFile is a file that is being written when the process dies.
type mortalFile struct {
	afero.File
	m *mortal
}

func (f *mortalFile) Write(p []byte) (int, error) {
	f.m.live()
	return f.File.Write(p)
}

func (f *mortalFile) WriteAt(p []byte, at int64) (int, error) {
	f.m.live()
	n, err := f.File.WriteAt(p[:len(p)/2], at) // half of it is on the disk
	if err != nil {
		return n, err
	}
	f.m.live()
	more, err := f.File.WriteAt(p[n:], at+int64(n))
	return n + more, err
}

func (f *mortalFile) Sync() error {
	f.m.live()
	return f.File.Sync()
}

// applyDying is apply by a process that dies after so many moments. It reports whether it came to its end before that.
func (r *rig) applyDying(cfg *engine.Config, moves int) (survived bool) {
	r.t.Helper()
	disk, clock := r.fs, r.now
	m := &mortal{Fs: disk, moves: -1}
	r.fs, r.now = m, func() time.Time { m.live(); return clock() }
	s := r.listen(false, func(engine.Event) { m.live() })
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	m.mu.Lock()
	m.moves = moves
	m.mu.Unlock()
	var run sync.WaitGroup
	run.Go(func() {
		if _, err := s.r.Apply(context.Background(), context.Background(), cfg, plan); err != nil && !m.isDead() {
			r.t.Error(err)
		}
	})
	run.Wait()
	r.fs, r.now = disk, clock
	s.close(r.t) // gives its lock back, as the system does; what it left in sending is the next one's to find
	return !m.isDead()
}

// TestKilledAtEveryMoment: a process that places two orders dies at every moment of it in turn. The next one finds out what
// is certain, a person says what is not, and in the end each order was placed exactly once, its file is filed away, and its
// result has a line for everything that may have left.
func TestKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  string
		fault sandbox.Fault // of the first order
		lines int           // of the result, its header included
	}{
		"stays":             {orders, sandbox.Fault{}, 3},
		"archived":          {with(orders, inDone), sandbox.Fault{}, 3},
		"cut before effect": {with(orders, inDone), onPurchase(sandbox.FaultCutBefore), 4},
		"cut after effect":  {with(orders, inDone), onPurchase(sandbox.FaultCutAfterAccept), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for moves := 0; ; moves++ {
				survived := false
				t.Run(fmt.Sprint(moves), func(t *testing.T) {
					r := newRig(t, func(o *sandbox.Options) { o.Conbox.Auth = sandbox.AuthNone })
					cfg := r.load(shop + c.rule)
					r.apply(cfg, engine.PlanOptions{}) // definitions
					r.write("in/a.csv", order(door, window))
					if c.fault.Kind != "" {
						r.inject(c.fault)
					}
					survived = r.applyDying(cfg, moves)
					r.box.ClearFaults()
					r.outlive(cfg)
					r.expectPlaced(door, window)
					r.expectFiled(c.rule, c.lines)
					if left := r.temps(); len(left) > 0 {
						t.Errorf("temporary files are left: %q", left)
					}
				})
				if survived || t.Failed() || moves == 300 {
					if moves < 15 || moves == 300 {
						t.Errorf("%d moments", moves)
					}
					return
				}
			}
		})
	}
}

// outlive goes on after a death until nothing is left to do, saying the truth about what is unknown.
func (r *rig) outlive(cfg *engine.Config) {
	r.t.Helper()
	for range 4 {
		r.apply(cfg, engine.PlanOptions{})
		for _, a := range r.plan(cfg, engine.PlanOptions{}).Actions {
			if a.Kind != engine.NeedsPerson || a.Reason != engine.ReasonUnknown {
				continue
			}
			made := strings.Contains(strings.Join(r.placed(), " "), a.Address.Item)
			if err := r.resolve(cfg, a.Address.String(), made); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	r.expectNothing(cfg)
}

// expectFiled wants the file of the test where its rule puts it, with a whole result beside it.
func (r *rig) expectFiled(rule string, most int) {
	r.t.Helper()
	folder := "in"
	if strings.Contains(rule, "archive") {
		folder = "done"
		if r.exists("in/a.csv") {
			r.t.Errorf("the file is still there: %q", r.names("in"))
		}
	}
	if !r.exists(folder+"/a.csv") || !r.exists(folder+"/a.csv.protocol.txt") {
		r.t.Errorf("%s: %q", folder, r.names(folder))
	}
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(r.read(folder+"/a.csv.result.csv"), "\ufeff")))
	in.Comma = ';'
	records, err := in.ReadAll() // each as long as the header
	if err != nil || len(records) < 3 || len(records) > most || records[0][0] != "Time" || records[0][len(records[0])-1] != "ServiceData" {
		r.t.Errorf("the result: %v, %q", err, records)
	}
}
