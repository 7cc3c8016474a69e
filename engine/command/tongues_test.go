package command_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"dropform/engine/sandbox"
)

// A spokenRun is one project with a server of its own in which everybody is spoken to in one language.
type spokenRun struct {
	*testing.T
	binary, dir string
	server      *sandbox.Server
	env         []string
	heard       map[string]string // by command, what programs read of it
	logged      []string          // lines of the log
}

// TestProgramsReadEnglish leads one project through errors, rejections, a job that faults, answers that are lost, a stale
// plan and a refused order, once under a German LANG and once under C: everything that a program reads is the same, byte
// for byte, but for moments and what servers count.
func TestProgramsReadEnglish(t *testing.T) {
	binary := built(t, raceDetector)
	heard := map[string]map[string]string{}
	logged := map[string][]string{}
	for _, lang := range []string{"de_DE.UTF-8", "C"} {
		r := newSpokenRun(t, binary, lang)
		r.everything()
		heard[lang], logged[lang] = r.heard, r.logged
	}
	for _, name := range slices.Sorted(maps.Keys(heard["C"])) {
		if len(heard["C"][name]) == 0 {
			t.Errorf("%s says nothing", name)
		}
		if diff := gocmp.Diff(strings.Split(heard["C"][name], "\n"), strings.Split(heard["de_DE.UTF-8"][name], "\n")); diff != "" {
			t.Errorf("%s (-C +de):\n%s", name, diff)
		}
	}
	for _, want := range []string{`"type":"apply_errored"`, `"type":"diagnostic"`, `"needs_person"`, "unknown", "rejected", "the value is not of type integer", "stale_step"} {
		if !strings.Contains(strings.Join(slices.Collect(maps.Values(heard["C"])), ""), want) {
			t.Errorf("nothing says %s: the runs do not show what they are for", want)
		}
	}
	for _, lines := range logged {
		slices.Sort(lines)
	}
	if diff := gocmp.Diff(logged["C"], logged["de_DE.UTF-8"]); diff != "" || len(logged["C"]) < 10 {
		t.Errorf("%d lines of the log (-C +de):\n%s", len(logged["C"]), diff)
	}
}

func newSpokenRun(t *testing.T, binary, lang string) *spokenRun {
	r := newServed(t, binary, lang)
	if err := os.CopyFS(r.dir, os.DirFS(filepath.Join("..", "..", "testdata", "tongues"))); err != nil {
		t.Fatal(err)
	}
	return r
}

