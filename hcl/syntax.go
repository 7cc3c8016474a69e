package hcl

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	multiline = "Invalid multi-line string"
	badEscape = "Invalid escape sequence"
	noRoot    = "Root value must be object" // said of JSON also where it could not be read at all
)

// addSyntax records what a parser said about one file. Of a quoted text that is a Windows path only one complaint is
// made, since whatever else the parser says about its line follows from it.
func (c *complaints) addSyntax(name string, diags hcl.Diagnostics) {
	first, lines := -1, false
	told := c.addWindowsPaths(name, diags)
	for _, d := range diags {
		p := problem{code: codeFor(d.Summary), summary: d.Summary, detail: d.Detail, warning: d.Severity == hcl.DiagWarning}
		if d.Subject != nil {
			p.rng = *d.Subject
		}
		if stopsParsing(d.Summary) && (first < 0 || p.rng.Start.Byte < first) {
			first = p.rng.Start.Byte
		}
		if d.Summary == multiline { // one missing quote makes every line after it one
			if lines {
				continue
			}
			lines = true
		}
		if told.explains(d) || d.Summary == noRoot && len(diags) > 1 {
			continue
		}
		if d.Summary == badEscape {
			if c.inBadEscape(p.rng) { // another one of a text that was complained of
				continue
			}
			c.escapes[name] = append(c.escapes[name], c.quotedAround(p.rng))
			p.detail += ` If this is a Windows path, write it with slashes, as in "D:/temp".`
		}
		p.in.context = c.contextAt(p.rng)
		c.add(p)
	}
	if first >= 0 {
		c.broken[name] = blockStart(c.files[name], first)
	}
}

// contextAt is the header of the block that a place stands in.
func (c *complaints) contextAt(r hcl.Range) string {
	if f := c.files[r.Filename]; f != nil && f.Nav != nil {
		return hcled.ContextString(f, r.Start.Byte-1)
	}
	return ""
}

// windowsLines are the lines of a file on which a Windows path was complained of, and from which one on the parser has
// lost the closing quote (0 for nowhere).
type windowsLines struct {
	lines map[int]bool
	lost  int
}

// explains reports whether a parser's complaint follows from a path that was complained of.
func (w windowsLines) explains(d *hcl.Diagnostic) bool {
	if d.Subject == nil {
		return false
	}
	at := d.Subject.Start.Line
	return w.lines[at] && d.Summary != badEscape || w.lost > 0 && (at >= w.lost || strings.HasPrefix(d.Summary, "Unclosed"))
}

// addWindowsPaths looks at the lines that a parser complained of for quoted paths with backslashes.
func (c *complaints) addWindowsPaths(name string, diags hcl.Diagnostics) windowsLines {
	out := windowsLines{lines: map[int]bool{}}
	f := c.files[name]
	if f == nil {
		return out
	}
	for _, d := range diags {
		if d.Subject == nil || d.Subject.Start.Byte > len(f.Bytes) || out.lines[d.Subject.Start.Line] {
			continue
		}
		at := d.Subject.Start
		line, from := lineAt(f.Bytes, at.Byte)
		for _, q := range quotedTexts(line) {
			text := line[q.from:q.to]
			if !hasBadEscape(text) || !windowsStart.MatchString(text) {
				continue
			}
			p := problem{
				code: "invalid_escape", summary: "Backslashes in a quoted text",
				detail: fmt.Sprintf("In HCL a backslash begins an escape such as \\n or \\\", so it cannot stand in a Windows path. Write the path with slashes: \"%s\".", slashed(text)),
				rng:    q.rangeIn(name, line, at.Line, from),
			}
			p.in.context = c.contextAt(p.rng)
			c.add(p)
			c.escapes[name] = append(c.escapes[name], p.rng)
			out.lines[at.Line] = true
			if strings.HasSuffix(text, `\`) && (out.lost == 0 || at.Line < out.lost) {
				out.lost = at.Line
			}
		}
	}
	return out
}

// blockStart is where the block at the top of the file begins that holds a byte.
func blockStart(f *hcl.File, at int) int {
	start := 0
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		for _, b := range body.Blocks {
			if from := b.TypeRange.Start.Byte; from <= at && from > start {
				start = from
			}
		}
	}
	return start
}

// stopsParsing tells a syntax error behind which the parser guesses from one that concerns a single value.
func stopsParsing(summary string) bool {
	return summary != badEscape && summary != "Attribute redefined"
}
