package command

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/diag"
)

func TestOneDashIsTwo(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plan -target=import.staff -full", "plan --target=import.staff --full"},
		{"-chdir=x plan --json", "--chdir=x plan --json"},
		{"fmt -", "fmt -"},
		{"plan -h", "plan -h"},
		{"-version", "version"},
		{"-v", "version"},
		{"apply -lock-timeout -5s", "apply --lock-timeout -5s"},
		{"show -- -full", "show -- -full"},
	} {
		if got := strings.Join(doubleDashes(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%s became %s, want %s", c.in, got, c.want)
		}
	}
}

func TestNearestName(t *testing.T) {
	names := []string{"apply", "adopt", "plan", "watch", "validate"}
	for in, want := range map[string]string{"aply": "apply", "plna": "plan", "vaildate": "validate", "Watch": "watch", "xyzzy": "", "destroy": ""} {
		if got := nearest(in, names); got != want {
			t.Errorf("nearest(%s) = %q, want %q", in, got, want)
		}
	}
}

func TestTimesOfAsOf(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"2026-02-01T05:30":     "2026-02-01T05:30:00+01:00",
		"2026-07-01":           "2026-07-01T00:00:00+02:00",
		"2026-02-01T05:30:00Z": "2026-02-01T06:30:00+01:00",
		// slots of an hour that comes twice, as they are printed
		"2026-10-25T02:30+02:00":    "2026-10-25T02:30:00+02:00",
		"2026-10-25T02:30+01:00":    "2026-10-25T02:30:00+01:00",
		"2026-10-25T02:30:15+01:00": "2026-10-25T02:30:15+01:00",
	} {
		got, err := parseTime(in, berlin)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", in, got.Format(time.RFC3339), err, want)
		}
	}
	if _, err := parseTime("tomorrow", berlin); err == nil {
		t.Error("tomorrow was read as a time")
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 5000: "5,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s", n, got)
		}
	}
}

func TestWrapKeepsWordsAndLines(t *testing.T) {
	got := wrap("one two three four\nfive\n  kept as it is, however long it is", 9)
	want := "one two\nthree\nfour\nfive\n  kept as it is, however long it is"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSentences(t *testing.T) {
	for _, c := range []struct{ text, next, want string }{
		{"the server said no", "ask perbit", "The server said no. Ask perbit."},
		{"Done!", "", "Done!"},
		{"", "dropform retry x", "dropform retry x."},
	} {
		if got := sentences(c.text, c.next); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDiagnosticInABox(t *testing.T) {
	d := diag.Diagnostic{
		Summary: "Unknown attribute", Detail: `There is no attribute "folde". Did you mean "folder"?`,
		Range: &diag.Range{Filename: "main.hcl", Start: diag.Pos{Line: 7, Column: 3}},
		Snippet: &diag.Snippet{
			Context: `import "staff"`, Code: "  folde = var.x", StartLine: 7, HighlightStartOffset: 2, HighlightEndOffset: 7,
			Values: []diag.Value{{Traversal: "var.x", Statement: `is "in"`}},
		},
	}
	var b bytes.Buffer
	(&screen{w: &b}).diagnostic(d)
	want := `╷
│ Error: Unknown attribute
│
│   on main.hcl line 7, in import "staff":
│    7:   folde = var.x
│     ├────────────────
│     │ var.x is "in"
│
│ There is no attribute "folde". Did you mean "folder"?
╵
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	(&screen{w: &b, colour: true, width: 40}).diagnostic(d)
	if !strings.Contains(b.String(), "\x1b[4mfolde\x1b[") {
		t.Errorf("the spot is not underlined in colour: %q", b.String())
	}
	for width, want := range map[int]string{
		40: "│ Error: A summary that is longer than a\n│ narrow terminal\n", 24: "│ Error: A summary that\n│ is longer than a\n│ narrow terminal\n",
	} {
		b.Reset()
		(&screen{w: &b, width: width}).diagnostic(diag.Diagnostic{Summary: "A summary that is longer than a narrow terminal"})
		if !strings.Contains(b.String(), want) {
			t.Errorf("%d columns: %s", width, b.String())
		}
	}
}

// Commands to copy call the program as it was called.
func TestCallable(t *testing.T) {
	for in, want := range map[string]string{
		"dropform": "dropform", "": "dropform", "./dropform": "./dropform",
		"/tmp/go-build123/b001/exe/dropform": "go run .", "/opt/my tools/dropform": "'/opt/my tools/dropform'",
	} {
		if got := callable(in); got != want && runtime.GOOS != "windows" {
			t.Errorf("callable(%q) = %s, want %s", in, got, want)
		}
	}
}
