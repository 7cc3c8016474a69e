package command

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/engine"
	"dropform/engine/csvschema"
	"dropform/engine/diag"
	"dropform/engine/durable"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "plan", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), string(got)); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, d)
	}
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(kind engine.Kind, name string) engine.Address { return engine.Address{Kind: kind, Name: name} }

func keyed(a engine.Address, key string) engine.Address {
	a.Key, a.Keyed = key, true
	return a
}

func file(a engine.Address, k engine.ActionKind, name, reason string, size int64) engine.Action {
	return engine.Action{
		Address: a.Of(name), Kind: k, Reason: reason,
		Import: &engine.Import{Method: "Import Mitarbeiterstammdaten Standard"},
		File:   engine.FileSeen{Name: name, Stamp: durable.Stamp{Size: size}},
	}
}

// plans are the screens that the golden files hold, by name.
func plans() map[string]*engine.Plan {
	staff, absence, payroll := at(engine.KindImport, "staff"), at(engine.KindImport, "absence"), at(engine.KindExport, "payroll")
	hr := at(engine.KindConnectionPerbit, "hr")

	rejected := file(staff, engine.Reject, "april.csv", engine.ReasonInvalid, 4711)
	rejected.Text = "5 errors in it"
	rejected.Report = &csvschema.Report{ErrorCount: 5, Errors: []csvschema.Fault{
		{Line: 3, Column: "Eintritt", Message: csvschema.Verbatim("31.02.2026 is not a day of the calendar")},
		{Line: 7, Message: csvschema.Verbatim("the record has 3 fields instead of 4")},
		{Line: 9, Column: "PersonalNr", Message: csvschema.Verbatim("the value is missing")},
		{Line: 10, Column: "PersonalNr", Message: csvschema.Verbatim("the value is missing")},
	}}
	uploaded := file(staff, engine.Upload, "march.csv", engine.ReasonNew, 12_345)
	uploaded.File.Rows = 812
	unknown := file(staff, engine.NeedsPerson, "february.csv", engine.ReasonUnknown, 900)
	export := engine.Action{Address: payroll.Of("2026-11-21T12:00"), Kind: engine.RunExport, Reason: engine.ReasonNeverRun, Export: &engine.Export{Method: "Datenexport Lohn"}}

	many := &engine.Plan{Now: noon}
	for i := range 107 {
		many.Actions = append(many.Actions, file(absence, engine.Upload, "file"+string(rune('a'+i/26))+string(rune('a'+i%26))+".csv", engine.ReasonNew, 100))
	}
	for _, name := range []string{"old1.csv", "old2.csv"} {
		many.Actions = append(many.Actions, file(absence, engine.NeedsPerson, name, engine.ReasonExisting, 100))
	}
	many.Definitions = []engine.DefinitionChange{{
		Address: absence, Verb: "create", Existing: 5000, Oldest: time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC),
		Attributes: []engine.AttributeChange{{Path: "folder", New: `"absence/in"`}},
	}}

	company := func(key, number string) engine.DefinitionChange {
		return engine.DefinitionChange{Address: keyed(payroll, key), Verb: "create", Attributes: []engine.AttributeChange{
			{Path: "connection", New: "connection.perbit.hr"},
			{Path: "method", New: `"Datenexport Lohn"`},
			{Path: "variables.FirmenNr", New: `"` + number + `"`},
		}}
	}
	return map[string]*engine.Plan{
		"empty": {Now: noon},
		"waiting": {
			Now:      noon,
			UnderWay: []engine.UnderWay{{Address: staff.Of("march.csv"), Owner: "watch, process 4711 since 05:30"}},
			Waiting:  []engine.Waiting{{Address: staff.Of("april.csv"), Reason: "still being written"}},
		},
		"mixed": {
			Now: noon,
			Definitions: []engine.DefinitionChange{
				{Address: hr, Verb: "create", Attributes: []engine.AttributeChange{
					{Path: "password", New: `secret("env:PERBIT_PASSWORD")`, Sensitive: true},
					{Path: "url", New: `"https://de.perbit.cloud/webApi"`},
				}},
				{Address: staff, Verb: "update", Attributes: []engine.AttributeChange{
					{Path: "email", New: `"hr@example.com"`},
					{Path: "method", Old: `"Import Mitarbeiter"`, New: `"Import Mitarbeiterstammdaten Standard"`},
					{Path: "settle", Old: `"5s"`},
				}},
			},
			Actions: []engine.Action{uploaded, rejected, file(staff, engine.Duplicate, "march (2).csv", engine.ReasonImported, 12_345), unknown, export},
		},
		"folded": many,
		"definitions": {
			Now: noon,
			Definitions: []engine.DefinitionChange{
				company("berlin", "07"), company("wels", "04"),
				{Address: at(engine.KindImport, "people"), From: staff, Verb: "move"},
				{Address: at(engine.KindImport, "times"), Verb: "forget"},
			},
		},
	}
}

func TestPlansOnTheScreen(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			text := planText{screen: &screen{w: &b}, plan: p}
			text.show()
			golden(t, name+".txt", b.Bytes())
		})
	}
}

