package command

import (
	"errors"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/ledger"
)

func (s *session) retryCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "retry [options] ADDRESS...", Short: "Let what failed, was refused or was seen before be planned again",
		Args:    exactly(1, -1, "at least one address"),
		Long:    "The next apply plans what the addresses name again, a running watch takes it up at once. Nothing is sent by this command. An unknown outcome is refused: only dropform resolve ends it.",
		Example: "dropform retry 'import.staff[march.csv]'\ndropform retry import.staff",
		RunE: func(_ *cobra.Command, args []string) error {
			return s.decide(vars, func(q engine.Requests) error {
				done, err := q.Retry(s.ctx, args)
				s.decided(done, "will be planned again")
				return err
			})
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func (s *session) adoptCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "adopt [options] ADDRESS...", Short: "Count existing files or export slots as done, without sending",
		Args:    exactly(1, -1, "at least one address"),
		Long:    "What the addresses name counts as done from now on. Nothing is sent; of orders the positions are read, so that they are held by number and by GUID. It also works for blocks that have not been applied yet. An unknown outcome is refused: only dropform resolve ends it.",
		Example: "dropform adopt import.staff\ndropform adopt 'import.staff[2019-*]'",
		RunE: func(_ *cobra.Command, args []string) error {
			return s.decide(vars, func(q engine.Requests) error {
				done, err := q.Adopt(s.ctx, args)
				s.decided(done, "counts as done")
				return err
			})
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func (s *session) resolveCommand() *cobra.Command {
	var vars []VarFlag
	var happened, didNot bool
	var note string
	cmd := &cobra.Command{
		Use: "resolve [options] ADDRESS -happened|-did-not-happen", Short: "End an unknown outcome",
		Args:    exactly(1, 1, "one address"),
		Long:    "Records what a person found out about a step whose answer was lost: that it happened on the server, or that it did not and may be sent again. Your name and the note go into the history.",
		Example: "dropform resolve 'import.staff[march.csv]' -happened -note=\"812 rows, seen in the import log\"\ndropform resolve 'import.staff[march.csv]' -did-not-happen",
		RunE: func(_ *cobra.Command, args []string) error {
			if happened == didNot {
				return diag.Diagnostic{Code: "invalid_arguments", Summary: "Say what you found", Detail: "Exactly one of -happened and -did-not-happen is needed."}
			}
			cfg, reader, err := s.ledgerOnly(vars)
			if err != nil {
				return err
			}
			return errors.Join(reader.Close(), s.decideWith(cfg, func(q engine.Requests) error {
				done, err := q.Resolve(s.ctx, args[0], happened, note)
				if err != nil {
					return err
				}
				outcome := "is recorded as not having happened; the next apply plans it again"
				switch {
				case happened:
					outcome = "is recorded as having happened"
				case done.Missing:
					outcome = "is recorded as not having happened; the file that was sent is not in its folder any more, so put it back there to have it planned again"
				}
				out := s.outScreen()
				out.printf("%s %s.\n", done.Address, out.say(outcome))
				if done.Older > 0 {
					out.printf("That was the one sent %s. What became of earlier content of the same name (sent before: %d) is still unknown; resolve it next, the latest first.\n",
						done.SentAt.In(cfg.Location).Format("2006-01-02 15:04:05"), done.Older)
				}
				return nil
			}))
		},
	}
	flags := cmd.Flags()
	addVarFlags(flags, &vars)
	flags.BoolVar(&happened, "happened", false, "the server did it")
	flags.BoolVar(&didNot, "did-not-happen", false, "the server did not do it")
	flags.StringVar(&note, "note", "", "`TEXT` for the history")
	return cmd
}

// decide opens the ledger for a person's decision. It needs no lock: a running watch sees what was written.
func (s *session) decide(vars []VarFlag, do func(engine.Requests) error) error {
	cfg, err := s.load(vars)
	if err != nil {
		return err
	}
	return s.decideWith(cfg, do)
}

func (s *session) decideWith(cfg *engine.Config, do func(engine.Requests) error) error {
	l, err := ledger.Open(s.ctx, cfg.LedgerPath)
	if err != nil {
		return err
	}
	return errors.Join(do(engine.Requests{Ledger: l, Planner: s.asking(l.Reader(), nil), Config: cfg, Who: s.who()}), l.Close())
}

func (s *session) decided(done []engine.Address, what string) {
	out := s.outScreen()
	for i, a := range done {
		if i == foldedSteps && len(done) > foldedSteps+1 {
			out.printf("… and %s more\n", thousands(int64(len(done)-i)))
			return
		}
		out.printf("%s %s.\n", a, out.say(what))
	}
}
