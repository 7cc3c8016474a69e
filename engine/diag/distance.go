package diag

import "strings"

// Distance counts twice the edits (insert, delete, replace, swap of neighbours) between two names, in characters; a
// change of letter case alone counts one.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
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
