package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dropform/engine/ledger"
)

// hold takes the write lock as another process would, so that calls pile up behind it, and gives the means to let go.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := db.Exec(`ROLLBACK`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// pile starts calls behind a held lock: the first tries to begin its transaction, the others wait to share the next.
func pile(l *ledger.Ledger, calls ...func() error) (answers func() []error) {
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	all.Go(func() { errs[0] = calls[0]() })
	for !l.Writing() || l.Waiting() > 0 {
		runtime.Gosched()
	}
	for i := 1; i < len(calls); i++ {
		all.Go(func() { errs[i] = calls[i]() })
		for l.Waiting() < i { // in this order
			runtime.Gosched()
		}
	}
	return func() []error {
		all.Wait()
		return errs
	}
}

func TestOneFailureSparesItsNeighbours(t *testing.T) {
	s := newSite(t)
	taken := s.put(s.file("a.csv", "d1"), ledger.StateDone)
	begin := func(digest string) func() error {
		return func() error { _, err := s.p.Begin(ctx, s.file(digest+".csv", digest), nil); return err }
	}
	retry := func() error {
		w := taken
		w.State = ledger.StateRefused
		return s.l.Retry(ctx, w, "eve")
	}
	release := hold(t, s.path)
	answers := pile(s.l, begin("first"), begin("second"), begin("d1"), begin("third"), retry, begin("third"), begin("fourth"))
	release()
	want := []error{nil, nil, ledger.ErrTaken, nil, ledger.ErrOvertaken, ledger.ErrTaken, nil}
	for i, err := range answers() {
		if !errors.Is(err, want[i]) {
			t.Errorf("call %d: %v, want %v", i, err, want[i])
		}
	}
	for _, digest := range []string{"first", "second", "third", "fourth"} {
		if n := len(s.content([]ledger.SystemID{s.sys}, digest)); n != 1 {
			t.Errorf("%s: %d rows", digest, n)
		}
	}
	if n := len(dump(t, s.path, `SELECT id FROM attempt`)); n != 5 {
		t.Errorf("%d attempts: a refused call left one", n)
	}
	if got := s.one("import.staff", "a.csv"); got != taken {
		t.Errorf("refused retry: %+v", got)
	}
}

// A process that registers beside a change that fails holds its lock once.
func TestJoiningBesideAFailure(t *testing.T) {
	path := newPath(t)
	l := open(t, path)
	release := hold(t, path)
	answers := pile(l,
		func() error { _, err := l.System(ctx, "connection.perbit.hr", "https://one"); return err },
		func() error { _, err := l.Join(ctx, "apply"); return err },
		func() error { return l.Retry(ctx, ledger.Work{ID: 99, State: ledger.StateRefused}, "eve") })
	release()
	for i, err := range answers() {
		if want := []error{nil, nil, ledger.ErrOvertaken}[i]; !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i, err, want)
		}
	}
}

// What spoke against an intent in a transaction that was undone is no answer where the intent is not tried again.
func TestNothingStaysOfAnUndoneTransaction(t *testing.T) {
	s := newSite(t)
	stopped, stop := context.WithCancel(ctx)
	taken := errors.New("another run has it already")
	release := hold(t, s.path)
	answers := pile(s.l,
		func() error { _, err := s.p.Begin(ctx, s.file("first.csv", "first"), nil); return err },
		func() error { _, err := s.p.Begin(stopped, s.file("x.csv", "x"), nil); return err },
		func() error {
			_, err := s.p.BeginUnless(stopped, s.file("x.csv", "y"), nil, func(v *ledger.View) error {
				works, err := v.WorkOf("import.staff", "x.csv")
				if len(works) > 0 {
					stop()
					return taken
				}
				return err
			})
			return err
		})
	release()
	for i, err := range answers() {
		if want := []error{nil, context.Canceled, context.Canceled}[i]; !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i, err, want)
		}
	}
	if all := dump(t, s.path, `SELECT item FROM work`); !slices.Equal(all, []string{"first.csv"}) {
		t.Errorf("recorded: %v", all)
	}
}

func TestACallThatWaitsCanBeTakenBack(t *testing.T) {
	s := newSite(t)
	cancelled, cancel := context.WithCancel(ctx)
	begin := func(ctx context.Context, digest string) func() error {
		return func() error { _, err := s.p.Begin(ctx, s.file(digest+".csv", digest), nil); return err }
	}
	release := hold(t, s.path)
	answers := pile(s.l, begin(ctx, "first"), begin(cancelled, "second"), begin(ctx, "third"))
	cancel()
	for s.l.Waiting() > 1 {
		runtime.Gosched()
	}
	release()
	got := answers()
	if got[0] != nil || !errors.Is(got[1], context.Canceled) || got[2] != nil {
		t.Errorf("answers: %v", got)
	}
	s.is(begin(cancelled, "fourth")(), context.Canceled)
	if got := strings.Join(dump(t, s.path, `SELECT digest FROM work ORDER BY id`), " "); got != "first third" {
		t.Errorf("recorded: %s", got)
	}
}