// On a terminal sentences are broken between words; columns of steps and definitions stay, as in Terraform. Nothing is lost,
// and where the stream is no terminal each sentence is on its line.
func TestPlanAtEveryWidth(t *testing.T) {
	p := plans()["mixed"]
	show := func(width int) string {
		var b bytes.Buffer
		text := planText{screen: &screen{w: &b, width: width}, plan: p}
		text.show()
		return b.String()
	}
	whole := show(0)
	for _, width := range []int{40, 60, 80, 120} {
		got := show(width)
		if d := cmp.Diff(strings.Fields(whole), strings.Fields(got)); d != "" {
			t.Errorf("%d columns (-whole +got):\n%s", width, d)
		}
		for _, line := range strings.Split(got, "\n") {
			prose := strings.HasPrefix(line, "        ") || line != "" && line[0] != ' '
			if prose && !strings.HasPrefix(line, "Plan:") && !strings.HasPrefix(line, "Definitions:") && len([]rune(line)) > width {
				t.Errorf("%d columns: %q", width, line)
			}
		}
	}
	if !strings.Contains(show(40), "\n        line 3, column \"Eintritt\":\n        31.02.2026 is not a day of the\n        calendar\n") {
		t.Errorf("a fault is not broken under itself:\n%s", show(40))
	}
}

func TestFullPlanFoldsNothing(t *testing.T) {
	var b bytes.Buffer
	text := planText{screen: &screen{w: &b}, plan: plans()["folded"], full: true}
	text.show()
	if n := bytes.Count(b.Bytes(), []byte("  + import.absence[")); n != 107 {
		t.Errorf("%d uploads are listed, want 107", n)
	}
	if bytes.Contains(b.Bytes(), []byte("…")) {
		t.Errorf("something is folded:\n%s", b.String())
	}
}

func TestPlansAsJSON(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			v := newJSONView(&b, func() time.Time { return noon }, "1.2.3")
			v.hello()
			v.plan(p)
			golden(t, name+".jsonl", b.Bytes())
		})
	}
}

// A run's lines, in text and JSON, from the same events.
func TestRunOnTheScreenAndAsJSON(t *testing.T) {
	staff := at(engine.KindImport, "staff")
	held := file(staff, engine.Upload, "june.csv", "new", 10)
	held.Import.Connection = &engine.Connection{Declared: engine.Declared{Address: at(engine.KindConnectionPerbit, "hr")}}
	good, bad, lost := file(staff, engine.Upload, "march.csv", "new", 10), file(staff, engine.Reject, "april.csv", "invalid", 10), file(staff, engine.Upload, "may.csv", "new", 10)
	events := []engine.Event{
		engine.DefinitionApplied{Change: &engine.DefinitionChange{Address: staff, Verb: "create"}},
		engine.StepStarted{Action: &good},
		engine.StepEnded{Action: &good, Result: engine.ResultDone, Text: "imported, protocol: march.csv.protocol.txt", Elapsed: 2 * time.Second},
		engine.StepStarted{Action: &bad},
		engine.StepEnded{Action: &bad, Result: engine.ResultRejected, Code: "rejected", Text: "rejected, nothing was sent: 1 error in it, see april.csv.errors.txt", Next: "put a corrected file into the folder"},
		engine.ConnectionDown{Address: at(engine.KindConnectionPerbit, "hr"), Code: "transient", Text: "the server does not answer", Next: "wait", Queued: 2},
		engine.StepStarted{Action: &lost},
		engine.StepEnded{Action: &lost, Result: engine.ResultUnknown, Code: "transient", Text: "the answer was lost", Elapsed: time.Minute},
		engine.ConnectionDown{Address: at(engine.KindConnectionPerbit, "hr"), Code: "transient", Text: "the server does not answer", Queued: 3},
		engine.StepStarted{Action: &held},
		engine.StepEnded{Action: &held, Result: engine.ResultNotStarted, Code: "transient", Text: "the server does not answer", Quiet: true},
		engine.FolderDegraded{Address: staff, Text: "it is on a network share"},
		engine.FolderHealed{Address: staff},
		engine.ConfigRejected{Diags: diag.List{{Summary: "Unknown attribute", Code: "unknown_attribute"}}},
		engine.ConfigLoaded{Serving: []engine.Address{staff}, Waiting: []engine.Address{at(engine.KindExport, "payroll")}},
	}
	var tally engine.Tally
	tally.Definitions = 1
	tally.Count(engine.Upload, engine.ResultDone)
	tally.Count(engine.Reject, engine.ResultRejected)
	tally.Count(engine.Upload, engine.ResultUnknown)

	var out, errs, lines bytes.Buffer
	clock := func() time.Time { return noon }
	text := newTextView(&screen{w: &out}, &screen{w: &errs}, clock, false)
	ui := newJSONView(&lines, clock, "1.2.3")
	for _, e := range events {
		text.event(e)
		ui.event(e)
	}
	text.conclude(conclusion{operation: "apply", ran: tally})
	ui.conclude(conclusion{operation: "apply", ran: tally})
	golden(t, "run.out.txt", out.Bytes())
	golden(t, "run.err.txt", errs.Bytes())
	golden(t, "run.jsonl", lines.Bytes())
}
