package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// all is an export of everything, with a fixed target name and what is given put into its target.
func all(target string, lines ...string) string {
	return with(`
export "all" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Gesamt"
}
`, append([]string{"target {\n    path = \"out/all.csv\"\n    " + target + "\n  }"}, lines...)...)
}

// exotic is a demo tenant whose last row holds a character that Windows-1252 does not have.
func exotic(o *sandbox.Options) {
	table := o.Tenants[0].Rows["Mitarbeiter"]
	last := slices.Clone(table.Rows[0])
	last[slices.Index(table.Columns, "Name")] = "Wałęsa"
	last[slices.Index(table.Columns, "FirmenNr")] = "99"
	last[slices.Index(table.Columns, "PersonalNr")] = "9999"
	table.Rows = append(table.Rows, last)
}

func exported(t *testing.T, target string, o ...func(*sandbox.Options)) string {
	t.Helper()
	r := newRig(t, o...)
	cfg := r.load(head + all(target))
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != 1 {
		t.Fatalf("tally: %+v %+v", tally, r.ends())
	}
	return r.read("out/all.csv")
}

func TestTranscoding(t *testing.T) {
	t.Parallel()
	plain := exported(t, "")
	if !strings.Contains(plain, "Müller") || strings.HasPrefix(plain, "\ufeff") {
		t.Fatalf("%.60q", plain)
	}
	unix := strings.ReplaceAll(plain, "\r\n", "\n")
	latin := func(s string) string {
		var out []byte
		for _, c := range s {
			out = append(out, byte(c))
		}
		return string(out)
	}
	wide := func(s string) string {
		out := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(s)) {
			out = append(out, byte(u), byte(u>>8))
		}
		return string(out)
	}
	for target, want := range map[string]string{
		`encoding = "utf-8"`:                                       plain,
		"encoding = \"utf-8\"\n bom = true":                        "\xef\xbb\xbf" + plain,
		`encoding = "windows-1252"`:                                latin(plain),
		`encoding = "iso-8859-1"`:                                  latin(plain),
		`encoding = "utf-16le"`:                                    wide(plain),
		`newline = "lf"`:                                           unix,
		`newline = "crlf"`:                                         strings.ReplaceAll(unix, "\n", "\r\n"),
		"encoding = \"utf-16le\"\n newline = \"lf\"":               wide(unix),
		"encoding = \"windows-1252\"\n unmappable = \"replace:?\"": latin(plain),
		"encoding = \"utf-8\"\n source_encoding = \"utf-8\"":       plain,
	} {
		if got := exported(t, target); got != want {
			t.Errorf("%s:\n%.90q\nwant\n%.90q", target, got, want)
		}
	}
}

// TestNewlineKeepsTheEncoding: without encoding the bytes stay as received; only line ends change.
func TestNewlineKeepsTheEncoding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + strings.Replace(all(`newline = "lf"`), "Datenexport Gesamt", "Datenexport Lohn fest", 1))
	r.apply(cfg, engine.PlanOptions{})
	if got := r.read("out/all.csv"); !strings.Contains(got, "M\xfcller") || strings.Contains(got, "\r") {
		t.Errorf("%.90q", got)
	}
}

func TestUnmappableIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	r := newRig(t, exotic)
	cfg := r.load(head + all(`encoding = "windows-1252"`))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	e := r.lastEnd()
	lines := strings.Count(exported(t, "", exotic), "\n")
	if e.Code != "unmappable" || !strings.Contains(e.Text, "'ł'") || lines != 42 || !strings.Contains(e.Text, "line 42") {
		t.Errorf("told: %s %s, %d lines", e.Code, e.Text, lines)
	}
	if r.exists("out/all.csv") || len(r.names("out")) != 0 {
		t.Errorf("left: %q", r.names("out"))
	}
	if got := exported(t, "encoding = \"windows-1252\"\n unmappable = \"replace:?\"", exotic); !strings.Contains(got, "Wa?") {
		t.Errorf("%.90q", got)
	}
}

