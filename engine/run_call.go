package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dropform/engine/conbox"
	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// openCalls counts what of a file is still to be made; the steps of one file share it. Only the goroutine that works on
// the rule looks at it.
type openCalls struct {
	file      FileSeen
	open      int
	takenOver bool // a person asked for it though an earlier ledger may have placed it: each order is approved by name
}

// call makes one call: verify, record the intent and what it holds, send once, record the outcome. A crash before the
// intent: planned again. Between it and the outcome: unknown, and what it holds stays held.
func (n *run) call(ctx context.Context, a *Action) ending {
	l, release, e := n.enter(ctx, a)
	if e != nil {
		return *e
	}
	defer release()
	if err := n.unchanged(a); err != nil {
		return stale(err)
	}
	if e := n.samePrices(ctx, l, a); e != nil {
		return *e
	}
	var att ledger.Attempt
	var refusal error
	intend := func(ctx context.Context) error {
		if a.Rule.Kind.Irreversible() && a.Rule.Folder != "" { // an older copy of this ledger must not place it again
			if err := n.mark(ctx, a.Rule.Folder); err != nil {
				refusal = &unmarked{err}
				return refusal
			}
		} else if refusal = n.touch(ctx, a); refusal != nil {
			return refusal
		}
		failpoint.At("call.marked")
		att, refusal = n.o.Process.BeginCall(ctx, n.callIntent(l, a), a.Rule.holds(a.Call, a.Prices), a.recordedApproval(), a.Again)
		failpoint.At("call.intended")
		return refusal
	}
	answer, err := n.send(ctx, l, a, intend)
	failpoint.At("call.answered")
	switch {
	case refusal != nil:
		return notMade(a, refusal)
	case att.ID == 0: // not even the probe went through: there is nothing to book
		_, out := judgeCall(a, err)
		n.unreachable(l, a, err, &out)
		return out
	case err != nil:
		return n.callFailed(ctx, l, a, att, err)
	}
	n.reachable(l, a)
	return n.callDone(ctx, a, att, answer)
}

// send makes the call. intend records, durably, that a byte may leave from now on; it comes after everything that can be
// tried without one. A call that only reads may be repeated by the client, any other leaves this machine once.
func (n *run) send(ctx context.Context, l *link, a *Action, intend func(context.Context) error) (*conbox.Answer, error) {
	read, ok := a.Call.Request.(conbox.GetPositionData)
	if !ok && failpoint.Bad(failpoint.RecordAfterCall) {
		answer, err := l.box.Do(ctx, a.Call.Request, conbox.Hooks{})
		if ierr := intend(ctx); ierr != nil {
			return nil, ierr
		}
		return answer, err
	}
	if !ok {
		return l.box.Do(ctx, a.Call.Request, conbox.Hooks{Sending: intend})
	}
	if err := intend(ctx); err != nil {
		return nil, err
	}
	return l.box.Read(ctx, read)
}

// unchanged reports whether the file is still the one whose bytes the call was made of.
func (n *run) unchanged(a *Action) error {
	if a.File.Name == "" {
		return nil
	}
	path := filepath.Join(a.Rule.Folder, a.File.Name)
	if a.Rule.Kind.Irreversible() {
		digest, stamp, err := digestFile(n.o.FS, path)
		if err == nil && (digest != a.File.Digest || !stamp.Equal(a.File.Stamp)) {
			err = errChanged
		}
		return err
	}
	info, err := lstat(n.o.FS, path)
	if err == nil && !durable.StampOf(info).Equal(a.File.Stamp) {
		err = errChanged
	}
	return err
}

// samePrices reads the positions again right before an order is placed: what was shown, and approved, has to hold still.
func (n *run) samePrices(ctx context.Context, l *link, a *Action) *ending {
	if !a.Rule.Kind.readsPositions() {
		return nil
	}
	began := time.Now()
	now := n.o.Conboxes.ReadPrices(ctx, l.current(), a.Call, func(int) {
		n.emit(StepProgress{Action: a, Phase: "reading prices", Percent: -1, Elapsed: time.Since(began)})
	})
	if now.err != nil {
		e := n.unread(l, a, now.err)
		return &e
	}
	if now.digest() != a.Prices.digest() {
		return &ending{
			result: ResultNotStarted, code: "price_changed", text: "a position or its price is not what was shown: " + now.differs(a.Call, a.Prices),
			next: "nothing was sent; the next plan shows it anew, and an approval has to be given anew",
		}
	}
	a.Prices = now
	return nil
}

