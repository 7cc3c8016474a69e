package command

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUnifiedDiff(t *testing.T) {
	before := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\nlast"
	after := "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\nnew\n14\n15\nlast"
	want := `--- old
+++ new
@@ -2,7 +2,7 @@
 2
 3
 4
-5
+five
 6
 7
 8
@@ -11,6 +11,7 @@
 11
 12
 13
+new
 14
 15
 last
\ No newline at end of file
`
	if got := unifiedDiff("old", "new", before, after); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, c := range []struct{ before, after, want string }{
		{"a\n", "b\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+b\n"},
		{"", "a\nb\n", "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n"},
	} {
		if got := unifiedDiff("old", "new", c.before, c.after); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	if got := unifiedDiff("old", "new", before, before); got != "" {
		t.Errorf("equal texts differ:\n%s", got)
	}
}

// Whatever the texts, the edits spell out both of them.
func TestComparisonHoldsBothTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "\n"})
		a, b := rapid.SliceOf(line).Draw(t, "a"), rapid.SliceOf(line).Draw(t, "b")
		var before, after strings.Builder
		for _, e := range compareLines(a, b) {
			if e.sign != '+' {
				before.WriteString(e.text)
			}
			if e.sign != '-' {
				after.WriteString(e.text)
			}
		}
		if before.String() != strings.Join(a, "") || after.String() != strings.Join(b, "") {
			t.Fatalf("%q and %q came back as %q and %q", a, b, before.String(), after.String())
		}
	})
}
