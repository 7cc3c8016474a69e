package command

import (
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine"
)

func (s *session) planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use: "plan [options]", Short: "Show what would be done", Args: exactly(0, 0, "no arguments"),
		Long: "Compares the configuration with the ledger and the folders and shows every step that apply would take. It changes nothing anywhere and works while watch runs; with -out it may make the empty ledger, which the saved plan is bound to.\n\n" +
			"Exit code: 0 done, 1 error. With -detailed-exitcode: 0 nothing to do, 1 error, 2 a step, a definition or a question is listed.",
		Example: "dropform plan\ndropform plan -target=import.staff -full\ndropform plan -out=tonight.plan\ndropform plan -replace='export.payroll[wels]' -as-of=2026-02-01T05:30",
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("out") && o.out == "" { // of a variable that is empty
				return unsaved(`""`, "it is no name. Name a file.")
			}
			return s.plan(o)
		},
	}
	addPlanFlags(cmd.Flags(), &o)
	cmd.Flags().StringVar(&o.out, "out", "", "save the plan to `FILE`, for dropform apply FILE")
	return cmd
}

func (s *session) plan(o planOptions) error {
	shortLived(s.textSize())
	if o.json {
		s.speakLines()
	}
	s.aloud = !o.json
	cfg, err := s.load(o.vars)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := s.canSave(o.out); err != nil {
			return err
		}
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
	planner := s.asking(reader, s.hashing(cfg))
	if !o.refresh {
		planner.Conboxes = nil
	}
	plan, err := s.makePlan(cfg, planner, po)
	if err != nil {
		return err
	}
	s.showPlan(plan, o.full)
	if o.out != "" {
		if err := s.savePlan(cfg, plan, po, o.out); err != nil {
			return err
		}
	}
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

// extent counts what a configuration has to look at.
func extent(l tongue, cfg *engine.Config) string {
	folders := len(cfg.Imports)
	for _, r := range cfg.Rules {
		if r.Folder != "" {
			folders++
		}
	}
	return l.sayf("%s and %s", l.count(folders, "drop folder", "drop folders"), l.count(len(cfg.Exports), "export", "exports"))
}

// hashing says at once that something is going on, and on a terminal how far the reading of files is. The answer may be
// nil.
func (s *session) hashing(cfg *engine.Config) func(done, total int) {
	if s.ui != nil {
		return nil
	}
	out := s.outScreen()
	out.printf("Looking at %s...\n", extent(out.tongue, cfg))
	if !out.terminal {
		return nil
	}
	return func(done, total int) {
		if total == 0 {
			return
		}
		text := out.sayf("\rReading files: %s of %s", thousands(int64(done)), thousands(int64(total)))
		if done >= total {
			text += "\r\x1b[K"
		}
		out.printf("%s", text)
	}
}

// manyPositions is from how many positions on it is said that their prices are read; patience is how long fewer may take
// before that is said too.
const (
	manyPositions = 20
	patience      = 2 * time.Second
)

// reading says that the prices of an order are being read where that takes long, on a terminal also how far it is.
func (s *session) reading() func(order engine.Address, done, total int) {
	var mu sync.Mutex
	var waiting *time.Timer
	told := map[engine.Address]bool{}
	out := s.outScreen()
	return func(order engine.Address, done, total int) {
		mu.Lock()
		defer mu.Unlock()
		if waiting != nil {
			waiting.Stop()
		}
		tell := func() { out.printf("Reading %s of %s...\n", out.count(total, "position", "positions"), order) }
		switch {
		case total < manyPositions && done < total:
			waiting = time.AfterFunc(patience, tell)
			return
		case total < manyPositions:
			return
		case !told[order]:
			told[order] = true
			tell()
		}
		if out.terminal {
			out.printf("\r%s of %s", thousands(int64(done)), thousands(int64(total)))
			if done == total {
				out.printf("\r\x1b[K")
			}
		}
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
