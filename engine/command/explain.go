package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

func (s *session) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [CODE]", Short: "Say what the code of a message means and what to do", Args: exactly(0, 1, "at most one code"),
		Long:    "Every message bears a stable code: in -json output, in the reports beside files, in the history. This command says what happened, where it is met and what to do next. Without a code it lists all.",
		Example: "dropform explain\ndropform explain excel_damage",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				s.listCodes()
				return nil
			}
			return s.explainCode(args[0])
		},
	}
}

func (s *session) listCodes() {
	out := s.outScreen()
	for i, a := range areas {
		if i > 0 {
			out.printf("\n")
		}
		out.printf("%s\n", out.bold(out.say(a.title)))
		codes := s.codesOf(a)
		for _, code := range sortedKeysOf(codes) {
			out.printf("  %-24s%s\n", code, out.say(codes[code].what))
		}
	}
}

func (s *session) explainCode(code string) error {
	out := s.outScreen()
	width := 76
	if out.width > 0 {
		width = min(width, out.width-2)
	}
	found := false
	for _, a := range areas {
		e, ok := s.codesOf(a)[code]
		if !ok {
			continue
		}
		if found {
			out.printf("\n")
		}
		found = true
		out.printf("%s (%s)\n\n%s\n\n%s\n\n%s\n", out.bold(code), out.say(a.title), indent(wrap(out.say(e.what), width), "  "),
			indent(wrap(out.sayf("Where: %s", a.where), width), "  "), indent(wrap(out.sayf("What to do: %s", e.next), width), "  "))
	}
	if found {
		return nil
	}
	d := diag.Diagnostic{Code: "unknown_code", Summary: fmt.Sprintf("There is no code %q", code)}
	if near := nearest(code, s.allCodes()); near != "" {
		d.Detail = fmt.Sprintf("Did you mean %q? ", near)
	}
	d.Detail += "dropform explain lists all codes."
	return d
}

// allCodes lists the codes of all areas, each once, sorted.
func (s *session) allCodes() []string {
	all := map[string]bool{}
	for _, a := range areas {
		for code := range s.codesOf(a) {
			all[code] = true
		}
	}
	return sortedKeysOf(all)
}
