package hcl

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestCanonicalIsFormatted formats every configuration of the repository, as it is and damaged in many ways: what is called
// canonical, the formatter leaves as it is.
func TestCanonicalIsFormatted(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	words := []string{
		" ", "  ", "\n", "\n\n", "\t", `"`, "{", "}", "[", "]", "(", ")", ",", "=", " = ", "${", "$${", "%{", "}\"", "# c\n", " # c", "// c\n", "/* c */", "<<EOT\n}\nEOT\n",
		"04", "list", "string", "type", "variable", "x = 1\n", "  xy = 1\n", "  y = \"${z}\"\n", "\n}\n", "a b {\n}\n", "f( 1)", "-1", "!x", "a ? 1 : 2", "ü", "\ufeff", "\r\n", "\x00", "in", "for",
	}
	accepted := 0
	for _, text := range plainSources(t) {
		c := newComplaints()
		formatted, diags := reformat("x.hcl", []byte(text), &c)
		if diags.HasErrors() {
			continue
		}
		if comparedWithFormatter(t, formatted) {
			accepted++
		}
		for range 150 {
			comparedWithFormatter(t, []byte(damagedText(rng, string(formatted), words)))
		}
	}
	if accepted < 5 {
		t.Errorf("only %d sources are canonical", accepted)
	}
}

// FuzzCanonical is the same over what the fuzzer finds.
func FuzzCanonical(f *testing.F) {
	for _, text := range plainSources(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, src []byte) { comparedWithFormatter(t, src) })
}

func comparedWithFormatter(t *testing.T, src []byte) bool {
	t.Helper()
	c := newComplaints()
	if c.notUTF8("x.hcl", src) || !canonical(src, "x.hcl") {
		return false
	}
	text, diags := reformat("x.hcl", src, &c)
	if diags.HasErrors() || !bytes.Equal(text, src) {
		t.Fatalf("called canonical, but the formatter says %v and makes\n%s\nof\n%s", diags, text, src)
	}
	return true
}
