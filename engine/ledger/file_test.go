package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

func TestFiles(t *testing.T) {
	s := newSite(t)
	want := ledger.File{
		Address: "import.staff", Name: "a.csv", Stamp: durable.Stamp{Size: 7, ModTime: 1, ChangeTime: 2, FileID: "1:2"},
		Digest: "d1", State: ledger.FileRejected, Work: 9, Checked: "rules", Message: "2 errors",
	}
	s.must(s.l.Put(ctx, []ledger.File{want, {Address: "import.staff", Name: "b.csv"}, {Address: "import.other", Name: "a.csv"}}, nil, nil, "rejected", "2 errors", "eve"))
	s.view(func(v *ledger.View) error {
		got, found, err := v.File("import.staff", "a.csv")
		want.At = got.At
		if !found || got != want || time.Since(got.At) > time.Minute {
			t.Errorf("%+v, want %+v", got, want)
		}
		_, found, ferr := v.File("import.staff", "c.csv")
		if found {
			t.Error("found a file that nobody put")
		}
		all, aerr := v.Files("import.staff")
		if len(all) != 2 || all["a.csv"] != want {
			t.Errorf("all: %+v", all)
		}
		return errors.Join(err, ferr, aerr)
	})
	if got := s.history("import.staff", "a.csv"); !slices.Equal(got, []string{"rejected 2 errors eve"}) {
		t.Errorf("history: %q", got)
	}
	want.State, want.Digest, want.Stamp.Size, want.Checked, want.Message, want.Work = ledger.FileExisting, "d2", 8, "", "", 0
	s.must(s.l.Put(ctx, []ledger.File{want}, nil, nil, "", "", ""))
	s.view(func(v *ledger.View) error {
		got, _, err := v.File("import.staff", "a.csv")
		if want.At = got.At; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		return err
	})
	if got := s.history("import.staff", "a.csv"); len(got) != 1 {
		t.Errorf("history: %q", got)
	}
}

func TestFilings(t *testing.T) {
	s := newSite(t)
	first := ledger.Filing{Address: "import.staff", Item: "a.csv", Source: "in/a", Target: "done/a", Stamp: durable.Stamp{Size: 1, FileID: "x"}, Digest: "d1", Kept: "archive"}
	report := ledger.Filing{Address: "import.staff", Item: "a.csv", Source: "in/a.txt", Target: "done/a.txt"}
	s.must(s.l.Put(ctx, nil, []ledger.Filing{first, report, {Address: "import.staff", Item: "b.csv"}}, nil, "", "", ""))
	owed := func() (all []ledger.Filing) {
		s.view(func(v *ledger.View) error {
			var err error
			all, err = v.Filings()
			of, oerr := v.FilingsOf("import.staff", "a.csv")
			if want := len(all) - 1; len(of) != want {
				t.Errorf("of one item: %d, want %d", len(of), want)
			}
			return errors.Join(err, oerr)
		})
		return all
	}
	all := owed()
	first.ID, report.ID = all[0].ID, all[1].ID
	if len(all) != 3 || all[0] != first || all[1] != report || first.ID == 0 || first.ID == report.ID {
		t.Fatalf("owed: %+v", all)
	}
	for range 2 { // a crash after it repeats it
		s.must(s.l.Filed(ctx, first))
	}
	s.must(s.l.Filed(ctx, report))
	if all := owed(); len(all) != 1 || all[0].Item != "b.csv" {
		t.Errorf("still owed: %+v", all)
	}
	s.view(func(v *ledger.View) error {
		got, err := v.WrittenBy("import.staff", "archive")
		if len(got) != 1 || got[0].Path != "done/a" || got[0].Digest != "d1" {
			t.Errorf("written: %+v", got)
		}
		return err
	})
}

