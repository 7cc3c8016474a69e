package command

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
)

func (s *session) approveCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "approve [options] ADDRESS...", Short: "Approve calls that wait for a person",
		Args: exactly(1, -1, "at least one address"),
		Long: "Prints the calls as apply or watch last showed them and records that you approve them. Nothing is sent by this command: a running watch " +
			"takes it up at once, else the next apply does. An approval holds for exactly what is printed; where the file or a price has changed since, it fails or is void.",
		Example: "dropform approve 'rule.purchase.orders[101224-01]'\ndropform approve rule.purchase.orders",
		RunE: func(_ *cobra.Command, args []string) error {
			return s.decide(vars, func(q engine.Requests) error {
				done, err := q.Approve(s.ctx, args)
				s.approved(done)
				return err
			})
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func (s *session) approved(done []engine.Approved) {
	out := s.outScreen()
	for _, d := range done {
		t := planText{screen: out, full: true}
		t.order(d.Action)
		if d.By != "" {
			out.printf("%s was approved before, by %s.\n", d.Action.Address, d.By)
		} else {
			out.printf("%s is approved; a watch that runs sends it now, else the next apply.\n", d.Action.Address)
		}
	}
}

// name marks the steps that -approve names. A pattern that covers no step of the plan, nor one of the saved plan that it was
// made of, is an error.
func name(cfg *engine.Config, plan *engine.Plan, patterns []string) error {
	for _, p := range patterns {
		named := false // a call, by its own address or its block's
		found := strings.Trim(p, "*") == "" || mayName(cfg, p) ||
			slices.ContainsFunc(plan.Problems, func(d diag.Diagnostic) bool { return engine.MatchAddress(p, blockAddress(d.Address)) }) ||
			slices.ContainsFunc(plan.Waiting, func(w engine.Waiting) bool { return engine.MatchAddress(p, w.Address) })
		for i := range plan.Stale {
			if x := &plan.Stale[i]; engine.MatchAddress(p, blockAddress(x.Address)) {
				found = true
				if x.Result == engine.ResultWaiting && x.Action.Irreversible() { // it waits no longer, it was to be sent
					x.Result = engine.ResultNotStarted
				}
			}
		}
		for i := range plan.Actions {
			if a := &plan.Actions[i]; engine.MatchAddress(p, a.Address) {
				found, named = true, named || a.Call != nil
				if a.Approval == engine.ApprovalRequired {
					a.Approval = engine.ApprovalNamed
				}
			}
		}
		if !named {
			if err := plan.FileNamed(p); err != nil {
				return err
			}
		}
		if !found {
			if err := plan.NoSuch(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayName reports whether a pattern means whatever a declared block has to do, which may be nothing today.
func mayName(cfg *engine.Config, pattern string) bool {
	before, _, glob := strings.Cut(strings.ReplaceAll(pattern, `\*`, "\x00"), "*") // \* is a star itself
	return slices.ContainsFunc(cfg.Rules, func(r *engine.Rule) bool {
		address := r.Address.String() + "["
		return engine.MatchAddress(pattern, r.Address) || glob && (strings.HasPrefix(address, before) || strings.HasPrefix(before, address))
	})
}

// unnamed lists the steps that wait for a person to name them.
func unnamed(plan *engine.Plan) []*engine.Action {
	var out []*engine.Action
	for i := range plan.Actions {
		if a := &plan.Actions[i]; a.Approval == engine.ApprovalRequired {
			out = append(out, a)
		}
	}
	return out
}

// askForOrders is the second prompt: the key of each step that a yes does not cover. What is not typed waits.
func (s *session) askForOrders(plan *engine.Plan) error {
	waiting := unnamed(plan)
	if len(waiting) == 0 {
		return nil
	}
	out := s.outScreen()
	out.printf("%s\n  Type its key (the text in brackets) for each one that is to be carried out, each on a line of\n  its own, and an empty line to end. What is not typed waits for dropform approve.\n\n",
		out.bold(out.sayf("%s to be named:", out.count(len(waiting), "step needs", "steps need"))))
	for _, a := range waiting {
		out.printf("  %s %s\n", out.sign(a.Kind.Sign()), a.Address)
	}
	for len(unnamed(plan)) > 0 {
		answer, err := s.ask("\n  " + out.bold(out.say("Enter a key:")))
		answer = strings.TrimSpace(answer)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if answer == "" {
			break
		}
		i := slices.IndexFunc(waiting, func(a *engine.Action) bool { return a.Address.Item == answer || a.Address.String() == answer })
		switch {
		case i < 0:
			out.printf("  %q is none of them; nothing is carried out for it.\n", answer)
		case several(waiting, answer):
			out.printf("  More than one has this key; type the whole address.\n")
		default:
			waiting[i].Approval = engine.ApprovalNamed
		}
	}
	out.printf("\n")
	return nil
}

func several(waiting []*engine.Action, key string) bool {
	n := 0
	for _, a := range waiting {
		if a.Address.Item == key {
			n++
		}
	}
	return n > 1
}
