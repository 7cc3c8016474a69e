package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Certainty is what is known about a request that failed.
type Certainty int

// The certainties. The zero value is the cautious one.
const (
	// Unknown: the server may have carried it out.
	Unknown Certainty = iota
	// NotSent: the server's application cannot have seen all of it.
	NotSent
	// Refused: the server said no before it did anything.
	Refused
)

// String is "unknown", "not sent" or "refused".
func (c Certainty) String() string {
	switch c {
	case NotSent:
		return "not sent"
	case Refused:
		return "refused"
	default:
		return "unknown"
	}
}

// HintProxy is the next step where a proxy stands between.
const HintProxy = "check proxy of the connection: address, user and password, and whether it lets this machine reach the server"

// TimeoutError is a timeout of our own, as opposed to the caller's deadline.
type TimeoutError struct{ Limit time.Duration }

func (e TimeoutError) Error() string { return fmt.Sprintf("no answer within %s", e.Limit) }

// Timeout is true, as net.Error has it.
func (TimeoutError) Timeout() bool { return true }

// proxyRefusal is a proxy's answer to CONNECT other than 200: nothing has reached the server.
type proxyRefusal struct{ status int }

func (e proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy answered %s", StatusText(e.status))
}

// Cause is why there was no answer.
type Cause struct {
	// Err is the error without the address, whose query may hold an id.
	Err error
	// Hint is the next step for the user, "" where there is none.
	Hint string
	// ProxyStatus is what the proxy answered to CONNECT, 0 when it did not.
	ProxyStatus int
	// Certificate: the server's certificate was not accepted.
	Certificate bool
}

// CauseOf looks into an error of the network.
func CauseOf(err error) Cause {
	for ue, ok := errors.AsType[*url.Error](err); ok; ue, ok = errors.AsType[*url.Error](err) {
		err = ue.Err
	}
	c := Cause{Err: err}
	if p, ok := errors.AsType[proxyRefusal](err); ok {
		c.Hint, c.ProxyStatus = HintProxy, p.status
		return c
	}
	switch op, _ := errors.AsType[*net.OpError](err); {
	case op != nil && op.Op == "proxyconnect":
		c.Hint = HintProxy
	case errors.As(err, new(*tls.CertificateVerificationError)):
		c.Certificate = true
		c.Hint = "check tls of the connection: ca_file must hold the authority that signed the server's (or proxy's) certificate"
	case errors.As(err, new(*net.DNSError)):
		c.Hint = "check url of the connection and this machine's name resolution"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.Err = fmt.Errorf("the connection ended before the answer did: %w", err)
	}
	return c
}

// Canceled is the error of a context that its owner has ended, with the reason where there is one beside it.
func Canceled(ctx context.Context) error {
	err := ctx.Err()
	if reason := context.Cause(ctx); !errors.Is(reason, err) {
		return fmt.Errorf("%w: %w", err, reason)
	}
	return err
}

// Failure is a failed call in the parts of which both clients make their errors' text.
type Failure struct {
	Call    string // "perbit Import"; may be empty
	Status  int    // of HTTP, 0 when there was no answer
	Message string // what the server said, one line
	Err     error  // the cause on this side
	Remark  string // what is certain about it
	Hint    string // the next step
}

// String says what was being done, what came of it and what to do next, on one line.
func (f Failure) String() string {
	var b strings.Builder
	var remarks []string
	if f.Call != "" {
		b.WriteString(f.Call + ": ")
	}
	switch {
	case f.Message != "":
		b.WriteString("the server says \"" + f.Message + "\"")
		if f.Status != 0 && f.Status/100 != 2 {
			remarks = append(remarks, StatusText(f.Status))
		}
		if f.Err != nil {
			b.WriteString(", " + f.Err.Error())
		}
	case f.Err != nil:
		b.WriteString(f.Err.Error())
	default:
		b.WriteString("the server answered " + StatusText(f.Status))
	}
	if f.Remark != "" {
		remarks = append(remarks, f.Remark)
	}
	if len(remarks) > 0 {
		b.WriteString(" (" + strings.Join(remarks, ", ") + ")")
	}
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// StatusText is "HTTP 404 Not Found", or the number alone where it has no name.
func StatusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("HTTP %d %s", status, text)
	}
	return fmt.Sprintf("HTTP %d", status)
}

// RetryAfter reads the header in both of its forms, at most a day in seconds; 0 when absent, past or unreadable.
func RetryAfter(h http.Header) time.Duration {
	s := h.Get("Retry-After")
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), 24*60*60)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}
