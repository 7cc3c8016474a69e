package command

import (
	"fmt"
	"strings"

	"github.com/fatih/color"

	"dropform/engine/diag"
)

// diagnostic prints one complaint in Terraform's box: what is wrong, where, the source, why and what to do.
func (c *screen) diagnostic(d diag.Diagnostic) {
	word, paint := "Error", color.FgRed
	if d.Severity == diag.Warning {
		word, paint = "Warning", color.FgYellow
	}
	bar := func(text string) string { return c.paint(text, paint) }
	var b strings.Builder
	b.WriteString(bar("╷") + "\n")
	for _, line := range c.body(d, c.say(word)+": ", paint) {
		b.WriteString(strings.TrimRight(bar("│")+" "+line, " ") + "\n")
	}
	b.WriteString(bar("╵") + "\n")
	fmt.Fprint(c.w, printable(b.String()))
}

func (c *screen) body(d diag.Diagnostic, head string, paint color.Attribute) []string {
	inner := 0
	if c.width > 0 {
		inner = c.width - 2
	}
	lines := strings.Split(wrap(head+c.say(d.Summary), inner), "\n")
	lines[0] = c.paint(head, color.Bold, paint) + c.bold(strings.TrimPrefix(strings.TrimPrefix(lines[0], strings.TrimSpace(head)), " "))
	for i := range lines[1:] {
		lines[1+i] = c.bold(lines[1+i])
	}
	if d.Range != nil {
		lines = append(lines, "", "  "+c.place(d))
		lines = append(lines, c.source(d)...)
	} else if d.Address != "" {
		lines = append(lines, "", c.sayf("  with %s", d.Address))
	}
	if d.Detail != "" {
		lines = append(lines, "")
		lines = append(lines, strings.Split(strings.TrimRight(wrap(c.say(d.Detail), inner), "\n"), "\n")...)
	}
	return lines
}

func (c *screen) place(d diag.Diagnostic) string {
	text := c.sayf("on %s line %d", d.Range.Filename, d.Range.Start.Line)
	switch {
	case d.Snippet != nil && d.Snippet.Context != "":
		return c.sayf("%s, in %s:", text, d.Snippet.Context)
	case d.Snippet != nil:
		return text + ":"
	}
	return text
}

// source is the numbered code, the spot underlined where there is colour, and what the values in it were.
func (c *screen) source(d diag.Diagnostic) []string {
	if d.Snippet == nil {
		return nil
	}
	code := d.Snippet.Code
	from, to := d.Snippet.HighlightStartOffset, d.Snippet.HighlightEndOffset
	if c.colour && from >= 0 && from < to && to <= len(code) {
		code = code[:from] + c.paint(code[from:to], color.Underline) + code[to:]
	}
	var lines []string
	for i, line := range strings.Split(strings.TrimRight(code, "\r\n"), "\n") {
		lines = append(lines, fmt.Sprintf("%4d: %s", d.Snippet.StartLine+i, strings.TrimRight(line, "\r")))
	}
	if len(d.Snippet.Values) > 0 {
		lines = append(lines, "    ├────────────────")
		for _, v := range d.Snippet.Values {
			lines = append(lines, fmt.Sprintf("    │ %s %s", v.Traversal, c.say(v.Statement)))
		}
	}
	return lines
}