// When the disk is full, whoever got no error is on it, nobody else is, and it goes on when there is room.
func TestAFullDisk(t *testing.T) {
	s := newSite(t)
	s.must(s.l.Cramp(2))
	var calls []func() error
	long := strings.Repeat("x", 3000)
	for i := range 12 {
		w := s.file(fmt.Sprint(i), fmt.Sprint("d", i))
		w.Definition = long
		calls = append(calls, func() error { _, err := s.p.Begin(ctx, w, nil); return err })
	}
	release := hold(t, s.path)
	answers := pile(s.l, calls[:4]...)
	release()
	errs := answers()
	for _, call := range calls[4:] {
		errs = append(errs, call())
	}
	failed := 0
	for i, err := range errs {
		rows := len(s.content([]ledger.SystemID{s.sys}, fmt.Sprint("d", i)))
		if (err == nil) != (rows == 1) {
			t.Errorf("call %d: %v, but %d rows", i, err, rows)
		}
		if err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Fatal("the disk was not full")
	}
	s.must(s.l.Cramp(1000))
	for i, call := range calls {
		if err := call(); (err == nil) != (errs[i] != nil) {
			t.Errorf("with room, call %d: %v", i, err)
		}
	}
}

func TestManyWriters(t *testing.T) {
	s := newSite(t)
	other := join(t, open(t, s.path))
	var all sync.WaitGroup
	for n := range 8 {
		p := []*ledger.Process{s.p, other}[n%2]
		all.Go(func() {
			for i := range 20 {
				w := s.file(fmt.Sprint(n, "-", i), fmt.Sprint(n, "-", i))
				a, err := p.Begin(ctx, w, nil)
				if err == nil {
					err = p.Accepted(ctx, a, "id")
				}
				if err == nil {
					err = p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := dump(t, s.path, `SELECT count(*) || ' ' || min(state) || ' ' || max(state) FROM work`); got[0] != "160 done done" {
		t.Errorf("recorded: %v", got)
	}
}

// What is to survive a power cut is flushed, together with what waits beside it; what need not is not.
func TestFlushed(t *testing.T) {
	path := newPath(t)
	l := open(t, path)
	disk := l.OnDisk()
	ask := func(loose bool) func() error { return func() error { return l.Touch(loose) } }
	for i, loose := range []bool{false, true, true, false} {
		before := disk.Flushes.Load()
		if err := ask(loose)(); err != nil {
			t.Fatal(err)
		}
		if flushed := disk.Flushes.Load() > before; flushed == loose {
			t.Errorf("write %d: flushed %v, loose %v", i, flushed, loose)
		}
	}
	for _, step := range []struct {
		loose []bool
		want  int64
	}{{[]bool{true, true, true, true}, 0}, {[]bool{true, false, true, false}, 1}, {[]bool{false, true, true, true}, 1}} {
		before := disk.Flushes.Load()
		release := hold(t, path)
		answers := pile(l, ask(step.loose[0]), ask(step.loose[1]), ask(step.loose[2]), ask(step.loose[3]))
		release()
		if err := errors.Join(answers()...); err != nil {
			t.Fatal(err)
		}
		if got := disk.Flushes.Load() - before; got != step.want {
			t.Errorf("one and then three, loose: %v: %d flushes, want %d", step.loose, got, step.want)
		}
	}
}

// An intent that could not be made to last is no intent: nothing is sent, and no person is asked about it.
func TestUnflushedIntent(t *testing.T) {
	s := newSite(t)
	disk := s.l.OnDisk()
	disk.Broken.Store(true)
	w := s.file("a.csv", "d1")
	if _, err := s.p.Begin(ctx, w, nil); err == nil || !strings.Contains(err.Error(), "could not be flushed") {
		t.Fatalf("begun on a broken disk: %v", err)
	}
	if got := dump(t, s.path, `SELECT state FROM work`); len(got) != 1 || got[0] != string(ledger.StateNotSent) {
		t.Fatalf("recorded: %v", got)
	}
	disk.Broken.Store(false)
	again := s.row(w.Address, w.Item, 1)
	s.begin(w, &again)
}

// The server's id is answered before it is flushed, and flushed soon without another write.
func TestIDIsFlushedSoon(t *testing.T) {
	s := newSite(t)
	disk := s.l.OnDisk()
	a := s.begin(s.file("a.csv", "d1"), nil)
	before := disk.Flushes.Load()
	s.must(s.p.Accepted(ctx, a, "id-1"))
	for disk.Flushes.Load() == before {
		time.Sleep(time.Millisecond)
	}
}
