package engine_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing/synctest"
	"time"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// check holds what must be true at every moment: nothing was sent twice, cut off or unseen, and every file is somewhere.
func (w *world) check() {
	synctest.Wait() // nobody is in the middle of moving a file
	drops := map[string]int{}
	for _, d := range w.drops {
		if d.whole && !invalidCSV(d.text) {
			drops[digestText(d.text)]++
		}
	}
	times := map[string]int{}
	for _, i := range w.box.Imports() {
		times[i.SHA256]++ // by whatever method
		way := i.Tenant + i.Method + i.SHA256
		times[way]++
		if times[way] > 1+w.asked[i.SHA256] || times[i.SHA256] > drops[i.SHA256]+w.asked[i.SHA256] && drops[i.SHA256] > 0 {
			w.t.Fatalf("imported %d times, %d times by method %s; dropped %d times, asked for again %d times: %s",
				times[i.SHA256], times[way], i.Method, drops[i.SHA256], w.asked[i.SHA256], w.textOf(i.SHA256))
		}
		if drops[i.SHA256] == 0 {
			w.t.Fatalf("something that nobody dropped whole and valid was imported: %d bytes, %q", i.Size, w.textOf(i.SHA256))
		}
	}
	ordered := map[string]int{}
	for _, e := range w.box.Purchases() {
		for _, p := range e.Positions {
			if ordered[p.PositionGuid]++; ordered[p.PositionGuid] > 1 {
				w.t.Fatalf("%s/%s was ordered %d times", p.DocNbr, p.PosNbr, ordered[p.PositionGuid])
			}
		}
	}
	w.nothingLost()
	w.exportWhole()
}

// textOf is the content of a digest.
func (w *world) textOf(digest string) string {
	for _, d := range w.drops {
		if digestText(d.text) == digest {
			return d.text
		}
	}
	return "unknown content"
}

// nothingLost wants the bytes of every file that its user left alone: in its folder, or in an archive.
func (w *world) nothingLost() {
	there := map[string]int{}
	for path, text := range w.contents() {
		if strings.HasSuffix(path, ".csv") {
			there[text]++
		}
	}
	for _, d := range w.drops {
		if d.whole && !d.gone && there[d.text] == 0 {
			w.t.Fatalf("%s is nowhere any more: %q", d.path, d.text)
		}
	}
}

// contents reads every file of the project, without what is hidden.
func (w *world) contents() map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err):
			return nil // it was moved meanwhile
		case err != nil:
			return err
		case d.IsDir() && path != w.dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		raw, err := os.ReadFile(path)
		if err == nil {
			out[path] = string(raw)
		}
		return nil
	})
	w.must(err)
	return out
}

// exportWhole wants each target whole: its readers never see a part.
func (w *world) exportWhole() {
	for path, text := range w.contents() {
		if filepath.Dir(path) != w.path("out") || filepath.Ext(path) != ".csv" {
			continue
		}
		first, _, _ := strings.Cut(text, "\n")
		for line := range strings.Lines(text) {
			if strings.Count(line, ";") != strings.Count(first, ";") || !strings.HasSuffix(line, "\n") {
				w.t.Fatalf("%s is torn at %q", path, line)
			}
		}
		if strings.Count(text, "\n") < 41 {
			w.t.Fatalf("%s has %d lines", path, strings.Count(text, "\n"))
		}
	}
}

// settle heals everything and goes on until nothing moves any more. Then every file is dealt with.
func (w *world) settle() {
	w.note("settle")
	w.disk.Clear()
	w.box.ClearFaults()
	w.wire.setDown(false)
	w.reap(false)
	if w.broken {
		w.save()
	}
	w.troubled = false
	if l := w.watching(); l != nil {
		w.calmly(l)
		w.person(false)
		w.pass(10 * time.Minute)
		w.check()
	}
	w.reap(true)
	for round := 0; ; round++ {
		w.pass(15 * time.Minute) // what was on its way has arrived
		w.person(true)
		w.apply(-1, true)
		w.reap(true)
		w.check()
		p := w.plan(w.cfg, engine.PlanOptions{})
		if p.Empty() && len(p.Waiting)+len(p.Problems)+len(p.UnderWay) == 0 {
			break
		}
		w.putBack(p)
		if round == 15 {
			w.t.Fatalf("it does not come to rest: %q, waits %q, problems %v, under way %v", lines(p), waits(p), p.Problems, p.UnderWay)
		}
	}
	w.allDealtWith()
	w.allProtocols()
	if len(w.temps()) > 0 { // a disk that was full refused to remove it, too
		w.pass(2 * time.Minute)
		w.apply(-1, true)
		w.reap(true)
		w.check()
	}
	if left := w.temps(); len(left) > 0 {
		w.t.Fatalf("temporary files are left: %q", left)
	}
}

