package conbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Hooks let the caller act at moments of a write.
type Hooks struct {
	// Sending is called once, after the probe and before the first byte of the write leaves: whoever has to remember
	// that the write may have happened does it here. An error from it ends the call as not sent.
	Sending func(context.Context) error
}

// call is one request on its way.
type call struct {
	req     Request
	action  string // the vendor's name, for errors
	write   bool
	key     string
	secrets []string // what must not come back in an error
}

// envelope is the body around ServiceData (Authentifizierung).
type envelope struct {
	Service     string
	Language    string
	UserCode    string
	UserAPIKey  string `json:",omitempty"`
	ServiceData raw
}

// raw is JSON that is written already.
type raw []byte

// MarshalJSON is the text itself.
func (r raw) MarshalJSON() ([]byte, error) { return r, nil }

// begin checks a request, waits for its turn and gets the key.
func (c *Client) begin(ctx context.Context, r Request) (*call, *Error) {
	call := &call{req: r, action: r.Action(), write: r.writes(), secrets: []string{c.cfg.UserCode}}
	if err := r.Validate(); err != nil {
		return nil, call.local(ClassInvalid, err, "")
	}
	if err := c.limiter.Wait(ctx); err != nil {
		if ctx.Err() == nil { // its deadline would come before our turn
			err = context.DeadlineExceeded
		}
		return nil, call.local(ClassCanceled, err, "")
	}
	if c.cfg.UserAPIKey != nil {
		key, err := secret(ctx, call, "user_api_key", c.cfg.UserAPIKey)
		if err != nil {
			return nil, err
		}
		call.key = key
		call.secrets = append(call.secrets, key)
	}
	return call, nil
}

// body is the whole body: strict JSON.
func (c *Client) body(call *call, data []byte, err error) ([]byte, *Error) {
	if err == nil {
		data, err = strictJSON(envelope{c.cfg.Service, c.cfg.Language, c.cfg.UserCode, call.key, data})
	}
	if err != nil {
		return nil, call.local(ClassInvalid, err, "")
	}
	return data, nil
}

// Do carries a write out, at most once, and returns what the server answered. A [GetPositionData] goes to Read.
//
// Every error is an [*Error]; Certainty says whether the write happened. An answer that says Success is a success
// whatever else is odd about it: see Warnings. Beside an error of certainty Refused the answer is returned too.
func (c *Client) Do(ctx context.Context, r Request, h Hooks) (*Answer, error) {
	if !r.writes() {
		return c.read(ctx, r)
	}
	a, err := c.do(ctx, r, h)
	if err != nil {
		return a, err
	}
	return a, nil
}

func (c *Client) do(ctx context.Context, r Request, h Hooks) (*Answer, *Error) {
	call, err := c.begin(ctx, r)
	if err != nil {
		return nil, err
	}
	data, wrong := ServiceData(r)
	body, err := c.body(call, data, wrong)
	if err != nil {
		return nil, err
	}
	authorization, who, err := c.ready(ctx, call)
	if err != nil {
		return nil, err
	}
	// Another call may have learnt meanwhile that the password is wrong.
	if _, _, err := c.gate.verdict(call, who); err != nil {
		return nil, err
	}
	if h.Sending != nil {
		if err := h.Sending(ctx); err != nil {
			return nil, call.local(ClassLocal, err, "")
		}
	}
	// From here on a crash leaves the outcome unknown.
	reply, err := c.exchange(ctx, call, writing, body, authorization)
	if err != nil {
		return nil, err
	}
	if reply.status == http.StatusUnauthorized {
		return nil, c.turnedAway(call, who, reply, authorization != "")
	}
	return call.settle(reply)
}

// turnedAway is a 401 to a write: it was not carried out, and is not repeated here.
func (c *Client) turnedAway(call *call, who login, r *reply, withPassword bool) *Error {
	asked, err := choose(r.header, c.cfg.Auth)
	switch {
	case err == nil && asked.stale():
		return c.staleAgain(call)
	case withPassword:
		return c.rejected(call, who, r)
	}
	c.gate.forget()
	return c.unauthorized(call, r, `the server asks for authentication only when there is a body; set auth to "basic"`)
}

// settle draws the conclusion from the answer to a write (PROTOCOL.md 4.4). Success counts from a 2xx only: any other
// status may stand for a failure behind the effect.
func (c *call) settle(r *reply) (*Answer, *Error) {
	if r.status/100 != 2 {
		return nil, c.byStatus(writing, r)
	}
	return c.conclude(writing, r, readDocument(r.raw))
}

// conclude takes a 2xx at its word.
func (c *call) conclude(s stage, r *reply, d document) (*Answer, *Error) {
	yes, known := d.success()
	if !known {
		if r.cut != nil {
			return nil, r.cut
		}
		return nil, c.unreadable(s, r, "the answer does not say whether it succeeded")
	}
	a := c.answer(d)
	if yes {
		return a, nil
	}
	return a, &Error{
		Action: c.action, Class: ClassRefused, Certainty: Refused, Status: r.status,
		Message: firstLine(a.ErrorMessage), Err: errorIf(a.ErrorMessage == "", "the server refused without a reason"), write: c.write,
	}
}

func errorIf(yes bool, text string) error {
	if yes {
		return errors.New(text)
	}
	return nil
}

// unreadable is a 2xx that holds no answer.
func (c *call) unreadable(s stage, r *reply, what string) *Error {
	e := c.byStatus(s, r)
	if len(r.raw) == 0 {
		what = "the answer is empty"
	}
	if len(r.raw) >= answerLimit {
		what = fmt.Sprintf("the answer is longer than %d bytes", answerLimit)
	}
	e.Class, e.Err = ClassUnreadable, errors.New(what)
	if signsIn(r.raw) {
		e.Class, e.Hint = ClassConfig, hintURL
	}
	return e
}
