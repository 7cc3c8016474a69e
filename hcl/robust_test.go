package hcl_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dropform/hcl"
)

// TestLoadNeverPanics damages real configurations in many ways. What is left may be wrong, but it is told, not crashed
// over, and every snippet's offsets stay inside its text (show slices by them).
func TestLoadNeverPanics(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	words := []string{`"`, "{", "}", "[", "]", "${", "=", "null", "each.key", "for_each", "secret(\"env:X\")", "\n", "04", "\\", "row", "sensitive(1)", "ü", "\x00", "*", "...", "dynamic \"csv\" {"}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for range 150 {
			text := damage(rng, string(src), words)
			for _, name := range []string{"main.hcl", "main.hcl.json", "dropform.vars.hcl"} {
				files := map[string]string{"ok.hcl": hr, name: text}
				c, diags := load(t, files, func(r *hcl.Request) { r.Validate = rng.IntN(2) == 0 })
				show(diags)
				if c != nil && diags.HasErrors() {
					t.Fatalf("a configuration beside errors, from:\n%s", text)
				}
			}
			hcl.Format("x.hcl", []byte(text))
		}
	}
}

func damage(rng *rand.Rand, text string, words []string) string {
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(text) + 1)
		switch rng.IntN(4) {
		case 0:
			text = text[:at]
		case 1:
			text = text[:at] + text[min(len(text), at+rng.IntN(12)):]
		case 2:
			lines := strings.Split(text, "\n")
			i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
			text = strings.Join(lines, "\n")
		default:
			text = text[:at] + words[rng.IntN(len(words))] + text[at:]
		}
	}
	return text
}

func imports(n int) string {
	var b strings.Builder
	b.WriteString(hr)
	for i := range n {
		fmt.Fprintf(&b, "import \"i%d\" {\n  connection = connection.perbit.hr\n  folder     = \"in/%d\"\n  object     = \"Mitarbeiter\"\n  method     = \"Import\"\n\n  archive {\n    folder = \"done/%d/${formatdate(\"YYYY\", file.time)}\"\n  }\n}\n\n", i, i, i)
	}
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		files := map[string]string{"main.hcl": imports(n)}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				mustLoad(b, files)
			}
		})
	}
}
