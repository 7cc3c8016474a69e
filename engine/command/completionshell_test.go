package command

import (
	"strings"
	"testing"
)

// readline replaces only what stands behind the last = or : of a word.
func TestUnreplaced(t *testing.T) {
	for _, c := range []struct{ word, replaced, stays, again string }{
		{"imp", "imp", "", ""},
		{"import.staff", "", "import.staff", ""},
		{"export.payroll[2026-11-21T06:0", "0", "export.payroll[2026-11-21T06:", ""},
		{"imp", "-target=imp", "", "-target="},
	} {
		if stays, again := unreplaced(c.word, c.replaced); stays != c.stays || again != c.again {
			t.Errorf("%s, %s: %q and %q", c.word, c.replaced, stays, again)
		}
	}
}

func TestSplitLine(t *testing.T) {
	for _, c := range []struct {
		line, words, last string
		quote             byte
	}{
		{"dropform ", "dropform", "", 0},
		{"dropform pl", "dropform", "pl", 0},
		{"dropform retry 'import.staff[ma", "dropform|retry", "import.staff[ma", '\''},
		{`dropform retry "import.staff[march 2`, "dropform|retry", "import.staff[march 2", '"'},
		{`dropform retry import.staff\[march\ 2`, "dropform|retry", "import.staff[march 2", 0},
		{"dropform retry 'a b' ", "dropform|retry|a b", "", 0},
	} {
		words, last, quote := splitLine(c.line)
		if strings.Join(words, "|") != c.words || last != c.last || quote != c.quote {
			t.Errorf("%s: %q, %q, %q", c.line, words, last, quote)
		}
	}
}
