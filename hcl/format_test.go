package hcl_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/hcl"
)

// randomTexts is how many programs of randomPrograms are compared.
const randomTexts = 1000

// corpus are texts with what formatters stumble over. Those of testdata/fmt are added.
var corpus = map[string]string{
	"empty":             "",
	"newlines only":     "\n\n\n",
	"no last newline":   "a = 1",
	"spaces":            "a=1\nbcd   =    2\n\nx  =3\n",
	"crlf":              "a=1\r\nbcd = 2\r\nblock \"x\" {\r\n  y=1\r\n}\r\n",
	"tabs":              "block {\n\ta\t=\t1\n\t\tbb = 2\n}\n",
	"comments":          "# one\na = 1 # two\nbbbb = 2   // three\n/* four */\nc = /* five */ 3\n",
	"nested":            "a {\nb {\nc {\nd=1\n}\n}\n}\n",
	"one line block":    "a { b=1 }\nc \"d\"   {}\nlocals{}\n",
	"bare labels":       "import staff {\n  x = 1\n}\nrule purchase \"orders\" {}\n",
	"comment in labels": "import /* odd */ \"staff\" {\n}\n",
	"unwrap":            "a = \"${var.x}\"\nb = \"${var.x}${var.y}\"\nc = \"x${var.x}\"\nd = \"${ \"nested ${var.x}\" }\"\n",
	"unwrap lines":      "a = \"${\n  var.x ?\n 1 :\n 2\n}\"\nb = \"${\n(var.x ?\n1 : 2)\n}\"\nc = \"${f(\n1,\n2)}\"\n",
	"unwrap in list":    "a = [\"${var.x}\", \"${var.y}\"]\nb = { c = \"${var.x}\" }\n",
	"unwrap directive":  "a = \"%{ if true }x%{ endif }\"\nb = \"${true ? \"${1}\" : \"b\"}\"\n",
	"types":             "variable \"a\" {\n  type = \"string\"\n}\nvariable \"b\" {\n  type = \"list\"\n}\nvariable \"c\" {\n  type = map\n}\nvariable \"d\" {\n  type = set\n}\nvariable \"e\" {\n  type = \"set\"\n}\nvariable \"f\" {\n  type = \"${string}\"\n  default = \"${1}\"\n}\n",
	"type elsewhere":    "column \"a\" {\n  type = \"string\"\n}\nvariable \"x\" {\n  inner {\n    type = \"list\"\n  }\n}\n",
	"heredoc":           "a = <<EOT\n  text   here\n ${ var.x }\nEOT\nb = <<-EOT\n      text\n        more\n    EOT\nc=1\n",
	"lists":             "a = [1,2,\n3,\n   4 ]\nb = [\n\n1\n]\nc = {a=1,bb=2}\nd = {\na=1\nbbb=2\n}\n",
	"operators":         "a = 1+2*3\nb = !x&&y||z\nc = x?1:2\nd = -1\ne = a[0].b[*].c\nf = x>=1\n",
	"for":               "a = [for x in y:x if x!=null]\nb = {for k,v in y:k=>v...}\n",
	"calls":             "a = f( 1,2 )\nb = f(1,  [ 2 ]...)\nc = f(\n1,\n2,\n)\n",
	"align":             "a = 1\nlonger = 2\n# comment\nb = 3\n\nc = {\n  x = 1\n}\nddd = 4\n",
	"align comments":    "a = 1 # x\nlonger = 22 # y\n\nb = [ # z\n  1, # one\n  22, # two\n]\n",
	"blank lines":       "a {\n\n\n  b = 1\n\n\n\n  c = 2\n\n}\n\n\n\nd = 1\n\n\n",
	"unicode":           "größe = \"ä\"\nx = \"日本\"\nstraße {\n  ü=1\n}\n",
	"templates":         "a = \"x ${ f( 1 ) } y ${~ z ~} w\"\nb = \"$${no} %%{no}\"\n",
	"parens":            "a = ( 1 + 2 )\nb = (\n1\n)\n",
	"syntax error":      "import \"x\" {\n  a = [1,\n}\n",
	"bad escape":        "a = \"D:\\data\"\n",
	"byte order mark":   "\ufeffa=1\n",
	"stray return":      "a=1\r",
	"ansi in comment":   "# f\xfcr\na   =   1\n",
	"ansi in text":      "a   =   \"f\xfcr\"\n",
	"ansi in name":      "f\xfcr   =   1\n",
	"utf-16":            "\xff\xfea\x00=\x001\x00\n\x00",
	"long line":         "a = \"" + strings.Repeat("ä${ x }", 20000) + "\"\nb   = [" + strings.Repeat("1 , ", 20000) + "]\n",
	"deep":              strings.Repeat("a {\n", 200) + "x=1\n" + strings.Repeat("}\n", 200),
	"nul byte":          "a = \"\x00\"\n",
	"mark within":       "a   = 1\n\ufeffb=2\n",
	"only comment":      "# no line end",
	"comment after":     "a {\n}// close\nb=1 # one\n",
	"wide characters":   "日本 = 1 # eins\na = \"👩‍👩‍👧\" # zwei\nbb = \"e\u0301\" # drei\n",
}

