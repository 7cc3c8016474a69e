package hcl_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine"
)

// TestDefinition pins what a definition is compared by.
func TestDefinition(t *testing.T) {
	config := `
variable "token" {
  sensitive = true
  default   = "streng-geheim"
}
locals {
  stamp = formatdate("YYYY", timestamp())
  root  = "out"
}
connection "perbit" "hr" {
  for_each    = toset(["wels"])
  customer_id = "` + guid + `"
  username    = var.token
  password    = secret("env:PW_${each.key}")
}
export "e" {
  for_each    = { wels = { number = "04" } }
  description = "two $${words}"
  connection  = connection.perbit.hr[each.key]
  object      = upper("o")
  method      = "m-${local.stamp}"
  variables = {
    Nr    = each.value.number
    Tag   = formatdate(
      "DD",
      run.time
    )
    Token = var.token
  }
  depends_on = [export.other]
  target {
    path = "${local.root}/${each.key}_${run.id}.csv"
    keep = "90d"
  }
}
export "other" {
  connection = connection.perbit.hr["wels"]
  object     = "o"
  method     = "m"
  target {
    path = "o.csv"
  }
}
`
	c := mustLoad(t, map[string]string{"main.hcl": config})
	var got []string
	for _, a := range append(c.Connections[0].Attributes, c.Exports[0].Attributes...) {
		got = append(got, fmt.Sprintf("%s = %s %t", a.Path, a.Value, a.Sensitive))
	}
	want := []string{
		`customer_id = "` + guid + `" false`,
		`password = secret("env:PW_wels") true`,
		`username = (sensitive value) true`,
		`connection = connection.perbit.hr[wels] false`,
		`depends_on = [export.other] false`,
		`description = "two $${words}" false`,
		`method = "m-${local.stamp}" with local.stamp = formatdate("YYYY", timestamp()) false`,
		`object = "O" false`,
		`target.keep = "90d" false`,
		`target.path = "${local.root}/${each.key}_${run.id}.csv" with each.key = "wels", local.root = "out" false`,
		`variables.Nr = "04" false`,
		`variables.Tag = formatdate( "DD", run.time ) false`,
		`variables.Token = (sensitive value) true`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTargetRoot(t *testing.T) {
	for expr, want := range map[string]string{
		`"payroll/lohn_${run.id}.csv"`:                "payroll",
		`"${run.id}/x.csv"`:                           "",
		`"x_${run.id}.csv"`:                           "",
		`"${var.base}/a/b${run.id}/c.csv"`:            "base/a",
		`"fixed/out.csv"`:                             "fixed",
		`format("%s/deep/%s.csv", var.base, run.id)`:  "base/deep",
		`"../shared/${formatdate("YYYY", run.time)}"`: "../shared",
		`var.base`:                 "",
		`join("/", ["a", run.id])`: "a",
	} {
		c := mustLoad(t, map[string]string{"main.hcl": hr + "variable \"base\" {\n  default = \"base\"\n}\n" +
			"export \"e\" {\n  connection = connection.perbit.hr\n  object = \"o\"\n  method = \"m\"\n  target {\n    path = " + expr + "\n  }\n}\n"})
		if got := c.Exports[0].Target.Root; got != filepath.Join(workDir, want) {
			t.Errorf("%s starts in %q, want %q", expr, got, filepath.Join(workDir, want))
		}
	}
}

// TestFunctions evaluates one expression of each kind that Terraform users expect.
func TestFunctions(t *testing.T) {
	for expr, want := range map[string]string{
		`join(",", sort(keys({ b = 1, a = 2 })))`:                      "a,b",
		`replace("a-b", "-", "_")`:                                     "a_b",
		`replace("a1b2", "/[0-9]/", "")`:                               "ab",
		`tostring(length("äb") + length([1, 2]) + length({ a = 1 }))`:  "5",
		`lookup({ a = "x" }, "b", "none")`:                             "none",
		`coalesce("", "x")`:                                            "x",
		`try(jsondecode("{"), "bad")`:                                  "bad",
		`tostring(can(tonumber("x")))`:                                 "false",
		`base64decode(base64encode("ä"))`:                              "ä",
		`substr(sha256("x"), 0, 8)`:                                    "2d711642",
		`md5("x")`:                                                     "9dd4e461268c8034f5c8564e155c67a6",
		`basename("a/b.csv")`:                                          "b.csv",
		`dirname("a/b.csv")`:                                           "a",
		`csvdecode("a,b\n1,2")[0].b`:                                   "2",
		`tostring(sum([1, 2, 3]))`:                                     "6",
		`one(["x"])`:                                                   "x",
		`tostring(index(["a", "b"], "b"))`:                             "1",
		`tostring(alltrue([true, true]) && anytrue([false, true]))`:    "true",
		`startswith("abc", "ab") && endswith("abc", "bc") ? "y" : "n"`: "y",
		`file("text.txt")`:                                             "Hallo",
		`tostring(fileexists("text.txt") && !fileexists("no.txt"))`:    "true",
		`templatefile("t.tpl", { name = "x" })`:                        "Hallo x",
		`env("SET")`:                                                   "value",
		`env("UNSET", "default")`:                                      "default",
		`formatdate("YYYY-MM-DD", timestamp())`:                        "2026-11-21",
		`tostring(timecmp("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"))`: "0",
		`nonsensitive(sensitive("x"))`:                                           "x",
		`flatten([["a"], ["b"]])[1]`:                                             "b",
		`zipmap(["a"], ["b"]).a`:                                                 "b",
		`format("%03d", 7)`:                                                      "007",
		`regex("[a-z]+", "12ab")`:                                                "ab",
		`title("ab cd")`:                                                         "Ab Cd",
		`urlencode("a b")`:                                                       "a+b",
	} {
		c, diags := load(t, map[string]string{
			"text.txt": "Hallo", "t.tpl": "Hallo ${name}",
			"main.hcl": hr + "dropform {\n  timezone = \"UTC\"\n}\nexport \"e\" {\n  connection = connection.perbit.hr\n  object = " + expr + "\n  method = \"m\"\n  target {\n    path = \"o.csv\"\n  }\n}\n",
		}, withEnv("SET=value"))
		if diags.HasErrors() {
			t.Errorf("%s:\n%s", expr, show(diags))
		} else if got := c.Exports[0].Object; got != want {
			t.Errorf("%s gives %q, want %q", expr, got, want)
		}
	}
}

// TestOneMistakeOfAnInstanceIsReportedOnce: a hundred instances share one source.
func TestOneMistakeOfAnInstanceIsReportedOnce(t *testing.T) {
	_, diags := load(t, map[string]string{"main.hcl": hr + `
import "a" {
  for_each   = toset([for i in range(100) : tostring(i)])
  connection = connection.perbit.hr
  folder     = "in/${each.key}"
  object     = 7
  method     = "m"
}`})
	if codes(diags) != "error number_where_text" || diags[0].Address == "" {
		t.Error(show(diags))
	}
}

// TestValidateWithoutValues finds mistakes though nothing is known.
func TestValidateWithoutValues(t *testing.T) {
	config := hr + `
variable "companies" {
  type = map(string)
}
import "a" {
  for_each   = var.companies
  connection = connection.perbit.hr
  folder     = "in/${each.key}"
  object     = env("OBJECT")
  method     = 7
  archive {
    folder = "done/${each.value}/${file.stem}"
  }
}
export "e" {
  for_each   = var.companies
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"
  variables  = { A = each.value }
  target {
    path = "${each.key}.csv"
  }
}`
	_, diags := load(t, map[string]string{"main.hcl": config}, validating)
	if codes(diags) != "error number_where_text" {
		t.Error(show(diags))
	}
	fixed := strings.Replace(config, "method     = 7", `method = "m"`, 1)
	if c, diags := load(t, map[string]string{"main.hcl": fixed}, validating); c != nil || len(diags) > 0 {
		t.Errorf("config %v, diagnostics:\n%s", c, show(diags))
	}
}

// TestFingerprints: what a definition hides differs when it changes, is the same under another name, and says nothing of a
// password that is used elsewhere too.
func TestFingerprints(t *testing.T) {
	fingerprints := func(name, note string) map[string]string {
		c := mustLoad(t, map[string]string{"main.hcl": hr + `
variable "note" {
  default   = "` + note + `"
  sensitive = true
}
variable "pw" {
  default   = "` + note + `"
  sensitive = true
}
connection "perbit" "other" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "u"
  password    = var.pw
}
import "` + name + `" {
  connection  = connection.perbit.hr
  description = var.note
  folder      = "in"
  object      = var.pw
  method      = "plain"
  archive {
    folder        = "${file.stem}/${var.note}"
    failed_folder = "failed/${sha256(var.pw)}/${file.stem}"
  }
}`})
		out := map[string]string{}
		for _, d := range [][]engine.Attribute{c.Imports[0].Attributes, c.Connections[1].Attributes} {
			for _, a := range d {
				if a.Fingerprint != "" {
					out[a.Path] = a.Fingerprint
				}
			}
		}
		return out
	}
	one, renamed, two := fingerprints("a", "one"), fingerprints("b", "one"), fingerprints("a", "two")
	if d := cmp.Diff(one, renamed); d != "" {
		t.Errorf("another name is another definition: %s", d)
	}
	for path, changes := range map[string]bool{"description": true, "archive.folder": true, "object": false, "archive.failed_folder": false, "password": false, "method": false} {
		if (one[path] != two[path]) != changes {
			t.Errorf("%s: %q and %q", path, one[path], two[path])
		}
	}
}
