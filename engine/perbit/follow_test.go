package perbit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/perbit"
)

func TestFollow(t *testing.T) {
	busy := &perbit.Error{Action: "GetProgress", Class: perbit.ClassTransient, RetryAfter: 30 * time.Second}
	gone := &perbit.Error{Action: "GetProgress", Class: perbit.ClassNotFound}
	down := &perbit.Error{Action: "GetProgress", Class: perbit.ClassTransient, Status: 503}
	const ms = time.Millisecond
	type poll struct {
		p   perbit.Progress
		err error
	}
	run := poll{p: perbit.Progress{Value: "5"}}
	tests := map[string]struct {
		pace  perbit.Pace
		polls []poll          // the last repeats
		at    []time.Duration // when it is asked; a retry may come a fifth later
		want  perbit.Progress
		err   error
	}{
		"at once":               {polls: []poll{{p: perbit.Progress{Completed: true}}}, at: []time.Duration{0}, want: perbit.Progress{Completed: true}},
		"doubling":              {polls: []poll{run, run, run, run, run, run, run, {p: perbit.Progress{Completed: true}}}, at: []time.Duration{0, 100 * ms, 300 * ms, 700 * ms, 1500 * ms, 3100 * ms, 5100 * ms, 7100 * ms}, want: perbit.Progress{Completed: true}},
		"own pace":              {pace: perbit.Pace{First: time.Second, Longest: ms}, polls: []poll{run, run, {p: perbit.Progress{Completed: true}}}, at: []time.Duration{0, time.Second, 2 * time.Second}, want: perbit.Progress{Completed: true}},
		"faulted only":          {polls: []poll{run, {p: perbit.Progress{Faulted: true}}}, at: []time.Duration{0, 100 * ms}, want: perbit.Progress{Faulted: true}},
		"cancelled only":        {polls: []poll{{p: perbit.Progress{Canceled: true}}}, at: []time.Duration{0}, want: perbit.Progress{Canceled: true}},
		"error for good":        {polls: []poll{run, {err: gone}}, at: []time.Duration{0, 100 * ms}, want: run.p, err: gone},
		"foreign error":         {polls: []poll{{err: io.ErrNoProgress}}, at: []time.Duration{0}, err: io.ErrNoProgress},
		"busy, with a wish":     {polls: []poll{{err: busy}, {p: perbit.Progress{Completed: true}}}, at: []time.Duration{0, 30 * time.Second}, want: perbit.Progress{Completed: true}},
		"given up":              {pace: perbit.Pace{Retry: perbit.Retry{Attempts: 3, First: time.Second, Longest: 10 * time.Second}}, polls: []poll{run, {err: down}}, at: []time.Duration{0, 100 * ms, 1100 * ms, 3100 * ms}, want: run.p, err: down},
		"an answer between":     {pace: perbit.Pace{Retry: perbit.Retry{Attempts: 2, First: time.Second, Longest: time.Second}}, polls: []poll{{err: down}, run, {err: down}, {p: perbit.Progress{Completed: true}}}, at: []time.Duration{0, time.Second, 1200 * ms, 2200 * ms}, want: perbit.Progress{Completed: true}},
		"stuck until max_wait":  {pace: perbit.Pace{First: 40 * time.Second, Longest: 40 * time.Second}, polls: []poll{run}, at: []time.Duration{0, 40 * time.Second}, want: run.p, err: context.DeadlineExceeded},
		"broken until max_wait": {pace: perbit.Pace{First: 40 * time.Second}, polls: []poll{{err: busy}}, at: []time.Duration{0, 40 * time.Second}, err: context.DeadlineExceeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var at []time.Duration
				seen := 0
				got, err := perbit.Follow(ctx, func(context.Context) (perbit.Progress, error) {
					n := min(len(at), len(test.polls)-1)
					at = append(at, time.Since(begin))
					return test.polls[n].p, test.polls[n].err
				}, test.pace, func(perbit.Progress) { seen++ })
				if !errors.Is(err, test.err) || err != nil && test.err == nil {
					t.Errorf("error %v", err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				if len(at) != len(test.at) {
					t.Fatalf("asked at %v", at)
				}
				for i := range at {
					if late := at[i] - test.at[i]; late < 0 || late > test.at[i]/5 {
						t.Errorf("asked at %v, want %v", at, test.at)
					}
				}
				if failed := test.polls[0].err != nil; !failed && seen == 0 {
					t.Error("nothing was shown")
				}
			})
		})
	}
}

func TestProgressIsReadLeniently(t *testing.T) {
	type want struct {
		p       perbit.Progress
		percent float64
		ok      bool
	}
	done := perbit.Progress{Completed: true}
	with := func(p perbit.Progress, value string) perbit.Progress { p.Value = value; return p }
	tests := map[string]*want{
		`{"isCompleted":true,"isFaulted":false,"isCanceled":false,"progressMessage":"m","progressValue":"33,5"}`: {perbit.Progress{Completed: true, Message: "m", Value: "33,5"}, 33.5, true},
		"\ufeff" + `{"IsCompleted":true,"ProgressValue":33.5}`:                                                   {with(done, "33.5"), 33.5, true},
		`{"IsCompleted":"True","IsFaulted":0,"ProgressValue":" 40 %"}`:                                           {with(done, " 40 %"), 40, true},
		`{"IsCompleted":1,"ProgressValue":null,"ProgressMessage":null}`:                                          {done, 0, false},
		`{"IsFaulted":true,"ProgressMessage":"Methode ist nicht vorhanden."}`:                                    {perbit.Progress{Faulted: true, Message: "Methode ist nicht vorhanden."}, 0, false},
		`{"IsCanceled":true,"ProgressValue":"viel"}`:                                                             {perbit.Progress{Canceled: true, Value: "viel"}, 0, false},
		`{"IsCompleted":false,"ProgressValue":"101"}`:                                                            {perbit.Progress{Value: "101"}, 101, false},
		`{"IsCompleted":true,"IsFaulted":true,"IsCanceled":false,"More":{"a":1}}`:                                {perbit.Progress{Completed: true, Faulted: true}, 0, false},
		`{}`:        nil,
		`{"Is`:      nil,
		`true`:      nil,
		`[]`:        nil,
		"<html>":    nil,
		"":          nil,
		`{"x": "y"`: nil,
	}
	for reply, want := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, reply) }))
		got, err := client(t, server.URL).ExportProgress(t.Context(), sid, eid)
		server.Close()
		if want == nil {
			if err == nil {
				t.Errorf("%s: %+v", reply, got)
			}
			continue
		}
		if percent, ok := got.Percent(); err != nil || got != want.p || ok != want.ok || ok && percent != want.percent {
			t.Errorf("%s: %+v, %v, %v, %v", reply, got, percent, ok, err)
		}
	}
}
