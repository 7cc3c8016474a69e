package sandbox

import (
	"slices"
	"strings"
)

// recase writes the keys of an answer in another letter case (Fault.Shape).
func recase(o object, shape string) object {
	spell := strings.ToLower
	switch shape {
	case "upper":
		spell = strings.ToUpper
	case "guid":
		spell = func(key string) string { return strings.Replace(key, "PositionGuid", "PositionGUID", 1) }
	}
	spelt := make(object, len(o))
	for i, m := range o {
		spelt[i] = member{spell(m.key), recaseValue(m.value, shape)}
	}
	return spelt
}

func recaseValue(value any, shape string) any {
	switch v := value.(type) {
	case object:
		return recase(v, shape)
	case []any:
		list := make([]any, len(v))
		for i, entry := range v {
			list[i] = recaseValue(entry, shape)
		}
		return list
	}
	return value
}

// breakJSON spells laid-out JSON as the vendor's samples do: comments behind
// the lines, a comma behind the last field (response of Delete), none behind
// PurchaseTxt and NotTxt (response of Purchase). An answer without these two
// lacks the comma behind Action or, refused, behind ErrorMessage.
func breakJSON(text, shape string) string {
	lines := strings.Split(text, "\n")
	if shape == "" || shape == "missing_comma" {
		if !dropCommas(lines, `"PurchaseTxt": `, `"NotTxt": `) && !dropCommas(lines, `"Action": `) {
			dropCommas(lines, `"ErrorMessage": `)
		}
	}
	if shape == "" || shape == "trailing_comma" {
		// The brace that closes ServiceReturnData, or else the envelope.
		at := slices.Index(lines, "    }")
		if at < 0 {
			at = len(lines) - 1
		}
		lines[at-1] += ","
	}
	if shape == "" || shape == "comments" {
		for i, line := range lines {
			if i > 0 && strings.Contains(line, `": `) {
				lines[i] = line + "  // Optional - siehe http://localhost/"
			}
		}
	}
	return strings.Join(lines, "\n")
}

// dropCommas takes the comma from the end of the lines with these keys. What
// is the last of its object has none.
func dropCommas(lines []string, keys ...string) (dropped bool) {
	for i, line := range lines {
		for _, key := range keys {
			if strings.HasPrefix(strings.TrimLeft(line, " "), key) {
				lines[i] = strings.TrimSuffix(line, ",")
				dropped = dropped || lines[i] != line
			}
		}
	}
	return dropped
}
