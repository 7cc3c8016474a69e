package german

import "regexp"

// english names the files whose texts stay English, and why.
var english = map[string]string{
	"engine/command/help.go":            "-help is English",
	"engine/command/docs.go":            "the references are English",
	"engine/command/jsonpage.go":        "the references are English",
	"engine/command/jsonexamples.go":    "the references are English",
	"engine/command/completionshell.go": "completions are English",
	"engine/command/hints.go":           "completions are English",
	"engine/command/completion.go":      "completions are English",
	"engine/command/demoproject.go":     "files of the demo",
	"engine/command/demofiles.go":       "files of the demo",
	"engine/command/psscript.go":        "the vendor's language",
	"engine/command/planjson.go":        "-json is English",
	"engine/csvschema/words.go":         "has its German beside it",
	"engine/calls_words.go":             "has its German beside it",
	"engine/csvschema/block.go":         "a csv block in the language of the configuration",
	"engine/perbit/challenge.go":        "the wire's",
	"hcl/reference.go":                  "the references are English",
	"hcl/reference_words.go":            "the references are English",
}

// kept are single texts that stay as they are, or that nobody reads, and why.
var kept = map[string]string{
	// Commands, as they are typed.
	"dropform plan": "typed", "dropform apply -auto-approve": "typed", "dropform approve '%s'": "typed", "dropform watch": "typed",
	"dropform demo.": "typed", "go run .": "typed", "dropform v%s\non %s\n": "a version, read by programs too",
	// Parts of configurations and other files that are written.
	"# Translated from %s.\n": "file", "\n%s %q {\nconnection = %s\n": "file", "folder = %s\nmatch = [%s]\n": "file",
	"object = %s\nmethod = %s\n": "file", "\ntarget {\npath = %s\n}\n": "file", "\nconnection \"perbit\" %q {\n": "file",
	"url = %s\n": "file", "customer_id = %s\nusername = %s\npassword = secret(%q)\n}\n": "file",
	"digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n": "file", "  %q [label=%q];\n": "file",
	"connection \"conbox\" \"shop\" {\n  url          = %q\n": "file", "  auth         = \"none\"\n": "file",
	"  username     = %q\n  password     = secret(\"env:CONBOX_PASSWORD\")\n": "file",
	"  user_code    = %q\n  user_api_key = secret(\"env:CONBOX_KEY\")\n}":     "file",
	"null /* %s */": "the language of values", "%s  line %d  %s  %s  %s\n": "a protocol, which is a file",
	"dropform serves this folder; this file keeps a second ledger from sending its files again": "a marker, which is a file",
	// What -help says of the environment.
	"options that are added to every command, before those on the command line": "-help", "set to anything: no colour, as -no-color": "-help",
	"the same for one command only; of subcommands %s_state_list": "-help", "false or 0: never ask, as -input=false": "-help",
	"log on standard error: TRACE, DEBUG, INFO, WARN (the default), ERROR, OFF, or JSON for all of it as JSON": "-help",
	"the value of the variable name, weaker than files and -var":                                               "-help", "the language of messages, where the configuration says none": "-help",
	"definitions of saved plans": "what a key is made for",
	"system IN (%s)":             "a query",
	// Names.
	"File": "a variable's name", "Object": "a variable's name", "Method": "a variable's name", "Local": "Go's name", "Amount": "a field",
	"Asia": "a zone", "Africa": "a zone", "Atlantic": "a zone", "Pacific": "a zone", "Australia": "a zone", "Europe": "a zone", "America": "a zone",
	"Subject": "a field", "Message": "a field", "Success": "a field", "Action": "a field", "Delete": "an action", "Purchase": "an action",
	"Login": "an action", "Logout": "an action", "Export": "an action", "Import": "an action", "Cancel": "an action",
	"Authorization": "a header", "Basic %s": "a header", "qop=%s, nc=%08x, ": "a header",
	"[session id]": "what hides one", "Bad Request": "the wire's",
	"-var %s": "typed", "%s with %s": "a value of a definition, as the ledger keeps it", "to %s": "a verb that nothing uses", "will %s": "a verb that nothing uses", "an %s": "English only",
	"DD.MM.YYYY hh:mm": "a form", "DD.MM.YYYY hh:mm:ss": "a form", "YYYY-MM-DD hh:mm:ss": "a form",
	// How the messages of libraries begin, by which they are known.
	"unknown flag: -": "a library's", "error parsing regexp: ": "a library's", "Unclosed": "a library's", "Unexpected \"": "a library's",
	"Extraneous JSON": "a library's", "Missing name for": "a library's", "Missing kind for": "a library's", "Missing type for": "a library's", "Extraneous label for": "a library's",
	"Condition is null": "a library's", "Attempt to": "a library's", "Iteration over": "a library's", "1 labels (name) are": "a library's",
	"Invalid dynamic": "a library's", "1 labels": "a library's", "1 label": "a library's", "1 label (name) is": "a library's",
	"Error: find the working directory:": "said before anything is known of the language",
}

// unread are texts of other languages: queries, patterns of what servers say, tables, files of init.
var unread = regexp.MustCompile(`(?s)^work WHERE |\bORDER BY\b|SAVEPOINT|ROLLBACK TO|RELEASE job|unixepoch| (?:=|<>) \?|^state IN \(|NOT IN \(|^id IN |` +
	`, request_digest, |, source_digest, |IN $|^kind = |` + // queries
	`~!\?|\\\.\?|¤|\(\?:|` + // patterns
	`^AD24 |^# dropform|^# what dropform`)

// helpFields are the fields of a command that only -help shows.
var helpFields = []string{"Use", "Short", "Long", "Example"}

// silentCalls take strings that nobody reads on the screen.
var silentCalls = []string{
	"regexp.MustCompile", "panic", "strings.NewReplacer", "slog.String", "ExecContext", "QueryContext", "QueryRowContext",
	"log.Log", "log.Debug", "log.Info", "log.Warn", "log.Error", "Log.Debug", "Log.Info", "Log.Warn", "Log.Error",
}
