package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dropform/engine/ledger"
)

func TestTheWayOfAnUpload(t *testing.T) {
	s := newSite(t)
	began := time.Now()
	w := s.file("a.csv", "d1")
	a := s.begin(w, nil)
	got := s.row("import.staff", "a.csv", a.Work)
	want := w
	want.ID, want.State, want.Epoch, want.Owner, want.AttemptID, want.SentAt = a.Work, ledger.StateSending, a.Epoch, s.p.ID, a.ID, got.SentAt
	if got != want {
		t.Errorf("begun:\n%+v\nwant\n%+v", got, want)
	}
	if got.SentAt.Before(began.Add(-time.Second)) || got.SentAt.After(time.Now()) {
		t.Errorf("sent at %v", got.SentAt)
	}

	s.must(s.p.Accepted(ctx, a, "remote-1"))
	got = s.row("import.staff", "a.csv", a.Work)
	want.State, want.RemoteID = ledger.StateRunning, "remote-1"
	if got != want {
		t.Errorf("accepted:\n%+v\nwant\n%+v", got, want)
	}

	s.must(s.p.Finish(ctx, a, ledger.Outcome{
		State: ledger.StateWarned, Class: "warn", Message: "3 rows skipped", Path: "a.csv.protocol.txt",
		ResultDigest: "rd", ResultRows: 40, ResultSize: 900,
		Files:   []ledger.File{{Address: "import.staff", Name: "a.csv", Digest: "d1", State: ledger.FileDone}},
		Filings: []ledger.Filing{{Address: "import.staff", Item: "a.csv", Source: "in/a.csv", Target: "done/a.csv", Digest: "d1"}},
		Written: []ledger.Written{{Path: "in/a.csv.protocol.txt", Address: "import.staff", Purpose: "protocol", Digest: "pd"}},
	}))
	got = s.row("import.staff", "a.csv", a.Work)
	want.State, want.Epoch, want.Owner, want.EndedAt = ledger.StateWarned, a.Epoch+1, "", got.EndedAt
	want.Class, want.Message, want.Path, want.ResultDigest, want.ResultRows, want.ResultSize = "warn", "3 rows skipped", "a.csv.protocol.txt", "rd", 40, 900
	if got != want || got.EndedAt.Before(got.SentAt) {
		t.Errorf("finished:\n%+v\nwant\n%+v", got, want)
	}
	s.view(func(v *ledger.View) error {
		f, found, err := v.File("import.staff", "a.csv")
		if !found || f.Work != a.Work || f.State != ledger.FileDone {
			t.Errorf("file: %+v, %v", f, found)
		}
		moves, merr := v.FilingsOf("import.staff", "a.csv")
		if len(moves) != 1 || moves[0].Target != "done/a.csv" {
			t.Errorf("moves: %+v", moves)
		}
		written, werr := v.WrittenBy("import.staff", "protocol")
		if len(written) != 1 || written[0].Digest != "pd" {
			t.Errorf("written: %+v", written)
		}
		rows, rerr := v.LastRows("import.staff")
		if rows != 40 {
			t.Errorf("last rows: %d", rows)
		}
		return errors.Join(err, merr, werr, rerr)
	})
	if got := s.history("import.staff", "a.csv"); !slices.Equal(got, []string{"done_with_errors 3 rows skipped"}) {
		t.Errorf("history: %q", got)
	}
}

