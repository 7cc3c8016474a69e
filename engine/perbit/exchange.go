package perbit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"dropform/engine/wire"
)

const (
	answerLimit = 1 << 20   // of a JSON answer
	errorLimit  = 64 << 10  // of an error page
	drainLimit  = 256 << 10 // read beyond, so that the connection can be used again
)

// exchange is one request and its answer.
type exchange struct {
	call   *call
	parent context.Context // the caller's; only asked whether it has ended
	ctx    context.Context
	dog    *watchdog
	body   *sending // nil without an upload
	wrote  atomic.Bool
	sent   atomic.Int64 // when the request was written, Unix milliseconds
	limit  time.Duration
	res    *http.Response
}

// run sends the call and gives a 2xx answer to take. take owns the exchange then and must see that end is called.
func (c *Client) run(ctx context.Context, call *call, take func(*exchange) *Error) error {
	if err := call.check(); err != nil {
		return err
	}
	pass, err := c.logins.pass(ctx, call)
	if err != nil {
		return err
	}
	call.secrets = append(call.secrets, c.logins.secrets()...)
	began := time.Now()
	err = c.exchange(ctx, call, pass.basic, take)
	pass.result(err)
	said := []any{"stream", call.stream.String(), "action", call.action, "took", time.Since(began)}
	if err != nil {
		c.options.Log.Debug("call of perbit", append(said, "error", err)...)
		return err
	}
	c.options.Log.Debug("call of perbit", said...)
	return nil
}

func (c *Client) exchange(parent context.Context, call *call, basic string, take func(*exchange) *Error) *Error {
	ctx, cancel := context.WithCancelCause(parent)
	x := &exchange{call: call, parent: parent, limit: c.options.Timeout}
	limit := c.options.Timeout
	if call.wait {
		limit = 0
	}
	x.dog = newWatchdog(limit, cancel)
	x.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { x.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) {
			x.sent.Store(time.Now().UnixMilli())
			x.dog.touch()
		},
	})
	if err := x.send(c, basic); err != nil {
		x.end()
		return err
	}
	if x.res.StatusCode/100 != 2 {
		defer x.end()
		return x.refused()
	}
	if _, complete := x.body.state(); !complete {
		defer x.end()
		return x.early()
	}
	return take(x)
}

// send gets the answer's head. Nothing here or below retries.
func (x *exchange) send(c *Client, basic string) *Error {
	if x.parent.Err() != nil {
		return x.lost(context.Cause(x.parent))
	}
	var body io.ReadCloser
	if x.call.upload && x.call.body.Size > 0 {
		source, err := x.call.body.Open()
		if err != nil {
			return x.call.local(ClassBody, err, "")
		}
		x.body = &sending{size: x.call.body.Size, parent: x.parent, ctx: x.ctx, dog: x.dog, source: source}
		body = x.body
	}
	req, fail := c.request(x.ctx, x.call, basic, body)
	if fail != nil {
		return fail
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return x.lost(err)
	}
	x.res = res
	x.dog.touch()
	return nil
}

// end releases connection, file and timer; it may be called twice.
func (x *exchange) end() {
	if x.res != nil {
		_ = x.res.Body.Close()
	}
	if x.body != nil {
		_ = x.body.Close()
	}
	x.dog.end()
}

// Read reads the answer's body; each read may take as long as one request.
func (x *exchange) Read(p []byte) (int, error) {
	x.dog.touch()
	n, err := x.res.Body.Read(p)
	x.dog.pause()
	return n, err
}

// refused reads an answer other than 2xx. A body that we cut ourselves was no request, whatever the server made of it.
func (x *exchange) refused() *Error {
	raw, _ := io.ReadAll(io.LimitReader(x, errorLimit))
	_, _ = io.CopyN(io.Discard, x, drainLimit)
	if failed, _ := x.body.state(); failed != nil {
		return x.lost(failed)
	}
	x.timed()
	return x.call.refusal(x.res.StatusCode, x.res.Header, raw)
}

// timed notes whether a call that waits for its job has waited so long that the job may have run.
func (x *exchange) timed() {
	since := time.Since(time.UnixMilli(x.sent.Load()))
	x.call.late = x.call.wait && x.sent.Load() > 0 && since > x.limit
}

// early is a 2xx before the server can have the whole file: what it did with the part is anybody's guess.
func (x *exchange) early() *Error {
	if failed, _ := x.body.state(); failed != nil {
		return x.lost(failed)
	}
	raw, _ := io.ReadAll(io.LimitReader(x, errorLimit))
	if e := x.call.misplaced(x.res.StatusCode, raw); e != nil {
		return e
	}
	e := x.call.answered(x.res.StatusCode, read(raw))
	e.Err = errors.New("the answer came before the whole file was sent")
	return e
}

// all reads a short answer to its end. What arrived before a failure is returned with it.
func (x *exchange) all() ([]byte, *Error) {
	raw, err := io.ReadAll(io.LimitReader(x, answerLimit+1))
	switch {
	case err != nil:
		return raw, x.lost(err)
	case len(raw) > answerLimit:
		e := x.call.answered(x.res.StatusCode, page{})
		e.Err = fmt.Errorf("the answer is longer than %d bytes", answerLimit)
		return raw, e
	}
	return raw, nil
}

// lost is a request whose answer did not arrive, or not to its end. Before the headers were written nothing can have
// reached the server's application; a body that we ended before its last block was not a request.
func (x *exchange) lost(err error) *Error {
	failed, complete := x.body.state()
	e := &Error{Action: x.call.action, Class: ClassTransient, Certainty: Unknown, start: x.call.start}
	if x.res != nil {
		e.Status = x.res.StatusCode
	}
	if !x.wrote.Load() {
		e.Certainty = NotSent
	}
	switch cause := context.Cause(x.ctx); {
	case failed != nil:
		e.Class, e.Certainty, err = ClassBody, NotSent, failed
	case x.parent.Err() != nil:
		e.Class, err = ClassCanceled, wire.Canceled(x.parent)
		x.endedByUs(e, complete)
	case errors.As(cause, new(wire.TimeoutError)):
		err = cause
		x.endedByUs(e, complete)
	default:
		err = explain(e, err)
	}
	e.Err = err
	return e
}

func (x *exchange) endedByUs(e *Error, complete bool) {
	if !complete {
		e.Certainty = NotSent
	}
}

// explain adds what to do about an error of the network, and takes addresses with their query out of it.
func explain(e *Error, err error) error {
	c := wire.CauseOf(err)
	e.Hint = c.Hint
	if c.ProxyStatus > 0 {
		e.Status = c.ProxyStatus
		if c.ProxyStatus < 500 {
			e.Class = ClassProxy
		}
	}
	return c.Err
}
