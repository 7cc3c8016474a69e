package hcl_test

import (
	"strings"
	"testing"

	"dropform/engine"
	"dropform/hcl"
)

// TestEmptyForEach checks that a block without instances is read for its mistakes and leaves nothing behind.
func TestEmptyForEach(t *testing.T) {
	block := `
import "none" {
  for_each   = toset([])
  connection = connection.perbit.hr
  folder     = "in/${each.value}"
  object     = "o"
  method     = "m"
}
export "none" {
  for_each   = {}
  connection = connection.perbit.hr
  object     = each.value.number
  method     = "m"
  target {
    path = "same.csv"
  }
}
export "one" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"
  target {
    path = "same.csv"
  }
}
connection "perbit" "none" {
  for_each    = {}
  customer_id = each.value
  username    = "x"
  password    = secret("env:${each.key}")
}`
	c := mustLoad(t, map[string]string{"main.hcl": hr + block})
	if len(c.Imports) != 0 || len(c.Exports) != 1 || len(c.Connections) != 1 {
		t.Errorf("imports %d, exports %d, connections %d", len(c.Imports), len(c.Exports), len(c.Connections))
	}
	typed := `
variable "companies" {
  type    = map(object({ number = string }))
  default = {}
}
` + strings.Replace(block, "for_each   = {}", "for_each   = var.companies", 1)
	mustLoad(t, map[string]string{"main.hcl": hr + typed})
	_, diags := load(t, map[string]string{"main.hcl": hr + strings.Replace(typed, "each.value.number", "each.value.nubmer", 1)})
	if codes(diags) != "error unknown_reference" {
		t.Errorf("an attribute that the type does not have: %s", show(diags))
	}
}

// TestMovedIntoAnInstance is what for_each asks for when it is added to a block that has history.
func TestMovedIntoAnInstance(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
import "staff" {
  for_each   = toset(["b c", "d"])
  connection = connection.perbit.hr
  folder     = "in/${each.key}"
  object     = "o"
  method     = "m"
}
moved {
  from = import.staff
  to   = import.staff["b c"]
}`})
	from := engine.Address{Kind: engine.KindImport, Name: "staff"}
	to := from
	to.Key, to.Keyed = "b c", true
	if len(c.Moved) != 1 || c.Moved[0].From != from || c.Moved[0].To != to {
		t.Errorf("moved: %+v", c.Moved)
	}
}

// TestSizesStartFromTheEngine compares an empty csv block with the schema that holds without one.
func TestSizesStartFromTheEngine(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
import "a" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  csv {
  }
}
import "b" {
  connection = connection.perbit.hr
  folder     = "in2"
  object     = "o"
  method     = "m"
  csv {
    max_record = "1MB"
  }
}`})
	if got, want := c.Imports[0].CSV.MaxRecord, engine.NewCSV().MaxRecord; got != want {
		t.Errorf("max_record %d, the engine's is %d", got, want)
	}
	if got := c.Imports[1].CSV.MaxRecord; got != 1_000_000 {
		t.Errorf("1MB is %d bytes", got)
	}
}

// TestMasksOfOtherSources gives the value of a secret attribute from outside the configuration.
func TestMasksOfOtherSources(t *testing.T) {
	config := `
variable "pw" {
  type = string
  validation {
    condition     = length(var.pw) > 100
    error_message = "${var.pw} is short"
  }
}
connection "perbit" "hr" {
  customer_id = var.pw
  username    = "x"
  password    = var.pw
}`
	asJSON := `{"variable": {"pw": {"default": "hunter2-json"}}, "connection": {"perbit": {"hr": {
  "customer_id": "${var.pw}", "username": "x", "password": "${parseint(var.pw, \"hunter2-base\")}"}}}}`
	for _, test := range []struct {
		name   string
		files  map[string]string
		change func(*hcl.Request)
	}{
		{"flag", map[string]string{"main.hcl": config}, withVars(hcl.VarFlag{Text: "pw=hunter2-flag"})},
		{"environment", map[string]string{"main.hcl": config}, withEnv("DROPFORM_VAR_pw=hunter2-env")},
		{"file", map[string]string{"main.hcl": config, "dropform.vars.hcl": `pw = "hunter2-file"`}, withVars()},
		{"JSON", map[string]string{"main.hcl.json": asJSON}, withVars()},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, diags := load(t, test.files, test.change)
			if text := show(diags); len(diags) < 2 || strings.Contains(text, "hunter2") {
				t.Errorf("not masked, or not told:\n%s", text)
			}
		})
	}
}

// TestForEachOverSecrets: a secret gives no keys, however it comes in, and a configuration is never missing without a word.
func TestForEachOverSecrets(t *testing.T) {
	for _, expr := range []string{
		`toset([secret("env:X")])`, `{ a = secret("env:X") }`, `{ (secret("env:X")) = 1 }`, `local.keyed`, `toset([can(secret("env:X")) ? "a" : "b"])`,
		`toset(keys({ (secret("env:X")) = 1 }))`, `{ for k in [secret("env:X")] : k => 1 }`, `jsondecode(secret("env:X"))`,
	} {
		c, diags := load(t, map[string]string{"main.hcl": hr + `
locals {
  keyed = { (secret("env:Y")) = 1 }
}
import "i" {
  for_each   = ` + expr + `
  connection = connection.perbit.hr
  folder     = "in/${each.key}"
  object     = "o"
  method     = "m"
}`})
		if c != nil || !diags.HasErrors() || diags[0].Address != "import.i" {
			t.Errorf("%s: %s", expr, show(diags))
		}
	}
	_, diags := load(t, map[string]string{"main.hcl.json": `{"import": {"i": {"for_each": {"${secret(\"env:X\")}": 1}, "connection": "${connection.perbit.hr}",
		"folder": "in/${each.key}", "object": "o", "method": "m"}}, "connection": {"perbit": {"hr": {"username": "u", "password": "${secret(\"env:P\")}",
		"customer_id": "1b671a64-40d5-491e-99b0-da01ff1f3341"}}}}`})
	if codes(diags) != "error secret_not_allowed" {
		t.Errorf("in JSON: %s", show(diags))
	}
}

// TestNearestBlock: the label of a dynamic block and a property in JSON are names of blocks too.
func TestNearestBlock(t *testing.T) {
	for file, text := range map[string]string{
		"b.hcl":      `import "i" {` + "\n  dynamic \"archve\" {\n    for_each = [1]\n    content {}\n  }\n}",
		"b.hcl.json": `{"import": {"i": {"archve": {"folder": "x"}}}}`,
	} {
		if _, diags := load(t, map[string]string{"a.hcl": hr, file: text}); !strings.Contains(show(diags), `Did you mean "archive"?`) {
			t.Errorf("%s: %s", file, show(diags))
		}
	}
}
