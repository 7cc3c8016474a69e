package conbox

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	hintAuth = "check username and password of the connection; nothing more is sent with this password, " +
		"so that the account is not locked"
	hintScheme  = "check auth of the connection"
	hintNoLogin = "set username and password of the connection"
)

// check finds out with bodyless requests whether the server takes a password, and by which scheme. It sends the password
// once; a second time only if the server says that it was the nonce.
func (c *Client) check(ctx context.Context, call *call, who login) (scheme, *Error) {
	if c.cfg.Auth == authBasic {
		return schemeBasic, c.tryBasic(ctx, call, who)
	}
	r, err := c.probe(ctx, call, "")
	if err != nil {
		return 0, err
	}
	if r.status != http.StatusUnauthorized {
		if c.cfg.Auth == authDigest {
			return 0, call.local(ClassConfig, errors.New("the server does not ask for Digest authentication"), hintScheme)
		}
		return schemeOpen, nil
	}
	asked, err := c.asked(call, r)
	switch {
	case err != nil:
		return 0, err
	case who.user == "":
		return 0, c.unauthorized(call, r, hintNoLogin)
	case asked.scheme == schemeBasic:
		return schemeBasic, c.tryBasic(ctx, call, who)
	}
	return schemeDigest, c.tryDigest(ctx, call, who, asked)
}

// asked reads what a 401 asks for.
func (c *Client) asked(call *call, r *reply) (offer, *Error) {
	o, err := choose(r.header, c.cfg.Auth)
	if err != nil {
		e := call.local(ClassConfig, err, hintScheme)
		e.Status = r.status
		return offer{}, e
	}
	return o, nil
}

func (c *Client) tryBasic(ctx context.Context, call *call, who login) *Error {
	r, err := c.probe(ctx, call, who.basic())
	if err == nil && r.status == http.StatusUnauthorized {
		return c.rejected(call, who, r)
	}
	return err
}

func (c *Client) tryDigest(ctx context.Context, call *call, who login, asked offer) *Error {
	for range 2 {
		n := &nonce{challenge: asked.challenge, since: time.Now()}
		authorization, err := c.authorization(call, who, n)
		if err != nil {
			return err
		}
		r, err := c.probe(ctx, call, authorization)
		if err != nil {
			return err
		}
		if r.status != http.StatusUnauthorized {
			c.gate.give(n)
			return nil
		}
		again, wrong := choose(r.header, c.cfg.Auth)
		if wrong != nil || !again.stale() {
			return c.rejected(call, who, r)
		}
		asked = again
	}
	return c.staleAgain(call)
}

// ready is the bodyless probe before a write (PROTOCOL.md, trap 3): when it returns, the server is there, lets us in,
// and the Authorization that it returns is good for one request.
func (c *Client) ready(ctx context.Context, call *call) (string, login, *Error) {
	for range 2 {
		e, err := c.enter(ctx, call)
		if err != nil {
			return "", e.login, err
		}
		var authorization string
		var again bool
		switch e.scheme {
		case schemeBasic:
			authorization = e.basic()
			if !e.fresh {
				err = c.tryBasic(ctx, call, e.login)
			}
		case schemeOpen:
			if !e.fresh {
				again, err = c.stillOpen(ctx, call)
			}
		case schemeDigest:
			var n *nonce
			if n, again, err = c.freshNonce(ctx, call); n != nil {
				authorization, err = c.authorization(call, e.login, n)
			}
		}
		if err != nil || !again {
			return authorization, e.login, err
		}
		c.gate.forget()
	}
	return "", login{}, call.local(ClassConfig, errors.New("the server changes how it asks for authentication"), hintScheme)
}

// stillOpen reports whether a server that did not ask for authentication has begun to.
func (c *Client) stillOpen(ctx context.Context, call *call) (asks bool, err *Error) {
	r, err := c.probe(ctx, call, "")
	if err != nil || r.status != http.StatusUnauthorized {
		return false, err
	}
	if c.cfg.Auth == authNone {
		return false, c.unauthorized(call, r, `the server asks for authentication, but auth is "none"`)
	}
	return true, nil
}

// freshNonce gets a challenge that nobody has answered yet. changed means that the server no longer asks for Digest.
func (c *Client) freshNonce(ctx context.Context, call *call) (n *nonce, changed bool, err *Error) {
	r, err := c.probe(ctx, call, "")
	if err != nil {
		return nil, false, err
	}
	if r.status != http.StatusUnauthorized {
		return nil, true, nil
	}
	asked, err := c.asked(call, r)
	if err != nil {
		return nil, false, err
	}
	if asked.scheme != schemeDigest {
		return nil, true, nil
	}
	return &nonce{challenge: asked.challenge, since: time.Now()}, false, nil
}

// probe sends a POST without a body. It returns an answer that shows a service at work, or a 401; an answer that shows
// something else is an error, and nothing has been sent.
func (c *Client) probe(ctx context.Context, call *call, authorization string) (*reply, *Error) {
	r, err := c.exchange(ctx, call, probing, nil, authorization)
	if err != nil {
		return nil, err
	}
	if r.status == http.StatusUnauthorized || r.service() {
		return r, nil
	}
	return nil, call.byStatus(probing, r)
}

// unauthorized is a 401 to a request without credentials.
func (c *Client) unauthorized(call *call, r *reply, hint string) *Error {
	return &Error{
		Action: call.action, Class: ClassAuth, Certainty: NotSent, Status: r.status,
		Message: call.says(r.raw), Hint: hint, write: call.write,
	}
}

// rejected is a 401 to a request with the password; the password is not sent again.
func (c *Client) rejected(call *call, who login, r *reply) *Error {
	e := c.unauthorized(call, r, hintAuth)
	if _, err := choose(r.header, c.cfg.Auth); err != nil && !errors.Is(err, errNoChallenge) {
		e.Class, e.Err, e.Hint = ClassConfig, err, hintScheme
	}
	return c.gate.reject(who, e)
}

// staleAgain is a server that calls every nonce stale. The password was not judged.
func (c *Client) staleAgain(call *call) *Error {
	e := call.local(ClassBusy, errors.New("the server calls a nonce stale that it has just made"), "")
	e.Status = http.StatusUnauthorized
	return e
}
