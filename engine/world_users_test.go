package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"pgregory.net/rapid"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// worldShape is what the configuration says, which users edit.
type worldShape struct {
	block, before string // what the import is called, and was called before, where moved says so
	folder        string
	method        string
	order         string
	second        string // a second import: split takes b.csv out of the same folder, other all of the other one; empty: there is none
	secondMethod  string
	connection    string // what the imports' and the export's connection is called,
	connectionWas string // was called before, where moved says so,
	customer      string // and whose data it leads to
	archive       bool
	volumes       bool // the archive lies on another volume
	manual        bool // orders wait for a person
	target        string
	gone          bool // the export is not there
}

// plainShape is a configuration to begin with.
func plainShape() worldShape {
	return worldShape{block: "staff", folder: "in", method: "A", target: "all.csv", order: "name", secondMethod: "A", connection: "hr", customer: sandbox.DemoCustomerID}
}

func drawShape(rt *rapid.T) worldShape {
	s := plainShape()
	s.archive, s.volumes, s.manual = rapid.Bool().Draw(rt, "archive"), rapid.Bool().Draw(rt, "volumes"), rapid.Bool().Draw(rt, "manual")
	s.second = rapid.SampledFrom([]string{"", "split", "other"}).Draw(rt, "second")
	return s
}

func (s *worldShape) text() string {
	patient := strings.NewReplacer(`"10ms"`, `"1s"`, `"20ms"`, `"4s"`, `"3s"`, `"60s"`)
	text := patient.Replace(head) + fmt.Sprintf(`
import %q {
  connection = connection.perbit.hr
  folder     = %q
  object     = "Mitarbeiter"
  method     = %q
  order      = %q
MORE
}
`, s.block, s.folder, s.method, s.order)
	if s.second == "split" {
		text = with(text, `ignore = ["b.csv"]`)
	}
	text += s.textOfSecond()
	purchases := strings.Replace(patient.Replace(shop), "\n  username", "\n  auth      = \"none\"\n  username", 1) +
		strings.Replace(orders, `"in"`, `"orders"`, 1)
	if s.manual {
		purchases = strings.Replace(purchases, `"auto"`, `"manual"`, 1)
	}
	if s.archive {
		text = strings.Replace(text, "MORE", "  archive {\n    folder        = \"done\"\n    failed_folder = \"failed\"\n  }", -1)
		purchases = with(purchases, "archive {\n    folder = \"done/orders\"\n  }\n")
	}
	text = strings.ReplaceAll(text, "MORE\n", "")
	if s.before != "" {
		text += movedTo("import", s.before, s.block)
	}
	if !s.gone {
		text += strings.NewReplacer(`"out/all.csv"`, fmt.Sprintf("%q", "out/"+s.target), "keep      = 2", "keep      = 2\n  }\n\n  schedule {\n    cron = \"30 * * * *\"").Replace(crashExport)
	}
	text = strings.NewReplacer(`"perbit" "hr"`, fmt.Sprintf(`"perbit" %q`, s.connection), "connection.perbit.hr", "connection.perbit."+s.connection,
		sandbox.DemoCustomerID, s.customer).Replace(text)
	if s.connectionWas != "" {
		text += movedTo("connection.perbit", s.connectionWas, s.connection)
	}
	return text + purchases + released
}

// textOfSecond is the second import, if there is one.
func (s *worldShape) textOfSecond() string {
	folder, match := s.folder, "b.csv"
	switch s.second {
	case "":
		return ""
	case "other":
		folder, match = other(s.folder, "in", "in2"), "*.csv"
	}
	return fmt.Sprintf(`
import "second" {
  connection = connection.perbit.hr
  folder     = %q
  match      = [%q]
  object     = "Mitarbeiter"
  method     = %q
MORE
}
`, folder, match, s.secondMethod)
}

// other is the other one of two.
func other(is, a, b string) string { return map[string]string{a: b, b: a}[is] }

// serves is the import that takes what lies at a path, empty where none does.
func (w *world) serves(path string) string {
	s, in := w.shape, filepath.Base(filepath.Dir(path))
	switch {
	case in != "in" && in != "in2", in != s.folder && s.second != "other":
		return ""
	case in != s.folder, s.second == "split" && filepath.Base(path) == "b.csv":
		return "import.second"
	}
	return "import." + s.block
}

// save writes the configuration as an editor does.
func (w *world) save() {
	cfg, diags := w.tryLoad(w.shape.text())
	if diags.HasErrors() {
		w.t.Fatalf("%v\n%s", diags, w.shape.text())
	}
	w.cfg, w.broken = cfg, false
	w.announce(w.path("main.hcl"), fsnotify.Write)
}

// worldEdits is what may be edited.
var worldEdits = []string{
	"method", "folder", "name", "moved", "none", "split", "other", "connection", "connection moved", "customer", "archive", "order", "approval", "target",
	"export", "broken", "mended",
}

