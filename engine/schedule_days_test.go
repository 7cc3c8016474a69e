package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dropform/engine"
)

// zones are places whose clocks change at midnight, by half an hour, in the other half of the year, or not at all.
var zones = []string{
	"Europe/Berlin", "America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "America/New_York", "Asia/Tokyo",
}

// follow asks for one due time after the other, as a watch does.
func follow(t *testing.T, s engine.Schedule, from, to time.Time) []time.Time {
	t.Helper()
	var out []time.Time
	for at := s.Next(from); !at.After(to); at = s.Next(at) {
		if len(out) > 0 && !at.After(out[len(out)-1]) {
			t.Fatalf("after %s comes %s", out[len(out)-1], at)
		}
		out = append(out, at)
	}
	return out
}

// around are the days about each change of a zone's clocks in 2026 and about the end of February, each stretch by its first day
// and the one after its last.
func around(loc *time.Location) (spans [][2]time.Time) {
	noon := func(day int) time.Time { return time.Date(2026, 1, day, 12, 0, 0, 0, loc) }
	midnight := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, loc) }
	spans = append(spans, [2]time.Time{midnight(57), midnight(62)})
	for day := 2; day <= 365; day++ {
		_, before := noon(day - 1).Zone()
		if _, now := noon(day).Zone(); now != before {
			spans = append(spans, [2]time.Time{midnight(day - 3), midnight(day + 4)})
		}
	}
	return spans
}

// TestOncePerLocalDay: a daily run comes once on each day, whatever the clocks do; a watch that goes from one time to the next
// and a plan that looks back agree on it.
func TestOncePerLocalDay(t *testing.T) {
	t.Parallel()
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		spans := around(loc)
		if zone == "Europe/Berlin" { // and all of the year
			spans = append(spans, [2]time.Time{time.Date(2026, 1, 1, 0, 0, 0, 0, loc), time.Date(2027, 1, 1, 0, 0, 0, 0, loc)})
		}
		schedules := []engine.Schedule{{Every: 24 * time.Hour, Location: loc}}
		for _, hour := range []int{0, 1, 2, 3, 6, 23} {
			for _, minute := range []int{0, 30} {
				schedules = append(schedules, engine.Schedule{Cron: fmt.Sprintf("%d %d * * *", minute, hour), Location: loc})
			}
		}
		for _, s := range schedules {
			for _, span := range spans {
				oncePerDay(t, s, span[0], span[1])
			}
		}
	}
}

// oncePerDay wants one run on each local day from the first until before the one of end.
func oncePerDay(t *testing.T, s engine.Schedule, first, end time.Time) {
	t.Helper()
	from, to := first.Add(-time.Second), end.Add(-time.Second)
	slots := follow(t, s, from, to)
	day := first
	for _, at := range slots {
		if at.Format(time.DateOnly) != day.Format(time.DateOnly) {
			t.Errorf("%s %q %s: %s, want a run on %s", s.Location, s.Cron, s.Every, at, day.Format(time.DateOnly))
			return
		}
		day = time.Date(day.Year(), day.Month(), day.Day()+1, 12, 0, 0, 0, s.Location)
	}
	if day.Format(time.DateOnly) != end.Format(time.DateOnly) {
		t.Errorf("%s %q %s: %d runs from %s to %s", s.Location, s.Cron, s.Every, len(slots), first, end)
	}
	if back := s.Between(from, to, 1000); !slices.EqualFunc(back, slots, time.Time.Equal) {
		t.Errorf("%s %q %s: looking back gives %d runs, going on %d", s.Location, s.Cron, s.Every, len(back), len(slots))
	}
}

// TestEveryKeepsItsDistance: what runs every so many minutes does so also in the hour that comes twice, and is not late
// after the one that does not come.
func TestEveryKeepsItsDistance(t *testing.T) {
	t.Parallel()
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, every := range []time.Duration{10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour} {
			if zone == "Australia/Lord_Howe" && every == time.Hour {
				continue // a day of twenty-four and a half hours ends with half of one
			}
			for _, span := range around(loc) {
				last := span[0]
				for _, at := range follow(t, engine.Schedule{Every: every, Location: loc}, span[0], span[1]) {
					if d := at.Sub(last); d != every {
						t.Errorf("%s every %s: %s after %s", zone, every, at, last)
						break
					}
					last = at
				}
			}
		}
	}
}
