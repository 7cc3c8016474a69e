package hcl_test

import (
	"strings"
	"testing"

	"dropform/hcl"
)

// TestVariableSources adds one stronger source after the other.
func TestVariableSources(t *testing.T) {
	config := `
variable "who" {
  type    = string
  default = "default"
}
export "e" {
  connection = connection.perbit.hr
  object     = var.who
  method     = "m"
  target {
    path = "o.csv"
  }
}` + hr
	files := map[string]string{"main.hcl": config}
	var env []string
	var flags []hcl.VarFlag
	expect := func(want string) {
		t.Helper()
		c := mustLoad(t, files, withEnv(env...), withVars(flags...))
		if got := c.Exports[0].Object; got != want {
			t.Errorf("var.who is %q, want %q", got, want)
		}
	}
	expect("default")
	env = []string{"DROPFORM_VAR_who=environment", "DROPFORM_VAR_unknown=x"}
	expect("environment")
	files["dropform.vars.hcl"] = `who = "vars file"`
	expect("vars file")
	files["b.auto.vars.hcl"] = `who = "auto b"`
	files["a.auto.vars.hcl"] = `who = "auto a"`
	files["other.vars.hcl"] = `who = "not read"`
	files[".hidden.hcl"] = `nonsense`
	expect("auto b")
	flags = append(flags, hcl.VarFlag{Text: "who=flag"}, hcl.VarFlag{File: true, Text: "other.vars.hcl"})
	expect("not read")
	flags = append(flags, hcl.VarFlag{Text: "who=04"})
	expect("04")

	files["dropform.vars.hcl"] = `whoo = 1`
	if _, diags := load(t, files); codes(diags) != "warning undeclared_variable" || !strings.Contains(diags[0].Detail, `"who"`) {
		t.Errorf("undeclared in a file: %s", show(diags))
	}
	flags = []hcl.VarFlag{{Text: "whoo=1"}, {Text: "nonsense"}}
	if _, diags := load(t, files, withVars(flags...)); !strings.HasPrefix(codes(diags), "error invalid_variable, error undeclared_variable") {
		t.Errorf("undeclared on the command line: %s", show(diags))
	}
}

func TestVariableTypes(t *testing.T) {
	declare := func(body string) map[string]string {
		return map[string]string{"main.hcl": hr + "variable \"v\" {\n" + body + "\n}\nlocals {\n  used = var.v\n}\n"}
	}
	for _, test := range []struct{ name, body, flag, want string }{
		{"object from the command line", `type = map(object({ number = string, kind = optional(string, "x") }))`, `v={ wels = { number = "04" } }`, ""},
		{"a number would lose its zero", `type = map(object({ number = string }))`, `v={ wels = { number = 04 } }`, "error number_where_text"},
		{"text stays text", `type = string`, `v=04`, ""},
		{"number", `type = number`, `v=12`, ""},
		{"not a number", `type = number`, `v=x`, "error invalid_variable"},
		{"not HCL", `type = list(string)`, `v=[`, "error syntax"},
		{"unknown reference", `type = list(string)`, `v=[a]`, "error unknown_reference"},
		{"not nullable", "type = list(string)\nnullable = false", `v=null`, "error null_value"},
		{"null to the default", "type = list(string)\nnullable = false\ndefault = []", `v=null`, ""},
		{"validation", "type = string\nvalidation {\ncondition = var.v != \"x\"\nerror_message = \"not ${var.v}\"\n}", `v=x`, "error invalid_variable"},
		{"validation holds", "type = string\nvalidation {\ncondition = length(var.v) > 1\nerror_message = \"short\"\n}", `v=xy`, ""},
		{"validation without message", "validation {\ncondition = true\n}", `v=x`, "error missing_required"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, diags := load(t, declare(test.body), withVars(hcl.VarFlag{Text: test.flag}))
			if !strings.HasPrefix(codes(diags), test.want) || test.want == "" && len(diags) > 0 {
				t.Errorf("want %q, got:\n%s", test.want, show(diags))
			}
		})
	}
}
