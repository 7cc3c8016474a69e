package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// large is a file that is streamed instead of being read before its request begins.
func large(name string) string {
	var b strings.Builder
	b.WriteString("PersonalNr;Name;Vorname\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%07d;%s-%07d;Jörg\n", i, name, i)
	}
	return b.String()
}

// midway calls a function once when half of a file has been read.
type midway struct {
	afero.File
	left int64
	do   func()
}

func (m *midway) Read(p []byte) (int, error) {
	n, err := m.File.Read(p)
	if m.left -= int64(n); m.left <= 0 && m.do != nil {
		m.do()
		m.do = nil
	}
	return n, err
}

// TestLargeFileChangesWhileItIsSent: what was planned or nothing. The request is cut, the server counts no import, and
// the next run sends what is there now.
func TestLargeFileChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	before := large("Müller")
	after := strings.Replace(before, "0199999;Müller", "0199999;Möller", 1)
	for name, change := range map[string]func(*rig){
		"rewritten in place": func(r *rig) {
			f, err := os.OpenFile(r.path("in/a.csv"), os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte(after), 0); err != nil {
				t.Error(err)
			}
		},
		"replaced by rename": func(r *rig) {
			r.write("next", after)
			if err := os.Rename(r.path("next"), r.path("in/a.csv")); err != nil {
				t.Error(err)
			}
		},
		"cut short": func(r *rig) {
			whole := strings.LastIndex(before[:len(before)/2], "\n") + 1
			if err := os.Truncate(r.path("in/a.csv"), int64(whole)); err != nil {
				t.Error(err)
			}
		},
		"appended to": func(r *rig) { r.write("in/a.csv", before+"0200000;x;y\n") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			cfg := r.load(head + staff)
			r.write("in/a.csv", before)
			real, opened := r.fs, 0
			r.fs = &tamperFs{Fs: real, file: func(f afero.File) afero.File {
				if !strings.HasSuffix(f.Name(), "a.csv") {
					return f
				}
				if opened++; opened == 1 { // the planner's reading
					return f
				}
				return &midway{File: f, left: int64(len(before) / 2), do: func() { change(r) }}
			}}
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 0, 1)
			if n := len(r.box.Imports()); n != 0 {
				t.Fatalf("%d imports of a torn file", n)
			}
			r.fs = real
			now := r.read("in/a.csv")
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			imports := r.box.Imports()
			if len(imports) != 1 || imports[0].Size != int64(len(now)) {
				t.Errorf("%+v, the file has %d bytes", imports, len(now))
			}
		})
	}
}

func TestSmallFileChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.write("in/a.csv", rows("1"))
	r.write("in/b.csv", rows("2"))
	r.write("in/c.csv", rows("3"))
	s := r.session(false)
	defer s.close(t)
	plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.write("in/a.csv", rows("4"))
	if err := os.Remove(r.path("in/b.csv")); err != nil {
		t.Fatal(err)
	}
	tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan)
	if err != nil {
		t.Fatal(err)
	}
	expectTally(t, tally, 1, 0, 0, 0, 2)
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports", n)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new")
}

// TestPlanTwice: a plan that is carried out twice does nothing the second time.
func TestPlanTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff + payroll)
	r.write("in/a.csv", goodCSV)
	s := r.session(false)
	defer s.close(t)
	plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil {
			t.Fatal(err)
		}
	}
	if i, e := len(r.box.Imports()), len(r.box.Exports()); i != 1 || e != 1 {
		t.Errorf("%d imports, %d exports", i, e)
	}
}

// TestTwoProcessesOneFile: both have planned the same file; one sends it, the other says that it is done.
func TestTwoProcessesOneFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *sandbox.Options) { o.JobTime = 30 * time.Millisecond })
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", goodCSV)
	var sessions []*session
	var plans []*engine.Plan
	for range 2 {
		s := r.session(false)
		defer s.close(t)
		plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sessions, plans = append(sessions, s), append(plans, plan)
	}
	tallies := make(chan engine.Tally, 2)
	for i, s := range sessions {
		go func() {
			tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plans[i])
			if err != nil {
				t.Error(err)
			}
			tallies <- tally
		}()
	}
	a, b := <-tallies, <-tallies
	if n := len(r.box.Imports()); n != 1 || a.Done+b.Done != 2 || !a.OK() || !b.OK() {
		t.Errorf("%d imports, %+v %+v", n, a, b)
	}
}
