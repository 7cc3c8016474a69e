package sandbox

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// answer is a whole answer before anything of it is written, so that a fault
// can still change, halve or swallow it.
type answer struct {
	status      int
	contentType string
	header      map[string]string
	challenges  []string // one header WWW-Authenticate each
	body        []byte
}

func jsonAnswer(text string) answer {
	return answer{status: http.StatusOK, contentType: "application/json; charset=utf-8", body: []byte(text)}
}

// dataAnswer is a protocol or result: no charset is named, which is why the
// vendor's script (perbit 3.5.3) has to convert what it got.
func dataAnswer(data []byte) answer {
	return answer{status: http.StatusOK, contentType: "text/plain", body: data}
}

// htmlAnswer is a page as web servers and proxies give it.
func htmlAnswer(status int, body string) answer {
	if body == "" {
		title := fmt.Sprintf("%d %s", status, http.StatusText(status))
		body = "<!DOCTYPE html>\r\n<html><head><title>" + title + "</title></head>\r\n<body><h2>" + title +
			"</h2><p>The page cannot be displayed.</p></body></html>\r\n"
	}
	return answer{status: status, contentType: "text/html", body: []byte(body)}
}

func (a answer) writeHeader(w http.ResponseWriter, length int) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	for _, challenge := range a.challenges {
		w.Header().Add("WWW-Authenticate", challenge)
	}
	if a.contentType != "" && length > 0 {
		w.Header().Set("Content-Type", a.contentType)
	}
	w.Header().Set("Cache-Control", "private")
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w, len(a.body))
	// An error here means that the caller is gone.
	_, _ = w.Write(a.body)
}

// writeHalf announces more than it writes, also when there is no body.
func (a answer) writeHalf(w http.ResponseWriter) {
	a.writeHeader(w, len(a.body)+1)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
}

// refusal is a documented error message. argument is set for the .NET sentence
// on a parameter that is not filled.
type refusal struct {
	message  string
	argument string
}

func (r *refusal) Error() string { return r.message }

func refuse(message string) error { return &refusal{message: message} }

// refuseEmpty is the message for a parameter that is not filled.
func refuseEmpty(parameter string) error {
	return &refusal{message: "Der Wert darf nicht NULL sein. Parametername: " + parameter, argument: parameter}
}

const (
	malformedGUID        = "GUID muss 32 Ziffern mit 4 Bindestrichen enthalten (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
	malformedGUIDEnglish = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
)

// refusalAnswer is the message with a stack trace behind it (perbit 2.4, 3.4),
// or what a fault makes of it.
func refusalAnswer(err error, c *perbitCall) answer {
	a := answer{status: http.StatusBadRequest, contentType: "text/plain; charset=utf-8"}
	if f := c.faults.get(FaultErrorStatus); f != nil {
		a.status = orDefault(f.Status, http.StatusInternalServerError)
	}
	if c.faults.has(FaultHideDetails) {
		a.contentType, a.body = "text/html", []byte("Bad Request")
		return a
	}
	text := refusalText(err, c.faults) + stackTrace(c)
	if c.faults.has(FaultHTMLError) {
		a.contentType = "text/html; charset=utf-8"
		text = "<html>\r\n<head><title>Serverfehler</title></head>\r\n<body><h2><i>" + numericReferences(html.EscapeString(text)) +
			"</i></h2></body>\r\n</html>\r\n"
	}
	a.body = []byte(text)
	return a
}

func refusalText(err error, faults faultSet) string {
	english, broken := faults.has(FaultEnglish), faults.has(FaultLineBreak)
	var r *refusal
	switch {
	case !errors.As(err, &r):
		return err.Error()
	case r.argument != "" && english:
		return "Value cannot be null.\r\nParameter name: " + r.argument
	case r.argument != "" && broken:
		return "Der Wert darf nicht NULL sein.\r\nParametername: " + r.argument
	case r.message == malformedGUID && english:
		return malformedGUIDEnglish
	}
	return r.message
}

func stackTrace(c *perbitCall) string {
	class := string(c.stream) + "Stream"
	return "\r\n   bei WebApi." + class + "." + strings.ToValidUTF8(c.action, "?") + "(HttpContext context)" +
		"\r\n   bei WebApi." + class + ".ProcessRequest(HttpContext context)" +
		"\r\n   bei System.Web.HttpApplication.CallHandlerExecutionStep.System.Web.HttpApplication.IExecutionStep.Execute()\r\n"
}

// numericReferences writes what is not ASCII as character references.
func numericReferences(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// inTheWay is the answer of something that stands before the server.
func inTheWay(faults faultSet) (answer, bool) {
	for _, f := range faults {
		if f.Accepted {
			continue
		}
		if a, replaces := replacement(f); replaces && f.Kind != FaultGarbage {
			return a, true
		}
	}
	return answer{}, false
}

// replacement is the answer that a fault puts in place of the server's.
func replacement(f Fault) (answer, bool) {
	var a answer
	switch f.Kind {
	case FaultStatus:
		a = htmlAnswer(orDefault(f.Status, http.StatusServiceUnavailable), f.Body)
	case FaultHTMLLogin:
		if f.Body == "" {
			f.Body = "<!DOCTYPE html>\r\n<html><head><title>Anmeldung</title></head>\r\n<body><form method=\"post\">" +
				"<input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>\r\n"
		}
		a = htmlAnswer(http.StatusOK, f.Body)
	case FaultGarbage:
		if f.Body == "" {
			f.Body = `{"Status": "OK", "`
		}
		a = jsonAnswer(f.Body)
	default:
		return answer{}, false
	}
	a.header = f.Header
	return a, true
}

// alter is what happens to the server's answer on its way out.
func alter(a answer, accepted bool, faults faultSet) answer {
	for _, f := range faults {
		instead, replaces := replacement(f)
		if replaces && (f.Accepted || f.Kind == FaultGarbage && accepted) {
			a = instead
		}
	}
	if faults.has(FaultCP1252) && len(a.body) > 0 {
		a.contentType, _, _ = strings.Cut(a.contentType, ";")
		if b, err := encoding.ReplaceUnsupported(charmap.Windows1252.NewEncoder()).Bytes(a.body); err == nil {
			a.body = b
		}
	}
	if faults.has(FaultBOM) && len(a.body) > 0 {
		a.body = append([]byte("\ufeff"), a.body...)
	}
	return a
}

func orDefault(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}
