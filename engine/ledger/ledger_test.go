package ledger_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"dropform/engine/ledger"
)

var ctx = context.Background()

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), ".dropform", "ledger.db") }

// open opens the ledger at path as one process would; several of them on one path are several processes.
func open(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func join(t testing.TB, l *ledger.Ledger) *ledger.Process {
	t.Helper()
	p, err := l.Join(ctx, "apply")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func system(t testing.TB, l *ledger.Ledger, address, endpoint string) ledger.SystemID {
	t.Helper()
	id, err := l.System(ctx, address, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// site is a ledger with one joined process and one system.
type site struct {
	*testing.T
	path string
	l    *ledger.Ledger
	p    *ledger.Process
	sys  ledger.SystemID
}

func newSite(t *testing.T) *site {
	t.Helper()
	path := newPath(t)
	l := open(t, path)
	return &site{t, path, l, join(t, l), system(t, l, "connection.perbit.hr", "https://one")}
}

// file is the work of one content under a name.
func (s *site) file(name, digest string) ledger.Work {
	return ledger.Work{
		Kind: ledger.KindImport, Address: "import.staff", Item: name, System: s.sys, Endpoint: "https://one",
		Object: "Mitarbeiter", Method: "Standard", Digest: digest, SourceDigest: digest, Size: 12, Definition: "rules",
	}
}

func (s *site) slot(item string) ledger.Work {
	return ledger.Work{
		Kind: ledger.KindExport, Address: "export.payroll", Item: item, System: s.sys, Endpoint: "https://one",
		Object: "Lohn", Method: "Export",
	}
}

func (s *site) begin(w ledger.Work, again *ledger.Work) ledger.Attempt {
	s.Helper()
	a, err := s.p.Begin(ctx, w, again)
	s.must(err)
	return a
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) is(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("error is %v, want %v", err, want)
	}
}

func (s *site) view(fn func(*ledger.View) error) {
	s.Helper()
	s.must(s.l.Reader().View(ctx, fn))
}

// row is all that is recorded for a piece of work.
func (s *site) row(address, item string, id int64) ledger.Work {
	s.Helper()
	var out ledger.Work
	s.view(func(v *ledger.View) error {
		all, err := v.WorkOf(address, item)
		for _, w := range all {
			if w.ID == id {
				out = w
			}
		}
		return err
	})
	if out.ID == 0 {
		s.Fatalf("%s[%s] has no work %d", address, item, id)
	}
	return out
}

// put brings work with this content to a state, the way that a run would.
func (s *site) put(w ledger.Work, state ledger.State) ledger.Work {
	s.Helper()
	a := s.begin(w, nil)
	switch state {
	case ledger.StateSending:
	case ledger.StateRunning:
		s.must(s.p.Accepted(ctx, a, "remote-1"))
	default:
		s.must(s.p.Finish(ctx, a, ledger.Outcome{State: state, Message: "as told"}))
	}
	return s.row(w.Address, w.Item, a.Work)
}

func (s *site) content(systems []ledger.SystemID, digest string) []ledger.Work {
	s.Helper()
	var out []ledger.Work
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.Content(systems, "Mitarbeiter", "Standard", digest, digest)
		return err
	})
	return out
}

// history is the events of an item as "what message who", oldest first.
func (s *site) history(address, item string) []string {
	s.Helper()
	var out []string
	s.view(func(v *ledger.View) error {
		events, err := v.Events(address, item, 0)
		out = nil
		for _, e := range events {
			out = append(out, strings.TrimSpace(e.What+" "+e.Message+" "+e.Who))
		}
		return err
	})
	return out
}

func TestOpenMakesAPrivateLedger(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists say nothing in a mode; durable tests them")
	}
	s := newSite(t)
	s.must(s.l.Apply(ctx, nil, "")) // so that there is a log
	err := filepath.WalkDir(filepath.Dir(s.path), func(path string, d fs.DirEntry, err error) error {
		info, ierr := d.Info()
		if ierr != nil || err != nil {
			return errors.Join(err, ierr)
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	s.must(err)

	s.must(s.l.Close())
	s.must(os.Chmod(s.path, 0o644))
	open(t, s.path)
	if info, err := os.Stat(s.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a ledger that others could read was left so: %v, %v", info.Mode(), err)
	}
}

func TestOpenTakesAnyPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Löhne 100% #1")
	if runtime.GOOS != "windows" {
		dir += "?mode=memory&x=1"
	}
	path := filepath.Join(dir, "ledger.db")
	l := open(t, path)
	first := system(t, l, "connection.perbit.hr", "https://one")
	if l.Path() != path {
		t.Errorf("Path is %s", l.Path())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("nothing was written there: %v", err)
	}
	if got := system(t, open(t, path), "connection.perbit.hr", "https://other"); got != first {
		t.Errorf("system %d was %d before the ledger was closed", got, first)
	}
}

// Many processes may start on a project that has no ledger yet.
func TestOpenRacing(t *testing.T) {
	for range 20 {
		path := newPath(t)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				l, err := ledger.Open(ctx, path)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = l.Join(ctx, "apply")
				if err := errors.Join(err, l.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	garbage := strings.Repeat("PersonalNr;Name\r\n", 1000)
	for name, spoil := range map[string]func(path string) error{
		"another kind of file": func(path string) error { return os.WriteFile(path, []byte(garbage), 0o600) },
		"damaged": func(path string) error {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			copy(raw[100:], garbage)
			return os.WriteFile(path, raw, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.must(s.l.Close())
			s.must(spoil(s.path))
			_, err := ledger.Open(ctx, s.path)
			_, rerr := ledger.OpenReader(ctx, s.path)
			for _, err := range []error{err, rerr} {
				if err == nil || !strings.Contains(err.Error(), s.path+" is damaged or not a ledger; restore it from a backup") {
					t.Errorf("error is %v", err)
				}
			}
		})
	}
	t.Run("newer", func(t *testing.T) {
		s := newSite(t)
		s.must(s.l.Close())
		exec(t, s.path, `UPDATE meta SET value = '2' WHERE key = 'version'`)
		_, err := ledger.Open(ctx, s.path)
		_, rerr := ledger.OpenReader(ctx, s.path)
		for _, err := range []error{err, rerr} {
			if err == nil || !strings.Contains(err.Error(), "it was written by a newer dropform (format 2, this one reads 1)") {
				t.Errorf("error is %v", err)
			}
		}
	})
	t.Run("folder", func(t *testing.T) {
		if _, err := ledger.Open(ctx, t.TempDir()); err == nil {
			t.Error("a folder passed for a ledger")
		}
	})
}

// A crash between the making of the file and the first commit leaves a database without tables.
func TestOpenFinishesAnUnmadeLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	exec(t, path, `PRAGMA journal_mode = WAL`)
	r, err := ledger.OpenReader(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if n := eventCount(t, r); n != 0 {
		t.Errorf("%d events", n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	join(t, open(t, path))
}
