package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// crashSite is one project in a folder, the binary that is killed in it and started again, and the servers, which live on.
type crashSite struct {
	t      *testing.T
	binary string
	dir    string
	bad    string // the engine that is known to be wrong; empty: the right one
	box    *sandbox.Server
	url    string // of the servers, without a path

	mu      sync.Mutex
	closed  *sync.Cond // a connection was closed
	open    int        // connections of clients
	seen    int        // requests that have come
	at      int        // the request at which victim is killed; 0: none
	effect  bool       // it takes effect before that
	victim  *os.Process
	history []string // what was done, for the report of a violation
}

// buildCrashBinary builds the program into a folder of the test; with the points of failure where tags says so.
func buildCrashBinary(t testing.TB, tags string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "dropform")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.Command("go", "build", "-tags", tags, "-o", binary, ".")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func newCrashSite(t *testing.T, binary, bad, config string) *crashSite {
	t.Helper()
	s := &crashSite{t: t, binary: binary, bad: bad, dir: t.TempDir(), box: sandbox.New(sandbox.Demo())}
	s.closed = sync.NewCond(&s.mu)
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	server.Config.ConnState = s.count
	server.Start()
	t.Cleanup(func() {
		server.Close()
		s.box.Close()
	})
	s.url = server.URL
	config = strings.ReplaceAll(strings.ReplaceAll(config, "URL/conbox", s.url+"/conbox"), `"URL"`, `"`+s.url+`/webApi"`)
	s.write("main.hcl", config)
	return s
}

// count follows the connections, so that it is known when a dead process can have no more effect.
func (s *crashSite) count(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open++
	case http.StateClosed, http.StateHijacked:
		s.open--
		s.closed.Broadcast()
	}
}

// serve is the sandbox, and the place from which a process is killed in the middle of a request.
func (s *crashSite) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen++
	kill := s.victim != nil && s.seen == s.at
	effect, victim := s.effect, s.victim
	s.mu.Unlock()
	if !kill {
		s.box.ServeHTTP(w, r)
		return
	}
	if effect {
		s.box.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := victim.Kill(); err != nil {
		s.t.Errorf("kill: %v", err)
	}
	panic(http.ErrAbortHandler)
}

// quiet waits until the servers have dealt with everything that a process had sent before it died.
func (s *crashSite) quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open > 0 {
		s.closed.Wait()
	}
}

func (s *crashSite) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// write puts a file there whole, as old as one that nobody writes any more.
func (s *crashSite) write(name, text string) {
	s.t.Helper()
	path := s.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		s.t.Fatal(err)
	}
}

// text is a file's content; empty where there is none.
func (s *crashSite) text(name string) string {
	raw, err := os.ReadFile(s.path(name))
	if err != nil {
		return ""
	}
	return string(raw)
}

func (s *crashSite) command(env string, args ...string) *exec.Cmd {
	s.history = append(s.history, strings.TrimSpace(env+" dropform "+strings.Join(args, " ")))
	cmd := exec.Command(s.binary, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PERBIT_PASSWORD="+sandbox.DemoPassword, "CONBOX_PASSWORD="+sandbox.DemoPassword, "TZ=UTC", "DROPFORM_KNOWN_BAD="+s.bad)
	if env != "" {
		cmd.Env = append(cmd.Env, env)
	}
	return cmd
}

// killed runs the binary, which does not end by itself, to the point where it is killed.
func (s *crashSite) killed(point string, args ...string) {
	s.t.Helper()
	cmd := s.command("DROPFORM_FAILPOINT="+point, args...)
	overdue := time.AfterFunc(time.Minute, func() {
		s.t.Errorf("dropform %q does not come to %s", args, point)
		_ = cmd.Process.Kill()
	})
	out, err := cmd.CombinedOutput()
	overdue.Stop()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != -1 {
		s.t.Errorf("dropform %q was not killed at %s: %v\n%s", args, point, err, out)
	}
	s.quiet()
}

// run runs the binary to its end and answers its exit code, -1 where it was killed, and what it said.
func (s *crashSite) run(env string, args ...string) (code int, said string) {
	s.t.Helper()
	out, err := s.command(env, args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("dropform %q: %v\n%s", args, err, out)
	} else if err != nil {
		code = exit.ExitCode()
	}
	if code == 70 || bytes.Contains(out, []byte("panic:")) {
		s.t.Fatalf("dropform %q: %s", args, out)
	}
	s.history = append(s.history, fmt.Sprintf("  exit %d", code))
	return code, string(out)
}

// must runs the binary to a good end.
func (s *crashSite) must(args ...string) string {
	s.t.Helper()
	code, said := s.run("", args...)
	if code != 0 {
		s.t.Fatalf("dropform %q: exit %d\n%s", args, code, said)
	}
	return said
}

// killOnTheWire runs the binary and kills it while its n-th request is with the server, before or after it took effect. It
// reports false where it has fewer.
func (s *crashSite) killOnTheWire(n int, effect bool, args ...string) bool {
	s.t.Helper()
	cmd := s.command(fmt.Sprintf("(killed in request %d, effect %v)", n, effect), args...)
	s.mu.Lock()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.seen, s.at, s.effect, s.victim = 0, n, effect, cmd.Process
	s.mu.Unlock()
	_ = cmd.Wait() // how it ended says the exit code
	s.mu.Lock()
	s.victim = nil
	s.mu.Unlock()
	s.quiet()
	return cmd.ProcessState.ExitCode() == -1
}

// held is a process that stands at points until it is let go.
type held struct {
	s    *crashSite
	cmd  *exec.Cmd
	in   io.WriteCloser
	at   chan string  // where it stands; closed when it has ended
	said bytes.Buffer // once at is closed
}

// hold starts the binary and waits until it stands at the first of some points, which are separated by commas.
func (s *crashSite) hold(points string, args ...string) *held {
	s.t.Helper()
	env := "DROPFORM_FAILPOINT=" + strings.ReplaceAll(points, ",", "=hold,") + "=hold"
	h := &held{s: s, cmd: s.command(env, args...), at: make(chan string, 1+strings.Count(points, ","))}
	var err error
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	said, err := h.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(h.at)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if point, ok := strings.CutPrefix(lines.Text(), "failpoint "); ok {
				h.at <- point
			}
			fmt.Fprintln(&h.said, lines.Text())
		}
	}()
	h.wait()
	return h
}

