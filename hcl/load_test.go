package hcl_test

import (
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/hcl"
)

const guid = "1b671a64-40d5-491e-99b0-da01ff1f3341"

// hr is a connection that most tests need.
const hr = `
connection "perbit" "hr" {
  customer_id = "` + guid + `"
  username    = "API-Import-User"
  password    = secret("env:PW")
}
`

// mustLoad fails the test where there is any error.
func mustLoad(t testing.TB, files map[string]string, change ...func(*hcl.Request)) *engine.Config {
	t.Helper()
	c, diags := load(t, files, change...)
	if diags.HasErrors() {
		t.Fatalf("unexpected errors:\n%s", show(diags))
	}
	return c
}

func withVars(flags ...hcl.VarFlag) func(*hcl.Request) {
	return func(r *hcl.Request) { r.Vars = flags }
}

func withEnv(env ...string) func(*hcl.Request) { return func(r *hcl.Request) { r.Environ = env } }

func validating(r *hcl.Request) { r.Validate = true }

func codes(list diag.List) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Severity.String()+" "+d.Code)
	}
	return strings.Join(out, ", ")
}

func TestCompleteExample(t *testing.T) {
	text, err := os.ReadFile("testdata/example/complete.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if formatted, _ := hcl.Format("main.hcl", text); string(formatted) != string(text) {
		t.Error("the example is not in canonical style")
	}
	files := map[string]string{"main.hcl": string(text)}
	if c, diags := load(t, files, validating); c != nil || len(diags) > 0 {
		t.Errorf("validate without a value for customer_id: config %v, diagnostics:\n%s", c, show(diags))
	}
	if _, diags := load(t, files); codes(diags[:1]) != "error no_variable_value" {
		t.Errorf("without a value for customer_id: %s", codes(diags))
	}
	c := mustLoad(t, files, withVars(hcl.VarFlag{Text: "customer_id=" + guid}))
	if c.Location.String() != "Europe/Berlin" || c.LedgerPath != filepath.Join(workDir, ".dropform", "ledger.db") {
		t.Errorf("settings: %v %s", c.Location, c.LedgerPath)
	}
	i := c.Imports[0]
	if i.Connection != c.Connections[0] || i.Connection.CustomerID != guid || i.Folder != filepath.Join(workDir, "staff", "in") {
		t.Errorf("import: %+v", i)
	}
	if len(i.CSV.Columns) != 4 || i.CSV.Columns[2].Min != "0" || !i.CSV.Columns[2].Sensitive || i.CSV.Encoding != "windows-1252" {
		t.Errorf("csv: %+v", i.CSV)
	}
	when := time.Date(2026, 3, 31, 22, 30, 0, 0, time.UTC) // already April in Berlin
	if got, err := i.Archive.Folder(engine.FileScope{Name: "a.csv", Time: when}); err != nil || got != filepath.Join(workDir, "staff", "done", "2026", "04") {
		t.Errorf("archive folder %q, %v", got, err)
	}
	if len(c.Exports) != 2 || c.Exports[1].Address.String() != "export.payroll[wels]" || !c.Keyed[c.Exports[1].Address.Base()] {
		t.Fatalf("exports: %+v", c.Exports)
	}
	checkPayroll(t, c.Exports[1], c.Location)
	if len(c.Rules) != 2 || c.Rules[0].Address.String() != "rule.purchase.orders" {
		t.Errorf("rules: %+v", c.Rules)
	}
}

func checkPayroll(t *testing.T, e *engine.Export, zone *time.Location) {
	t.Helper()
	run := engine.RunScope{Time: time.Date(2027, 1, 31, 5, 30, 0, 0, zone), ID: "r1"}
	values := map[string]string{}
	for _, v := range e.Variables {
		s, err := v.Value(run)
		if err != nil {
			t.Fatal(err)
		}
		values[v.Name] = s
	}
	if d := cmp.Diff(map[string]string{"FirmenNr": "04", "Eintrittsdatum": "01.01.2027"}, values); d != "" {
		t.Error(d)
	}
	path, err := e.Target.Path(run)
	if want := filepath.Join(workDir, "payroll", "lohn_202701_wels.csv"); err != nil || path != want {
		t.Errorf("path %q, %v; want %q", path, err, want)
	}
	if e.Target.Root != filepath.Join(workDir, "payroll") || e.Target.Keep.Count != 12 || e.Expect.MaxShrink != 0.3 || !e.Expect.HasMaxShrink {
		t.Errorf("target %+v, expect %+v", e.Target, e.Expect)
	}
	if e.Schedule.Cron != "30 5 * * MON-FRI" || e.Schedule.Location != zone {
		t.Errorf("schedule %+v", e.Schedule)
	}
}

