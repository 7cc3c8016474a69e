package command

import (
	"fmt"
	"runtime"
	"strings"

	"dropform/engine"
)

// stepKinds are the kinds of step in the order in which legends and counts name them.
var stepKinds = []engine.ActionKind{
	engine.Upload, engine.Reject, engine.Duplicate, engine.RunExport, engine.ReadPosition, engine.SetReady, engine.CopyPosition, engine.SaveAs,
	engine.Purchase, engine.Delete, engine.Resume, engine.NeedsPerson,
}

// legendOf says what a kind's sign stands for.
func legendOf(k engine.ActionKind) string {
	switch k {
	case engine.Upload:
		return "upload a file"
	case engine.Reject:
		return "reject a file (nothing is sent, a report is written beside it)"
	case engine.Duplicate:
		return "archive a duplicate (nothing is sent)"
	case engine.RunExport:
		return "run an export"
	case engine.Resume:
		return "finish what was interrupted (nothing is sent again)"
	case engine.ReadPosition:
		return "read position data"
	case engine.SetReady:
		return "set a ready status"
	case engine.CopyPosition:
		return "copy a position"
	case engine.SaveAs:
		return "save a document as another"
	case engine.Purchase:
		return "place a purchase (irreversible)"
	case engine.Delete:
		return "delete a position (irreversible)"
	default:
		return "needs a person"
	}
}

// counted is a kind's part of the line "Plan: …".
func counted(k engine.ActionKind, n int) string {
	switch k {
	case engine.Upload:
		return fmt.Sprintf("%s to upload", thousands(int64(n)))
	case engine.Reject:
		return fmt.Sprintf("%s to reject", thousands(int64(n)))
	case engine.Duplicate:
		return fmt.Sprintf("%s to archive as duplicate", thousands(int64(n)))
	case engine.RunExport:
		return fmt.Sprintf("%s to export", thousands(int64(n)))
	case engine.Resume:
		return fmt.Sprintf("%s to resume", thousands(int64(n)))
	case engine.ReadPosition:
		return fmt.Sprintf("%s to read", thousands(int64(n)))
	case engine.SetReady:
		return fmt.Sprintf("%s to set ready", thousands(int64(n)))
	case engine.CopyPosition:
		return fmt.Sprintf("%s to copy", thousands(int64(n)))
	case engine.SaveAs:
		return fmt.Sprintf("%s to save as", thousands(int64(n)))
	case engine.Purchase:
		return fmt.Sprintf("%s to purchase", thousands(int64(n)))
	case engine.Delete:
		return fmt.Sprintf("%s to delete", thousands(int64(n)))
	}
	if n == 1 {
		return "1 waits for a person"
	}
	return fmt.Sprintf("%s wait for a person", thousands(int64(n)))
}

// planLine is the line that ends a plan.
func planLine(p *engine.Plan) string {
	var parts []string
	for _, k := range stepKinds {
		if n := p.Count(k); n > 0 {
			parts = append(parts, counted(k, n))
		}
	}
	if len(parts) == 0 {
		return "Plan: no steps."
	}
	return "Plan: " + strings.Join(parts, ", ") + "."
}

// definitionVerbs are the differences of definitions in the order in which they are counted.
var definitionVerbs = []struct{ verb, sign, infinitive, heading string }{
	{"create", "+", "to add", "will be added"},
	{"update", "~", "to change", "will be changed"},
	{"move", "~", "to move", "has moved"},
	{"forget", "-", "to forget", "will be forgotten (folders, files, protocols and the ledger stay)"},
}

func verbOf(verb string) (sign, infinitive, heading string) {
	for _, v := range definitionVerbs {
		if v.verb == verb {
			return v.sign, v.infinitive, v.heading
		}
	}
	return "~", "to " + verb, "will " + verb
}

// definitionsLine counts the differences of definitions; empty where there are none.
func definitionsLine(p *engine.Plan) string {
	counts := map[string]int{}
	for _, d := range p.Definitions {
		counts[d.Verb]++
	}
	var parts []string
	for _, v := range definitionVerbs {
		if n := counts[v.verb]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v.infinitive))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Definitions: " + strings.Join(parts, ", ") + "."
}

// decisions says which commands end a question. address is a step's, or its block's where many ask the same.
func decisions(reason string, address engine.Address) string {
	a := shellWord(address.String())
	if reason == engine.ReasonUnknown {
		return fmt.Sprintf("dropform resolve %s -happened, or -did-not-happen", a)
	}
	return fmt.Sprintf("dropform retry %s to send, dropform adopt %s to count as done", a, a)
}

// shellWord quotes an address where a shell would read its brackets as a pattern.
func shellWord(text string) string {
	if !strings.ContainsAny(text, "[]*?'\" &();$<>|\\`") {
		return text
	}
	if runtime.GOOS == "windows" {
		return `"` + text + `"`
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
