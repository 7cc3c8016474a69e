package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// screen is one of the two streams that people read: where it goes, whether it may be coloured, how wide it is.
type screen struct {
	tongue
	w        io.Writer
	terminal bool
	colour   bool
	width    int // columns; 0 where the stream is no terminal and lines are not broken
}

func (s *session) outScreen() *screen { return s.spokenOn(s.Stdout) }
func (s *session) errScreen() *screen { return s.spokenOn(s.Stderr) }

func (s *session) spokenOn(w io.Writer) *screen {
	out := s.screen(w)
	out.tongue = s.speaks()
	return out
}

// screen looks at a stream. A terminal that knows no control codes counts as none. Colour is for terminals only, and never with NO_COLOR or -no-color.
func (s *session) screen(w io.Writer) *screen {
	out := &screen{w: w}
	if s, ok := w.(*sink); ok {
		w = s.w
	}
	f, ok := w.(*os.File)
	if !ok || s.env("TERM") == "dumb" || !isatty.IsTerminal(f.Fd()) && !isatty.IsCygwinTerminal(f.Fd()) {
		return out
	}
	out.w, out.terminal = f, true // the bars look for a terminal themselves
	out.colour = !s.noColor && s.env("NO_COLOR") == ""
	out.width = 78
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 20 {
		out.width = columns
	}
	return out
}

// interactive reports whether somebody can be asked on stdin.
func (s *session) interactive() bool {
	f, ok := s.Stdin.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// printf prints a template of a view in the screen's tongue.
func (c *screen) printf(format string, args ...any) {
	fmt.Fprint(c.w, printable(c.sayf(format, args...)))
}

// prose prints a template of sentences. On a terminal they are broken between words, each line moved to the right by the
// indent; elsewhere they stay on theirs, for grep.
func (c *screen) prose(by, format string, args ...any) {
	width := 0
	if c.width > 0 {
		width = max(20, c.width-len(by))
	}
	fmt.Fprintln(c.w, printable(indent(wrap(c.sayf(format, args...), width), by)))
}

// printable escapes what is not UTF-8, such as file names of another time: it could do anything to a terminal.
func printable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[0])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// paint colours text where this stream has colours. A sign or a word always says the same thing without.
func (c *screen) paint(text string, attributes ...color.Attribute) string {
	if !c.colour {
		return text
	}
	p := color.New(attributes...)
	p.EnableColor()
	return p.Sprint(text)
}

func (c *screen) bold(text string) string { return c.paint(text, color.Bold) }

// sign paints the character in front of a step or a definition.
func (c *screen) sign(sign string) string {
	switch sign {
	case "+":
		return c.paint(sign, color.FgGreen)
	case "x", "-":
		return c.paint(sign, color.FgRed)
	case "~", "?":
		return c.paint(sign, color.FgYellow)
	case "<", ">", "=":
		return c.paint(sign, color.FgCyan)
	}
	return sign
}

// thousands writes 5000 as 5,000.
func thousands(n int64) string {
	text := fmt.Sprintf("%d", n)
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(text, "-")
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if negative {
		return "-" + text
	}
	return text
}
