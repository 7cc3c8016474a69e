package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"dropform/engine/ledger"
)

// planRule decides on every file of a rule, or on every order that it follows.
func (d *draft) planRule(r *Rule, seen *ruleSeen) {
	if seen.err != nil {
		d.folderProblem(&r.Declared, &r.DropFolder, &seen.folderSeen)
	}
	d.resumeInterrupted(r.Address, nil, nil, r)
	d.callsWithoutFile(r, seen)
	if seen.strange != "" {
		d.strangeProblem(&r.Declared, &r.DropFolder, seen.strange)
	}
	if len(seen.owed) > 0 {
		d.add(Action{
			Address: r.Address.Of(filepath.Base(seen.owed[0].Path)), Kind: Resume, Reason: ReasonInterrupted, Rule: r, owed: true,
			Text: plural(int64(len(seen.owed)), "line is", "lines are") + " still to be written into the result",
		})
	}
	d.waited[r.Address] = maps.Clone(seen.approvals)
	for _, f := range seen.files {
		d.planRuleFile(r, seen, f)
	}
	for _, u := range seen.unmade {
		d.problem(&r.Declared, "order_not_followed", r.Address, "An order cannot be followed", u.order+": "+u.err.Error())
	}
	for _, c := range seen.after {
		if d.open(r, c, r.Address) {
			d.planCall(r, seen, nil, c, ReasonAfter)
		}
	}
	if !d.s.partial {
		d.forgo(r, seen)
	}
}

// forgo notes what waited for approval and is given by no file any more. A file that could not be read now, or is not ready,
// may still give it.
func (d *draft) forgo(r *Rule, seen *ruleSeen) {
	var items []string
	for _, item := range sortedKeys(d.waited[r.Address]) {
		file := d.waited[r.Address][item].File
		read := seen.made[file] != nil || slices.ContainsFunc(seen.files, func(f *fileFacts) bool { return f.Name == file && f.settled })
		gone := seen.err == nil && !seen.names[file] && seen.names != nil
		if file == "" && len(seen.unmade) == 0 || file != "" && (read || gone) {
			items = append(items, item)
		}
	}
	if len(items) > 0 {
		d.forgone[d.s.inLedger(r.Address)] = items
	}
}

// callsWithoutFile lists, under on_unknown = "retry", unknown outcomes whose file is not in the folder any more: they cannot
// be made again, so a person has to say what became of them.
func (d *draft) callsWithoutFile(r *Rule, seen *ruleSeen) {
	if r.OnUnknown != "retry" || d.s.partial {
		return
	}
	here := map[string]bool{}
	for _, f := range seen.files {
		here[f.Digest] = true
	}
	for _, c := range seen.after {
		here[c.content] = true
	}
	for _, w := range d.s.unfinishedOf(r.Address) {
		if _, live := d.owner(&w); !here[w.Digest] && !live && (w.State == ledger.StateUnknown || w.State == ledger.StateSending) {
			at := r.Address.Of(w.Item)
			d.noteFile(at, &w)
			d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Rule: r, Prior: &w, Text: d.unknownText(at, w)})
		}
	}
}

// planRuleFile decides on one file of a rule.
func (d *draft) planRuleFile(r *Rule, seen *ruleSeen, f *fileFacts) {
	at := r.Address.Of(f.Name)
	reject := func(reason, text string) {
		d.add(Action{Address: at, Kind: Reject, Reason: reason, Rule: r, File: f.FileSeen, Report: f.report, Text: text})
	}
	switch {
	case os.IsNotExist(f.err):
	case f.err != nil:
		d.unreadable(&r.Declared, f)
	case f.dir:
		d.problem(&r.Declared, "not_a_file", at, "Not a file",
			fmt.Sprintf("%s is a folder or a link. Only plain files are taken; put the file itself there.", ShownName(f.Name)))
	case f.settled && f.known.State == ledger.FileExisting:
		d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Rule: r, File: f.FileSeen, Text: existingText(at)})
	case f.settled:
	case f.busy:
		d.wait(at, "still being written")
	case seen.strange != "":
		d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Rule: r, File: f.FileSeen, Text: existingText(r.Address)})
	case f.marker != "":
		d.wait(at, "waits for its marker "+f.marker)
	case f.Stamp.Size < r.MinSize:
		d.planSmall(&r.DropFolder, Action{Address: at, Rule: r, File: f.FileSeen})
	case r.tooLarge(f.Stamp.Size):
		reject(ReasonTooLarge, fmt.Sprintf("%s, and at most %s are allowed", size(f.Stamp.Size), size(r.limit())))
	case f.report != nil && !f.report.Valid:
		reject(ReasonInvalid, plural(f.report.ErrorCount, "error", "errors")+" in it")
	default:
		d.planCalls(r, seen, f, seen.made[f.Name])
	}
}

