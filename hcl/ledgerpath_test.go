package hcl_test

import (
	"path/filepath"
	"testing"

	"github.com/spf13/afero"

	"dropform/hcl"
)

// What is broken around the dropform block does not hide where the ledger lies.
func TestLedgerPathOfABrokenConfiguration(t *testing.T) {
	settings := "dropform {\n  ledger \"sqlite\" {\n    path = \"${var.place}/l.db\"\n  }\n}\nvariable \"place\" {\n  default = \"memory\"\n}\n"
	for text, want := range map[string]string{
		settings: "memory/l.db",
		settings + "import \"x\" {\n  folder = \n}\n": "memory/l.db",
		settings + "import \"x\" {\n":                 "memory/l.db",
		"import \"x\" {}\n":                           ".dropform/ledger.db",
	} {
		fs := afero.NewMemMapFs()
		if err := afero.WriteFile(fs, filepath.Join(workDir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := hcl.LedgerPath(hcl.Request{Fs: fs, Dir: workDir}); got != filepath.Join(workDir, filepath.FromSlash(want)) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
