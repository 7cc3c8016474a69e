package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// TestOrdersOnceWhateverHappens drives the real planner, runner, ledger and client against the sandbox through random
// schedules: files that come, come again, change, overlap and go; faults before and after the effect; processes that die
// at any moment, that race, and that act on plans made before the world changed; approvals, true and false words about
// what is unknown, retries, renamed rules and connections. Whatever happens, no position is ordered twice unless a person
// said that an order which was placed was not.
//
// The dose in CI is that of rapid; a long one is `go test ./engine -run TestOrdersOnce -rapid.checks=3000`.
func TestOrdersOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMarket(t, rt)
		for range rapid.IntRange(3, 14).Draw(rt, "steps") {
			m.step(rapid.SampledFrom(marketSteps).Draw(rt, "step"))
			m.check()
		}
		m.settle()
	})
}

// drawn lets a rig fail the schedule instead of the test, so that rapid can make it smaller.
type drawn struct {
	testing.TB
	rt  *rapid.T
	dir string
}

func (d *drawn) Helper()                   {}
func (d *drawn) Errorf(f string, a ...any) { d.rt.Errorf(f, a...) }
func (d *drawn) Error(a ...any)            { d.rt.Error(a...) }
func (d *drawn) Fatalf(f string, a ...any) { d.rt.Fatalf(f, a...) }
func (d *drawn) Fatal(a ...any)            { d.rt.Fatal(a...) }
func (d *drawn) Cleanup(f func())          { d.rt.Cleanup(f) }
func (d *drawn) TempDir() string           { return d.dir }

// market is the world of one schedule.
type market struct {
	*rig
	rt     *rapid.T
	cfg    *engine.Config
	manual bool            // orders wait for a person
	filed  bool            // what is done goes into an archive
	whole  bool            // documents are also ordered whole; then none by GUID, whose document nobody can tell
	names  naming          // what rule and connection are called now
	lied   map[string]bool // positions and order numbers of orders that a person wrongly called not placed
	died   bool            // a process died, and may have left a temporary file of what nobody writes again
}

// naming is one way of calling the blocks of the configuration.
type naming struct {
	rule, connection string
	moved            string // the name that the rule had before; empty: nothing says so
}

func newMarket(t *testing.T, rt *rapid.T) *market {
	dir, err := os.MkdirTemp("", "market")
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &market{rt: rt, names: naming{rule: "orders", connection: "shop"}, lied: map[string]bool{}}
	m.rig = newRig(&drawn{t, rt, dir}, func(o *sandbox.Options) {
		o.Tenants, o.Documents, o.Conbox = nil, marketDocuments, sandbox.ConboxSettings{UserCode: sandbox.DemoUserCode}
	})
	m.manual, m.filed, m.whole = rapid.Bool().Draw(rt, "manual"), rapid.Bool().Draw(rt, "filed"), rapid.Bool().Draw(rt, "whole")
	m.reload()
	m.apply(m.cfg, engine.PlanOptions{})
	return m
}

var marketDocuments = []sandbox.ConboxDocument{
	{DocTyp: 2, DocNbr: "D1", Positions: marketPositions(1, 3)},
	{DocTyp: 2, DocNbr: "D2", Positions: marketPositions(2, 2)},
}

func marketPositions(doc, n int) (out []sandbox.ConboxPosition) {
	for i := range n {
		out = append(out, sandbox.ConboxPosition{
			PosNbr: fmt.Sprint("P", i+1), PositionGuid: fmt.Sprintf("00000000-0000-0000-0000-0000000000%d%d", doc, i+1), WarNbr: "W", FCoPrc: "1.00",
		})
	}
	return out
}

// reload reads the configuration as it is called now.
func (m *market) reload() {
	text := strings.ReplaceAll(shop+orders, "conbox.shop", "conbox."+m.names.connection)
	text = strings.Replace(text, `"shop"`, `"`+m.names.connection+`"`, 1)
	text = strings.Replace(text, `"purchase" "orders"`, `"purchase" "`+m.names.rule+`"`, 1)
	text = strings.Replace(text, "\n  username", "\n  auth      = \"none\"\n  username", 1)
	text = strings.Replace(text, `"3s"`, `"2s"`, 1)
	if m.manual {
		text = strings.Replace(text, `"auto"`, `"manual"`, 1)
	}
	if m.filed {
		text = with(text, inDone)
	}
	if m.whole {
		text = with(text, "all_positions = true")
	}
	if m.names.moved != "" {
		text += movedTo("rule.purchase", m.names.moved, m.names.rule)
	}
	m.cfg = m.load(text)
}

