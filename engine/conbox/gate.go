package conbox

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"
)

// nonceLife is how long a nonce is used again for reads. It is short, because a server that has been restarted may call
// the answer to an old nonce a wrong password.
const nonceLife = time.Minute

// gate guards the account against lockout. A password that was rejected is never sent again, and while one has not
// been accepted yet only one call tries it. Passwords are not kept, only salted hashes.
type gate struct {
	salt  []byte
	trial chan struct{} // holds a token while an untried password is under way

	mu       sync.Mutex
	proven   string // hash of the password that was accepted
	scheme   scheme // how it was
	rejected string // hash of the last password that was rejected
	why      *Error
	nonces   []*nonce // for reads; each is in one request at a time, so that its count goes up in order
}

// nonce is a challenge with the number of its uses.
type nonce struct {
	challenge *digest.Challenge
	count     int
	since     time.Time
}

func newGate() *gate {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	return &gate{salt: salt, trial: make(chan struct{}, 1)}
}

// entry is the permission to send with a password that the server has accepted.
type entry struct {
	login
	scheme scheme
	fresh  bool // found out by this call, just now
}

// enter lets a call pass when its password has been accepted, by asking the server if need be. A password known to be
// wrong ends the call here, without a byte on the wire.
func (c *Client) enter(ctx context.Context, call *call) (entry, *Error) {
	if c.cfg.Auth == authNone {
		return entry{}, nil
	}
	who, err := c.ask(ctx, call)
	if err != nil {
		return entry{}, err
	}
	if s, proven, err := c.gate.verdict(call, who); proven || err != nil {
		return entry{login: who, scheme: s}, err
	}
	select {
	case c.gate.trial <- struct{}{}:
	case <-ctx.Done():
		return entry{}, call.local(ClassCanceled, ctx.Err(), "")
	}
	defer func() { <-c.gate.trial }()
	// Whoever held the token before may have learnt about this password.
	if s, proven, err := c.gate.verdict(call, who); proven || err != nil {
		return entry{login: who, scheme: s}, err
	}
	s, err := c.check(ctx, call, who)
	if err != nil {
		return entry{}, err
	}
	c.gate.accept(who, s)
	return entry{login: who, scheme: s, fresh: true}, nil
}

// ask gets the password of this moment.
func (c *Client) ask(ctx context.Context, call *call) (login, *Error) {
	who := login{user: c.cfg.Username}
	if who.user != "" {
		password, err := secret(ctx, call, "password", c.cfg.Password)
		if err != nil {
			return login{}, err
		}
		who.password = password
		call.secrets = append(call.secrets, password, strings.TrimPrefix(who.basic(), "Basic "))
	}
	sum := hmac.New(sha256.New, c.gate.salt)
	sum.Write([]byte(who.user + ":" + who.password))
	who.hash = string(sum.Sum(nil))
	return who, nil
}

// secret gets one secret of the connection. What its source says may hold anything, but not the secret.
func secret(ctx context.Context, call *call, name string, source func(context.Context) (string, error)) (string, *Error) {
	s, err := source(ctx)
	switch {
	case ctx.Err() != nil:
		return "", call.local(ClassCanceled, ctx.Err(), "")
	case err != nil:
		return "", call.local(ClassConfig, fmt.Errorf("%s cannot be read: %w", name, err), "check "+name+" of the connection")
	case s == "":
		return "", call.local(ClassConfig, fmt.Errorf("%s is empty", name), "check "+name+" of the connection")
	}
	return s, nil
}

// verdict is what is known about a password: accepted, rejected (the first rejection again), or nothing yet.
func (g *gate) verdict(call *call, who login) (scheme, bool, *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.why != nil && who.hash == g.rejected {
		e := *g.why
		e.Action, e.Certainty, e.write = call.action, NotSent, call.write
		e.Err = errors.New("not asked again with the same password")
		return 0, false, &e
	}
	return g.scheme, g.proven == who.hash, nil
}

func (g *gate) accept(who login, s scheme) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven, g.scheme = who.hash, s
	g.rejected, g.why = "", nil
}

// forget has the next call find out anew how the server wants to be asked.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven, g.nonces = "", nil
}

// reject remembers a 401 to a request that carried the password.
func (g *gate) reject(who login, why *Error) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rejected, g.why = who.hash, why
	g.proven, g.nonces = "", nil
	return why
}

// take gives a nonce out of the pool for one request, nil when there is none.
func (g *gate) take() *nonce {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.nonces) > 0 {
		last := len(g.nonces) - 1
		n := g.nonces[last]
		g.nonces = g.nonces[:last]
		if time.Since(n.since) < nonceLife {
			return n
		}
	}
	return nil
}

// give puts a nonce that the server has accepted, or just made, into the pool.
func (g *gate) give(n *nonce) {
	if n == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.nonces) < idleConns {
		g.nonces = append(g.nonces, n)
	}
}

// authorization answers a challenge for one POST.
func (c *Client) authorization(call *call, who login, n *nonce) (string, *Error) {
	n.count++
	s, err := who.digest(n.challenge, http.MethodPost, c.target.RequestURI(), newCnonce(), n.count)
	if err != nil {
		return "", call.local(ClassConfig, err, "")
	}
	return s, nil
}
