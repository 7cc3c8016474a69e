package command

import (
	"bufio"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func docsSession(messages map[string]string) *session {
	return &session{App: &App{Messages: messages, Stdout: new(strings.Builder)}, keyboard: bufio.NewReader(strings.NewReader(""))}
}

// TestCommandReference: every command and every option stands in the reference and has a text and an example.
func TestCommandReference(t *testing.T) {
	root := docsSession(nil).root()
	text := commandReference(root)
	if text != commandReference(docsSession(nil).root()) {
		t.Error("two readings differ")
	}
	n := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Hidden {
				continue
			}
			n++
			part := section(text, strings.TrimPrefix(sub.CommandPath(), "dropform "))
			if part == "" {
				t.Errorf("%s is not in the reference", sub.CommandPath())
			}
			if sub.Short == "" || sub.Example == "" {
				t.Errorf("%s has no text or no example", sub.CommandPath())
			}
			sub.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if f.Name != "help" && !strings.Contains(part, "\n| `-"+f.Name+"`") && !strings.Contains(part, "\n| `-"+f.Name+"=") {
					t.Errorf("%s: -%s is not in the reference", sub.CommandPath(), f.Name)
				}
				if f.Usage == "" {
					t.Errorf("%s: -%s has no text", sub.CommandPath(), f.Name)
				}
			})
			visit(sub)
		}
	}
	visit(root)
	if n < 20 {
		t.Errorf("only %d commands were looked at", n)
	}
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(section(text, "Global options"), "`-"+f.Name) {
			t.Errorf("-%s is not among the global options", f.Name)
		}
	})
}

// section is what stands under a heading.
func section(text, title string) string {
	_, rest, ok := strings.Cut(text, "\n## "+title+"\n")
	if !ok {
		return ""
	}
	part, _, _ := strings.Cut(rest, "\n## ")
	return "\n" + part
}

func TestMessageReference(t *testing.T) {
	messages := configurationTable(t)
	s := docsSession(messages)
	text := s.messageReference()
	for _, a := range areas {
		for code, e := range s.codesOf(a) {
			if !strings.Contains(section(text, a.title), "\n| `"+code+"` | "+tableCell(e.what)+" | "+tableCell(e.next)+" |\n") {
				t.Errorf("%s of %s is not in the reference", code, a.title)
			}
		}
	}
}
