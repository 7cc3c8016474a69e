package command

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
)

// observeBatch is how long apply watches files that changed just now before it sends any (LANGUAGE.md, settle).
const observeBatch = 500 * time.Millisecond

// defaultParallelism is Terraform's.
const defaultParallelism = 10

// applyOptions are the flags of apply beside plan's.
type applyOptions struct {
	planOptions
	autoApprove bool
	approve     []string
	maxAge      time.Duration
	saved       *engine.SavedPlan // the plan that is carried out, nil: one is made
	parallelism int
	lockTimeout time.Duration
	shown       bool // the demo has just shown this plan: only its last lines
}

func (s *session) applyCommand() *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use: "apply [options] [FILE]", Short: "Do what plan shows, after asking", Args: exactly(0, 1, "at most one saved plan"),
		Long: "Plans, shows the plan, asks for the word yes, and carries it out; with a FILE from plan -out it carries out that, without asking, as far as each step still holds, and ends with 1 if one that is still owed does not. The first interrupt finishes what is on the wire, the second stops at once.\n\n" +
			"Exit code: 0 done or nothing to do, 1 error, or something was rejected, failed, declined or is unknown. With -detailed-exitcode: 2 changes were made, 3 done but steps wait for approval, 4 an outcome is unknown.",
		Example: "dropform apply\ndropform apply tonight.plan\ndropform apply -auto-approve -parallelism=4\ndropform apply -target='import.absence[wels]'",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				saved, ok, err := s.readPlan(args[0])
				if err != nil {
					return err
				}
				if !ok {
					return noPlan(args[0])
				}
				if err := refuseFlags(o); err != nil {
					return err
				}
				o.saved, o.autoApprove = saved, true
			}
			_, err := s.apply(o)
			return err
		},
	}
	flags := cmd.Flags()
	addPlanFlags(flags, &o.planOptions)
	flags.BoolVar(&o.autoApprove, "auto-approve", false, "do not ask")
	flags.DurationVar(&o.maxAge, "max-age", engine.SavedPlanAge, "refuse a saved plan that is older than `DURATION`")
	flags.StringArrayVar(&o.approve, "approve", nil, "carry out the step `ADDRESS` that needs approval; * is any run of characters; repeatable")
	flags.IntVar(&o.parallelism, "parallelism", defaultParallelism, "at most `N` steps at the same time")
	flags.DurationVar(&o.lockTimeout, "lock-timeout", 0, "wait up to `DURATION` for another apply to end, for example 30s")
	return cmd
}

// apply answers with the tally of what was done; the error bears the exit code.
func (s *session) apply(o applyOptions) (engine.Tally, error) {
	working()
	if o.json {
		s.speakLines()
	}
	if err := s.applyPossible(o); err != nil {
		return engine.Tally{}, err
	}
	s.aloud = !o.json
	cfg, err := s.load(o.vars)
	if err != nil {
		return engine.Tally{}, err
	}
	po, err := o.planOptions.engine(observeBatch, cfg.Location)
	if err != nil {
		return engine.Tally{}, err
	}
	sender, err := s.openSender(cfg, "apply", o.lockTimeout)
	if err != nil {
		return engine.Tally{}, err
	}
	tally, err := s.applyWith(cfg, sender, o, po)
	return tally, errors.Join(err, sender.close())
}

// applyPossible refuses what could only end in a question that nobody can answer, and a run that could do nothing.
func (s *session) applyPossible(o applyOptions) error {
	if o.parallelism < 1 {
		return diag.Diagnostic{Code: "invalid_flag", Summary: "Invalid option", Detail: fmt.Sprintf("-parallelism=%d: at least one step at a time is needed.", o.parallelism)}
	}
	if o.autoApprove {
		return nil
	}
	d := diag.Diagnostic{Code: "approval_needed", Summary: "Approval needed"}
	switch {
	case o.json:
		d.Detail = "With -json nobody can be asked. Use -auto-approve, after looking at dropform plan."
	case !s.input:
		d.Detail = "With -input=false nobody can be asked. Use -auto-approve, after looking at dropform plan."
	default:
		return nil
	}
	return d
}

