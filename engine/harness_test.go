package engine_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// with puts attributes or blocks at the end of a block.
func with(block string, lines ...string) string {
	head, ok := strings.CutSuffix(strings.TrimRight(block, "\n"), "}")
	if !ok {
		panic("not a block")
	}
	return head + "  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// named is another block of the same making: staff as "crew" with the folder crew.
func named(name string) string {
	return strings.NewReplacer(`"staff"`, `"`+name+`"`, `"in"`, `"`+name+`"`).Replace(staff)
}

// rows is a CSV file of one row that no other number shares.
func rows(number string) string { return "PersonalNr;Name;Vorname\n" + number + ";Müller;Jörg\n" }

const toDone = "archive {\n    folder = \"done\"\n  }"

// tamperFs stands between the engine and the disk. Every field may be nil.
type tamperFs struct {
	afero.Fs
	open   func(name string) error
	create func(name string) error
	rename func(from, to string) error
	file   func(afero.File) afero.File // what Open returns
}

func (f *tamperFs) Open(name string) (afero.File, error) {
	if f.open != nil {
		if err := f.open(name); err != nil {
			return nil, err
		}
	}
	file, err := f.Fs.Open(name)
	if err == nil && f.file != nil {
		file = f.file(file)
	}
	return file, err
}

func (f *tamperFs) OpenFile(name string, flag int, perm os.FileMode) (afero.File, error) {
	if f.create != nil && flag&os.O_CREATE != 0 {
		if err := f.create(name); err != nil {
			return nil, err
		}
	}
	return f.Fs.OpenFile(name, flag, perm)
}

func (f *tamperFs) Rename(from, to string) error {
	if f.rename != nil {
		if err := f.rename(from, to); err != nil {
			return err
		}
	}
	return f.Fs.Rename(from, to)
}

func (f *tamperFs) LstatIfPossible(name string) (os.FileInfo, bool, error) {
	return f.Fs.(afero.Lstater).LstatIfPossible(name)
}

// listen is a session whose events also go to a function.
func (r *rig) listen(keepTrying bool, hear func(engine.Event)) *session {
	r.t.Helper()
	l := r.open()
	p, err := l.Join(context.Background(), "test")
	if err != nil {
		r.t.Fatal(err)
	}
	return &session{l, p, engine.NewRunner(engine.RunnerOptions{
		FS: r.fs, Ledger: l, Process: p, Now: r.now, Parallelism: 10, Who: "tester", KeepTrying: keepTrying, Conboxes: r.boxes,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Emit: func(e engine.Event) {
			r.mu.Lock()
			r.events = append(r.events, e)
			r.mu.Unlock()
			hear(e)
		},
	})}
}

// applyUntil is apply with a first Ctrl-C as soon as an event says so.
func (r *rig) applyUntil(cfg *engine.Config, stop func(engine.Event) bool) engine.Tally {
	r.t.Helper()
	soft, end := context.WithCancel(context.Background())
	defer end()
	s := r.listen(false, func(e engine.Event) {
		if stop(e) {
			end()
		}
	})
	defer s.close(r.t)
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	tally, err := s.r.Apply(context.Background(), soft, cfg, plan)
	if err != nil {
		r.t.Fatal(err)
	}
	return tally
}

func (r *rig) retry(cfg *engine.Config, patterns ...string) error {
	return r.requests(cfg, func(q engine.Requests) error { _, err := q.Retry(context.Background(), patterns); return err })
}

func (r *rig) adopt(cfg *engine.Config, patterns ...string) error {
	return r.requests(cfg, func(q engine.Requests) error { _, err := q.Adopt(context.Background(), patterns); return err })
}

func (r *rig) resolve(cfg *engine.Config, address string, happened bool) error {
	return r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Resolve(context.Background(), address, happened, "")
		return err
	})
}

func (r *rig) status(cfg *engine.Config) *engine.Status {
	r.t.Helper()
	reader, err := ledger.OpenReader(context.Background(), r.ledgerPath())
	if err != nil {
		r.t.Fatal(err)
	}
	defer reader.Close()
	st, err := engine.Planner{FS: r.fs, Reader: reader, Now: r.now}.ReadStatus(context.Background(), cfg, r.path(".dropform/watch.json"), false)
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

// age makes a file look as if it had lain there for that long.
func (r *rig) age(name string, d time.Duration) {
	r.t.Helper()
	at := time.Now().Add(-d)
	if err := os.Chtimes(r.path(name), at, at); err != nil {
		r.t.Fatal(err)
	}
}

// names lists a folder, without hidden files.
func (r *rig) names(folder string) []string {
	r.t.Helper()
	entries, err := os.ReadDir(r.path(folder))
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	return out
}

func (r *rig) lastEnd() engine.StepEnded {
	r.t.Helper()
	ends := r.ends()
	if len(ends) == 0 {
		r.t.Fatal("no step has ended")
	}
	return ends[len(ends)-1]
}

// waits prints what a plan holds back.
func waits(p *engine.Plan) []string {
	var out []string
	for _, w := range p.Waiting {
		out = append(out, w.Address.String()+" "+w.Reason)
	}
	return out
}

func expectTally(t testing.TB, got engine.Tally, done, failed, waiting, unknown, notStarted int) {
	t.Helper()
	got.ByKind, got.Definitions = nil, 0
	want := engine.Tally{Done: done, Failed: failed, Waiting: waiting, Unknown: unknown, NotStarted: notStarted}
	if got.Done != want.Done || got.Failed != want.Failed || got.Waiting != want.Waiting || got.Unknown != want.Unknown || got.NotStarted != want.NotStarted {
		t.Errorf("tally %+v, want %+v", got, want)
	}
}

// loseAnswer lets the next import take effect and cuts its answer.
func (r *rig) loseAnswer() {
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
}
