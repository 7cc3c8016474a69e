package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/ledger"
	"dropform/engine/perbit"
)

// PlanOptions narrow or widen a plan.
type PlanOptions struct {
	Targets  []string      // address patterns: only these and what they depend on, of that no irreversible step
	Excludes []string      // address patterns: not these
	Replace  []string      // address patterns: run or send again though done
	Approve  []string      // address patterns of calls that are approved; what they name need not be planned
	Observe  time.Duration // files that changed more recently are watched once for this long before they count as complete
	AsOf     time.Time     // `run.time` of exports without a due slot; zero: now
	Shown    time.Time     // when a saved plan was made: what was asked for then has its slot then; zero: now

	self  string // the process that plans: its own open work is not under way elsewhere
	watch bool   // what was refused or failed is not tried again by itself
}

// Plan observes once and builds the plan. It writes nothing and sends nothing.
func (p Planner) Plan(ctx context.Context, cfg *Config, o PlanOptions) (*Plan, error) {
	s, err := p.take(ctx, cfg, nil, o.Replace)
	if err != nil {
		return nil, err
	}
	if err := p.observe(ctx, cfg, s, o.Observe); err != nil {
		return nil, err
	}
	if err := p.readOrders(ctx, cfg, s); err != nil {
		return nil, err
	}
	d := drafted(cfg, s, o)
	if d.past, err = p.past(ctx, cfg, s, d.unlisted()); err != nil {
		return nil, err
	}
	return d.choose()
}

// observe looks at the whole batch again before any of it is sent, after waiting once where one of its files changed within
// the last d, and marks those that changed meanwhile as still being written.
func (p Planner) observe(ctx context.Context, cfg *Config, s *snapshot, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	var batch []*fileFacts
	var paths []string
	wait := time.Duration(0)
	take := func(folder string, files []*fileFacts) {
		for _, f := range files {
			if f.Digest == "" || f.settled {
				continue
			}
			batch, paths = append(batch, f), append(paths, filepath.Join(folder, f.Name))
			age := max(s.now.Sub(time.Unix(0, max(f.Stamp.ChangeTime, f.Stamp.ModTime))), 0)
			wait = max(wait, d-age)
		}
	}
	for _, imp := range cfg.Imports {
		take(imp.Folder, s.imports[imp.Address].files)
	}
	for _, r := range cfg.Rules {
		take(r.Folder, s.rules[r.Address].files)
	}
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	for i, f := range batch {
		info, err := lstat(p.FS, paths[i])
		f.busy = f.busy || err != nil || !durable.StampOf(info).Equal(f.Stamp)
	}
	return nil
}

// draft is a plan in the making.
type draft struct {
	*Plan
	cfg     *Config
	s       *snapshot
	o       PlanOptions
	pulled  map[Address]bool     // blocks that a target depends on
	unfit   map[Address]error    // imports whose request its client would not send, and why
	claimed map[contentKey]claim // content that a step of this plan will send
	uploads map[Address][]string // what each import will send, in order
	taken   map[int64]bool       // work of blocks that are gone, and that another block goes on with
	held    map[heldKey]Address  // what an order of this plan will hold, and the file it comes from
	numbers map[Address]int      // by key, the first number that no call of this plan bears
	waited  map[Address]map[string]ledger.Approval
	down    map[Address]bool // connections of which it was said that they do not answer
	orphans []ledger.Work    // unfinished work whose block is not in the configuration under any name
}

// heldKey is what a call holds in a system.
type heldKey struct {
	endpoint string
	hold     ledger.Hold
}

type contentKey struct{ endpoint, object, method, digest string }

// claim is the last step of a plan that will send some content.
type claim struct {
	file    Address
	request int
	uploads int // how many uploads of its import are planned up to and with it
}

// build is the pure function from configuration, ledger and world to a plan. The error is about the address patterns.
func build(cfg *Config, s *snapshot, o PlanOptions) (*Plan, error) {
	return drafted(cfg, s, o).choose()
}

// drafted is everything there is to do, before anything is chosen.
func drafted(cfg *Config, s *snapshot, o PlanOptions) *draft {
	d := &draft{Plan: &Plan{Now: s.now, forgone: map[string][]string{}, madeOf: map[Address]string{}}, cfg: cfg, s: s, o: o, unfit: map[Address]error{}, claimed: map[contentKey]claim{}, uploads: map[Address][]string{}, taken: map[int64]bool{}, held: map[heldKey]Address{}, numbers: map[Address]int{}, waited: map[Address]map[string]ledger.Approval{}, down: map[Address]bool{}}
	d.orphans = d.findOrphans()
	if !s.partial {
		d.Definitions = diffDefinitions(cfg, s.definitions)
		d.describeExisting()
	}
	for _, imp := range cfg.Imports {
		if s.imports[imp.Address] != nil && d.mayWork(&imp.Declared) {
			d.planImport(imp, s.imports[imp.Address])
		}
	}
	for _, exp := range cfg.Exports {
		if s.exports[exp.Address] != nil && d.mayWork(&exp.Declared) {
			d.planExport(exp, s.exports[exp.Address])
		}
	}
	for _, r := range cfg.Rules {
		if s.rules[r.Address] != nil && d.mayWork(&r.Declared) {
			d.planRule(r, s.rules[r.Address])
		}
	}
	if !s.partial {
		d.listOrphans()
	}
	return d
}

