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
		return nextEvery(t, s.Every)
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

// nextEvery counts from local midnight on the wall clock, so that every = "6h" falls on 00, 06, 12 and 18 o'clock also on
// the days when the clocks change, and a restart does not shift it; an interval of days counts from the epoch's first day.
func nextEvery(t time.Time, every time.Duration) time.Time {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	if every >= wholeDay {
		days := int64(every / wholeDay)
		number := wallClock(day).Unix() / 86400
		return day.AddDate(0, 0, int(days-number%days))
	}
	for steps := wallClock(t).Sub(wallClock(day)) / every; ; steps++ {
		at := steps * every
		if at >= wholeDay {
			return day.AddDate(0, 0, 1)
		}
		// A wall time that the clock jumps over is taken as Go takes it: by the offset before the jump.
		next := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, int(at/time.Second), int(at%time.Second), t.Location())
		if next.After(t) {
			return next
		}
	}
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

// instants are the moments at which the wall clock shows w: one, none inside a gap, two in a doubled hour.
func (s *Schedule) instants(w time.Time) []time.Time {
	guess := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, s.Location)
	var out []time.Time
	for _, d := range []time.Duration{-time.Hour, -30 * time.Minute, 0, 30 * time.Minute, time.Hour} {
		at := guess.Add(d)
		if wallClock(at).Equal(w) {
			out = append(out, at)
		}
	}
	switch {
	case len(out) == 0 && s.wildHour():
		return nil
	case len(out) == 0: // inside a gap: the first moment whose wall clock is past it
		for at := guess.Add(-2 * time.Hour); ; at = at.Add(time.Minute) {
			if wallClock(at).After(w) {
				return []time.Time{at}
			}
		}
	case s.wildHour():
		return out
	default:
		return out[:1]
	}
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
