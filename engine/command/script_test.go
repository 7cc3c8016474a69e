package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dropform/engine/sandbox"
)

// TestScripts runs testdata/script/*.txtar through the real binary, each with a sandbox of its own at $URL. Under the race
// detector the binary has it too.
func TestScripts(t *testing.T) {
	root := filepath.Join("..", "..")
	bin := filepath.Dir(built(t, raceDetector))
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join(root, "testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return startSandbox(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fault":     injectFault,
			"imports":   countImports,
			"calls":     countCalls,
			"purchases": countPurchases,
			"shapes":    compareShapes,
			"hides":     fileHides,
			"waitfor":   waitForFile,
			"state":     sandboxState,
			"codes":     exitCode,
			"waituntil": waitForCall,
			"arrived":   waitForImports,
			"freeport":  freePort,
			"same":      sameTree,
			"concat":    concatFiles,
			"timeless":  takeTimes,
		},
		RequireExplicitExec: true,
	})
}

type serverKey struct{}

// startSandbox gives a script its server, and the password that its configuration reads. Jobs end at once.
func startSandbox(env *testscript.Env) error {
	server := sandbox.New(sandbox.Demo())
	url, err := server.Listen(context.Background(), "")
	if err != nil {
		return err
	}
	env.Defer(server.Close)
	env.Values[serverKey{}] = server
	env.Setenv("URL", url)
	env.Setenv("CONTROL", strings.TrimSuffix(url, "/webApi"))
	env.Setenv("ID", sandbox.DemoCustomerID)
	env.Setenv("PERBIT_PASSWORD", sandbox.DemoPassword)
	env.Setenv("DROPFORM_VAR_url", url)
	env.Setenv("DROPFORM_VAR_customer_id", sandbox.DemoCustomerID)
	env.Setenv("TZ", "UTC")
	return nil
}

func serverOf(ts *testscript.TestScript) *sandbox.Server {
	return ts.Value(serverKey{}).(*sandbox.Server)
}

// fault KIND|JSON arms a fault; "fault clear" disarms all.
func injectFault(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: fault clear|KIND|JSON")
	}
	if args[0] == "clear" {
		serverOf(ts).ClearFaults()
		return
	}
	fault := sandbox.Fault{Kind: args[0]}
	if strings.HasPrefix(args[0], "{") {
		ts.Check(json.Unmarshal([]byte(args[0]), &fault))
	}
	ts.Check(serverOf(ts).Inject(fault))
}

// imports N: the server has accepted exactly N import files.
func countImports(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := len(serverOf(ts).Imports()); (got == want) == neg {
		ts.Fatalf("the server accepted %d imports", got)
	}
}

// calls ACTION N: the server was asked exactly N times.
func countCalls(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := callsOf(ts, args[0]); (got == want) == neg {
		ts.Fatalf("the server saw %d calls of %s", got, args[0])
	}
}

// callsOf counts how often an action of either vendor was asked for.
func callsOf(ts *testscript.TestScript, action string) int {
	return serverOf(ts).Calls()[action] + serverOf(ts).ConboxState().Actions[action]
}

// purchases N: exactly N purchases took effect.
func countPurchases(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := len(serverOf(ts).Purchases()); (got == want) == neg {
		ts.Fatalf("%d purchases took effect", got)
	}
}

// waitfor FILE [REGEXP]: until the file is there, and its text matches. Polling is all that a file offers.
func waitForFile(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile("")
	if len(args) > 1 {
		pattern = regexp.MustCompile(args[1])
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if found := err == nil && pattern.Match(text); found != neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("waited 30s for %s %s; it holds %q, %v", args[0], pattern, text, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// state REGEXP: what GET /sandbox/state of the server at $CONTROL answers, as soon as it does.
func sandboxState(ts *testscript.TestScript, neg bool, args []string) {
	answer, err := http.Get(ts.Getenv("CONTROL") + "/sandbox/state")
	for deadline := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
		answer, err = http.Get(ts.Getenv("CONTROL") + "/sandbox/state")
	}
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if regexp.MustCompile(args[0]).Match(text) == neg {
		ts.Fatalf("the state is %s", text)
	}
}

// freeport NAME: a port on loopback that nobody listens on.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
}

// codes N ARGS...: dropform ends with exactly this exit code; stdout and stderr are looked at as after exec.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("dropform", args[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("run dropform: %v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d", got)
	}
}

// waituntil ACTION: until the server is asked that once more than it was when this line is reached.
func waitForCall(ts *testscript.TestScript, _ bool, args []string) {
	before := callsOf(ts, args[0])
	deadline := time.Now().Add(30 * time.Second)
	for callsOf(ts, args[0]) == before {
		if time.Now().After(deadline) {
			ts.Fatalf("waited 30s for a call of %s", args[0])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// arrived N: until the server has had N files whole.
func waitForImports(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(30 * time.Second); len(serverOf(ts).Imports()) < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited 30s for %d imports", want)
		}
	}
}

// same DIR SNAPSHOT: the first time it notes names, sizes and times of everything under DIR, later they must be equal.
func sameTree(ts *testscript.TestScript, neg bool, args []string) {
	var b strings.Builder
	ts.Check(filepath.Walk(ts.MkAbs(args[0]), func(path string, info os.FileInfo, err error) error {
		if err == nil {
			b.WriteString(path + " " + strconv.FormatInt(info.Size(), 10) + " " + info.ModTime().String() + "\n")
		}
		return err
	}))
	before := ts.Getenv("SNAPSHOT_" + args[1])
	ts.Setenv("SNAPSHOT_"+args[1], b.String())
	if before != "" && (before == b.String()) == neg {
		ts.Fatalf("it was\n%s\nand is\n%s", before, b.String())
	}
}

// concat OUT FILE...: writes the files one behind the other.
func concatFiles(ts *testscript.TestScript, _ bool, args []string) {
	var all strings.Builder
	for _, name := range args[1:] {
		all.WriteString(ts.ReadFile(name))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(all.String()), 0o644))
}

// timesInJSON are the moments of an output that differ from run to run.
var timesInJSON = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?`)

// timeless FILE...: takes the moments out of the files.
func takeTimes(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), timesInJSON.ReplaceAll([]byte(ts.ReadFile(name)), []byte("TIME")), 0o644))
	}
}
