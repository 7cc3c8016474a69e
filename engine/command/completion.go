package command

import (
	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

func (s *session) completionCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a completion script for a shell",
		Args:      exactly(1, 1, "the name of a shell"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Example:   "source <(dropform completion bash)\ndropform completion powershell | Out-String | Invoke-Expression",
		RunE: func(_ *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(s.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(s.Stdout)
			case "fish":
				return root.GenFishCompletion(s.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.Stdout)
			}
			return diag.Diagnostic{Code: "invalid_arguments", Summary: "No completion for " + args[0], Detail: "The shells are bash, zsh, fish and powershell."}
		},
	}
}
