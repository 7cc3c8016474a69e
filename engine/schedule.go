package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Check reports what is wrong with the schedule, nil when it can fall due.
func (s *Schedule) Check() error {
	if s.Every > wholeDay && s.Every%wholeDay != 0 {
		return fmt.Errorf("every = %s is longer than a day and not a whole number of days", s.Every)
	}
	if s.Every > 0 {
		return nil
	}
	if len(strings.Fields(s.Cron)) != 5 || !gronx.IsValid(s.Cron) {
		return fmt.Errorf("%q is not a cron expression of five fields (minute hour day month weekday)", s.Cron)
	}
	return nil
}

// Next is the first time after t at which the schedule falls due, in its time zone. The zero time means never.
//
// The cron expression is evaluated on the wall clock alone and then mapped to an instant, because every library that
// mixes the two skips or doubles a run when the clocks change: a time that the clock jumps over runs right after the
// jump, a time that comes twice runs at its first coming. Expressions whose hour is a wildcard follow the instants
// instead: nothing runs in the hour that is not there, and the doubled hour runs twice.
func (s *Schedule) Next(t time.Time) time.Time {
	t = t.In(s.Location)
	if s.Every > 0 {
		return s.nextEvery(t)
	}
	best := time.Time{}
	wall := wallClock(t).Add(-2 * time.Hour) // a doubled hour lies behind the wall clock
	for range 400 {
		next, err := gronx.NextTickAfter(s.Cron, wall, false)
		if err != nil || next.IsZero() || next.Year() > t.Year()+9 {
			return best
		}
		wall = next
		for _, at := range s.instants(next) {
			if at.After(t) && (best.IsZero() || at.Before(best)) {
				best = at
			}
		}
		if !best.IsZero() && wall.Sub(wallClock(best)) > 2*time.Hour {
			return best
		}
		if !best.IsZero() && !s.wildHour() {
			return best
		}
	}
	return best
}

// nextEvery is the first due time of an interval after t. Due times begin anew at each local midnight, so that a restart does
// not shift them. What is due at least hourly counts the time that passes, also in an hour that comes twice; a longer
// interval counts on the wall clock, so that every = "6h" falls on 00, 06, 12 and 18 o'clock also on the days when the clocks
// change; an interval of days counts from the epoch's first day.
func (s *Schedule) nextEvery(t time.Time) time.Time {
	wall := wallClock(t)
	midnight := time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
	if s.Every >= wholeDay {
		days := int64(s.Every / wholeDay)
		number := midnight.Unix() / int64(wholeDay/time.Second)
		return s.instant(midnight.AddDate(0, 0, int(days-number%days)))
	}
	tomorrow := s.instant(midnight.AddDate(0, 0, 1))
	if s.Every <= time.Hour {
		first := s.instant(midnight)
		return earliest(first.Add((t.Sub(first)/s.Every+1)*s.Every), tomorrow)
	}
	for at := s.Every; at < wholeDay; at += s.Every {
		if next := s.instant(midnight.Add(at)); next.After(t) {
			return next
		}
	}
	return tomorrow
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

const wholeDay = 24 * time.Hour

// wallClock is what a clock on the wall shows, as a time without zone.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func (s *Schedule) wildHour() bool {
	f := strings.Fields(s.Cron)
	return len(f) == 5 && strings.HasPrefix(f[1], "*")
}

// instants are the moments at which something falls due that is due when the wall clock shows w: two in a doubled hour and
// none inside a gap for an expression whose hour is a wildcard, else one.
func (s *Schedule) instants(w time.Time) []time.Time {
	if s.wildHour() {
		return s.showing(w)
	}
	return []time.Time{s.instant(w)}
}

// instant is the first moment at which the wall clock shows w or, where it jumps over w, the first one after the jump.
func (s *Schedule) instant(w time.Time) time.Time {
	if shown := s.showing(w); len(shown) > 0 {
		return shown[0]
	}
	guess := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), 0, 0, s.Location)
	for at := guess.Add(-2 * time.Hour); ; at = at.Add(time.Minute) {
		if wallClock(at).After(w) {
			return at
		}
	}
}

// showing are the moments at which the wall clock shows w: one, none inside a gap, two in a doubled hour.
func (s *Schedule) showing(w time.Time) []time.Time {
	guess := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, s.Location)
	var out []time.Time
	for _, d := range []time.Duration{-time.Hour, -30 * time.Minute, 0, 30 * time.Minute, time.Hour} {
		at := guess.Add(d)
		if wallClock(at).Equal(w) {
			out = append(out, at)
		}
	}
	return out
}

// Between lists the times after from, up to and including to, at most limit: the newest. It looks back in growing steps,
// so that a schedule that falls due every minute is not followed through a whole year.
func (s *Schedule) Between(from, to time.Time, limit int) []time.Time {
	for back := time.Hour; ; back *= 4 {
		start := to.Add(-back)
		if !start.After(from) {
			return s.between(from, to, limit)
		}
		if out := s.between(start, to, limit); len(out) == limit {
			return out
		}
	}
}

func (s *Schedule) between(from, to time.Time, limit int) []time.Time {
	var out []time.Time
	if s.Every > 0 {
		for at := s.Next(from); !at.After(to); at = s.Next(at) {
			out = append(out, at)
		}
		return out[max(0, len(out)-limit):]
	}
	// The wall clock is followed once, with room on both sides for what a change of the clocks moves.
	wall, end := wallClock(from.In(s.Location)).Add(-2*time.Hour), wallClock(to.In(s.Location)).Add(2*time.Hour)
	for {
		next, err := gronx.NextTickAfter(s.Cron, wall, false)
		if err != nil || next.IsZero() || next.After(end) {
			break
		}
		wall = next
		for _, at := range s.instants(next) {
			if at.After(from) && !at.After(to) {
				out = append(out, at)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	out = slices.CompactFunc(out, time.Time.Equal)
	return out[max(0, len(out)-limit):]
}

// slotName prints a slot as it appears in an address: local time to the minute (to the second where it has one), with the
// offset where the hour is doubled that day.
func slotName(t time.Time) string {
	layout := "2006-01-02T15:04"
	if t.Second() != 0 {
		layout = "2006-01-02T15:04:05"
	}
	name := t.Format(layout)
	for _, d := range []time.Duration{-time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour} {
		if wallClock(t.Add(d)).Equal(wallClock(t)) {
			return t.Format(layout + "-07:00")
		}
	}
	return name
}
