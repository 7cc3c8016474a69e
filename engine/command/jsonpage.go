package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A jsonExample is one type of line or one document, with what prints it and a text that the real code has written.
type jsonExample struct {
	title, when string
	text        []byte
}

// jsonReference is every line and every document that dropform prints as JSON: when, an example, and what the keys mean.
// The examples come out of the code that prints the real thing; a test keeps the table of keys complete.
func jsonReference() string {
	var b strings.Builder
	b.WriteString("# JSON output\n\nTimes are RFC 3339, durations are whole seconds, sizes are bytes, digests are SHA-256 in hexadecimal. Within one version of a format keys are only added, and their order means nothing. JSON is always English; sensitive values are masked, and secrets are in none of it.\n" +
		"\n## Lines\n\n`plan -json`, `apply -json` and `watch -json` print one object a line, as Terraform's `-json` does: `version` first, then what happens in the order in which it happens, `change_summary` last. Errors are lines of the type `diagnostic`. Every line has `@level`, `@message`, `@module`, `@timestamp` and `type`.\n")
	for _, e := range exampleLines() {
		e.write(&b, "### ")
	}
	b.WriteString("\n## Documents\n")
	for _, e := range exampleDocuments() {
		e.write(&b, "### ")
	}
	return b.String()
}

func (e jsonExample) write(b *strings.Builder, head string) {
	fmt.Fprintf(b, "\n%s%s\n\n%s\n\n```json\n%s\n```\n\n| key | value | meaning |\n|---|---|---|\n", head, e.title, e.when, strings.TrimSpace(string(e.text)))
	for _, k := range keysOf(e.text) {
		if !strings.HasPrefix(k.path, "@") && k.path != "type" {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", k.path, k.kind, tableCell(meaningOf(k.path)))
		}
	}
}

// A jsonKey is one key of an example by its whole path, lists as [].
type jsonKey struct{ path, kind string }

// keysOf lists the keys of a document in their order, each once.
func keysOf(text []byte) []jsonKey {
	d := json.NewDecoder(bytes.NewReader(text))
	w := keyWalk{d: d, seen: map[string]bool{}}
	for d.More() {
		w.value("")
	}
	return w.keys
}

type keyWalk struct {
	d    *json.Decoder
	seen map[string]bool
	keys []jsonKey
}

