package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// crashProgramme is a project, what is done in it, and what has to be true in the end, however often it was killed.
type crashProgramme struct {
	name     string
	config   string
	files    map[string]string             // what is dropped after the definitions are applied; none: with them
	before   func(*crashSite)              // what is done before the run that is killed
	happened func(*crashSite, string) bool // what the servers have of an address
	check    func(*crashSite) []string     // what is wrong in the end
	watched  bool                          // a watch is killed in it, too
}

// victim is the run that is killed.
var victim = []string{"apply", "-auto-approve"}

// The rows are ones that the demo's import takes; the last file is not valid.
const (
	crashFirst   = "PersonalNr;Name\n9001;Ada\n"
	crashSecond  = "PersonalNr;Name\n9002;Bea\n9003;Cem\n"
	crashInvalid = "PersonalNr;Name\n\"9004;Dora\n"
)

var crashStaff = head + `
import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
  MORE
}
`

const crashArchive = `
  ready_file = "${file.name}.done"

  archive {
    folder        = "done"
    failed_folder = "failed"
  }
`

var crashDrops = map[string]string{"in/a.csv": crashFirst, "in/b.csv": crashSecond, "in/c.csv": crashSecond, "in/x.csv": crashInvalid}

func crashMarked(files map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[name], out[name+".done"] = text, ""
	}
	return out
}

const crashExport = `
export "all" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Gesamt"

  target {
    path      = "out/all.csv"
    encoding  = "windows-1252"
    checksum  = "sha256"
    done_file = "all.done"
    keep      = 2
  }
}
`

const crashDone = `
  archive {
    folder = "done"
  }
`

const crashReady = `
rule "ready_status" "ready" {
  connection = connection.conbox.shop
  folder     = "in"

  document {
    DocTyp      = 2
    ReadyStatus = true
  }
  MORE
}
`

// crashProgrammes is everything that is done under the knife.
func crashProgrammes() []crashProgramme {
	more := func(config, with string) string { return strings.Replace(config, "MORE", with, 1) }
	return []crashProgramme{
		{name: "import", config: more(crashStaff, ""), files: crashDrops, happened: importHappened, check: importsOnce("in", "in")},
		{name: "archive", config: more(crashStaff, crashArchive), files: crashMarked(crashDrops), happened: importHappened, check: importsOnce("done", "failed"), watched: true},
		{name: "resume", config: more(crashStaff, crashDone), files: map[string]string{"in/a.csv": crashFirst, "in/b.csv": crashSecond}, happened: importHappened, check: importsOnce("done", ""), before: func(s *crashSite) {
			s.run("DROPFORM_FAILPOINT=job.accepted", victim...)
			s.quiet()
		}},
		{name: "export", config: head + crashExport, happened: importHappened, check: exportWritten},
		{name: "reexport", config: head + crashExport, happened: importHappened, check: exportWritten, before: func(s *crashSite) {
			s.run("DROPFORM_FAILPOINT=export.received", victim...)
			s.quiet()
		}},
		{
			name: "purchase", config: shop + more(strings.Replace(asked, "\n}\n", "\nMORE\n}\n", 1), crashDone) + released,
			files: map[string]string{"in/a.csv": order(door, frame, window)}, happened: callHappened, check: callsOnce("Purchase", 2),
			before: func(s *crashSite) {
				s.must(victim...)
				s.must("approve", theDoc, "rule.purchase.orders[10000-15]")
			},
		},
		{
			name: "follow", config: shop + orders + released, files: map[string]string{"in/a.csv": order(door)},
			happened: callHappened, check: callsOnce("SetReadyStatus", 1), before: func(s *crashSite) { s.must(victim...) },
		},
		{
			name: "ready", config: shop + more(crashReady, crashDone), files: map[string]string{"in/a.csv": "DocNbr\n101224-01\n10000-15\n"},
			happened: callHappened, check: callsOnce("SetReadyStatus", 2), watched: true,
		},
	}
}

// prepare brings the project to the run that is killed. Without before, that also registers the definitions.
func (p *crashProgramme) prepare(s *crashSite) {
	for name, text := range p.files {
		s.write(name, text)
	}
	if p.before != nil {
		p.before(s)
	}
}

