package hcl

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// decodeKind reads one attribute by its kind. It is false where the value is wrong (recorded) or not known yet.
func (in *instance) decodeKind(a *attribute, expr hcl.Expression) (any, bool) {
	switch a.kind {
	case kindAddress:
		return in.staticAddress(expr)
	case kindAddresses:
		return in.staticAddresses(expr)
	case kindCondition, kindMessage:
		return expr, in.checkReferences(expr, a.late)
	case kindSecret:
		return in.secret(a, expr)
	case kindConnection:
		return in.connection(expr)
	case kindTextMap:
		return in.textMap(a, expr)
	case kindTexts, kindGlobs:
		return in.texts(a, expr)
	case kindFieldText, kindFieldNumber, kindFieldBool, kindFieldObject:
		return in.callField(a, expr)
	}
	v, ok := in.evaluate(expr, a.late)
	if !ok || !in.plainValue(a.name, v, expr) {
		return nil, false
	}
	v = unmarked(v)
	if !v.IsKnown() {
		return in.unknownValue(a, v, expr)
	}
	if a.late != 0 && a.kind == kindPath {
		return in.latePath(a, v, expr)
	}
	return in.decodeKnown(a, v, expr)
}

// noSecret refuses a secret where only a secret attribute could take it.
func (in *instance) noSecret(name string, v cty.Value, expr hcl.Expression) bool {
	if !hasSecret(v) {
		return true
	}
	in.wrong(expr, "secret_not_allowed", fmt.Sprintf("A secret in %s", name),
		fmt.Sprintf("secret(…) is read only when a request needs it and would be shown here. %s takes a value that may be seen, such as env(\"NAME\").", name))
	return false
}

// plainValue refuses what no attribute but a secret one can take: a secret, and null where the whole value is due.
func (in *instance) plainValue(name string, v cty.Value, expr hcl.Expression) bool {
	if !in.noSecret(name, v, expr) {
		return false
	}
	if v.IsNull() {
		in.wrong(expr, "null_value", name+" is null", "Leave the attribute out to get its default, or give it a value.")
		return false
	}
	return true
}

// unknownValue checks what can be checked of a value that only work, a given variable or an earlier mistake decides.
func (in *instance) unknownValue(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	ty := v.Type()
	if ty == cty.DynamicPseudoType {
		return in.lateOrNothing(a, expr)
	}
	if (a.kind == kindText || a.kind == kindPath) && ty != cty.String {
		in.notText(a.name, v, expr)
		return nil, false
	}
	return in.lateOrNothing(a, expr)
}

func (in *instance) lateOrNothing(a *attribute, expr hcl.Expression) (any, bool) {
	if a.late != 0 && a.kind == kindPath && refersLate(expr) {
		return &lateText{expr: expr, in: in, scope: a.late}, true
	}
	if a.late == 0 || !refersLate(expr) {
		in.leaveOpen(expr)
	}
	return nil, false
}

// leaveOpen notes a value that nothing known decides: a variable without one under `validate`, or an earlier mistake.
func (in *instance) leaveOpen(expr hcl.Expression) {
	in.partial = true
	if in.open == nil {
		in.open = &problem{
			code: "invalid_expression", summary: "The value cannot be known", rng: expr.Range(), in: in.place, expr: expr, ctx: in.ctx,
			detail: "Something in the expression has no value before work begins, and a value is needed here.",
		}
	}
}

// wrong records an error about an expression's value.
func (in *instance) wrong(expr hcl.Expression, code, summary, detail string) {
	in.add(problem{code: code, summary: summary, detail: detail, rng: expr.Range(), in: in.place, expr: expr, ctx: in.ctx})
}

func (in *instance) warn(expr hcl.Expression, code, summary, detail string) {
	in.add(problem{warning: true, code: code, summary: summary, detail: detail, rng: expr.Range(), in: in.place})
}

// notText says that text is due, and what becomes of 04 where it is a number.
func (in *instance) notText(name string, v cty.Value, expr hcl.Expression) {
	f := in.notTextFault(name, v, expr)
	in.wrong(expr, f.code, f.summary, f.detail)
}

func (in *instance) notTextFault(name string, v cty.Value, expr hcl.Expression) fault {
	if v.Type() != cty.Number {
		return fault{"wrong_type", name + " is text", fmt.Sprintf("The value is %s. Write a text in quotes.", article(v.Type())), expr}
	}
	written := strings.TrimSpace(in.sourceText(expr.Range()))
	shown := "a number"
	if v.IsKnown() {
		shown = "the number " + numberText(v.AsBigFloat())
	}
	remedy := fmt.Sprintf(". Put it in quotes: %q.", written)
	if _, err := strconv.ParseFloat(written, 64); err != nil {
		remedy = ", so text has to be text from the start: put it in quotes where it is set."
	}
	return fault{
		"number_where_text", name + " is text, not a number",
		fmt.Sprintf("The value is %s. A number keeps no leading zero (04 is the number 4)%s", shown, remedy), expr,
	}
}

func article(ty cty.Type) string { return withArticle(ty.FriendlyName()) }

// writtenLike is how kinds are written for which users expect a number.
var writtenLike = map[kind]string{kindDuration: `"15m"`, kindShare: `"30%"`}

