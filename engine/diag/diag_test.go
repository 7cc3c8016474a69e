package diag_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/diag"
)

func at(file string, line, column int) *diag.Range {
	start := diag.Pos{Line: line, Column: column}
	return &diag.Range{Filename: file, Start: start, End: start}
}

func TestErrorTellsPlaceSummaryAndDetail(t *testing.T) {
	for _, c := range []struct {
		d    diag.Diagnostic
		want string
	}{
		{diag.Diagnostic{Summary: "Unknown attribute"}, "Unknown attribute"},
		{diag.Diagnostic{Summary: "Unknown attribute", Detail: `Did you mean "folder"?`}, `Unknown attribute: Did you mean "folder"?`},
		{
			diag.Diagnostic{Summary: "Missing value", Detail: "object is required.", Range: at("main.hcl", 7, 3)},
			"main.hcl:7: Missing value: object is required.",
		},
	} {
		var err error = c.d
		if got := err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
}

func TestHasErrors(t *testing.T) {
	warning, mistake := diag.Diagnostic{Severity: diag.Warning}, diag.Diagnostic{Severity: diag.Error}
	for _, c := range []struct {
		list diag.List
		want bool
	}{
		{nil, false},
		{diag.List{warning, warning}, false},
		{diag.List{warning, mistake}, true},
	} {
		if got := c.list.HasErrors(); got != c.want {
			t.Errorf("HasErrors(%v) = %v", c.list, got)
		}
	}
}

// A Diagnostic that nobody gave a severity must stop the command, not pass as a warning.
func TestTheZeroSeverityIsAnError(t *testing.T) {
	if !(diag.List{{}}).HasErrors() {
		t.Error("it is no error")
	}
	if e, w := diag.Error.String(), diag.Warning.String(); e != "error" || w != "warning" {
		t.Errorf("severities are called %q and %q", e, w)
	}
}

func TestSortIsErrorsFirstThenByPosition(t *testing.T) {
	want := diag.List{
		{Severity: diag.Error, Code: "no_range"},
		{Severity: diag.Error, Code: "a", Range: at("a.hcl", 9, 1)},
		{Severity: diag.Error, Code: "z", Range: at("b.hcl", 2, 1)},
		{Severity: diag.Error, Code: "y", Range: at("b.hcl", 2, 5)},
		{Severity: diag.Error, Code: "b", Range: at("b.hcl", 10, 1)},
		{Severity: diag.Error, Code: "c", Range: at("b.hcl", 10, 1)},
		{Severity: diag.Error, Code: "c", Range: at("b.hcl", 10, 1), Summary: "equal ones keep their order"},
		{Severity: diag.Warning, Code: "no_range"},
		{Severity: diag.Warning, Code: "a", Range: at("a.hcl", 1, 1)},
	}
	for _, order := range [][]int{{8, 7, 5, 6, 4, 3, 2, 1, 0}, {4, 0, 8, 5, 1, 6, 7, 3, 2}} {
		var got diag.List
		for _, i := range order {
			got = append(got, want[i])
		}
		got.Sort()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v (-want +got):\n%s", order, diff)
		}
	}
}

// validate -json prints these as they are; Terraform's tools read the same names.
func TestPlacesInJSON(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{
			diag.Range{Filename: "main.hcl", Start: diag.Pos{Line: 1, Column: 2, Byte: 1}, End: diag.Pos{Line: 1, Column: 5, Byte: 4}},
			`{"filename":"main.hcl","start":{"line":1,"column":2,"byte":1},"end":{"line":1,"column":5,"byte":4}}`,
		},
		{
			diag.Snippet{Code: "x = 04", StartLine: 3, HighlightStartOffset: 4, HighlightEndOffset: 6, Values: []diag.Value{}},
			`{"code":"x = 04","start_line":3,"highlight_start_offset":4,"highlight_end_offset":6,"values":[]}`,
		},
		{
			diag.Snippet{Context: `import "staff"`, Values: []diag.Value{{Traversal: "var.n", Statement: "is 4"}}},
			`{"context":"import \"staff\"","code":"","start_line":0,"highlight_start_offset":0,"highlight_end_offset":0,"values":[{"traversal":"var.n","statement":"is 4"}]}`,
		},
	} {
		got, err := json.Marshal(c.v)
		if err != nil || string(got) != c.want {
			t.Errorf("JSON is %s, %v\nwant %s", got, err, c.want)
		}
	}
}
