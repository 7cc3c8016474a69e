package conbox

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Read reads a position (GetPositionData). It changes nothing, so it is repeated where that may help: after an error of
// the network, 429 or 5xx up to Config.RetryAttempts times, and once with a new nonce. The document spells the action in
// two ways; the one that the server knows is found out and remembered. ErrUnknownAction is in the error's chain when it
// knows neither.
func (c *Client) Read(ctx context.Context, r GetPositionData) (*Answer, error) { return c.read(ctx, r) }

func (c *Client) read(ctx context.Context, r Request) (*Answer, error) {
	var position GetPositionData
	switch r := r.(type) {
	case GetPositionData:
		position = r
	case *GetPositionData:
		position = *r
	}
	call, err := c.begin(ctx, position)
	if err != nil {
		return nil, err
	}
	a, err := c.spelt(ctx, call, position)
	if err != nil {
		return a, err
	}
	return a, nil
}

// spelling is which of the two names of the action the server is known to take.
type spelling struct{ known atomic.Int32 }

const (
	spellingOpen int32 = iota
	spellingRight
	spellingWrong
)

// spelt reads with the name that the server takes. The other name is tried once where this one is not known to the
// server, and also where it refuses for another reason before any name has worked: nobody knows its words.
func (c *Client) spelt(ctx context.Context, call *call, r GetPositionData) (*Answer, *Error) {
	known := c.spelling.known.Load()
	first, second := spellingRight, spellingWrong
	if known == spellingWrong {
		first, second = second, first
	}
	a, err := c.readAs(ctx, call, r, first)
	strange := unknownAction(err)
	switch {
	case err == nil:
		c.spelling.known.Store(first)
		return a, nil
	case !strange && (err.Certainty != Refused || known != spellingOpen):
		return a, err
	}
	b, err2 := c.readAs(ctx, call, r, second)
	strange2 := unknownAction(err2)
	switch {
	case err2 == nil:
		c.spelling.known.Store(second)
		return b, nil
	case strange && strange2:
		e := *err
		e.Err = ErrUnknownAction
		return a, &e
	case strange:
		if err2.Certainty == Refused {
			c.spelling.known.Store(second)
		}
		return b, err2
	case strange2:
		c.spelling.known.Store(first)
	}
	return a, err
}

// ignorance is how a server may say that it does not know an action; its words are not documented. Nothing but the name
// of an action may stand in between: "action not possible, position not found" is a refusal of another kind, and taking
// it for ignorance would have orders placed unseen.
var ignorance = regexp.MustCompile(`(?i)` +
	`\b(?:unknown|unsupported|undefined|unrecogni[sz]ed|unbekannte|nicht unterst\S{1,8}tzte)[ _-](?:action|aktion)\b` +
	`|\b(?:invalid|ung\S{1,8}ltige) (?:action|aktion)(?:\W*$|\W+Get\w+)` +
	`|\b(?:action|aktion):?\s*(?:["'„»(\[]*Get\w+["'“«)\]]*\s*)?` +
	`(?:is |ist |wird |was |wurde )?(?:unknown|unsupported|not (?:known|supported|implemented|defined|found)|does not exist` +
	`|unbekannt|nicht (?:bekannt|unterst\S{1,8}tzt|implementiert|definiert|vorhanden|gefunden)|existiert nicht)` +
	`|\b(?:not an? (?:valid|known)|keine (?:g\S{1,8}ltige|bekannte)) (?:action|aktion)\b`)

// unknownAction reports whether an answer says that the server does not know the action: a refusal, or 400 or 500 with
// such words.
func unknownAction(e *Error) bool {
	if e == nil {
		return false
	}
	worded := e.Certainty == Refused || e.Status == http.StatusBadRequest || e.Status == http.StatusInternalServerError
	return worded && ignorance.MatchString(e.Message)
}

