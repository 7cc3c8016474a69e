package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
)

// conboxAnswer lays an envelope out as the vendor's samples are, or in the
// spelling that faults ask for.
func conboxAnswer(envelope object, faults faultSet) answer {
	if f := faults.get(FaultKeyCase); f != nil {
		envelope = recase(envelope, f.Shape)
	}
	compact, err := envelope.MarshalJSON()
	var laidOut bytes.Buffer
	if err = errors.Join(err, json.Indent(&laidOut, compact, "", "    ")); err != nil {
		return htmlAnswer(http.StatusInternalServerError, html.EscapeString(fmt.Sprintf("sandbox: %s", err)))
	}
	text := laidOut.String()
	if f := faults.get(FaultBrokenJSON); f != nil {
		text = breakJSON(text, f.Shape)
	}
	return jsonAnswer(text)
}

// conboxRefusal is a business refusal with status 200, or 400 for a request
// that breaks the protocol; faults can disguise both.
func conboxRefusal(err error, faults faultSet) answer {
	message, status := err.Error(), http.StatusOK
	if broken := (*wireError)(nil); errors.As(err, &broken) {
		message, status = "Die Anfrage ist fehlerhaft: "+message, http.StatusBadRequest
	}
	a := conboxAnswer(object{{"Success", false}, {"ErrorMessage", message}, {"ServiceReturnData", nil}}, faults)
	a.status = status
	if f := faults.get(FaultErrorStatus); f != nil {
		a.status = orDefault(f.Status, http.StatusInternalServerError)
	}
	switch {
	case faults.has(FaultHideDetails):
		return answer{status: http.StatusBadRequest, contentType: "text/html", body: []byte("Bad Request")}
	case faults.has(FaultHTMLError):
		page := htmlAnswer(http.StatusInternalServerError, "<html><body><h2><i>"+numericReferences(html.EscapeString(message))+"</i></h2></body></html>\r\n")
		page.status = a.status
		return page
	}
	return a
}