func TestDefaults(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
import "a" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  archive {
    folder = "done"
    keep   = "90d"
  }
}
export "e" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"
  target {
    path = "/abs/out.csv"
  }
}
`})
	conn := c.Connections[0]
	if conn.URL != "https://de.perbit.cloud/webApi" || conn.Auth != "login" || conn.CredentialCharset != "utf-8" || conn.Parameters != "auto" ||
		conn.Parallel != 1 || conn.Timeout != time.Minute || conn.MaxWait != 2*time.Hour || conn.RetryAttempts != 5 ||
		conn.ProgressFirst != 100*time.Millisecond || conn.RetryLongest != 5*time.Minute {
		t.Errorf("connection: %+v", conn)
	}
	i := c.Imports[0]
	if i.Match[0] != "*.csv" || i.Order != "name" || i.OnError != "skip" || i.MinSize != 1 || i.Poll != 30*time.Second || i.Duplicates != "skip" ||
		i.OnUnknown != "hold" || i.CSV != nil || i.Archive.Keep.Age != 90*24*time.Hour || i.Archive.FailedFolder != nil || i.ReadyFile != nil {
		t.Errorf("import: %+v", i)
	}
	if p, err := i.Protocol.Path(engine.FileScope{Name: "x.csv"}); p != "x.csv.protocol.txt" || err != nil {
		t.Errorf("protocol %q %v", p, err)
	}
	e := c.Exports[0]
	if e.Target.Root != "/abs" || e.Target.IfExists != "replace" || e.Target.Unmappable != "error" || e.Schedule != nil || e.VariablesStyle != "json" {
		t.Errorf("export: %+v", e)
	}
	if c.Language != "en" {
		t.Errorf("language %q", c.Language)
	}
	german := mustLoad(t, map[string]string{"main.hcl": hr}, withEnv("LANG=de_DE.UTF-8"))
	if german.Language != "de" {
		t.Errorf("language by LANG: %q", german.Language)
	}
}

func TestJSONSyntax(t *testing.T) {
	c := mustLoad(t, map[string]string{
		"a.hcl": hr,
		"b.hcl.json": `{
  "//": "comment",
  "variable": {"companies": {"type": "set(string)", "default": ["berlin", "wels"]}},
  "locals": {"root": "out"},
  "import": {"staff": {
    "for_each": "${var.companies}",
    "connection": "${connection.perbit.hr}",
    "folder": "in/${each.key}", "object": "o", "method": "m",
    "depends_on": ["export.e"],
    "csv": {"column": {"Nr": {"type": "integer"}}, "check": {"c": {"condition": "${row.Nr > 1}", "error_message": "small"}}},
    "dynamic": {"archive": {"for_each": [1], "content": {"folder": "done/${file.stem}"}}}
  }},
  "export": {"e": {
    "connection": "${connection.perbit.hr}", "object": "o", "method": "m",
    "variables": {"Datum": "${formatdate(\"YYYY\", run.time)}", "Nr": "04"},
    "target": {"path": "${local.root}/x/${run.id}.csv"}
  }}
}`,
	})
	if len(c.Imports) != 2 || c.Imports[1].Folder != filepath.Join(workDir, "in", "wels") || c.Imports[0].DependsOn[0].String() != "export.e" {
		t.Fatalf("imports: %+v", c.Imports)
	}
	folder, err := c.Imports[0].Archive.Folder(engine.FileScope{Name: "a.csv"})
	if err != nil || folder != filepath.Join(workDir, "done", "a") {
		t.Errorf("archive %q, %v", folder, err)
	}
	if ok, message, err := c.Imports[0].CSV.Checks[0].Holds(map[string]any{"Nr": big.NewFloat(1)}); ok || message != "small" || err != nil {
		t.Errorf("check: %t %q %v", ok, message, err)
	}
	if e := c.Exports[0]; e.Target.Root != filepath.Join(workDir, "out", "x") || len(e.Variables) != 2 {
		t.Errorf("export: %+v", e)
	}
	_, diags := load(t, map[string]string{"a.hcl.json": `{"import": {"x": {"folder": 04}}}`})
	if !diags.HasErrors() || diags[0].Code != "syntax" || diags[0].Range.Filename != "a.hcl.json" {
		t.Errorf("a number with a leading zero in JSON: %s", show(diags))
	}
	_, diags = load(t, map[string]string{"a.hcl.json": `{"import": {"x": {"foldr": "a", "object": 4}}}`})
	if got := codes(diags); !strings.Contains(got, "unknown_attribute") || !strings.Contains(got, "number_where_text") || !strings.Contains(got, "missing_required") {
		t.Errorf("mistakes in JSON: %s", show(diags))
	}
}

func TestChecksOverRows(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
import "a" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  csv {
    column "Von" {
      type = "date"
      format = "DD.MM.YYYY"
    }
    column "Bis" {
      type = "date"
    }
    column "Menge" {
      type = "decimal"
      min  = 0.5
    }
    check "order" {
      condition     = row.Bis == null || row.Menge > 2
      error_message = "${row.Von} is wrong"
    }
    check "fails" {
      condition     = row.Menge > 1
      error_message = "x"
    }
  }
}`})
	csv := c.Imports[0].CSV
	if csv.Columns[2].Min != "0,5" {
		t.Errorf("min in the column's notation: %q", csv.Columns[2].Min)
	}
	row := map[string]any{"Von": "2026-01-01", "Bis": "2026-01-02", "Menge": big.NewFloat(2.5)}
	if ok, _, err := csv.Checks[0].Holds(row); !ok || err != nil {
		t.Errorf("holds: %t %v", ok, err)
	}
	row["Menge"] = big.NewFloat(1)
	if ok, message, err := csv.Checks[0].Holds(row); ok || err != nil || message != "2026-01-01 is wrong" {
		t.Errorf("holds: %t %q %v", ok, message, err)
	}
	row["Menge"] = nil
	if _, _, err := csv.Checks[1].Holds(row); err == nil || !strings.Contains(err.Error(), "x == null ||") {
		t.Errorf("comparing null: %v", err)
	}
}

