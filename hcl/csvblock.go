package hcl

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// buildCSV decodes a csv block; the same shape checks imports, exports and rules. The fields are those of a fixed-width export.
func (in *instance) buildCSV(n *node, fixed ...engine.FixedField) *engine.CSV {
	if n == nil {
		return nil
	}
	s := engine.NewCSV()
	s.Delimiter, s.Quote = get(n, "delimiter", s.Delimiter), get(n, "quote", s.Quote)
	s.Encoding, s.SendEncoding = get(n, "encoding", s.Encoding), get(n, "send_encoding", "")
	s.Fixed = fixed
	s.Header, s.HeaderRow = get(n, "header", len(fixed) == 0), int(get(n, "header_row", int64(1)))
	s.SkipFooter, s.ColumnsMode = int(get(n, "skip_footer", int64(0))), get(n, "columns", s.ColumnsMode)
	s.MinRows, s.MaxRows = get(n, "min_rows", int64(0)), get(n, "max_rows", int64(0))
	s.MaxSize, s.MaxRecord = get(n, "max_size", int64(0)), get(n, "max_record", s.MaxRecord)
	s.MaxErrors = int(get(n, "max_errors", int64(s.MaxErrors)))
	s.MaxShrink, s.HasMaxShrink = get(n, "max_shrink", 0.0), n.has("max_shrink")
	s.UniqueRows, s.BlankRows = get(n, "unique_rows", false), get(n, "blank_rows", s.BlankRows)
	s.ExcelDamage = engine.CSVLevel(get(n, "excel_damage", string(s.ExcelDamage)))
	s.Mojibake = engine.CSVLevel(get(n, "mojibake", string(s.Mojibake)))
	s.FileReferences = engine.CSVLevel(get(n, "file_references", string(s.FileReferences)))
	if s.MaxRows > 0 && s.MinRows > s.MaxRows {
		in.add(problem{code: "invalid_value", summary: "min_rows is more than max_rows", detail: "No file could pass.", rng: n.at("min_rows"), in: in.place})
	}
	if s.Delimiter == s.Quote {
		in.add(problem{code: "invalid_value", summary: "delimiter and quote are the same", detail: "Each needs a character of its own.", rng: n.at("delimiter"), in: in.place})
	}
	for _, c := range n.children["column"] {
		s.Columns = append(s.Columns, in.buildColumn(c))
	}
	if len(fixed) > 0 {
		in.fitFixed(s, n)
	}
	for _, k := range n.children["key"] {
		columns := get(k, "columns", []string(nil))
		in.checkColumns(s, k, columns, true)
		s.Keys = append(s.Keys, columns)
	}
	for _, c := range n.children["check"] {
		in.buildCheck(s, c)
	}
	return s
}

func (in *instance) buildColumn(n *node) engine.CSVColumn {
	c := engine.CSVColumn{Name: n.label, Type: get(n, "type", "text")}
	c.Required, c.Unique = get(n, "required", false), get(n, "unique", false)
	c.OneOf = get(n, "one_of", []string(nil))
	c.MinLength, c.MaxLength = int(get(n, "min_length", int64(0))), int(get(n, "max_length", int64(0)))
	c.Format, c.Decimal, c.Group = get(n, "format", ""), get(n, "decimal", byte(',')), get(n, "group", byte('.'))
	c.Scale, c.Sensitive, c.Optional = int(get(n, "scale", int64(-1))), get(n, "sensitive", false), get(n, "optional", false)
	if re := get[*regexp.Regexp](n, "pattern", nil); re != nil {
		c.Pattern = regexp.MustCompile(`\A(?:` + re.String() + `)\z`) // the whole value, whatever the user's anchors
	}
	c.Min, c.Max = in.bound(n, "min", c.Type, c.Decimal), in.bound(n, "max", c.Type, c.Decimal)
	in.columnSense(n, c.Type, c.Decimal, c.Group)
	in.constraintSense(n, c)
	if f := n.child("in_file"); f != nil {
		c.InFile = &engine.CSVInFile{Path: get(f, "path", ""), Column: get(f, "column", "")}
	}
	return c
}