// planCalls decides on the calls of a valid file: all of them, or none where one takes what another order has.
func (d *draft) planCalls(r *Rule, seen *ruleSeen, f *fileFacts, file *ruleFile) {
	at := r.Address.Of(f.Name)
	if len(file.calls) == 0 {
		d.add(Action{
			Address: at, Kind: Reject, Reason: ReasonInvalid, Rule: r, File: f.FileSeen,
			Text: "no line below the header, so there is nothing to do in it; is the header missing?",
		})
		return
	}
	key := contentKey{r.Connection.Endpoint(), "", string(r.Kind), f.Digest}
	if c, taken := d.claimed[key]; taken {
		d.wait(at, "the same bytes as "+c.file.String()+", which comes first")
		return
	}
	open := 0
	for _, c := range file.calls {
		if !d.open(r, c, at) {
			continue
		}
		open++
		if by, what := c.overlap(r); by != nil {
			how := "sent"
			if by.State == ledger.StateAdopted {
				how = "counted as done"
			}
			d.add(Action{
				Address: at, Kind: Reject, Reason: ReasonOverlap, Rule: r, File: f.FileSeen,
				Text: fmt.Sprintf("line %d: %s belongs to %s, %s %s, from %s", c.Line, what, itemAddress(&by.Work), how, d.clock(by.SentAt), by.File),
			})
			return
		}
	}
	if open == 0 {
		d.planPlaced(r, f, file)
		return
	}
	for _, c := range file.calls {
		if c.waits() { // for a person: it holds nothing, or what it holds is the ledger's to say
			continue
		}
		if other, taken := d.takes(r, c, at); taken {
			d.wait(at, "takes what "+other.String()+" takes; it is decided on when that is done")
			return
		}
	}
	d.claimed[key] = claim{file: at}
	left := &openCalls{file: f.FileSeen, open: open, takenOver: f.isKnown && f.known.State == ledger.FileRetry}
	for _, c := range file.calls {
		if d.open(r, c, at) {
			d.planCall(r, seen, left, c, cmp.Or(askedReason(f), ReasonRow))
		}
	}
}

func askedReason(f *fileFacts) string {
	if f.isKnown && f.known.State == ledger.FileRetry {
		return ReasonRetry
	}
	return ""
}

// doubt says why an order is to be approved by a person although its rule would place it by itself: what was ordered before
// cannot be compared with it.
func (seen *ruleSeen) doubt(r *Rule, c *callSeen) string {
	if r.Kind != RulePurchase {
		return ""
	}
	byGUID := len(c.Positions) > 0 && c.Positions[0].PosNbr == ""
	switch {
	case seen.elsewhere:
		return "this rule has placed orders in another system before, which may be this one under another name"
	case c.Whole && seen.guids:
		return "positions were ordered by GUID there, and nobody can tell whether this document holds one of them"
	case byGUID && seen.documents:
		return "whole documents were ordered there, and nobody can tell whether one of them holds this position"
	}
	return ""
}

// open reports whether a call is still to be made, or to be made again because -replace names it, its file or its rule.
func (d *draft) open(r *Rule, c *callSeen, file Address) bool {
	return !c.settled() || d.replaced(r.Address.Of(c.known.Item)) || d.replaced(file)
}

// settled reports whether the call was made, as far as anybody knows, or counts as made.
func (c *callSeen) settled() bool { return c.known != nil && c.known.State.Happened() }

// overlap finds a call of other content that holds what this one would take. What the same bytes made of another grouping
// counts too: only the very same call of the same bytes goes on.
func (c *callSeen) overlap(r *Rule) (by *ledger.Call, what ledger.Hold) {
	holds := r.holds(c.Call, c.prices)
	for i, h := range c.holders {
		if h != nil && (c.known == nil || h.ID != c.known.ID) && i < len(holds) {
			return h, holds[i]
		}
	}
	return nil, ledger.Hold{}
}

// takes notes what a call will hold, and finds a file of this plan that will hold it too.
func (d *draft) takes(r *Rule, c *callSeen, file Address) (other Address, taken bool) {
	endpoint := r.Connection.Endpoint()
	for _, h := range r.holds(c.Call, c.prices) {
		h = h.Normal()
		document := ledger.Hold{Kind: ledger.HeldDocument, DocNbr: h.DocNbr}
		somePosition := ledger.Hold{Kind: ledger.HeldPosition, DocNbr: h.DocNbr}
		against := map[ledger.HoldKind]ledger.Hold{ledger.HeldPosition: document, ledger.HeldDocument: somePosition}
		for _, key := range []ledger.Hold{h, against[h.Kind]} {
			if by, ok := d.held[heldKey{endpoint, key}]; ok && by != file {
				return by, true
			}
		}
		d.held[heldKey{endpoint, h}] = file
		if h.Kind == ledger.HeldPosition {
			d.held[heldKey{endpoint, somePosition}] = file
		}
	}
	return Address{}, false
}

