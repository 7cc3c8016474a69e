package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dropform/engine/ledger"
)

// orders are what the machine places: they share positions, GUIDs, order numbers and a document in many ways.
var orders = [][]ledger.Hold{
	{ledger.HoldPosition("2", "10-1", "1"), ledger.HoldPosition("2", "10-1", "2"), ledger.HoldGUID("g1"), ledger.HoldOrderNumber("N1")},
	{ledger.HoldPosition("2", "10-1", "2"), ledger.HoldGUID("g2")},
	{ledger.HoldGUID("{G1}"), ledger.HoldOrderNumber("N2")},
	{ledger.HoldDocument("2", "10-1")},
	{ledger.HoldOrderNumber("n1 "), ledger.HoldPosition("2", "10-2", "1")},
	{ledger.HoldPosition("2", "10-1", "3")},
}

// shop drives one ledger by two processes that crash, pause and act on what they saw long ago. Whatever they do, no key is
// with two orders that may both have been placed, unless that came about before two systems were found to be one or by a
// person's adoption; and no order that needs approval goes out without one of its own.
type shop struct {
	machine
	systems [2]ledger.SystemID
	merged  bool
	known   []ledger.Call // as somebody once saw them
	flights []order       // sendings that somebody waits for, also of the dead
	hot     map[string]order
	asked   map[string]*consent // by item
}

// order is one order that may have been placed.
type order struct {
	work   int64
	a      ledger.Attempt
	system int
	holds  []ledger.Hold
	item   string
	owner  *proc
}

// consent is what the ledger should know of an approval.
type consent struct {
	digest   string
	approved bool
	used     int64
}

func (c *consent) usable(digest string) bool {
	return c != nil && c.approved && c.used == 0 && c.digest == digest
}

func (m *shop) root(system int) int {
	if m.merged {
		return 0
	}
	return system
}

func overlap(a, b ledger.Hold) bool {
	a, b = a.Normal(), b.Normal()
	whole := a.Kind == ledger.HeldDocument && b.Kind == ledger.HeldPosition || a.Kind == ledger.HeldPosition && b.Kind == ledger.HeldDocument
	return a == b || whole && a.DocNbr == b.DocNbr
}

// inTheWay lists the orders that may have been placed and have something of the holds.
func (m *shop) inTheWay(system int, holds ...ledger.Hold) (works []int64) {
	for _, o := range m.hot {
		if m.root(o.system) == m.root(system) && slices.ContainsFunc(o.holds, func(a ledger.Hold) bool {
			return slices.ContainsFunc(holds, func(b ledger.Hold) bool { return overlap(a, b) })
		}) {
			works = append(works, o.work)
		}
	}
	return works
}

func (m *shop) draw(t *rapid.T) (ledger.Call, order) {
	i, system := rapid.IntRange(0, len(orders)-1).Draw(t, "order"), rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "system")
	return m.call(i, system)
}

func (m *shop) call(i, system int) (ledger.Call, order) {
	c := (&site{sys: m.systems[system]}).order(fmt.Sprint("d", i))
	c.Item = fmt.Sprint(system, "-", i)
	return c, order{system: system, holds: orders[i], item: c.Item}
}

