package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dropform/engine"
)

func (s *session) planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use: "plan [options]", Short: "Show what would be done", Args: exactly(0, 0, "no arguments"),
		Long: "Compares the configuration with the ledger and the folders and shows every step that apply would take. It changes nothing anywhere and works while watch runs.\n\n" +
			"Exit code: 0 done, 1 error. With -detailed-exitcode: 0 nothing to do, 1 error, 2 a step, a definition or a question is listed.",
		Example: "dropform plan\ndropform plan -target=import.staff -full\ndropform plan -replace='export.payroll[wels]' -as-of=2026-02-01T05:30",
		RunE:    func(*cobra.Command, []string) error { return s.plan(o) },
	}
	addPlanFlags(cmd.Flags(), &o)
	return cmd
}

func (s *session) plan(o planOptions) error {
	if o.json {
		s.ui = newJSONView(s.Stdout, now, s.Version)
		s.ui.hello()
	}
	cfg, err := s.load(o.vars)
	if err != nil {
		return err
	}
	reader, err := s.reader(cfg)
	if err != nil {
		return err
	}
	defer reader.Close()
	po, err := o.engine(0, cfg.Location)
	if err != nil {
		return err
	}
	plan, err := s.makePlan(cfg, s.planner(reader, s.hashing(cfg)), po)
	if err != nil {
		return err
	}
	s.showPlan(plan, o.full)
	switch {
	case plan.Problems.HasErrors():
		return exit(1)
	case o.detailed && !plan.Empty():
		return exit(2)
	}
	return nil
}

// makePlan plans; an interrupt ends it, as nothing is on the wire yet.
func (s *session) makePlan(cfg *engine.Config, p engine.Planner, o engine.PlanOptions) (*engine.Plan, error) {
	plan, err := p.Plan(s.soft, cfg, o)
	if err != nil && errors.Is(err, s.soft.Err()) && s.soft.Err() != nil {
		return nil, errors.New("interrupted while planning; nothing was done")
	}
	return plan, err
}

// hashing says at once that something is going on, and on a terminal how far the reading of files is. The answer may be
// nil.
func (s *session) hashing(cfg *engine.Config) func(done, total int) {
	if s.ui != nil {
		return nil
	}
	out := s.outScreen()
	out.printf("Looking at %s and %s...\n", count(len(cfg.Imports), "drop folder", "drop folders"), count(len(cfg.Exports), "export", "exports"))
	if !out.terminal {
		return nil
	}
	return func(done, total int) {
		if total == 0 {
			return
		}
		text := fmt.Sprintf("\rReading files: %s of %s", thousands(int64(done)), thousands(int64(total)))
		if done >= total {
			text += "\r\x1b[K"
		}
		out.printf("%s", text)
	}
}

// showPlan prints a plan, then what is wrong around it.
func (s *session) showPlan(p *engine.Plan, full bool) {
	if s.ui != nil {
		s.ui.plan(p)
		return
	}
	text := planText{screen: s.outScreen(), plan: p, full: full}
	text.show()
	s.diagnostics(p.Problems)
}
