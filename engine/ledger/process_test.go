package ledger_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dropform/engine/ledger"
)

// childEnv makes the test binary play another process: a role, then the ledger's path.
const childEnv = "LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	role, path, _ := strings.Cut(os.Getenv(childEnv), " ")
	if role == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := play(role, path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// probe looks at the locks of the database file, where the system has such locks.
var probe func(path string) error

// play is what another process does: "probe", or "begin", which holds a claim, an upload and an export in sending and
// an upload in running until it is killed.
func play(role, path string) error {
	if role == "probe" {
		return probe(path)
	}
	l, err := ledger.Open(ctx, path)
	if err != nil {
		return err
	}
	p, err := l.Join(ctx, "watch")
	if err != nil {
		return err
	}
	sys, err := l.System(ctx, "connection.perbit.hr", "https://one")
	if err != nil {
		return err
	}
	w := (&site{sys: sys}).file("child.csv", "child")
	if _, err := p.Begin(ctx, w, nil); err != nil {
		return err
	}
	w.Item, w.Digest = "accepted.csv", "accepted"
	a, err := p.Begin(ctx, w, nil)
	if err != nil {
		return err
	}
	if err := p.Accepted(ctx, a, "remote-7"); err != nil {
		return err
	}
	if _, err := p.Begin(ctx, (&site{sys: sys}).slot("06:00"), nil); err != nil {
		return err
	}
	if holder, err := p.Claim(ctx, "turn/import.staff"); err != nil || holder.ID != "" {
		return fmt.Errorf("claim held by %v: %w", holder, err)
	}
	fmt.Println("begun")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// child starts the test binary in a role; it is killed at the end if it still runs.
func child(t *testing.T, role, path string) (*osexec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role+" "+path)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewReader(out)
}

func expectLine(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != want {
		t.Fatalf("child said %q, %v; want %q", line, err, want)
	}
}

// lockFiles lists the ids of the lock files beside the ledger.
func lockFiles(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "locks", "*.lock"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range found {
		ids = append(ids, strings.TrimSuffix(filepath.Base(f), ".lock"))
	}
	return ids
}

func (s *site) owners() map[string]ledger.Owner {
	s.Helper()
	var out map[string]ledger.Owner
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.Owners()
		return err
	})
	return out
}

func TestJoin(t *testing.T) {
	s := newSite(t)
	host, _ := os.Hostname()
	o := s.owners()[s.p.ID]
	if o.PID != os.Getpid() || o.Host != host || o.Command != "apply" || o.Since.Before(began) {
		t.Errorf("registered as %+v", o)
	}
	if got := lockFiles(t, s.path); !slices.Equal(got, []string{s.p.ID}) {
		t.Errorf("locks: %v", got)
	}
	if _, err := s.l.Join(ctx, "watch"); err == nil {
		t.Error("a ledger was joined twice")
	}
	second := open(t, s.path)
	p := join(t, second)
	if got := slices.Sorted(maps.Keys(s.owners())); len(got) != 2 || !slices.Contains(got, p.ID) {
		t.Errorf("alive: %v", got)
	}
	s.must(second.Close())
	if got := slices.Collect(maps.Keys(s.owners())); !slices.Equal(got, []string{s.p.ID}) {
		t.Errorf("alive after one left: %v", got)
	}
	s.must(s.l.Close())
	if got := lockFiles(t, s.path); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// The parent finds the child alive, kills it, and takes over what may be taken over.
func TestAKilledProcess(t *testing.T) {
	s := newSite(t)
	other, out := child(t, "begin", s.path)
	expectLine(t, out, "begun")
	holder, err := s.p.Claim(ctx, "turn/import.staff")
	if err != nil || holder.PID != other.Process.Pid || holder.Command != "watch" {
		t.Fatalf("while it lives, the claim is held by %+v, %v", holder, err)
	}
	s.must(s.l.Recover(ctx))
	find := func() (sending, running, export ledger.Work) {
		return s.one("import.staff", "child.csv"), s.one("import.staff", "accepted.csv"), s.one("export.payroll", "06:00")
	}
	sending, running, export := find()
	if sending.State != ledger.StateSending || running.State != ledger.StateRunning || export.State != ledger.StateSending {
		t.Fatalf("Recover settled the work of a live process: %v, %v, %v", sending.State, running.State, export.State)
	}
	if _, err := s.p.Resume(ctx, running); err == nil {
		t.Fatal("running work was taken from a live process")
	}

	s.must(other.Process.Kill())
	_ = other.Wait()
	holder, err = s.p.Claim(ctx, "turn/import.staff")
	if err != nil || holder.ID != "" {
		t.Errorf("after its death, the claim is held by %+v, %v", holder, err)
	}
	s.must(s.l.Recover(ctx))
	was := running
	sending, running, export = find()
	if sending.State != ledger.StateUnknown || sending.Class != "interrupted" || sending.Owner != "" || sending.EndedAt.IsZero() {
		t.Errorf("its upload is %+v", sending)
	}
	if export.State != ledger.StateNotSent {
		t.Errorf("its export is %+v", export)
	}
	if running != was {
		t.Errorf("its running work became %+v", running)
	}
	if got := s.history("import.staff", "child.csv"); len(got) != 1 || !strings.HasPrefix(got[0], "unknown ") {
		t.Errorf("history: %q", got)
	}
	if got := lockFiles(t, s.path); !slices.Equal(got, []string{s.p.ID}) {
		t.Errorf("locks: %v", got)
	}
	if holder, err := s.p.Claim(ctx, "turn/import.staff"); err != nil || holder.ID != "" {
		t.Errorf("Recover gave our claim away: %v, %v", holder, err)
	}
	a, err := s.p.Resume(ctx, running)
	s.must(err)
	s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone}))
	if w := s.one("import.staff", "accepted.csv"); w.State != ledger.StateDone || w.RemoteID != "remote-7" {
		t.Errorf("resumed: %+v", w)
	}
}

