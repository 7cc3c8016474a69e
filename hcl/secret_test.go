package hcl_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/hcl"
)

func TestSecretsAreReadOnReveal(t *testing.T) {
	fs := afero.NewMemMapFs()
	write := func(name, text string) {
		t.Helper()
		if err := afero.WriteFile(fs, filepath.Join(workDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	connection := func(name, password string) string {
		return "connection \"perbit\" \"" + name + "\" {\n  customer_id = \"" + guid + "\"\n  username = \"x\"\n  password = " + password + "\n}\n"
	}
	write("main.hcl", `
locals {
  base   = secret("file:pw.txt")
  joined = "${local.base}-${secret("env:PW")}"
}
variable "v" {
  sensitive = true
  default   = "from-variable"
}
`+connection("env", `secret("env:PW")`)+connection("file", `trimspace(secret("file:pw.txt"))`)+connection("local", `upper(local.joined)`)+
		connection("missing", `secret("env:NOPE")`)+connection("empty", `secret("env:EMPTY")`)+connection("sample", `secret("env:SAMPLE")`)+connection("nil", `secret("env:NIL")`)+connection("variable", `var.v`)+
		connection("cmd", `secret("cmd:echo nothing-to-see")`)+connection("broken", `tostring(tonumber(secret("env:PW")))`))
	c, diags := hcl.Load(hcl.Request{Fs: fs, Dir: workDir, Now: time.Now, Environ: []string{"PW=hunter2", "EMPTY=", "SAMPLE=SICHERES_PASSWORT", "NIL={00000000-0000-0000-0000-000000000000}", "PATH=" + os.Getenv("PATH")}})
	if len(diags) > 0 {
		t.Fatal(show(diags))
	}
	write("pw.txt", " later \r\n") // written after loading: nothing was read before
	for name, want := range map[string]string{
		"env": "hunter2", "file": "later", "local": " LATER -HUNTER2", "variable": "from-variable",
		"missing": "error: the environment variable NOPE is not set", "empty": "error: the environment variable EMPTY is empty", "sample": "error: password of the vendor's sample", "nil": "error: the nil GUID", "broken": "error: cannot be evaluated",
	} {
		for _, conn := range c.Connections {
			if conn.Address.Name != name {
				continue
			}
			got, err := conn.Password.Reveal(context.Background())
			if message, isError := strings.CutPrefix(want, "error: "); isError {
				if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: got %q, %v", name, got, err)
				}
			} else if got != want || err != nil {
				t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
			}
		}
	}
	for _, conn := range c.Connections {
		for _, a := range conn.Attributes {
			if a.Path == "password" && (!a.Sensitive || strings.Contains(a.Value, "hunter2") || strings.Contains(a.Value, "echo") || strings.Contains(a.Value, "variable")) {
				t.Errorf("%s: definition %+v", conn.Address, a)
			}
		}
	}
}

func TestSecretCommand(t *testing.T) {
	dir := t.TempDir()
	config := strings.Replace(hr, "env:PW", "cmd:echo from-command", 1)
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, diags := hcl.Load(hcl.Request{Fs: afero.NewOsFs(), Dir: dir, Now: time.Now, Environ: os.Environ()})
	if diags.HasErrors() {
		t.Fatal(show(diags))
	}
	if got, err := c.Connections[0].Password.Reveal(t.Context()); got != "from-command" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
