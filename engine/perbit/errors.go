package perbit

import (
	"errors"
	"time"

	"dropform/engine/wire"
)

// Class is what kind of problem an [Error] is; the values are stable.
type Class string

// The classes, with what they ask for. Those up to ClassOpaque come from the vendor's messages (perbit 2.4, 3.4).
const (
	ClassAuth        Class = "auth"        // user name or password rejected: stop, an account may be locked
	ClassConfig      Class = "config"      // method, method type or address wrong: no retry
	ClassPermission  Class = "permission"  // the user may not run the method: no retry
	ClassSession     Class = "session"     // the session is gone: a Session renews it once by itself
	ClassTenant      Class = "tenant"      // the customer id is wrong: stop all jobs of the tenant
	ClassNotFound    Class = "not_found"   // nothing known under this import id
	ClassBadAction   Class = "bad_action"  // the server does not know the action: another version
	ClassTooLarge    Class = "too_large"   // the file is over the server's limit: no retry
	ClassGUID        Class = "guid"        // an id of the wrong form
	ClassNull        Class = "null"        // a parameter did not arrive
	ClassPlaceholder Class = "placeholder" // a placeholder of the export method was not filled
	ClassOpaque      Class = "opaque"      // refused, with the reason hidden by IIS

	ClassInvalid   Class = "invalid"   // what is asked for cannot be sent as it is; it says nothing of other calls
	ClassProxy     Class = "proxy"     // the proxy refused
	ClassBody      Class = "body"      // our own file could not be read to its end as announced
	ClassTransient Class = "transient" // network, overload: the same call may succeed later
	ClassCanceled  Class = "canceled"  // the caller's context ended
	ClassUnknown   Class = "unknown"   // none of these
)

// Certainty is what is known about a request that failed.
type Certainty = wire.Certainty

// The certainties, see [wire.Certainty].
const (
	Unknown = wire.Unknown
	NotSent = wire.NotSent
	Refused = wire.Refused
)

// Error is how every call of this package fails. No field holds a credential or a session id.
type Error struct {
	// Action is the vendor's name of the action, "Import".
	Action string
	Class  Class
	// Certainty matters at starts; at reads it is filled alike.
	Certainty Certainty
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Message is what the server said, one line of at most 300 characters.
	Message string
	// Hint is the next step for the user, in English.
	Hint string
	// Stack is what stood behind the message, for debug logs only.
	Stack string
	// Limit is the server's size limit in bytes at class too_large, 0 when it did not say.
	Limit int64
	// RetryAfter is the server's wish, 0 when it had none.
	RetryAfter time.Duration
	// Err is the cause on this side, nil when the server's answer is all there is.
	Err error

	start bool // the call starts a job, so that Certainty is worth a word
}

// Error says what was being done, what came of it and what to do next, on one line.
func (e *Error) Error() string {
	f := wire.Failure{Call: "perbit " + e.Action, Status: e.Status, Message: e.Message, Err: e.Err, Hint: e.Hint}
	if e.start {
		f.Remark = map[Certainty]string{
			NotSent: "not sent", Refused: "refused", Unknown: "it is unknown whether the job was started",
		}[e.Certainty]
	}
	return f.String()
}

// Unwrap is the cause on this side.
func (e *Error) Unwrap() error { return e.Err }

// Transient tells whether the same read may succeed later. At a start look at Certainty first.
func (e *Error) Transient() bool {
	return e.Class == ClassTransient || e.Class == ClassUnknown && e.Status >= 500
}

// hidesLogin tells whether a login was refused by a server that keeps its reason to itself. It may be a wrong password,
// which locks the account when it is sent for every file.
func (e *Error) hidesLogin() bool { return e.Class == ClassOpaque && e.Action == "Login" }

// asError finds the package's error in err.
func asError(err error) (*Error, bool) {
	e, ok := errors.AsType[*Error](err)
	return e, ok
}

// local is a problem found before anything was sent.
func (c *call) local(class Class, err error, hint string) *Error {
	return &Error{Action: c.action, Class: class, Certainty: NotSent, Err: err, Hint: hint, start: c.start}
}
