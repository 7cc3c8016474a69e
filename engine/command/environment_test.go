package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitArgs(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" \t ", nil},
		{"-json", []string{"-json"}},
		{"  -full   -target=import.staff ", []string{"-full", "-target=import.staff"}},
		{`-var 'name=two words' -var="x=\"y\""`, []string{"-var", "name=two words", "-var=x=\"y\""}},
		{`-target='import.absence["wels"]'`, []string{`-target=import.absence["wels"]`}},
		{`-var-file=C:\data\x.vars.hcl`, []string{`-var-file=C:\data\x.vars.hcl`}},
		{`-var-file="C:\my data\x.hcl"`, []string{`-var-file=C:\my data\x.hcl`}},
		{`one\ word`, []string{"one word"}},
		{`'' ""`, []string{"", ""}},
		{`'a\b' "a\\b"`, []string{`a\b`, `a\b`}},
	} {
		got, err := splitArgs(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, d)
		}
	}
	for _, text := range []string{`"`, `-var 'x`, `"x'`} {
		if got, err := splitArgs(text); err == nil {
			t.Errorf("%s became %q", text, got)
		}
	}
}
