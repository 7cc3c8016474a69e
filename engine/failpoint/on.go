//go:build failpoints

package failpoint

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// order is what is to happen at one passing of a point.
type order struct {
	name string // * is any
	left int    // passings until then
	how  string
}

var (
	mu     sync.Mutex // guards orders and the trace
	orders = parse(os.Getenv("DROPFORM_FAILPOINT"))
	trace  = os.Getenv("DROPFORM_FAILPOINT_TRACE")
	bad    = os.Getenv("DROPFORM_KNOWN_BAD")
)

// parse reads DROPFORM_FAILPOINT. What it cannot read ends the process: a test that kills nobody would prove nothing.
func parse(text string) []*order {
	var out []*order
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		o := &order{left: 1}
		part, o.how, _ = strings.Cut(part, "=")
		var n string
		if o.name, n, _ = strings.Cut(part, ":"); n != "" {
			var err error
			if o.left, err = strconv.Atoi(n); err != nil {
				fail(err)
			}
		}
		out = append(out, o)
	}
	return out
}

// At is a moment at which a crash has to be survived.
func At(name string) {
	for _, how := range due(name) {
		switch how {
		case "", "kill":
			die()
		case "hold":
			fmt.Fprintf(os.Stderr, "failpoint %s\n", name)
			if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
				fail(err)
			}
		default:
			d, err := time.ParseDuration(how)
			if err != nil {
				fail(err)
			}
			time.Sleep(d)
		}
	}
}

// due notes a passing and tells what is to happen at it.
func due(name string) (hows []string) {
	mu.Lock()
	defer mu.Unlock()
	if trace != "" {
		f, err := os.OpenFile(trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			fail(err)
		}
		_, _ = fmt.Fprintln(f, name)
		_ = f.Close()
	}
	for _, o := range orders {
		if o.name != name && o.name != "*" {
			continue
		}
		if o.left--; o.left == 0 {
			hows = append(hows, o.how)
		}
	}
	return hows
}

// die ends the process as kill -9 does, and does not return.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		fail(err)
	}
	select {}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "failpoint:", err)
	os.Exit(70)
}

// Bad reports whether an engine that is known to be wrong was asked for.
func Bad(name string) bool { return bad == name }

// Query is a compare-and-set as the engine that was asked for does it: where it is wrong, a condition that it forgets
// always holds.
func Query(query string) string {
	const holds = "? IS NOT NULL"
	set, where, ok := strings.Cut(query, " WHERE id = ?")
	forget := func(condition, by string) { where = strings.ReplaceAll(where, condition, by) }
	switch {
	case !ok:
		return query
	case Bad(IgnoreEpoch):
		forget("epoch = ?", holds)
	case Bad(WrongAttempt):
		forget("epoch = ?", holds)
		forget("attempt = ?", holds)
	case Bad(NoCompareAndSet):
		forget("epoch = ?", holds)
		forget("attempt = ?", holds)
		forget("state = ?", holds)
		forget(" AND state IN ('sending', 'running')", "")
	}
	return set + " WHERE id = ?" + where
}

// Early is do, done at once where the engine that was asked for records what it did afterwards: what is returned then only
// gives the answer.
func Early[T any](ctx context.Context, do func(context.Context) (T, error)) func(context.Context) (T, error) {
	if !Bad(RecordAfterCall) {
		return do
	}
	answer, err := do(ctx)
	return func(context.Context) (T, error) { return answer, err }
}
