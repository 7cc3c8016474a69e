// Package command is the command line: one file per command, the text and JSON views of what the engine does, and the
// one place that turns errors into words and exit codes (COMMANDS.md).
//
// It promises that a Terraform user's habits work (one dash or two, -chdir before the command, the word yes, the exit
// codes, the layout of a plan), that human progress goes to stdout and errors to stderr, that -json prints one object a
// line and nothing else on stdout, and that plan, validate, status, history and show write nothing anywhere.
//
// It decides nothing about work: what is to be done is engine.Planner's answer, how it is done engine.Runner's. It
// neither parses HCL nor watches folders; main hands both in as functions of App, so that this package imports neither.
//
// # The life of a run
//
// Main sets up the screen and the two stages of Ctrl-C: the first cancels the "soft" context (what is on the wire is
// finished), the second cancels everything. A command answers with an error; exitCode says what it means to a shell.
// A command that has already said everything on the screen answers with a bare exit.
package command
