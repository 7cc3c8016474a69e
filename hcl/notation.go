package hcl

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/dustin/go-humanize"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

var (
	durationPart = regexp.MustCompile(`^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)`)
	emailForm    = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>".]+(?:\.[^\s@<>".]+)*$`)
	guidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

var durationUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// parseDuration reads "2s", "15m", "1h30m" or "90d"; a day is 24 hours. The error is a sentence for the user.
func parseDuration(s string) (time.Duration, error) {
	total, rest := 0.0, s
	for rest != "" {
		m := durationPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, fmt.Errorf("%q is not written like \"2s\", \"15m\", \"1h30m\" or \"90d\" (units: ms, s, m, h, d, w)", s)
		}
		number, _ := strconv.ParseFloat(m[1], 64)
		total += number * float64(durationUnits[m[2]])
		rest = rest[len(m[0]):]
	}
	if total <= 0 || total > math.MaxInt64 {
		return 0, fmt.Errorf("%q is out of range; a duration is more than zero", s)
	}
	return time.Duration(total), nil
}

// amount reads a size (30MB, or a number of bytes) or what to keep (a number of files, or a duration).
func (in *instance) amount(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	if v.Type() == cty.Number {
		n, accuracy := v.AsBigFloat().Int64()
		if accuracy != 0 || n < 0 || n == 0 && a.kind == kindKeep {
			in.wrong(expr, "invalid_value", fmt.Sprintf("%s cannot be %s", a.name, numberText(v.AsBigFloat())), "It takes a whole number that is not negative; keep at least 1.")
			return nil, false
		}
		if a.kind == kindKeep {
			return engine.Keep{Count: int(n)}, true
		}
		return n, true
	}
	s, ok := in.textOf(a, v, expr)
	if !ok {
		return nil, false
	}
	if a.kind == kindKeep {
		age, err := parseDuration(s)
		if err != nil {
			in.wrong(expr, "invalid_duration", "keep is neither a number nor a duration", sentence(err.Error()))
			return nil, false
		}
		return engine.Keep{Age: age}, true
	}
	size, err := humanize.ParseBytes(s)
	if err != nil || size > math.MaxInt64 {
		in.wrong(expr, "invalid_size", a.name+" is not a size", fmt.Sprintf("%q is not written like \"30MB\" (1,000,000 bytes a MB) or \"30MiB\".", s))
		return nil, false
	}
	return int64(size), true
}

// share reads a percentage as a fraction.
func (in *instance) share(a *attribute, s string, expr hcl.Expression) (any, bool) {
	number, found := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || !(f >= 0 && f <= 100) {
		in.wrong(expr, "invalid_value", a.name+" is not a percentage", fmt.Sprintf("%q is not written like \"30%%\", from 0%% to 100%%.", s))
		return nil, false
	}
	return f / 100, true
}

// oneByte reads a single ASCII character; an empty text is 0, for none.
func (in *instance) oneByte(a *attribute, s string, expr hcl.Expression) (any, bool) {
	canBeNone := a.name == "quote" || a.name == "group"
	if len(s) == 1 && s[0] < 0x80 && s[0] != '\n' && s[0] != '\r' {
		return s[0], true
	}
	if s == "" && canBeNone {
		return byte(0), true
	}
	in.wrong(expr, "invalid_value", a.name+" is one character", fmt.Sprintf("%q is not a single ASCII character such as \";\" or \"\\t\".", s))
	return nil, false
}

func (in *instance) checkGlob(name, glob string, expr hcl.Expression) bool {
	switch {
	case !doublestar.ValidatePattern(glob) || glob == "":
		in.wrong(expr, "invalid_pattern", fmt.Sprintf("%s holds a pattern that cannot be read", name),
			fmt.Sprintf("%q is not a glob: * is any run of characters, ? one, [abc] a choice, {a,b} alternatives, and each bracket is closed.", glob))
	case strings.ContainsAny(glob, `/\`):
		in.wrong(expr, "invalid_pattern", fmt.Sprintf("%s holds a pattern with a folder", name),
			fmt.Sprintf("%q is compared with base names, which have no slash. The folder is set by the attribute folder; its sub-folders are not read.", glob))
	default:
		return true
	}
	return false
}

// wireText reads GUIDs, URLs, proxies and cron expressions.
func (in *instance) wireText(a *attribute, s string, expr hcl.Expression) (any, bool) {
	fail := func(code, summary, detail string) (any, bool) {
		in.wrong(expr, code, summary, detail)
		return nil, false
	}
	switch a.kind {
	case kindGUID:
		switch {
		case !guidForm.MatchString(s):
			return fail("invalid_guid", a.name+" is not a GUID", fmt.Sprintf("%q does not have 32 hexadecimal digits with four hyphens, as in \"1b671a64-40d5-491e-99b0-da01ff1f3341\".", s))
		case strings.Trim(s, "0-") == "":
			return fail("sample_value", a.name+" is the nil GUID", "The nil GUID is the placeholder of the vendor's sample. Put in the id that perbit gave you.")
		}
	case kindCron:
		if problem := cronProblem(s); problem != "" {
			return fail("invalid_cron", a.name+" is not a cron expression", problem)
		}
		if day := strings.Fields(s)[2]; day != "*" && (&engine.Schedule{Cron: s, Location: time.UTC}).Next(in.now).IsZero() {
			return fail("invalid_cron", a.name+" never falls due", fmt.Sprintf("%q names a day that never comes, such as 30 February, so the export would never run.", s))
		}
	case kindEmail:
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == ',' }) {
			if !emailForm.MatchString(strings.TrimSpace(part)) {
				return fail("invalid_value", a.name+" is not an e-mail address", fmt.Sprintf("%q is not written like \"personal@example.com\".", strings.TrimSpace(part)))
			}
		}
	case kindURL, kindProxy:
		return in.webAddress(a, s, expr)
	}
	return s, true
}

// cronProblem is a sentence about what is wrong with a cron expression, empty where nothing is.
func cronProblem(s string) string {
	if n := len(strings.Fields(s)); n != 5 {
		return fmt.Sprintf("%q has %s, not five: minute, hour, day of month, month, day of week, as in \"30 5 * * MON-FRI\".", s, counted(n, "field"))
	}
	if (&engine.Schedule{Cron: s}).Check() != nil {
		return fmt.Sprintf("%q does not hold valid values for minute, hour, day of month, month, day of week, as in \"30 5 * * MON-FRI\".", s)
	}
	return ""
}

func (in *instance) webAddress(a *attribute, s string, expr hcl.Expression) (any, bool) {
	schemes := []string{"http", "https"}
	if a.kind == kindProxy {
		schemes = append(schemes, "socks5")
	}
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		in.hide(expr.Range())
		in.wrong(expr, "credentials_in_url", a.name+" contains credentials",
			"A user name or password in an address ends up in logs. Take it out of the address; a connection has username and password for it.")
		return nil, false
	}
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		in.wrong(expr, "invalid_url", a.name+" is not an address", fmt.Sprintf("%q is not written like \"https://host/path\" (%s, a host, no query).", s, oneOfText(schemes)))
		return nil, false
	}
	if a.kind == kindURL && u.Scheme == "http" && !loopback(u.Hostname()) {
		in.warn(expr, "plain_http", "Credentials would travel unencrypted",
			fmt.Sprintf("%s is reached over plain http, so whoever sits between reads user name and password. Use https.", u.Hostname()))
	}
	return s, true
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
