package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"dropform/engine"
	"dropform/engine/sandbox"
)

const rejectedRow = "PersonalNr;Name;Vorname\n;Müller;Jörg\n1002;Groß;Änne\n"

func TestProtocolWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		words  string
		fault  string
		result engine.Result
	}{
		"no words":         {"", "", engine.ResultDone},
		"failed":           {`failed = "mit Fehlern beendet"`, "", engine.ResultWarned},
		"warn":             {`warn = "Abgewiesen: +[1-9]"`, "", engine.ResultWarned},
		"no match":         {`failed = "Abbruch"`, "", engine.ResultDone},
		"umlaut":           {`failed = "Schlüsselfeld „.*“ ist leer"`, "", engine.ResultWarned},
		"umlaut in 1252":   {`failed = "Schlüsselfeld „.*“ ist leer"`, sandbox.FaultCP1252, engine.ResultWarned},
		"declared 1252":    {"failed = \"Schlüsselfeld\"\n    encoding = \"windows-1252\"", sandbox.FaultCP1252, engine.ResultWarned},
		"byte order mark":  {`failed = "^Importprotokoll"`, sandbox.FaultBOM, engine.ResultWarned},
		"wrongly declared": {"failed = \"Schlüsselfeld\"\n    encoding = \"windows-1252\"", "", engine.ResultDone},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			cfg := r.load(head + with(staff, "protocol {\n    "+c.words+"\n  }"))
			r.write("in/a.csv", rejectedRow)
			if c.fault != "" {
				r.inject(sandbox.Fault{Kind: c.fault, Action: "GetProtocol"})
			}
			r.apply(cfg, engine.PlanOptions{})
			if e := r.lastEnd(); e.Result != c.result {
				t.Errorf("%s: %s", e.Result, e.Text)
			}
			if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
				t.Errorf("completed with errors is finished, and planned again: %v", lines(p))
			}
		})
	}
}

// TestProtocolIsUnaltered: the bytes on disk are the server's, whatever they are read as.
func TestProtocolIsUnaltered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "protocol {\n    warn = \"Änne\"\n  }"))
	r.write("in/a.csv", rejectedRow)
	r.inject(sandbox.Fault{Kind: sandbox.FaultCP1252, Action: "GetProtocol"})
	r.apply(cfg, engine.PlanOptions{})
	got := r.read("in/a.csv.protocol.txt")
	if !strings.Contains(got, "Schl\xfcsselfeld") || !strings.Contains(got, "\r\n") {
		t.Errorf("protocol: %q", got)
	}
}

func TestEarlierProtocolIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	for _, n := range []string{"1", "2", "3"} {
		r.write("in/a.csv", rows(n))
		r.apply(cfg, engine.PlanOptions{})
	}
	protocols := map[string]bool{}
	for _, name := range r.names("in") {
		if name != "a.csv" {
			protocols[r.read("in/"+name)] = true
		}
	}
	if len(protocols) != 3 {
		t.Errorf("%d protocols of three contents: %q", len(protocols), r.names("in"))
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// Files that go side by side may share the path of their protocols: each keeps its own.
func TestProtocolsOfOnePath(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(replaceOnce(head, "retry {", "parallel = 4\n  retry {") + with(staff, `order = "any"`, "protocol {\n    path = \"p/latest.txt\"\n  }"))
	const files = 24
	for i := range files {
		r.write(fmt.Sprintf("in/f%d.csv", i), rows(fmt.Sprint(100000+i)))
	}
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != files {
		t.Errorf("%+v", tally)
	}
	if all, err := os.ReadDir(r.path("in/p")); err != nil || len(all) != files {
		t.Errorf("%d protocols of %d files: %v", len(all), files, err)
	}
}

func TestProtocolElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "protocol {\n    path = \"../protocols/${file.stem}.txt\"\n  }"))
	r.write("in/a.csv", goodCSV)
	r.apply(cfg, engine.PlanOptions{})
	if !strings.Contains(r.read("protocols/a.txt"), "Importprotokoll") || !slices.Equal(r.names("in"), []string{"a.csv"}) {
		t.Errorf("folder %q", r.names("in"))
	}
}

// TestProtocolComesLate: a server may say completed a moment before its protocol is there.
func TestProtocolComesLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultNotFoundProtocol, Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if !r.exists("in/a.csv.protocol.txt") {
		t.Error("it was not asked for again")
	}
}

func TestServerHasNoProtocol(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultNotFoundProtocol})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if e := r.lastEnd(); !strings.Contains(e.Text, "no protocol") || !slices.Equal(r.names("done"), []string{"a.csv"}) {
		t.Errorf("%s; archive %q", e.Text, r.names("done"))
	}
}