// one is the single work of an item.
func (s *site) one(address, item string) ledger.Work {
	s.Helper()
	var all []ledger.Work
	s.view(func(v *ledger.View) error {
		var err error
		all, err = v.WorkOf(address, item)
		return err
	})
	if len(all) != 1 {
		s.Fatalf("%s[%s] has %d works", address, item, len(all))
	}
	return all[0]
}

// A process that ends in an orderly way may leave work too: when its outcome could not be recorded.
func TestRecoverAfterClose(t *testing.T) {
	s := newSite(t)
	s.put(s.file("a.csv", "d1"), ledger.StateSending)
	s.put(s.file("b.csv", "d2"), ledger.StateRunning)
	s.put(s.slot("06:00"), ledger.StateSending)
	s.must(s.l.Close())
	s.l = open(t, s.path)
	s.p = join(t, s.l)
	for item, want := range map[string]ledger.State{"a.csv": ledger.StateUnknown, "b.csv": ledger.StateRunning} {
		if w := s.one("import.staff", item); w.State != want {
			t.Errorf("%s is %s, want %s", item, w.State, want)
		}
	}
	if w := s.one("export.payroll", "06:00"); w.State != ledger.StateNotSent {
		t.Errorf("the export is %s", w.State)
	}
}

// A crash between the lock and the registration leaves a file that no row tells of.
func TestRecoverClearsStrayLocks(t *testing.T) {
	s := newSite(t)
	dir := filepath.Join(filepath.Dir(s.path), "locks")
	stray, foreign := filepath.Join(dir, "0000.lock"), filepath.Join(dir, "note.txt")
	for _, path := range []string{stray, foreign} {
		s.must(os.WriteFile(path, nil, 0o600))
	}
	s.must(s.l.Recover(ctx))
	if got := lockFiles(t, s.path); !slices.Equal(got, []string{s.p.ID}) {
		t.Errorf("locks: %v", got)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
	if _, ok := s.owners()[s.p.ID]; !ok {
		t.Error("the live process is not alive any more")
	}
}

// The folder may be known to another process by another path.
func TestLocksAreFoundUnderAnotherPath(t *testing.T) {
	s := newSite(t)
	link := filepath.Join(t.TempDir(), "same")
	if err := os.Symlink(filepath.Dir(s.path), link); err != nil {
		t.Skip("this system makes no links:", err)
	}
	l := open(t, filepath.Join(link, "ledger.db"))
	s.put(s.file("a.csv", "d1"), ledger.StateSending)
	s.must(l.Recover(ctx))
	if w := s.one("import.staff", "a.csv"); w.State != ledger.StateSending {
		t.Errorf("a live process was taken for dead: %s", w.State)
	}
}

// The leases are told by the database's clock, which is not the test's: what counts is that they are renewed.
func TestHeartbeatRenewsLeases(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		l, err := ledger.Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		p := join(t, l)
		if _, err := p.Claim(ctx, "ours"); err != nil {
			t.Fatal(err)
		}
		exec(t, path, `UPDATE claim SET lease_until = 0`, `INSERT INTO claim VALUES ('theirs', 'somebody else', 1, 0)`)
		time.Sleep(19 * time.Second)
		synctest.Wait()
		if ours, theirs := leases(t, path); !ours.Equal(time.Unix(0, 0)) || !theirs.Equal(time.Unix(0, 0)) {
			t.Errorf("before a third of the lease: %v, %v", ours, theirs)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if ours, theirs := leases(t, path); ours.Before(began.Add(59*time.Second)) || !theirs.Equal(time.Unix(0, 0)) {
			t.Errorf("after a third of the lease: %v, %v", ours, theirs)
		}
	})
}

var began = time.Now()

func leases(t *testing.T, path string) (ours, theirs time.Time) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var a, b int64
	err = db.QueryRow(`SELECT (SELECT lease_until FROM claim WHERE key = 'ours'), (SELECT lease_until FROM claim WHERE key = 'theirs')`).Scan(&a, &b)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(0, a), time.Unix(0, b)
}
