package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dropform/engine/ledger"
)

// SavedPlan is a plan on disk (COMMANDS.md, Saved plans): what was to be done and what each step expects to find. It holds
// addresses and digests, no secret and nothing of a file's content.
type SavedPlan struct {
	FormatVersion string            `json:"format_version"`
	Dropform      string            `json:"dropform_version"`
	Ledger        string            `json:"ledger"` // its identity
	Inputs        string            `json:"inputs"` // digest of configuration and variables, keyed by the ledger
	At            time.Time         `json:"created_at"`
	Targets       []string          `json:"targets,omitempty"`
	Excludes      []string          `json:"excludes,omitempty"`
	Replace       []string          `json:"replace,omitempty"`
	AsOf          time.Time         `json:"as_of,omitzero"`
	Definitions   []SavedDefinition `json:"definitions"`
	Steps         []SavedStep       `json:"steps"`

	key PlanKey // set by Refuse
}

// PlanKey is what only one ledger can say of a configuration: it binds a saved plan to both, and keeps digests in it from
// being tried out by who has the file alone.
type PlanKey struct{ identity, inputs, definitions string }

// KeyOf asks the ledger.
func KeyOf(ctx context.Context, r *ledger.Reader, cfg *Config) (k PlanKey, err error) {
	err = r.View(ctx, func(v *ledger.View) error {
		if k.identity, err = v.Identity(); err != nil {
			return err
		}
		if k.inputs, err = v.Keyed(cfg.Inputs); err != nil {
			return err
		}
		k.definitions, err = v.Keyed("definitions of saved plans")
		return err
	})
	return k, err
}

// digest is that of a definition as a saved plan holds it.
func (k PlanKey) digest(c DefinitionChange) string {
	if c.digest == "" { // forgotten
		return ""
	}
	return digestOf(k.definitions, c.digest)
}

// SavedDefinition is one difference of definitions that the plan applies.
type SavedDefinition struct {
	Address string `json:"address"`
	Action  string `json:"action"`
	Digest  string `json:"digest,omitempty"` // of the definition as it is to be, keyed by the ledger
}

// SavedStep is one step with what it expects to find.
type SavedStep struct {
	Address string      `json:"address"`
	Action  ActionKind  `json:"action"`
	Reason  string      `json:"reason"`
	Risk    string      `json:"risk"`
	Expect  Expectation `json:"expect"`
}

// Expectation is the state of the world in which a step is still the one that was shown.
type Expectation struct {
	File    string    `json:"file_sha256,omitempty"`
	Size    int64     `json:"file_size,omitempty"`
	Request int       `json:"request,omitempty"` // how often the same was asked for before
	Slot    time.Time `json:"slot,omitzero"`
	Status  string    `json:"last_status,omitempty"` // of the work that is tried again or resumed
	Call    string    `json:"call_sha256,omitempty"` // the request, its address and the prices as they were shown
	Sent    string    `json:"request_sha256,omitempty"`

	Prices        []SavedPrice `json:"prices,omitempty"`         // as they were shown, position by position
	PricesUnknown string       `json:"prices_unknown,omitempty"` // why none were
}

// SavedPrice is what a server said of one position: all of Priced that an approval depends on.
type SavedPrice struct {
	GUID      string `json:"guid,omitempty"`
	Article   string `json:"article,omitempty"`
	ListPrice string `json:"list_price,omitempty"`
	FCoPrc    string `json:"fco_prc,omitempty"`
}

// Stale is a step of a saved plan that does not hold any more, and what changed.
type Stale struct {
	Address string
	Action  ActionKind
	Text    string
	Result  Result // done: nothing of it is owed any more; waiting: for a person or another process; unknown; else not_started
}

// savedFormat is the version of the file; a second number only ever adds.
const savedFormat = "1.0"

// The ages after which a saved plan is refused (COMMANDS.md, Saved plans).
const (
	SavedPlanAge    = 24 * time.Hour
	irreversibleAge = time.Hour
)

// Save puts the plan into the form that is kept on disk.
func (p *Plan) Save(version string, key PlanKey, o PlanOptions) *SavedPlan {
	out := &SavedPlan{
		FormatVersion: savedFormat, Dropform: version, Ledger: key.identity, Inputs: key.inputs, At: p.Now,
		Targets: o.Targets, Excludes: o.Excludes, Replace: o.Replace, AsOf: o.AsOf,
		Definitions: []SavedDefinition{}, Steps: []SavedStep{},
	}
	for _, d := range p.Definitions {
		out.Definitions = append(out.Definitions, SavedDefinition{d.Address.String(), d.Verb, key.digest(d)})
	}
	for _, a := range p.Actions {
		if a.Kind != NeedsPerson {
			out.Steps = append(out.Steps, SavedStep{a.Address.String(), a.Kind, a.Reason, a.Kind.Risk(), a.expectation()})
		}
	}
	return out
}

