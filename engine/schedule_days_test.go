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

// TestOncePerLocalDay: a daily run comes once on each day of the year, whatever the clocks do; a watch that goes from one
// time to the next and a plan that looks back agree on it.
func TestOncePerLocalDay(t *testing.T) {
	t.Parallel()
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		schedules := []engine.Schedule{{Every: 24 * time.Hour, Location: loc}}
		for _, hour := range []int{0, 1, 2, 3, 6, 23} {
			for _, minute := range []int{0, 30} {
				schedules = append(schedules, engine.Schedule{Cron: fmt.Sprintf("%d %d * * *", minute, hour), Location: loc})
			}
		}
		from := time.Date(2025, 12, 31, 23, 59, 59, 0, loc)
		to := time.Date(2026, 12, 31, 23, 59, 59, 0, loc)
		for _, s := range schedules {
			slots := follow(t, s, from, to)
			if len(slots) != 365 {
				t.Errorf("%s %q %s: %d runs in 365 days", zone, s.Cron, s.Every, len(slots))
			}
			for i, at := range slots {
				if want := time.Date(2026, 1, 1+i, 12, 0, 0, 0, loc).Format(time.DateOnly); at.Format(time.DateOnly) != want {
					t.Errorf("%s %q %s: %s, want a run on %s", zone, s.Cron, s.Every, at, want)
					break
				}
			}
			if back := s.Between(from, to, 1000); !slices.EqualFunc(back, slots, time.Time.Equal) {
				t.Errorf("%s %q %s: looking back gives %d runs, going on %d", zone, s.Cron, s.Every, len(back), len(slots))
			}
		}
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
		from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, loc), time.Date(2027, 1, 1, 0, 0, 0, 0, loc)
		for _, every := range []time.Duration{10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour} {
			if zone == "Australia/Lord_Howe" && every == time.Hour {
				continue // a day of twenty-four and a half hours ends with half of one
			}
			last := from
			for _, at := range follow(t, engine.Schedule{Every: every, Location: loc}, from, to) {
				if d := at.Sub(last); d != every {
					t.Errorf("%s every %s: %s after %s", zone, every, at, last)
					break
				}
				last = at
			}
		}
	}
}
