package engine

import (
	"errors"
	"net/http"
	"time"

	"dropform/engine/conbox"
	"dropform/engine/perbit"
)

// trouble is what an error of either client means for its connection.
type trouble struct {
	text, next, code string
	retryAfter       time.Duration
	connection       bool // it speaks of the whole connection: the next step would fail alike
}

// waits is why nobody asked a server: its connection is down just now.
type waits struct{ outage }

func (w *waits) Error() string { return w.text }

// troubleOf reads an error of a client; ok is false for others and for a call that we ended ourselves.
func troubleOf(err error) (t trouble, ok bool) {
	if e := (*perbit.Error)(nil); errors.As(err, &e) && e.Class != perbit.ClassCanceled {
		return trouble{sentence(e), e.Hint, string(e.Class), e.RetryAfter, stopsConnection(e)}, true
	}
	if e := (*conbox.Error)(nil); errors.As(err, &e) && e.Class != conbox.ClassCanceled {
		return trouble{said(e), e.Hint, string(e.Class), e.RetryAfter, stopsConbox(e)}, true
	}
	if w := (*waits)(nil); errors.As(err, &w) {
		return trouble{text: w.text, next: w.next, code: w.code, connection: true}, true
	}
	return trouble{}, false
}

// stopsConnection reports whether an error speaks of the whole connection rather than of one file: then the next file
// would fail alike, and a rejected password must not be tried again.
func stopsConnection(e *perbit.Error) bool {
	switch e.Class {
	case perbit.ClassAuth, perbit.ClassTenant, perbit.ClassProxy:
		return true
	case perbit.ClassOpaque:
		return e.Action == "Login" // the hidden reason may be the password
	case perbit.ClassConfig:
		return e.Status == 0 || e.Status == http.StatusNotFound || e.Status/100 == 3 || e.Action == "Login"
	case perbit.ClassTransient, perbit.ClassUnknown:
		return e.Certainty == perbit.NotSent
	default:
		return false
	}
}

// stopsConbox is the same for a call of CONBOX.
func stopsConbox(e *conbox.Error) bool {
	switch e.Class {
	case conbox.ClassAuth, conbox.ClassConfig, conbox.ClassPermission, conbox.ClassProxy:
		return true
	case conbox.ClassNetwork, conbox.ClassBusy, conbox.ClassUnreadable:
		return e.Certainty == conbox.NotSent
	default:
		return false
	}
}

// sentence is the error without its hint, which is shown on a line of its own.
func sentence(e *perbit.Error) string {
	bare := *e
	bare.Hint = ""
	return bare.Error()
}

// said is the error of a call without its hint.
func said(e *conbox.Error) string {
	bare := *e
	bare.Hint = ""
	return bare.Error()
}

func transient(err error) bool {
	e := (*perbit.Error)(nil)
	return errors.As(err, &e) && e.Class != perbit.ClassCanceled && e.Class != perbit.ClassBody && (e.Transient() || e.Class == perbit.ClassUnknown)
}

func retryAfter(err error) time.Duration {
	if e := (*perbit.Error)(nil); errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
