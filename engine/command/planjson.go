package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
)

// uiVersion is the version of the line format; a second number only ever adds.
const uiVersion = "1.0"

// speakLines makes JSON lines of all that the command says from here on.
func (s *session) speakLines() {
	s.ui = newJSONView(s.Stdout, now, s.Version)
	s.ui.hello()
}

// jsonView prints Terraform's UI envelope: one object a line, its keys sorted. It may be called from any goroutine.
type jsonView struct {
	mu      sync.Mutex
	w       io.Writer
	now     func() time.Time
	version string
	running map[string]time.Time // address of a step -> when it began
	beats   map[string]int       // address of a step -> tens of seconds told
}

func newJSONView(w io.Writer, now func() time.Time, version string) *jsonView {
	return &jsonView{w: w, now: now, version: version, running: map[string]time.Time{}, beats: map[string]int{}}
}

// line prints one object. What is in fields stands beside the four keys that every line has.
func (v *jsonView) line(level, kind, message string, fields map[string]any) {
	object := map[string]any{
		"@level": level, "@message": message, "@module": "dropform.ui",
		"@timestamp": v.now().Format("2006-01-02T15:04:05.000000Z07:00"), "type": kind,
	}
	for k, f := range fields {
		object[k] = f
	}
	raw, err := json.Marshal(object)
	if err != nil { // strings, numbers and structs of them always encode
		panic(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, _ = v.w.Write(append(raw, '\n'))
}

// hello is the first line.
func (v *jsonView) hello() {
	v.line("info", "version", "dropform "+v.version, map[string]any{"dropform": v.version, "ui": uiVersion})
}

func (v *jsonView) diagnostics(list diag.List) {
	for i, d := range diagnosticsJSON(list) {
		level, word := "error", "Error: "
		if list[i].Severity == diag.Warning {
			level, word = "warn", "Warning: "
		}
		v.line(level, "diagnostic", word+d.Summary, map[string]any{"diagnostic": d})
	}
}

// change is the `change` of a planned_change.
type change struct {
	Address string `json:"address"`
	Action  string `json:"action"`
	Reason  string `json:"reason"`
	Risk    string `json:"risk"`

	Approval string     `json:"approval,omitempty"`
	Order    *orderJSON `json:"order,omitempty"` // purchase and delete: what is sent, in full
}

// orderJSON is an order as people are shown it. Amounts and prices are decimal text, absent where they are unknown.
type orderJSON struct {
	File      string          `json:"file,omitempty"`
	Line      int64           `json:"line,omitempty"`
	Sent      json.RawMessage `json:"sent"`
	Positions []orderLineJSON `json:"positions"`
	Total     string          `json:"total_by_fcoprc,omitempty"`
	Complete  bool            `json:"total_complete"`
	Unknown   string          `json:"prices_unknown,omitempty"`
}

type orderLineJSON struct {
	Position  string `json:"position"`
	Line      int64  `json:"line,omitempty"`
	Article   string `json:"article,omitempty"`
	Amount    string `json:"amount,omitempty"`
	ListPrice string `json:"list_price,omitempty"`
	FCoPrc    string `json:"fcoprc,omitempty"`
	Total     string `json:"total,omitempty"`
}

func orderOf(a engine.Action) *orderJSON {
	if !a.Kind.Irreversible() || a.Call == nil {
		return nil
	}
	o := a.Order()
	out := &orderJSON{
		File: a.File.Name, Line: a.Call.Line, Sent: json.RawMessage(a.Call.Data), Positions: []orderLineJSON{},
		Total: o.Total, Complete: o.Total != "" && !o.TotalPart, Unknown: o.Unknown,
	}
	for _, l := range o.Lines {
		out.Positions = append(out.Positions, orderLineJSON{l.Position, l.Line, l.Article, l.Amount, l.ListPrice, l.FCoPrc, l.Total})
	}
	return out
}

// plan prints a planned_change for each difference and step, then the summary.
func (v *jsonView) plan(p *engine.Plan) {
	var definitions, steps []change
	for _, d := range p.Definitions {
		definitions = append(definitions, change{d.Address.String(), d.Verb, definitionReason(d), "local", "", nil})
	}
	for _, a := range p.Actions {
		steps = append(steps, change{a.Address.String(), string(a.Kind), a.Reason, a.Kind.Risk(), string(a.Approval), orderOf(a)})
	}
	v.planned(definitions)
	v.planned(steps)
	v.diagnostics(p.Problems)
	v.diagnostics(aside(p))
	counts := map[string]any{"operation": "plan"}
	for _, d := range p.Definitions {
		n, _ := counts[d.Verb].(int)
		counts[d.Verb] = n + 1
	}
	for _, k := range stepKinds {
		if n := p.Count(k); n > 0 {
			counts[string(k)] = n
		}
	}
	message := planLine(english, p)
	if line := definitionsLine(english, p); line != "" {
		message = line + " " + message
	}
	v.line("info", "change_summary", message, map[string]any{"changes": counts})
}

func definitionReason(d engine.DefinitionChange) string {
	switch d.Verb {
	case "create":
		return "new"
	case "move":
		return "was " + d.From.String()
	case "forget":
		return "gone from the configuration"
	}
	return english.count(len(d.Attributes), "attribute differs", "attributes differ")
}

// planned prints changes by address; of one address in the order in which they will be made.
func (v *jsonView) planned(changes []change) {
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.Address, b.Address) })
	for _, c := range changes {
		message := fmt.Sprintf("%s: Plan to %s", c.Address, c.Action)
		if c.Action == string(engine.NeedsPerson) {
			message = fmt.Sprintf("%s: Needs a person, %s", c.Address, c.Reason)
		}
		v.line("info", "planned_change", message, map[string]any{"change": c})
	}
}