func (s *session) applyWith(cfg *engine.Config, sender *sender, o applyOptions, po engine.PlanOptions) (engine.Tally, error) {
	plan, err := s.planToApply(cfg, sender, o, po)
	if err != nil {
		return engine.Tally{}, err
	}
	unknown := name(cfg, plan, o.approve)
	if o.shown {
		out := s.outScreen()
		out.printf("(the plan as above)\n\n%s\n%s\n", definitionsLine(out.tongue, plan), planLine(out.tongue, plan))
	} else {
		s.showPlan(plan, o.full)
	}
	s.stale(plan.Stale)
	if unknown != nil {
		return s.notBegun(plan, unknown)
	}
	if len(plan.Definitions) == 0 && plan.Steps() == 0 {
		c := concluded(plan, engine.Tally{}, false, nil)
		err := s.noteRecognised(cfg, sender, plan)
		s.nothingToDo(c)
		return c.tally(), errors.Join(err, applyCode(o.detailed, c))
	}
	if !o.autoApprove {
		if err := s.confirm(); err != nil {
			return s.notBegun(plan, err)
		}
		if err := s.askForOrders(plan); err != nil {
			return s.notBegun(plan, err)
		}
	}
	c, err := s.carryOut(cfg, sender, o, plan)
	return c.tally(), errors.Join(err, applyCode(o.detailed, c))
}

// notBegun ends an apply that had a plan and carried out nothing of it: with the reason and the tally.
func (s *session) notBegun(plan *engine.Plan, reason error) (engine.Tally, error) {
	c := concluded(plan, engine.Tally{}, false, reason)
	c.ran.NotStarted = plan.Steps() - len(c.unapproved)
	code := s.explain(reason)
	if s.ui != nil {
		s.ui.conclude(c)
	} else {
		out := s.outScreen()
		out.printf("%s\n", doneLine(out.tongue, c.tally()))
	}
	return c.tally(), exit(code)
}

// planToApply makes the plan, or takes a saved one as far as it still holds.
func (s *session) planToApply(cfg *engine.Config, sender *sender, o applyOptions, po engine.PlanOptions) (*engine.Plan, error) {
	if o.saved != nil {
		return s.again(cfg, o.saved, sender.ledger.Reader(), o.maxAge, po.Observe, o.approve)
	}
	po.Approve = o.approve
	return s.makePlan(cfg, s.asking(sender.ledger.Reader(), s.hashing(cfg)), po)
}

// noteRecognised lets an apply without a step still record which touched files are the ones that were dealt with.
func (s *session) noteRecognised(cfg *engine.Config, sender *sender, plan *engine.Plan) error {
	if len(plan.Recognised) == 0 {
		return nil
	}
	runner := engine.NewRunner(engine.RunnerOptions{FS: s.FS, Ledger: sender.ledger, Process: sender.process, Now: now, Log: s.log, Who: s.who()})
	_, err := runner.Apply(s.ctx, s.soft, cfg, plan)
	return err
}

// nothingToDo ends an apply that has no step. Only what is not as it should be gets a line of its own.
func (s *session) nothingToDo(c conclusion) {
	out := s.outScreen()
	switch {
	case s.ui != nil:
		s.ui.conclude(c)
	case c.clean():
		out.printf("\n%s\n", doneLine(out.tongue, c.tally()))
	default:
		out.printf("\n%s\n%s%s\n", out.bold(c.headline(out.tongue)), c.approvals(out.tongue), doneLine(out.tongue, c.tally()))
	}
}

// carryOut runs the steps and tells how they go.
func (s *session) carryOut(cfg *engine.Config, sender *sender, o applyOptions, plan *engine.Plan) (conclusion, error) {
	emit, finish := s.follow(false, nil)
	runner := engine.NewRunner(engine.RunnerOptions{
		FS: s.FS, Ledger: sender.ledger, Process: sender.process, Now: now,
		Emit: emit, Parallelism: o.parallelism, UserAgent: s.userAgent(), Log: s.log, Who: s.who(), Conboxes: s.conboxes,
		Say: func(text string) string { return s.speaks().say(text) },
	})
	if s.ui == nil {
		s.outScreen().printf("\n")
	}
	s.sending.Store(true)
	tally, err := runner.Apply(s.ctx, s.soft, cfg, plan)
	c := concluded(plan, tally, s.soft.Err() != nil, err)
	s.farewell(runner.Close)
	finish(c)
	return c, err
}

// follow starts the view of a run. emit takes its events; finish ends the view.
func (s *session) follow(live bool, gone func(engine.Address) bool) (emit func(engine.Event), finish func(conclusion)) {
	if s.ui != nil {
		return s.tapped(s.ui), s.ui.conclude
	}
	text := newTextView(s.outScreen(), s.errScreen(), now, live)
	if text.gone = gone; live {
		text.speaks = s.speaks
	}
	s.logTo.to(logLines{text})
	ctx, stop := context.WithCancel(s.ctx)
	var beating sync.WaitGroup
	beating.Go(func() { text.beat(ctx) })
	return s.tapped(text), func(c conclusion) {
		stop()
		beating.Wait()
		s.logTo.to(s.Stderr)
		text.conclude(c)
	}
}

func (s *session) tapped(v view) func(engine.Event) {
	return func(e engine.Event) {
		v.event(e)
		s.logEvent(e)
		if s.tap != nil {
			s.tap(e)
		}
	}
}
