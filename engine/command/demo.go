package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/sandbox"
)

const (
	demoFolder = "dropform-demo"
	// demoBound is how long the whole of demo -once may take before it counts as gone wrong.
	demoBound = 2 * time.Minute
)

func (s *session) demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "demo [options]", Short: "See the main job with nothing set up", Args: exactly(0, 0, "no arguments"),
		Long:    "Starts the embedded sandbox, writes an example project with CSV files into " + demoFolder + ", runs plan, apply and watch over it, and says what to look at. It goes on until it is interrupted; with -once it ends by itself.\n\nFiles in " + demoFolder + " that the demo did not make are never touched, and a folder of that name that is not the demo's is refused. A second run starts afresh.",
		Example: "dropform demo\ndropform demo -once",
		RunE:    func(*cobra.Command, []string) error { return s.demo(once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the show; exit 0 if all of it went as it should")
	return cmd
}

// demo is the show: four commands, run as a user would type them, over a project that it writes.
func (s *session) demo(once bool) error {
	dir := filepath.Join(s.Dir, demoFolder)
	out := s.outScreen()
	out.printf("%s A sandbox of both servers, a project, and the commands that matter.\n\n", out.bold("dropform demo."))
	lock, err := s.claimDemo(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	url, stop, err := demoServer(s.ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := s.writeDemo(dir, url); err != nil {
		return err
	}
	out.printf("The sandbox listens on %s.\nThe project is in %s: main.hcl, and five CSV files in its drop folders.\n", url, demoFolder)
	show := demoShow{session: s.inDir(dir), out: out, once: once, stays: s.forShell(out.say(demoStays))}
	if err := show.run(); err != nil {
		return err
	}
	out.printf("%s", s.forShell(out.say(demoLook)))
	return nil
}

// forShell fills a text with what a person can copy: how this process was called, and the demo's folder as seen from
// where that was.
func (s *session) forShell(text string) string {
	folder := filepath.Join(s.chdir, demoFolder)
	return strings.NewReplacer("@DROPFORM@", callable(s.Program), "@DEMO@", filepath.ToSlash(folder), "@CHDIR@", shellWord(folder)).Replace(text)
}

// callable is a command that calls this program again: "go run ." builds into a folder that is gone afterwards.
func callable(program string) string {
	switch slashed := filepath.ToSlash(program); {
	case program == "":
		return "dropform"
	case strings.Contains(slashed, "/go-build"):
		return "go run ."
	}
	return shellWord(program)
}

// demoServer starts a sandbox whose jobs take a moment, so that there is something to see.
func demoServer(ctx context.Context) (url string, stop func(), err error) {
	options := sandbox.Demo()
	options.Latency, options.JobTime = 10*time.Millisecond, 400*time.Millisecond
	server := sandbox.New(options)
	url, err = server.Listen(ctx, "")
	if err != nil {
		server.Close()
		return "", nil, err
	}
	return url, server.Close, nil
}

// inDir is a session of its own over the demo's folder. It asks nobody.
func (s *session) inDir(dir string) *session {
	app := *s.App
	app.Dir = dir
	return &session{App: &app, ctx: s.ctx, soft: s.soft, sending: s.sending, spoken: s.spoken, keyboard: s.keyboard, noColor: s.noColor, conboxes: s.conboxes, log: s.log, logTo: s.logTo}
}

// claimDemo makes sure that the folder is the demo's own, and that no other demo runs in it.
func (s *session) claimDemo(dir string) (*durable.Lock, error) {
	mine, err := s.isDemo(dir)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", demoFolder, err)
	}
	if !mine {
		return nil, diag.Diagnostic{
			Code: "foreign_folder", Summary: "There is a folder " + demoFolder + " that is not the demo's",
			Detail: "It holds files that the demo did not write, so nothing in it is touched. Run the demo in another directory, or rename that folder.",
		}
	}
	if err := durable.MkdirAll(s.FS, dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := durable.TryLock(filepath.Join(dir, demoLock), "")
	if errors.Is(err, durable.ErrLocked) {
		return nil, diag.Diagnostic{Code: "locked", Summary: "Another demo is running", Detail: "It works in " + demoFolder + ". End it first, or start this one in another directory."}
	}
	return lock, err
}

// demoShow runs the commands and compares what became of the files with what should.
type demoShow struct {
	*session
	out  *screen
	once bool

	stays string // what to do while watch goes on
}

func (d *demoShow) run() error {
	if d.once {
		bounded, cancel := context.WithTimeout(d.ctx, demoBound)
		defer cancel()
		d.ctx, d.soft = bounded, mergeDone(bounded, d.soft)
	}
	d.title("dropform plan", "What would be done. Nothing is sent yet.")
	if err := d.session.plan(planOptions{refresh: true}); err != nil {
		return err
	}
	if err := d.apply(); err != nil {
		return err
	}
	if err := d.approve(); err != nil {
		return err
	}
	return d.watch()
}

// mergeDone ends with either context.
func mergeDone(ctx, other context.Context) context.Context {
	merged, cancel := context.WithCancel(ctx)
	context.AfterFunc(other, cancel)
	return merged
}

func (d *demoShow) title(command, text string) {
	d.out.printf("\n%s\n%s\n\n", d.out.bold("$ "+command), d.out.say(text))
}

// apply carries out the plan. It ends with exit code 1, as it should: one file is rejected.
func (d *demoShow) apply() error {
	d.title("dropform apply -auto-approve", "Three files are uploaded, three exports written. One file has errors and is rejected whole. The order waits: no flag but its name places it.")
	tally, err := d.session.apply(applyOptions{autoApprove: true, shown: true, parallelism: defaultParallelism})
	var code exit
	if err != nil && !errors.As(err, &code) {
		return err
	}
	if d.soft.Err() != nil {
		return exit(1)
	}
	want := map[engine.ActionKind]int{engine.Upload: 3, engine.Reject: 1, engine.RunExport: 3}
	for kind, n := range want {
		if got := tally.ByKind[kind]; got != n {
			return d.wrong("apply: %d of kind %s, expected %d", got, kind, n)
		}
	}
	if int(code) != 1 || tally.Failed != 1 || tally.Waiting != 1 || tally.Unknown != 0 || tally.NotStarted != 0 {
		return d.wrong("apply ended with %s Exit code %d", doneLine(english, tally), int(code))
	}
	d.out.printf("(exit code 1: a file was rejected, and a script should know)\n")
	return nil
}

// demoOrder is the order of the demo.
const demoOrder = "rule.purchase.orders[101224-01]"

// approve is a person's word for the order, with the prices that apply has shown.
func (d *demoShow) approve() error {
	d.title("dropform approve '"+demoOrder+"'", "A person has looked at the order and its prices. The approval holds for exactly this.")
	return d.decide(nil, func(q engine.Requests) error {
		done, err := q.Approve(d.ctx, []string{demoOrder})
		d.approved(done)
		return err
	})
}

func (d *demoShow) wrong(format string, args ...any) error {
	return diag.Diagnostic{Code: "demo_failed", Summary: "The demo did not go as it should", Detail: fmt.Sprintf(format, args...) + "."}
}

// watch serves the folders while a file is dropped, and dropped again.
func (d *demoShow) watch() error {
	d.title("dropform watch", "It places the approved order, once, and waits for files. The demo drops "+demoLate.name+", and when it is done drops the same file again.")
	soft, stop := context.WithCancel(d.soft)
	defer stop()
	act := &demoDrops{show: d, stop: stop}
	running := *d.session
	running.soft, running.tap = soft, act.event
	tally, err := running.watch(watchOptions{})
	act.wait()
	switch {
	case act.err != nil:
		return act.err
	case err != nil:
		return err
	case d.once && d.ctx.Err() != nil:
		return d.wrong("it took longer than %s", demoBound)
	case !act.finished():
		if d.once {
			return d.wrong("watch ended before the order was placed and the dropped file taken twice; %s", doneLine(english, tally))
		}
	}
	return nil
}
