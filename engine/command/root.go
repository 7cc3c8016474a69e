package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dropform/engine/diag"
)

// root is the table of all commands.
func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "dropform",
		Short:         "Declare drop folders and exports in HCL; dropform carries them out",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return s.enter(cmd)
		},
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		if err := cmd.Help(); err != nil {
			return err
		}
		return exit(1)
	}
	flags := root.PersistentFlags()
	flags.StringVar(&s.chdir, "chdir", "", "work in `DIR` instead of the current directory")
	flags.BoolVar(&s.noColor, "no-color", false, "no colour on the screen")
	flags.BoolVar(&s.input, "input", true, "ask on the terminal where something is missing; -input=false never asks")
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true, Use: "no-help"})
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(s.Stdout, helpText(cmd)) })
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	root.AddCommand(
		s.demoCommand(), s.sandboxCommand(), s.initCommand(), s.validateCommand(), s.fmtCommand(),
		s.planCommand(), s.applyCommand(), s.watchCommand(),
		s.statusCommand(), s.historyCommand(), s.showCommand(),
		s.retryCommand(), s.adoptCommand(), s.approveCommand(), s.resolveCommand(), s.checkCommand(), s.inferCommand(),
		s.stateCommand(), s.graphCommand(), s.consoleCommand(), s.explainCommand(), s.docsCommand(),
		s.versionCommand(), s.completionCommand(root),
	)
	s.addHints(root)
	return root
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

func unknownCommand(parent *cobra.Command, name string) error {
	known := commandNames(parent)
	d := diag.Diagnostic{Code: "unknown_command", Summary: fmt.Sprintf("There is no command %q", name)}
	if near := nearest(name, known); near != "" {
		d.Detail = fmt.Sprintf("Did you mean %q? ", near)
	}
	d.Detail += fmt.Sprintf("The commands are %s; %s -help says what they do.", strings.Join(known, ", "), parent.CommandPath())
	return d
}

// flagError says which flag was meant, in the one-dash spelling.
func flagError(cmd *cobra.Command, err error) error {
	d := diag.Diagnostic{Code: "invalid_flag", Summary: "Invalid option"}
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		d.Summary = "Unknown option -" + unknown.GetSpecifiedName()
		if near := nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" {
			d.Detail = fmt.Sprintf("Did you mean -%s? ", near)
		}
	case errors.As(err, &bare):
		d.Detail = fmt.Sprintf("-%s needs a value. ", bare.GetSpecifiedName())
	case errors.As(err, &value):
		d.Detail = fmt.Sprintf("-%s=%s cannot be read: %s. ", value.GetFlag().Name, value.GetValue(), due(value))
	default:
		d.Detail = strings.ReplaceAll(err.Error(), "--", "-") + ". "
	}
	d.Detail += fmt.Sprintf("See %s -help.", cmd.CommandPath())
	return d
}

// due says what an option takes; the flag package would name the function of Go's library that did not like the value.
func due(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "bool":
		return "true or false is due"
	case "int":
		return "a whole number is due"
	case "duration":
		return "a duration such as 30s or 10m is due"
	}
	return e.Unwrap().Error()
}

// exactly checks the number of arguments, with the command's own usage line as the answer.
func exactly(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && (high < 0 || len(args) <= high) {
			return nil
		}
		return diag.Diagnostic{
			Code: "invalid_arguments", Summary: fmt.Sprintf("%s takes %s", cmd.CommandPath(), what),
			Detail: fmt.Sprintf("Usage: dropform %s. See %s -help.", usage(cmd), cmd.CommandPath()),
		}
	}
}