// mayWork reports preconditions that fail; no work of such a block is planned.
func (d *draft) mayWork(b *Declared) bool {
	for _, f := range b.Failed {
		p := *f
		p.Code, p.Summary, p.Address = "precondition_failed", "Precondition does not hold", b.Address.String()
		p.Detail += "\nNothing of this block is planned until it holds."
		d.Problems = append(d.Problems, p)
	}
	return len(b.Failed) == 0
}

func (d *draft) problem(b *Declared, code string, at Address, summary, detail string) {
	d.Problems = append(d.Problems, diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Address: at.String()})
}

// unsendable is the problem of a step whose request its client would not send.
func (d *draft) unsendable(b *Declared, at Address, err error) {
	detail := err.Error()
	if e := (*perbit.Error)(nil); errors.As(err, &e) && e.Err != nil {
		detail = e.Err.Error()
		if e.Hint != "" {
			detail += "; " + e.Hint
		}
	}
	d.problem(b, string(perbit.ClassInvalid), at, "The request cannot be sent as it is", detail)
}

func (d *draft) add(a Action) { d.Actions = append(d.Actions, a) }

func (d *draft) wait(at Address, reason string) {
	d.Waiting = append(d.Waiting, Waiting{Address: at, Reason: reason})
}

// describeExisting notes the drop folder that applying has to make, and counts for new blocks the files that were there
// before.
func (d *draft) describeExisting() {
	folders := d.cfg.foldersByAddress()
	for i, c := range d.Definitions {
		folder := folders[c.Address]
		if folder == nil || c.Verb == "forget" {
			continue
		}
		if slices.ContainsFunc(c.Attributes, func(a AttributeChange) bool { return a.Path == "folder" }) {
			d.Definitions[i].folder = folder.Folder
		}
		if c.Verb != "create" {
			continue
		}
		for _, f := range d.s.filesOf(c.Address) {
			at := unixNano(f.Stamp.ModTime, d.cfg.Location)
			if f.Stamp.ModTime == 0 {
				continue
			}
			d.Definitions[i].Existing++
			if d.Definitions[i].Oldest.IsZero() || at.Before(d.Definitions[i].Oldest) {
				d.Definitions[i].Oldest = at
			}
		}
	}
}

// filesOf is what was seen in a block's folder.
func (s *snapshot) filesOf(a Address) []*fileFacts { return s.folderSeen(a).files }

// folderSeen is what was seen of a block's folder.
func (s *snapshot) folderSeen(a Address) *folderSeen {
	if seen := s.imports[a]; seen != nil {
		return &seen.folderSeen
	}
	if seen := s.rules[a]; seen != nil {
		return &seen.folderSeen
	}
	return &folderSeen{}
}

// knownOf is what the ledger knows of the files of a block's folder.
func (s *snapshot) knownOf(a Address) map[string]ledger.File { return s.folderSeen(a).known }

// folders lists the blocks that have a drop folder.
func (c *Config) folders() iter.Seq2[*Declared, *DropFolder] {
	return func(yield func(*Declared, *DropFolder) bool) {
		for _, imp := range c.Imports {
			if !yield(&imp.Declared, &imp.DropFolder) {
				return
			}
		}
		for _, r := range c.Rules {
			if r.Folder != "" && !yield(&r.Declared, &r.DropFolder) {
				return
			}
		}
	}
}

func (c *Config) foldersByAddress() map[Address]*DropFolder {
	out := map[Address]*DropFolder{}
	for b, folder := range c.folders() {
		out[b.Address] = folder
	}
	return out
}

// folderAt is the drop folder of an import or rule; nil where there is none.
func (c *Config) folderAt(a Address) *DropFolder {
	if imp := c.ImportAt(a); imp != nil {
		return &imp.DropFolder
	}
	if r := c.ruleAt(a); r != nil && r.Folder != "" {
		return &r.DropFolder
	}
	return nil
}

// ParseAddress reads an address as a user types it, under this configuration's for_each.
func (c *Config) ParseAddress(text string) (Address, error) {
	return ParseAddress(text, func(base Address) bool { return c.Keyed[base] })
}

// unfinishedOf lists the open and unsettled work of a block, oldest first.
func (s *snapshot) unfinishedOf(a Address) []ledger.Work {
	if len(s.unfinished) == 0 {
		return nil
	}
	return s.workOf[s.inLedger(a)]
}

