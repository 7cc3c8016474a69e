package sandbox

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ConboxPath is the one address of the CONBOX service, below any prefix and in
// any letter case.
const ConboxPath = "/conbox/service"

// conboxImagePath is where PosImgURL points, only to see who follows it.
const conboxImagePath = "/conbox/image/"

// conboxStream is the name of the CONBOX half in faults.
const conboxStream stream = "CONBOX"

// maxConboxBody is the largest request in bytes, the default of IIS.
const maxConboxBody = 30_000_000

// conbox is the CONBOX half.
type conbox struct {
	now     func() time.Time
	latency time.Duration
	faults  *faultScript
	closed  <-chan struct{}
	images  imageCache

	mu        sync.Mutex // guards all below
	settings  ConboxSettings
	nonces    nonces
	documents documents
	journal   conboxJournal
}

func newConbox(o Options, faults *faultScript, closed <-chan struct{}) *conbox {
	return &conbox{
		now: o.Now, latency: o.Latency, faults: faults, closed: closed,
		documents: newDocuments(),
		journal:   conboxJournal{actions: make(map[string]int)},
	}
}

// serve answers one call, in the order of a real path as perbit.serve does. A
// body is read to its end before anything else, because the action by which
// faults are chosen stands in it; both cuts before the effect are thus one.
func (c *conbox) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		c.mu.Lock()
		c.journal.requests++
		c.mu.Unlock()
		w.Header().Set("Allow", http.MethodPost)
		htmlAnswer(http.StatusMethodNotAllowed, "").write(w)
		return
	}
	call := c.receive(r)
	if !pause(r.Context(), c.closed, c.latency+call.faults.delay(FaultLatency)) ||
		call.faults.has(FaultCutBefore) || call.faults.has(FaultCutDuringRequest) {
		panic(http.ErrAbortHandler)
	}
	if in, stands := inTheWay(call.faults); stands {
		in.write(w)
		return
	}
	a, effect, done := c.answer(call)
	c.deliver(w, call, alter(a, done, call.faults), effect)
}

// receive reads a call, counts it and takes its faults.
func (c *conbox) receive(r *http.Request) *conboxCall {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxConboxBody+1))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal.requests++
	if err != nil {
		c.journal.bodiesCut++
		panic(http.ErrAbortHandler)
	}
	call := newConboxCall(r, body, c.now())
	c.journal.actions[call.action]++
	call.faults = c.faults.take(conboxStream, call.action, "")
	call.verdict = c.judge(call)
	c.noteCredentials(call)
	if call.wrong != nil {
		c.journal.fault(call, call.wrong.kind, call.wrong.detail)
	}
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if len(r.Header.Values(header)) > 0 {
			c.journal.fault(call, ProtocolIdempotencyKey, header)
		}
	}
	return call
}

// answer is what the web server and, behind it, the service say; done tells
// that the call was carried out, and only a write that was has an effect.
func (c *conbox) answer(call *conboxCall) (a answer, effect *ConboxEffect, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case call.verdict != authorised:
		return c.challenge(call.verdict), nil, false
	case !isJSON(call.Header.Get("Content-Type")) && (!call.probe() || call.Header.Get("Content-Type") != ""):
		return htmlAnswer(http.StatusUnsupportedMediaType, ""), nil, false
	case call.tooLarge():
		return htmlAnswer(http.StatusRequestEntityTooLarge, ""), nil, false
	}
	data, effect, err := c.obey(call)
	if err != nil {
		return conboxRefusal(err, call.faults), nil, false
	}
	return conboxAnswer(object{{"Success", true}, {"ErrorMessage", ""}, {"ServiceReturnData", data}}, call.faults), effect, true
}

// isJSON accepts the documented type, alone or with a charset.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}

// deliver writes the answer, or what the faults leave of it.
func (c *conbox) deliver(w http.ResponseWriter, call *conboxCall, a answer, effect *ConboxEffect) {
	whole := !call.faults.has(FaultCutAfterAccept) && !call.faults.has(FaultCutDuringAnswer)
	for _, f := range call.faults {
		_, replaced := replacement(f)
		whole = whole && !replaced
	}
	c.mark(effect, whole)
	switch {
	case !pause(call.Context(), c.closed, call.faults.delay(FaultSlowAnswer)):
		c.mark(effect, false)
		panic(http.ErrAbortHandler)
	case call.faults.has(FaultCutAfterAccept):
		panic(http.ErrAbortHandler)
	case call.faults.has(FaultCutDuringAnswer):
		a.writeHalf(w)
		panic(http.ErrAbortHandler)
	}
	a.write(w)
	if http.NewResponseController(w).Flush() != nil {
		c.mark(effect, false)
	}
}

