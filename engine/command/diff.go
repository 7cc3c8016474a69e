package command

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// diffContext is how many unchanged lines stand around a change.
	diffContext = 3
	// diffCells bounds the table of common lines; beyond it the middle of a file is shown as replaced whole.
	diffCells = 16 << 20
)

// edit is one line of a comparison: kept (' '), only before ('-') or only after ('+').
type edit struct {
	sign byte
	text string
}

// unifiedDiff shows what turns one text into another, as diff -u does. Equal texts give nothing.
func unifiedDiff(oldName, newName, before, after string) string {
	edits := compareLines(lines(before), lines(after))
	var b strings.Builder
	oldAt, newAt := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].sign == ' ' {
			oldAt, newAt, i = oldAt+1, newAt+1, i+1
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "--- %s\n+++ %s\n", oldName, newName)
		}
		lead := min(diffContext, i)
		end := hunkEnd(edits, i)
		oldAt, newAt = writeHunk(&b, edits[i-lead:end], oldAt-lead, newAt-lead)
		i = end
	}
	return b.String()
}

// hunkEnd is where a hunk that has a change at i ends: changes that are near each other share one.
func hunkEnd(edits []edit, i int) int {
	last := i
	for j := i; j < len(edits) && j <= last+2*diffContext; j++ {
		if edits[j].sign != ' ' {
			last = j
		}
	}
	return min(last+1+diffContext, len(edits))
}

// writeHunk answers the line numbers behind the hunk.
func writeHunk(b *strings.Builder, hunk []edit, oldAt, newAt int) (int, int) {
	oldCount, newCount := 0, 0
	for _, e := range hunk {
		if e.sign != '+' {
			oldCount++
		}
		if e.sign != '-' {
			newCount++
		}
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", lineRange(oldAt, oldCount), lineRange(newAt, newCount))
	for _, e := range hunk {
		b.WriteByte(e.sign)
		b.WriteString(e.text)
		if !strings.HasSuffix(e.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
	return oldAt + oldCount, newAt + newCount
}

// lineRange is one side of a hunk's header as diff -u writes it: a count of one is left out, and no line at all stands
// behind the line before.
func lineRange(at, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", at-1)
	case 1:
		return strconv.Itoa(at)
	}
	return fmt.Sprintf("%d,%d", at, n)
}

func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, line)
	}
	return out
}

// compareLines finds the longest common lines, after leaving aside what is equal at both ends.
func compareLines(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []edit
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, compareMiddle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, edit{' ', l})
	}
	return out
}

func compareMiddle(a, b []string) []edit {
	common := commonLines(a, b)
	var out []edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case common != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common == nil || common[i+1][j] >= common[i][j+1]):
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[j]})
			j++
		}
	}
	return out
}

// commonLines[i][j] is how many lines a[i:] and b[j:] can have in common, in order; nil where that is too much to ask.
func commonLines(a, b []string) [][]int32 {
	if (len(a)+1)*(len(b)+1) > diffCells {
		return nil
	}
	table := make([][]int32, len(a)+1)
	for i := range table {
		table[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}
