package conbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Request is one of the six actions: [SilentCopy], [Delete], [Purchase], [SaveDocumentAs], [SetReadyStatus] and
// [GetPositionData].
type Request interface {
	// Action is the vendor's name, "Purchase".
	Action() string
	// Validate finds everything that the document does not allow; the error is an [*Invalid]. Do and Read call it too.
	Validate() error

	writes() bool // false: it changes nothing and may be repeated
	expect() echo // what the answer has to repeat
}

// Invalid says what is wrong with a request, all of it.
type Invalid struct {
	Action   string
	Problems []Problem
}

// Problem is one thing wrong with one field.
type Problem struct {
	// Field is the wire's name; for a list that is wrong as a whole, the list's.
	Field string
	// Position is the index in PosData, -1 elsewhere.
	Position int
	// Text is what is wrong with the field, without its name and never with its value unless that is an identifier.
	Text string
}

// Error names every problem on one line.
func (e *Invalid) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		field := p.Field
		if p.Position >= 0 {
			field = "PosData[" + strconv.Itoa(p.Position) + "]." + field
		}
		parts[i] = field + " " + p.Text
	}
	return e.Action + ": " + strings.Join(parts, "; ")
}

// ServiceData is the request's part of the body in strict JSON, always the same bytes for the same request: fields in
// the document's order, unset ones left out. It is what digests and approvals are made of and what result files show;
// the envelope around it, which holds user code and key, is never in it.
func ServiceData(r Request) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return serviceData(r.Action(), r)
}

// serviceData puts the action in front of the fields.
func serviceData(action string, fields any) ([]byte, error) {
	raw, err := strictJSON(fields)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", action, err)
	}
	return append([]byte(`{"Action":`+strconv.Quote(action)+`,`), raw[1:]...), nil
}

// strictJSON leaves <, > and & as they are, so that result files can be read.
func strictJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// checker collects problems.
type checker struct {
	action   string
	position int
	problems []Problem
}

func newChecker(action string) *checker { return &checker{action: action, position: -1} }

func (k *checker) result() error {
	if len(k.problems) == 0 {
		return nil
	}
	return &Invalid{Action: k.action, Problems: k.problems}
}

func (k *checker) wrong(field, format string, args ...any) {
	k.problems = append(k.problems, Problem{Field: field, Position: k.position, Text: fmt.Sprintf(format, args...)})
}

// id checks an identifier: a document, position or order number. Blanks at its ends would make two spellings of one.
func (k *checker) id(field, value string, required bool) {
	switch {
	case value == "":
		if required {
			k.wrong(field, "is missing")
		}
	case !utf8.ValidString(value):
		k.wrong(field, "is not valid UTF-8")
	case strings.TrimSpace(value) != value:
		k.wrong(field, "begins or ends with a blank, or holds nothing else")
	case strings.ContainsFunc(value, unicode.IsControl):
		k.wrong(field, "holds a control character")
	}
}

// text checks free text, which may have lines.
func (k *checker) text(field, value string) {
	switch {
	case !utf8.ValidString(value):
		k.wrong(field, "is not valid UTF-8")
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }):
		k.wrong(field, "holds a control character")
	}
}

var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

func (k *checker) guid(field, value string) {
	switch {
	case value == "":
	case !guidForm.MatchString(value):
		k.wrong(field, "is not of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx (hexadecimal digits)")
	case strings.Trim(value, "0-") == "":
		k.wrong(field, "holds zeros only")
	}
}

// typ checks DocTyp, an opaque number.
func (k *checker) typ(field string, value *int, required bool) {
	switch {
	case value == nil:
		if required {
			k.wrong(field, "is missing")
		}
	case *value < 0:
		k.wrong(field, "is negative")
	}
}

// amountForm is a JSON number without sign and exponent.
var amountForm = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?$`)

func (k *checker) amount(value json.Number) {
	switch {
	case value == "":
	case !amountForm.MatchString(value.String()):
		k.wrong("Amount", "is not a plain decimal number")
	case strings.Trim(value.String(), "0.") == "":
		k.wrong("Amount", "is not greater than 0")
	}
}

func (k *checker) pixels(field string, value *int) {
	if value != nil && *value <= 0 {
		k.wrong(field, "is not greater than 0")
	}
}

// unset refuses a field that another one excludes.
func (k *checker) unset(field string, set bool, why string) {
	if set {
		k.wrong(field, "%s", why)
	}
}

const besideGUID = "cannot stand beside a PositionGuid: address the position by its number or by its GUID, not both"

// onePosition checks the address of a call that concerns one position: a GUID, which DocTyp may join, or DocTyp, DocNbr
// and PosNbr together.
func (k *checker) onePosition(guid string, typ *int, doc, pos string) {
	k.guid("PositionGuid", guid)
	if guid != "" {
		k.typ("DocTyp", typ, false)
		k.unset("DocNbr", doc != "", besideGUID)
		k.unset("PosNbr", pos != "", besideGUID)
		return
	}
	if typ == nil && doc == "" && pos == "" {
		k.wrong("PositionGuid", "is missing, and so are DocTyp, DocNbr and PosNbr: the call addresses nothing")
		return
	}
	k.typ("DocTyp", typ, true)
	k.id("DocNbr", doc, true)
	k.id("PosNbr", pos, true)
}
