package conbox

import (
	"errors"
	"time"

	"dropform/engine/wire"
)

// Class is what kind of problem an [Error] is; the values are stable.
type Class string

// The classes, with what they ask for.
const (
	ClassInvalid    Class = "invalid"    // the request is not one the document describes: see [Invalid]
	ClassAuth       Class = "auth"       // user name or password rejected: stop, an account may be locked
	ClassConfig     Class = "config"     // address, way of authentication or a secret is wrong: stop, no retry
	ClassPermission Class = "permission" // the web server does not let this user in: stop, no retry
	ClassProxy      Class = "proxy"      // the proxy refused
	ClassRefused    Class = "refused"    // Success is false: the server's reason is in Message
	ClassTooLarge   Class = "too_large"  // the request is over the web server's limit
	ClassBusy       Class = "busy"       // overload, or a nonce that went stale: later, heed RetryAfter
	ClassNetwork    Class = "network"    // no connection, or no answer on it
	ClassCanceled   Class = "canceled"   // the caller's context ended
	ClassLocal      Class = "local"      // the caller's own hook failed
	ClassUnreadable Class = "unreadable" // an answer that is none of the document's
)

// Certainty is what is known about a request that failed.
type Certainty = wire.Certainty

// The certainties, see [wire.Certainty].
const (
	Unknown = wire.Unknown
	NotSent = wire.NotSent
	Refused = wire.Refused
)

// ErrUnknownAction is in the chain of the error of a [Client.Read] whose server knows neither spelling of the action:
// it is older than moveIT 54.30.14 (GetPositionData).
var ErrUnknownAction = errors.New("the server does not know GetPositionData, which exists since moveIT 54.30.14")

// Error is how every call of this package fails. No field holds a credential, the user code or the key.
type Error struct {
	// Action is the vendor's name of the action, "Purchase".
	Action string
	Class  Class
	// Certainty matters at writes; at reads it is filled alike.
	Certainty Certainty
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Message is the first line of what the server said, at most 300 characters.
	Message string
	// Hint is the next step for the user, in English.
	Hint string
	// RetryAfter is the server's wish, 0 when it had none.
	RetryAfter time.Duration
	// Err is the cause on this side, nil when the server's answer is all there is.
	Err error

	write bool // Certainty is worth a word
}

// Error says what was being done, what came of it and what to do next, on one line.
func (e *Error) Error() string {
	f := wire.Failure{Call: "conbox " + e.Action, Status: e.Status, Message: e.Message, Err: e.Err, Hint: e.Hint}
	if e.write {
		f.Remark = map[Certainty]string{
			NotSent: "not sent", Refused: "refused", Unknown: "it is unknown whether it was carried out",
		}[e.Certainty]
	}
	return f.String()
}

// Outcome is what came of the call and nothing else: neither its name, nor what is certain about it, nor the next step.
func (e *Error) Outcome() string {
	return wire.Failure{Status: e.Status, Message: e.Message, Err: e.Err}.String()
}

// Unwrap is the cause on this side.
func (e *Error) Unwrap() error { return e.Err }

// Transient tells whether the same read may succeed later. At a write look at Certainty first.
func (e *Error) Transient() bool {
	return e.Class == ClassBusy || e.Class == ClassNetwork || e.Class == ClassUnreadable && e.Status >= 500
}

// local is a problem found before anything of the request was sent.
func (c *call) local(class Class, err error, hint string) *Error {
	return &Error{Action: c.action, Class: class, Certainty: NotSent, Err: err, Hint: hint, write: c.write}
}