// marketSteps is what may happen, as often as it is named.
var marketSteps = []string{
	"drop", "drop", "drop", "drop", "touch", "again", "delete", "fault", "fault", "apply", "apply", "apply", "named", "named",
	"dying", "dying",
	"race", "stale", "approve", "approve", "resolve", "resolve", "lie", "retry", "adopt", "rename", "ask", "price",
}

func (m *market) step(what string) {
	switch what {
	case "drop":
		m.write("in/"+m.someName(), m.someOrders())
	case "touch":
		if name := m.someFile(); name != "" {
			m.write("in/"+name, m.read("in/"+name))
		}
	case "again":
		if name := m.some("done/?.csv"); name != "" {
			m.write("in/"+m.someName(), m.read("done/"+name))
		}
	case "delete":
		if name := m.someFile(); name != "" {
			m.remove("in/" + name)
		}
	case "fault":
		m.inject(rapid.SampledFrom(marketFaults).Draw(m.rt, "fault"))
	case "apply":
		m.run(func(*engine.Plan) {})
	case "named":
		m.run(nameAll)
	case "dying":
		m.run(nil)
	case "race":
		m.race(m.cfg, m.cfg) // each order of both is named
	case "stale":
		m.run(func(p *engine.Plan) {
			if rapid.Bool().Draw(m.rt, "named") {
				nameAll(p)
			}
			others := []string{"drop", "touch", "delete", "apply", "named", "approve", "resolve", "rename", "price"}
			m.step(rapid.SampledFrom(others).Draw(m.rt, "meanwhile"))
		})
	default:
		m.say(what)
	}
}

// say is what a person says or changes.
func (m *market) say(what string) {
	address := "*"
	if found := m.addresses(); len(found) > 0 && rapid.Bool().Draw(m.rt, "one") {
		address = rapid.SampledFrom(found).Draw(m.rt, "address")
	}
	switch what {
	case "approve": // refused where nothing waits: that is right
		_ = m.approve(m.cfg, address)
	case "retry":
		_ = m.retry(m.cfg, address)
	case "adopt":
		_ = m.adopt(m.cfg, address)
	case "resolve", "lie":
		for _, u := range m.unknown() {
			m.resolveOne(u, what == "lie")
		}
	case "rename":
		before := m.names.rule
		m.names.rule = map[string]string{"orders": "sales", "sales": "orders"}[before]
		if m.names.moved = ""; rapid.Bool().Draw(m.rt, "moved") {
			m.names.moved = before
		}
		if rapid.Bool().Draw(m.rt, "connection too") {
			m.names.connection = map[string]string{"shop": "store", "store": "shop"}[m.names.connection]
		}
		m.reload()
	case "ask":
		m.manual = !m.manual
		m.reload()
	case "price":
		m.price("D1/P1", fmt.Sprint(rapid.IntRange(1, 9).Draw(m.rt, "price")))
	}
}

var marketFaults = []sandbox.Fault{
	onPurchase(sandbox.FaultCutBefore), onPurchase(sandbox.FaultCutAfterAccept), onPurchase(sandbox.FaultGarbage),
	onPurchase(sandbox.FaultStatus, status(500, false)), onPurchase(sandbox.FaultStatus, status(500, true)),
	onPurchase(sandbox.FaultStatus, status(413, false)), onPurchase(sandbox.FaultRefuse), onPurchase(sandbox.FaultBrokenJSON),
	{Kind: sandbox.FaultStatus, Action: "Probe", Status: 503, Times: 1},
	{Kind: sandbox.FaultRefuse, Action: "GetPositionData", Position: "D1/P2", Times: 1},
	{Kind: sandbox.FaultStatus, Action: "GetPositionData", Status: 403, Times: 1},
}