// unread ends an order whose positions could not be read. Nothing was sent.
func (n *run) unread(l *link, a *Action, err error) ending {
	out := failed("nothing was placed, because the positions could not be read", err)
	if e := (*conbox.Error)(nil); errors.As(err, &e) {
		out.code, out.next = string(e.Class), e.Hint
	}
	n.unreachable(l, a, err, &out)
	return out
}

// differs says in words what of the prices changed.
func (p *Prices) differs(c *Call, shown *Prices) string {
	if shown == nil || p.Unknown != shown.Unknown || len(p.Positions) != len(shown.Positions) {
		return "its prices became known or unknown"
	}
	for i, was := range shown.Positions {
		is := p.Positions[i]
		switch {
		case was.FCoPrc != is.FCoPrc || was.ListPrice != is.ListPrice:
			return fmt.Sprintf("position %s was ListPrice %s, FCoPrc %s and is %s, %s", c.Positions[i].name(), known(was.ListPrice), known(was.FCoPrc), known(is.ListPrice), known(is.FCoPrc))
		case was.GUID != is.GUID:
			return fmt.Sprintf("position %s is another one now: its GUID is %s and was %s", c.Positions[i].name(), known(is.GUID), known(was.GUID))
		case was.Article != is.Article:
			return fmt.Sprintf("position %s is article %s now, it was %s", c.Positions[i].name(), is.Article, was.Article)
		}
	}
	return "unchanged"
}

// known is what a server said, or that it said nothing.
func known(text string) string { return cmp.Or(text, "unknown") }

// recordedApproval is the digest of the approval that the call uses up; empty where it was named in this run, or needs none.
func (a *Action) recordedApproval() string {
	if a.Approval != ApprovalGiven {
		return ""
	}
	return a.Rule.shownDigest(a.Call, a.Prices)
}

// callIntent is the work row that stands for a call.
func (n *run) callIntent(l *link, a *Action) ledger.Call {
	c := ledger.Call{File: a.File.Name, Line: a.Call.Line, Source: a.source, RequestDigest: a.Call.Digest, Sent: string(a.Call.Data)}
	c.Work = ledger.Work{
		Kind: string(a.Rule.Kind), Address: a.Address.Block().String(), Item: a.Address.Item, System: l.system,
		Endpoint: l.current().Endpoint(), Object: a.Call.Object, Method: string(a.Rule.Kind), Digest: a.content, Request: a.Request,
		Size: a.File.Stamp.Size, Definition: a.Rule.checkDigest(),
	}
	return c
}

// notMade ends a call that the ledger refused to begin.
func notMade(a *Action, err error) ending {
	if held := (*ledger.HeldError)(nil); errors.As(err, &held) {
		return ending{
			result: ResultNotStarted, code: "overlap",
			text: fmt.Sprintf("another order has it: %s from %s", itemAddress(&held.By), held.File),
			next: "nothing was sent; look at that order before this one is tried again",
		}
	}
	if errors.Is(err, ledger.ErrNotApproved) {
		return ending{result: ResultNotStarted, code: "not_approved", text: "its approval was used up or withdrawn in the meantime; nothing was sent"}
	}
	return notBegun(a, err)
}

// callFailed books what is certain about a call that was not answered well.
func (n *run) callFailed(ctx context.Context, l *link, a *Action, att ledger.Attempt, err error) ending {
	state, out := judgeCall(a, err)
	o := ledger.Outcome{State: state, Class: out.code, Message: out.text}
	if state != ledger.StateNotSent {
		o.Line = n.resultLine(a, att, nil, state, out.text)
	}
	if berr := n.book(ctx, att, o); berr != nil {
		out.text += "; and " + berr.Error()
	}
	n.unreachable(l, a, err, &out)
	n.writeLines(ctx, a, att.Work, &out)
	return out
}

