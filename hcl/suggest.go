package hcl

import (
	"fmt"
	"slices"
	"strings"
)

// nearest is the candidate that a misspelt name most likely meant, empty when none is near. Letter case counts half.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", 2*max(1, min(3, len(name)/2))+1
	for _, c := range candidates {
		if d := distance(name, c); d < bestDistance || d == bestDistance && c < best {
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

// distance counts twice the edits (insert, delete, replace, swap of neighbours) between two names; a change of letter
// case alone counts one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > 4 || len(y)-len(x) > 4 {
		return 100
	}
	before, prev, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = 2 * j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = 2 * i
		for j := 1; j <= len(y); j++ {
			row[j] = min(prev[j]+2, row[j-1]+2, prev[j-1]+replaceCost(x[i-1], y[j-1]))
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+2)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(y)]
}

func replaceCost(a, b rune) int {
	switch {
	case a == b:
		return 0
	case strings.EqualFold(string(a), string(b)):
		return 1
	}
	return 2
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