// textOf is a known text, or a recorded complaint.
func (in *instance) textOf(a *attribute, v cty.Value, expr hcl.Expression) (string, bool) {
	if example := writtenLike[a.kind]; example != "" && v.Type() == cty.Number {
		in.wrong(expr, "wrong_type", a.name+" is a text with its unit", fmt.Sprintf("The value is the number %s. Write it like %s.", numberText(v.AsBigFloat()), example))
		return "", false
	}
	if v.Type() != cty.String {
		in.notText(a.name, v, expr)
		return "", false
	}
	s := v.AsString()
	if s == "" && a.kind != kindByte {
		in.wrong(expr, "invalid_value", a.name+" is empty", "Give it a text, or leave the attribute out where it is not required.")
		return "", false
	}
	return s, true
}

func (in *instance) decodeKnown(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	switch a.kind {
	case kindBool, kindCount:
		return in.scalar(a, v, expr)
	case kindSize, kindKeep:
		return in.amount(a, v, expr)
	case kindBound:
		if ty := v.Type(); ty != cty.String && ty != cty.Number {
			in.wrong(expr, "wrong_type", a.name+" is a number or a text", fmt.Sprintf("The value is %s.", article(ty)))
			return nil, false
		}
		return v, true
	}
	s, ok := in.textOf(a, v, expr)
	if !ok {
		return nil, false
	}
	return in.decodeText(a, s, expr)
}

// decodeText reads the kinds that are written as text.
func (in *instance) decodeText(a *attribute, s string, expr hcl.Expression) (any, bool) {
	fail := func(code, summary, detail string) (any, bool) {
		in.wrong(expr, code, summary, detail)
		return nil, false
	}
	switch a.kind {
	case kindPath:
		if !in.checkPath(a.name, s, expr) {
			return nil, false
		}
		return in.absolute(s), true
	case kindDuration:
		d, err := parseDuration(s)
		if err != nil {
			return fail("invalid_duration", a.name+" is not a duration", sentence(err.Error()))
		}
		return d, true
	case kindShare:
		return in.share(a, s, expr)
	case kindByte:
		return in.oneByte(a, s, expr)
	case kindRegexp:
		re, err := regexp.Compile(s)
		if err != nil {
			return fail("invalid_pattern", a.name+" is not a regular expression", sentence(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
		}
		return re, true
	case kindZone:
		zone, err := time.LoadLocation(s)
		if err != nil || s == "Local" {
			return fail("invalid_value", a.name+" is not a time zone", fmt.Sprintf("There is no time zone %q. Zones are named like \"Europe/Berlin\".%s", s, zoneHint(s)))
		}
		return zone, true
	case kindGUID, kindURL, kindProxy, kindCron, kindEmail:
		return in.wireText(a, s, expr)
	}
	if a.values != nil && !slices.Contains(a.values, s) {
		return fail("invalid_value", fmt.Sprintf("%s cannot be %q", a.name, s),
			fmt.Sprintf("It takes %s.%s", oneOfText(a.values), didYouMean(s, a.values)))
	}
	return s, true
}

// zoneHint finds a zone of which only the city was written.
func zoneHint(city string) string {
	for _, area := range []string{"Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic"} {
		if zone, err := time.LoadLocation(area + "/" + city); err == nil && !strings.ContainsAny(city, "/.") {
			return fmt.Sprintf(" Did you mean %q?", zone)
		}
	}
	return ""
}

// sentence makes a library's message one.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.TrimSuffix(sentenceStart(s), ".") + "."
}

// sentenceStart is a text with a capital letter at its beginning.
func sentenceStart(s string) string {
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// checkPath refuses control characters, which mostly come from a backslash that HCL took for an escape.
func (in *instance) checkPath(name, s string, expr hcl.Expression) bool {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return true
	}
	if in.holdsBadEscape(expr.Range()) {
		return false // what the parser made of it is not what was meant, and that was told
	}
	detail := `The value holds a tab, a line end or the like, which no path has. Where it comes from "D:\temp", write "D:/temp".`
	if isLiteral(expr) {
		written := strings.Trim(in.sourceText(expr.Range()), "\"")
		detail = `In quoted text \t, \n and \r are a tab and line ends, not parts of a Windows path. For a path write "` + slashed(written) + `".`
	}
	in.wrong(expr, "control_character", name+" holds a control character", detail)
	return false
}

// absolute is a path of the configuration from the working directory.
func (l *loader) absolute(p string) string {
	p = filepath.FromSlash(p)
	if !filepath.IsAbs(p) {
		p = filepath.Join(l.req.Dir, p)
	}
	return filepath.Clean(p)
}

func (in *instance) scalar(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	want, what := cty.Number, "a number"
	if a.kind == kindBool {
		want, what = cty.Bool, "true or false"
	}
	got, err := convert.Convert(v, want)
	if err != nil || v.Type() == cty.Bool && want != cty.Bool {
		in.wrong(expr, "wrong_type", fmt.Sprintf("%s is %s", a.name, what), fmt.Sprintf("The value is %s.", article(v.Type())))
		return nil, false
	}
	if a.kind == kindBool {
		return got.True(), true
	}
	n, accuracy := got.AsBigFloat().Int64()
	if accuracy != 0 || n < a.least {
		in.wrong(expr, "invalid_value", fmt.Sprintf("%s cannot be %s", a.name, numberText(got.AsBigFloat())),
			fmt.Sprintf("It takes a whole number of at least %d.", a.least))
		return nil, false
	}
	return n, true
}
