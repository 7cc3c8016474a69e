package examples_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dropform/engine/sandbox"
)

// example is how one folder is tried out.
type example struct {
	run  func(t *testing.T, do func(args ...string) string, server *sandbox.Server) // nil: one apply
	look func(t *testing.T, dir string, server *sandbox.Server)                     // at what is on disk, and what the server got
	path string                                                                     // of the service that variable url names
}

var examples = map[string]example{
	"one-import":           {look: lookAtOneImport, path: "/webApi"},
	"twelve-companies":     {look: lookAtTwelveCompanies, path: "/webApi"},
	"nightly-export":       {run: runNightlyExport, look: lookAtNightlyExport, path: "/webApi"},
	"orders-with-approval": {run: runOrders, look: lookAtOrders, path: sandbox.ConboxPath},
	"order-then-ready":     {run: runOrderThenReady, look: lookAtOrderThenReady, path: sandbox.ConboxPath},
	"copy-positions":       {look: lookAtCopyPositions, path: sandbox.ConboxPath},
	"position-data":        {look: lookAtPositionData, path: sandbox.ConboxPath},
}

// TestExamples builds the binary and runs every example against a sandbox: validate, fmt -check, plan, apply, and a
// second apply that has nothing to do.
func TestExamples(t *testing.T) {
	binary := build(t)
	for name, e := range examples {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
				t.Fatal(err)
			}
			server := sandbox.New(sandbox.Demo())
			defer server.Close()
			url, err := server.Listen(context.Background(), "")
			if err != nil {
				t.Fatal(err)
			}
			url = strings.TrimSuffix(url, "/webApi") + e.path
			do := func(args ...string) string { return runIn(t, binary, dir, url, args...) }
			do("validate")
			do("fmt", "-check")
			do("plan")
			if e.run == nil {
				do("apply", "-auto-approve")
			} else {
				e.run(t, do, server)
			}
			e.look(t, dir, server)
			noProtocolFaults(t, server)
			if again := do("apply", "-auto-approve"); !strings.Contains(again, "No changes.") {
				t.Errorf("a second apply found something to do:\n%s", again)
			}
		})
	}
	found, err := filepath.Glob(filepath.Join("*", "main.hcl"))
	if err != nil || len(found) != len(examples) {
		t.Errorf("there are the examples %v (%v), and %d are tested", found, err, len(examples))
	}
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "dropform")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// runIn runs the binary in dir, as a user whose secrets are in the environment, and wants exit code 0.
func runIn(t *testing.T, binary, dir, url string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PERBIT_PASSWORD="+sandbox.DemoPassword, "CONBOX_PASSWORD="+sandbox.DemoPassword,
		"CONBOX_KEY="+sandbox.DemoUserAPIKey, "DROPFORM_VAR_url="+url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dropform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func lookAtOneImport(t *testing.T, dir string, server *sandbox.Server) {
	imports := server.Imports()
	if len(imports) != 1 || imports[0].Rows != 3 || imports[0].Rejected != 0 {
		t.Fatalf("the server got %+v", imports)
	}
	if p := read(t, dir, "staff", "done", "Neueintritte.csv.protocol.txt"); !bytes.Contains(p, []byte("Gelesen:      3")) {
		t.Errorf("the protocol reads\n%s", p)
	}
	if f := read(t, dir, "staff", "done", "Neueintritte.csv"); !bytes.Contains(f, []byte("M\xfcller")) {
		t.Errorf("the archived file is not what was dropped:\n%s", hex.Dump(f))
	}
}

func lookAtTwelveCompanies(t *testing.T, dir string, server *sandbox.Server) {
	if n := len(server.Imports()); n != 3 {
		t.Errorf("the server got %d files, want 3", n)
	}
	exports := server.Exports()
	numbers := map[string]bool{}
	for _, e := range exports {
		numbers[e.Variables["FirmenNr"]] = true
	}
	if len(exports) != 12 || len(numbers) != 12 || !numbers["04"] {
		t.Errorf("the server ran %d exports for the companies %v", len(exports), numbers)
	}
	if text := read(t, dir, "payroll", "lohn_01_bielefeld.csv"); !bytes.Contains(text, []byte("M\xfcller")) {
		t.Errorf("the export is not in Windows-1252:\n%s", hex.Dump(text))
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "absence", "*", "done", "*", "*.protocol.txt")); len(found) != 3 {
		t.Errorf("protocols: %v", found)
	}
}

func runNightlyExport(_ *testing.T, do func(...string) string, _ *sandbox.Server) {
	do("apply", "-auto-approve")
	do("apply", "-auto-approve", "-replace=export.payroll", "-as-of=2026-01-01T05:30")
}

// The placeholder is the first of last month, also over the turn of the year.
func lookAtNightlyExport(t *testing.T, dir string, server *sandbox.Server) {
	exports := server.Exports()
	if len(exports) != 1 || exports[0].Variables["Eintrittsdatum"] != "01.12.2025" {
		t.Fatalf("the server ran %+v", exports)
	}
	text := read(t, dir, "payroll", "lohn_20260101.csv")
	if !bytes.HasPrefix(text, []byte("PersonalNr;Name;")) || !bytes.Contains(text, []byte("\r\n")) {
		t.Errorf("the export reads\n%s", text)
	}
}