func corpusTexts(t *testing.T) map[string]string {
	out := map[string]string{}
	for name, text := range corpus {
		out[name] = text
	}
	files, err := filepath.Glob("testdata/*/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = string(b)
	}
	for i, text := range randomPrograms(randomTexts) {
		out[fmt.Sprintf("random %d: %q", i, text)] = text
	}
	return out
}

// TestFormatAsTerraform runs the real thing beside ours over the corpus, in one call.
func TestFormatAsTerraform(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not installed; the comparison with its formatter is skipped")
	}
	dir, files := t.TempDir(), map[string]string{}
	for name, text := range corpusTexts(t) {
		file := filepath.Join(dir, fmt.Sprintf("%05d.tf", len(files)))
		files[name] = file
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(terraform, "fmt", "-no-color", "-list=false", dir)
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	message, _ := cmd.CombinedOutput() // fails for the texts that do not parse, which stay as they are
	for name, text := range corpusTexts(t) {
		want, err := os.ReadFile(files[name])
		if err != nil {
			t.Fatal(err)
		}
		got, diags := hcl.Format(name, []byte(text))
		refused := strings.Contains(string(message), filepath.Base(files[name]))
		switch {
		case refused != diags.HasErrors():
			t.Errorf("%s: terraform refuses: %t, we: %v", name, refused, diags)
		case refused:
		case string(want) != string(got):
			t.Errorf("%s: terraform's text (-) and ours (+) differ:\n%s", name, cmp.Diff(string(want), string(got)))
		}
	}
}

func TestFormatKeepsItsOwnOutput(t *testing.T) {
	for name, text := range corpusTexts(t) {
		if strings.HasPrefix(name, "random ") {
			continue // nested needless interpolations lose one layer at a time, in Terraform too
		}
		once, diags := hcl.Format(name, []byte(text))
		if diags.HasErrors() {
			continue
		}
		twice, diags := hcl.Format(name, once)
		if diags.HasErrors() {
			t.Errorf("%s: formatted text does not parse: %v", name, diags)
		} else if !bytes.Equal(once, twice) {
			t.Errorf("%s: formatting again changes the text:\n%s", name, cmp.Diff(string(once), string(twice)))
		}
	}
}

func TestFormatSyntaxError(t *testing.T) {
	got, diags := hcl.Format("x.hcl", []byte("import \"a\" {\n  x = [1,\n}\n"))
	if got != nil || !diags.HasErrors() {
		t.Fatalf("want no text and an error, got %q and %v", got, diags)
	}
	if d := diags[0]; d.Code != "syntax" || d.Range == nil || d.Snippet == nil {
		t.Errorf("the error lacks code, place or snippet: %+v", d)
	}
	if _, diags := hcl.Format("x.hcl", []byte(`folder = "D:\data"`)); !diags.HasErrors() || !strings.Contains(diags[0].Detail, `"D:/data"`) {
		t.Errorf("no hint for a Windows path: %v", diags)
	}
}