// aside is what a plan lists without a step and without a question, by address.
func aside(p *engine.Plan) diag.List {
	var out diag.List
	for _, w := range p.Waiting {
		out = append(out, diag.Diagnostic{Severity: diag.Warning, Code: "waiting", Address: w.Address.String(), Summary: "Not yet", Detail: sentence(w.Reason)})
	}
	for _, u := range p.UnderWay {
		out = append(out, diag.Diagnostic{Severity: diag.Warning, Code: "under_way", Address: u.Address.String(), Summary: "Under way in another process", Detail: sentence(u.Owner)})
	}
	slices.SortStableFunc(out, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

// hook is the `hook` of the lines of a run.
type hook struct {
	Address string `json:"address"`
	Action  string `json:"action"`
	Elapsed int    `json:"elapsed_seconds"`
}

func hookOf(a *engine.Action, elapsed time.Duration) map[string]any {
	return map[string]any{"hook": hook{a.Address.String(), string(a.Kind), int(elapsed.Seconds())}}
}

// event prints what a run tells. A step's progress is printed every ten seconds.
func (v *jsonView) event(e engine.Event) {
	switch e := e.(type) {
	case engine.StepStarted:
		v.start(e.Action)
		v.line("info", "apply_start", e.Action.Address.String()+": "+wordsOf(e.Action.Kind).starting, hookOf(e.Action, 0))
	case engine.StepProgress:
		if elapsed, due := v.beat(e.Action); due {
			v.line("info", "apply_progress", fmt.Sprintf("%s: Still %s [%s elapsed]", e.Action.Address, phrase(english, e.Phase, e.Action.Kind), seconds(elapsed)), hookOf(e.Action, elapsed))
		}
	case engine.StepEnded:
		v.end(e)
	case engine.DefinitionApplied:
		v.line("info", "apply_complete", e.Change.Address.String()+": Definition applied",
			map[string]any{"hook": hook{e.Change.Address.String(), e.Change.Verb, 0}})
	case engine.PlanMade:
		v.plan(e.Plan)
	default:
		if d, ok := noticeOf(e); ok {
			v.diagnostics(d)
		}
	}
}

func (v *jsonView) start(a *engine.Action) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running[a.Address.String()] = v.now()
	delete(v.beats, a.Address.String())
}

// beat reports whether another ten seconds of a step have passed since its last progress line.
func (v *jsonView) beat(a *engine.Action) (time.Duration, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	address := a.Address.String()
	since, running := v.running[address]
	elapsed := v.now().Sub(since)
	tens := int(elapsed / heartbeat)
	if !running || tens <= v.beats[address] {
		return 0, false
	}
	v.beats[address] = tens
	return elapsed, true
}

func (v *jsonView) end(e engine.StepEnded) {
	v.mu.Lock()
	delete(v.running, e.Action.Address.String())
	delete(v.beats, e.Action.Address.String())
	v.mu.Unlock()
	if e.Result == engine.ResultDone {
		v.line("info", "apply_complete", endLine(english, e), hookOf(e.Action, e.Elapsed))
		if e.Warning != "" {
			v.diagnostics(diag.List{endDiagnostic(e)})
		}
		return
	}
	v.line("error", "apply_errored", endLine(english, e), hookOf(e.Action, e.Elapsed))
	if e.Quiet {
		return // why has been told when the connection went down
	}
	v.diagnostics(diag.List{endDiagnostic(e)})
}

// conclude prints the last line of a run.
func (v *jsonView) conclude(c conclusion) {
	t := c.tally()
	counts := map[string]any{"operation": c.operation}
	for k, n := range t.ByKind {
		counts[string(k)] = n
	}
	if t.Definitions > 0 {
		counts["definitions"] = t.Definitions
	}
	v.line("info", "change_summary", doneLine(english, t), map[string]any{
		"changes": counts,
		"tally": map[string]int{
			"done": t.Done, "failed": t.Failed, "waiting": t.Waiting, "unknown": t.Unknown, "not_started": t.NotStarted,
		},
	})
}
