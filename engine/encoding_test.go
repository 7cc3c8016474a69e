package engine_test

import (
	"testing"

	"dropform/engine"
)

// A file that would have to be converted is not sent as it is.
func TestSendEncodingIsNotIgnored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "csv {\n    send_encoding = \"windows-1252\"\n  }"))
	r.write("in/utf8.csv", goodCSV)
	r.write("in/latin.csv", "PersonalNr;Name;Vorname\n1;M\xfcller;J\xf6rg\n")
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[latin.csv] new")
	if len(p.Problems) != 1 || p.Problems[0].Code != "send_encoding" {
		t.Errorf("problems: %v", p.Problems)
	}
}