// Nobody changes a row that is not as they saw it.
func TestWhoWasOvertakenChangesNothing(t *testing.T) {
	done := ledger.Outcome{State: ledger.StateDone, Files: []ledger.File{{Address: "import.staff", Name: "x.csv", State: ledger.FileDone}}}
	stale := func(a ledger.Attempt) []ledger.Attempt {
		return []ledger.Attempt{{Work: a.Work, ID: a.ID, Epoch: a.Epoch - 1}, {Work: a.Work, ID: a.ID, Epoch: a.Epoch + 1}, {Work: a.Work, ID: a.ID + 1, Epoch: a.Epoch}, {Work: a.Work + 1, ID: a.ID, Epoch: a.Epoch}}
	}
	attempts := map[string]func(s *site, a ledger.Attempt) error{
		"Accepted": func(s *site, a ledger.Attempt) error { return s.p.Accepted(ctx, a, "other") },
		"Finish":   func(s *site, a ledger.Attempt) error { return s.p.Finish(ctx, a, done) },
	}
	rows := map[string]func(s *site, w ledger.Work) error{
		"Begin again": func(s *site, w ledger.Work) error { _, err := s.p.Begin(ctx, s.file("x.csv", "d1"), &w); return err },
		"Resume":      func(s *site, w ledger.Work) error { _, err := s.p.Resume(ctx, w); return err },
		"Resolve":     func(s *site, w ledger.Work) error { return s.l.Resolve(ctx, w, false, "eve", "") },
		"Retry":       func(s *site, w ledger.Work) error { return s.l.Retry(ctx, w, "eve") },
		"AdoptFailed": func(s *site, w ledger.Work) error { return s.l.AdoptFailed(ctx, w, "eve") },
	}
	// From which states each is allowed; from every other it is refused, whatever the caller says that it saw.
	allowed := map[string][]ledger.State{
		"Accepted":    {ledger.StateSending},
		"Finish":      {ledger.StateSending, ledger.StateRunning},
		"Begin again": {ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused, ledger.StateFailed},
		"Resume":      {ledger.StateRunning},
		"Resolve":     {ledger.StateRunning, ledger.StateUnknown},
		"Retry":       {ledger.StateNotSent, ledger.StateRefused, ledger.StateFailed},
		"AdoptFailed": {ledger.StateFailed},
	}
	states := []ledger.State{
		ledger.StateSending, ledger.StateRunning, ledger.StateUnknown, ledger.StateNotSent, ledger.StateRefused,
		ledger.StateDone, ledger.StateWarned, ledger.StateFailed, ledger.StateAdopted, ledger.StateResolved,
	}
	refused := func(t *testing.T, s *site, call func() error) {
		t.Helper()
		before := s.everything()
		s.is(call(), ledger.ErrOvertaken)
		if after := s.everything(); after != before {
			t.Errorf("changed from %s\nto\n%s", before, after)
		}
	}
	for _, state := range states {
		s := newSite(t)
		n := 0
		prepare := func(t *testing.T) (*site, ledger.Work, ledger.Attempt) {
			n++
			s := &site{t, s.path, s.l, s.p, s.sys}
			w := s.put(s.file("a.csv", fmt.Sprint("d", n)), state)
			return s, w, ledger.Attempt{Work: w.ID, ID: w.AttemptID, Epoch: w.Epoch}
		}
		for name, call := range attempts {
			t.Run(fmt.Sprint(name, " from ", state), func(t *testing.T) {
				s, _, a := prepare(t)
				for _, a := range stale(a) {
					refused(t, s, func() error { return call(s, a) })
				}
				if !slices.Contains(allowed[name], state) {
					refused(t, s, func() error { return call(s, a) })
					return
				}
				s.must(call(s, a))
			})
		}
		for name, call := range rows {
			t.Run(fmt.Sprint(name, " from ", state), func(t *testing.T) {
				s, w, _ := prepare(t)
				old, other := w, w
				old.Epoch--
				refused(t, s, func() error { return call(s, old) })
				for _, other.State = range states {
					if other.State != state && !slices.Contains([]string{"Resume", "AdoptFailed"}, name) { // these do not ask what was seen
						refused(t, s, func() error { return call(s, other) })
					}
				}
				if !slices.Contains(allowed[name], state) {
					refused(t, s, func() error { return call(s, w) })
					return
				}
				s.must(call(s, w))
				refused(t, s, func() error { return call(s, w) })
			})
		}
	}
}

// everything is the whole content of the ledger as text.
func (s *site) everything() string {
	s.Helper()
	var out []string
	s.view(func(v *ledger.View) error {
		works, err := v.WorkOf("import.staff", "a.csv")
		files, ferr := v.Files("import.staff")
		events, eerr := v.Events("", "", 0)
		owners, oerr := v.Owners()
		out = []string{fmt.Sprintf("%+v", works), fmt.Sprint(files), fmt.Sprint(events), fmt.Sprint(owners)}
		return errors.Join(err, ferr, eerr, oerr)
	})
	return strings.Join(append(out, dump(s.T, s.path, `SELECT id || result || message || remote_id || ended_at FROM attempt`)...), "\n")
}