// planPlaced: nothing of the file is open. Either an earlier run did not come to file it away, or it was dropped again.
func (d *draft) planPlaced(r *Rule, f *fileFacts, file *ruleFile) {
	if k := f.known; f.isKnown && r.Archive == nil && k.Digest == f.Digest && k.State.DealtWith() {
		k.Stamp = f.Stamp // only touched
		d.Recognised = append(d.Recognised, k)
		return
	}
	a := Action{Address: r.Address.Of(f.Name), Kind: Duplicate, Reason: ReasonImported, Rule: r, File: f.FileSeen}
	if len(file.calls) > 0 {
		a.Prior = &file.calls[0].known.Work
		a.Text = "made " + d.clock(a.Prior.SentAt) + " as " + itemAddress(a.Prior)
		if a.Prior.Address == d.s.inLedger(r.Address) && file.calls[0].known.File == f.Name && !f.isKnown {
			a.Kind, a.Reason, a.Text = Resume, ReasonInterrupted, "everything in it is done; what is left is to file it away"
		}
	}
	d.add(a)
}

// planCall decides on one call that has not been made.
func (d *draft) planCall(r *Rule, seen *ruleSeen, left *openCalls, c *callSeen, reason string) {
	a := Action{
		Address: r.Address.Of(d.itemOf(r, seen, c)), Kind: r.Kind.action(), Reason: reason, Rule: r, Call: c.Call, Prices: c.prices,
		content: c.content, source: c.source, left: left,
	}
	if left != nil {
		a.File = left.file
		d.madeOf[a.Address] = left.file.Name
	}
	switch {
	case c.settled():
		a.Reason, a.Request = ReasonRequested, c.known.Request+1
	case c.known != nil && !d.again(r, c, &a):
		return
	}
	delete(d.waited[r.Address], a.Address.Item)
	if c.prices != nil && d.connectionDown(r, c.prices.err) {
		d.wait(a.Address, "waits for "+r.Connection.Address.String())
		return
	}
	if c.prices != nil && c.prices.err != nil {
		d.problem(&r.Declared, "positions_unread", a.Address, "The positions could not be read",
			c.prices.err.Error()+". Nothing of this order is placed; it is read again by the next run.")
		return
	}
	if why := seen.doubt(r, c); why != "" && r.Approval != "manual" {
		a.Text = why
		a.Approval = ApprovalRequired
	}
	if a.Approval == ApprovalRequired || r.Approval == "manual" || r.Kind.Irreversible() && left != nil && left.takenOver {
		a.Approval = ApprovalRequired
		given, recorded := seen.approvals[a.Address.Item]
		a.recorded = recorded && given.RequestDigest == c.Digest
		switch {
		case d.approved(r, c, given):
			a.Approval = ApprovalGiven
		case given.By != "":
			a.Text = "the approval of " + given.By + " was for another request or other prices"
		}
	}
	d.add(a)
}

// connectionDown reports an error that speaks of a whole connection, once for all that waits for it.
func (d *draft) connectionDown(r *Rule, err error) bool {
	t, ok := troubleOf(err)
	if !ok || !t.connection {
		return false
	}
	if !d.down[r.Connection.Address] {
		d.down[r.Connection.Address] = true
		d.problem(&r.Connection.Declared, "connection_down", r.Connection.Address, "The prices of orders cannot be read",
			t.text+". Nothing that waits for them is placed. "+t.next)
	}
	return true
}

// itemOf is the call's address under its rule: the one that the ledger has, else its key with a number where that recurs.
func (d *draft) itemOf(r *Rule, seen *ruleSeen, c *callSeen) string {
	if c.known != nil && c.known.Address == d.s.inLedger(r.Address) {
		c.item = c.known.Item
	}
	if c.item != "" {
		return c.item
	}
	c.item = c.Key
	n := max(d.numbers[r.Address.Of(c.Key)], 1)
	for ; n > 1 || seen.items[c.Key][c.item]; n++ {
		if c.item = c.Key + "#" + strconv.Itoa(max(n, 2)); n > 1 && !seen.items[c.Key][c.item] {
			break
		}
	}
	d.numbers[r.Address.Of(c.Key)] = n + 1
	return c.item
}

