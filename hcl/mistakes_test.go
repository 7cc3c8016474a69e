package hcl_test

import (
	"flag"
	"fmt"
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

var update = flag.Bool("update", false, "write the golden files of testdata/mistakes")

// workDir is the working directory of every test; the files in it exist in memory only.
var workDir = filepath.Join(string(filepath.Separator), "project")

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// load reads a configuration from memory; a request may change what is asked.
func load(t testing.TB, files map[string]string, change ...func(*hcl.Request)) (*engine.Config, diag.List) {
	t.Helper()
	fs := afero.NewMemMapFs()
	for name, text := range files {
		if err := afero.WriteFile(fs, filepath.Join(workDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	req := hcl.Request{Fs: afero.NewReadOnlyFs(fs), Dir: workDir, Now: func() time.Time { return noon }, Version: "0.1.0"}
	for _, f := range change {
		f(&req)
	}
	return hcl.Load(req)
}

// show renders diagnostics as a reader sees them, with the highlighted part of the source in brackets.
func show(list diag.List) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%s %s", d.Severity, d.Code)
		if d.Range != nil {
			fmt.Fprintf(&b, " %s:%d:%d", d.Range.Filename, d.Range.Start.Line, d.Range.Start.Column)
		}
		if d.Address != "" {
			fmt.Fprintf(&b, " (%s)", d.Address)
		}
		fmt.Fprintf(&b, "\n  %s\n  %s\n", d.Summary, d.Detail)
		if s := d.Snippet; s != nil {
			marked := s.Code[:s.HighlightStartOffset] + "⟦" + s.Code[s.HighlightStartOffset:s.HighlightEndOffset] + "⟧" + s.Code[s.HighlightEndOffset:]
			fmt.Fprintf(&b, "  %s | %s\n", s.Context, strings.ReplaceAll(marked, "\n", "\n    "))
			for _, v := range s.Values {
				fmt.Fprintf(&b, "    %s %s\n", v.Traversal, v.Statement)
			}
		}
	}
	return b.String()
}

func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			config, diags := load(t, map[string]string{"main.hcl": string(text)})
			if (config == nil) != diags.HasErrors() {
				t.Errorf("config is nil: %t, with errors: %t", config == nil, diags.HasErrors())
			}
			got, golden := show(diags), strings.TrimSuffix(file, ".hcl")+".golden"
			for _, secret := range []string{"hunter2", "HUNTER2", "streng-geheim", "is \"SICHERES"} {
				if strings.Contains(got, secret) {
					t.Errorf("a secret is shown: %s", secret)
				}
			}
			for _, d := range diags {
				if hcl.Codes[d.Code] == "" {
					t.Errorf("the code %q is not in Codes", d.Code)
				}
			}
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("golden (-) and now (+):\n%s", d)
			}
		})
	}
}