// judgeCall reads a failed call: what is certain about it, and what the user is told.
func judgeCall(a *Action, err error) (ledger.State, ending) {
	e := (*conbox.Error)(nil)
	if !errors.As(err, &e) {
		return ledger.StateNotSent, failed("not sent", err)
	}
	out := ending{result: ResultFailed, text: said(e), next: e.Hint, code: string(e.Class)}
	switch {
	case e.Certainty == conbox.NotSent && e.Class == conbox.ClassCanceled:
		return ledger.StateNotSent, ending{result: ResultNotStarted, text: "stopped before it was sent"}
	case e.Certainty == conbox.NotSent || a.Rule.Kind == RulePositionData && e.Certainty != conbox.Refused:
		return ledger.StateNotSent, out // what only reads is simply read again
	case e.Certainty == conbox.Refused:
		if a.Rule.Kind.Irreversible() {
			out.next = fmt.Sprintf("mend the cause, then: dropform retry '%s'", inQuotes(a.Address))
		}
		return ledger.StateRefused, out
	case a.Rule.OnUnknown == "retry":
		out.result, out.next = ResultUnknown, "it is sent again, because on_unknown is \"retry\""
		return ledger.StateUnknown, out
	}
	out.result, out.text = ResultUnknown, unknownOutcome(e)
	out.next = fmt.Sprintf("look in moveIT for %s, then: dropform resolve '%s' -happened or -did-not-happen",
		whatToLookFor(a.Call.ExtPchNbr, a.Call.DocNbr, a.Call.Key), inQuotes(a.Address))
	return ledger.StateUnknown, out
}

// unknownOutcome says what is known of a call that may have been carried out.
func unknownOutcome(e *conbox.Error) string {
	switch {
	case e.Class == conbox.ClassCanceled:
		return "stopped before an answer came"
	case e.Status == 0:
		return "no answer came: " + e.Outcome()
	}
	return "the answer does not tell: " + e.Outcome()
}

// whatToLookFor names a call as people find it in moveIT.
func whatToLookFor(extPchNbr, docNbr, otherwise string) string {
	switch {
	case extPchNbr != "":
		return "ExtPchNbr " + extPchNbr
	case docNbr != "":
		return "document " + docNbr
	}
	return otherwise
}

// soughtOf is whatToLookFor of a recorded call; its item names it where nothing that was sent does.
func soughtOf(c ledger.Call) string {
	var sent struct{ ExtPchNbr, DocNbr string }
	if err := json.Unmarshal([]byte(c.Sent), &sent); err != nil {
		return c.Item
	}
	return whatToLookFor(sent.ExtPchNbr, sent.DocNbr, c.Item)
}

// callDone records a call that the server made, then files its file away if it was the last one.
func (n *run) callDone(ctx context.Context, a *Action, att ledger.Attempt, answer *conbox.Answer) ending {
	e := ending{result: ResultDone, text: a.done(answer)}
	image, err := n.writeImage(ctx, a, answer)
	if err != nil {
		answer.Warnings = append(answer.Warnings, "its image could not be written: "+plainError(err))
	}
	if len(answer.Warnings) > 0 {
		e.warning, e.code = strings.Join(answer.Warnings, "; "), "odd_answer"
		e.text += "; " + e.warning
		e.next = fmt.Sprintf("it is recorded as done; look in moveIT for %s", whatToLookFor(a.Call.ExtPchNbr, a.Call.DocNbr, a.Call.Key))
	}
	o := ledger.Outcome{State: ledger.StateDone, Message: e.text, Answer: returnedJSON(answer)}
	o.Line = n.resultLine(a, att, &answered{answer: answer, image: image}, o.State, "")
	if err := n.book(ctx, att, o); err != nil {
		out := ending{
			result: ResultUnknown, code: "ledger", stop: "the ledger cannot be written",
			text: fmt.Sprintf("the server did it, but that could not be recorded: %v", err),
			next: fmt.Sprintf("mend the cause; a watch records it then, else: dropform resolve '%s' -happened", inQuotes(a.Address)),
		}
		return out
	}
	n.writeLines(ctx, a, att.Work, &e)
	if a.left != nil {
		if a.left.open--; a.left.open == 0 {
			return n.closeFile(ctx, a, e)
		}
	}
	return e
}

// done is how a call that went well is told.
func (a *Action) done(answer *conbox.Answer) string {
	switch a.Rule.Kind {
	case RulePurchase:
		if a.Call.Whole {
			return "placed, the whole document"
		}
		return fmt.Sprintf("placed, %s", plural(int64(len(a.Call.Positions)), "position", "positions"))
	case RuleDelete:
		return "deleted"
	case RuleReadyStatus:
		return "status set"
	case RuleSilentCopy:
		if to := answer.Data; to.DocNbr == "" || to.PosNbr == "" { // by GUID some servers name no position
			return fmt.Sprintf("copied to %s", cmp.Or(to.DocNbr, to.PositionGuid, a.Call.Key))
		}
		return "copied to " + answer.Data.DocNbr + "/" + answer.Data.PosNbr
	case RuleSaveDocumentAs:
		return "saved as " + answer.Data.DocNbr
	}
	return "read"
}
