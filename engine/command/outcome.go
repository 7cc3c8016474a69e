package command

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dropform/engine"
	"dropform/engine/diag"
)

// heartbeat is how often a running step says that it still runs.
const heartbeat = 10 * time.Second

// phrase is what a step is doing in the middle.
func phrase(l tongue, phase string, k engine.ActionKind) string {
	switch {
	case phase != "":
	case k == engine.RunExport:
		phase = "exporting"
	default:
		phase = "working"
	}
	return l.say(phase) + "..."
}

// seconds is a duration as Terraform's progress lines print it.
func seconds(d time.Duration) string { return d.Round(time.Second).String() }

// endLine is a step's last line.
func endLine(l tongue, e engine.StepEnded) string {
	var what string
	switch e.Result {
	case engine.ResultDone:
		what = l.sayf("%s after %s", wordsOf(e.Action.Kind).completed, seconds(e.Elapsed))
	case engine.ResultWarned:
		what = l.sayf("Completed with errors after %s", seconds(e.Elapsed))
	case engine.ResultRejected:
		what = l.say("Rejected, nothing was sent")
	case engine.ResultUnknown:
		what = l.sayf("Outcome unknown after %s", seconds(e.Elapsed))
	case engine.ResultWaiting:
		what = l.sayf("Still running on the server after %s", seconds(e.Elapsed))
	case engine.ResultNotStarted:
		what = l.say("Not started")
	default:
		what = l.sayf("Failed after %s", seconds(e.Elapsed))
	}
	line := e.Action.Address.String() + ": " + what
	if text := detailOf(l, e); text != "" {
		line += " (" + text + ")"
	}
	return line
}

// detailOf is what the step's text adds to the words that its result has already.
func detailOf(l tongue, e engine.StepEnded) string {
	text := l.say(e.Text)
	for _, said := range []string{"rejected, nothing was sent: ", "imported, "} {
		text = strings.TrimPrefix(text, l.say(said))
	}
	return text
}

// endDiagnostic is the complaint about a step that did not go as it should.
func endDiagnostic(e engine.StepEnded) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: e.Code, Address: e.Action.Address.String()}
	switch e.Result {
	case engine.ResultDone:
		d.Severity, d.Summary = diag.Warning, "Done, and the answer is not as expected"
		d.Detail = sentences(e.Warning, e.Next)
		return d
	case engine.ResultWarned:
		d.Summary = "Completed with errors"
	case engine.ResultRejected:
		d.Summary = "File rejected"
	case engine.ResultUnknown:
		d.Summary = "Outcome unknown"
	case engine.ResultWaiting:
		d.Severity, d.Summary = diag.Warning, "Still running on the server"
	case engine.ResultNotStarted:
		d.Severity, d.Summary = diag.Warning, "Not started"
	default:
		d.Summary = "Step failed"
	}
	d.Detail = sentences(detailOf(english, e), e.Next)
	if e.Result == engine.ResultUnknown && e.Next == "" {
		d.Detail = sentences(detailOf(english, e), "When you know: "+decisions(engine.ReasonUnknown, e.Action.Address))
	}
	return d
}

// sentences joins what happened and what to do next, each as a sentence.
func sentences(text, next string) string {
	return strings.TrimSpace(sentence(text) + " " + sentence(next))
}

// addressFirst finds a sentence that begins with an address, which people copy as it stands.
var addressFirst = regexp.MustCompile(`^(?:import|export|rule|connection)\.`)

func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	if !strings.HasPrefix(text, "dropform ") && !addressFirst.MatchString(text) {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	if !strings.ContainsAny(text[len(text)-1:], ".!?'") {
		text += "."
	}
	return text
}

// noticeOf turns the events about connections, folders and the configuration into complaints; ok is false for the rest.
func noticeOf(e engine.Event) (diag.List, bool) {
	switch e := e.(type) {
	case engine.ConnectionDown:
		text := sentences(e.Text, e.Next)
		if e.Queued > 0 {
			text = sentences(text, english.count(e.Queued, "step waits for it.", "steps wait for it."))
		}
		return diag.List{{Severity: diag.Warning, Code: e.Code, Address: e.Address.String(), Summary: "Connection down", Detail: text}}, true
	case engine.FolderDegraded:
		return diag.List{{Severity: diag.Warning, Code: "folder_degraded", Address: e.Address.String(), Summary: "Folder cannot be watched as it should", Detail: e.Text}}, true
	case engine.FileStillChanging:
		return diag.List{{
			Severity: diag.Warning, Code: "still_changing", Address: e.Address.String(), Summary: "File has been changing for ten minutes",
			Detail: "It is neither skipped nor sent: it is taken once its writer is done. If nobody writes to it any more, some program still holds it open.",
		}}, true
	case engine.FileUnmarked:
		return diag.List{{
			Severity: diag.Warning, Code: "marker_missing", Address: e.Address.String(), Summary: "File has been without its marker for an hour",
			Detail: "It goes on waiting for the marker that ready_file names. If the program that drops the files has failed, drop the marker by hand, or take the file away.",
		}}, true
	case engine.RunSkipped:
		return diag.List{{
			Severity: diag.Warning, Code: "run_skipped", Address: e.Address.String(), Summary: "A run was left out",
			Detail: sentences(e.Text, "to run it now: dropform apply -replace="+e.Address.Block().String()),
		}}, true
	case engine.ConfigLoaded:
		var out diag.List
		for _, a := range e.Unserved {
			out = append(out, diag.Diagnostic{
				Severity: diag.Warning, Code: "not_served", Address: a.String(), Summary: "Changed since it was applied",
				Detail: "It is not served until the change is applied with dropform apply. Its files stay where they are.",
			})
		}
		return out, len(out) > 0
	case engine.ConfigRejected:
		out := diag.List{{Severity: diag.Warning, Code: "configuration_rejected", Summary: "The edited configuration has errors", Detail: "The one before it stays in force until it is corrected."}}
		return append(out, e.Diags...), true
	}
	return nil, false
}