// look lets somebody see how an order's content stands now; the last call is what counts.
func (m *shop) look(t *rapid.T, q *proc, c ledger.Call, system int) (last ledger.Call, found bool) {
	err := q.l.Reader().View(ctx, func(v *ledger.View) error {
		calls, err := v.CallsOfContent([]ledger.SystemID{m.systems[m.root(system)]}, ledger.KindPurchase, c.Digest)
		for _, last = range calls {
			found = true
			m.known = append(m.known, last)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return last, found
}

func (m *shop) begin(t *rapid.T, q *proc, c ledger.Call, o order, again *ledger.Work) {
	digest := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "approval")
	a, err := q.p.BeginCall(ctx, c, o.holds, digest, again)
	held := (*ledger.HeldError)(nil)
	blocked := m.inTheWay(o.system, o.holds...)
	switch {
	case errors.As(err, &held):
		if !slices.Contains(blocked, held.By.ID) {
			t.Fatalf("%s is refused for work %d, and %v are in its way", c.Item, held.By.ID, blocked)
		}
	case errors.Is(err, ledger.ErrNotApproved):
		if m.asked[c.Item].usable(digest) {
			t.Fatalf("%s is approved as %s, and was refused", c.Item, digest)
		}
	case errors.Is(err, ledger.ErrTaken), errors.Is(err, ledger.ErrOvertaken):
	case err != nil:
		t.Fatal(err)
	default:
		if len(blocked) > 0 {
			t.Fatalf("%s was sent, though works %v may have what it takes", c.Item, blocked)
		}
		if digest != "" {
			if !m.asked[c.Item].usable(digest) {
				t.Fatalf("%s was sent as %s without approval: %+v", c.Item, digest, m.asked[c.Item])
			}
			m.asked[c.Item].used = a.ID
		} else if had := m.asked[c.Item]; had != nil && had.used == 0 {
			had.used = a.ID // sent by name: it waits no more
		}
		o.work, o.a, o.owner = a.Work, a, q
		m.hot[fmt.Sprint(a.ID)] = o
		m.flights = append(m.flights, o)
	}
}

func (m *shop) place(t *rapid.T) {
	q := m.some(t)
	c, o := m.draw(t)
	m.look(t, q, c, o.system)
	m.begin(t, q, c, o, nil)
}

// request places an order anew because a person asked for it, however it stands.
func (m *shop) request(t *rapid.T) {
	q := m.some(t)
	c, o := m.draw(t)
	if last, ok := m.look(t, q, c, o.system); ok {
		c.Request = last.Request + 1
		m.begin(t, q, c, o, nil)
	}
}

// remembered is a call as it once was, and the order that it is.
func (m *shop) remembered(t *rapid.T) (known, c ledger.Call, o order, ok bool) {
	if len(m.known) == 0 {
		return known, c, o, false
	}
	known = m.known[len(m.known)-1-rapid.IntRange(0, min(len(m.known), 12)-1).Draw(t, "age")]
	var i, system int
	if _, err := fmt.Sscanf(known.Item, "%d-%d", &system, &i); err != nil {
		t.Fatal(err)
	}
	c, o = m.call(i, system)
	return known, c, o, true
}

func (m *shop) again(t *rapid.T) {
	q := m.some(t)
	if known, c, o, ok := m.remembered(t); ok {
		m.begin(t, q, c, o, &known.Work)
	}
}

func (m *shop) answer(t *rapid.T) {
	q := m.some(t)
	mine := slices.DeleteFunc(slices.Clone(m.flights), func(o order) bool { return o.owner != q })
	if len(mine) == 0 {
		return
	}
	o := rapid.SampledFrom(mine).Draw(t, "flight")
	to := rapid.SampledFrom([]ledger.State{
		ledger.StateDone, ledger.StateWarned, ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused,
	}).Draw(t, "answer")
	if !mayFail(t, q.p.Finish(ctx, o.a, ledger.Outcome{State: to})) {
		return
	}
	if to == ledger.StateNotSent || to == ledger.StateRefused {
		delete(m.hot, fmt.Sprint(o.a.ID))
	}
	if c := m.asked[o.item]; to == ledger.StateNotSent && c != nil && c.used == o.a.ID {
		c.used = 0
	}
}

func (m *shop) void(item string) {
	if c := m.asked[item]; c != nil && c.used == 0 {
		c.approved = false
	}
}

func (m *shop) resolve(t *rapid.T) {
	q := m.some(t)
	known, _, _, ok := m.remembered(t)
	if !ok {
		return
	}
	happened := rapid.Bool().Draw(t, "happened")
	if mayFail(t, q.l.Resolve(ctx, known.Work, happened, "eve", "")) && !happened {
		for id, o := range m.hot {
			if o.work == known.ID {
				delete(m.hot, id)
			}
		}
		m.void(known.Item)
	}
}

func (m *shop) retry(t *rapid.T) {
	q := m.some(t)
	if known, _, _, ok := m.remembered(t); ok && mayFail(t, q.l.Retry(ctx, known.Work, "eve")) {
		m.void(known.Item)
	}
}

func (m *shop) adopt(t *rapid.T) {
	q := m.some(t)
	c, o := m.draw(t)
	last, found := m.look(t, q, c, o.system)
	err := q.l.AdoptCalls(ctx, []ledger.Call{c}, [][]ledger.Hold{o.holds}, nil, "eve")
	switch may := !found || !last.State.Open() && last.State != ledger.StateUnknown; {
	case mayFail(t, err) != may:
		t.Fatalf("adopting what is %q: %v", last.State, err)
	case may && !last.State.Happened():
		now, _ := m.look(t, q, c, o.system)
		o.work = now.ID
		m.hot[fmt.Sprint("adopted ", now.ID)] = o
		if c := m.asked[o.item]; c != nil && c.used == 0 {
			delete(m.asked, o.item)
		}
	}
}

func (m *shop) await(t *rapid.T) {
	q := m.some(t)
	c, o := m.draw(t)
	digest := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "digest")
	if err := q.l.Await(ctx, []ledger.Approval{asked(c, digest)}); err != nil {
		t.Fatal(err)
	}
	if had := m.asked[o.item]; had == nil || had.digest != digest || had.used != 0 {
		m.asked[o.item] = &consent{digest: digest}
	}
}

func (m *shop) approve(t *rapid.T) {
	q := m.some(t)
	c, o := m.draw(t)
	digest := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "digest")
	had := m.asked[o.item]
	waits := had != nil && had.digest == digest && had.used == 0
	if mayFail(t, q.l.Approve(ctx, asked(c, digest), "eve")) != waits {
		t.Fatalf("approving %s as %s, which waits: %v", o.item, digest, waits)
	}
	if waits {
		had.approved = true
	}
}

