package hcl

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/afero"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// functions is every function, with secret(…) as given: a marked unknown while loading, the value while revealing.
func (l *loader) functions(secret func(source string) (cty.Value, error)) map[string]function.Function {
	f := maps.Clone(pureFunctions)
	f["env"] = l.envFunc()
	f["secret"] = secretFunc(secret)
	f["file"] = l.fileFunc()
	f["fileexists"] = l.fileExistsFunc()
	f["timestamp"] = l.timestampFunc()
	f["timeadd"] = l.timeAddFunc()
	f["timecmp"] = timeCompareFunc
	f["month_start"] = l.monthFunc(0)
	f["month_end"] = l.monthFunc(1)
	inner := maps.Clone(f) // a template cannot call templatefile, so it cannot include itself
	f["templatefile"] = l.templateFunc(inner)
	return f
}

// markedSecret is secret(…) while loading.
func markedSecret(source string) (cty.Value, error) {
	return cty.UnknownVal(cty.String).RefineNotNull().Mark(secretMark{source}), nil
}

func secretFunc(read func(string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("source", cty.String)}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			source := args[0].AsString()
			kind, what, found := strings.Cut(source, ":")
			if !found || what == "" || kind != "env" && kind != "file" && kind != "cmd" {
				return cty.NilVal, function.NewArgErrorf(0, "a secret's source is \"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"")
			}
			return read(source)
		},
	})
}

func (l *loader) envFunc() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{param("name", cty.String)},
		VarParam: &function.Parameter{Name: "default", Type: cty.String, AllowNull: true},
		Type: func(args []cty.Value) (cty.Type, error) {
			if len(args) > 2 {
				return cty.NilType, fmt.Errorf("env takes a name and at most one default")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			if v, ok := l.lookupEnv(name); ok {
				return cty.StringVal(v), nil
			}
			switch {
			case len(args) == 2:
				return args[1], nil
			case l.req.Validate:
				l.partial = true
				return cty.UnknownVal(cty.String), nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set; set it, or give a default: env(%q, \"…\")", name, name)
		},
	})
}

// lookupEnv finds a variable in the environment that was handed over; the last of several counts.
func (l *loader) lookupEnv(name string) (string, bool) {
	v, ok := l.environ[envName(name)]
	return v, ok
}

func environment(list []string) map[string]string {
	out := make(map[string]string, len(list))
	for _, e := range list {
		if k, v, ok := strings.Cut(e, "="); ok {
			out[envName(k)] = v
		}
	}
	return out
}

func envName(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

func (l *loader) readText(p string) (string, error) {
	b, err := afero.ReadFile(l.req.Fs, l.absolute(p))
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %s", filepath.ToSlash(p), strings.TrimSuffix(readError(err), "."))
	}
	if !utf8.Valid(b) {
		return "", fmt.Errorf("%s is not UTF-8 text", filepath.ToSlash(p))
	}
	return string(b), nil
}

func (l *loader) fileFunc() function.Function { return mapText(l.readText) }

func (l *loader) fileExistsFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("path", cty.String)}, Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			info, err := l.req.Fs.Stat(l.absolute(args[0].AsString()))
			return cty.BoolVal(err == nil && info.Mode().IsRegular()), nil
		},
	})
}

func (l *loader) templateFunc(functions map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("path", cty.String), param("vars", cty.DynamicPseudoType)},
		Type: func(args []cty.Value) (cty.Type, error) {
			if ty := args[1].Type(); !ty.IsObjectType() && !ty.IsMapType() && ty != cty.DynamicPseudoType {
				return cty.NilType, function.NewArgErrorf(1, "the template's variables are a map or an object")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := l.readText(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			expr, diags := hclsyntax.ParseTemplate([]byte(text), args[0].AsString(), hcl.InitialPos)
			if diags.HasErrors() {
				return cty.NilVal, diags
			}
			v, diags := expr.Value(&hcl.EvalContext{Variables: args[1].AsValueMap(), Functions: functions})
			if diags.HasErrors() {
				return cty.NilVal, diags
			}
			if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
				return v, nil
			}
			return cty.NilVal, fmt.Errorf("%s gives no text", args[0].AsString())
		},
	})
}

// timestampFunc is now, in the configured zone. Its value is marked, so that a definition keeps the expression.
func (l *loader) timestampFunc() function.Function {
	return function.New(&function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			return cty.StringVal(l.clock().In(l.zone).Format(time.RFC3339)).Mark(markVolatile), nil
		},
	})
}

// parseTime reads an RFC 3339 text. A time whose offset is that of the configured zone is taken to be in it, so that
// what is computed from it follows daylight saving.
func (l *loader) parseTime(arg int, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, function.NewArgErrorf(arg, "%q is not a time like 2026-01-31T06:00:00+01:00", s)
	}
	_, offset := t.Zone()
	if local := t.In(l.zone); sameOffset(local, offset) {
		return local, nil
	}
	return t, nil
}

func sameOffset(t time.Time, offset int) bool {
	_, o := t.Zone()
	return o == offset
}

// timeAddFunc adds an exact duration: "24h" and "1d" are 24 hours of real time; a leading minus goes back.
func (l *loader) timeAddFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("timestamp", cty.String), param("duration", cty.String)},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			t, err := l.parseTime(0, args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			d, err := signedDuration(args[1].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			return cty.StringVal(t.Add(d).Format(time.RFC3339)), nil
		},
	})
}

func signedDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	rest, negative := strings.CutPrefix(s, "-")
	d, err := parseDuration(rest)
	if negative {
		d = -d
	}
	return d, err
}

// monthFunc is month_start (0) and month_end (1): midnight at the beginning of the first, or of the last day, of the
// month that is n months away, in the time's own zone.
func (l *loader) monthFunc(end int) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{param("time", cty.String)},
		VarParam: &function.Parameter{Name: "n", Type: cty.Number},
		Type: func(args []cty.Value) (cty.Type, error) {
			if len(args) > 2 {
				return cty.NilType, fmt.Errorf("a time and at most one number of months are taken")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			t, err := l.parseTime(0, args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			n := int64(0)
			if len(args) == 2 {
				accuracy := 0
				f := args[1].AsBigFloat()
				whole, acc := f.Int64()
				if n, accuracy = whole, int(acc); accuracy != 0 || n < -12000 || n > 12000 {
					return cty.NilVal, function.NewArgErrorf(1, "a whole number of months is needed")
				}
			}
			day := time.Date(t.Year(), t.Month()+time.Month(int(n)+end), 1-end, 0, 0, 0, 0, t.Location())
			return cty.StringVal(day.Format(time.RFC3339)), nil
		},
	})
}

var timeCompareFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("a", cty.String), param("b", cty.String)}, Type: function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var at [2]time.Time
		for i := range at {
			t, err := time.Parse(time.RFC3339, args[i].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(i, "%q is not a time like 2026-01-31T06:00:00+01:00", args[i].AsString())
			}
			at[i] = t
		}
		return cty.NumberIntVal(int64(at[0].Compare(at[1]))), nil
	},
})
