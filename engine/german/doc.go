// Package german says in German what dropform says to people.
//
// Everything below writes English: the ledger stores English sentences, errors are wrapped from package to package, and
// -json and the log speak English in the same run in which the screen speaks German. So what people read is translated
// where it is printed, and nowhere else: Sprintf takes the template of a view with its arguments, Text takes a finished
// sentence that came from below and finds the templates it was made of. Both use one catalogue, the *.po files beside this
// one: for every English template of the source its German.
//
// # What is German
//
// Diagnostics, errors and hints, outcomes and their next steps, the views of plan, apply, watch, status, history, show and
// explain, prompts, and what the demo says.
//
// # What stays English
//
// All of -json and the log; -help, the references that docs prints, and completions; names of commands, flags,
// attributes, kinds and addresses; files that init and demo write; the word yes; and the words that COMMANDS.md makes a
// contract, because scripts and people search for them: the reasons of steps (new, invalid, retry …), in a German plan with
// their meaning in its legend, and the states of status (waiting, failed, unknown, running; up, down). What a server or the
// operating system says stays in its language, except the system's most frequent complaints.
//
// # What it promises
//
// A sentence that it does not know stays English as a whole. What stands in a template's place for an argument is copied
// byte for byte, unless the German template asks for more: %w translates the argument once more (a wrapped error, a phrase),
// %n writes the number 1,000 as 1.000. Nothing within quotes or brackets is ever looked at on its own.
//
// The package knows no other. Its tests read the whole source and fail for each template that has no German, and for
// each German that no template asks for.
package german