// edit changes the configuration.
func (w *world) edit() {
	what := rapid.SampledFrom(worldEdits).Draw(w.rt, "edit")
	w.note("  %s", what)
	s := &w.shape
	switch what {
	case "method":
		s.method = other(s.method, "A", "B")
	case "folder":
		s.folder = other(s.folder, "in", "in2")
	case "name", "moved":
		if s.before = ""; what == "moved" {
			s.before = s.block
		}
		s.block = other(s.block, "staff", "crew")
	case "none", "split", "other":
		if s.second = what; what == "none" {
			s.second = ""
		}
		s.secondMethod = rapid.SampledFrom([]string{"A", "B"}).Draw(w.rt, "second method")
	case "connection", "connection moved":
		if s.connectionWas = ""; what == "connection moved" {
			s.connectionWas = s.connection
		}
		s.connection = other(s.connection, "hr", "people")
	case "customer":
		s.customer = other(s.customer, sandbox.DemoCustomerID, otherCustomer)
	case "archive":
		s.archive = !s.archive
	case "order":
		s.order = other(s.order, "name", "any")
	case "approval":
		s.manual = !s.manual
		w.everAuto = w.everAuto || !s.manual
	case "target":
		s.target = other(s.target, "all.csv", "everything.csv")
	case "export":
		s.gone = !s.gone
	case "broken":
		w.write("main.hcl", "import \"staff\" {\n  folder = \n")
		w.broken = true
		w.announce(w.path("main.hcl"), fsnotify.Write)
		return
	}
	w.save()
}

// someImport is a file for the import: mostly good, and of content that no other has.
func (w *world) someImport() string {
	w.serial++
	switch n := 9000 + w.serial; rapid.IntRange(0, 5).Draw(w.rt, "content") {
	case 0:
		return fmt.Sprintf("PersonalNr;Name\n\"%d;Dora\n", n) // the quote does not end
	case 1:
		return fmt.Sprintf("PersonalNr;Name\n%d;Änne\n%d;Jörg\n", n, n+1000)
	default:
		return fmt.Sprintf("PersonalNr;Name\n%d;Ada\n", n)
	}
}

func invalidCSV(text string) bool { return strings.Count(text, `"`)%2 == 1 }

// someOrder is a file with an order, which may overlap with others.
func (w *world) someOrder() string {
	all := []string{"D1/P1", "D1/P2", "D1/P3", "D2/P1", "D2/P2"}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 2, rapid.ID[string]).Draw(w.rt, "positions")
	text := "DocNbr;PosNbr;Amount\n"
	for _, p := range some {
		text += strings.Replace(p, "/", ";", 1) + ";" + rapid.SampledFrom([]string{"1", "1.000", "2"}).Draw(w.rt, "amount") + "\n"
	}
	return text
}

// dropSome puts a file into the import's folder, by one of the kinds of writers.
func (w *world) dropSome(text string) {
	path := filepath.Join(w.someDir(), w.someName())
	how := rapid.SampledFrom([]string{"whole", "renamed", "slow", "reopened", "old", "pre-sized", "stalled"}).Draw(w.rt, "writer")
	pause := rapid.SampledFrom([]time.Duration{time.Millisecond, 300 * time.Millisecond, 1900 * time.Millisecond}).Draw(w.rt, "pause")
	w.note("  %s %s %q", how, path, text)
	half := len(text) / 2
	switch how {
	case "renamed":
		temp := filepath.Join(filepath.Dir(path), ".upload")
		w.must(os.WriteFile(temp, []byte(text), 0o644))
		w.begun(path, text)
		w.must(os.Rename(temp, path))
		w.ended(path, fsnotify.Create)
	case "slow", "reopened", "stalled": // who reopens is not seen writing in between; who stalls is, for as long as it takes
		w.begun(path, text)
		w.writing(path, how != "reopened")
		w.must(os.WriteFile(path, []byte(text[:half]), 0o644))
		w.announce(path, fsnotify.Create, fsnotify.Write)
		if how == "stalled" && !w.blind {
			pause = 11 * time.Minute
		}
		if how == "reopened" || w.blind {
			pause = min(pause, 300*time.Millisecond) // apply looks for half a second
		}
		w.pass(pause)
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			w.t.Fatalf("a half-written file was taken away: %v", err)
		}
		_, err = f.WriteString(text[half:])
		w.must(err)
		w.must(f.Close())
		w.ended(path, fsnotify.Write)
	case "pre-sized":
		w.begun(path, text)
		w.writing(path, true)
		w.must(os.WriteFile(path, make([]byte, len(text)), 0o644))
		w.announce(path, fsnotify.Create)
		w.pass(min(pause, 300*time.Millisecond))
		w.must(os.WriteFile(path, []byte(text), 0o644))
		w.ended(path, fsnotify.Write)
	case "old":
		w.put(path, text)
		at := time.Now().Add(-time.Duration(w.serial) * time.Second)
		w.must(os.Chtimes(path, at, at))
		w.announce(path, fsnotify.Chmod)
	default:
		w.put(path, text)
	}
}

