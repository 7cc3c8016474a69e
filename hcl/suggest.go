package hcl

import (
	"fmt"
	"slices"
	"strings"

	"dropform/engine/diag"
)

// nearest is the candidate that a misspelt name most likely meant, empty when none is near. Letter case counts half.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", 2*max(1, min(3, len(name)/2))+1
	for _, c := range candidates {
		if d := diag.Distance(name, c); d < bestDistance || d == bestDistance && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean is the sentence for the nearest candidate with a leading space, or nothing.
func didYouMean(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// oneOfText lists the values that an attribute takes: "a", "b" or "c".
func oneOfText(values []string) string { return listed(values, "or") }

// listed is quoted names with a word before the last.
func listed(values []string, word string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " " + word + " " + quoted[last]
}

// withArticle is a name with the article before it: an import, a target.
func withArticle(name string) string {
	if name != "" && strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// sortedKeys is the keys of a map in order, so that two runs say the same.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
