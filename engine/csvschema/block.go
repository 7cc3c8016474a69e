package csvschema

import (
	"fmt"
	"strings"
)

// attribute is one line of a block; value is already an expression.
type attribute struct{ name, value string }

// blockText writes what of a schema differs from Default as a csv block, aligned as the formatter would.
func blockText(s *Schema) string {
	d := Default()
	var b strings.Builder
	b.WriteString("csv {\n")
	var list []attribute
	add := func(differs bool, name, value string) {
		if differs {
			list = append(list, attribute{name, value})
		}
	}
	add(s.Encoding != d.Encoding, "encoding", literal(s.Encoding))
	add(s.Delimiter != d.Delimiter, "delimiter", literal(string(rune(s.Delimiter))))
	add(!s.Header, "header", "false")
	add(s.Header && s.HeaderRow != d.HeaderRow, "header_row", itoa(s.HeaderRow))
	add(s.BlankRows != d.BlankRows, "blank_rows", literal(s.BlankRows))
	add(s.ExcelDamage != d.ExcelDamage, "excel_damage", literal(string(s.ExcelDamage)))
	add(s.Mojibake != d.Mojibake, "mojibake", literal(string(s.Mojibake)))
	writeAttributes(&b, "  ", list)
	for i := range s.Columns {
		if i > 0 || len(list) > 0 {
			b.WriteByte('\n')
		}
		writeColumn(&b, &s.Columns[i])
	}
	b.WriteString("}\n")
	return b.String()
}

func writeColumn(b *strings.Builder, c *Column) {
	var list []attribute
	if c.Type != "" {
		list = append(list, attribute{"type", literal(c.Type)})
	}
	if c.Type == "date" && c.Format != "" {
		list = append(list, attribute{"format", literal(c.Format)})
	}
	if c.Type == "decimal" && c.Decimal == '.' {
		list = append(list, attribute{"decimal", literal(".")}, attribute{"group", literal(",")})
	}
	if c.Sensitive {
		list = append(list, attribute{"sensitive", "true"})
	}
	fmt.Fprintf(b, "  column %s {", literal(c.Name))
	if len(list) > 0 {
		b.WriteByte('\n')
		writeAttributes(b, "    ", list)
		b.WriteString("  ")
	}
	b.WriteString("}\n")
}

func writeAttributes(b *strings.Builder, indent string, list []attribute) {
	width := 0
	for _, a := range list {
		width = max(width, len(a.name))
	}
	for _, a := range list {
		fmt.Fprintf(b, "%s%-*s = %s\n", indent, width, a.name, a.value)
	}
}

// literal is text as a quoted template without any interpolation.
func literal(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(text) + `"`
}