func nameAll(p *engine.Plan) {
	for i, a := range p.Actions {
		if a.Approval == engine.ApprovalRequired {
			p.Actions[i].Approval = engine.ApprovalNamed
		}
	}
}

func (m *market) someName() string {
	return rapid.SampledFrom([]string{"a.csv", "b.csv", "c.csv"}).Draw(m.rt, "name")
}

// files lists base names by a pattern of one folder.
func (m *market) files(pattern string) []string {
	found, err := filepath.Glob(m.path(pattern))
	if err != nil {
		m.t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// some is one of these files, empty where there is none.
func (m *market) some(pattern string) string {
	if found := m.files(pattern); len(found) > 0 {
		return rapid.SampledFrom(found).Draw(m.rt, "file")
	}
	return ""
}

func (m *market) someFile() string { return m.some("in/?.csv") }

// someOrders makes a file with orders by number, one by GUID or one of a whole document, sometimes with an order number, in
// several formats.
func (m *market) someOrders() string {
	all := []string{"D1/P1", "D1/P2", "D1/P3", "D2/P1", "D2/P2"}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, rapid.ID[string]).Draw(m.rt, "positions")
	amount := rapid.SampledFrom([]string{"1", "1,0", "2"}).Draw(m.rt, "amount")
	number := rapid.SampledFrom([]string{"", "", "B1", "B2"}).Draw(m.rt, "order number")
	odd := rapid.IntRange(0, 3).Draw(m.rt, "form") == 0
	guid := odd && !m.whole
	if odd && m.whole {
		doc, _, _ := strings.Cut(some[0], "/")
		return "DocNbr;ExtPchNbr;Subject\n" + doc + ";" + number + ";" + amount + "\n"
	}
	text := "DocNbr;PosNbr;Amount;ExtPchNbr\n"
	if guid {
		text = "PositionGuid;Amount;ExtPchNbr\n"
	}
	first, _, _ := strings.Cut(some[0], "/")
	for _, p := range some {
		doc, pos, _ := strings.Cut(p, "/")
		switch ext := number; {
		case guid:
			text += m.guidOf(p) + ";" + amount + ";" + ext + "\n"
		case doc != first: // one order number, one order
			text += doc + ";" + pos + ";" + amount + ";\n"
		default:
			text += doc + ";" + pos + ";" + amount + ";" + ext + "\n"
		}
	}
	return text
}

// run is one process: it plans, something may happen, and it carries the plan out, to its end or until it dies.
func (m *market) run(meanwhile func(*engine.Plan)) {
	approved, before := m.approvals(), len(m.box.Purchases())
	named := true
	if meanwhile == nil {
		m.died = !m.applyDying(m.cfg, rapid.IntRange(0, 40).Draw(m.rt, "moves")) || m.died
		named = false
	} else {
		m.applyChanged(m.cfg, func(p *engine.Plan) {
			meanwhile(p)
			before = len(m.box.Purchases())
			approved = m.approvals()
			named = slices.ContainsFunc(p.Actions, func(a engine.Action) bool { return a.Approval == engine.ApprovalNamed })
		})
	}
	if !m.manual || named {
		return
	}
	for _, e := range m.box.Purchases()[before:] {
		if sum := sha256.Sum256(e.ServiceData); !approved[hex.EncodeToString(sum[:])] {
			m.t.Errorf("ordered without approval: %s", e.ServiceData)
		}
	}
}

// approvals are the requests for which there is an approval that is not used up.
func (m *market) approvals() map[string]bool {
	out := map[string]bool{}
	m.view(func(v *ledger.View) error {
		all, err := v.AllApprovals()
		for _, a := range all {
			if a.By != "" {
				out[a.RequestDigest] = true
			}
		}
		return err
	})
	return out
}

// addresses are those that a person may name.
func (m *market) addresses() (out []string) {
	for _, a := range m.plan(m.cfg, engine.PlanOptions{}).Actions {
		out = append(out, a.Address.String())
	}
	return out
}

func (m *market) unknown() (out []ledger.Call) {
	err := m.requests(m.cfg, func(q engine.Requests) error {
		if err := q.Ledger.Recover(context.Background()); err != nil {
			return err
		}
		return q.Ledger.Reader().View(context.Background(), func(v *ledger.View) error {
			works, err := v.Unfinished()
			for _, w := range works {
				if w.State == ledger.StateUnknown {
					c, _, err := v.Call(w.ID)
					if err != nil {
						return err
					}
					out = append(out, c)
				}
			}
			return err
		})
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// made finds the purchase that an attempt brought about.
func (m *market) made(c *ledger.Call) (e sandbox.ConboxEffect, found bool) {
	for _, e := range m.box.Purchases() {
		if string(e.ServiceData) == c.Sent && !e.ReceivedAt.Before(c.SentAt.Add(-time.Millisecond)) {
			return e, true
		}
	}
	return e, false
}

func (m *market) resolveOne(c ledger.Call, lie bool) {
	e, happened := m.made(&c)
	if err := m.resolve(m.cfg, c.Address+"["+c.Item+"]", happened != lie); err != nil {
		m.t.Fatal(err)
	}
	if lie && happened {
		for _, p := range e.Positions {
			m.lied[p.PositionGuid] = true
		}
		m.lied[extPchNbr(e)] = true
	}
}

func extPchNbr(e sandbox.ConboxEffect) string {
	_, rest, _ := strings.Cut(string(e.ServiceData), `"ExtPchNbr":"`)
	number, _, _ := strings.Cut(rest, `"`)
	return number
}

// check holds what must be true at every moment.
func (m *market) check() {
	times := map[string]int{}
	bySent := map[string]int{}
	for _, e := range m.box.Purchases() {
		bySent[string(e.ServiceData)]++
		for _, p := range e.Positions {
			times[p.PositionGuid]++
		}
		if number := extPchNbr(e); number != "" {
			times[number]++
		}
	}
	for what, n := range times {
		if n > 1 && !m.lied[what] {
			m.t.Fatalf("%s was ordered %d times: %q", what, n, m.placed())
		}
	}
	done := map[string]int{}
	m.view(func(v *ledger.View) error {
		for _, rule := range []string{"orders", "sales"} {
			calls, err := v.Placed("rule.purchase."+rule, "")
			if err != nil {
				return err
			}
			for _, c := range calls {
				if c.State == ledger.StateDone {
					done[c.Sent]++
				}
			}
		}
		return nil
	})
	for sent, n := range done {
		if bySent[sent] < n {
			m.t.Fatalf("%d orders are done in the ledger and %d were placed: %s", n, bySent[sent], sent)
		}
	}
	if left := m.temps(); len(left) > 0 && !m.died {
		m.t.Fatalf("temporary files are left: %q", left)
	}
}

// settle goes on until nothing moves any more, saying the truth: then every file is dealt with, and every order is done,
// adopted, or one that a person was wrong about.
func (m *market) settle() {
	m.box.ClearFaults()
	for round := range 12 {
		for _, u := range m.unknown() {
			m.resolveOne(u, false)
		}
		m.run(nameAll)
		m.check()
		p := m.plan(m.cfg, engine.PlanOptions{})
		if p.Empty() && len(p.Waiting) == 0 {
			break
		}
		for _, a := range p.Actions {
			if a.Kind == engine.NeedsPerson && a.Reason == engine.ReasonRefused {
				if err := m.retry(m.cfg, a.Address.String()); err != nil {
					m.t.Fatal(err)
				}
			}
		}
		if round == 11 {
			m.t.Fatalf("it does not come to rest: %q, waits %q, problems %v, ended %+v", lines(p), waits(p), p.Problems, m.lastEnd())
		}
	}
	var known map[string]ledger.File
	m.view(func(v *ledger.View) (err error) { known, err = v.Files("rule.purchase." + m.names.rule); return err })
	for _, name := range m.files("in/?.csv") {
		switch f := known[name]; f.State {
		case ledger.FileDone, ledger.FileDuplicate, ledger.FileRejected:
		default:
			m.t.Fatalf("%s is %q, %q", name, f.State, f.Message)
		}
	}
	before := len(m.box.Purchases())
	m.run(nameAll)
	if after := len(m.box.Purchases()); after != before {
		m.t.Fatalf("after everything was done %d more were ordered", after-before)
	}
}
