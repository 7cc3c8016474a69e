package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// stateOptions are the flags of the commands that change the state.
type stateOptions struct {
	vars        []VarFlag
	dryRun      bool
	lockTimeout time.Duration
}

func (s *session) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "state <subcommand> [options]", Short: "Look at the applied definitions, forget or rename them",
		Long: "The state is what the ledger knows: the definitions that were applied last, and the work that was done under their addresses.\n" +
			"The subcommands are:\n  list    the addresses of all applied definitions\n  show    one definition as it was applied\n  rm      forget a definition, never what happened\n" +
			"  mv      rename an address; history follows\n  pull    the whole state as JSON",
		Example: "dropform state list\ndropform state mv import.staff import.people",
		Args:    cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		if err := cmd.Help(); err != nil {
			return err
		}
		return exit(1)
	}
	cmd.AddCommand(s.stateListCommand(), s.stateShowCommand(), s.stateRemoveCommand(), s.stateMoveCommand(), s.statePullCommand())
	return cmd
}

func (s *session) stateListCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "list [options] [ADDRESS...]", Short: "List the addresses of all applied definitions", Args: exactly(0, -1, "addresses"),
		Long:    "One address a line, sorted: each block, or each of its instances under for_each, as it was applied last. Addresses choose; a block's stands for its instances, and * is any run of characters.",
		Example: "dropform state list\ndropform state list 'import.*'",
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := s.known(vars)
			if err != nil {
				return err
			}
			chosen, err := known.choose(args)
			if err != nil {
				return err
			}
			for _, a := range chosen {
				s.outScreen().printf("%s\n", a)
			}
			return nil
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func (s *session) stateShowCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "show [options] ADDRESS", Short: "Show one applied definition", Args: exactly(1, 1, "one address"),
		Long:    "Prints the attributes of one block, or of one instance of it, as they were applied last. Sensitive values are masked. What happened under the address is told by dropform show and dropform history.",
		Example: "dropform state show import.staff\ndropform state show 'export.payroll[wels]'",
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := s.known(vars)
			if err != nil {
				return err
			}
			chosen, err := known.choose(args)
			if err != nil {
				return err
			}
			if len(chosen) > 1 {
				return diag.Diagnostic{
					Code: "invalid_address", Summary: "The address stands for more than one definition",
					Detail: fmt.Sprintf("%s is %s. Name one of them.", args[0], strings.Join(texts(chosen), ", ")),
				}
			}
			var one shown
			one.define(known.definitions[chosen[0].String()])
			s.showText(one, known.cfg.Location)
			return nil
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func addStateFlags(cmd *cobra.Command, o *stateOptions) {
	addVarFlags(cmd.Flags(), &o.vars)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	cmd.Flags().DurationVar(&o.lockTimeout, "lock-timeout", 0, "wait up to `DURATION` for an apply to end, for example 30s")
}

func (s *session) stateRemoveCommand() *cobra.Command {
	var o stateOptions
	cmd := &cobra.Command{
		Use: "rm [options] ADDRESS...", Short: "Forget a definition, never what happened", Args: exactly(1, -1, "at least one address"),
		Long:    "The ledger forgets that the block was applied. Folders, files and everything that happened stay, so nothing is sent twice when the block is applied again. A block that is still in the configuration is planned as new.",
		Example: "dropform state rm import.staff\ndropform state rm -dry-run 'export.payroll[wels]'",
		RunE:    func(_ *cobra.Command, args []string) error { return s.stateRemove(o, args) },
	}
	addStateFlags(cmd, &o)
	return cmd
}

func (s *session) stateRemove(o stateOptions, args []string) error {
	return s.changeState(o, func(known *knownState) ([]ledger.Change, error) {
		chosen, err := known.choose(args)
		if err != nil {
			return nil, err
		}
		changes := make([]ledger.Change, len(chosen))
		for i, a := range chosen {
			changes[i] = ledger.Change{Address: a.String(), Forget: true}
		}
		return changes, nil
	}, func(out *screen, changes []ledger.Change) {
		for _, c := range changes {
			if o.dryRun {
				out.printf("Would remove %s\n", c.Address)
			} else {
				out.printf("Removed %s\n", c.Address)
			}
		}
		if !o.dryRun {
			out.printf("Successfully removed %s. What happened stays in the history.\n", out.count(len(changes), "definition", "definitions"))
		}
	})
}

func (s *session) stateMoveCommand() *cobra.Command {
	var o stateOptions
	cmd := &cobra.Command{
		Use: "mv [options] SOURCE DESTINATION", Short: "Rename an address; history follows", Args: exactly(2, 2, "two addresses"),
		Long:    "Renames a block, with all its instances, or one instance. Definition and history follow, as with a moved block: what was done under the old address counts as done under the new one. Rename the block in the configuration too.",
		Example: "dropform state mv import.staff import.people\ndropform state mv import.staff 'import.staff[wels]'",
		RunE:    func(_ *cobra.Command, args []string) error { return s.stateMove(o, args[0], args[1]) },
	}
	addStateFlags(cmd, &o)
	return cmd
}

func (s *session) stateMove(o stateOptions, source, destination string) error {
	return s.changeState(o, func(known *knownState) ([]ledger.Change, error) {
		from, err := parseBlock(source)
		if err != nil {
			return nil, err
		}
		to, err := parseBlock(destination)
		if err != nil {
			return nil, err
		}
		return known.rename(from, to)
	}, func(out *screen, changes []ledger.Change) {
		for _, c := range changes {
			if o.dryRun {
				out.printf("Would move %q to %q\n", c.Address, c.MoveTo)
			} else {
				out.printf("Move %q to %q\n", c.Address, c.MoveTo)
			}
		}
		if !o.dryRun {
			out.printf("Successfully moved %s.\n", out.count(len(changes), "definition", "definitions"))
		}
	})
}

// changeState lets fn decide on changes and writes them in one transaction, while no apply runs: it would write what it
// planned before. A watch may run; it sees the change as one that another process applied.
func (s *session) changeState(o stateOptions, fn func(*knownState) ([]ledger.Change, error), tell func(*screen, []ledger.Change)) error {
	cfg, err := s.stateConfig(o.vars)
	if err != nil {
		return err
	}
	if !o.dryRun {
		lock, err := s.lock(cfg, "apply", o.lockTimeout)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Unlock() }()
	}
	known, err := s.knownTo(cfg)
	if err != nil {
		return err
	}
	changes, err := fn(known)
	if err != nil {
		return err
	}
	if !o.dryRun {
		l, err := ledger.Open(s.ctx, cfg.LedgerPath)
		if err != nil {
			return err
		}
		if err := errors.Join(l.Apply(s.ctx, changes, s.who()), l.Close()); err != nil {
			return err
		}
	}
	tell(s.outScreen(), changes)
	return nil
}
