package hcl_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/hcl"
)

// TestOutlineNamesWhatLoadDoes holds both against each other over the examples: the same addresses in the same order, and the
// folders of what is wanted.
func TestOutlineNamesWhatLoadDoes(t *testing.T) {
	dirs, err := filepath.Glob("../examples/*/main.hcl")
	if err != nil || len(dirs) < 5 {
		t.Fatal(dirs, err)
	}
	for _, file := range dirs {
		dir, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		req := hcl.Request{Fs: afero.NewReadOnlyFs(afero.NewOsFs()), Dir: dir, Now: func() time.Time { return noon }}
		valid := req
		valid.Validate = true
		whole, diags := hcl.Load(valid)
		if whole == nil {
			t.Logf("%s has values missing, which Load does not decode: %v", dir, diags)
			continue
		}
		for wants, wanted := range map[string]func(engine.Address) bool{
			"nothing": func(engine.Address) bool { return false },
			"imports": func(a engine.Address) bool { return a.Kind == engine.KindImport },
		} {
			got := hcl.Outline(req, wanted)
			if diff := cmp.Diff(outlined(whole, wants == "imports"), outlined(got, wants == "imports")); diff != "" {
				t.Errorf("%s, %s wanted (-Load +Outline):\n%s", dir, wants, diff)
			}
			if got.LedgerPath != whole.LedgerPath {
				t.Errorf("%s: the ledger is %s, not %s", dir, got.LedgerPath, whole.LedgerPath)
			}
		}
	}
}

func outlined(c *engine.Config, folders bool) (out []string) {
	for _, b := range c.Connections {
		out = append(out, b.Address.String())
	}
	for _, b := range c.Imports {
		text := b.Address.String()
		if folders {
			text += " " + b.Folder
		}
		out = append(out, text)
	}
	for _, b := range c.Exports {
		out = append(out, b.Address.String())
	}
	for _, b := range c.Rules {
		out = append(out, b.Address.String()+" after "+b.After.String())
	}
	return out
}