func (a *Action) expectation() Expectation {
	e := Expectation{File: a.File.Digest, Size: a.File.Stamp.Size, Request: a.Request, Slot: a.Slot}
	if w := cmp.Or(a.Again, a.Prior); w != nil {
		e.Status = fmt.Sprintf("%s, attempt %d", w.State, w.AttemptID)
	}
	if a.Call != nil {
		e.Call, e.Sent = a.Rule.shownDigest(a.Call, a.Prices), a.Call.Digest
		if a.Prices != nil {
			e.PricesUnknown = a.Prices.Unknown
			for _, p := range a.Prices.Positions {
				e.Prices = append(e.Prices, SavedPrice{p.GUID, p.Article, p.ListPrice, p.FCoPrc})
			}
		}
	}
	return e
}

// Options are those under which the saved plan is made again, to see whether it still holds. A run without a slot of its
// own gets the one that was shown.
func (s *SavedPlan) Options() PlanOptions {
	return PlanOptions{Targets: s.Targets, Excludes: s.Excludes, Replace: s.Replace, AsOf: s.AsOf, Shown: s.At}
}

// Refuse says why the plan as a whole must not be carried out; nil where it may.
func (s *SavedPlan) Refuse(ctx context.Context, cfg *Config, r *ledger.Reader, now time.Time, maxAge time.Duration) error {
	key, err := KeyOf(ctx, r, cfg)
	s.key = key
	switch {
	case err != nil:
		return err
	case s.FormatVersion != savedFormat:
		return fmt.Errorf("the saved plan has format %s, and this dropform reads %s; plan again", s.FormatVersion, savedFormat)
	case key.identity != s.Ledger:
		return fmt.Errorf("the saved plan was made against another ledger; plan again")
	case key.inputs != s.Inputs:
		return fmt.Errorf("the configuration or a variable is not what the plan was made of; plan again, or give the same -var and -var-file")
	case now.Sub(s.At) > maxAge:
		return fmt.Errorf("the saved plan is %s old, and at most %s are allowed (-max-age); plan again", now.Sub(s.At).Round(time.Minute), maxAge)
	}
	return nil
}

// Still reduces a plan that was made anew to the steps of a saved one that hold as they were shown; each other step is in
// Stale with what changed, as far as the ledger has it. What is new since the plan was saved is not done. Refuse has been
// asked before.
func (s *SavedPlan) Still(ctx context.Context, now *Plan, r *ledger.Reader) (still *Plan, err error) {
	err = r.View(ctx, func(v *ledger.View) error {
		still, err = s.still(now, v)
		return err
	})
	return still, err
}

func (s *SavedPlan) still(now *Plan, v *ledger.View) (*Plan, error) {
	out := &Plan{Now: now.Now, Recognised: now.Recognised, UnderWay: now.UnderWay, Problems: now.Problems, past: now.past, madeOf: now.madeOf}
	changes := map[string]DefinitionChange{}
	for _, c := range now.Definitions {
		changes[c.Address.String()] = c
	}
	for _, d := range s.Definitions {
		c, differs := changes[d.Address]
		switch {
		case differs && c.Verb == d.Action && s.key.digest(c) == d.Digest:
			out.Definitions = append(out.Definitions, c)
		case differs: // else it has been applied as it was to be
			out.Stale = append(out.Stale, Stale{Address: d.Address, Text: "another definition has been applied there in the meantime", Result: ResultNotStarted})
		}
	}
	old := now.Now.Sub(s.At) > irreversibleAge
	type stepKey struct {
		address string
		kind    ActionKind
	}
	kept, steps := map[int]bool{}, map[stepKey]int{}
	for i, a := range now.Actions {
		steps[stepKey{a.Address.String(), a.Kind}] = i
	}
	for _, step := range s.Steps {
		i, listed := steps[stepKey{step.Address, step.Action}]
		stale := Stale{Address: step.Address, Action: step.Action}
		switch {
		case !listed:
			if stale.Text, stale.Result = now.instead(step); stale.Text == "" {
				var err error
				if stale.Text, stale.Result, err = s.since(step, v); err != nil {
					return nil, err
				}
			}
		case step.Action.Irreversible() && old:
			stale.Text = fmt.Sprintf("it cannot be taken back, and the plan is older than %s", irreversibleAge)
			stale.Result = now.Actions[i].leftOut()
		default:
			stale.Text = step.Expect.differs(&now.Actions[i])
			stale.Result = now.Actions[i].leftOut()
		}
		if stale.Text != "" {
			out.Stale = append(out.Stale, stale)
			continue
		}
		kept[i] = true
	}
	for i, a := range now.Actions {
		if kept[i] {
			out.Actions = append(out.Actions, a)
		}
	}
	return out, nil
}

