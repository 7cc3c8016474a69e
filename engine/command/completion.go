package command

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dropform/engine/diag"
)

func (s *session) completionCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a completion script for a shell",
		Args: exactly(1, 1, "the name of a shell"),
		Long: "The script completes commands, options, addresses of the configuration and the ledger, and files: saved plans for apply and show, CSV files for check and infer. An address may be typed with or without quotes.\n\n" +
			"Where to put it:\n  bash: a file in /etc/bash_completion.d\n  zsh: a file called _dropform in a folder of $fpath\n  fish: ~/.config/fish/completions/dropform.fish\n  PowerShell: a file that $PROFILE reads",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Example:   "source <(dropform completion bash)\ndropform completion fish > ~/.config/fish/completions/dropform.fish\ndropform completion powershell | Out-String | Invoke-Expression",
		RunE: func(_ *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				_, err := fmt.Fprint(s.Stdout, bashScript)
				return err
			case "zsh":
				return zshScript(root, s.Stdout)
			case "fish":
				return root.GenFishCompletion(s.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.Stdout)
			}
			return diag.Diagnostic{Code: "invalid_arguments", Summary: "No completion for " + args[0], Detail: "The shells are bash, zsh, fish and powershell."}
		},
	}
}

// A completer answers what may stand in the place of an unfinished word. It is silent: whatever goes wrong, it offers less.
type completer func(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective)

// argumentHints and optionHints say what completes the arguments of a command, and the value of an option. What is in
// neither takes no file.
var (
	argumentHints = map[string]completer{
		"apply": plansOnly, "show": plansAndWork, "check": blockThenFiles, "infer": csvFiles, "fmt": hclFiles,
		"retry": each((*hints).retriable), "adopt": each((*hints).retriable), "approve": each((*hints).awaiting), "resolve": once((*hints).unknown),
		"state list": each((*hints).definitions), "state rm": each((*hints).definitions), "state show": once((*hints).definitions), "state mv": fromAndTo,
		"explain": once((*hints).codes),
	}
	optionHints = map[string]completer{
		"target": each((*hints).work), "exclude": each((*hints).work), "replace": each((*hints).work), "approve": each((*hints).awaiting),
		"var-file": hclFiles, "out": anyFile, "from-script": endingIn(".ps1"), "chdir": folders,
	}
)

// addHints joins the table to the commands.
func (s *session) addHints(root *cobra.Command) {
	var visit func(c *cobra.Command)
	join := func(c *cobra.Command, f completer) cobra.CompletionFunc {
		return func(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if f == nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			h := s.hints(c, args, word)
			defer h.close()
			return f(h, args, word)
		}
	}
	visit = func(c *cobra.Command) {
		if len(c.ValidArgs) == 0 && c.HasParent() {
			c.ValidArgsFunction = join(c, argumentHints[strings.TrimPrefix(c.CommandPath(), root.Name()+" ")])
		}
		options := func(f *pflag.Flag) {
			if f.Value.Type() != "bool" {
				_ = c.RegisterFlagCompletionFunc(f.Name, join(c, optionHints[f.Name])) // fails where it has been done
			}
		}
		c.LocalFlags().VisitAll(options)
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// isCompletion reports whether a shell asks what may be typed next.
func isCompletion(args []string) bool {
	return len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd || args[0] == bashRequest)
}

// complete answers a shell.
func (s *session) complete(root *cobra.Command, args []string) error {
	if args[0] == bashRequest {
		return s.completeBash(root, args[1:])
	}
	return s.answer(root, s.Stdout, args)
}

// answer writes what may stand in the place of the last word: a line for each, and the directive. Options come back with as
// many dashes as were typed, one where that is open. Shells hand over the last word as it stands there, with its quotes.
func (s *session) answer(root *cobra.Command, w io.Writer, args []string) error {
	args = slices.Clone(args)
	args[len(args)-1] = unquoted(args[len(args)-1])
	var answer bytes.Buffer
	root.SetOut(&answer)
	root.SetErr(io.Discard)
	root.SetArgs(append(args[:1:1], doubleDashes(args[1:])...))
	if err := root.ExecuteContext(s.ctx); err != nil {
		return err
	}
	oneDash := !strings.HasPrefix(args[len(args)-1], "--")
	for line := range strings.Lines(answer.String()) {
		word, text, described := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if oneDash && strings.HasPrefix(word, "--") {
			word = word[1:]
		}
		if described {
			word += "\t" + strings.ReplaceAll(text, "`", "")
		}
		if _, err := fmt.Fprintln(w, word); err != nil {
			return err
		}
	}
	return nil
}
