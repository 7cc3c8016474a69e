package command

import (
	"bytes"
	"encoding/json"
	"time"

	"dropform/engine"
	"dropform/engine/csvschema"
	"dropform/engine/diag"
)

// exampleVersion stands for this program's in the examples.
const exampleVersion = "0.1.0"

var exampleTime = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// exampleLines has one line of each type that a run prints, from the view that prints them.
func exampleLines() []jsonExample {
	clock, out := exampleTime, &bytes.Buffer{}
	v := newJSONView(out, func() time.Time { return clock }, exampleVersion)
	take := func(title, when string) jsonExample {
		line, _, _ := bytes.Cut(out.Bytes(), []byte("\n"))
		e := jsonExample{title, when, bytes.Clone(line)}
		out.Reset()
		return e
	}
	block := engine.Address{Kind: engine.KindImport, Name: "staff"}
	step := engine.Action{Address: block.Of("march.csv"), Kind: engine.Upload, Reason: engine.ReasonNew}
	var examples []jsonExample
	add := func(title, when string) { examples = append(examples, take(title, when)) }

	v.hello()
	add("version", "The first line.")
	v.planned([]change{exampleChange()})
	add("planned_change", "One for each difference of definitions, then one for each step.")
	var tally engine.Tally
	tally.Count(engine.Upload, engine.ResultDone)
	v.conclude(conclusion{operation: "apply", ran: tally})
	add("change_summary", "After the changes of a plan, there without `tally`; and the last line of a run.")
	v.event(engine.StepStarted{Action: &step})
	add("apply_start", "A step begins.")
	clock = clock.Add(heartbeat)
	v.event(engine.StepProgress{Action: &step, Phase: "importing", Percent: 40})
	add("apply_progress", "Every ten seconds while a step runs.")
	v.event(engine.StepEnded{Action: &step, Result: engine.ResultDone, Text: "imported, protocol: march.csv.protocol.txt", Elapsed: 2 * time.Second})
	add("apply_complete", "A step was done, or a definition was applied.")
	v.event(engine.StepEnded{Action: &step, Result: engine.ResultUnknown, Code: "network", Text: "the answer was lost", Elapsed: time.Minute})
	add("apply_errored", "A step ended otherwise; a `diagnostic` with the reason follows.")
	v.diagnostics(diag.List{exampleDiagnostic()})
	add("diagnostic", "An error or a warning, at any time.")
	return examples
}

func exampleChange() change {
	return change{
		"rule.purchase.orders[101224-01]", string(engine.Purchase), engine.ReasonRow, engine.Purchase.Risk(), string(engine.ApprovalRequired),
		&orderJSON{
			File: "march.csv", Line: 2, Sent: json.RawMessage(`{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","PosNbr":"Pos01"}`),
			Positions: []orderLineJSON{{"Pos01", 2, "T-780-WE", "4", "345.0", "155.25", "621.00"}}, Total: "621.00", Complete: true, Unknown: "the server does not know GetPositionData",
		},
	}
}

func exampleDiagnostic() diag.Diagnostic {
	place := diag.Range{Filename: "main.hcl", Start: diag.Pos{Line: 8, Column: 16, Byte: 120}, End: diag.Pos{Line: 8, Column: 32, Byte: 136}}
	return diag.Diagnostic{
		Code: "unknown_reference", Address: "import.staff", Summary: "Unknown reference", Detail: "There is no variable \"objekt\". Did you mean var.object?", Range: &place,
		Snippet: &diag.Snippet{Context: "import \"staff\"", Code: "  object     = var.objekt", StartLine: 8, HighlightStartOffset: 15, HighlightEndOffset: 25, Values: []diag.Value{{Traversal: "var.objekt", Statement: "is unknown"}}},
	}
}