// bound is min or max in the column's own notation: a number becomes a text with the column's decimal separator.
func (in *instance) bound(n *node, name, columnType string, decimal byte) string {
	v := get(n, name, cty.NilVal)
	if v == cty.NilVal {
		return ""
	}
	numeric := columnType == "integer" || columnType == "decimal"
	if columnType != "date" && columnType != "time" && !numeric {
		in.wrong(n.exprs[name], "attribute_without_other", fmt.Sprintf("%s on a %s column", name, columnType),
			"min and max bound columns of type integer, decimal, date and time. A text's length is bounded by min_length and max_length.")
		return ""
	}
	if v.Type() == cty.String {
		return v.AsString()
	}
	if !numeric {
		in.notText(name, v, n.exprs[name])
		return ""
	}
	return strings.Replace(numberText(v.AsBigFloat()), ".", string(decimal), 1)
}

// columnSense reports attributes that mean nothing for the column's type.
func (in *instance) columnSense(n *node, columnType string, decimal, group byte) {
	only := map[string][]string{
		"format": {"date", "time"}, "decimal": {"decimal", "integer"}, "group": {"decimal", "integer"}, "scale": {"decimal"},
	}
	for _, name := range sortedKeys(only) {
		if n.has(name) && !slices.Contains(only[name], columnType) {
			in.add(problem{
				code: "attribute_without_other", summary: fmt.Sprintf("%s on a %s column", name, columnType), rng: n.at(name), in: in.place,
				detail: fmt.Sprintf("%s belongs to columns of type %s. Set type, or leave this out.", name, oneOfText(only[name])),
			})
		}
	}
	if decimal == group {
		in.add(problem{
			code: "invalid_value", summary: "decimal and group are the same", rng: n.header, in: in.place,
			detail: fmt.Sprintf("With %q for both no number could be read. group = \"\" means none.", string(decimal)),
		})
	}
	if f := get(n, "format", ""); f != "" && !(engine.CSVColumn{Format: f}).SoundFormat() {
		in.wrong(n.exprs["format"], "invalid_value", "format holds an unknown token",
			fmt.Sprintf("%q is written with DD, MM, YYYY, hh, mm and ss, as in \"DD.MM.YYYY\".", f))
	}
}

// constraintSense reports constraints that no value could satisfy, or that every file would fail at.
func (in *instance) constraintSense(n *node, c engine.CSVColumn) {
	if !c.SoundFormat() {
		return // which says it all
	}
	unreadable, reversed := c.Bounds()
	for _, name := range unreadable {
		in.wrong(n.exprs[name], "invalid_value", fmt.Sprintf("%s is no value of type %s", name, c.Type), "It is written as the column's files write it"+notation(c))
	}
	if reversed {
		in.wrong(n.exprs["min"], "invalid_value", "min is more than max", "No value could pass.")
	}
	if c.MaxLength > 0 && c.MinLength > c.MaxLength {
		in.wrong(n.exprs["min_length"], "invalid_value", "min_length is more than max_length", "No value could pass.")
	}
	if len(c.OneOf) == 0 {
		return
	}
	items, _ := hcl.ExprList(n.exprs["one_of"])
	for i, v := range c.OneOf {
		if v == "" || c.Accepts(v) {
			continue
		}
		at := n.exprs["one_of"]
		if len(items) == len(c.OneOf) {
			at = items[i]
		}
		in.wrong(at, "invalid_value", fmt.Sprintf("one_of holds what is not of type %s", c.Type), "No file could hold this value and pass.")
	}
}

// notation says how a value of a date column is written.
func notation(c engine.CSVColumn) string {
	if c.Type != "date" && c.Type != "time" {
		return "."
	}
	return fmt.Sprintf(": %s.", cmp.Or(c.Format, map[string]string{"date": "DD.MM.YYYY", "time": "hh:mm"}[c.Type]))
}

// checkColumns reports names that no column block declares, where the columns are known to be complete or have to be declared.
func (in *instance) checkColumns(s *engine.CSV, n *node, columns []string, declared bool) {
	if len(columns) == 0 {
		return
	}
	items, _ := hcl.ExprList(n.exprs["columns"])
	for i, name := range columns {
		at := n.at("columns")
		if len(items) == len(columns) {
			at = items[i].Range()
		}
		in.checkColumn(s, name, at, declared)
	}
}

