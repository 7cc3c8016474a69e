// Package diag is the one shape in which dropform complains about something that a person wrote: a configuration file
// or a CSV file.
//
// It promises that a Diagnostic can be shown to a user as it is: it never holds a secret, the cell of a sensitive
// column or a session id, because whoever makes one has to leave them out. It holds no behaviour beyond ordering, and the
// distance of two names that every "Did you mean" goes by, so that every package may use it.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity tells whether work can go on.
type Severity int

// A Warning is shown and work goes on; an Error ends the command before it does anything.
const (
	Error Severity = iota
	Warning
)

// String is the word used in JSON output and on the screen: "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a source file. Line and Column count from 1 (columns in Unicode characters), Byte from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a stretch of a source file; Filename is as the user wrote it, relative to the working directory.
type Range struct {
	Filename string `json:"filename"`
	Start    Pos    `json:"start"`
	End      Pos    `json:"end"`
}

// Value is one expression of the snippet with what it stood for, already masked where it is sensitive.
type Value struct {
	Traversal string `json:"traversal"`
	Statement string `json:"statement"`
}

// Snippet is the source that a Diagnostic speaks of. Offsets count bytes from the start of Code.
type Snippet struct {
	Context              string  `json:"context,omitempty"`
	Code                 string  `json:"code"`
	StartLine            int     `json:"start_line"`
	HighlightStartOffset int     `json:"highlight_start_offset"`
	HighlightEndOffset   int     `json:"highlight_end_offset"`
	Values               []Value `json:"values"`
}

// Diagnostic is one complaint: what is wrong, where, why, and what to do next.
type Diagnostic struct {
	Severity Severity
	Code     string // stable, lower_snake_case, documented
	Summary  string
	Detail   string
	Address  string   // the block or file it belongs to, where there is one
	Range    *Range   // where it stands, nil when it stands nowhere
	Snippet  *Snippet // the source around it
	About    string   // what the user's own source says of it: the description of a variable that has no value
}

// Error makes a single Diagnostic usable as an error: place, summary and detail on one line.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.Range != nil {
		fmt.Fprintf(&b, "%s:%d: ", d.Range.Filename, d.Range.Start.Line)
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": ")
		b.WriteString(d.Detail)
	}
	return b.String()
}

// List is every complaint of one run; problems are collected, never only the first reported.
type List []Diagnostic

// HasErrors reports whether any entry is more than a warning.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders errors before warnings, then by file, position and code, so that two runs print the same.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), compareRange(a.Range, b.Range), cmp.Compare(a.Code, b.Code))
	})
}

func compareRange(a, b *Range) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column))
}