// put writes a file in one go.
func (w *world) put(path, text string) {
	w.begun(path, text)
	w.must(os.WriteFile(path, []byte(text), 0o644))
	w.ended(path, fsnotify.Create, fsnotify.Write)
}

// begun notes that a user begins to write a path: what lay there is gone by his will.
func (w *world) begun(path, text string) {
	if old := w.files[path]; old != nil {
		old.gone = true
	}
	d := &drop{path: path, text: text}
	w.files[path], w.drops = d, append(w.drops, d)
}

// ended says that a file is all there. Its time is the world's.
func (w *world) ended(path string, ops ...fsnotify.Op) {
	w.serial++
	at := time.Now().Add(time.Duration(w.serial))
	if err := os.Chtimes(path, at, at); err != nil {
		w.must(err) // it may have been taken already
	}
	d := w.files[path]
	d.whole = true
	w.writing(path, false)
	w.announce(path, ops...)
}

func (w *world) deleteSome() {
	if len(w.drops) == 0 {
		return
	}
	d := rapid.SampledFrom(w.drops).Draw(w.rt, "deleted")
	if raw, err := os.ReadFile(d.path); err == nil && string(raw) == d.text && w.files[d.path] == d {
		d.gone = true
		w.must(os.Remove(d.path))
		w.announce(d.path, fsnotify.Remove)
	}
}

// nameAll approves at the prompt.
func (w *world) nameAll(p *engine.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, a := range p.Actions {
		if a.Approval == engine.ApprovalRequired {
			p.Actions[i].Approval = engine.ApprovalNamed
			w.agreed[string(a.Call.Data)] = true
		}
	}
}

// person says the truth about what is unknown, approves, and asks again for some of what stands still. finally is when
// nothing moves any more: then all of it.
func (w *world) person(finally bool) {
	if w.broken {
		return
	}
	w.calm <- struct{}{}
	defer func() { <-w.calm }()
	p, err := w.tryPlan(w.cfg, engine.PlanOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range p.Actions {
		if !finally && w.maybe("not this one") {
			continue
		}
		at := a.Address.String()
		switch {
		case a.Approval == engine.ApprovalRequired:
			if w.approve(w.cfg, at) == nil {
				w.agreed[string(a.Call.Data)] = true
			}
		case a.Kind != engine.NeedsPerson:
		case a.Reason == engine.ReasonUnknown:
			w.resolveTruly(p, a)
		case a.Reason == engine.ReasonSeenBefore && (finally || w.maybe("adopt")):
			_ = w.adopt(w.cfg, at)
		default:
			if w.retry(w.cfg, at) == nil && a.File.Digest != "" {
				w.asked[a.File.Digest]++
			}
		}
	}
}

// maybe is left to chance, where anything is.
func (w *world) maybe(what string) bool { return w.rt != nil && rapid.Bool().Draw(w.rt, what) }

// resolveTruly says of an unknown outcome what the server knows, once it can know no more: nobody has the work any more, and
// what was on its way has arrived.
func (w *world) resolveTruly(p *engine.Plan, a engine.Action) {
	if a.Prior == nil || a.Prior.State != ledger.StateUnknown || time.Since(a.Prior.SentAt) < 10*time.Minute {
		return
	}
	for _, other := range p.Actions {
		if o := other.Prior; o != nil && o.State == ledger.StateUnknown && o.Address == a.Prior.Address && o.Item == a.Prior.Item && o.SentAt.After(a.Prior.SentAt) {
			return // the later one comes first
		}
	}
	at := a.Prior.Address + "[" + a.Prior.Item + "]"
	if err := w.resolve(w.cfg, at, w.happened(a.Prior)); err != nil {
		w.note("  resolve %s: %v", at, err)
	}
}

// happened looks work up among what the servers have done since it was sent.
func (w *world) happened(work *ledger.Work) (yes bool) {
	if work.Kind == ledger.KindImport {
		for _, i := range w.box.Imports() {
			yes = yes || i.SHA256 == work.Digest && i.Method == work.Method && strings.HasSuffix(work.Endpoint, "|"+i.Tenant) && !i.ReceivedAt.Before(work.SentAt)
		}
		return yes
	}
	w.view(func(v *ledger.View) error {
		c, _, err := v.Call(work.ID)
		for _, e := range w.box.Effects() {
			yes = yes || string(e.ServiceData) == c.Sent && !e.ReceivedAt.Before(work.SentAt)
		}
		return err
	})
	return yes
}