// putBack undoes edits behind which the servers still have something, as the plan's problems ask for.
func (w *world) putBack(p *engine.Plan) {
	for _, problem := range p.Problems {
		name, _, _ := strings.Cut(strings.TrimPrefix(problem.Address, "import."), "[")
		switch {
		case problem.Code == "connection_changed":
			w.shape.customer = other(w.shape.customer, sandbox.DemoCustomerID, otherCustomer)
		case problem.Code == "block_gone" && name == "second":
			w.shape.second = "split"
		case problem.Code == "block_gone":
			w.shape.block, w.shape.before = name, ""
		default:
			continue
		}
		w.note("  put back, because of %s: %s", problem.Code, problem.Address)
		w.save()
		return
	}
}

// calmly takes away the moment at which a process would die.
func (w *world) calmly(l *life) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = -1
}

// allDealtWith wants every good file imported once or adopted, and every bad one rejected.
func (w *world) allDealtWith() {
	times := map[string]int{}
	for _, i := range w.box.Imports() {
		times[i.SHA256]++
	}
	known := map[string]map[string]ledger.File{}
	for _, block := range worldImports {
		w.view(func(v *ledger.View) (err error) { known[block], err = v.Files(block); return err })
	}
	for path, d := range w.files {
		block := w.serves(path)
		if d.gone || block == "" {
			continue // a folder that nobody serves any more keeps what lies there
		}
		n, digest := times[digestText(d.text)], digestText(d.text)
		_, err := os.Lstat(path)
		lies := err == nil
		switch k := known[block][filepath.Base(path)]; {
		case invalidCSV(d.text) && (n > 0 || lies && k.State != ledger.FileRejected):
			w.t.Fatalf("%s is not valid, was imported %d times and is %q", path, n, k.State)
		case !invalidCSV(d.text) && n == 0 && !w.adopted(digest):
			w.t.Fatalf("%s was never imported: %q, %q", path, k.State, k.Message)
		case lies && k.State != ledger.FileDone && k.State != ledger.FileDuplicate && k.State != ledger.FileRejected && k.State != ledger.FileExisting:
			w.t.Fatalf("%s is %q, %q", path, k.State, k.Message)
		}
	}
}

// worldImports is every name that an import may have.
var worldImports = []string{"import.staff", "import.crew", "import.second"}

// adopted reports whether a person counted content as done, or as having happened.
func (w *world) adopted(digest string) (yes bool) {
	for _, work := range w.allWork() {
		yes = yes || work.Digest == digest && (work.State == ledger.StateAdopted || work.State == ledger.StateResolved)
	}
	return yes
}

// allWork is everything that the ledger has of the imports.
func (w *world) allWork() (out []ledger.Work) {
	w.view(func(v *ledger.View) error {
		for _, block := range worldImports {
			for _, d := range w.drops {
				some, err := v.WorkOf(block, filepath.Base(d.path))
				if err != nil {
					return err
				}
				out = append(out, some...)
			}
		}
		return nil
	})
	return out
}

// allProtocols wants the protocol of every import that has one, and no work open.
func (w *world) allProtocols() {
	all := w.contents()
	protocols := map[string]int{}
	for path, text := range all {
		name := filepath.Base(path)
		if i := strings.Index(name, ".protocol"); i > 0 && strings.Contains(text, "Gelesen:") {
			stem, _, _ := strings.Cut(name[:i], "~")
			protocols[strings.TrimSuffix(stem, ".csv")]++
		}
	}
	want := map[string]int{}
	seen := map[int64]bool{}
	for _, work := range w.allWork() {
		if seen[work.ID] {
			continue
		}
		seen[work.ID] = true
		if work.State.Open() || work.State == ledger.StateUnknown {
			w.t.Fatalf("%s[%s] is %s for ever", work.Address, work.Item, work.State)
		}
		if work.State != ledger.StateDone && work.State != ledger.StateWarned {
			continue
		}
		if work.Path == "" && !w.denied {
			w.t.Fatalf("%s[%s] is %s without a protocol: %s", work.Address, work.Item, work.State, work.Message)
		}
		if work.Path != "" {
			want[strings.TrimSuffix(work.Item, ".csv")]++
		}
	}
	for name, n := range want {
		if protocols[name] < n {
			var there []string
			for path := range all {
				there = append(there, path)
			}
			w.t.Fatalf("%s.csv has %d protocols of %d: %q", name, protocols[name], n, there)
		}
	}
	for _, e := range w.box.Purchases() {
		if w.shape.manual && !w.agreed[string(e.ServiceData)] && !w.everAuto {
			w.t.Fatalf("ordered unseen: %s", fmt.Sprint(string(e.ServiceData)))
		}
	}
}
