package conbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"dropform/engine/wire"
)

const (
	answerLimit = 32 << 20 // of an answer, which may hold an image
	errorLimit  = 64 << 10 // of an answer other than 2xx
)

const hintURL = "check url of the connection: this does not look like a CONBOX service"

// stage is what a request is for; it decides what a failure means.
type stage int

const (
	probing stage = iota // no body: nothing can happen on the server
	reading              // may be repeated
	writing              // once
)

func (s stage) String() string { return [...]string{"probe", "read", "write"}[s] }

// reply is an answer, whole or cut.
type reply struct {
	status int
	header http.Header
	raw    []byte
	cut    *Error // the answer ended early, raw is what arrived
}

// exchange sends one POST and takes its answer. A reused connection may turn out to be dead before anything came back;
// then a probe or a read, and never a write, goes out again on a fresh one.
func (c *Client) exchange(ctx context.Context, call *call, s stage, body []byte, authorization string) (*reply, *Error) {
	began := time.Now()
	r, reused, err := c.attempt(ctx, call, s, body, authorization)
	defer func() {
		log := c.cfg.Log.With("action", call.action, "stage", s.String(), "took", time.Since(began))
		if err != nil {
			log.Debug("request to CONBOX", "error", err)
			return
		}
		log.Debug("request to CONBOX", "status", r.status)
	}()
	if err != nil && reused && s != writing && err.Class == ClassNetwork && !errors.As(err.Err, new(wire.TimeoutError)) {
		c.reads.CloseIdleConnections()
		r, _, err = c.attempt(ctx, call, s, body, authorization)
	}
	return r, err
}

// attempt is one request on the wire.
func (c *Client) attempt(parent context.Context, call *call, s stage, body []byte, authorization string) (r *reply, reused bool, fail *Error) {
	ctx, cancel := context.WithTimeoutCause(parent, c.cfg.Timeout, wire.TimeoutError{Limit: c.cfg.Timeout})
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(i httptrace.GotConnInfo) { reused = i.Reused },
		WroteHeaders: func() { wrote.Store(true) },
	})
	sent := &onceBody{ctx: ctx, rest: body}
	lost := func(err error) *Error {
		e := &Error{Action: call.action, Class: ClassNetwork, Certainty: Unknown, write: call.write}
		e.Err = call.blame(e, parent, ctx, err)
		// Before the headers nothing was written; a body that we ended before its last block was no request.
		ours := parent.Err() != nil || errors.As(context.Cause(ctx), new(wire.TimeoutError))
		if s != writing || !wrote.Load() || ours && !sent.complete() {
			e.Certainty = NotSent
		}
		return e
	}
	if parent.Err() != nil {
		return nil, false, lost(context.Cause(parent))
	}
	res, err := c.via(s).RoundTrip(c.request(ctx, sent, authorization))
	if err != nil {
		return nil, reused, lost(err)
	}
	defer res.Body.Close()
	limit := int64(errorLimit)
	if res.StatusCode/100 == 2 {
		limit = answerLimit
	}
	r = &reply{status: res.StatusCode, header: res.Header}
	r.raw, err = io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		r.cut = lost(err)
		r.cut.Status = r.status
	}
	return r, reused, nil
}

func (c *Client) via(s stage) *http.Transport {
	if s == writing {
		return c.writes
	}
	return c.reads
}

// request builds the POST. There is never an Idempotency-Key, with which the transport would repeat a write by itself,
// and GetBody stays nil for the same reason. A probe announces the type of the body that it does not have, because some
// servers refuse others before they ask for authentication.
func (c *Client) request(ctx context.Context, body *onceBody, authorization string) *http.Request {
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {c.cfg.UserAgent}}
	if authorization != "" {
		header["Authorization"] = []string{authorization}
	}
	r := (&http.Request{
		Method: http.MethodPost, URL: c.target, Host: c.target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}).WithContext(ctx)
	if n := len(body.rest); n > 0 {
		r.Body, r.ContentLength = body, int64(n)
	}
	return r
}

// onceBody is a body that can be read once. It keeps its last block back when the request has ended already.
type onceBody struct {
	ctx context.Context

	mu   sync.Mutex // the transport reads on a goroutine of its own
	rest []byte
}

// Read hands out the next block.
func (b *onceBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close does nothing; the bytes are the caller's.
func (b *onceBody) Close() error { return nil }

// complete reports whether the last block was handed out.
func (b *onceBody) complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rest) == 0
}

// blame says in words why there is no answer, sets class and hint, and keeps addresses out of it.
func (c *call) blame(e *Error, parent, ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case parent.Err() != nil:
		e.Class = ClassCanceled
		return wire.Canceled(parent)
	case errors.As(cause, new(wire.TimeoutError)):
		return cause
	}
	why := wire.CauseOf(err)
	e.Hint = why.Hint
	switch {
	case why.ProxyStatus > 0:
		e.Status = why.ProxyStatus
		if why.ProxyStatus < 500 {
			e.Class = ClassProxy
		}
	case why.Certificate:
		e.Class = ClassConfig
	}
	return why.Err
}

// service reports whether an answer to a probe can be a service's: it came from behind the web server's own checks.
// What the service thinks of an empty request does not matter.
func (r *reply) service() bool {
	switch r.status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return r.status/100 != 3 && !signsIn(r.raw)
}

// byStatus is the error of an answer by its status (PROTOCOL.md 4.3, 4.4). Of a write only 401, 405 and 413 are certain
// not to have reached the service.
func (c *call) byStatus(s stage, r *reply) *Error {
	e := &Error{
		Action: c.action, Class: ClassUnreadable, Certainty: Unknown, Status: r.status,
		Message: c.says(r.raw), RetryAfter: wire.RetryAfter(r.header), write: c.write,
	}
	if s != writing {
		e.Certainty = NotSent
	}
	switch r.status {
	case http.StatusUnauthorized:
		e.Class, e.Certainty = ClassAuth, NotSent
	case http.StatusMethodNotAllowed:
		e.Class, e.Certainty, e.Hint = ClassConfig, NotSent, hintURL
	case http.StatusRequestEntityTooLarge:
		e.Class, e.Certainty = ClassTooLarge, NotSent
		e.Hint = "have the web server's limit raised, or send fewer positions at once"
	case http.StatusForbidden:
		e.Class, e.Hint = ClassPermission, "the web server does not let this user or this machine in"
	case http.StatusProxyAuthRequired:
		e.Class, e.Hint = ClassProxy, wire.HintProxy
	case http.StatusNotFound, http.StatusGone:
		e.Class, e.Hint = ClassConfig, hintURL
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Class = ClassBusy
	default:
		switch {
		case r.status/100 == 3:
			e.Class, e.Hint = ClassConfig, "the server sends us elsewhere, which is not followed; check url of the connection (https, path)"
		case signsIn(r.raw):
			e.Class, e.Hint = ClassConfig, hintURL
		}
	}
	return e
}