func (h *held) wait() {
	h.s.t.Helper()
	if _, ok := <-h.at; !ok {
		h.end()
		h.s.t.Fatalf("%q came to no point any more:\n%s", h.cmd.Args[1:], h.said.String())
	}
}

func (h *held) let() {
	h.s.t.Helper()
	if _, err := h.in.Write([]byte{'\n'}); err != nil {
		h.s.t.Fatal(err)
	}
}

// next lets it go on to its next point.
func (h *held) next() {
	h.s.t.Helper()
	h.let()
	h.wait()
}

// release lets it go on to its end.
func (h *held) release() {
	h.s.t.Helper()
	h.let()
	h.end()
}

// kill ends it where it stands.
func (h *held) kill() {
	h.s.t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		h.s.t.Fatal(err)
	}
	h.end()
	h.s.quiet()
}

func (h *held) end() {
	for range h.at { // until it says no more
	}
	_ = h.cmd.Wait() // how it ended is not asked
	_ = h.in.Close()
}

// outlive starts the binary again until it finds nothing to do, and answers as a person would who knows what the servers
// have in their lists. It answers what went wrong, empty where it came to rest.
func (s *crashSite) outlive(happened func(address string) bool) string {
	s.t.Helper()
	said, code := "", 0
	for range 8 {
		code, said = s.run("", "apply", "-auto-approve", "-detailed-exitcode")
		items, wrong := s.status()
		if wrong != "" {
			return wrong
		}
		asked := false
		for _, item := range items {
			args := item.answer(happened)
			if args == nil {
				continue
			}
			asked = true
			if code, said := s.run("", args...); code != 0 {
				return fmt.Sprintf("%q: exit %d: %s", args, code, said)
			}
		}
		if code == 0 && !asked {
			return ""
		}
	}
	return fmt.Sprintf("it does not come to rest: exit %d: %s", code, said)
}

type crashItem struct{ Address, State, Text, Next string }

// answer is what a person says about an item: the truth about what is unknown, yes to an order, and that content which was
// imported need not be imported again. It is nil where nothing is asked.
func (i crashItem) answer(happened func(address string) bool) []string {
	switch {
	case i.State == "unknown" && !strings.Contains(i.Next, "dropform resolve '"+i.Address+"'"):
		return nil // the same content as another item, which is what a person is asked about
	case i.State == "unknown" && happened(i.Address):
		return []string{"resolve", i.Address, "-happened"}
	case i.State == "unknown":
		return []string{"resolve", i.Address, "-did-not-happen"}
	case i.State == "waiting" && strings.HasPrefix(i.Address, "rule.purchase."):
		return []string{"approve", i.Address}
	case i.State == "waiting" && i.Text == engine.ReasonSeenBefore && happened(i.Address):
		return []string{"adopt", i.Address} // a file that stood before it was only sent after its content
	}
	return nil
}

// status lists what is not done, or says what is wrong.
func (s *crashSite) status() ([]crashItem, string) {
	code, said := s.run("", "status", "-json")
	if code != 0 {
		return nil, fmt.Sprintf("status: exit %d: %s", code, said)
	}
	var status struct{ Items []crashItem }
	if err := json.Unmarshal([]byte(said), &status); err != nil {
		return nil, "status: " + err.Error()
	}
	return status.Items, ""
}

// work is what the ledger has of an item, oldest first.
func (s *crashSite) work(address, item string) (out []ledger.Work, err error) {
	reader, err := ledger.OpenReader(context.Background(), s.path(".dropform/ledger.db"))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	err = reader.View(context.Background(), func(v *ledger.View) error {
		out, err = v.WorkOf(address, item)
		return err
	})
	return out, err
}