// merge finds that both connections lead to one system.
func (m *shop) merge(t *rapid.T) {
	q := m.some(t)
	if _, err := q.l.System(ctx, "connection.conbox.b", "https://a"); err != nil {
		t.Fatal(err)
	}
	m.merged = true
}

// check compares who has each key with who may have been placed.
func (m *shop) check(t *rapid.T) {
	q := m.start(t, 0)
	all := slices.Concat(orders...)
	var got [2][]*ledger.Call
	err := q.l.Reader().View(ctx, func(v *ledger.View) (err error) {
		for system := range got {
			if got[system], err = v.Holders([]ledger.SystemID{m.systems[m.root(system)]}, all); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for system, of := range got {
		for i, h := range all {
			want := m.inTheWay(system, h)
			if (of[i] != nil) != (len(want) > 0) || of[i] != nil && !slices.Contains(want, of[i].ID) {
				t.Fatalf("%v is with %+v, and should be with one of %v", h, of[i], want)
			}
		}
	}
}

func TestNoKeyIsHeldTwice(t *testing.T) {
	root := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(root, fmt.Sprint(runs))
		m := &shop{machine: machine{path: filepath.Join(dir, "ledger.db")}, hot: map[string]order{}, asked: map[string]*consent{}}
		defer os.RemoveAll(dir)
		defer func() {
			for _, q := range m.procs {
				if q != nil {
					_ = q.l.Close()
				}
			}
		}()
		l := m.start(t, 0).l
		for i, name := range []string{"a", "b"} {
			var err error
			if m.systems[i], err = l.System(ctx, "connection.conbox."+name, "https://"+name); err != nil {
				t.Fatal(err)
			}
		}
		victim := rapid.IntRange(0, 1)
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"place":   m.place,
			"place2":  m.place,
			"again":   m.again,
			"request": m.request,
			"answer":  m.answer,
			"answer2": m.answer,
			"resolve": m.resolve,
			"retry":   m.retry,
			"adopt":   m.adopt,
			"await":   m.await,
			"approve": m.approve,
			"merge":   m.merge,
			"recover": func(t *rapid.T) {
				if err := m.some(t).l.Recover(ctx); err != nil {
					t.Fatal(err)
				}
			},
			"crash": func(t *rapid.T) { m.end(t, victim.Draw(t, "victim"), (*ledger.Ledger).Crash) },
			"leave": func(t *rapid.T) { m.end(t, victim.Draw(t, "victim"), (*ledger.Ledger).Close) },
		})
	})
}
