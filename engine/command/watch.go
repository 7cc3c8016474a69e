package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
)

// watchOptions are the flags of watch.
type watchOptions struct {
	vars        []VarFlag
	autoApprove bool
	json        bool
}

func (s *session) watchCommand() *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use: "watch [options]", Short: "Serve what was applied: files as they are dropped, exports as they fall due", Args: exactly(0, 0, "no arguments"),
		Long: "Watches the folders of every applied definition, runs exports on their schedules, and follows edits of the configuration: an edited block is served once it is applied, or at once with -auto-approve. It runs until it is interrupted; the first interrupt finishes what is on the wire.\n\n" +
			"Exit code: 0 ended in order, 1 error, or something was rejected, failed or is unknown.",
		Example: "dropform watch\ndropform watch -auto-approve -json",
		RunE: func(*cobra.Command, []string) error {
			_, err := s.watch(o)
			return err
		},
	}
	flags := cmd.Flags()
	addVarFlags(flags, &o.vars)
	flags.BoolVar(&o.autoApprove, "auto-approve", false, "apply edits of the configuration without asking")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	return cmd
}

func (s *session) watch(o watchOptions) (engine.Tally, error) {
	working()
	if o.json {
		s.speakLines()
	}
	// Before the configuration is read: an edit made in between is noticed.
	watcher, err := s.NewWatcher(s.Dir, s.varFiles(o.vars))
	if err != nil {
		return engine.Tally{}, fmt.Errorf("start to watch: %w", err)
	}
	s.aloud = !o.json
	cfg, err := s.load(o.vars)
	if err != nil {
		return engine.Tally{}, err
	}
	sender, err := s.openSender(cfg, "watch", 0)
	if err != nil {
		return engine.Tally{}, err
	}
	if s.ui == nil {
		out := s.outScreen()
		out.printf("Watching %s. Interrupt to stop.\n", extent(out.tongue, cfg))
	}
	tally, err := s.serve(cfg, sender, watcher, o)
	if err == nil && (tally.Failed > 0 || tally.Unknown > 0) {
		err = exit(1)
	}
	return tally, errors.Join(err, sender.close())
}

// varFiles are the files named with -var-file, as absolute paths.
func (s *session) varFiles(vars []VarFlag) []string {
	var out []string
	for _, v := range vars {
		switch {
		case !v.File:
		case filepath.IsAbs(v.Text):
			out = append(out, v.Text)
		default:
			out = append(out, filepath.Join(s.Dir, v.Text))
		}
	}
	return out
}

func (s *session) serve(cfg *engine.Config, sender *sender, watcher engine.Watcher, o watchOptions) (engine.Tally, error) {
	newest := &atomic.Pointer[engine.Config]{}
	newest.Store(cfg)
	emit, finish := s.follow(true, func(a engine.Address) bool { return !declares(newest.Load(), a) })
	runner := engine.NewRunner(engine.RunnerOptions{
		FS: s.FS, Ledger: sender.ledger, Process: sender.process, Now: now,
		Emit: emit, Parallelism: defaultParallelism, UserAgent: s.userAgent(), Log: s.log, Who: s.who(), KeepTrying: true, Conboxes: s.conboxes,
		Say: func(text string) string { return s.speaks().say(text) },
	})
	service := engine.NewService(engine.ServiceOptions{
		Runner: runner, Planner: s.asking(sender.ledger.Reader(), nil), Watcher: watcher,
		Load: func() (*engine.Config, diag.List) {
			cfg, diags := s.read(o.vars)
			if cfg != nil && !diags.HasErrors() {
				newest.Store(cfg)
				s.spoken.Store(tongueOf(cfg.Language))
			}
			return cfg, diags
		},
		AutoApprove: o.autoApprove, Log: s.log, StatusPath: statusPath(cfg),
	})
	s.sending.Store(true)
	tally, err := service.Run(s.ctx, s.soft, cfg)
	s.farewell(runner.Close)
	finish(conclusion{operation: "watch", ran: tally, problems: err != nil, stopped: true})
	return tally, err
}

// declares reports whether a configuration has a block.
func declares(cfg *engine.Config, a engine.Address) bool {
	return slices.ContainsFunc(cfg.Connections, func(c *engine.Connection) bool { return c.Address == a }) ||
		slices.ContainsFunc(cfg.Imports, func(i *engine.Import) bool { return i.Address == a }) ||
		slices.ContainsFunc(cfg.Exports, func(e *engine.Export) bool { return e.Address == a }) ||
		slices.ContainsFunc(cfg.Rules, func(r *engine.Rule) bool { return r.Address == a })
}

// statusPath is where a running watch leaves what status shows of it.
func statusPath(cfg *engine.Config) string {
	return filepath.Join(filepath.Dir(cfg.LedgerPath), "watch.status.json")
}
