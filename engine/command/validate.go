package command

import (
	"encoding/json"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

// validation is Terraform's `validate -json`.
type validation struct {
	FormatVersion string           `json:"format_version"`
	Valid         bool             `json:"valid"`
	ErrorCount    int              `json:"error_count"`
	WarningCount  int              `json:"warning_count"`
	Diagnostics   []diagnosticJSON `json:"diagnostics"`
}

func (s *session) validateCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "validate [options]", Short: "Check whether the configuration is valid", Args: exactly(0, 0, "no arguments"),
		Long:    "Reads the configuration and reports every mistake at once. It looks at no folder, opens no ledger, calls no server and needs no password. Exit code: 0 valid, 1 not.",
		Example: "dropform validate\ndropform -chdir=payroll validate -json",
		RunE:    func(*cobra.Command, []string) error { return s.validate(vars, asJSON) },
	}
	addVarFlags(cmd.Flags(), &vars)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON in Terraform's shape")
	return cmd
}

func (s *session) validate(vars []VarFlag, asJSON bool) error {
	shortLived(s.textSize())
	s.aloud = !asJSON
	_, diags := s.loading(LoadRequest{Dir: s.Dir, Vars: vars, Validate: true})
	diags.Sort()
	if asJSON {
		if err := s.printJSON(validationOf(diags)); err != nil {
			return err
		}
	} else {
		s.diagnostics(diags)
	}
	if diags.HasErrors() {
		return exit(1)
	}
	if !asJSON {
		out := s.outScreen()
		success := out.paint(out.say("Success!"), color.FgGreen, color.Bold)
		if len(diags) > 0 {
			out.printf("%s The configuration is valid, but there were some validation warnings as shown above.\n", success)
		} else {
			out.printf("%s The configuration is valid.\n", success)
		}
	}
	return nil
}

func validationOf(diags diag.List) validation {
	v := validation{FormatVersion: "1.0", Valid: !diags.HasErrors(), Diagnostics: diagnosticsJSON(diags)}
	for _, d := range diags {
		if d.Severity == diag.Error {
			v.ErrorCount++
		} else {
			v.WarningCount++
		}
	}
	return v
}

// printJSON prints one indented document on stdout.
func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