func TestTheSameContentIsTaken(t *testing.T) {
	s := newSite(t)
	first := s.put(s.file("a.csv", "d1"), ledger.StateDone)
	same := func(change func(*ledger.Work)) error {
		w := s.file("b.csv", "d1")
		change(&w)
		_, err := s.p.Begin(ctx, w, nil)
		return err
	}
	for name, change := range map[string]func(*ledger.Work){
		"another name, import and endpoint": func(w *ledger.Work) { w.Address, w.Endpoint = "import.other", "https://two" },
		"another spelling":                  func(w *ledger.Work) { w.Object, w.Method = " MITARBEITER", "standard\t" },
	} {
		s.is(same(change), ledger.ErrTaken)
		if n := len(s.content([]ledger.SystemID{s.sys}, "d1")); n != 1 {
			t.Errorf("%s: %d rows", name, n)
		}
	}
	for name, change := range map[string]func(*ledger.Work){
		"another object": func(w *ledger.Work) { w.Object = "Abwesenheit" },
		"another method": func(w *ledger.Work) { w.Method = "Voll" },
		"other content":  func(w *ledger.Work) { w.Digest, w.SourceDigest = "d2", "d2" },
		"another system": func(w *ledger.Work) { w.System = system(t, s.l, "connection.perbit.b", "https://b") },
		"a new request":  func(w *ledger.Work) { w.Request = first.Request + 1 },
	} {
		if err := same(change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var requests []int
	for _, w := range s.content([]ledger.SystemID{s.sys}, "d1") {
		requests = append(requests, w.Request)
	}
	if !slices.Equal(requests, []int{0, 1}) {
		t.Errorf("requests %v", requests)
	}
}

// NFC and NFD spell the same name with other bytes.
func TestNamesCompareNormalised(t *testing.T) {
	s := newSite(t)
	w := s.file("a.csv", "d1")
	w.Object = "Bezu\u0308ge Straße"
	s.put(w, ledger.StateDone)
	w.Object = "BEZ\u00dcGE STRASSE"
	_, err := s.p.Begin(ctx, w, nil)
	s.is(err, ledger.ErrTaken)
	s.view(func(v *ledger.View) error {
		found, err := v.Content([]ledger.SystemID{s.sys}, "bezüge strasse ", w.Method, "d1", "d1")
		if len(found) != 1 || found[0].Object != "Bezu\u0308ge Straße" {
			t.Errorf("found %+v", found)
		}
		return err
	})
}

func TestTheSameSlotIsTaken(t *testing.T) {
	s := newSite(t)
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	w := s.slot("2026-11-21T06:00")
	w.SlotAt = at
	first := s.put(w, ledger.StateFailed)
	if !first.SlotAt.Equal(at) {
		t.Errorf("slot at %v", first.SlotAt)
	}
	changed := w
	changed.Object, changed.Method, changed.Definition = "Bezug", "Export 2", "new"
	_, err := s.p.Begin(ctx, changed, nil)
	s.is(err, ledger.ErrTaken)
	a := s.begin(changed, &first)
	again := s.row(w.Address, w.Item, first.ID)
	if a.Work != first.ID || again.Object != "Bezug" || again.Method != "Export 2" || again.Definition != "new" || again.Message != "" {
		t.Errorf("attempted anew: %+v", again)
	}
	s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone, ResultDigest: "r1"}))
	w.Request = 1
	s.put(w, ledger.StateFailed)
	later := s.slot("2026-11-21T07:00")
	later.SlotAt = at.Add(time.Hour)
	s.put(later, ledger.StateDone)
	s.view(func(v *ledger.View) error {
		last, err := v.LastExports("export.payroll", 2)
		if len(last) != 2 || last[0].Item != later.Item || last[1].Request != 1 {
			t.Errorf("last: %+v", last)
		}
		good, found, gerr := v.LastGoodExport("export.payroll")
		if !found || good.Item != later.Item {
			t.Errorf("good: %+v, %v", good, found)
		}
		return errors.Join(err, gerr)
	})
}

