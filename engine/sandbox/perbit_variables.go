package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
)

// parseVariables reads ExportVariables in each of the vendor's spellings
// (perbit 3.2.2 to 3.2.5): a JSON object, the same with single quotes, the same
// without braces, and with the quotes mixed or one missing, as in the sample
// '{"FirmenNr":'04','Eintrittsdatum':'01.02.2005}'. What cannot be read is not
// filled.
func parseVariables(text string) map[string]string {
	if variables, ok := strictVariables(text); ok {
		return variables
	}
	text = innermost(strings.TrimSpace(text))
	variables := make(map[string]string)
	for text != "" {
		var name, value string
		name, text = variableToken(text, ':')
		if !strings.HasPrefix(text, ":") {
			break
		}
		value, text = variableToken(text[1:], ',')
		variables[name] = value
		text = strings.TrimPrefix(text, ",")
	}
	return variables
}

func strictVariables(text string) (map[string]string, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || decoder.More() {
		return nil, false
	}
	variables := make(map[string]string, len(object))
	for name, value := range object {
		if value != nil {
			variables[name] = fmt.Sprint(value)
		}
	}
	return variables, true
}

// innermost takes off the quotes that the document puts around the whole text,
// and the braces.
func innermost(text string) string {
	for _, quote := range []string{`'`, `"`} {
		for _, open := range []string{"{", `'`, `"`} {
			if open != quote && strings.HasPrefix(text, quote+open) && strings.HasSuffix(text, quote) && len(text) > 1 {
				text = strings.TrimSpace(text[1 : len(text)-1])
			}
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
}

// variableToken reads a name or value, quoted or bare, up to stop. A quote that
// is never closed ends with the text.
func variableToken(text string, stop byte) (token, rest string) {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '\'' && text[0] != '"' {
		end := strings.IndexByte(text, stop)
		if end < 0 {
			end = len(text)
		}
		return strings.TrimSpace(text[:end]), text[end:]
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case quote:
			return b.String(), strings.TrimSpace(text[i+1:])
		case '\\':
			n := escapeLength(text[i:])
			b.WriteString(unescape(text[i : i+n]))
			i += n - 1
		default:
			b.WriteByte(text[i])
		}
	}
	return strings.TrimSpace(b.String()), ""
}

// escapeLength is how many bytes the escape at the start of s takes; two \u of
// a surrogate pair are one.
func escapeLength(s string) int {
	switch {
	case len(s) >= 12 && s[1] == 'u' && strings.HasPrefix(strings.ToLower(s[2:]), "d") && s[6:8] == `\u`:
		return 12
	case len(s) >= 6 && s[1] == 'u':
		return 6
	}
	return min(2, len(s))
}

// unescape reads one JSON escape; another is the character behind the stroke.
func unescape(escape string) string {
	var text string
	if json.Unmarshal([]byte(`"`+escape+`"`), &text) == nil {
		return text
	}
	return strings.TrimPrefix(escape, `\`)
}