// exampleDocuments has each document that a command prints, filled as far as it can be.
func exampleDocuments() []jsonExample {
	sum := "fac27e253e8a7898a85783232dea5e2142fed59d99859f858fa66d96644dbd6b"
	definition := definitionJSON{"import.staff", exampleTime, []engine.Attribute{{Path: "folder", Value: `"staff/in"`}, {Path: "email", Value: "(sensitive value)", Sensitive: true}}}
	event := eventJSON{exampleTime, "import.staff[march.csv]", "resolved", "812 rows, seen in the import log", "kim"}
	documents := []struct {
		title, when string
		value       any
	}{
		{"validate -json", "Terraform's document, with an address and a code for each message.", validationOf(diag.List{exampleDiagnostic()})},
		{"show -json", "Everything that was applied; with an address only what belongs to that. What there is nothing of is absent.", shown{
			FormatVersion: "1.0", Address: "import.staff[march.csv]", Definitions: []definitionJSON{definition},
			File: &fileJSON{"march.csv", 12345, sum, "done", "imported", exampleTime},
			Work: []workJSON{{
				"done_with_errors", "Mitarbeiter", "Import Mitarbeiterstammdaten Standard", sum, sum, 12345, "4711", "network", "two records were refused", "/data/staff/march.csv.protocol.txt", 812, exampleTime, exampleTime.Add(time.Minute),
				&callJSON{"orders.csv", 2, json.RawMessage(`{"Action":"Purchase"}`), json.RawMessage(`{"Success":true}`)},
			}},
			Events: []eventJSON{event}, Protocol: "Neu angelegt: 812",
		}},
		{"show -json PLAN", "A saved plan, as `plan -out` wrote it.", engine.SavedPlan{
			FormatVersion: "1.0", Dropform: exampleVersion, Ledger: "0b5d2e7c-6f3a-4d0e-9f51-6a1c7de3b402", Inputs: sum, At: exampleTime,
			Targets: []string{"import.staff"}, Excludes: []string{"rule.*"}, Replace: []string{"export.payroll"}, AsOf: exampleTime,
			Definitions: []engine.SavedDefinition{{Address: "import.staff", Action: "create", Digest: sum}},
			Steps: []engine.SavedStep{{
				Address: "import.staff[march.csv]", Action: engine.Upload, Reason: engine.ReasonNew, Risk: engine.Upload.Risk(),
				Expect: engine.Expectation{
					File: sum, Size: 12345, Request: 1, Slot: exampleTime, Status: "failed, attempt 7", Call: sum, Sent: sum,
					Prices:        []engine.SavedPrice{{GUID: "b061a882-3cfa-21a2-d814-380d500dbbc9", Article: "T-780-WE", ListPrice: "1234.56", FCoPrc: "987.65"}},
					PricesUnknown: "not read",
				},
			}},
		}},
		{"status -json", "How everything stands.", statusDocument(exampleStatus(), "main.hcl:3: Unknown block")},
		{"history -json", "One object a line, oldest first.", event},
		{"state pull", "The whole state.", pulled{"1.0", exampleVersion, "0b5d2e7c-6f3a-4d0e-9f51-6a1c7de3b402", []definitionJSON{definition}, []workSummaryJSON{{"import.staff", map[string]int{"done": 12, "failed": 1}, exampleTime}}}},
		{"version -json", "This program.", versionJSON{exampleVersion, "linux_amd64"}},
	}
	var examples []jsonExample
	for _, d := range documents {
		raw, err := json.MarshalIndent(d.value, "", "  ")
		if err != nil {
			panic(err) // texts, numbers and structs of them always encode
		}
		examples = append(examples, jsonExample{d.title, d.when, raw})
	}
	var checked bytes.Buffer
	fault := csvschema.Fault{Code: "type", Line: 3, Record: 2, Column: "Bis", ColumnNumber: 4, Offset: 57, Value: "31.11.2026", Message: csvschema.Verbatim("the value is not of type date"), Expected: csvschema.Verbatim("a date in the form DD.MM.YYYY")}
	report := &csvschema.Report{Size: 351, Encoding: "utf-8", Rows: 4, ErrorCount: 1, Errors: []csvschema.Fault{fault}, WarningCount: 1, Warnings: []csvschema.Fault{fault}}
	if err := csvschema.WriteJSON(&checked, csvschema.Checked{File: "march.csv", SHA256: "fac27e25", Report: report}); err != nil {
		panic(err)
	}
	return append(examples, jsonExample{"check -json", "The files that were checked; also `NAME.errors.json` beside a rejected file.", checked.Bytes()})
}

func exampleStatus() *engine.Status {
	return &engine.Status{
		Watch: &engine.WatchState{
			PID: 4711, Since: exampleTime, At: exampleTime, Serving: []string{"import.staff"}, Waiting: []string{"import.times"}, Unserved: []string{"import.times"}, ConfigError: "main.hcl:3: Unknown block",
			Connections: map[string]string{"connection.perbit.hr": ""},
			Folders:     []engine.WatchStatus{{ID: "import.staff", Mode: "poll", Network: "nfs", Degraded: "it cannot be listed", Pending: 1, Oldest: exampleTime, Overflows: 1, Rearms: 1, LastSweep: exampleTime}},
		},
		Connections: []engine.ConnectionStatus{{Address: "connection.perbit.hr", State: "down", Text: "the server does not answer"}},
		Folders:     []engine.FolderStatus{{Address: "import.staff", Path: "/data/staff", Mode: "poll", Network: "nfs", Queue: 2, Oldest: exampleTime, Degraded: "it cannot be listed", Ignored: []engine.Ignored{{Name: "~$march.csv", Reason: "temporary or hidden"}}}},
		Schedules:   []engine.ScheduleStatus{{Address: "export.payroll", Next: exampleTime, Last: exampleTime, LastResult: "done"}},
		Items:       []engine.StatusItem{{Address: "import.staff[march.csv]", State: "unknown", Text: "the answer was lost", Next: "dropform resolve", Since: exampleTime}},
		Definitions: 1,
	}
}
