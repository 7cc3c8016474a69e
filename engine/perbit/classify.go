package perbit

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"dropform/engine/wire"
)

// requestFilter is IIS's own refusal of a large body, which it calls 404.13.
var requestFilter = regexp.MustCompile(`(?i)404\.13\b|exceeds the request content length|maxAllowedContentLength`)

// refusal turns an answer other than 2xx into an error. The text decides before the status does (PROTOCOL.md 4.3): a
// documented message is a refusal whatever the status.
func (c *call) refusal(status int, header http.Header, raw []byte) *Error {
	p := read(raw)
	e := c.answered(status, p)
	e.RetryAfter = wire.RetryAfter(header)
	if f, ok := find(p.text); ok && c.known(e, p, f) {
		return e
	}
	switch {
	case status == http.StatusRequestEntityTooLarge, requestFilter.MatchString(p.text):
		e.Class, e.Certainty, e.Hint = ClassTooLarge, Refused, hintTooLarge
	case status == http.StatusBadRequest && p.hidden():
		e.Class, e.Certainty, e.Hint = ClassOpaque, Refused, hintOpaque
		if e.hidesLogin() {
			e.Hint = hintOpaqueLogin
		}
	default:
		byStatus(e, p)
	}
	return e
}

// byStatus is the last resort, for answers whose text says nothing.
func byStatus(e *Error, p page) {
	switch e.Status {
	case http.StatusUnauthorized:
		e.Class, e.Certainty, e.Hint = ClassAuth, Refused, hintAuth
	case http.StatusForbidden:
		e.Class, e.Certainty = ClassPermission, Refused
		e.Hint = "the web server does not let this user or this machine in"
	case http.StatusProxyAuthRequired:
		e.Class, e.Certainty, e.Hint = ClassProxy, NotSent, wire.HintProxy
	case http.StatusNotFound:
		e.Class, e.Certainty, e.Hint = ClassConfig, Refused, hintURL
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Class = ClassTransient
	default:
		switch {
		case e.Status/100 == 3:
			e.Class, e.Certainty = ClassConfig, Refused
			e.Hint = "the server sends us elsewhere, which is not followed; check url of the connection (https, path)"
		case p.form && e.Status < 500:
			e.Class, e.Certainty, e.Hint = ClassConfig, Refused, hintURL
		}
	}
}

// misplaced looks for an error in a 2xx answer that should have been data. It returns nil when the answer may be data. At
// the start of an import the text tells only what kind of error it is: certain is a refusal that has the status of one.
func (c *call) misplaced(status int, raw []byte) *Error {
	if looksLikeData(raw) {
		return nil
	}
	p := read(raw)
	e := c.answered(status, p)
	if f, ok := findOnly(p.text); ok && c.known(e, p, f) {
		if c.start && c.stream == ImportStream {
			e.Certainty = Unknown // the status says that all is well: nobody knows whether the import was begun
		}
		return e
	}
	switch {
	case p.page: // protocols and results are text: a web page is somebody else's
		e.Class, e.Hint = ClassConfig, hintURL
	case p.hidden():
		e.Class, e.Hint = ClassOpaque, hintOpaque
	default:
		return nil
	}
	return e
}

// leadBytes is how far into an answer a message that replaces data can begin and end.
const leadBytes = 512

// looksLikeData spares most answers the search through all of what was peeked. Markup and JSON are looked at whole.
func looksLikeData(raw []byte) bool {
	if raw = trimBOM(raw); len(raw) > 0 && strings.IndexByte("<{\"", raw[0]) >= 0 {
		return false
	}
	lead := read(raw[:min(len(raw), leadBytes)])
	return !leads(lead.text) && !lead.html && !lead.hidden()
}

// unreadable is a 2xx answer without the id or flags that it should hold: at a start, nobody knows.
func (c *call) unreadable(status int, raw []byte, want string) *Error {
	if e := c.misplaced(status, raw); e != nil {
		return e
	}
	p := read(raw)
	e := c.answered(status, p)
	if p.page {
		e.Class, e.Hint = ClassConfig, hintURL
	}
	e.Err = errors.New("the answer holds no " + want)
	return e
}

// answered is an error with the server's words and nothing decided yet.
func (c *call) answered(status int, p page) *Error {
	line, rest := p.firstLine()
	return &Error{
		Action: c.action, Class: ClassUnknown, Certainty: Unknown, Status: status,
		Message: wire.OneLine(c.scrub(line)), Stack: c.stack(rest), start: c.start,
	}
}

// known books a documented message. It is a refusal before the start, with two exceptions at starts that nobody can
// tell from an error behind it: no data for the job, and a session that is gone after a long wait for the result.
func (c *call) known(e *Error, p page, f found) bool {
	if !f.refine(c.stream, e) {
		return false
	}
	if !(c.start && e.Class == ClassNotFound || c.late && e.Class == ClassSession) {
		e.Certainty = Refused
	}
	if e.Class == ClassPlaceholder {
		e.Hint = c.scrub(e.Hint) // it quotes the answer
	}
	e.Message = wire.OneLine(c.scrub(p.text[f.start:f.end]))
	e.Stack = c.stack(p.text[f.end:])
	return true
}

func (c *call) stack(s string) string {
	s = c.scrub(strings.TrimSpace(s))
	return strings.ToValidUTF8(s[:min(len(s), stackBytes)], "")
}

var (
	// A session id or Basic that the server names, and anything that looks like a GUID, whole or cut: it may be a
	// session id that we do not know yet.
	namedSecret = regexp.MustCompile(`(?i)(SecurityId["'\s:=]+|Authorization["'\s:=]+Basic\s+)[({]?[0-9a-z][0-9a-z+/=-]*`)
	anyGUID     = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]*`)
)

// Hide takes out of a text of the server, such as a line of a protocol that is to be shown, what no screen and no ledger may
// hold.
func (c *Client) Hide(text string) string { return (&call{secrets: c.logins.secrets()}).scrub(text) }

// scrub takes secrets out of what the server wrote: debug pages quote headers, a broken answer may hold a new id.
func (c *call) scrub(s string) string {
	s = namedSecret.ReplaceAllString(s, "${1}[removed]")
	s = anyGUID.ReplaceAllString(s, "[removed]")
	for _, secret := range c.secrets {
		s = wire.Hide(s, secret)
	}
	return s
}
