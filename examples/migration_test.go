package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var hclFence = regexp.MustCompile("(?s)\n```hcl\n(.*?)```")

// TestMigrationGuide: every piece of configuration that `docs migration` shows is valid and formatted, beside the
// connections of the first.
func TestMigrationGuide(t *testing.T) {
	binary, dir := build(t), t.TempDir()
	pieces := hclFence.FindAllStringSubmatch(runIn(t, binary, dir, "", "docs", "migration"), -1)
	if len(pieces) < 4 {
		t.Fatalf("only %d pieces were found", len(pieces))
	}
	for _, p := range pieces[1:] {
		piece := t.TempDir()
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(piece, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("first.hcl", pieces[0][1])
		write("piece.hcl", p[1])
		runIn(t, binary, piece, "", "fmt", "-check", "-diff")
		if out := runIn(t, binary, piece, "", "validate"); !strings.Contains(out, "Success!") {
			t.Errorf("%s\n%s", p[1], out)
		}
	}
}
