package hcl_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dropform/engine"
)

// TestLateTimes goes over months' ends and daylight saving, which begins in Berlin on 2026-03-29 and ends on 2026-10-25.
func TestLateTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ expr, at, want string }{
		{`run.time`, "2026-07-01T04:00:00Z", "2026-07-01T06:00:00+02:00"},
		{`month_start(run.time)`, "2026-03-31T10:00:00Z", "2026-03-01T00:00:00+01:00"},
		{`month_start(run.time, 1)`, "2026-03-31T10:00:00Z", "2026-04-01T00:00:00+02:00"},
		{`month_start(run.time, -1)`, "2026-01-01T10:00:00Z", "2025-12-01T00:00:00+01:00"},
		{`month_end(run.time)`, "2026-10-01T10:00:00Z", "2026-10-31T00:00:00+01:00"},
		{`month_end(run.time, -1)`, "2026-03-31T10:00:00Z", "2026-02-28T00:00:00+01:00"},
		{`month_end(run.time, 1)`, "2028-01-31T10:00:00Z", "2028-02-29T00:00:00+01:00"},
		{`timeadd(run.time, "24h")`, "2026-03-28T11:00:00Z", "2026-03-29T13:00:00+02:00"},
		{`timeadd(run.time, "-1d")`, "2026-10-25T11:00:00Z", "2026-10-24T13:00:00+02:00"},
		{`timeadd("2026-01-01T00:00:00Z", "1h")`, "2026-10-25T11:00:00Z", "2026-01-01T01:00:00Z"},
		{`formatdate("DD.MM.YYYY hh:mm", run.time)`, "2026-10-25T01:30:00Z", "25.10.2026 02:30"},
		{`formatdate("YYYY-MM", month_start(run.time, -1))`, "2027-01-31T23:30:00Z", "2027-01"},
		{`"${run.id}-${formatdate("hh", run.time)}"`, "2026-01-31T23:30:00Z", "r1-00"},
	} {
		t.Run(test.expr, func(t *testing.T) {
			c := mustLoad(t, map[string]string{"main.hcl": hr + `
dropform {
  timezone = "Europe/Berlin"
}
export "e" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"
  variables  = { V = ` + test.expr + ` }
  target {
    path = "o.csv"
  }
}`})
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			for _, zone := range []*time.Location{time.UTC, berlin} {
				got, err := c.Exports[0].Variables[0].Value(engine.RunScope{Time: at.In(zone), ID: "r1"})
				if err != nil || got != test.want {
					t.Errorf("got %q, %v; want %q", got, err, test.want)
				}
			}
		})
	}
}

func TestLateErrorsNameTheirPlace(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
variable "token" {
  sensitive = true
  default   = "streng-geheim"
}
import "a" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  ready_file = regex("^([a-z]+)_", file.name)[0]
  protocol {
    path = formatdate(var.token == "x" ? "" : substr(file.name, 0, 2), file.time)
  }
}`})
	i := c.Imports[0]
	if got, err := i.ReadyFile(engine.FileScope{Name: "abc_1.csv"}); got != "abc" || err != nil {
		t.Errorf("ready file %q, %v", got, err)
	}
	if _, err := i.ReadyFile(engine.FileScope{Name: "1.csv"}); err == nil || !strings.Contains(err.Error(), "main.hcl:17") {
		t.Errorf("the error lacks its place: %v", err)
	}
	if _, err := i.Protocol.Path(engine.FileScope{Name: "QQ.csv"}); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error with a sensitive value: %v", err)
	}
}

// TestLateTextsFromManyGoroutines is for the race detector.
func TestLateTextsFromManyGoroutines(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": hr + `
locals {
  stamp = timestamp()
}
export "e" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"
  variables  = { for k in ["a"] : k => "${env("X", k)} ${timestamp()} ${month_end(run.time)} ${local.stamp}" }
  target {
    path = "${run.id}/${formatdate("YYYY", run.time)}.csv"
  }
}`})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			run := engine.RunScope{Time: noon, ID: fmt.Sprint(i)}
			if path, err := c.Exports[0].Target.Path(run); err != nil || !strings.Contains(path, run.ID) {
				t.Errorf("%q, %v", path, err)
			}
			if v, err := c.Exports[0].Variables[0].Value(run); err != nil || !strings.HasPrefix(v, "a 2026") {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	group.Wait()
}
