package command

import (
	"fmt"
	"runtime"
	"strings"

	"dropform/engine"
)

// kindWords is how a kind of step is spoken of.
type kindWords struct {
	kind      engine.ActionKind
	legend    string // what its sign stands for
	planned   string // behind their number, in the line "Plan: …"
	starting  string
	completed string // at the end of one that went well
	one, many string // behind their number, when they are done
}

// steps are the kinds of step in the order in which legends and counts name them. What is not said of a kind is said as of
// a step that was interrupted.
var steps = []kindWords{
	{engine.Upload, "upload a file", "to upload", "Uploading...", "Import complete", "file uploaded.", "files uploaded."},
	{
		engine.Reject, "reject a file (nothing is sent, a report is written beside it)", "to reject", "Rejecting...", "Complete",
		"file rejected.", "files rejected.",
	},
	{
		engine.Duplicate, "archive a duplicate (nothing is sent)", "to archive as duplicate", "Archiving a duplicate...", "Duplicate archived",
		"duplicate archived.", "duplicates archived.",
	},
	{engine.RunExport, "run an export", "to export", "Exporting...", "Export complete", "export written.", "exports written."},
	{engine.ReadPosition, "read position data", "to read", "Reading...", "Complete", "position read.", "positions read."},
	{engine.SetReady, "set a ready status", "to set ready", "Setting the status...", "Complete", "status set.", "statuses set."},
	{engine.CopyPosition, "copy a position", "to copy", "Copying...", "Complete", "position copied.", "positions copied."},
	{engine.SaveAs, "save a document as another", "to save as", "Saving...", "Complete", "document saved.", "documents saved."},
	{engine.Purchase, "place a purchase (irreversible)", "to purchase", "Placing...", "Placed", "purchase placed.", "purchases placed."},
	{engine.Delete, "delete a position (irreversible)", "to delete", "Deleting...", "Complete", "position deleted.", "positions deleted."},
	{
		engine.Resume, "finish what was interrupted (nothing is sent again)", "to resume", "Resuming...", "Resumed and complete",
		"interrupted step finished.", "interrupted steps finished.",
	},
	{engine.NeedsPerson, "needs a person", "", "Resuming...", "Complete", "interrupted step finished.", "interrupted steps finished."},
}

// stepKinds are the kinds alone.
var stepKinds = func() (out []engine.ActionKind) {
	for _, w := range steps {
		out = append(out, w.kind)
	}
	return out
}()

// wordsOf is how a kind is spoken of.
func wordsOf(k engine.ActionKind) kindWords {
	for _, w := range steps {
		if w.kind == k {
			return w
		}
	}
	return steps[len(steps)-1]
}

// counted is a kind's part of the line "Plan: …".
func counted(l tongue, k engine.ActionKind, n int) string {
	switch {
	case k != engine.NeedsPerson:
		return l.number(int64(n)) + " " + l.say(wordsOf(k).planned)
	case n == 1:
		return l.say("1 waits for a person")
	}
	return l.sayf("%s wait for a person", thousands(int64(n)))
}

// planLine is the line that ends a plan.
func planLine(l tongue, p *engine.Plan) string {
	var parts []string
	for _, k := range stepKinds {
		if n := p.Count(k); n > 0 {
			parts = append(parts, counted(l, k, n))
		}
	}
	if len(parts) == 0 {
		return l.say("Plan: no steps.")
	}
	return l.sayf("Plan: %s.", strings.Join(parts, ", "))
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
func definitionsLine(l tongue, p *engine.Plan) string {
	counts := map[string]int{}
	for _, d := range p.Definitions {
		counts[d.Verb]++
	}
	var parts []string
	for _, v := range definitionVerbs {
		if n := counts[v.verb]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, l.say(v.infinitive)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return l.sayf("Definitions: %s.", strings.Join(parts, ", "))
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
