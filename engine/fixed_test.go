package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dropform/engine"
	"dropform/engine/sandbox"
)

// layout is an export of fixed width with these fields, each as long as the demo server makes it.
func layout(target, fields string, lines ...string) string {
	places := map[string][2]int{"Nr": {1, 8}, "Name": {9, 20}, "Vorname": {29, 15}, "Eintritt": {44, 10}, "KST": {54, 6}}
	var b strings.Builder
	b.WriteString("fixed {\n")
	for _, name := range strings.Fields(fields) {
		fmt.Fprintf(&b, "    field %q {\n      start  = %d\n      length = %d\n    }\n", name, places[name][0], places[name][1])
	}
	b.WriteString("  }")
	return strings.Replace(all(target, append(lines, b.String())...), "Datenexport Gesamt", "Datenexport Lohn fest", 1)
}

const wholeLine = "Nr Name Vorname Eintritt KST"

func csvOf(lines ...string) string { return "csv {\n    " + strings.Join(lines, "\n    ") + "\n  }" }

func columnOf(name, rule string) string {
	return "column \"" + name + "\" {\n      " + rule + "\n    }"
}

// TestFixedColumns: fields are columns like those of any other result, under every encoding that it may be written in.
func TestFixedColumns(t *testing.T) {
	t.Parallel()
	typed := csvOf("min_rows = 40", columnOf("Nr", "type = \"integer\"\n      unique = true\n      required = true"),
		columnOf("Eintritt", "type = \"date\""), columnOf("Name", "min_length = 2\n      max_length = 20\n      required = true"))
	for _, target := range []string{"", `encoding = "utf-8"`, "encoding = \"utf-8\"\n bom = true", `encoding = "utf-16le"`, `encoding = "iso-8859-15"`, `newline = "lf"`} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(head + layout(target, wholeLine, typed, "expect {\n    columns = [\"Nr\", \"KST\"]\n  }"))
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			if e := r.lastEnd(); !strings.Contains(e.Text, "40 rows") {
				t.Errorf("told: %s", e.Text)
			}
		})
	}
}

// TestFixedSuspect: what is wrong is told with its line and column, and the result goes beside its target.
func TestFixedSuspect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, told string }{
		"a type":          {layout("", wholeLine, csvOf(columnOf("Vorname", "type = \"integer\""))), `40 errors, the first: line 1, column "Vorname" (3): the value is not of type integer`},
		"in UTF-8":        {layout(`encoding = "utf-8"`, wholeLine, csvOf(columnOf("KST", "pattern = \"[0-9]*\"\n      max_length = 3"))), `column "KST" (5): the text has 4 characters`},
		"under German":    {"dropform {\n  language = \"de\"\n}\n" + layout("", wholeLine, csvOf(columnOf("Name", "type = \"date\""))), `line 1, column "Name" (2): the value is not of type date`},
		"too few rows":    {layout("", wholeLine, csvOf("min_rows = 41")), "expected: at least 41"},
		"a gap with text": {layout("", "Nr Vorname Eintritt KST"), "line 1: character 9 of the line lies outside every field"},
		"a field missing": {layout("", wholeLine, "expect {\n    columns = [\"Nr\", \"Ort\"]\n  }"), "lacks the columns Ort"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			text := tc.text
			if rest, ok := strings.CutPrefix(text, "dropform {"); ok {
				text = "dropform {" + strings.Replace(rest, "}\n", "}\n"+head, 1)
			} else {
				text = head + text
			}
			expectTally(t, r.apply(r.load(text), engine.PlanOptions{}), 0, 1, 0, 0, 0)
			if e := r.lastEnd(); e.Code != "expectation" || !strings.Contains(e.Text, tc.told) || !r.exists("out/all.csv.suspect") || r.exists("out/all.csv") {
				t.Errorf("%s %s: %q", e.Code, e.Text, r.names("out"))
			}
		})
	}
}

// TestFixedParts: a csv block may let text stand outside the fields, and say that the first line is a header.
func TestFixedParts(t *testing.T) {
	t.Parallel()
	for csv, rows := range map[string]string{
		csvOf(`columns = "at_least"`):                       "40 rows",
		csvOf(`columns = "at_least"`, "header = true"):      "39 rows",
		csvOf(`columns = "any"`, `encoding = "iso-8859-1"`): "40 rows",
	} {
		r := newRig(t)
		expectTally(t, r.apply(r.load(head+layout("", "Nr Vorname", csv)), engine.PlanOptions{}), 1, 0, 0, 0, 0)
		if e := r.lastEnd(); !strings.Contains(e.Text, rows) {
			t.Errorf("%s: told %s", csv, e.Text)
		}
	}
}

// TestFixedWithoutRows: a result of fixed width has no header, so without rows it is empty, and expect.min_rows says whether it
// may be.
func TestFixedWithoutRows(t *testing.T) {
	t.Parallel()
	empty := func(o *sandbox.Options) {
		table := o.Tenants[0].Rows["Mitarbeiter"]
		table.Rows = nil
	}
	for rows, done := range map[string]int{"0": 1, "1": 0} {
		r := newRig(t, empty)
		cfg := r.load(head + layout("", wholeLine, "expect {\n    columns = [\"Nr\"]\n    min_rows = "+rows+"\n  }"))
		expectTally(t, r.apply(cfg, engine.PlanOptions{}), done, 1-done, 0, 0, 0)
	}
}

// TestFixedIsReadAsItWasWritten: the target's encoding says which character a byte stands for; nobody has to say it twice.
func TestFixedIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *sandbox.Options) {
		table := o.Tenants[0].Rows["Mitarbeiter"]
		for _, row := range table.Rows {
			row[slices.Index(table.Columns, "Name")] = "Müller €"
		}
	})
	cfg := r.load(head + layout(`encoding = "iso-8859-15"`, wholeLine, csvOf(columnOf("Name", `one_of = ["Müller €"]`))))
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.read("out/all.csv"); strings.Count(got, "M\xfcller \xa4") != 40 {
		t.Errorf("%.90q", got)
	}
}
