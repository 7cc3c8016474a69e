package command

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"dropform/engine"
	"dropform/engine/diag"
)

// varFlag collects -var and -var-file into one list, because their order on the command line decides.
type varFlag struct {
	list *[]VarFlag
	file bool
}

func (v varFlag) String() string { return "" }

func (v varFlag) Set(text string) error {
	*v.list = append(*v.list, VarFlag{File: v.file, Text: text})
	return nil
}

func (v varFlag) Type() string { return "text" }

func addVarFlags(flags *pflag.FlagSet, vars *[]VarFlag) {
	flags.Var(varFlag{vars, false}, "var", "set a variable, `NAME=VALUE`; may stand more than once, the last one counts")
	flags.Var(varFlag{vars, true}, "var-file", "read variables from `FILE`; counts in its place among -var")
}

// planOptions are the flags that plan and apply share.
type planOptions struct {
	vars     []VarFlag
	targets  []string
	excludes []string
	replace  []string
	asOf     string
	detailed bool
	json     bool
	full     bool
	refresh  bool
	out      string
}

func addPlanFlags(flags *pflag.FlagSet, o *planOptions) {
	addVarFlags(flags, &o.vars)
	flags.StringArrayVar(&o.targets, "target", nil, "plan only `ADDRESS` and what it depends on; * is any run of characters; repeatable")
	flags.StringArrayVar(&o.excludes, "exclude", nil, "leave `ADDRESS` out; repeatable")
	flags.StringArrayVar(&o.replace, "replace", nil, "run the export `ADDRESS` now, or send the file again though it is done; repeatable")
	flags.StringVar(&o.asOf, "as-of", "", "plan exports as if it were `TIME`, for example 2026-02-01T05:30")
	flags.BoolVar(&o.detailed, "detailed-exitcode", false, "say more with the exit code")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	flags.BoolVar(&o.refresh, "refresh", true, "read the prices of orders; apply always does before it places one")
	flags.BoolVar(&o.full, "full", false, "fold no list")
}

func (o planOptions) engine(observe time.Duration, in *time.Location) (engine.PlanOptions, error) {
	out := engine.PlanOptions{Targets: o.targets, Excludes: o.excludes, Replace: o.replace, Observe: observe}
	if o.asOf == "" {
		return out, nil
	}
	at, err := parseTime(o.asOf, in)
	out.AsOf = at
	return out, err
}

// parseTime reads a moment as people write it. Without an offset it is a time in the configuration's zone.
func parseTime(text string, in *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} { // the latter is a slot's name in an hour that comes twice
		if t, err := time.Parse(layout, text); err == nil {
			return t.In(in), nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, in); err == nil {
			return t, nil
		}
	}
	return time.Time{}, diag.Diagnostic{Code: "invalid_time", Summary: "Invalid time", Detail: fmt.Sprintf("-as-of=%s is not a time; write 2026-02-01T05:30 or 2026-02-01.", text)}
}
