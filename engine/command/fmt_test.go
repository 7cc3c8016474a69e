package command

import (
	"bytes"
	"strings"
	"testing"

	"dropform/engine/diag"
)

// On standard output every text ends with a line, also one that came without, as with Terraform.
func TestFormattedStandardInputEndsWithALine(t *testing.T) {
	for in, want := range map[string]string{"a = 1": "a = 1\n", "a = 1\n": "a = 1\n", "": "\n"} {
		var out bytes.Buffer
		app := &App{
			Stdin: strings.NewReader(in), Stdout: &out,
			Format: func(_ string, src []byte) ([]byte, diag.List) { return src, nil },
		}
		f := &formatter{session: &session{App: app}}
		if err := f.stdin(); err != nil || out.String() != want || f.differs {
			t.Errorf("%q became %q, differs %v, %v", in, out.String(), f.differs, err)
		}
	}
}
