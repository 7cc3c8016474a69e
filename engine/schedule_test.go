package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine"
	"dropform/engine/sandbox"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestNext: the clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
func TestNext(t *testing.T) {
	const form = "2006-01-02T15:04-07:00"
	loc := berlin(t)
	for _, c := range []struct {
		cron, from string
		want       []string
	}{
		{"30 2 * * *", "2026-03-28T03:00+01:00", []string{"2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"}},
		{"0,30 2 * * *", "2026-03-28T03:00+01:00", []string{"2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"}},
		{"30 2 * * *", "2026-10-24T03:00+02:00", []string{"2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"}},
		{"30 2 * * *", "2026-10-25T02:45+02:00", []string{"2026-10-26T02:30+01:00"}},
		{"30 2 * * *", "2026-10-25T02:15+01:00", []string{"2026-10-26T02:30+01:00"}},
		{"0 3 * * *", "2026-10-25T02:30+02:00", []string{"2026-10-25T03:00+01:00"}},
		{"0 0 * * *", "2026-10-24T12:00+02:00", []string{"2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"}},
		{"30 * * * *", "2026-03-29T01:00+01:00", []string{"2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"}},
		{"30 * * * *", "2026-10-25T01:45+02:00", []string{"2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"}},
		{"*/20 * * * *", "2026-10-25T02:40+02:00", []string{"2026-10-25T02:00+01:00", "2026-10-25T02:20+01:00", "2026-10-25T02:40+01:00", "2026-10-25T03:00+01:00"}},
		{"*/20 */2 * * *", "2026-03-29T00:40+01:00", []string{"2026-03-29T04:00+02:00"}},
		{"0 6 L * *", "2026-02-01T00:00+01:00", []string{"2026-02-28T06:00+01:00", "2026-03-31T06:00+02:00"}},
		{"0 6 29 2 *", "2026-01-01T00:00+01:00", []string{"2028-02-29T06:00+01:00", "2032-02-29T06:00+01:00"}},
		{"0 6 31 * *", "2026-01-31T06:00+01:00", []string{"2026-03-31T06:00+02:00", "2026-05-31T06:00+02:00"}},
		{"30 5 * * MON-FRI", "2026-11-20T05:30+01:00", []string{"2026-11-23T05:30+01:00"}},
		{"30 5 * JAN,jul mon", "2026-11-20T05:30+01:00", []string{"2027-01-04T05:30+01:00"}},
		{"5-59/25 9-17/4 * * *", "2026-11-20T00:00+01:00", []string{"2026-11-20T09:05+01:00", "2026-11-20T09:30+01:00", "2026-11-20T09:55+01:00", "2026-11-20T13:05+01:00"}},
		{"0 0 30 2 *", "2026-01-01T00:00+01:00", []string{"0001-01-01T00:00+00:00"}},
	} {
		s := engine.Schedule{Cron: c.cron, Location: loc}
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", c.cron, err)
			continue
		}
		at, err := time.Parse(form, c.from)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			at = s.Next(at)
			if got := at.Format(form); got != want {
				t.Errorf("%s after %s: %s, want %s", c.cron, c.from, got, want)
				break
			}
		}
	}
}

func TestNextEvery(t *testing.T) {
	const form = "2006-01-02T15:04"
	loc := berlin(t)
	for _, c := range []struct {
		every time.Duration
		from  string
		want  []string
	}{
		{6 * time.Hour, "2026-11-20T05:59", []string{"2026-11-20T06:00", "2026-11-20T12:00", "2026-11-20T18:00", "2026-11-21T00:00"}},
		{5 * time.Hour, "2026-11-20T19:00", []string{"2026-11-20T20:00", "2026-11-21T00:00"}},
		{15 * time.Minute, "2026-11-20T05:59", []string{"2026-11-20T06:00", "2026-11-20T06:15"}},
		{24 * time.Hour, "2026-10-24T05:00", []string{"2026-10-25T00:00", "2026-10-26T00:00", "2026-10-27T00:00"}},
	} {
		s := engine.Schedule{Every: c.every, Location: loc}
		at, err := time.ParseInLocation(form, c.from, loc)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if at = s.Next(at); at.Format(form) != want {
				t.Errorf("every %s after %s: %s, want %s", c.every, c.from, at.Format(form), want)
				break
			}
		}
	}
}