// violations says what is wrong once it has come to rest.
func (p *crashProgramme) violations(s *crashSite) []string {
	s.t.Helper()
	if wrong := s.outlive(func(address string) bool { return p.happened(s, address) }); wrong != "" {
		return []string{wrong}
	}
	out := p.check(s)
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (durable.IsTemp(d.Name()) || strings.HasSuffix(path, "-tmp") || strings.HasSuffix(path, ".tmp")) {
			out = append(out, "a temporary file is left: "+path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return append(out, s.unfinished(p)...)
}

// unfinished looks whether the ledger opens and has nothing open.
func (s *crashSite) unfinished(p *crashProgramme) (out []string) {
	for name := range p.files {
		item := filepath.Base(name)
		work, err := s.work("import.staff", item)
		if err != nil {
			out = append(out, "the ledger: "+err.Error())
		}
		for _, w := range work {
			if w.State.Open() {
				out = append(out, fmt.Sprintf("%s is %s for ever", item, w.State))
			}
		}
	}
	return out
}

func digestText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// importHappened looks a file up among the imports that the server has taken.
func importHappened(s *crashSite, address string) bool {
	return s.imported(s.dropped(itemOf(address))) > 0
}

func itemOf(address string) string {
	_, item, _ := strings.Cut(address, "[")
	return strings.TrimSuffix(item, "]")
}

func (s *crashSite) imported(text string) (n int) {
	for _, i := range s.box.Imports() {
		if i.SHA256 == digestText(text) {
			n++
		}
	}
	return n
}

func (s *crashSite) dropped(name string) string { return crashDrops["in/"+name] }

// importsOnce wants each valid file imported once, with its protocol beside it in done, and the invalid one rejected, with
// its report beside it in failed (empty: there is none).
func importsOnce(done, failed string) func(*crashSite) []string {
	return func(s *crashSite) (out []string) {
		if first, second, all := s.imported(crashFirst), s.imported(crashSecond), len(s.box.Imports()); first != 1 || second != 1 || all != 2 {
			out = append(out, fmt.Sprintf("a.csv was imported %d times, b.csv %d times, of %d imports", first, second, all))
		}
		want := map[string]string{done + "/a.csv": crashFirst, done + "/b.csv": crashSecond}
		again, stays := done, 0
		if s.ended("c.csv", ledger.StateAdopted) && done != "in" {
			again, stays = "in", 2 // with its marker: what a person counts as done is not moved
		}
		if failed != "" {
			want[again+"/c.csv"], want[failed+"/x.csv"] = crashSecond, crashInvalid
		}
		for name, text := range want {
			if s.text(name) != text {
				out = append(out, fmt.Sprintf("%s holds %q", name, s.text(name)))
			}
		}
		for _, name := range []string{"a", "b"} {
			if p := s.text(done + "/" + name + ".csv.protocol.txt"); !strings.Contains(p, "Gelesen:") && !s.ended(name+".csv", ledger.StateResolved) {
				out = append(out, fmt.Sprintf("the protocol of %s.csv holds %q", name, p))
			}
		}
		if failed != "" && s.text(failed+"/x.csv.errors.txt") == "" {
			out = append(out, "x.csv has no report")
		}
		if left := s.visible("in"); done != "in" && len(left) != stays {
			out = append(out, fmt.Sprintf("left in the folder: %q", left))
		}
		return out
	}
}

// ended reports whether a file's work ended by a person's word. Resolved as imported it has no protocol: its id is lost then,
// and without one nobody can ask the server. Adopted it is content that another file had brought.
func (s *crashSite) ended(item string, by ledger.State) bool {
	work, err := s.work("import.staff", item)
	return err == nil && len(work) > 0 && work[len(work)-1].State == by
}

// visible lists a folder without its hidden files.
func (s *crashSite) visible(folder string) []string {
	all, err := filepath.Glob(s.path(folder + "/*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") })
}

// exportWritten wants the target whole, with its checksum and its done file.
func exportWritten(s *crashSite) (out []string) {
	text := s.text("out/all.csv")
	if lines := strings.Count(text, "\n"); lines != 41 || !strings.HasSuffix(text, "\n") {
		out = append(out, fmt.Sprintf("the target has %d lines", lines))
	}
	if sum := s.text("out/all.csv.sha256"); !strings.HasPrefix(sum, digestText(text)+"  all.csv") {
		out = append(out, fmt.Sprintf("the checksum is %q", sum))
	}
	if names := s.visible("out"); len(names) != 3 {
		out = append(out, fmt.Sprintf("the target's folder holds %q", names))
	}
	return out
}

// callHappened looks a call up among the server's effects.
func callHappened(s *crashSite, address string) bool { return s.effects(address) > 0 }

func (s *crashSite) effects(address string) (n int) {
	action, doc := "SetReadyStatus", itemOf(address)
	if strings.HasPrefix(address, "rule.purchase") {
		action = "Purchase"
	}
	for _, e := range s.box.Effects() {
		if e.Action == action && strings.Contains(string(e.ServiceData), `"`+doc+`"`) {
			n++
		}
	}
	return n
}

// callsOnce wants so many calls of an action, no document twice, and a whole result of what was dropped.
func callsOnce(action string, calls int) func(*crashSite) []string {
	return func(s *crashSite) (out []string) {
		seen := map[string]int{}
		n := 0
		for _, e := range s.box.Effects() {
			if seen[e.Action+string(e.ServiceData)]++; seen[e.Action+string(e.ServiceData)] > 1 {
				out = append(out, fmt.Sprintf("done twice: %s", e.ServiceData))
			}
			if e.Action == action {
				n++
			}
		}
		if n != calls {
			out = append(out, fmt.Sprintf("%d times %s", n, action))
		}
		folder := "done"
		if s.text("done/a.csv") == "" {
			folder = "in"
		}
		if s.text(folder+"/a.csv") == "" || s.text(folder+"/a.csv.protocol.txt") == "" {
			out = append(out, fmt.Sprintf("in %q, done %q", s.visible("in"), s.visible("done")))
		}
		return append(out, wholeResult(s.text(folder+"/a.csv.result.csv"))...)
	}
}

// wholeResult wants a header, whole lines, and none twice.
func wholeResult(text string) (out []string) {
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if !strings.HasPrefix(text, "\ufeffTime;") || !strings.HasSuffix(text, "\r\n") || len(lines) < 2 {
		out = append(out, fmt.Sprintf("the result is %q", text))
	}
	attempts := map[string]bool{}
	for _, line := range lines[1:] {
		if f := strings.SplitN(line, ";", 4); len(f) < 4 || attempts[f[2]] {
			out = append(out, fmt.Sprintf("the result has %q", line))
		} else {
			attempts[f[2]] = true
		}
	}
	return out
}
