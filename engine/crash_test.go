package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dropform/engine/failpoint"
)

// crashNumber is a number from the environment, or another where there is none.
func crashNumber(t *testing.T, name string, other uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return other
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestCrash kills the real binary at every point of failure of every programme, and in the middle of every request, starts
// it again until it finds nothing to do, and wants everything to have happened once. Then it does the same with engines
// that are known to be wrong, and wants each of them caught. DROPFORM_CRASH_ROUNDS=2000 makes a long night of it;
// DROPFORM_CRASH_SEED=N begins with the round of that seed.
func TestCrash(t *testing.T) {
	t.Parallel()
	binary := buildCrashBinary(t, "failpoints")
	passed := &passings{of: map[string]int{}}
	t.Run("points", func(t *testing.T) {
		for _, p := range crashProgrammes() {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				counts := passed.trace(t, binary, p)
				for _, name := range slices.Sorted(maps.Keys(counts)) {
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						crashAt(t, binary, p, name, victim...)
					})
					for _, n := range laterPassings(t, counts[name]) {
						t.Run(fmt.Sprintf("%s#%d", name, n), func(t *testing.T) {
							t.Parallel()
							crashLater(t, binary, p, name, n)
						})
					}
					if p.watched && name != "run.begun" {
						t.Run("watch/"+name, func(t *testing.T) {
							t.Parallel()
							crashAt(t, binary, p, name, "watch", "-auto-approve")
						})
					}
				}
			})
		}
	})
	if passed.programmes == len(crashProgrammes()) { // else only some were asked for
		passed.all(t)
	}
	t.Run("wire", func(t *testing.T) { crashOnTheWire(t, binary) })
	t.Run("races", func(t *testing.T) { crashRaces(t, binary) })
	t.Run("bad", func(t *testing.T) { crashBad(t, binary) })
	t.Run("random", func(t *testing.T) { crashRandomly(t, binary) })
}

// passings counts what was passed in all programmes.
type passings struct {
	mu         sync.Mutex
	of         map[string]int
	programmes int
}

// trace runs a programme without killing anybody and answers how often it passed each point.
func (p *passings) trace(t *testing.T, binary string, programme crashProgramme) map[string]int {
	t.Helper()
	s := newCrashSite(t, binary, "", programme.config)
	programme.prepare(s)
	s.run("DROPFORM_FAILPOINT_TRACE="+s.path("trace"), victim...)
	counts := map[string]int{}
	for name := range strings.FieldsSeq(s.text("trace")) {
		counts[name]++
	}
	s.report("", programme.violations(s))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.programmes++
	for name, n := range counts {
		p.of[name] += n
	}
	return counts
}

// all wants every point in the list passed, and no other.
func (p *passings) all(t *testing.T) {
	t.Helper()
	total := 0
	for _, name := range failpoint.Names {
		if p.of[name] == 0 {
			t.Errorf("no programme passes %s", name)
		}
		total += p.of[name]
		delete(p.of, name)
	}
	if len(p.of) > 0 {
		t.Errorf("not in the list of points: %v", p.of)
	}
	t.Logf("%d points, passed %d times", len(failpoint.Names), total)
}

// report fails the test with what went wrong, and how it came to that.
func (s *crashSite) report(what string, violations []string) {
	s.t.Helper()
	if len(violations) > 0 {
		s.t.Errorf("%s\n%s\n%s", what, strings.Join(violations, "\n"), strings.Join(s.history, "\n"))
	}
}

// crashAt kills one run of a programme at a point and wants everything well in the end.
func crashAt(t *testing.T, binary string, p crashProgramme, point string, args ...string) {
	t.Helper()
	s := newCrashSite(t, binary, "", p.config)
	p.prepare(s)
	s.killed(point, args...)
	s.report(point, p.violations(s))
}

// laterPassings are those after the first at which a run is killed, too: the last one and, with DROPFORM_CRASH_PASSINGS=N,
// all up to the N-th.
func laterPassings(t *testing.T, count int) (out []int) {
	t.Helper()
	for n := 2; n <= count && n <= int(crashNumber(t, "DROPFORM_CRASH_PASSINGS", 1)); n++ {
		out = append(out, n)
	}
	if count > 1 && !slices.Contains(out, count) {
		out = append(out, count)
	}
	return out
}

// crashLater kills one run of a programme when it comes to a point for the n-th time. How often it asks for progress, and
// what shares a transaction, differs from run to run: one that comes there less often ends by itself.
func crashLater(t *testing.T, binary string, p crashProgramme, point string, n int) {
	t.Helper()
	s := newCrashSite(t, binary, "", p.config)
	p.prepare(s)
	s.run(fmt.Sprintf("DROPFORM_FAILPOINT=%s:%d", point, n), victim...)
	s.quiet()
	s.report(fmt.Sprintf("%s, passing %d", point, n), p.violations(s))
}

// crashOnTheWire kills a run in the middle of each of its requests, before and after the server has done what it asks.
func crashOnTheWire(t *testing.T, binary string) {
	for _, p := range crashProgrammes() {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", p.name, effect), func(t *testing.T) {
				t.Parallel()
				for n, killed := 1, true; killed && !t.Failed(); n++ {
					s := newCrashSite(t, binary, "", p.config)
					p.prepare(s)
					killed = s.killOnTheWire(n, effect, victim...)
					s.report("", p.violations(s))
					if n == 1 && !killed || n > 50 {
						t.Errorf("request %d: killed %v", n, killed)
					}
				}
			})
		}
	}
}

// crashRandomly kills a programme, and up to two of those that go on with it, anywhere.
func crashRandomly(t *testing.T, binary string) {
	first := crashNumber(t, "DROPFORM_CRASH_SEED", rand.Uint64())
	for round := range crashNumber(t, "DROPFORM_CRASH_ROUNDS", 8) {
		seed := first + round
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, seed))
			all := crashProgrammes()
			p := all[random.IntN(len(all))]
			s := newCrashSite(t, binary, "", p.config)
			p.prepare(s)
			for range 1 + random.IntN(3) {
				s.run(fmt.Sprintf("DROPFORM_FAILPOINT=*:%d", 1+random.IntN(90)), victim...)
				s.quiet()
			}
			s.report(p.name, p.violations(s))
		})
	}
}
