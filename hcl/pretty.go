package hcl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// A valueWriter writes values as Terraform's console does: collections over several lines, with the name of their type
// where a literal would be another one.
type valueWriter struct {
	b     *strings.Builder
	scrub func(string) string // takes out of a text what must not be seen
}

func (w valueWriter) value(v cty.Value, indent int) {
	v, marks := v.Unmark()
	if !showable(marks) {
		w.b.WriteString(masked)
		return
	}
	ty := v.Type()
	switch {
	case !v.IsKnown():
		w.b.WriteString("(known later)")
	case v.IsNull():
		w.null(ty)
	case ty == cty.String:
		w.text(w.scrub(v.AsString()), indent)
	case ty.IsListType():
		w.list("tolist([", "])", v, indent)
	case ty.IsSetType():
		w.list("toset([", "])", v, indent)
	case ty.IsTupleType():
		w.list("[", "]", v, indent)
	case ty.IsMapType():
		w.mapping("tomap({", "})", v, indent)
	case ty.IsObjectType():
		w.mapping("{", "}", v, indent)
	default:
		writeValue(w.b, v)
	}
}

// showable reports whether a value with these marks of its own may be seen.
func showable(marks cty.ValueMarks) bool {
	for m := range marks {
		if m != markVolatile {
			return false
		}
	}
	return true
}

func (w valueWriter) null(ty cty.Type) {
	switch ty {
	case cty.DynamicPseudoType:
		w.b.WriteString("null")
	case cty.String, cty.Number, cty.Bool:
		fmt.Fprintf(w.b, "to%s(null)", ty.FriendlyName())
	default:
		fmt.Fprintf(w.b, "null /* %s */", ty.FriendlyName())
	}
}

// text is quoted; one of several lines is a heredoc whose delimiter is none of them.
func (w valueWriter) text(s string, indent int) {
	lines := strings.Split(s, "\n")
	if len(lines) < 2 {
		w.b.WriteString(strconv.Quote(s))
		return
	}
	delimiter, margin, operator := "EOT", strings.Repeat(" ", indent), "<<"
	if indent > 0 {
		operator = "<<-"
	}
	for taken := true; taken; {
		taken = false
		for _, l := range lines {
			if strings.TrimSpace(l) == delimiter {
				delimiter, taken = delimiter+"_", true
			}
		}
	}
	w.b.WriteString(operator + delimiter + "\n")
	for _, l := range lines {
		w.b.WriteString(margin + l + "\n")
	}
	w.b.WriteString(margin + delimiter)
}

func (w valueWriter) list(open, end string, v cty.Value, indent int) {
	w.b.WriteString(open)
	if v.LengthInt() > 0 {
		margin := "\n" + strings.Repeat(" ", indent)
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			w.b.WriteString(margin + "  ")
			w.value(e, indent+2)
			w.b.WriteByte(',')
		}
		w.b.WriteString(margin)
	}
	w.b.WriteString(end)
}

func (w valueWriter) mapping(open, end string, v cty.Value, indent int) {
	w.b.WriteString(open)
	if v.LengthInt() > 0 {
		margin := "\n" + strings.Repeat(" ", indent)
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			k, _ = k.Unmark()
			w.b.WriteString(margin + "  " + strconv.Quote(w.scrub(k.AsString())) + " = ")
			w.value(e, indent+2)
		}
		w.b.WriteString(margin)
	}
	w.b.WriteString(end)
}
