package hcl

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

var (
	// windowsStart is how a path of Windows begins: a drive or a share.
	windowsStart = regexp.MustCompile(`^(?:[A-Za-z]:\\|\\\\)`)
	// goodEscape is what may follow a backslash.
	goodEscape = regexp.MustCompile(`^(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)
	// pathEnd is what stands behind a text that a backslash before its closing quote ends all the same.
	pathEnd = regexp.MustCompile(`^\s*(?:$|[\])},#]|//)`)
)

// hasBadEscape reports whether HCL fails at a backslash of a text: at an escape that does not exist, or at one that
// takes the closing quote away.
func hasBadEscape(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if !goodEscape.MatchString(text[i+1:]) {
			return true
		}
		i++
	}
	return false
}

type quoted struct{ from, to int } // the bytes between two quotes of a line

// rangeIn is the place of the text with its quotes, in a line that begins at a byte of its file.
func (q quoted) rangeIn(name, line string, number, base int) hcl.Range {
	position := func(offset int) hcl.Pos {
		return hcl.Pos{Line: number, Column: utf8.RuneCountInString(line[:offset]) + 1, Byte: base + offset}
	}
	return hcl.Range{Filename: name, Start: position(q.from - 1), End: position(min(q.to+1, len(line)))}
}

// lineAt is the line that holds a byte, and where it begins.
func lineAt(src []byte, at int) (line string, from int) {
	from = bytes.LastIndexByte(src[:at], '\n') + 1
	return string(untilNewline(src[from:])), from
}

// quotedAround is the quoted text that a place lies in, else the place itself.
func (c *complaints) quotedAround(r hcl.Range) hcl.Range {
	line, from := lineAt(c.files[r.Filename].Bytes, r.Start.Byte)
	for _, q := range quotedTexts(line) {
		if at := q.rangeIn(r.Filename, line, r.Start.Line, from); contains(at, r) {
			return at
		}
	}
	return r
}

func contains(outer, inner hcl.Range) bool {
	return outer.Start.Byte <= inner.Start.Byte && inner.End.Byte <= outer.End.Byte
}

// inBadEscape reports whether a place lies in a text that was complained of.
func (c *complaints) inBadEscape(r hcl.Range) bool {
	return slices.ContainsFunc(c.escapes[r.Filename], func(e hcl.Range) bool { return contains(e, r) })
}

// holdsBadEscape reports whether a text that was complained of is part of an expression.
func (c *complaints) holdsBadEscape(r hcl.Range) bool {
	return slices.ContainsFunc(c.escapes[r.Filename], func(e hcl.Range) bool { return contains(r, e) })
}

// quotedTexts finds the quoted texts of a line as they were meant: in a Windows path a backslash is no escape.
func quotedTexts(line string) []quoted {
	var out []quoted
	for i := 0; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		end := quotedEnd(line, i+1)
		out = append(out, quoted{i + 1, end})
		i = end
	}
	return out
}

// quotedEnd is where the text that begins at a byte has its closing quote, or the line's end.
func quotedEnd(line string, from int) int {
	windows := windowsStart.MatchString(line[from:])
	for i := from; i < len(line); i++ {
		switch {
		case line[i] == '"':
			return i
		case line[i] == '\\' && i+1 < len(line):
			last := line[i+1] == '"' && pathEnd.MatchString(line[i+2:])
			if !windows || line[i+1] == '"' && !last {
				i++
			}
		case strings.HasPrefix(line[i:], "${"):
			i = interpolationEnd(line, i+2)
		}
	}
	return len(line)
}

// interpolationEnd is the byte of the brace that closes an interpolation, or the line's end.
func interpolationEnd(line string, from int) int {
	depth := 1
	for i := from; i < len(line); i++ {
		switch line[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		case '"':
			i = quotedEnd(line, i+1)
		}
	}
	return len(line)
}

// slashed is a Windows path, as it was written between quotes, as HCL takes it.
func slashed(path string) string {
	start := ""
	if strings.HasPrefix(path, `\\`) {
		start, path = "//", strings.TrimLeft(path, `\`)
	}
	return start + strings.ReplaceAll(strings.ReplaceAll(path, `\\`, `/`), `\`, `/`)
}
