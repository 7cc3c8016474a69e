package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine/ledger"
)

// exec changes a database behind the ledger's back.
func exec(t testing.TB, path string, queries ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

func openReader(t testing.TB, path string) *ledger.Reader {
	t.Helper()
	r, err := ledger.OpenReader(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func eventCount(t testing.TB, r *ledger.Reader) int {
	t.Helper()
	n := 0
	err := r.View(ctx, func(v *ledger.View) error {
		events, err := v.Events("", "", 0)
		n = len(events)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lookAtAll calls every method of a View.
func lookAtAll(v *ledger.View) error {
	var errs []error
	note := func(_ any, err error) { errs = append(errs, err) }
	note(v.Definitions())
	note(v.Files("import.staff"))
	_, _, err := v.File("import.staff", "a.csv")
	errs = append(errs, err)
	note(v.Content([]ledger.SystemID{1, 2}, "Mitarbeiter", "Standard", "d1", "d1"))
	note(v.Unfinished())
	note(v.WorkOf("import.staff", "a.csv"))
	note(v.LastExports("export.payroll", 5))
	_, _, err = v.LastGoodExport("export.payroll")
	errs = append(errs, err)
	note(v.LastRows("import.staff"))
	note(v.SentSince("import.staff", ledger.Work{Digest: "d1"}))
	note(v.Systems("connection.perbit.hr", "https://one"))
	note(v.Owners())
	note(v.Filings())
	note(v.FilingsOf("import.staff", "a.csv"))
	note(v.WrittenBy("import.staff", "archive"))
	note(v.Events("", "", 0))
	_, _, err = v.EventsSince(0)
	errs = append(errs, err)
	note(v.NewestEvent())
	systems, rule := []ledger.SystemID{1, 2}, "rule.purchase.orders"
	_, _, err = v.Call(1)
	errs = append(errs, err)
	note(v.CallsOfContent(systems, ledger.KindPurchase, "d1"))
	note(v.CallsOfFile(rule, "orders.csv", "d1"))
	note(v.Holders(systems, []ledger.Hold{ledger.HoldDocument("2", "10-1"), ledger.HoldGUID("g"), ledger.HoldOrderNumber("E1")}))
	note(v.Placed(rule, ""))
	note(v.FollowedBy(rule, 1, 2))
	note(v.ItemsLike(rule, "10-1"))
	note(v.OwedLines(rule))
	_, _, err = v.Approval(rule, "10-1")
	errs = append(errs, err)
	note(v.Approvals(rule))
	note(v.AllApprovals())
	note(v.TakenOver(rule))
	note(v.Identity())
	note(v.Sequence())
	return errors.Join(errs...)
}

func TestReaderOfNoLedger(t *testing.T) {
	dir := t.TempDir()
	r := openReader(t, filepath.Join(dir, ".dropform", "ledger.db"))
	err := r.View(ctx, func(v *ledger.View) error {
		unfinished, err := v.Unfinished()
		if len(unfinished) > 0 {
			t.Errorf("unfinished: %v", unfinished)
		}
		if _, found, err := v.LastGoodExport("export.payroll"); found || err != nil {
			t.Errorf("a good export: %v, %v", found, err)
		}
		if n, err := v.NewestEvent(); n != 0 || err != nil {
			t.Errorf("newest event %d, %v", n, err)
		}
		if works, err := v.Content(nil, "o", "m", "d", "d"); len(works) > 0 || err != nil {
			t.Errorf("content without systems: %v, %v", works, err)
		}
		return errors.Join(err, lookAtAll(v))
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Errorf("looking made %v, %v", left, err)
	}
}

// traces is every file of a folder with size and times.
func traces(t *testing.T, dir string, but ...string) string {
	t.Helper()
	var out []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !slices.Contains(but, info.Name()) {
			out = append(out, fmt.Sprintf("%s %d %v %v", path, info.Size(), info.ModTime(), info.Mode()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

func TestReaderWritesNoByte(t *testing.T) {
	s := newSite(t)
	dir := filepath.Dir(s.path)
	s.put(s.file("a.csv", "d1"), ledger.StateDone)
	look := func(t *testing.T, but ...string) {
		t.Helper()
		past := time.Now().Add(-time.Hour)
		for _, name := range []string{"ledger.db", "ledger.db-wal", "locks"} {
			if err := os.Chtimes(filepath.Join(dir, name), past, past); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		before := traces(t, dir, but...)
		r := openReader(t, s.path)
		if err := r.View(ctx, lookAtAll); err != nil {
			t.Error(err)
		}
		if after := traces(t, dir, but...); after != before {
			t.Errorf("while it was open, this became\n%s\nof\n%s", after, before)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if after := traces(t, dir, but...); after != before {
			t.Errorf("after it was closed, this became\n%s\nof\n%s", after, before)
		}
	}
	if info, err := os.Stat(s.path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("there is no log to look at: %v", err)
	}
	t.Run("beside a writer", func(t *testing.T) { look(t) })
	s.must(s.l.Close())
	t.Run("alone", func(t *testing.T) { look(t) })

	other, out := child(t, "begin", s.path)
	expectLine(t, out, "begun")
	s.must(other.Process.Kill())
	_ = other.Wait()
	t.Run("after a crash", func(t *testing.T) { look(t, "ledger.db-shm") }) // SQLite mends its index of the log
}

func TestReaderIsNotBlockedByAWriter(t *testing.T) {
	s := newSite(t)
	s.put(s.file("a.csv", "d1"), ledger.StateDone)
	before := eventCount(t, s.l.Reader())
	db, err := sql.Open("sqlite", s.path)
	s.must(err)
	defer db.Close()
	tx, err := db.Begin()
	s.must(err)
	defer tx.Rollback() //nolint:errcheck // ends what was left open on purpose
	_, err = tx.Exec(`DELETE FROM event`)
	s.must(err)

	began := time.Now()
	if n := eventCount(t, openReader(t, s.path)); n != before {
		t.Errorf("a new reader sees %d events, not %d", n, before)
	}
	if n := eventCount(t, s.l.Reader()); n != before {
		t.Errorf("the ledger's own reader sees %d events, not %d", n, before)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("looking took %v: it waited for the writer", took)
	}
}

// A ledger that nobody had open is read without locks, so what is seen while somebody writes is seen again.
func TestReaderLooksAgainAfterAChange(t *testing.T) {
	for name, closed := range map[string]bool{"writer still there": false, "writer gone": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.put(s.file("a.csv", "d1"), ledger.StateDone)
			s.must(s.l.Close())
			r := openReader(t, s.path)

			var writer *ledger.Ledger
			looks := []int{}
			err := r.View(ctx, func(v *ledger.View) error {
				events, err := v.Events("", "", 0)
				looks = append(looks, len(events))
				if writer != nil {
					return err
				}
				writer = open(t, s.path)
				if err := writer.Apply(ctx, []ledger.Change{{Address: "import.staff", Put: &ledger.Definition{Digest: "x"}}}, "eve"); err != nil {
					t.Error(err)
				}
				if closed {
					if err := writer.Close(); err != nil {
						t.Error(err)
					}
				}
				return errors.New("what the first look found is of no account")
			})
			if err != nil || !slices.Equal(looks, []int{1, 2}) {
				t.Errorf("looks saw %v events, %v", looks, err)
			}
			if n := eventCount(t, r); n != 2 {
				t.Errorf("a later view sees %d events", n)
			}
			if closed {
				if left, err := filepath.Glob(s.path + "-*"); len(left) > 0 || err != nil {
					t.Errorf("looking again left %v, %v", left, err)
				}
			}
		})
	}
}

func TestViewEndsWithItsContext(t *testing.T) {
	s := newSite(t)
	want := errors.New("enough")
	s.is(s.l.Reader().View(ctx, func(*ledger.View) error { return want }), want)
	if err := openReader(t, s.path).View(ctx, lookAtAll); err != nil {
		t.Error(err)
	}
}

// dump is a query's one column, read behind the ledger's back.
func dump(t testing.TB, path, query string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var out []string
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
