package engine_test

import (
	"cmp"
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/afero"
	"go.uber.org/goleak"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
	"dropform/hcl"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(probeVariable); url != "" { // see figures_probe_test.go
		if err := runProbe(url); err != nil {
			panic(err)
		}
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // most tests wait for a server rather than work
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// rig is one project in a temporary folder with a sandbox of its own: the real planner, runner, ledger and client.
type rig struct {
	t      testing.TB
	dir    string
	box    *sandbox.Server
	url    string
	ledger string // where the ledger lies; empty: .dropform/ledger.db
	fs     afero.Fs
	now    func() time.Time
	boxes  *engine.Conboxes
	events []engine.Event
	hook   func(engine.Event)
	mu     sync.Mutex
}

func newRig(t testing.TB, o ...func(*sandbox.Options)) *rig {
	t.Helper()
	options := sandbox.Demo()
	for _, f := range o {
		f(&options)
	}
	r := &rig{t: t, dir: t.TempDir(), box: sandbox.New(options), fs: afero.NewOsFs(), now: time.Now, boxes: engine.NewConboxes("test")}
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if r.url, err = r.box.Listen(ctx, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		r.boxes.Close()
		r.box.Close()
	})
	return r
}

const head = `
connection "perbit" "hr" {
  url         = "URL"
  customer_id = "` + sandbox.DemoCustomerID + `"
  username    = "` + sandbox.DemoUser + `"
  password    = secret("env:PERBIT_PASSWORD")
  retry {
    attempts = 2
    first    = "10ms"
    longest  = "20ms"
  }
}
`

const staff = `
import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
}
`

func (r *rig) load(text string) *engine.Config {
	r.t.Helper()
	cfg, diags := r.tryLoad(text)
	if diags.HasErrors() {
		r.t.Fatalf("configuration: %v", diags)
	}
	return cfg
}

func (r *rig) tryLoad(text string) (*engine.Config, diag.List) {
	r.write("main.hcl", strings.ReplaceAll(text, "URL", r.url))
	return r.parse(r.fs)
}

// parse reads the configuration that is saved.
func (r *rig) parse(fs afero.Fs) (*engine.Config, diag.List) {
	return hcl.Load(hcl.Request{Fs: fs, Dir: r.dir, Environ: []string{"PERBIT_PASSWORD=" + sandbox.DemoPassword, "CONBOX_PASSWORD=" + sandbox.DemoPassword}, Now: r.now, Version: "0.1.0"})
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *rig) ledgerPath() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return cmp.Or(r.ledger, r.path(".dropform/ledger.db"))
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read(name string) string {
	r.t.Helper()
	raw, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

func (r *rig) exists(name string) bool {
	_, err := os.Lstat(r.path(name))
	return err == nil
}

func (r *rig) open() *ledger.Ledger {
	r.t.Helper()
	l, err := ledger.Open(context.Background(), r.ledgerPath())
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func (r *rig) plan(cfg *engine.Config, o engine.PlanOptions) *engine.Plan {
	r.t.Helper()
	p, err := r.tryPlan(cfg, o)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) tryPlan(cfg *engine.Config, o engine.PlanOptions) (*engine.Plan, error) {
	reader, err := ledger.OpenReader(context.Background(), r.ledgerPath())
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return engine.Planner{FS: r.fs, Reader: reader, Now: r.now, Conboxes: r.boxes}.Plan(context.Background(), cfg, o)
}

// session is one process's worth of work: a ledger, a registration, a runner.
type session struct {
	l *ledger.Ledger
	p *ledger.Process
	r *engine.Runner
}

func (r *rig) session(keepTrying bool) *session {
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
			defer r.mu.Unlock()
			r.events = append(r.events, e)
			if r.hook != nil {
				r.hook(e)
			}
		},
	})}
}

func (s *session) close(t testing.TB) {
	t.Helper()
	s.r.Close(context.Background())
	if err := s.l.Close(); err != nil {
		t.Error(err)
	}
}

func (r *rig) planner(l *ledger.Ledger) engine.Planner {
	return engine.Planner{FS: r.fs, Reader: l.Reader(), Now: r.now, Conboxes: r.boxes}
}

// apply plans and carries out, as one run of the command would.
func (r *rig) apply(cfg *engine.Config, o engine.PlanOptions) engine.Tally {
	r.t.Helper()
	s := r.session(false)
	defer s.close(r.t)
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, o)
	if err != nil {
		r.t.Fatal(err)
	}
	tally, err := s.r.Apply(context.Background(), context.Background(), cfg, plan)
	if err != nil {
		r.t.Fatal(err)
	}
	return tally
}

// requests runs fn as a person's command would, on a ledger of its own.
func (r *rig) requests(cfg *engine.Config, fn func(engine.Requests) error) error {
	r.t.Helper()
	l := r.open()
	defer l.Close()
	return fn(engine.Requests{Ledger: l, Planner: r.planner(l), Config: cfg, Who: "tester"})
}

// lines prints a plan's actions in short, for comparison.
func lines(p *engine.Plan) []string {
	var out []string
	for _, a := range p.Actions {
		out = append(out, a.Kind.Sign()+" "+a.Address.String()+" "+a.Reason)
	}
	return out
}

// onEvent calls fn for every event from now on; nil ends that.
func (r *rig) onEvent(fn func(engine.Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = fn
}

func (r *rig) ends() []engine.StepEnded {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []engine.StepEnded
	for _, e := range r.events {
		if e, ok := e.(engine.StepEnded); ok {
			out = append(out, e)
		}
	}
	return out
}

func replaceOnce(s, old, fresh string) string { return strings.Replace(s, old, fresh, 1) }

const goodCSV = "PersonalNr;Name;Vorname\n1001;Müller;Jörg\n1002;Groß;Änne\n"
