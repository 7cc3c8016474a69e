package hcl_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/afero"

	"dropform/engine/diag"
	"dropform/hcl"
)

func TestSourceFiles(t *testing.T) {
	fs := afero.NewMemMapFs()
	for _, name := range []string{
		"b.hcl", "a.hcl.json", "x.vars.hcl", "x.vars.hcl.json", "z.auto.vars.hcl", "a.auto.vars.hcl.json", "dropform.vars.hcl",
		"dropform.vars.hcl.json", ".hidden.hcl", "notes.json", "x.hcl.bak", "sub/c.hcl", "dir.hcl/x",
	} {
		if err := afero.WriteFile(fs, "/p/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, vars, err := hcl.SourceFiles(fs, "/p")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a.hcl.json", "b.hcl"}, config); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"dropform.vars.hcl", "dropform.vars.hcl.json", "a.auto.vars.hcl.json", "z.auto.vars.hcl"}, vars); d != "" {
		t.Error(d)
	}
}

func TestVariablesInJSON(t *testing.T) {
	files := map[string]string{
		"main.hcl": hr + `
variable "who" {
  type = object({ name = string })
}
export "e" {
  connection = connection.perbit.hr
  object     = var.who.name
  method     = "m"
  target {
    path = "o.csv"
  }
}`,
		"x.vars.hcl.json": `{"who": {"name": "file"}}`,
	}
	expect := func(want string, flags ...hcl.VarFlag) {
		t.Helper()
		if got := mustLoad(t, files, withVars(flags...)).Exports[0].Object; got != want {
			t.Errorf("var.who.name is %q, want %q", got, want)
		}
	}
	expect("file", hcl.VarFlag{File: true, Text: "x.vars.hcl.json"})
	files["dropform.vars.hcl.json"] = `{"who": {"name": "default file"}}`
	expect("default file")
	files["x.auto.vars.hcl.json"] = `{"who": {"name": "auto"}}`
	expect("auto")
	files["x.auto.vars.hcl.json"] = `{"who": {"name": 4}}`
	if _, diags := load(t, files); codes(diags) != "error number_where_text" {
		t.Error(show(diags))
	}
}

// TestBrokenJSON: JSON that cannot be read is one mistake, JSON that is no object another.
func TestBrokenJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"locals": {"a": 1},}`: "Trailing comma in object",
		`"text"`:                "Root value must be object",
		``:                      "Missing value",
	} {
		_, diags := load(t, map[string]string{"a.hcl.json": text})
		if len(diags) != 1 || diags[0].Summary != want || diags[0].Code != "syntax" {
			t.Errorf("%s: %s", text, show(diags))
		}
	}
}

func TestEncodings(t *testing.T) {
	text := hr + "import \"staff\" {\n  connection = connection.perbit.hr\n  folder     = \"in\"\n  object     = \"Bezüge\"\n  method     = \"m\"\n}\n"
	utf16Bytes := func(s string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(s)) {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
		return b.String()
	}
	latin := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			b.WriteByte(byte(r))
		}
		return b.String()
	}
	for _, test := range []struct{ name, text, want string }{
		{"UTF-8", text, ""},
		{"UTF-8 with a byte order mark", "\ufeff" + text, ""},
		{"UTF-16", "\xff\xfe" + utf16Bytes(text), "The file is saved as UTF-16"},
		{"UTF-16 without a byte order mark", utf16Bytes(text), "The file is saved as UTF-16"},
		{"Windows-1252", latin(text), "The file is not saved as UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"main.hcl", "dropform.vars.hcl", "main.hcl.json"} {
				files := map[string]string{name: test.text}
				if name != "main.hcl" {
					if test.want == "" {
						continue
					}
					files["main.hcl"] = hr
				}
				c, diags := load(t, files)
				checkOneError(t, diags, test.want)
				if test.want == "" && c.Imports[0].Object != "Bezüge" {
					t.Errorf("object %q", c.Imports[0].Object)
				}
			}
			_, diags := hcl.Format("main.hcl", []byte(test.text))
			checkOneError(t, diags, test.want)
		})
	}
	_, diags := load(t, map[string]string{"main.hcl": latin(text)})
	if s := diags[0].Snippet; s == nil || !strings.Contains(s.Code, "Bezüge") || diags[0].Range.Start.Column != 20 {
		t.Errorf("the place of the character: %s", show(diags))
	}
}

func checkOneError(t *testing.T, diags diag.List, summary string) {
	t.Helper()
	switch {
	case summary == "" && len(diags) == 0:
	case len(diags) != 1 || diags[0].Summary != summary:
		t.Errorf("want %q once, got:\n%s", summary, show(diags))
	}
}

// TestBackslashes has one mistake in each text, which is to be told once, with the path as it was meant.
func TestBackslashes(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`folder = "D:\"`, `"D:/"`},
		{`folder = "D:\" # the drop folder`, `"D:/"`},
		{`match = ["D:\", "*.csv"]`, `"D:/"`},
		{`folder = "D:\data\"`, `"D:/data/"`},
		{`folder = "D:\data"`, `"D:/data"`},
		{`folder = "D:\temp"`, `"D:/temp"`},
		{`folder = "\\server\share\in"`, `"//server/share/in"`},
		{`folder = "\\server\new"`, `"//server/new"`},
		{`folder = "D:\neu\${var.a}"`, `"D:/neu/${var.a}"`},
		{`folder = "D:\data\${formatdate("YYYY", run.time)}\x.csv"`, `"D:/data/${formatdate("YYYY", run.time)}/x.csv"`},
		{`folder = "D:\\data\x"`, `"D:/data/x"`},
	} {
		files := map[string]string{"main.hcl": "variable \"a\" {\n  default = 1\n}\n\nimport \"x\" {\n  " + test.line + "\n}\n"}
		_, diags := load(t, files)
		var told []string
		for _, d := range diags {
			if d.Code != "missing_required" {
				told = append(told, d.Detail)
			}
		}
		if len(told) != 1 || !strings.HasSuffix(told[0], test.want+".") {
			t.Errorf("%s: want %s once, got:\n%s", test.line, test.want, show(diags))
		}
	}
}

func TestZerosInOtherSources(t *testing.T) {
	files := map[string]string{"main.hcl": hr + "variable \"v\" {\n  type    = any\n  default = 1\n}\nvariable \"m\" {\n  type    = map(any)\n  default = {}\n}\n"}
	if _, diags := load(t, files, withVars(hcl.VarFlag{Text: `m={ a = 04, b = "07" }`})); codes(diags) != "error number_where_text" {
		t.Errorf("-var: %s", show(diags))
	}
	files["dropform.vars.hcl"] = "v = true ? 04 : \"x\"\n# 05\n"
	if _, diags := load(t, files); codes(diags) != "error number_where_text" || diags[0].Range.Start.Column != 12 {
		t.Errorf("variables file: %s", show(diags))
	}
	delete(files, "dropform.vars.hcl")
	files["b.hcl.json"] = `{"locals": {"a": "${true ? 04 : \"x\"}", "b": "04 {}", "c": "08:00"}}`
	if _, diags := load(t, files); codes(diags) != "error number_where_text" || diags[0].Range.Start.Column != 18 {
		t.Errorf("JSON: %s", show(diags))
	}
}