// Two processes that plan the same file at once: the database lets one of them begin.
func TestBeginRacing(t *testing.T) {
	s := newSite(t)
	other := join(t, open(t, s.path))
	for round := range 50 {
		w := s.file("a.csv", fmt.Sprint("d", round))
		errs := make([]error, 4)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range errs {
			p := []*ledger.Process{s.p, other}[i%2]
			all.Go(func() {
				<-start
				_, errs[i] = p.Begin(ctx, w, nil)
			})
		}
		close(start)
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, ledger.ErrTaken) {
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d of them began", round, won)
		}
	}
}

func TestAgainRacing(t *testing.T) {
	s := newSite(t)
	other := join(t, open(t, s.path))
	for round := range 50 {
		w := s.put(s.file("a.csv", fmt.Sprint("d", round)), ledger.StateNotSent)
		errs := make([]error, 2)
		var all sync.WaitGroup
		for i, p := range []*ledger.Process{s.p, other} {
			all.Go(func() { _, errs[i] = p.Begin(ctx, w, &w) })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ledger.ErrOvertaken) {
			t.Fatalf("round %d: %v", round, errs)
		}
	}
}

// An answer that comes late is booked to nothing: its attempt was settled, and a later one is under way.
func TestALateAnswer(t *testing.T) {
	s := newSite(t)
	w := s.file("a.csv", "d1")
	late := s.begin(w, nil)
	s.must(s.p.Finish(ctx, late, ledger.Outcome{State: ledger.StateNotSent, Class: "dial", Message: "no route"}))
	again := s.row(w.Address, w.Item, late.Work)
	a := s.begin(w, &again)
	for _, err := range []error{s.p.Accepted(ctx, late, "late"), s.p.Finish(ctx, late, ledger.Outcome{State: ledger.StateDone})} {
		s.is(err, ledger.ErrOvertaken)
	}
	got := s.row(w.Address, w.Item, a.Work)
	if got.State != ledger.StateSending || got.RemoteID != "" || got.AttemptID != a.ID || got.Message != "" || got.Class != "" || !got.EndedAt.IsZero() {
		t.Errorf("row %+v", got)
	}
	if all := dump(t, s.path, `SELECT result || '|' || remote_id FROM attempt ORDER BY id`); !slices.Equal(all, []string{"not_sent|", "|"}) {
		t.Errorf("attempts %q", all)
	}
}

// A process resumes its own work (a job that took longer than its patience), and a first follower can then book nothing.
func TestResume(t *testing.T) {
	s := newSite(t)
	w := s.put(s.file("a.csv", "d1"), ledger.StateRunning)
	first := ledger.Attempt{Work: w.ID, ID: w.AttemptID, Epoch: w.Epoch}
	a, err := s.p.Resume(ctx, w)
	s.must(err)
	s.is(s.p.Finish(ctx, first, ledger.Outcome{State: ledger.StateDone}), ledger.ErrOvertaken)
	other := join(t, open(t, s.path))
	_, err = other.Resume(ctx, s.one("import.staff", "a.csv"))
	s.is(err, ledger.ErrOvertaken) // its owner lives
	s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone}))
}

func TestStates(t *testing.T) {
	for state, want := range map[ledger.State][2]bool{
		ledger.StateSending: {true, false}, ledger.StateRunning: {true, false}, ledger.StateUnknown: {}, ledger.StateNotSent: {},
		ledger.StateRefused: {}, ledger.StateFailed: {}, ledger.StateDone: {false, true}, ledger.StateWarned: {false, true},
		ledger.StateAdopted: {false, true}, ledger.StateResolved: {false, true},
	} {
		if got := [2]bool{state.Open(), state.Happened()}; got != want {
			t.Errorf("%s: open and happened are %v", state, got)
		}
	}
}