// leftOut is how a planned step counts that is not carried out: one that nobody has approved would have waited anyway.
func (a *Action) leftOut() Result {
	switch {
	case a.Kind == NeedsPerson && a.Reason == ReasonUnknown:
		return ResultUnknown
	case a.Kind == NeedsPerson || a.Approval == ApprovalRequired:
		return ResultWaiting
	}
	return ResultNotStarted
}

// since says why nothing at all is planned for a saved step any more.
func (s *SavedPlan) since(step SavedStep, v *ledger.View) (string, Result, error) {
	at, err := ParseAddress(step.Address, func(Address) bool { return false })
	if err != nil || !at.HasItem {
		return "what it was for is gone", ResultNotStarted, nil //nolint:nilerr // an address of another time
	}
	if again, err := ParseAddress(step.Address, func(Address) bool { return true }); err == nil && again.HasItem {
		at = again // two brackets: the first is the instance
	}
	block := at.Block().String()
	works, err := v.WorkOf(block, at.Item)
	if err != nil {
		return "", "", err
	}
	if n := len(works); n > 0 && works[n-1].EndedAt.After(s.At) {
		state := works[n-1].State
		return "it was carried out since, and is " + spaced(string(state)), resultOf(state), nil
	}
	f, found, err := v.File(block, at.Item)
	if err != nil {
		return "", "", err
	}
	if found && f.At.After(s.At) {
		return "it was dealt with since, and the file is " + spaced(string(f.State)), ResultDone, nil
	}
	if step.Expect.File != "" {
		return "the file is not in its folder any more", ResultNotStarted, nil
	}
	return "the run is not asked for any more", ResultDone, nil
}

// resultOf is how a step counts whose work somebody else has ended.
func resultOf(state ledger.State) Result {
	switch {
	case state == ledger.StateUnknown:
		return ResultUnknown
	case state.Happened():
		return ResultDone
	}
	return ResultNotStarted
}

func spaced(state string) string { return strings.ReplaceAll(state, "_", " ") }

// instead says what the plan that was made anew has for the address of a saved step; empty where it has nothing.
func (p *Plan) instead(step SavedStep) (string, Result) {
	for _, u := range p.UnderWay {
		if u.Address.String() == step.Address {
			return "it is under way: " + u.Owner, ResultWaiting
		}
	}
	for _, w := range p.Waiting {
		if w.Address.String() == step.Address {
			return w.Reason, ResultNotStarted
		}
	}
	for _, x := range p.Problems {
		if x.Address == step.Address {
			return x.Summary + ": " + x.Detail, ResultNotStarted
		}
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		if a.Address.String() != step.Address {
			continue
		}
		result := a.leftOut()
		if a.Kind == Duplicate { // what was to be sent has been
			result = ResultDone
		}
		return fmt.Sprintf("it would be %s now (%s)", a.Kind, a.Reason), result
	}
	return "", ""
}

// differs says what of an expectation does not hold; empty where all of it does.
func (e Expectation) differs(a *Action) string {
	now := a.expectation()
	switch {
	case e.File != now.File:
		return "the file has other content now"
	case e.Request != now.Request:
		return "the same has been asked for in the meantime"
	case e.Status != now.Status:
		return fmt.Sprintf("its last status was %q and is %q", cmp.Or(e.Status, "none"), cmp.Or(now.Status, "none"))
	case e.Call != now.Call:
		return e.callDiffers(a, now)
	case !e.Slot.Equal(now.Slot):
		return "another time is due now"
	}
	return ""
}

// callDiffers says which part of a call is not what was shown: the request, a price, or where it goes.
func (e Expectation) callDiffers(a *Action, now Expectation) string {
	switch {
	case e.Sent == "": // of a plan that an earlier version saved
		return "the request, a price or the address it goes to is not what was shown"
	case e.Sent != now.Sent:
		return "the request that the file gives is not the one that was shown"
	case e.PricesUnknown != now.PricesUnknown || !slices.Equal(e.Prices, now.Prices):
		return "a position or its price is not what was shown: " + now.prices().differs(a.Call, e.prices())
	}
	return "it would go elsewhere than was shown: the connection's url, service, language or user_code gives another value now"
}

// prices are those that were shown.
func (e Expectation) prices() *Prices {
	out := &Prices{Unknown: e.PricesUnknown}
	for _, p := range e.Prices {
		out.Positions = append(out.Positions, Priced{GUID: p.GUID, Article: p.Article, ListPrice: p.ListPrice, FCoPrc: p.FCoPrc})
	}
	return out
}