// newServed is an empty project with a server of its own.
func newServed(t *testing.T, binary, lang string) *spokenRun {
	t.Helper()
	server := sandbox.New(sandbox.Demo())
	url, err := server.Listen(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := &spokenRun{T: t, binary: binary, dir: t.TempDir(), server: server, heard: map[string]string{}}
	r.env = append(os.Environ(), "LC_ALL=", "LC_MESSAGES=", "LANG="+lang, "TZ=UTC", "DROPFORM_LOG=JSON",
		"PERBIT_PASSWORD="+sandbox.DemoPassword, "CONBOX_PASSWORD=Sandkasten-04", "CONBOX_KEY=7546b3a7-73e8-40a7-a7b6-699b4d648ac1",
		"DROPFORM_VAR_url="+url, "DROPFORM_VAR_customer_id="+sandbox.DemoCustomerID,
		"DROPFORM_VAR_shop="+strings.TrimSuffix(url, "/webApi")+"/conbox/service")
	return r
}

// everything goes through all commands that programs read.
func (r *spokenRun) everything() {
	r.says(1, "broken", "validate", "-json", "-chdir=broken")
	r.says(1, "plan of what is broken", "plan", "-json", "-chdir=broken")
	r.says(0, "validate", "validate", "-json")
	r.says(1, "plan of an unknown address", "plan", "-json", "-target=import.stuff")
	r.says(1, "check", "check", "-json", "import.staff", "in/bad.csv")
	r.says(1, "check of orders", "check", "-json", "rule.purchase.orders", "orders/bad.csv")
	r.says(0, "plan", "plan", "-json", "-out=first.plan")
	r.says(0, "show of a plan", "show", "-json", "first.plan")

	r.fault(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
	r.fault(sandbox.Fault{Kind: sandbox.FaultFailJob, Action: "Import", Times: 1, After: 1})
	r.fault(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Purchase", Times: 1})
	r.fault(sandbox.Fault{Kind: sandbox.FaultRefuse, Action: "Purchase", Times: 1, Position: "300000-01/Pos001", Body: "Der Beleg ist gesperrt."})
	r.write("in/b.csv", "PersonalNr\n11\n") // since the plan
	r.says(1, "apply of a stale plan", "apply", "-json", "-parallelism=1", "first.plan")
	r.says(1, "apply", "apply", "-json", "-auto-approve", "-approve=*", "-parallelism=1")
	r.says(4, "apply again", "apply", "-json", "-auto-approve", "-parallelism=1", "-detailed-exitcode")
	r.says(2, "plan of what needs a person", "plan", "-json", "-detailed-exitcode")
	r.says(0, "status", "status", "-json")
	r.says(0, "history", "history", "-json")
	for _, address := range []string{"import.staff", "import.staff[a.csv]", "import.staff[bad.csv]", "rule.purchase.orders[101224-01]", "export.all"} {
		r.says(0, "show "+address, "show", "-json", address)
	}
	r.says(0, "show of everything", "show", "-json")
	r.says(0, "state", "state", "pull")
	r.fault(sandbox.Fault{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1})
	r.watches()
	r.says(0, "status at the end", "status", "-json")
}

// says runs a command and keeps what it says. Its exit code is that of the table in COMMANDS.md.
func (r *spokenRun) says(code int, name string, args ...string) {
	r.Helper()
	out, err := r.command(args...).Output()
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		r.Fatalf("%v: %v", args, err)
	}
	if got != code {
		r.Errorf("%v ends with %d instead of %d:\n%s", args, got, code, out)
	}
	r.heard[name] = r.lasting(string(out))
	if args[0] == "apply" || args[0] == "history" {
		r.heard[name] = inOrder(r.heard[name]) // blocks side by side
	}
}

func inOrder(lines string) string {
	all := strings.Split(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (r *spokenRun) command(args ...string) *exec.Cmd {
	cmd := exec.Command(r.binary, args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	cmd.Stderr = &logOf{r: r}
	return cmd
}

// watches lets watch reject a file, lose an answer and find nobody, and ends it.
func (r *spokenRun) watches() {
	r.Helper()
	cmd := r.command("watch", "-json", "-auto-approve")
	lines := &heardUntil{wanted: []string{`"address":"import.staff[worse.csv]"`, `"address":"import.staff[lost.csv]"`, `"address":"import.unreachable[a.csv]"`}, done: make(chan struct{})}
	cmd.Stdout = lines
	r.write("in/worse.csv", "PersonalNr\nzwei\n")
	r.write("in/lost.csv", "PersonalNr\n4711\n")
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	select {
	case <-lines.done:
	case <-time.After(30 * time.Second):
		r.Errorf("watch has not ended its steps:\n%s", lines.text())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		r.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is another test's
	told := slices.DeleteFunc(strings.Split(r.lasting(lines.text()), "\n"), func(line string) bool {
		return strings.Contains(line, `"type":"change_summary"`) || strings.Contains(line, `"type":"planned_change"`) // as often as it plans
	})
	r.heard["watch"] = inOrder(strings.Join(told, "\n"))
}

func (r *spokenRun) write(name, text string) {
	r.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := cmp.Or(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		r.Fatal(err)
	}
}

func (r *spokenRun) fault(f sandbox.Fault) {
	r.Helper()
	if err := r.server.Inject(f); err != nil {
		r.Fatal(err)
	}
}

// passing is what differs between any two runs: moments, durations, processes, and numbers that ledgers and servers give.
var passing = []struct {
	form *regexp.Regexp
	by   string
}{
	{timesInJSON, "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?`), "TIME"},
	{regexp.MustCompile(`"elapsed_seconds":\d+| after \d+s|"took":\d+|"after":\d+|"process":\d+|"pid": ?\d+`), "SPAN"},
	{regexp.MustCompile(`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`), "GUID"},
	{regexp.MustCompile(`\b[0-9a-f]{16,64}\b`), "DIGEST"},
	{regexp.MustCompile(`has \d+ rows`), "has ROWS"},        // of all that was imported before
	{regexp.MustCompile(`"failed": \d+`), `"failed": RUNS`}, // an export without a schedule is another run in the next minute
	{regexp.MustCompile(`(?:127\.0\.0\.1|localhost):\d+`), "SERVER"},
}

// lasting is a text without what differs between any two runs.
func (r *spokenRun) lasting(text string) string {
	text = strings.ReplaceAll(text, r.dir, "DIR")
	for _, p := range passing {
		text = p.form.ReplaceAllString(text, p.by)
	}
	return text
}

// logOf takes the lines of the log out of what goes to standard error.
type logOf struct {
	r    *spokenRun
	rest string
}

func (l *logOf) Write(p []byte) (int, error) {
	l.rest += string(p)
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		if strings.HasPrefix(line, "{") && !strings.Contains(line, `"step goes on"`) {
			l.r.logged = append(l.r.logged, l.r.lasting(line))
		}
	}
}

// heardUntil keeps what is written and says when each of the wanted has been told to have failed.
type heardUntil struct {
	mu     sync.Mutex
	all    bytes.Buffer
	wanted []string
	done   chan struct{}
}

var _ io.Writer = (*heardUntil)(nil)

func (h *heardUntil) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all.Write(p)
	before := len(h.wanted)
	h.wanted = slices.DeleteFunc(h.wanted, func(w string) bool {
		return slices.ContainsFunc(strings.Split(h.all.String(), "\n"), func(line string) bool {
			return strings.Contains(line, w) && strings.Contains(line, "apply_errored")
		})
	})
	if before > 0 && len(h.wanted) == 0 {
		close(h.done)
	}
	return len(p), nil
}

func (h *heardUntil) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String()
}