func TestScheduleCheck(t *testing.T) {
	for _, bad := range []string{"", "* * * *", "* * * * * *", "@daily", "61 * * * *", "0 0 * * FOO", "0 25 * * *"} {
		if err := (&engine.Schedule{Cron: bad}).Check(); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestBetween(t *testing.T) {
	loc := berlin(t)
	s := engine.Schedule{Cron: "30 5 * * *", Location: loc}
	from := time.Date(2026, 11, 1, 5, 30, 0, 0, loc)
	all := s.Between(from, from.AddDate(0, 0, 10), 100)
	if len(all) != 10 || all[0].Day() != 2 || !all[9].Equal(from.AddDate(0, 0, 10)) {
		t.Errorf("%v", all)
	}
	if newest := s.Between(from, from.AddDate(0, 0, 10), 3); len(newest) != 3 || newest[0].Day() != 9 {
		t.Errorf("bounded: %v", newest)
	}
}

// TestBetweenIsQuick: a plan after a long pause must not take seconds for each frequent schedule.
func TestBetweenIsQuick(t *testing.T) {
	s := engine.Schedule{Cron: "* * * * *", Location: berlin(t)}
	to := time.Date(2026, 11, 20, 0, 0, 0, 0, s.Location)
	began := time.Now()
	slots := s.Between(to.AddDate(-1, 0, 0), to, 500)
	if took := time.Since(began); took > 2*time.Second || len(slots) != 500 || !slots[499].Equal(to) {
		t.Errorf("%s for %d slots", took, len(slots))
	}
}

// evening is a zone in which it is between six and seven in the evening while the tests run: what they schedule before
// noon is long past or far away, at whatever time of the day they run.
var evening = func() *time.Location {
	ahead := (18-time.Now().UTC().Hour()+11)%24 - 11 // hours, -11 to 12
	loc, err := time.LoadLocation(fmt.Sprintf("Etc/GMT%+d", -ahead))
	if err != nil {
		panic(err)
	}
	return loc
}()

func scheduled(lines ...string) string {
	return fmt.Sprintf("dropform {\n  timezone = %q\n}\n", evening) + head + with(payroll, "schedule {\n    "+strings.Join(lines, "\n    ")+"\n  }")
}

// days is a rig whose schedule was applied today and whose clock then stands n days later at noon.
func days(t *testing.T, n int, lines ...string) (*rig, *engine.Config, *time.Time) {
	r := newRig(t)
	cfg := r.load(scheduled(lines...))
	r.apply(cfg, engine.PlanOptions{})
	today := time.Now().In(evening)
	at := time.Date(today.Year(), today.Month(), today.Day()+n, 12, 0, 0, 0, today.Location())
	r.now = func() time.Time { return at }
	return r, cfg, &at
}

func reasons(p *engine.Plan) []string {
	var out []string
	for _, a := range p.Actions {
		out = append(out, a.Reason)
	}
	return out
}

func TestMissed(t *testing.T) {
	t.Parallel()
	all := []string{"missed(1)", "missed(1)", "missed(1)", "due"}
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"once":            {[]string{`cron = "0 11 * * *"`}, []string{"missed(4)"}},
		"skip":            {[]string{`cron = "0 11 * * *"`, `missed = "skip"`}, nil},
		"skip, just due":  {[]string{`cron = "55 11 * * *"`, `missed = "skip"`}, []string{"due"}},
		"all":             {[]string{`cron = "0 11 * * *"`, `missed = "all"`}, all},
		"window too late": {[]string{`cron = "0 11 * * *"`, `window = "30m"`}, nil},
		"window":          {[]string{`cron = "0 11 * * *"`, `window = "2h"`}, []string{"due"}},
		"window and all":  {[]string{`cron = "0 11 * * *"`, `window = "26h"`, `missed = "all"`}, []string{"missed(1)", "due"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, cfg, at := days(t, 4, c.lines...)
			p := r.plan(cfg, engine.PlanOptions{})
			if got := reasons(p); !slices.Equal(got, c.want) {
				t.Fatalf("planned: %q, want %q", got, c.want)
			}
			if left := len(p.Skipped); (left == 1) != (c.want == nil) {
				t.Errorf("left out: %+v", p.Skipped)
			}
			if len(p.Actions) == 0 {
				if s := r.status(cfg).Schedules; s[0].LastResult != "skipped" || !s[0].Last.Equal(p.Skipped[0].Slot) {
					t.Errorf("status: %+v", s)
				}
				return
			}
			if tally := r.apply(cfg, engine.PlanOptions{}); tally.Done != len(p.Actions) {
				t.Errorf("tally: %+v", tally)
			}
			if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
				t.Errorf("a slot runs twice: %v", lines(p))
			}
			*at = at.AddDate(0, 0, 1)
			if got := reasons(r.plan(cfg, engine.PlanOptions{})); strings.Contains(name, "late") != (len(got) == 0) {
				t.Errorf("the next day: %q", got)
			}
		})
	}
}