// readAs reads under one name, several times if need be.
func (c *Client) readAs(ctx context.Context, call *call, r GetPositionData, name int32) (*Answer, *Error) {
	data, wrong := ServiceData(r)
	if name == spellingWrong {
		data, wrong = r.misspelt()
	}
	body, err := c.body(call, data, wrong)
	if err != nil {
		return nil, err
	}
	pause := &backoff.ExponentialBackOff{
		InitialInterval: c.cfg.RetryFirst, RandomizationFactor: 0.2, Multiplier: 2, MaxInterval: c.cfg.RetryLongest,
	}
	pause.Reset()
	for attempt := 1; ; attempt++ {
		a, err := c.readOnce(ctx, call, body)
		if err == nil || !err.Transient() || unknownAction(err) || attempt >= c.cfg.RetryAttempts {
			return a, err
		}
		wait := max(pause.NextBackOff(), err.RetryAfter)
		if wait > c.cfg.RetryLongest && wait == err.RetryAfter {
			return nil, err // the caller knows better what to do meanwhile
		}
		if !sleep(ctx, wait) {
			return nil, err
		}
		if c.limiter.Wait(ctx) != nil {
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// readOnce is one read, and a second with a new nonce where the first was stale.
func (c *Client) readOnce(ctx context.Context, call *call, body []byte) (*Answer, *Error) {
	for range 2 {
		e, n, authorization, err := c.credentials(ctx, call)
		if err != nil {
			return nil, err
		}
		r, err := c.exchange(ctx, call, reading, body, authorization)
		if err != nil {
			return nil, err
		}
		if r.status != http.StatusUnauthorized {
			c.gate.give(n)
			return call.data(r)
		}
		if err := c.again(call, e, r); err != nil {
			return nil, err
		}
	}
	return nil, c.staleAgain(call)
}

// credentials are what a read carries: it needs no probe of its own while a nonce is at hand.
func (c *Client) credentials(ctx context.Context, call *call) (entry, *nonce, string, *Error) {
	for range 2 {
		e, err := c.enter(ctx, call)
		if err != nil {
			return e, nil, "", err
		}
		switch e.scheme {
		case schemeOpen:
			return e, nil, "", nil
		case schemeBasic:
			return e, nil, e.basic(), nil
		}
		n, changed := c.gate.take(), false
		if n == nil {
			if n, changed, err = c.freshNonce(ctx, call); err != nil {
				return e, nil, "", err
			}
		}
		if !changed {
			authorization, err := c.authorization(call, e.login, n)
			return e, n, authorization, err
		}
		c.gate.forget()
	}
	return entry{}, nil, "", call.local(ClassConfig, errors.New("the server changes how it asks for authentication"), hintScheme)
}

// again prepares the repetition of a read that was answered 401, or says why there is none.
func (c *Client) again(call *call, e entry, r *reply) *Error {
	asked, wrong := choose(r.header, c.cfg.Auth)
	switch {
	case c.cfg.Auth == authNone:
		return c.unauthorized(call, r, `the server asks for authentication, but auth is "none"`)
	case e.scheme == schemeOpen:
		c.gate.forget()
		return nil
	case e.scheme == schemeDigest && wrong == nil && asked.stale():
		c.gate.give(&nonce{challenge: asked.challenge, since: time.Now()})
		return nil
	}
	return c.rejected(call, e.login, r)
}

// data wants more of an answer than settle does: a price that may be cut is none.
func (c *call) data(r *reply) (*Answer, *Error) {
	if r.status/100 != 2 {
		return nil, c.byStatus(reading, r)
	}
	d := readDocument(r.raw)
	a, err := c.conclude(reading, r, d)
	switch {
	case err != nil:
		return a, err
	case r.cut != nil:
		return nil, r.cut
	case d.broken:
		return nil, c.unreadable(reading, r, "the answer is damaged")
	case d.root.get("ServiceReturnData") == nil:
		return nil, c.unreadable(reading, r, "the answer holds no data")
	}
	return a, nil
}