// again decides on a call that was tried before; false means that it is no step now.
func (d *draft) again(r *Rule, c *callSeen, a *Action) bool {
	w := &c.known.Work
	owner, live := d.owner(w)
	a.Again, a.Request, a.Reason = w, w.Request, ReasonRetry
	switch {
	case w.State.Open() && (live || d.o.self != "" && w.Owner == d.o.self):
		if w.Address != d.s.inLedger(r.Address) {
			d.wait(a.Address, "under way as "+itemAddress(w)+" ("+describeOwner(owner)+")")
		}
		return false
	case w.State == ledger.StateUnknown || w.State.Open():
		a.Text = "its outcome is unknown, and on_unknown is retry"
		if r.OnUnknown != "retry" && w.Address != d.s.inLedger(r.Address) { // else it is listed as the work itself
			d.taken[w.ID] = true
			d.add(Action{
				Address: a.Address, Kind: NeedsPerson, Reason: ReasonUnknown, Rule: r, Prior: w,
				Text: "the same as " + itemAddress(w) + ", whose outcome is unknown; resolve that first",
			})
		}
		return r.OnUnknown == "retry"
	case w.State == ledger.StateRefused && w.Class != ledger.ClassRetry && r.Kind.Irreversible():
		d.add(Action{
			Address: a.Address, Kind: NeedsPerson, Reason: ReasonRefused, Rule: r, Prior: w,
			Text: fmt.Sprintf("the server said no %s: %s. Mend the cause, then: dropform retry '%s'", d.clock(w.SentAt), w.Message, inQuotes(a.Address)),
		})
		return false
	case w.State == ledger.StateRefused && w.Class != ledger.ClassRetry && d.o.watch:
		d.wait(a.Address, "refused: "+w.Message)
		return false
	}
	a.Text = w.Message
	return true
}

// action is the step that a rule's calls are.
func (k RuleKind) action() ActionKind {
	switch k {
	case RulePurchase:
		return Purchase
	case RuleDelete:
		return Delete
	case RuleReadyStatus:
		return SetReady
	case RuleSilentCopy:
		return CopyPosition
	case RuleSaveDocumentAs:
		return SaveAs
	default:
		return ReadPosition
	}
}

// readOrders asks the server about the positions of every order that a plan may place, so that it can be shown, and looks
// again who holds them, now that each is known by number and by GUID.
func (p Planner) readOrders(ctx context.Context, cfg *Config, s *snapshot) error {
	down := map[Address]error{} // connections that do not answer: one order is enough to know
	for _, r := range cfg.Rules {
		seen := s.rules[r.Address]
		if seen == nil {
			continue
		}
		for _, c := range seen.toRead(r) {
			if p.Conboxes == nil {
				c.prices = &Prices{Unknown: "not read", notAsked: true}
				continue
			}
			if err := down[r.Connection.Address]; err != nil {
				c.prices = &Prices{err: err}
				continue
			}
			c.prices = p.readOrder(ctx, r, c)
			if err := ctx.Err(); err != nil {
				return err
			}
			if t, ok := troubleOf(c.prices.err); ok && t.connection {
				down[r.Connection.Address] = c.prices.err
			}
			err := p.Reader.View(ctx, func(v *ledger.View) error {
				var err error
				c.holders, err = v.Holders(seen.systems, r.holds(c.Call, c.prices))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Planner) readOrder(ctx context.Context, r *Rule, c *callSeen) *Prices {
	tell := func(done int) {
		if p.Reading != nil {
			p.Reading(r.Address.Of(c.Key), done, len(c.Positions))
		}
	}
	tell(0)
	return p.Conboxes.ReadPrices(ctx, r.Connection, c.Call, tell)
}

// toRead lists the calls that may become steps and whose positions are read before.
func (seen *ruleSeen) toRead(r *Rule) []*callSeen {
	if !r.Kind.readsPositions() || len(r.Failed) > 0 || seen.strange != "" {
		return nil
	}
	var out []*callSeen
	all := slices.Clone(seen.after)
	for _, f := range seen.files {
		if file := seen.made[f.Name]; file != nil && !f.busy && !f.settled && f.marker == "" {
			all = append(all, file.calls...)
		}
	}
	for _, c := range all {
		if by, _ := c.overlap(r); by == nil && !c.waits() {
			out = append(out, c)
		}
	}
	return out
}

// waits reports whether an irreversible call was tried and is no step until a person has spoken.
func (c *callSeen) waits() bool {
	return c.known != nil && c.known.State != ledger.StateNotSent && !(c.known.State == ledger.StateRefused && c.known.Class == ledger.ClassRetry)
}
