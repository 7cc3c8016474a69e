package engine

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dropform/engine/csvschema"
)

// What is sent is bounded, although the vendor names no bounds.
const (
	// mostAmountDigits is how many digits every reader of JSON keeps: also one that takes numbers for floats.
	mostAmountDigits = 15
	// mostAmountScale is how many of them may stand behind the point.
	mostAmountScale = 6
	// mostWholeDigits fit into every integer type.
	mostWholeDigits = 9
	// mostLineLength is the length in characters of a name or one line of text. What is longer is a whole paragraph or
	// file in one cell, by a quote that was never closed.
	mostLineLength = 255
	// mostNoteLength is that of text with lines.
	mostNoteLength = 4000
)

// misfit is why a value cannot be a field's. The field's name is the first argument of the message and not among args.
type misfit struct {
	code     csvschema.Code
	args     []any
	expected string // a phrase
}

// phraseName is an argument of a message that is a phrase itself.
type phraseName string

// fieldText is a value as it is sent, empty for none: numbers as JSON has them, which is never by way of a float. Text
// that is blank counts as none.
func fieldText(form fieldForm, name string, v any) (string, *misfit) {
	if v == nil {
		return "", nil
	}
	text, isText := v.(string)
	if isText && strings.TrimSpace(text) == "" {
		return "", nil
	}
	num, isNumber := v.(number)
	truth, isBool := v.(bool)
	switch {
	case form == formWhole || form == formAmount:
		if isText {
			var ok bool
			if num, ok = safeNumber(text); !ok {
				return "", &misfit{code: CodeFieldNumber}
			}
		} else if !isNumber {
			return "", wrongType("number", v)
		}
		return numberField(form, name, num)
	case form == formBool:
		if isText {
			var ok bool
			if truth, ok = csvschema.Truth(text); !ok {
				return "", &misfit{code: CodeFieldBoolean}
			}
		} else if !isBool {
			return "", wrongType("bool", v)
		}
		return strconv.FormatBool(truth), nil
	case !isText:
		return "", wrongType("text", v)
	}
	return textField(form, name, text)
}

func wrongType(due string, v any) *misfit {
	w := &misfit{code: CodeFieldType, args: []any{phraseName(due), phraseName(kindOf(v))}}
	if due == "text" && kindOf(v) == "number" {
		w.expected = "quotes"
	}
	return w
}

// kindOf is the phrase for what a value is.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case number:
		return "number"
	case bool:
		return "bool"
	}
	return "object"
}

// valueText is a value as a report shows it.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

var safeNumberForm = regexp.MustCompile(`^([0-9]+)(?:[.,]([0-9]{1,2}))?$`)

// safeNumber reads a text that nothing has typed as a number: digits, optionally a comma or point with one or two digits.
// Everything else may mean something else, 1.000 above all.
func safeNumber(text string) (number, bool) {
	parts := safeNumberForm.FindStringSubmatch(text)
	if parts == nil {
		return "", false
	}
	if parts[2] == "" {
		return number(parts[1]), true
	}
	return number(parts[1] + "." + parts[2]), true
}

var plainNumberForm = regexp.MustCompile(`^(-?)0*([0-9]+)(?:\.([0-9]+))?$`)

// numberField is a plain decimal number as it is sent.
func numberField(form fieldForm, name string, n number) (string, *misfit) {
	parts := plainNumberForm.FindStringSubmatch(n.String())
	if parts == nil {
		return "", &misfit{code: CodeFieldNumber}
	}
	whole, fraction := parts[2], parts[3]
	nothing := strings.Trim(whole+fraction, "0") == ""
	negative := parts[1] != "" && !nothing
	if form == formWhole {
		if negative || strings.Trim(fraction, "0") != "" || len(whole) > mostWholeDigits {
			return "", &misfit{code: CodeFieldWhole, args: []any{mostWholeDigits}}
		}
		if nothing && (name == "PosImgWidth" || name == "PosImgHeight") {
			return "", &misfit{code: CodeFieldPositive}
		}
		return whole, nil
	}
	switch {
	case negative || nothing:
		return "", &misfit{code: CodeFieldPositive}
	case len(whole)+len(fraction) > mostAmountDigits || len(fraction) > mostAmountScale:
		return "", &misfit{code: CodeFieldDigits, args: []any{mostAmountDigits, mostAmountScale}}
	case fraction == "":
		return whole, nil
	}
	return whole + "." + fraction, nil
}

var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// textField is a text as it is sent: as it is, but for the braces around a GUID, which not every server reads.
func textField(form fieldForm, name, text string) (string, *misfit) {
	isName := form == formName || form == formGUID
	if isName && strings.TrimSpace(text) != text {
		return "", &misfit{code: CodeFieldSpace}
	}
	if i := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && !(form == formNote && (r == '\n' || r == '\r')) ||
			(form == formName || form == formGUID) && unicode.Is(unicode.Cf, r) // invisible: two names that look alike
	}); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return "", &misfit{code: CodeFieldControl, args: []any{r}}
	}
	if form == formGUID {
		guid := withoutBraces(text)
		if !guidForm.MatchString(guid) || strings.Trim(guid, "0-") == "" {
			return "", &misfit{code: CodeFieldGUID}
		}
		return guid, nil
	}
	if name == "PosNbr" && strings.Contains(text, ",") {
		return "", &misfit{code: CodeFieldComma}
	}
	most := mostLineLength
	if form == formNote {
		most = mostNoteLength
	}
	if n := utf8.RuneCountInString(text); n > most {
		return "", &misfit{code: CodeFieldLength, args: []any{n, most}}
	}
	return text, nil
}

func withoutBraces(guid string) string {
	if inner, ok := strings.CutPrefix(guid, "{"); ok {
		if inner, ok = strings.CutSuffix(inner, "}"); ok {
			return inner
		}
	}
	return guid
}
