package engine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// TestUnreadableTargetIsThere: a target that cannot be read is not taken for a missing one.
func TestUnreadableTargetIsThere(t *testing.T) {
	t.Parallel()
	for ifExists, want := range map[string]struct{ done, files int }{"fail": {0, 1}, "keep_both": {1, 2}, "replace": {1, 1}} {
		r := newRig(t)
		cfg := r.load(head + all(`if_exists = "`+ifExists+`"`))
		r.write("out/all.csv", "somebody else's")
		times := 100
		r.fs = &tamperFs{Fs: r.fs, open: denied(r.path("out/all.csv"), &times)}
		expectTally(t, r.apply(cfg, engine.PlanOptions{}), want.done, 1-want.done, 0, 0, 0)
		if stays := r.read("out/all.csv") == "somebody else's"; stays != (ifExists != "replace") || len(r.names("out")) != want.files {
			t.Errorf("%s: %+v, %q", ifExists, r.lastEnd(), r.names("out"))
		}
	}
}

// TestTargetBehindALink: a folder of the path that work decides on may not lead out through a link.
func TestTargetBehindALink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("making links takes a privilege there")
	}
	r := newRig(t)
	text := strings.Replace(all(""), "out/all.csv", `out/${formatdate(\"YYYY\", run.time)}/sub/all.csv`, 1)
	text = strings.ReplaceAll(text, `\"`, `"`)
	cfg := r.load(head + text)
	outside := t.TempDir()
	if err := os.MkdirAll(r.path("out"), 0o755); err != nil {
		t.Fatal(err)
	}
	year := r.path("out/" + r.now().In(cfg.Location).Format("2006"))
	if err := os.Symlink(outside, year); err != nil {
		t.Fatal(err)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); e.Code != "target" || !strings.Contains(e.Text, "link") || len(r.box.Exports()) != 0 {
		t.Errorf("%+v, %d exports", e, len(r.box.Exports()))
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
		t.Errorf("outside: %v %v", left, err)
	}
	// The folder that the path starts in may be a link: that is how it was written.
	if err := os.Remove(year); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.path("out")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, r.path("out")); err != nil {
		t.Fatal(err)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if _, err := os.Stat(filepath.Join(outside, filepath.Base(year), "sub", "all.csv")); err != nil {
		t.Error(err)
	}
}

// TestTargetNames: what no system, or not every one, can hold is told before anything is asked for.
func TestTargetNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"CON/all.csv", "a:b/all.csv", "nul.csv", "x./all.csv", "a?/all.csv", "all.csv "} {
		r := newRig(t)
		cfg := r.load(head + all(""))
		cfg.Exports[0].Target.Path = func(engine.RunScope) (string, error) { return r.path("out/" + name), nil }
		p := r.plan(cfg, engine.PlanOptions{})
		if len(p.Actions) != 0 || len(p.Problems) != 1 || p.Problems[0].Code != "target_path" {
			t.Errorf("%s: %v %v", name, lines(p), p.Problems)
		}
	}
}

// TestDoneFileIsAnother: a done file that bears the target's name would empty it.
func TestDoneFileIsAnother(t *testing.T) {
	t.Parallel()
	for _, target := range []string{`done_file = "all.csv"`, "checksum = \"sha256\"\n done_file = \"./all.csv.sha256\"", `done_file = "all.csv.suspect"`} {
		r := newRig(t)
		p := r.plan(r.load(head+all(target)), engine.PlanOptions{})
		if len(p.Actions) != 0 || len(p.Problems) != 1 || p.Problems[0].Code != "target_path" || !strings.Contains(p.Problems[0].Detail, "done_file") {
			t.Errorf("%s: %v %v", target, lines(p), p.Problems)
		}
	}
}

// TestDeclaredSourceEncoding: bytes that the declared encoding does not have are told with their line, never replaced.
func TestDeclaredSourceEncoding(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"source_encoding = \"utf-8\"\n encoding = \"utf-16le\"",
		"source_encoding = \"utf-8\"\n encoding = \"utf-8\"",
		"source_encoding = \"utf-8\"\n encoding = \"windows-1252\"\n unmappable = \"replace:?\"",
	} {
		r := newRig(t)
		cfg := r.load(head + strings.Replace(all(target), "Datenexport Gesamt", "Datenexport Lohn fest", 1)) // in Windows-1252
		expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
		if e := r.lastEnd(); e.Code != "source_encoding" || !strings.Contains(e.Text, "line 1") || !strings.Contains(e.Text, "0xfc") || len(r.names("out")) != 0 {
			t.Errorf("%s: %+v %q", target, e, r.names("out"))
		}
	}
}

// TestDeclaredUTF16: half a character is no character.
func TestDeclaredUTF16(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, name := range []string{"A", "AB"} { // the result comes in UTF-8, once of an odd length
		r := newRig(t, added(name))
		r.apply(r.load(head+all("source_encoding = \"utf-16le\"\n encoding = \"utf-8\"")), engine.PlanOptions{})
		if e := r.lastEnd(); e.Code == "source_encoding" && len(r.names("out")) == 0 {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d of two were refused", refused)
	}
}

// added is a demo tenant with one more person.
func added(name string) func(*sandbox.Options) {
	return func(o *sandbox.Options) {
		table := o.Tenants[0].Rows["Mitarbeiter"]
		row := slices.Clone(table.Rows[0])
		row[slices.Index(table.Columns, "Name")] = name
		row[slices.Index(table.Columns, "FirmenNr")] = "99"
		table.Rows = append(table.Rows, row)
	}
}

// TestLoneCarriageReturn: it ends no line, so newline leaves it.
func TestLoneCarriageReturn(t *testing.T) {
	t.Parallel()
	for _, newline := range []string{"lf", "crlf"} {
		if got := exported(t, `newline = "`+newline+`"`, added("Huber\rSepp")); !strings.Contains(got, "Huber\rSepp") || newline == "lf" && strings.Contains(got, "\r\n") {
			t.Errorf("%s: the value is altered: %q", newline, got[max(0, len(got)-120):])
		}
	}
}