// mark sets Delivered, before the answer leaves: who has read it must find it
// set.
func (c *conbox) mark(effect *ConboxEffect, delivered bool) {
	if effect == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	effect.Delivered = delivered
}

// conboxStep is an action that has been looked at and may be carried out.
type conboxStep struct {
	touched []place // what a refusal by position is held against
	// apply makes the change; the positions are those for the record.
	apply func() (data object, positions []EffectPosition)
}

// conboxActions look at a call and change nothing yet.
var conboxActions = map[string]func(*conbox, *conboxCall) (conboxStep, error){
	"SilentCopy":         (*conbox).silentCopy,
	"Delete":             (*conbox).deletePosition,
	"Purchase":           (*conbox).purchase,
	"SaveDocumentAs":     (*conbox).saveDocumentAs,
	"SetReadyStatus":     (*conbox).setReadyStatus,
	positionData:         (*conbox).getPositionData,
	misspeltPositionData: (*conbox).getPositionData,
}

// obey carries a call out, or refuses it whole. The caller holds the lock.
func (c *conbox) obey(call *conboxCall) (object, *ConboxEffect, error) {
	if call.wrong != nil {
		return nil, nil, call.wrong
	}
	if err := c.checkEnvelope(call); err != nil {
		return nil, nil, err
	}
	action := conboxActions[call.action]
	if action == nil || call.reads() && !c.knows(call.action) {
		return nil, nil, unknownAction(call)
	}
	step, err := action(c, call)
	if err != nil {
		return nil, nil, err
	}
	if f := c.faults.takeRefusal(call.action, step.touched); f != nil {
		message := f.Body
		if message == "" {
			message = "Die Aktion wurde abgelehnt."
		}
		return nil, nil, refuse(message)
	}
	data, positions := step.apply()
	if call.reads() {
		return data, nil, nil
	}
	return data, c.journal.effect(call, positions), nil
}

// checkEnvelope looks at what every action has in common.
func (c *conbox) checkEnvelope(call *conboxCall) error {
	e, s := call.envelope, c.settings
	switch {
	case call.probe():
		return refuse("Die Anfrage enthält keine Daten.")
	case !strings.EqualFold(e.text("Service"), "CONBOX"):
		return refuse("Der Service " + e.text("Service") + " ist unbekannt.")
	case e.text("Language") == "":
		return refuse("Die Language wurde nicht angegeben.")
	case e.text("UserCode") == "" || s.UserCode != "" && e.text("UserCode") != s.UserCode:
		return refuse("Der User-Code ist ungültig.")
	case e.text("UserAPIKey") == "" && s.APIKeyRequired:
		return refuse("Der UserAPIKey wurde nicht angegeben.")
	case e.has("UserAPIKey") && s.UserAPIKey != "" && e.text("UserAPIKey") != s.UserAPIKey:
		return refuse("Der UserAPIKey ist ungültig.")
	case !e.has("ServiceData") || call.data.text("Action") == "":
		return refuse("Die Action wurde nicht angegeben.")
	}
	return nil
}

// knows tells whether the service has a spelling of GetPositionData.
func (c *conbox) knows(action string) bool {
	return c.settings.PositionData == PositionDataBoth || c.settings.PositionData == action
}

func unknownAction(call *conboxCall) error {
	action := call.data.text("Action")
	if call.faults.has(FaultEnglish) {
		return refuse("Unknown action: " + action)
	}
	return refuse("Unbekannte Action: " + action)
}

// record names a position in an effect, with another amount than its own
// unless that is "".
func (p place) record(amount json.Number) EffectPosition {
	if amount == "" {
		amount = p.position.Amount
	}
	return EffectPosition{p.document.DocTyp, p.document.DocNbr, p.position.PosNbr, p.position.PositionGuid, amount}
}