func TestPreconditions(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
import "a" {
  for_each   = toset(["x", "y"])
  connection = connection.perbit.hr
  folder     = "in/${each.key}"
  object     = "o"
  method     = "m"
  precondition {
    condition     = each.key == "x"
    error_message = "${each.key} is not ready"
  }
}`})
	if c.Imports[0].Failed != nil || len(c.Imports[1].Failed) != 1 {
		t.Fatalf("failed: %v, %v", c.Imports[0].Failed, c.Imports[1].Failed)
	}
	if d := c.Imports[1].Failed[0]; d.Detail != "y is not ready" || d.Range == nil || d.Snippet == nil || len(d.Snippet.Values) != 1 || d.Snippet.Values[0].Statement != `is "y"` {
		t.Errorf("told: %+v, %+v", d, d.Snippet)
	}
}

func TestMoved(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
moved {
  from = import.old
  to   = import.absence["wels"]
}`})
	if len(c.Moved) != 1 || c.Moved[0].From.String() != "import.old" || c.Moved[0].To.String() != "import.absence[wels]" {
		t.Errorf("moved: %+v", c.Moved)
	}
}

func TestNoConfiguration(t *testing.T) {
	_, diags := load(t, map[string]string{"notes.txt": "x", "only.vars.hcl": "a = 1"})
	if codes(diags) != "error no_configuration" {
		t.Error(show(diags))
	}
	_, diags = hcl.Load(hcl.Request{Fs: afero.NewMemMapFs(), Dir: filepath.Join(workDir, "nowhere"), Now: time.Now})
	if codes(diags) != "error file_unreadable" {
		t.Error(show(diags))
	}
}
