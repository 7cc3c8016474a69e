package command

import (
	"bytes"
	"slices"
	"strings"

	"dropform/engine"
	"dropform/engine/diag"
)

// connectionDown tells an outage in full once, and as long as it lasts what it holds up.
func (v *textView) connectionDown(e engine.ConnectionDown) {
	since, told := v.down[e.Address]
	if !told {
		v.down[e.Address] = v.now()
		list, _ := noticeOf(e)
		v.boxes(list)
		return
	}
	v.print("%s: Still down after %s, %s: %s\n", e.Address, seconds(v.now().Sub(since)), v.out.count(e.Queued, "step waits", "steps wait"), e.Text)
}

// retries reports whether a step begins on a connection that is down: only its success is news.
func (v *textView) retries(a *engine.Action) bool {
	var c *engine.Connection
	switch {
	case a.Import != nil:
		c = a.Import.Connection
	case a.Export != nil:
		c = a.Export.Connection
	}
	if c == nil {
		return false
	}
	_, down := v.down[c.Address]
	return down
}

// serving says which definitions are served now and which wait to be applied.
func (v *textView) serving(e engine.ConfigLoaded) {
	switch {
	case len(e.Serving) > 0:
		v.print("Serving %s.\n", addresses(v.out.tongue, e.Serving))
	case len(e.Unserved) > 0:
		v.print("Nothing is served: what was applied has been changed since.\n")
	default:
		v.print("Nothing is served yet: no definition has been applied.\n")
	}
	if len(e.Unserved) > 0 {
		v.print("Changed since applied, and not served until the change is: %s. The files stay where they are.\n", addresses(v.out.tongue, e.Unserved))
	}
	var changed, gone, idle []engine.Address
	for _, a := range e.Waiting {
		switch {
		case v.gone == nil || !v.gone(a):
			changed = append(changed, a)
		case slices.Contains(e.Serving, a):
			gone = append(gone, a)
		default: // removed before the watch began
			idle = append(idle, a)
		}
	}
	if len(changed) > 0 {
		v.print("Waiting to be applied: %s. Run dropform apply.\n", addresses(v.out.tongue, changed))
	}
	if len(gone) > 0 {
		v.print("Waiting to be removed: %s; it is served until then. Run dropform apply.\n", addresses(v.out.tongue, gone))
	}
	if len(idle) > 0 {
		v.print("Waiting to be removed: %s. Run dropform apply.\n", addresses(v.out.tongue, idle))
	}
}

// addresses lists the first few of many.
func addresses(l tongue, all []engine.Address) string {
	var b bytes.Buffer
	for i, a := range all {
		if i == foldedSteps {
			b.WriteString(l.sayf(" and %s more", thousands(int64(len(all)-i))))
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.String())
	}
	return b.String()
}

// questions prints what watch found that needs a person.
func (v *textView) questions(p *engine.Plan) {
	for _, d := range p.Problems {
		if d.Code != "connection_down" { // which has been told when it went down
			v.boxes(diag.List{d})
		}
	}
	for _, a := range p.Actions {
		if a.Approval == engine.ApprovalRequired {
			var text strings.Builder
			shown := *v.out
			shown.w = &text
			t := planText{screen: &shown, full: true}
			t.order(a)
			v.print("%s: waits for approval:%s  to approve: dropform approve %s\n", a.Address, text.String(), shellWord(a.Address.String()))
		}
		if a.Kind == engine.Resume { // a job that the server does not end
			v.print("%s: %s\n", a.Address, v.out.say(a.Text))
		}
		if a.Kind == engine.NeedsPerson {
			v.print("%s: %s%s\n", a.Address, a.Reason, prefixed(", ", v.out.say(a.Text)))
			if !strings.Contains(a.Text, "dropform ") {
				v.print("  %s\n", v.out.say(decisions(a.Reason, a.Address)))
			}
		}
	}
}