func TestFixedWidth(t *testing.T) {
	t.Parallel()
	fixed := func(length string) string {
		return strings.Replace(all("", "fixed {\n    field \"Nr\" {\n      start = 1\n      length = 8\n    }\n    field \"Rest\" {\n      start = 9\n      length = "+length+"\n    }\n  }", "expect {\n    min_rows = 40\n  }"),
			"Datenexport Gesamt", "Datenexport Lohn fest", 1)
	}
	r := newRig(t)
	expectTally(t, r.apply(r.load(head+fixed("51")), engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if e := r.lastEnd(); !strings.Contains(e.Text, "40 rows") {
		t.Errorf("told: %s", e.Text)
	}
	good := r.read("out/all.csv")
	expectTally(t, r.apply(r.load(head+fixed("52")), engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); !strings.Contains(e.Text, "40 errors, the first: line 1: the line has 59 characters") || r.read("out/all.csv") != good || !r.exists("out/all.csv.suspect") {
		t.Errorf("told: %s", e.Text)
	}
}

func TestIfExists(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("out/all.csv", "somebody else's")
	expectTally(t, r.apply(r.load(head+all(`if_exists = "fail"`)), engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); e.Code != "target_exists" || r.read("out/all.csv") != "somebody else's" || len(r.names("out")) != 1 {
		t.Errorf("%+v, %q", e, r.names("out"))
	}
	expectTally(t, r.apply(r.load(head+all(`if_exists = "keep_both"`)), engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.names("out"); len(got) != 2 || r.read("out/all.csv") != "somebody else's" {
		t.Errorf("%q", got)
	}
	expectTally(t, r.apply(r.load(head+all("")), engine.PlanOptions{Replace: []string{"export.all"}}), 1, 0, 0, 0, 0)
	if got := r.names("out"); len(got) != 2 || !strings.HasPrefix(r.read("out/all.csv"), "PersonalNr") {
		t.Errorf("%q", got)
	}
}

// TestKeepBothIsWrittenOnce: a crash after the result was put in its place does not put it there a second time.
func TestKeepBothIsWrittenOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + all("if_exists = \"keep_both\"\n checksum = \"sha256\""))
	r.write("out/all.csv", "somebody else's")
	real := r.fs
	r.fs = &tamperFs{Fs: real, create: func(name string) error {
		if strings.Contains(name, ".sha256") {
			return errors.New("power cut")
		}
		return nil
	}}
	r.apply(cfg, engine.PlanOptions{})
	r.fs = real
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.names("out"); len(got) != 3 {
		t.Errorf("one result, its checksum and what was there: %q", got)
	}
}

func TestCompanions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + all("checksum = \"sha256\"\n done_file = \"all.done\""))
	r.apply(cfg, engine.PlanOptions{})
	sum := sha256.Sum256([]byte(r.read("out/all.csv")))
	if got, want := r.read("out/all.csv.sha256"), hex.EncodeToString(sum[:])+"  all.csv\n"; got != want || !r.exists("out/all.done") {
		t.Errorf("%q, want %q; %q", got, want, r.names("out"))
	}
}

func TestSuspectForEachExpectation(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"rows":    {"expect {\n    min_rows = 41\n  }"},
		"size":    {"expect {\n    min_size = \"1MB\"\n  }"},
		"columns": {"expect {\n    columns = [\"PersonalNr\", \"Schuhgröße\"]\n  }"},
		"csv":     {"csv {\n    columns = \"at_least\"\n    column \"Name\" {\n      type = \"integer\"\n    }\n  }"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			expectTally(t, r.apply(r.load(head+all("", lines...)), engine.PlanOptions{}), 0, 1, 0, 0, 0)
			if e := r.lastEnd(); e.Code != "expectation" || !slices.Equal(r.names("out"), []string{"all.csv.suspect"}) {
				t.Errorf("%s %s: %q", e.Code, e.Text, r.names("out"))
			}
		})
	}
}

func TestMaxShrink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := replaceOnce(with(payroll, ""), "min_rows = 1", "max_shrink = \"30%\"")
	text = replaceOnce(text, "Datenexport Lohn", "Datenexport Gesamt")
	r.apply(r.load(head+text), engine.PlanOptions{})
	good := r.read(r.only(".csv"))
	narrow := r.load(head + replaceOnce(text, "Datenexport Gesamt", "Datenexport Lohn"))
	expectTally(t, r.apply(narrow, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); !strings.Contains(e.Text, "max_shrink") || r.read(r.only(".csv")) != good {
		t.Errorf("told: %s", e.Text)
	}
}

// TestTargetIsBusy: the target cannot be replaced now. Nothing is asked for again, and the next run puts it there.
func TestTargetIsBusy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + all(""))
	real := r.fs
	r.fs = &tamperFs{Fs: real, rename: func(_, to string) error {
		if to == r.path("out/all.csv") {
			return &os.LinkError{Op: "rename", Err: os.ErrPermission}
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	r.fs = afero.NewOsFs()
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Exports()); n != 1 || !slices.Equal(r.names("out"), []string{"all.csv"}) {
		t.Errorf("%d exports, %q", n, r.names("out"))
	}
}