// TestFullDisk: the import is through, its protocol cannot be written. Nothing is sent twice, and the next run fetches it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", goodCSV)
	real := r.fs
	r.fs = &tamperFs{Fs: real, create: func(name string) error {
		if strings.Contains(filepath.Base(name), "protocol") {
			return &os.PathError{Op: "write", Path: name, Err: syscall.ENOSPC}
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); !strings.Contains(e.Next, "sends nothing again") || !r.exists("in/a.csv") {
		t.Errorf("%+v", e)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted")
	r.fs = real
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 1 || len(r.names("done")) != 2 {
		t.Errorf("%d imports, archive %q", n, r.names("done"))
	}
}

// TestLoginPageIsNoProtocol: a proxy that answers with its own page has not given the protocol.
func TestLoginPageIsNoProtocol(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultHTMLLogin, Action: "GetProtocol", Times: 1})
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 1, 0, 0)
	if r.exists("in/a.csv.protocol.txt") {
		t.Error("the page was written as protocol")
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if n := len(r.box.Imports()); n != 1 || !strings.Contains(r.read("in/a.csv.protocol.txt"), "Importprotokoll") {
		t.Errorf("%d imports", n)
	}
}

func TestProtocolAfterAPassingError(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", goodCSV)
	r.inject(sandbox.Fault{Kind: sandbox.FaultStatus, Action: "GetProtocol", Status: http.StatusBadGateway, Times: 1})
	r.inject(sandbox.Fault{Kind: sandbox.FaultCutDuringAnswer, Action: "GetProtocol", Times: 1, After: 1})
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 1 || !strings.HasSuffix(r.read("in/a.csv.protocol.txt"), "ohne Fehler beendet.\r\n") {
		t.Errorf("%d imports, protocol %q", n, r.read("in/a.csv.protocol.txt"))
	}
}

// TestProtocolEncodings: the words are found whatever the server writes in, and at the ends of its lines.
func TestProtocolEncodings(t *testing.T) {
	t.Parallel()
	wide := func(text string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(text)) {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
		return b.String()
	}
	const text = "Importprotokoll\r\nFür: 3\r\nEnde: 0\r\n"
	for name, c := range map[string]struct {
		words, body string
		result      engine.Result
	}{
		"utf-16le declared":      {`encoding = "utf-16le"` + "\n" + `failed = "Für: [1-9]"`, wide(text), engine.ResultWarned},
		"declared, with a mark":  {`encoding = "utf-16le"` + "\n" + `failed = "Für: [1-9]"`, "\xff\xfe" + wide(text), engine.ResultWarned},
		"auto, with a mark":      {`failed = "Für: [1-9]"`, "\xff\xfe" + wide(text), engine.ResultWarned},
		"auto, without":          {`failed = "Für: [1-9]"`, wide(text), engine.ResultWarned},
		"iso-8859-15":            {`encoding = "iso-8859-15"` + "\n" + `failed = "3 €$"`, "F\xfcr: 3 \xa4", engine.ResultWarned},
		"at the end of a line":   {`failed = "(?m)Für: [1-9]$"`, text, engine.ResultWarned},
		"by the server's ends":   {`failed = "3\\r\\nEnde"`, text, engine.ResultWarned},
		"utf-16le, end of line":  {`encoding = "utf-16le"` + "\n" + `failed = "(?m)Für: [1-9]$"`, wide(text), engine.ResultWarned},
		"nothing to be found":    {`encoding = "utf-16le"` + "\n" + `failed = "(?m)Ende: [1-9]$"`, wide(text), engine.ResultDone},
		"windows-1252, declared": {`encoding = "windows-1252"` + "\n" + `failed = "Für: 3"`, "F\xfcr: 3", engine.ResultWarned},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			cfg := r.load(head + with(staff, "protocol {\n    "+c.words+"\n  }"))
			r.write("in/a.csv", rows("1"))
			r.inject(sandbox.Fault{Kind: sandbox.FaultGarbage, Action: "GetProtocol", Body: c.body})
			r.apply(cfg, engine.PlanOptions{})
			if e := r.lastEnd(); e.Result != c.result {
				t.Errorf("%s: %s", e.Result, e.Text)
			}
			if got := r.read("in/a.csv.protocol.txt"); got != c.body {
				t.Errorf("protocol %q instead of %q", got, c.body)
			}
			if got := cfg.Imports[0].ProtocolText([]byte(c.body)); !strings.Contains(got, "Für: 3") || strings.ContainsAny(got, "\r\x00\ufeff") {
				t.Errorf("it says %q", got)
			}
		})
	}
}
