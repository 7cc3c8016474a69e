package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpText is what -help prints: Terraform's layout, one dash before every option, examples at the end.
func helpText(cmd *cobra.Command) string {
	var b strings.Builder
	if !cmd.HasParent() {
		writeOverview(&b, cmd)
		return b.String()
	}
	fmt.Fprintf(&b, "Usage: dropform [global options] %s\n\n", usage(cmd))
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(&b, "%s\n", indent(wrap(text, 76), "  "))
	if cmd.HasAvailableLocalFlags() {
		b.WriteString("\nOptions:\n\n")
		writeFlags(&b, cmd.NonInheritedFlags())
	}
	b.WriteString("\nGlobal options:\n\n")
	writeFlags(&b, cmd.Root().PersistentFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n\n%s\n", indent(cmd.Example, "  "))
	}
	return b.String()
}

// mainCommands are listed first, in the order in which a newcomer meets them.
var mainCommands = []string{"demo", "init", "validate", "plan", "apply", "watch"}

func writeOverview(b *strings.Builder, root *cobra.Command) {
	b.WriteString("Usage: dropform [global options] <command> [options]\n\n" +
		"  Declare drop folders and exports in HCL files; dropform uploads what is\n  dropped, fetches what is due, and never does anything twice.\n\nMain commands:\n")
	listed := map[string]bool{}
	line := func(c *cobra.Command) {
		listed[c.Name()] = true
		fmt.Fprintf(b, "  %-12s%s\n", c.Name(), c.Short)
	}
	for _, name := range mainCommands {
		if c, _, err := root.Find([]string{name}); err == nil {
			line(c)
		}
	}
	b.WriteString("\nAll other commands:\n")
	for _, c := range root.Commands() {
		if !listed[c.Name()] && !c.Hidden {
			line(c)
		}
	}
	b.WriteString("\nGlobal options (before or after the command):\n\n")
	writeFlags(b, root.PersistentFlags())
	b.WriteString("\nEnvironment:\n\n")
	for _, e := range environment {
		writeEntry(b, e.name, e.text)
	}
	b.WriteString("\nTry it with nothing set up:\n\n  dropform demo\n")
}

func writeFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		placeholder, usage := pflag.UnquoteUsage(f)
		head := "-" + f.Name
		if f.Value.Type() != "bool" {
			head += "=" + placeholder
		}
		writeEntry(b, head, usage)
	})
	writeEntry(b, "-help", "this text")
}

// writeEntry writes a name and what it means beside it.
func writeEntry(b *strings.Builder, name, text string) {
	if len(name) > 21 {
		fmt.Fprintf(b, "  %s\n", name)
		name = ""
	}
	for _, l := range strings.Split(wrap(text, 52), "\n") {
		fmt.Fprintf(b, "  %-22s%s\n", name, l)
		name = ""
	}
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.InheritedFlags()} {
		set.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	}
	return names
}

// wrap breaks text between words so that no line is wider than width characters; lines that are there stay apart. A
// width of 0 leaves it alone.
func wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		out = append(out, wrapLine(line, width)...)
	}
	return strings.Join(out, "\n")
}

func wrapLine(line string, width int) []string {
	if len([]rune(line)) <= width || strings.HasPrefix(line, "  ") {
		return []string{line}
	}
	var out []string
	now := ""
	for _, word := range strings.Split(line, " ") { // two spaces of a quoted value stay two
		switch {
		case now == "":
			now = word
		case len([]rune(now))+1+len([]rune(word)) > width:
			out = append(out, now)
			now = word
		default:
			now += " " + word
		}
	}
	return append(out, now)
}

// indent moves every line that is not empty to the right.
func indent(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = by + l
		}
	}
	return strings.Join(lines, "\n")
}
