package hcl

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// comparedWithLibrary fails where our reading of a text differs from that of hclsyntax, and reports how many blocks of it
// were plain.
func comparedWithLibrary(t *testing.T, text string) (plainBlocks int) {
	t.Helper()
	body, pieces, ok := parseByBlocks([]byte(text), "x.hcl")
	if !ok {
		return 0
	}
	file, diags := hclsyntax.ParseConfig([]byte(text), "x.hcl", hcl.InitialPos)
	if len(diags) > 0 {
		t.Fatalf("accepted, and hclsyntax says %v of\n%s", diags, text)
	}
	want := file.Body.(*hclsyntax.Body)
	body.SrcRange.Start = want.SrcRange.Start
	if !reflect.DeepEqual(body, want) {
		t.Fatalf("another tree of\n%s", text)
	}
	for _, b := range want.Blocks {
		for _, at := range []int{b.TypeRange.Start.Byte, b.CloseBraceRange.Start.Byte, b.CloseBraceRange.End.Byte} {
			if got, want := outlineOf(body).ContextString(at), file.Nav.(interface{ ContextString(int) string }).ContextString(at); got != want {
				t.Fatalf("the block at %d is %q, want %q", at, got, want)
			}
		}
	}
	if zeros := zerosOf([]piece{{[]byte(text), hcl.InitialPos}}); !reflect.DeepEqual(zerosOf(pieces), zeros) {
		t.Fatalf("leading zeros %v of pieces, want %v in\n%s", zerosOf(pieces), zeros, text)
	}
	return len(body.Blocks) - len(pieces)
}

func zerosOf(pieces []piece) []zero {
	c := newComplaints()
	c.findZeros("x.hcl", pieces)
	return c.zeros
}

// TestPlainIsHCL reads every configuration of the repository, and each damaged in many ways, with our reader and with the
// library's: where ours accepts, the trees are equal to the last column.
func TestPlainIsHCL(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{
		`"`, "{", "}", "[", "]", "${", "$${", "%{", "=", "==", "null", "true", "for", "each.key", "[0]", ".0", ".*", "04", "0.5", "1.", "1e3", "\\", "ü", "ß", "e\u0301",
		"\u00a0", "\x00", "*", "...", "\t", "\r\n", "\n", "# c\n", "// c\n", "/* c */", "<<EOT\n}\nEOT\n", "(", ")", ",", ":", "?", "-", "!", "a b {\n}\n", "x = 1\n", "\n}\n", "f(1, \"a\")", "a ? 1 : 2", "\ufeff",
	}
	plainBlocks := 0
	for _, text := range plainSources(t) {
		plainBlocks += comparedWithLibrary(t, text)
		for range 150 {
			comparedWithLibrary(t, damagedText(rng, text, words))
		}
	}
	if plainBlocks < 100 {
		t.Errorf("only %d blocks are plain", plainBlocks)
	}
}

// FuzzPlain is the same over what the fuzzer finds.
func FuzzPlain(f *testing.F) {
	for _, text := range plainSources(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { comparedWithLibrary(t, text) })
}

func plainSources(tb testing.TB) []string {
	tb.Helper()
	var out []string
	for _, pattern := range []string{"testdata/*/*.hcl", "../examples/*/*.hcl"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			tb.Fatal("no configurations", err)
		}
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, string(src))
		}
	}
	return append(out, `# forms that are plain, and some beside them
a {}
b "c" d {
  e = [1, 2.5, "x", [true, false], null,
    f.g, h(), i("${j.k}-Ü", 2)]	# Übrig
  l = { m = 1, "n" = "o" }
  p = {
    q = "Größe ${r.s} und ${t(1)}"
    format = "${u}"

    v = []
  }
  w = x == null || y >= 3 ? "a" : "b"
  z = "100 %"
  aa = 5 # five
  // and
  bb {
  }
}
c "" {
  a = <<EOT
}
EOT
}
d {
  e = 04
}
`)
}

func damagedText(rng *rand.Rand, text string, words []string) string {
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(text) + 1)
		switch rng.IntN(4) {
		case 0:
			text = text[at:]
		case 1:
			text = text[:at] + text[min(len(text), at+rng.IntN(12)):]
		default:
			text = text[:at] + words[rng.IntN(len(words))] + text[at:]
		}
		if text == "" {
			text = "\n"
		}
	}
	return text
}
