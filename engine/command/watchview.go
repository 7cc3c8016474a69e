package command

import (
	"bytes"
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
	if len(e.Serving) == 0 {
		v.print("Nothing is served yet: no definition has been applied.\n")
	} else {
		v.print("Serving %s.\n", addresses(v.out.tongue, e.Serving))
	}
	var changed, gone []engine.Address
	for _, a := range e.Waiting {
		if v.gone != nil && v.gone(a) {
			gone = append(gone, a)
		} else {
			changed = append(changed, a)
		}
	}
	if len(changed) > 0 {
		v.print("Waiting to be applied: %s. Run dropform apply.\n", addresses(v.out.tongue, changed))
	}
	if len(gone) > 0 {
		v.print("Waiting to be removed: %s; it is served until then. Run dropform apply.\n", addresses(v.out.tongue, gone))
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
		if a.Kind == engine.NeedsPerson {
			v.print("%s: %s%s\n", a.Address, a.Reason, prefixed(", ", v.out.say(a.Text)))
			if !strings.Contains(a.Text, "dropform ") {
				v.print("  %s\n", v.out.say(decisions(a.Reason, a.Address)))
			}
		}
	}
}
