package watch_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/watch"
)

// ids returns the timers among events, which must all be due by now.
func (r *rig) ids(events []watch.Event) []string {
	r.t.Helper()
	var ids []string
	for _, ev := range events {
		d, ok := ev.(watch.Due)
		if !ok {
			r.t.Errorf("unexpected %#v", ev)
			continue
		}
		ids = append(ids, d.ID)
	}
	return ids
}

func (r *rig) due(d time.Duration, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.ids(r.after(d))); diff != "" {
		r.t.Errorf("at %v: due (-want +got):\n%s", time.Since(r.begin), diff)
	}
}

func TestTimers(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		at := func(d time.Duration) time.Time { return r.begin.Add(d) }
		set := map[string]time.Time{"b": at(time.Hour), "a": at(time.Hour), "c": at(time.Minute), "past": at(-time.Hour)}
		r.SetTimers(set)
		r.due(0, "past")
		r.due(time.Minute-ms, []string(nil)...)
		r.due(ms, "c")
		r.SetTimers(set) // what came does not come again
		r.due(59*time.Minute-ms, []string(nil)...)
		r.due(ms, "a", "b")

		set["c"] = at(2 * time.Hour)
		delete(set, "a")
		r.SetTimers(set)
		r.due(time.Hour, "c")

		set["a"] = at(time.Hour) // it was out of the set: set anew, it comes anew
		r.SetTimers(set)
		r.due(0, "a")
		set["d"] = at(3 * time.Hour)
		r.SetTimers(set)
		r.SetTimers(nil)
		r.due(24 * time.Hour)
	})
}

func TestTimersFollowTheWallClock(t *testing.T) {
	var shift atomic.Int64
	bubble(t, func(_ *watch.Folder, o *watch.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	}, func(r *rig) {
		r.SetTimers(map[string]time.Time{"x": r.begin.Add(10 * time.Hour), "y": r.begin.Add(11 * time.Hour)})
		r.due(time.Minute)
		shift.Store(int64(10 * time.Hour)) // asleep, or set forward
		r.due(30*time.Second, "x")
		shift.Store(0) // set back: x is not repeated, y waits
		r.due(10 * time.Hour)
		r.due(time.Hour, "y")
	})
}