// owner finds the live process, other than the planning one, that works on w. A process plans a block only while it does
// nothing else there, so its own open work was left by a step that gave up waiting.
func (d *draft) owner(w *ledger.Work) (ledger.Owner, bool) {
	o, live := d.s.live[w.Owner]
	return o, live && w.Owner != d.o.self
}

// describeOwner says which live process has the work.
func describeOwner(o ledger.Owner) string {
	return fmt.Sprintf("%s, process %d since %s", o.Command, o.PID, o.Since.Format("15:04"))
}

// resumeInterrupted plans what earlier runs left half done: jobs that the server knows, and moves still owed.
func (d *draft) resumeInterrupted(b Address, imp *Import, exp *Export, rule *Rule) {
	for _, w := range d.s.unfinishedOf(b) {
		at := b.Of(w.Item)
		d.noteFile(at, &w)
		owner, live := d.owner(&w)
		switch {
		case w.State.Open() && live:
			u := UnderWay{Address: at, Owner: describeOwner(owner)}
			if a := d.resumed(at, &w, imp, exp, rule); a.overdue(d.s.now) {
				u.Text = a.Text
			}
			d.UnderWay = append(d.UnderWay, u)
		case w.State == ledger.StateRunning && imp != nil && !ledger.SameEndpoint(w.Endpoint, imp.Connection.Endpoint()):
			d.problem(&imp.Declared, "connection_changed", at, "The connection leads elsewhere now",
				"It was sent "+d.clock(w.SentAt)+" to another URL or customer, and its protocol has not been fetched. Put url and customer_id back until it is.")
		case w.State == ledger.StateRunning && exp != nil && !ledger.SameEndpoint(w.Endpoint, exp.Connection.Endpoint()):
			// Its result stays where it was asked for; the export runs anew.
		case w.State == ledger.StateRunning:
			d.add(d.resumed(at, &w, imp, exp, rule))
		case imp != nil && (w.State == ledger.StateUnknown || w.State == ledger.StateSending) && imp.OnUnknown != "retry":
			d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Import: imp, Prior: &w, Text: d.unknownText(at, w)})
		case rule != nil && (w.State == ledger.StateUnknown || w.State == ledger.StateSending) && rule.OnUnknown != "retry":
			d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Rule: rule, Prior: &w, Text: d.unknownText(at, w)})
		}
	}
	if len(d.s.filings) == 0 {
		return
	}
	owed := map[string][]ledger.Filing{}
	for _, f := range d.s.filingsOf[d.s.inLedger(b)] {
		owed[f.Item] = append(owed[f.Item], f)
	}
	for _, item := range sortedKeys(owed) {
		d.add(Action{
			Address: b.Of(item), Kind: Resume, Reason: ReasonInterrupted, Import: imp, Export: exp, Rule: rule, Filings: owed[item],
			Text: "its outcome is recorded; what is left is to move it to its archive",
		})
	}
}

// resumed goes on with a job that the server knows.
func (d *draft) resumed(at Address, w *ledger.Work, imp *Import, exp *Export, rule *Rule) Action {
	a := Action{
		Address: at, Kind: Resume, Reason: ReasonInterrupted, Import: imp, Export: exp, Rule: rule, Prior: w, Slot: w.SlotAt,
		File: fileOf(w), Text: "the server has it since " + d.clock(w.SentAt),
	}
	if a.overdue(d.s.now) {
		a.Text = fmt.Sprintf("the server has it since %s, longer than max_wait. Look in perbit whether the job hangs; if it is cancelled or lost there: dropform resolve '%s' -happened or -did-not-happen", d.clock(w.SentAt), inQuotes(at))
	}
	return a
}

// unknownText is what is known of work whose outcome is not, and who can say. The server's answer, where there was one, is
// what an administrator looks for there.
func (d *draft) unknownText(at Address, w ledger.Work) string {
	where := "perbit whether the import ran"
	if w.Kind != ledger.KindImport { // a call, which moveIT knows by what it named
		where = "moveIT for " + cmp.Or(d.s.sought[w.ID], w.Item)
	}
	told := fmt.Sprintf("sent %s, and no answer came", d.clock(w.SentAt))
	if w.State == ledger.StateUnknown && w.Class != ledger.ClassInterrupted && w.Message != "" {
		told = fmt.Sprintf("sent %s: %s", d.clock(w.SentAt), strings.TrimRight(w.Message, "."))
	}
	for _, later := range d.s.unfinished {
		if later.State == ledger.StateUnknown && later.Address == w.Address && later.Item == w.Item && later.AttemptID > w.AttemptID {
			return fmt.Sprintf("%s. Look in %s; it can be resolved once the later content of this name is", told, where)
		}
	}
	return fmt.Sprintf("%s. Look in %s, then: dropform resolve '%s' -happened or -did-not-happen", told, where, inQuotes(at))
}

// clock prints a time for people, in the configured zone.
func (d *draft) clock(t time.Time) string { return t.In(d.cfg.Location).Format("2006-01-02 15:04") }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, naturalCompare)
	return keys
}