func TestWritten(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		w := ledger.Written{Path: fmt.Sprint("out/", i), Address: "export.payroll", Purpose: "target", Digest: fmt.Sprint("d", i)}
		s.must(s.l.Put(ctx, nil, nil, []ledger.Written{w, {Path: fmt.Sprint("p", i), Address: "export.payroll", Purpose: "report"}}, "", "", ""))
	}
	s.must(s.l.Put(ctx, nil, nil, []ledger.Written{{Path: "out/0", Address: "export.payroll", Purpose: "target", Digest: "new"}}, "", "", ""))
	s.must(s.l.Unwritten(ctx, "out/1"))
	var got []string
	s.view(func(v *ledger.View) error {
		all, err := v.WrittenBy("export.payroll", "target")
		got = nil
		for _, w := range all {
			got = append(got, w.Path+" "+w.Digest)
			if time.Since(w.At) > time.Minute {
				t.Errorf("%s written at %v", w.Path, w.At)
			}
		}
		return err
	})
	if !slices.Equal(got, []string{"out/0 new", "out/2 d2"}) {
		t.Errorf("newest first: %q", got)
	}
}

// exec changes the ledger behind its back.
func (s *site) exec(query string, args ...any) {
	s.Helper()
	db, err := sql.Open("sqlite", s.path)
	s.must(err)
	defer db.Close()
	_, err = db.ExecContext(ctx, query, args...)
	s.must(err)
}

// TestWrittenUnderAFastClock: what was written last is the newest, whatever the clock said of what was written before.
func TestWrittenUnderAFastClock(t *testing.T) {
	s := newSite(t)
	put := func(path string) {
		s.must(s.l.Put(ctx, nil, nil, []ledger.Written{{Path: path, Address: "export.payroll", Purpose: "target"}}, "", "", ""))
	}
	put("out/0")
	put("out/1")
	s.exec(`UPDATE written SET at = at + ?`, int64(365*24*time.Hour))
	put("out/2")
	put("out/0")
	s.view(func(v *ledger.View) error {
		all, err := v.WrittenBy("export.payroll", "target")
		if len(all) != 3 || all[0].Path != "out/0" || all[1].Path != "out/2" || all[2].Path != "out/1" {
			t.Errorf("newest first: %+v", all)
		}
		return err
	})
}

func TestEvents(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		for _, address := range []string{"import.a", "import.b"} {
			s.must(s.l.Put(ctx, []ledger.File{{Address: address, Name: "x.csv"}, {Address: address, Name: "y.csv"}}, nil, nil, fmt.Sprint("e", i), "", ""))
		}
	}
	names := func(events []ledger.Event) (out []string) {
		for i, e := range events {
			out = append(out, e.Address+" "+e.Item+" "+e.What)
			if i > 0 && e.At.Before(events[i-1].At) {
				t.Errorf("%v comes after %v", e, events[i-1])
			}
		}
		return out
	}
	for _, c := range []struct {
		address, item string
		n             int
		want          []string
	}{
		{"", "", 2, []string{"import.b x.csv e2", "import.b y.csv e2"}},
		{"import.a", "", 3, []string{"import.a y.csv e1", "import.a x.csv e2", "import.a y.csv e2"}},
		{"import.a", "x.csv", 0, []string{"import.a x.csv e0", "import.a x.csv e1", "import.a x.csv e2"}},
		{"import.a", "x.csv", 2, []string{"import.a x.csv e1", "import.a x.csv e2"}},
		{"", "y.csv", 1, []string{"import.b y.csv e2"}},
		{"import.c", "", 0, nil},
	} {
		s.view(func(v *ledger.View) error {
			events, err := v.Events(c.address, c.item, c.n)
			if got := names(events); !slices.Equal(got, c.want) {
				t.Errorf("%q %q %d: %q", c.address, c.item, c.n, got)
			}
			return err
		})
	}
	s.view(func(v *ledger.View) error {
		all, newest, err := v.EventsSince(0)
		id, nerr := v.NewestEvent()
		if len(all) != 12 || newest != id || id == 0 {
			t.Errorf("%d events, newest %d and %d", len(all), newest, id)
		}
		some, newest, serr := v.EventsSince(id - 2)
		if got := names(some); !slices.Equal(got, []string{"import.b x.csv e2", "import.b y.csv e2"}) || newest != id {
			t.Errorf("since: %q, %d", got, newest)
		}
		none, newest, oerr := v.EventsSince(id)
		if len(none) > 0 || newest != id {
			t.Errorf("since the newest: %v, %d", none, newest)
		}
		return errors.Join(err, nerr, serr, oerr)
	})
}
