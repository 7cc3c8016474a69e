package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"dropform/engine"
	"dropform/engine/ledger"
)

// TestStatusShowsAllThatWaits: the oldest file is told also where it waits for its marker, is held back or cannot be read.
func TestStatusShowsAllThatWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "ready_file = \"${file.name}.ok\"") + with(named("crew"), "on_error = \"stop\""))
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/marked.csv", rows("1"))
	r.write("in/marked.csv.ok", "")
	r.write("in/unmarked.csv", rows("2"))
	r.age("in/unmarked.csv", 49*time.Hour)
	r.write("crew/1.csv", "no;such\ncolumn")
	r.write("crew/2.csv", rows("3"))
	r.age("crew/2.csv", 3*time.Hour)
	r.apply(cfg, engine.PlanOptions{})
	times := 100
	r.write("crew/3.csv", rows("4"))
	r.age("crew/3.csv", 72*time.Hour)
	r.fs = &tamperFs{Fs: r.fs, open: denied(r.path("crew/3.csv"), &times)}
	for i, want := range []struct {
		queue int
		hours float64
	}{{1, 49}, {2, 72}} {
		f := r.status(cfg).Folders[i]
		if got := time.Since(f.Oldest).Hours(); f.Queue != want.queue || got < want.hours || got > want.hours+1 {
			t.Errorf("%s: %d queued, the oldest for %.1f hours; want %+v", f.Address, f.Queue, got, want)
		}
	}
}

// TestStatusShowsTheWatch: what a running watch says of a folder is in its status.
func TestStatusShowsTheWatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	want := engine.WatchStatus{
		ID: "import.staff", Mode: "poll", Network: "nfs", Degraded: "no more watches", Overflows: 2, Rearms: 3,
		LastSweep: time.Now().Truncate(time.Second),
	}
	r.write("in/a.csv", rows("1"))
	raw, err := json.Marshal(engine.WatchState{
		At: time.Now(), Folders: []engine.WatchStatus{want}, Connections: map[string]string{"connection.perbit.hr": "connection refused"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path(".dropform/watch.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := ledger.OpenReader(context.Background(), r.path(".dropform/ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	st, err := engine.Planner{FS: r.fs, Reader: reader, Now: r.now}.ReadStatus(context.Background(), cfg, r.path(".dropform/watch.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	f := st.Folders[0]
	if f.Mode != want.Mode || f.Network != want.Network || f.Degraded != want.Degraded || f.Overflows != want.Overflows || f.Rearms != want.Rearms || !f.LastSweep.Equal(want.LastSweep) {
		t.Errorf("%+v, want %+v", f, want)
	}
	if i := st.Items[0]; i.State != "waiting" || i.Text != "waits for connection.perbit.hr, which is down" {
		t.Errorf("%+v", i)
	}
}

// TestStatusKeepsAFailedExport: an export without a schedule is tried again as the run of another minute, and until then it
// has failed, however long ago.
func TestStatusKeepsAFailedExport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + strings.Replace(payroll, "min_rows = 1", "min_rows = 5000", 1))
	r.apply(cfg, engine.PlanOptions{})
	began := time.Now()
	for _, later := range []time.Duration{0, time.Hour} {
		r.now = func() time.Time { return began.Add(later) }
		items := r.status(cfg).Items
		if len(items) != 1 || items[0].State != "failed" || !strings.Contains(items[0].Text, "expect.min_rows is 5000") || items[0].Since.IsZero() {
			t.Errorf("%v later: %+v", later, items)
		}
		if a := r.plan(cfg, engine.PlanOptions{}).Actions; len(a) != 1 || !strings.HasPrefix(a[0].Text, "before: the result has ") {
			t.Errorf("%v later: %+v", later, a)
		}
	}
}

// TestStatusOfAnIdleWatch is written when it has something new to say, and else only so often that it counts as current.
func TestStatusOfAnIdleWatch(t *testing.T) {
	t.Parallel()
	inWorld(t, worldTraits{}, plainShape(), func(w *world) {
		file := w.path(".dropform/watch.json")
		times := func(d time.Duration) (n int) {
			last := ""
			for end := time.Now().Add(d); time.Now().Before(end); w.pass(500 * time.Millisecond) {
				raw, err := os.ReadFile(file)
				w.must(err)
				state, err := engine.ReadWatchState(w.fs, file, time.Now())
				if err != nil || state == nil {
					w.t.Fatalf("it does not count as current: %v", err)
				}
				if string(raw) != last {
					n++
				}
				last = string(raw)
			}
			return n
		}
		w.watch(-1)
		w.pass(2 * time.Second)
		if n := times(time.Minute); n > 14 {
			w.t.Fatalf("written %d times in an idle minute", n)
		}
		w.write("main.hcl", "import \"staff\" {\n")
		w.announce(w.path("main.hcl"), fsnotify.Write)
		w.pass(3 * time.Second)
		if state, err := engine.ReadWatchState(w.fs, file, time.Now()); err != nil || state.ConfigError == "" {
			w.t.Fatalf("the broken edit is not told: %+v, %v", state, err)
		}
		w.save()
	})
}