// TestSkipAndWindowWhileTheConnectionIsDown: a run that falls due while its connection is down waits for it under missed =
// "skip"; it was not missed. A window lets it pass, and status says so.
func TestSkipAndWindowWhileTheConnectionIsDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line string
		want []string
	}{
		"skip":   {`missed = "skip"`, []string{"retry", "retry"}},
		"window": {`window = "10m"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			one := scheduled(`cron = "55 11 * * *"`, c.line)
			cfg := r.load(one + strings.NewReplacer(`"payroll"`, `"second"`, `"payroll/`, `"second/`, `"lohn`, `"second`).Replace(one[strings.Index(one, "export "):]))
			r.apply(cfg, engine.PlanOptions{})
			today := time.Now().In(evening)
			at := time.Date(today.Year(), today.Month(), today.Day()+2, 12, 0, 0, 0, today.Location())
			r.now = func() time.Time { return at }
			r.inject(sandbox.Fault{Kind: sandbox.FaultCutBefore})
			r.apply(cfg, engine.PlanOptions{})
			at = at.Add(30 * time.Minute)
			p := r.plan(cfg, engine.PlanOptions{})
			if got := reasons(p); !slices.Equal(got, c.want) || len(p.Skipped) != 2-len(c.want) {
				t.Fatalf("planned: %q, left out: %+v", got, p.Skipped)
			}
			r.box.ClearFaults()
			r.apply(cfg, engine.PlanOptions{})
			if n := len(r.box.Exports()); n != len(c.want) {
				t.Errorf("%d exports", n)
			}
			at = at.AddDate(0, 0, 1)
			if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 || len(p.Skipped) != 2 {
				t.Errorf("the next day: %q, %+v", reasons(p), p.Skipped)
			}
		})
	}
}

// TestFailedSlotDoesNotHideTheNext: what failed is tried again, and what is due meanwhile runs as well.
func TestFailedSlotDoesNotHideTheNext(t *testing.T) {
	t.Parallel()
	r, cfg, at := days(t, 2, `cron = "0 11 * * *"`)
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	if tally := r.apply(cfg, engine.PlanOptions{}); tally.Failed != 1 {
		t.Fatalf("tally: %+v", tally)
	}
	*at = at.AddDate(0, 0, 1)
	today := "export.payroll[" + at.Format("2006-01-02") + "T11:00]"
	if got := lines(r.plan(cfg, engine.PlanOptions{})); !slices.ContainsFunc(got, func(l string) bool { return strings.Contains(l, today) }) {
		t.Errorf("today's run is missing: %q", got)
	}
}

// TestSlotKeepsItsName: a retry is the same slot with the same run.time, whatever zone the schedule is in.
func TestSlotKeepsItsName(t *testing.T) {
	t.Parallel()
	r, cfg, _ := days(t, 2, `cron = "0 11 * * *"`, `timezone = "Asia/Tokyo"`)
	before := r.plan(cfg, engine.PlanOptions{}).Actions[0]
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	after := r.plan(cfg, engine.PlanOptions{}).Actions
	if len(after) != 1 || after[0].Address != before.Address || after[0].Slot.String() != before.Slot.String() || after[0].Again == nil {
		t.Errorf("before %s %s, after %+v", before.Address, before.Slot, after)
	}
}

// TestRunForTheFutureSilencesNothing: -as-of names another time for one run; the schedule goes on as ever.
func TestRunForTheFutureSilencesNothing(t *testing.T) {
	t.Parallel()
	r, cfg, at := days(t, 2, `cron = "0 11 * * *"`)
	r.apply(cfg, engine.PlanOptions{})
	r.apply(cfg, engine.PlanOptions{Replace: []string{"export.payroll"}, AsOf: at.AddDate(0, 1, 0)})
	*at = at.AddDate(0, 0, 1)
	if got := reasons(r.plan(cfg, engine.PlanOptions{})); !slices.Equal(got, []string{engine.ReasonDue}) {
		t.Errorf("the next day: %q", got)
	}
}

// TestChangedScheduleWaits: the first run of a changed definition waits for its next due time.
func TestChangedScheduleWaits(t *testing.T) {
	t.Parallel()
	r, _, _ := days(t, 0, `cron = "0 11 * * *"`)
	r.now = time.Now
	cfg := r.load(scheduled(`cron = "30 11 * * *"`))
	if p := r.plan(cfg, engine.PlanOptions{}); len(p.Actions) != 0 || len(p.Definitions) != 1 {
		t.Errorf("plan: %v", lines(p))
	}
	r.apply(cfg, engine.PlanOptions{})
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("after it: %v", lines(p))
	}
}

// TestDoubledHourHasTwoSlots: slots of a doubled hour carry their offset, so that neither stands for the other.
func TestDoubledHourHasTwoSlots(t *testing.T) {
	t.Parallel()
	loc := berlin(t)
	back := time.Now().In(loc)
	for _, before := back.Zone(); ; back = back.Add(time.Hour) {
		if _, offset := back.Zone(); offset < before {
			break
		} else {
			before = offset
		}
	}
	back = back.Truncate(time.Hour) // the second 02:00
	r := newRig(t)
	cfg := r.load(strings.Replace(scheduled(`cron = "30 * * * *"`, `missed = "all"`, `window = "3h"`), evening.String(), loc.String(), 1))
	r.apply(cfg, engine.PlanOptions{})
	r.now = func() time.Time { return back.Add(45 * time.Minute) }
	day := back.Format("2006-01-02")
	var got []string
	for _, a := range r.plan(cfg, engine.PlanOptions{}).Actions {
		got = append(got, a.Address.Item)
	}
	if want := []string{day + "T01:30", day + "T02:30+02:00", day + "T02:30+01:00"}; !slices.Equal(got, want) {
		t.Errorf("slots %q, want %q", got, want)
	}
}
