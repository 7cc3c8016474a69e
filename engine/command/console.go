package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

// Evaluator gives the value of one expression as text, with what is wrong with it.
type Evaluator func(expression string) (string, diag.List)

// maxExpression bounds one line of the console, in bytes.
const maxExpression = 1 << 20

func (s *session) consoleCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "console [options]", Short: "Try expressions at an interactive prompt", Args: exactly(0, 0, "no arguments"),
		Long: "Evaluates expressions with the configuration's variables, local values and functions and prints their values. " +
			"Secrets are not opened, and sensitive values are not shown. Type exit, or end the input, to leave.\n" +
			"Where the input is no terminal each line is one expression; the exit code is 1 if any failed.",
		Example: "dropform console\necho 'month_start(timestamp())' | dropform console\necho 'var.companies' | dropform console -var-file=test.vars.hcl",
		RunE:    func(*cobra.Command, []string) error { return s.console(vars) },
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

func (s *session) console(vars []VarFlag) error {
	evaluate, diags := s.Evaluator(LoadRequest{Dir: s.Dir, Vars: vars})
	if evaluate == nil || diags.HasErrors() {
		return diagnosed{diags}
	}
	s.diagnostics(diags)
	if s.interactive() {
		return s.prompt(evaluate)
	}
	failed := false
	lines := bufio.NewScanner(s.keyboard)
	lines.Buffer(nil, maxExpression)
	for s.soft.Err() == nil && lines.Scan() {
		done, ok := s.evaluateLine(evaluate, lines.Text())
		if failed = failed || !ok; done {
			break
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the expressions: %w", err)
	}
	if failed || s.soft.Err() != nil {
		return exit(1)
	}
	return nil
}

// prompt asks a person until the word exit, the end of the input or an interrupt.
func (s *session) prompt(evaluate Evaluator) error {
	for {
		line, err := s.ask(">")
		if err != nil && line == "" {
			s.outScreen().printf("\n")
			if errors.Is(err, io.EOF) || s.soft.Err() != nil {
				return nil
			}
			return fmt.Errorf("read the terminal: %w", err)
		}
		if done, _ := s.evaluateLine(evaluate, line); done {
			return nil
		}
	}
}

// evaluateLine prints the value of one line. done is whether it asked for the end, ok whether it had a value.
func (s *session) evaluateLine(evaluate Evaluator, line string) (done, ok bool) {
	switch line = strings.TrimSpace(line); line {
	case "":
		return false, true
	case "exit", "quit":
		return true, true
	case "help":
		s.outScreen().printf("Type an expression to see its value, for example var.NAME or formatdate(\"YYYYMM\", timestamp()). Type exit to leave.\n")
		return false, true
	}
	text, diags := evaluate(line)
	s.diagnostics(diags)
	if diags.HasErrors() {
		return false, false
	}
	s.outScreen().printf("%s\n", text)
	return false, true
}
