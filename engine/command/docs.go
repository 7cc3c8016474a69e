package command

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dropform/engine/diag"
)

// documents are the pages that docs prints, in their order.
var documents = []string{"language", "commands", "messages", "json", "migration"}

// migrationGuide is written by hand. Its configuration and its commands are tried by tests (examples, docs_test.go).
//
//go:embed migration.md
var migrationGuide string

func (s *session) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "docs [" + strings.Join(documents, "|") + "]", Short: "Print the references as Markdown", Args: exactly(0, 1, "the name of one page"),
		Long:    "The references are made of what this dropform decodes, offers and says: the blocks of the language, the table of commands, the codes of messages, the lines and documents of JSON. The page migration leads from the vendor's PowerShell scripts to dropform. Without an argument all are printed.",
		Example: "dropform docs language > LANGUAGE.md\ndropform docs migration\ndropform docs",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := s.document(cmd.Root(), args)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(s.Stdout, text)
			return err
		},
		ValidArgs: documents,
	}
}

func (s *session) document(root *cobra.Command, args []string) (string, error) {
	if len(args) == 0 {
		var all []string
		for _, name := range documents {
			text, err := s.document(root, []string{name})
			if err != nil {
				return "", err
			}
			all = append(all, text)
		}
		return strings.Join(all, "\n"), nil
	}
	switch args[0] {
	case "language":
		return s.Reference(), nil
	case "commands":
		return commandReference(root), nil
	case "messages":
		return s.messageReference(), nil
	case "json":
		return jsonReference(), nil
	case "migration":
		return migrationGuide, nil
	}
	d := diag.Diagnostic{Code: "invalid_arguments", Summary: fmt.Sprintf("There is no page %q", args[0])}
	if near := nearest(args[0], documents); near != "" {
		d.Detail = fmt.Sprintf("Did you mean %q? ", near)
	}
	d.Detail += "The pages are " + strings.Join(documents, ", ") + "."
	return "", d
}

// commandReference is the table of commands as Markdown.
func commandReference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# The command line\n\n`dropform [global options] <command> [options]`. One dash and two are the same.\n\n## Global options\n\n")
	flagTable(&b, root.PersistentFlags())
	b.WriteString("\n## Environment\n\n| variable | meaning |\n|---|---|\n")
	for _, e := range environment {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e.name, tableCell(e.text))
	}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				writeCommand(&b, sub)
				visit(sub)
			}
		}
	}
	visit(root)
	return b.String()
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fmt.Fprintf(b, "\n## %s\n\n`dropform %s`\n\n%s\n", strings.TrimPrefix(c.CommandPath(), "dropform "), usage(c), markdown(text))
	if c.HasAvailableLocalFlags() {
		var flags strings.Builder
		if flagTable(&flags, c.NonInheritedFlags()) {
			b.WriteString("\n" + flags.String())
		}
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", c.Example)
	}
}

// markdown keeps the lines of a help text, and the lists in it, apart.
func markdown(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if item, ok := strings.CutPrefix(l, "  "); ok {
			lines[i] = "- " + item
			if i > 0 && !strings.HasPrefix(strings.TrimPrefix(lines[i-1], "\n"), "- ") {
				lines[i] = "\n" + lines[i]
			}
		} else if i > 0 {
			lines[i] = "\n" + l
		}
	}
	return strings.Join(lines, "\n")
}

// flagTable writes a table of options and reports whether there is any.
func flagTable(b *strings.Builder, flags *pflag.FlagSet) bool {
	found := false
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if !found {
			b.WriteString("| option | default | meaning |\n|---|---|---|\n")
		}
		found = true
		placeholder, text := pflag.UnquoteUsage(f)
		head := "-" + f.Name
		if f.Value.Type() != "bool" {
			head += "=" + placeholder
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", head, flagDefault(f), tableCell(text))
	})
	return found
}

// flagDefault is what holds without the option; empty for what is then not there.
func flagDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "[]", "0", "0s", "false":
		return ""
	}
	return "`" + f.DefValue + "`"
}

// messageReference is every code with its explanation as Markdown.
func (s *session) messageReference() string {
	var b strings.Builder
	b.WriteString("# Messages\n\nEvery message bears a stable code. `dropform explain CODE` prints what stands here.\n")
	for _, a := range areas {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| code | what happened | what to do |\n|---|---|---|\n", a.title, a.where)
		codes := s.codesOf(a)
		for _, code := range sortedKeysOf(codes) {
			e := codes[code]
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", code, tableCell(e.what), tableCell(e.next))
		}
	}
	return b.String()
}

func tableCell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// usage is a command's usage line without the program's name: "state mv [options] SOURCE DESTINATION".
func usage(cmd *cobra.Command) string {
	if cmd.HasParent() && cmd.Parent().HasParent() {
		return strings.TrimPrefix(cmd.Parent().CommandPath(), "dropform ") + " " + cmd.Use
	}
	return cmd.Use
}
