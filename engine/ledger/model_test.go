package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"dropform/engine/ledger"
)

// machine drives one ledger by two processes that crash, pause and act on what they saw long ago. Whatever they do,
// no content is sent a second time unless the first time certainly came to nothing or a person said so.
type machine struct {
	path  string
	procs [2]*proc
	sys   ledger.SystemID
	seen  []ledger.Work             // rows as somebody once saw them
	hot   map[string]map[int64]bool // content, and the attempts that may have sent it, with nothing said or known to the contrary
	rows  map[string]int            // how many works a content may have: one, and one for each word of a person

	adopted map[string]bool // content that a person counted as done, and nobody asked for since
}

type proc struct {
	l       *ledger.Ledger
	p       *ledger.Process
	pending []flight
}

// flight is a sending that this process waits for; late ones stay, so that they are answered again.
type flight struct {
	digest string
	a      ledger.Attempt
}

func (m *machine) start(t *rapid.T, i int) *proc {
	if m.procs[i] != nil {
		return m.procs[i]
	}
	l, err := ledger.Open(ctx, m.path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.Join(ctx, "apply")
	if err != nil {
		t.Fatal(err)
	}
	m.procs[i] = &proc{l: l, p: p}
	return m.procs[i]
}

func (m *machine) some(t *rapid.T) *proc { return m.start(t, rapid.IntRange(0, 1).Draw(t, "process")) }

func (m *machine) end(t *rapid.T, i int, how func(*ledger.Ledger) error) {
	if m.procs[i] == nil {
		return
	}
	if err := how(m.procs[i].l); err != nil {
		t.Fatal(err)
	}
	m.procs[i] = nil
}

func (m *machine) file(digest string) ledger.Work {
	return (&site{sys: m.sys}).file(digest+".csv", digest)
}

var contents = rapid.SampledFrom([]string{"d1", "d1", "d1", "d2"})

// look lets somebody see how content stands now, to act on it at once or much later.
func (m *machine) look(t *rapid.T, q *proc, digest string) []ledger.Work {
	var found []ledger.Work
	err := q.l.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		found, err = v.Content([]ledger.SystemID{m.sys}, "Mitarbeiter", "Standard", digest, digest)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m.seen = append(m.seen, found...)
	return found
}

// remembered is a row as it once was.
func (m *machine) remembered(t *rapid.T) (ledger.Work, bool) {
	if len(m.seen) == 0 {
		return ledger.Work{}, false
	}
	return m.seen[len(m.seen)-1-rapid.IntRange(0, min(len(m.seen), 12)-1).Draw(t, "age")], true
}

// mayFail passes the two refusals, which change nothing, and reports whether the call took effect.
func mayFail(t *rapid.T, err error) bool {
	if err != nil && !errors.Is(err, ledger.ErrTaken) && !errors.Is(err, ledger.ErrOvertaken) {
		t.Fatal(err)
	}
	return err == nil
}

func (m *machine) sent(t *rapid.T, q *proc, digest string, a ledger.Attempt) {
	if len(m.hot[digest]) > 0 {
		t.Fatalf("%s was sent again, though it may have been sent before", digest)
	}
	m.hot[digest] = map[int64]bool{a.ID: true}
	q.pending = append(q.pending, flight{digest, a})
}

func (m *machine) begin(t *rapid.T) {
	q, digest := m.some(t), contents.Draw(t, "content")
	m.look(t, q, digest)
	a, err := q.p.Begin(ctx, m.file(digest), nil) // also when it is known: the database must refuse it
	if mayFail(t, err) {
		m.rows[digest]++
		m.sent(t, q, digest, a)
	}
}

// again attempts what a person or an earlier run left, as somebody remembers it.
func (m *machine) again(t *rapid.T) {
	q := m.some(t)
	w, ok := m.remembered(t)
	if !ok || w.State != ledger.StateNotSent && w.State != ledger.StateRefused {
		return
	}
	a, err := q.p.Begin(ctx, m.file(w.Digest), &w)
	if mayFail(t, err) {
		if m.adopted[w.Digest] {
			t.Fatalf("%s was sent again, though a person counted it as done", w.Digest)
		}
		m.sent(t, q, w.Digest, a)
	}
}

func (m *machine) answer(t *rapid.T) {
	q := m.some(t)
	if len(q.pending) == 0 {
		return
	}
	f := rapid.SampledFrom(q.pending).Draw(t, "flight")
	switch to := rapid.SampledFrom([]ledger.State{
		ledger.StateRunning, ledger.StateDone, ledger.StateFailed, ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused,
	}).Draw(t, "answer"); to {
	case ledger.StateRunning:
		mayFail(t, q.p.Accepted(ctx, f.a, "remote"))
	case ledger.StateNotSent, ledger.StateRefused:
		if mayFail(t, q.p.Finish(ctx, f.a, ledger.Outcome{State: to})) {
			delete(m.hot[f.digest], f.a.ID)
		}
	default:
		mayFail(t, q.p.Finish(ctx, f.a, ledger.Outcome{State: to}))
	}
}

func (m *machine) resume(t *rapid.T) {
	q := m.some(t)
	if w, ok := m.remembered(t); ok {
		a, err := q.p.Resume(ctx, w)
		if mayFail(t, err) {
			q.pending = append(q.pending, flight{w.Digest, a})
		}
	}
}

func (m *machine) resolve(t *rapid.T) {
	q := m.some(t)
	if w, ok := m.remembered(t); ok {
		happened := rapid.Bool().Draw(t, "happened")
		if mayFail(t, q.l.Resolve(ctx, w, happened, "eve", "")) && !happened {
			delete(m.hot, w.Digest)
		}
	}
}

func (m *machine) retry(t *rapid.T) {
	q := m.some(t)
	if w, ok := m.remembered(t); ok {
		mayFail(t, q.l.Retry(ctx, w, "eve"))
	}
}

func (m *machine) adopt(t *rapid.T) {
	q, digest := m.some(t), contents.Draw(t, "content")
	if err := q.l.Adopt(ctx, m.file(digest), nil, "eve"); err != nil {
		t.Fatal(err)
	}
	m.rows[digest]++
	m.adopted[digest] = true
}

// request sends content anew because a person asked for it, however it stands.
func (m *machine) request(t *rapid.T) {
	q, digest := m.some(t), contents.Draw(t, "content")
	found := m.look(t, q, digest)
	if len(found) == 0 {
		return
	}
	w := m.file(digest)
	w.Request = found[len(found)-1].Request + 1
	a, err := q.p.Begin(ctx, w, nil)
	if mayFail(t, err) {
		m.rows[digest]++
		delete(m.hot, digest)
		delete(m.adopted, digest)
		m.sent(t, q, digest, a)
	}
}

// check compares the ledger with what is known: each content has the rows it should have, each number once.
func (m *machine) check(t *rapid.T) {
	q := m.start(t, 0)
	for _, digest := range []string{"d1", "d2"} {
		found := m.look(t, q, digest)
		if len(found) != m.rows[digest] {
			t.Fatalf("%s has %d works, not %d", digest, len(found), m.rows[digest])
		}
		for i, w := range found {
			if w.Request != i {
				t.Fatalf("%s: work %d has request number %d", digest, i, w.Request)
			}
			if w.State == ledger.StateUnknown && w.Owner != "" {
				t.Fatalf("%s: unknown, and owned by %s", digest, w.Owner)
			}
		}
	}
}

func TestNothingIsSentTwice(t *testing.T) {
	root := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(root, fmt.Sprint(runs))
		m := &machine{path: filepath.Join(dir, "ledger.db"), hot: map[string]map[int64]bool{}, rows: map[string]int{}, adopted: map[string]bool{}}
		defer os.RemoveAll(dir)
		defer func() {
			for _, q := range m.procs {
				if q != nil {
					_ = q.l.Close()
				}
			}
		}()
		var err error
		if m.sys, err = m.start(t, 0).l.System(ctx, "connection.perbit.hr", "https://one"); err != nil {
			t.Fatal(err)
		}
		victim := rapid.IntRange(0, 1)
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"begin":   m.begin,
			"again":   m.again,
			"again2":  m.again,
			"answer":  m.answer,
			"answer2": m.answer,
			"resume":  m.resume,
			"resolve": m.resolve,
			"retry":   m.retry,
			"adopt":   m.adopt,
			"request": m.request,
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
