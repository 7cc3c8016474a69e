package command

import (
	"dropform/engine"
)

// conclusion is how a run ended: what it did, what its plan lists without a step, and what was wrong around it.
type conclusion struct {
	operation string // "apply" or "watch"
	ran       engine.Tally
	left      engine.Tally // outcomes that only a person can end, and files that wait
	problems  bool         // a folder is gone, a precondition fails, the run as a whole failed
	stopped   bool         // by an interrupt

	unapproved []engine.Address // of what is left, steps that wait for approval
}

// concluded books what an apply did and what its plan leaves to people, to time, and to other runs.
func concluded(p *engine.Plan, ran engine.Tally, stopped bool, err error) conclusion {
	c := conclusion{operation: "apply", ran: ran, problems: err != nil || p.Problems.HasErrors(), stopped: stopped}
	for _, a := range p.Actions {
		switch {
		case a.Approval == engine.ApprovalRequired:
			c.left.Waiting++
			c.unapproved = append(c.unapproved, a.Address)
		case a.Kind != engine.NeedsPerson:
		case a.Reason == engine.ReasonUnknown:
			c.left.Unknown++
		default:
			c.left.Waiting++
		}
	}
	c.left.Waiting += len(p.Waiting)
	for _, x := range p.Stale {
		switch x.Result {
		case engine.ResultWaiting:
			c.left.Waiting++
		case engine.ResultUnknown:
			c.left.Unknown++
		case engine.ResultNotStarted: // not what was looked at when the plan was saved
			c.left.NotStarted++
			c.problems = true
		}
	}
	for _, d := range p.Problems {
		if d.Code == "positions_unread" {
			c.left.NotStarted++
		}
	}
	return c
}

// tally counts all of it.
func (c conclusion) tally() engine.Tally {
	t := c.ran
	t.Unknown += c.left.Unknown
	t.Waiting += c.left.Waiting
	t.NotStarted += c.left.NotStarted
	return t
}

// clean reports whether everything that could be done was. What waits for a person or its writer takes nothing from it.
func (c conclusion) clean() bool {
	return c.ran.OK() && c.ran.Waiting == 0 && c.left.Unknown == 0 && !c.problems
}

// headline is Terraform's last line with our words; only an apply that did all it was to do is called complete.
func (c conclusion) headline(l tongue) string {
	line := "Apply finished with problems."
	switch {
	case c.operation == "watch":
		line = "Watch ended."
	case c.clean():
		line = "Apply complete!"
	case c.problems || c.ran.Failed > 0 || c.tally().Unknown > 0 || c.ran.NotStarted > 0 && !c.stopped:
	default:
		line = "Apply stopped before all was done."
	}
	line = l.say(line)
	if c.ran.Definitions > 0 {
		line += l.sayf(" %s applied.", l.count(c.ran.Definitions, "definition", "definitions"))
	}
	for _, k := range stepKinds {
		if n := c.ran.ByKind[k]; n > 0 {
			line += " " + doneWord(l, k, n)
		}
	}
	return line
}

// approvals says how to let go on what waits for approval; empty for nothing.
func (c conclusion) approvals(l tongue) string {
	switch n := len(c.unapproved); n {
	case 0:
		return ""
	case 1:
		return l.sayf("Waits for approval: dropform approve %s\n", shellWord(c.unapproved[0].String()))
	default:
		return l.sayf("%s steps wait for approval: dropform approve %s, or one by one; dropform status lists them.\n", thousands(int64(n)), shellWord(c.unapproved[0].Block().String()))
	}
}

// applyCode is what an apply that ended says to a shell (COMMANDS.md, Exit codes).
func applyCode(detailed bool, c conclusion) error {
	switch {
	case detailed && c.tally().Unknown > 0:
		return exit(4)
	case !c.clean():
		return exit(1)
	case detailed && len(c.unapproved) > 0:
		return exit(3)
	case detailed && (c.ran.Done > 0 || c.ran.Definitions > 0):
		return exit(2)
	}
	return nil
}

// doneLine is the tally that ends every run.
func doneLine(l tongue, t engine.Tally) string {
	return l.sayf("Done: %d, failed: %d, waiting: %d, unknown: %d, not started: %d.", t.Done, t.Failed, t.Waiting, t.Unknown, t.NotStarted)
}

func doneWord(l tongue, k engine.ActionKind, n int) string {
	w := wordsOf(k)
	return l.count(n, w.one, w.many)
}
