package command

import (
	"errors"
	"io"
	"strings"

	"dropform/engine/diag"
)

// ask puts a question and answers with the line that was typed, without its end. An interrupt ends the wait. The
// goroutine that reads ends with its line or the process: a read from a terminal cannot be called off.
func (s *session) ask(question string) (string, error) {
	s.outScreen().printf("%s ", question)
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := s.keyboard.ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return strings.TrimRight(l.text, "\r\n"), l.err
	case <-s.soft.Done():
		return "", s.soft.Err()
	}
}

// confirm asks for the word yes. Anything else, and the end of the input, is a no.
func (s *session) confirm() error {
	out := s.outScreen()
	out.printf("\n%s\n  Dropform will perform the actions described above.\n  Only 'yes' will be accepted to approve.\n\n",
		out.bold(out.say("Do you want to perform these actions?")))
	answer, err := s.ask("  " + out.bold(out.say("Enter a value:")))
	out.printf("\n")
	switch {
	case errors.Is(err, io.EOF) && answer == "" && !s.interactive():
		return diag.Diagnostic{Code: "approval_needed", Summary: "Approval needed", Detail: "There is nobody to ask: standard input ended. Use -auto-approve, after looking at dropform plan."}
	case answer == "yes":
		return nil
	}
	out.printf("Apply cancelled.\n")
	return exit(1)
}

// A wanted variable has no value.
type wanted struct{ name, description string }

// valueless lists the variables without a value, where nothing else is wrong with a configuration.
func valueless(diags diag.List) []wanted {
	var out []wanted
	for _, d := range diags {
		name, ok := strings.CutPrefix(d.Address, "var.")
		switch {
		case d.Severity != diag.Error:
		case d.Code != "no_variable_value" || !ok:
			return nil
		default:
			out = append(out, wanted{name, d.About})
		}
	}
	return out
}

// askFor asks for the values of variables, as Terraform does.
func (s *session) askFor(list []wanted) error {
	out := s.outScreen()
	for _, v := range list {
		name, about := v.name, ""
		if text := strings.TrimSpace(v.description); text != "" {
			about = "\n" + indent(text, "  ") + "\n"
		}
		value, err := s.ask(out.bold("var."+name) + about + "\n  " + out.bold(out.say("Enter a value:")))
		out.printf("\n")
		if err != nil && value == "" {
			return diag.Diagnostic{Code: "no_variable_value", Address: "var." + name, Summary: "No value for variable \"" + name + "\"", Detail: "Nothing was entered. Use -var '" + name + "=...', -var-file, or DROPFORM_VAR_" + name + "."}
		}
		s.answers = append(s.answers, VarFlag{Text: name + "=" + value})
	}
	return nil
}