func TestSentSince(t *testing.T) {
	s := newSite(t)
	first := s.put(s.file("a.csv", "d1"), ledger.StateDone)
	since := func(want bool) {
		t.Helper()
		s.view(func(v *ledger.View) error {
			got, err := v.SentSince("import.staff", first)
			if got != want {
				t.Errorf("imported since: %v", got)
			}
			return err
		})
	}
	since(false)
	s.put(s.file("b.csv", "d2"), ledger.StateRefused)
	s.put(s.file("c.csv", "d3"), ledger.StateNotSent)
	s.must(s.l.Adopt(ctx, s.file("d.csv", "d4"), nil, "eve"))
	since(false)
	s.put(s.file("e.csv", "d5"), ledger.StateUnknown)
	since(true)
}

// A plan may be older than what a person said: an earlier request that came to nothing is then not tried again.
func TestOnlyTheLastRequestIsTriedAgain(t *testing.T) {
	s := newSite(t)
	old := s.put(s.file("a.csv", "d1"), ledger.StateNotSent)
	s.must(s.l.Adopt(ctx, s.file("a.csv", "d1"), nil, "eve"))
	_, err := s.p.Begin(ctx, s.file("a.csv", "d1"), &old)
	s.is(err, ledger.ErrOvertaken)

	run := s.put(s.slot("06:00"), ledger.StateFailed)
	w := s.slot("06:00")
	w.Request = 1
	later := s.put(w, ledger.StateFailed)
	_, err = s.p.Begin(ctx, w, &run)
	s.is(err, ledger.ErrOvertaken)
	s.begin(w, &later)
}

// TestContentIsFoundByItsSource: the same file under another send_encoding is other content, and yet known.
func TestContentIsFoundByItsSource(t *testing.T) {
	s := newSite(t)
	find := func(digest, source string) (states []ledger.State) {
		s.view(func(v *ledger.View) error {
			found, err := v.Content([]ledger.SystemID{s.sys}, "Mitarbeiter", "Standard", digest, source)
			for _, w := range found {
				states = append(states, w.State)
			}
			return err
		})
		return states
	}
	first := s.file("a.csv", "as utf-8")
	first.SourceDigest = "dropped"
	refused := s.put(first, ledger.StateRefused)
	other := s.file("a.csv", "as windows-1252")
	other.SourceDigest = "dropped"
	s.put(other, ledger.StateDone)
	want := []ledger.State{ledger.StateRefused, ledger.StateDone}
	if got := find("as utf-8", "dropped"); !slices.Equal(got, want) {
		t.Errorf("by both: %v", got)
	}
	if got := find("as windows-1252", "another file"); !slices.Equal(got, want[1:]) {
		t.Errorf("by what is sent: %v", got)
	}
	if got := find("as it is", "as it is"); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	// The same content attempted anew, now out of a file with other bytes.
	first.Item, first.SourceDigest = "b.csv", "dropped as utf-8"
	s.begin(first, &refused)
	if w := s.row("import.staff", "b.csv", refused.ID); w.SourceDigest != "dropped as utf-8" || w.Digest != "as utf-8" {
		t.Errorf("%+v", w)
	}
}

// TestLastUnderAFastClock: what was begun last is the last, whatever the clock said of what was begun before.
func TestLastUnderAFastClock(t *testing.T) {
	s := newSite(t)
	s.put(s.slot("06:00"), ledger.StateDone)
	s.put(s.file("a.csv", "d1"), ledger.StateDone)
	s.exec(`UPDATE work SET sent_at = sent_at + ?, result_rows = 7`, int64(365*24*time.Hour))
	last := func(slot string, rows int64) {
		t.Helper()
		s.view(func(v *ledger.View) error {
			good, _, err := v.LastGoodExport("export.payroll")
			n, rerr := v.LastRows("import.staff")
			if good.Item != slot || n != rows {
				t.Errorf("last good %q, %d rows", good.Item, n)
			}
			return errors.Join(err, rerr)
		})
	}
	last("06:00", 7)
	s.put(s.slot("07:00"), ledger.StateDone)
	s.put(s.file("b.csv", "d2"), ledger.StateDone)
	last("07:00", 0)
	s.must(s.l.Adopt(ctx, s.slot("08:00"), nil, "eve"))
	last("08:00", 0)
	s.put(s.slot("09:00"), ledger.StateDone)
	last("09:00", 0)
}