// exactColumns reports whether the csv block says which columns a file has, no more and no less.
func exactColumns(s *engine.CSV) bool {
	return s != nil && len(s.Columns) > 0 && s.ColumnsMode == "exact"
}

func (in *instance) checkColumn(s *engine.CSV, name string, at hcl.Range, declared bool) {
	declares := "The csv block declares no such column."
	if len(s.Fixed) > 0 {
		declares = "No field of the fixed block is called so."
	}
	if names, known := columnNames(s); (known || declared) && !slices.Contains(names, name) {
		in.add(problem{
			code: "unknown_column", summary: fmt.Sprintf("No column %q", name), rng: at, in: in.place, needsWholeDefinition: true,
			detail: declares + didYouMean(name, names),
		})
	}
}

// buildCheck compiles a check into a function over typed values: text, bool, *big.Float, nil for an empty cell.
func (in *instance) buildCheck(s *engine.CSV, n *node) {
	condition, message := n.exprs["condition"], n.exprs["error_message"]
	for _, expr := range []hcl.Expression{condition, message} {
		if expr == nil {
			continue
		}
		for _, t := range expr.Variables() {
			if name, ok := stepName(t, 1); ok && t.RootName() == "row" {
				in.checkColumn(s, name, t.SourceRange(), false)
			}
		}
	}
	if n.values["condition"] == nil || n.values["error_message"] == nil {
		return
	}
	if !in.soundCheck(condition, message) {
		return
	}
	hidden := hiddenColumns(s)
	s.Checks = append(s.Checks, engine.CSVCheck{Name: n.label, Holds: func(row map[string]any) (bool, string, error) {
		v, err := rowValue(row, hidden)
		if err != nil {
			return false, "", err
		}
		return in.rowHolds(condition, message, v)
	}})
}

// soundCheck reports what can be known of a check before there is a row.
func (in *instance) soundCheck(condition, message hcl.Expression) bool {
	sound := true
	for _, part := range []struct {
		expr        hcl.Expression
		ty          cty.Type
		what, wrong string
	}{
		{condition, cty.Bool, "a condition", "The condition is not true or false"},
		{message, cty.String, "a message", "error_message is text"},
	} {
		v, ok := in.evaluate(part.expr, scopeRow)
		switch ty := v.Type(); {
		case !ok:
		case hasSecret(v):
			in.wrong(part.expr, "secret_not_allowed", "A secret in "+part.what, "A secret is read only when a request needs it, so no row can be checked by it.")
			sound = false
		case ty != part.ty && ty != cty.DynamicPseudoType:
			in.wrong(part.expr, "invalid_condition", part.wrong, fmt.Sprintf("It gives %s.", article(ty)))
			sound = false
		}
	}
	return sound
}

// hiddenColumns are the columns whose values are masked everywhere.
func hiddenColumns(s *engine.CSV) map[string]bool {
	hidden := map[string]bool{}
	if s != nil {
		for _, c := range s.Columns {
			hidden[c.Name] = c.Sensitive
		}
	}
	return hidden
}

func (in *instance) rowHolds(condition, message hcl.Expression, row cty.Value) (bool, string, error) {
	ctx := in.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"row": row}
	v, diags := condition.Value(ctx)
	if diags.HasErrors() {
		return false, "", in.lateError(diags)
	}
	v, _ = v.UnmarkDeep()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Bool {
		return false, "", fmt.Errorf("%s: the condition is not true or false", condition.Range())
	}
	if v.True() {
		return true, "", nil
	}
	m, diags := message.Value(ctx)
	if diags.HasErrors() {
		return false, "", in.lateError(diags)
	}
	if hasMark(m, markSensitive) || hasMark(m, markCell) {
		return false, masked, nil
	}
	if m.IsNull() || !m.IsKnown() || m.Type() != cty.String {
		return false, "", fmt.Errorf("%s: error_message is not text", message.Range())
	}
	return false, m.AsString(), nil
}
