package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

// The variables that change what a command line does, as Terraform's TF_ variables of the same names.
const (
	envArgs  = "DROPFORM_CLI_ARGS"
	envInput = "DROPFORM_INPUT"
	envLog   = "DROPFORM_LOG"
)

// environment is every variable of the environment that dropform reads, for the help and the reference.
var environment = []struct{ name, text string }{
	{envArgs, "options that are added to every command, before those on the command line"},
	{envArgs + "_plan", "the same for one command only; of subcommands " + envArgs + "_state_list"},
	{envInput, "false or 0: never ask, as -input=false"},
	{envLog, "log on standard error: TRACE, DEBUG, INFO, WARN (the default), ERROR, OFF, or JSON for all of it as JSON"},
	{"DROPFORM_VAR_name", "the value of the variable name, weaker than files and -var"},
	{"NO_COLOR", "set to anything: no colour, as -no-color"},
	{"LANG", "the language of messages, where the configuration says none"},
}

// withDefaults puts the options of the environment between the command and what was typed after it.
func (s *session) withDefaults(root *cobra.Command, args []string) ([]string, error) {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root {
		return args, nil //nolint:nilerr // what is wrong with the line is said by the command itself
	}
	words := strings.Fields(cmd.CommandPath())[1:]
	out := words
	for _, name := range []string{envArgs, envArgs + "_" + strings.Join(words, "_")} {
		more, err := splitArgs(s.env(name))
		if err != nil {
			return nil, invalidVariable(name, err.Error())
		}
		if len(more) > 0 {
			s.defaults = append(s.defaults, name)
			out = append(out, doubleDashes(more)...)
		}
	}
	return append(out, rest...), nil
}

// fromEnvironment says of a complaint about the command line that a part of that was not typed.
func (s *session) fromEnvironment(d diag.Diagnostic) diag.Diagnostic {
	if len(s.defaults) > 0 && (d.Code == "invalid_flag" || d.Code == "invalid_arguments") {
		d.Detail = strings.TrimSpace(d.Detail + " A part of the options comes from the environment, " + strings.Join(s.defaults, " and ") + ".")
	}
	return d
}

// wantsInput reads DROPFORM_INPUT, which an option on the command line overrules.
func (s *session) wantsInput() (bool, error) {
	text := s.env(envInput)
	if text == "" {
		return true, nil
	}
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalidVariable(envInput, fmt.Sprintf("%q is neither true or false nor 1 or 0", text))
	}
	return yes, nil
}

func invalidVariable(name, text string) error {
	return diag.Diagnostic{Code: "invalid_environment", Summary: "Invalid " + name, Detail: "The variable in the environment cannot be used: " + text + "."}
}

// splitArgs takes a text apart as a shell does: at spaces, except within quotes. A backslash makes the next quote, space
// or backslash an ordinary one, and is one itself before anything else, so that paths of Windows survive.
func splitArgs(text string) ([]string, error) {
	var out []string
	var word strings.Builder
	quote, begun := byte(0), false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(text) && strings.IndexByte(`\"' `, text[i+1]) >= 0:
			i++
			word.WriteByte(text[i])
			begun = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, begun = c, true
		case quote == 0 && strings.IndexByte(" \t\r\n", c) >= 0:
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if begun {
		out = append(out, word.String())
	}
	return out, nil
}
