package hcl

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine/diag"
)

const masked = "(sensitive value)"

// secretLine finds what looks like a literal secret in a line that did not parse, where no attribute is known yet.
var secretLine = regexp.MustCompile(`(?i)((?:pas+w\w*|user_api_key|token|secret)"?\s*[=:]\s*")[^"\n]*`)

// userInfo finds credentials inside an address.
var userInfo = regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^/@\s"]+@`)

// snippet cuts the lines of a problem out of its file, with what must not be seen replaced and the highlight moved along.
func (c *complaints) snippet(p problem) *diag.Snippet {
	file := c.files[p.rng.Filename]
	if file == nil || p.rng.Start.Byte > len(file.Bytes) || p.rng.End.Byte > len(file.Bytes) || p.rng.Start.Byte > p.rng.End.Byte {
		return nil
	}
	src := file.Bytes
	from := bytes.LastIndexByte(src[:p.rng.Start.Byte], '\n') + 1
	end := p.rng.End.Byte
	if end > p.rng.Start.Byte && src[end-1] == '\n' {
		end--
	}
	code := bytes.TrimRight(src[from:end+len(untilNewline(src[end:]))], "\r\n")
	text, start, stop := c.mask(p.rng.Filename, string(code), from, p.rng.Start.Byte-from, min(end-from, len(code)))
	return &diag.Snippet{
		Context: p.in.context, Code: text, StartLine: p.rng.Start.Line,
		HighlightStartOffset: start, HighlightEndOffset: stop, Values: c.values(p),
	}
}

func untilNewline(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

type cut struct{ from, to int } // bytes of a text

// mask replaces hidden ranges and credentials in a piece of source that begins at byte base, and moves two offsets.
func (c *complaints) mask(name, code string, base, start, stop int) (string, int, int) {
	cuts := c.sensitiveParts(code)
	for _, r := range c.hidden[name] {
		if from, to := max(r.Start.Byte-base, 0), min(r.End.Byte-base, len(code)); from < to {
			cuts = append(cuts, cut{from, to})
		}
	}
	for _, m := range secretLine.FindAllStringSubmatchIndex(code, -1) {
		if rest := code[m[3]:m[1]]; !strings.HasPrefix(rest, "${") {
			cuts = append(cuts, cut{m[3], m[1]})
		}
	}
	for _, m := range userInfo.FindAllStringSubmatchIndex(code, -1) {
		cuts = append(cuts, cut{m[3], m[1] - 1})
	}
	slices.SortFunc(cuts, func(a, b cut) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var out strings.Builder
	at, newStart, newStop := 0, start, stop
	for _, k := range cuts {
		if k.from < at {
			continue
		}
		out.WriteString(code[at:k.from])
		moved := func(offset int, atEnd bool) int {
			switch {
			case offset >= k.to:
				return offset + len(masked) - (k.to - k.from)
			case offset > k.from && atEnd:
				return k.from + len(masked)
			}
			return min(offset, k.from)
		}
		shift := out.Len() - k.from // what earlier cuts moved
		if start > k.from {
			newStart = moved(start, false) + shift
		}
		if stop > k.from {
			newStop = moved(stop, true) + shift
		}
		out.WriteString(masked)
		at = k.to
	}
	out.WriteString(code[at:])
	text := out.String()
	return text, min(newStart, len(text)), min(max(newStop, newStart), len(text))
}

// values tells what the references of the expression stood for.
func (c *complaints) values(p problem) []diag.Value {
	out := []diag.Value{}
	if p.expr == nil || p.ctx == nil {
		return out
	}
	seen := map[string]bool{}
	for _, t := range p.expr.Variables() {
		name := traversalText(t)
		if seen[name] {
			continue
		}
		seen[name] = true
		if v, diags := t.TraverseAbs(p.ctx); !diags.HasErrors() {
			said := c.scrub(statement(v))
			if p.in.secret || c.isConfidential(t) {
				said = "is a " + masked
			}
			out = append(out, diag.Value{Traversal: name, Statement: said})
		}
	}
	slices.SortFunc(out, func(a, b diag.Value) int { return cmp.Compare(a.Traversal, b.Traversal) })
	return out
}

// statement says in a few words what a value is; a marked one is never shown.
func statement(v cty.Value) string {
	switch {
	case hasSecret(v) || hasMark(v, markSensitive):
		return "is a " + masked
	}
	v, _ = v.UnmarkDeep()
	switch ty := v.Type(); {
	case v.IsNull():
		return "is null"
	case !v.IsKnown():
		return "will be known later"
	case ty == cty.String, ty == cty.Number, ty == cty.Bool:
		return "is " + valueText(v)
	case ty == connectionType:
		return "is " + v.EncapsulatedValue().(*connectionRef).address.String()
	case ty.IsObjectType():
		return fmt.Sprintf("is object with %s", counted(len(ty.AttributeTypes()), "attribute"))
	case ty.IsTupleType(), ty.IsCollectionType():
		return fmt.Sprintf("is %s with %s", ty.FriendlyName(), counted(v.LengthInt(), "element"))
	default:
		return "is " + ty.FriendlyName()
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// scrub takes the values of sensitive variables and credentials in addresses out of a message.
func (c *complaints) scrub(text string) string {
	for _, at := range c.sensitiveParts(text) {
		text = text[:at.from] + masked + text[at.to:]
	}
	return userInfo.ReplaceAllString(text, "${1}"+masked+"@")
}

// sensitiveParts finds the values of sensitive variables and secret attributes in a text, the last one first, so that
// they can be replaced in that order. A short value counts only where it stands alone: "in" is no part of "main".
func (c *complaints) sensitiveParts(text string) []cut {
	var out []cut
	for _, s := range c.sensitive {
		for from := 0; ; {
			i := strings.Index(text[from:], s)
			if i < 0 {
				break
			}
			at := cut{from + i, from + i + len(s)}
			from = at.to
			overlaps := slices.ContainsFunc(out, func(o cut) bool { return at.from < o.to && o.from < at.to })
			if !overlaps && (len(s) >= 8 || alone(text, at)) {
				out = append(out, at)
			}
		}
	}
	slices.SortFunc(out, func(a, b cut) int { return cmp.Compare(b.from, a.from) })
	return out
}

// alone reports whether no letter or digit touches a part of a text.
func alone(text string, at cut) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at.from])
	after, _ := utf8.DecodeRuneInString(text[at.to:])
	touches := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return !touches(before) && !touches(after)
}

// traversalText is a reference as a user writes it.
func traversalText(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			b.WriteString("[" + valueText(s.Key) + "]")
		}
	}
	return b.String()
}