// value reads one value and answers with its kind. What stands in a place of free form is not gone into.
func (w *keyWalk) value(path string) string {
	token, err := w.d.Token()
	if err != nil {
		panic(err) // the text was written by encoding/json
	}
	switch token {
	case json.Delim('{'):
		for w.d.More() {
			name, _ := w.d.Token()
			inner := strings.TrimPrefix(path+"."+name.(string), ".")
			place := -1
			if !w.seen[inner] && !freeForm(path) {
				w.seen[inner] = true
				place = len(w.keys)
				w.keys = append(w.keys, jsonKey{inner, ""})
			}
			if kind := w.value(inner); place >= 0 {
				w.keys[place].kind = kind
			}
		}
		_, _ = w.d.Token()
		return "object"
	case json.Delim('['):
		for w.d.More() {
			w.value(path + "[]")
		}
		_, _ = w.d.Token()
		return "list"
	}
	switch token.(type) {
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "text"
}

// freeForm reports whether the keys beneath a path are no fixed ones: counts by name, or a vendor's own text.
func freeForm(path string) bool {
	for _, name := range strings.Split(strings.ReplaceAll(path, "[]", ""), ".") {
		switch name {
		case "changes", "states", "sent", "answer":
			return true
		}
	}
	return strings.HasSuffix(path, "watch.connections")
}

// meaningOf is what a key means: by its last two names where those are needed to tell it apart, else by its last.
func meaningOf(path string) string {
	names := strings.Split(strings.ReplaceAll(path, "[]", ""), ".")
	last := names[len(names)-1]
	if len(names) > 1 {
		if m, ok := jsonMeanings[names[len(names)-2]+"."+last]; ok {
			return m
		}
	}
	return jsonMeanings[last]
}

// jsonMeanings says what the keys mean, by name, or by the name with the one above it.
var jsonMeanings = map[string]string{
	"dropform": "version of this program", "ui": "version of the lines' format", "format_version": "version of the document's format", "dropform_version": "version of the program that wrote it", "platform": "operating system and processor",

	"change": "one difference of definitions, or one step", "change.address": "block, instance, or piece of work", "change.action": "`create update move forget upload reject duplicate export set_ready copy save_as read purchase delete resume needs_person`",
	"reason": "why, in the plan's words: new, content changed, due, row and so on", "risk": "`local`, `read`, `write`, `trigger` or `irreversible`; empty for needs_person", "approval": "`required` while the step waits to be named, else how it was given; absent where none is needed",
	"order": "of a purchase or a delete: what is sent, in full", "order.file": "base name of the file that gives the call", "order.line": "line in that file", "sent": "the action's data as it is sent, in the vendor's spelling", "positions": "each position, with the prices that the server gave", "position": "its number, or its GUID", "positions.line": "line in the file", "article": "the server's article", "amount": "decimal text, as it is sent",
	"list_price": "ListPrice as the server wrote it; absent where it is unknown", "fcoprc": "FCoPrc as the server wrote it; absent where it is unknown", "total": "amount times FCoPrc, an assumption", "total_by_fcoprc": "sum over the positions, an assumption", "total_complete": "whether every position is in that sum", "prices_unknown": "why there is no price; absent where there are prices",

	"changes": "how many of each action, and `operation`: plan, apply or watch; `definitions` counts those applied", "tally": "how the steps of a run ended; absent after a plan", "tally.done": "steps that were done", "tally.failed": "failed, rejected, or completed with errors", "tally.waiting": "for a person, a writer or the server", "tally.unknown": "outcomes that only a person can end", "tally.not_started": "held back, or never begun",
	"hook": "the step that the line is about", "hook.address": "of the step, or of the definition", "hook.action": "as in planned_change", "elapsed_seconds": "since the step began",

	"diagnostic": "the message", "diagnostics": "every message, errors first, then by position", "severity": "`error` or `warning`", "summary": "one line", "detail": "what happened and what to do next", "diagnostic.address": "what it is about; absent where it is about nothing in particular", "diagnostics.address": "what it is about; absent where it is about nothing in particular", "diagnostic.code": "stable; `dropform explain CODE` says more", "diagnostics.code": "stable; `dropform explain CODE` says more",
	"range": "place in the configuration; absent where there is none", "filename": "relative to the working directory", "range.start": "where it begins", "range.end": "where it ends", "start.line": "from 1", "start.column": "in characters, from 1", "start.byte": "from 0", "end.line": "from 1", "end.column": "in characters, from 1", "end.byte": "from 0", "snippet": "the lines around it", "context": "the block around it", "snippet.code": "the source text", "start_line": "line of the first character of code", "highlight_start_offset": "byte in code", "highlight_end_offset": "byte in code", "values": "what the expression refers to", "traversal": "a reference in the expression", "statement": "its value in words",
	"valid": "whether there is no error", "error_count": "how many errors, also those that are not listed", "warning_count": "how many warnings; absent in check without any", "warnings": "as errors; absent without any",

	"address": "block, instance, or piece of work", "definitions": "as they were applied last", "applied_at": "when", "attributes": "each that was written", "attributes.path": "name, with the block above it", "attributes.value": "source text, masked where it is sensitive", "sensitive": "whether the value is masked; absent for false",
	"file": "what the ledger knows of the file under the address", "name": "base name", "size": "in bytes", "sha256": "of the file, or of what was sent", "state": "how it stands", "message": "one line", "at": "when", "work": "what was sent or fetched, oldest first", "work.state": "`sending running unknown not_sent refused done done_with_errors failed adopted resolved`", "object": "the vendor's object", "method": "the vendor's method, or the action", "source_sha256": "of the file where it was sent in another encoding", "remote_id": "the server's number of the job", "class": "kind of failure", "work.path": "the protocol or the target", "rows": "data records", "sent_at": "when the first byte may have left", "ended_at": "when the outcome was known", "call": "of a rule: what was sent", "call.file": "base name of the file that gave it", "call.line": "line in that file", "answer": "the server's answer", "events": "history, oldest first", "what": "what happened", "who": "the person or account; absent where it was the program", "protocol": "the server's text",
	"lineage": "identity of the ledger", "states": "how many pieces of work by state", "last_at": "newest of them",

	"ledger": "identity of the ledger that the plan belongs to", "inputs": "digest of configuration and variables, keyed by a secret of the ledger", "created_at": "when", "targets": "-target", "excludes": "-exclude", "replace": "-replace", "as_of": "-as-of", "definitions.action": "as in planned_change", "digest": "of the definition as it is to be", "steps": "what is to be done", "action": "as in planned_change", "expect": "the state of the world in which the step holds", "file_sha256": "content of the file", "file_size": "in bytes", "request": "how often the same was asked for before; absent for 0", "slot": "the time of an export's run", "last_status": "of work that is tried again or resumed", "call_sha256": "of request, address and prices as they were shown", "request_sha256": "of the request", "prices": "of the positions, as they were shown", "guid": "PositionGuid", "fco_prc": "FCoPrc as the server wrote it; absent where it is unknown",

	"configuration_error": "why the configuration cannot be read; absent where it can", "watch": "the running watch; absent where none runs", "pid": "process", "since": "when it began", "watch.at": "when it reported last", "serving": "blocks that are served", "watch.waiting": "definitions that are not applied", "unserved": "blocks that were applied once, were changed, and are not served until that is applied", "config_error": "why the newest edit is not served; absent where it is", "connections": "each connection; of a watch, why each is down, empty for up", "folders": "each drop folder", "id": "the block's address", "pending": "files that are not settled", "overflows": "lost events, made up for by a sweep", "rearms": "how often watching began anew", "last_sweep": "when the folder was looked through", "connections.state": "`up`, `down` or `idle`", "text": "one line", "folders.path": "as it is on this machine", "mode": "`events`, `poll` or `not watched`", "network": "the file system because of which it is polled; absent on a local disk", "queue": "files that wait", "oldest": "of those", "degraded": "why it cannot be watched as it should; absent where it can", "ignored": "files that match and are never taken", "schedules": "each export with a schedule", "next": "when, or what to do next", "last": "when it ran last", "last_result": "how that ended, or `skipped`", "items": "what is not done", "items.state": "`waiting failed unknown running`", "definitions_not_applied": "how many",

	"files": "in the order of the command line", "files.file": "as it was named", "encoding": "in which it was read", "errors": "the first of them, by position; max_errors bounds them", "errors.code": "stable; `dropform explain CODE` says more", "warnings.code": "as of an error", "warnings.line": "as of an error", "warnings.column": "as of an error", "warnings.value": "as of an error", "errors.line": "physical line on which the field or record begins", "record": "data record, from 1", "errors.column": "the header's name, empty for a whole record", "column_number": "from 1, 0 for a whole record", "offset": "byte in the file", "errors.value": "cut; masked where the column is sensitive", "errors.message": "one sentence", "expected": "what would have been right",
}
