package csvschema_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"dropform/engine/csvschema"
)

// rowsOf collects what Rows hands out.
func rowsOf(t interface{ Fatal(...any) }, text string, s *csvschema.Schema, opt csvschema.Options) ([]csvschema.Row, *csvschema.Report) {
	var rows []csvschema.Row
	rep, err := csvschema.Rows(context.Background(), []byte(text), s, opt, func(r csvschema.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, rep
}

func orders() *csvschema.Schema {
	s := csvschema.Default()
	s.HeaderRow, s.SkipFooter, s.BlankRows, s.ColumnsMode = 2, 1, "skip", "at_least"
	s.Columns = []csvschema.Column{
		{Name: "Beleg"},
		{Name: "Menge", Type: "decimal", Group: '.', Scale: -1},
		{Name: "Nr", Type: "integer", Scale: -1},
		{Name: "Termin", Type: "date"},
		{Name: "Uhr", Type: "time"},
		{Name: "Fertig", Type: "boolean"},
		{Name: "Geheim", Sensitive: true, Optional: true},
	}
	return s
}

func TestRowsAreTyped(t *testing.T) {
	const text = "Bestellungen\r\nBeleg;Menge;Nr;Termin;Uhr;Fertig;Notiz\r\n" +
		"000007;1.234,50;+007;01.02.2026;07:30;ja;\"zwei\r\n\"\"Zeilen\"\"\"\r\n\r\n" +
		";-0,00;-12;;;;\r\nSumme;2;;;;;\r\n"
	rows, rep := rowsOf(t, text, orders(), csvschema.Options{})
	if !rep.Valid || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), brief(rep.Errors))
	}
	for i, want := range []csvschema.Row{
		{
			Line: 3, Record: 1, Texts: []string{"000007", "1.234,50", "+007", "01.02.2026", "07:30", "ja", "zwei\r\n\"Zeilen\""},
			Values: map[string]any{
				"Beleg": "000007", "Menge": json.Number("1234.50"), "Nr": json.Number("7"), "Termin": "2026-02-01", "Uhr": "07:30:00",
				"Fertig": true, "Notiz": "zwei\r\n\"Zeilen\"", "Geheim": nil,
			},
		},
		{
			Line: 6, Record: 2, Texts: []string{"", "-0,00", "-12", "", "", "", ""},
			Values: map[string]any{
				"Beleg": nil, "Menge": json.Number("0.00"), "Nr": json.Number("-12"), "Termin": nil, "Uhr": nil, "Fertig": nil,
				"Notiz": nil, "Geheim": nil,
			},
		},
	} {
		got := rows[i]
		if diff := cmp.Diff([]any{want.Line, want.Record, want.Texts, want.Values}, []any{got.Line, got.Record, got.Texts, got.Values}); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff([]string{"Beleg", "Menge", "Nr", "Termin", "Uhr", "Fertig", "Notiz"}, rows[1].Names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// TestRowsInEveryEncoding has files whose encoding shows only after records were looked at under another assumption.
func TestRowsInEveryEncoding(t *testing.T) {
	plainText := "A;B\n" + strings.Repeat("x;y\n", 3000) + "Küche;\"5 €\"\n"
	latin, err := charmap.Windows1252.NewEncoder().String(plainText)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"utf-8": plainText, "windows-1252": latin, "utf-16le": wide(plainText), "marked": "\ufeff" + plainText} {
		rows, rep := rowsOf(t, text, nil, csvschema.Options{Buffer: 100, Workers: 4})
		if !rep.Valid || int64(len(rows)) != rep.Rows || len(rows) != 3001 {
			t.Errorf("%s: %d rows, report %+v", name, len(rows), rep)
			continue
		}
		if last := rows[3000]; last.Texts[0] != "Küche" || last.Values["B"] != "5 €" || last.Line != 3002 || last.Record != 3001 {
			t.Errorf("%s: last row %+v", name, last)
		}
	}
}

func TestInvalidFileHasNoRows(t *testing.T) {
	for _, text := range []string{"", "A;B\n1;2\n3\n", "A;B\n1;2\n#NV;3\n", "A;B\n1;2\n\n", "PK\x03\x04x"} {
		if rows, rep := rowsOf(t, text, csvschema.Default(), csvschema.Options{}); rep.Valid || len(rows) > 0 {
			t.Errorf("%q: valid %v, %d rows", text, rep.Valid, len(rows))
		}
	}
}

func TestRowsEndWithTheErrorOfTheCaller(t *testing.T) {
	stop, calls := errors.New("enough"), 0
	rep, err := csvschema.Rows(context.Background(), []byte("A\n1\n2\n"), nil, csvschema.Options{}, func(csvschema.Row) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 || rep != nil {
		t.Errorf("err %v after %d calls, report %v", err, calls, rep)
	}
}

// TestRowsReportAsValidateDoes draws files of all sorts.
func TestRowsReportAsValidateDoes(t *testing.T) {
	piece := rapid.SampledFrom([]string{"1", "ä", "\xe4", "\x81", ";", ";", "\n", "\n", "\r\n", "\"", "\"b\nc\"", "#NV", "1,5", "1;2\n", "3;4\n"})
	rapid.Check(t, func(t *rapid.T) {
		text := "A;B\n" + strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
		s := csvschema.Default()
		s.SkipFooter = rapid.IntRange(0, 1).Draw(t, "footer")
		s.Columns = []csvschema.Column{{Name: "A", Type: "decimal", Scale: -1, Unique: true}, {Name: "B", Sensitive: true}}
		rows, rep := rowsOf(t, text, s, csvschema.Options{Buffer: rapid.IntRange(1, 40).Draw(t, "buffer")})
		var got bytes.Buffer
		if err := csvschema.WriteJSON(&got, csvschema.Checked{Report: rep}); err != nil {
			t.Fatal(err)
		}
		if err := rep.WriteRejected(&got, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		got.WriteString(strings.Join(rep.Header, "|"))
		if diff := cmp.Diff(everything(t, text, s, csvschema.Options{}, false), got.String()); diff != "" {
			t.Fatalf("%q (-Validate +Rows):\n%s", text, diff)
		}
		if rep.Valid && int64(len(rows)) != rep.Rows {
			t.Fatalf("%d rows of %d", len(rows), rep.Rows)
		}
	})
}

func TestFaultsOfRows(t *testing.T) {
	const text = "Kopf\nBeleg;Menge;Nr;Termin;Uhr;Fertig;Notiz;Geheim\n\"a\nb\";2;7;;;;ü;\"s\"\"3\"\nSumme;;;;;;;\n"
	rows, rep := rowsOf(t, text, orders(), csvschema.Options{})
	row := rows[0]
	cell := func(at int) []any {
		f := row.CellFault("made_up", at)
		return []any{f.Code, f.Line, f.Record, f.Column, f.ColumnNumber, f.Offset, f.Value}
	}
	for at, want := range map[int][]any{
		0: {csvschema.Code("made_up"), int64(3), int64(1), "Beleg", 1, int64(strings.Index(text, "\"a")), "a\nb"},
		1: {csvschema.Code("made_up"), int64(4), int64(1), "Menge", 2, int64(strings.Index(text, "2;7")), "2"},
		6: {csvschema.Code("made_up"), int64(4), int64(1), "Notiz", 7, int64(strings.Index(text, "ü")), "ü"},
		7: {csvschema.Code("made_up"), int64(4), int64(1), "Geheim", 8, int64(strings.Index(text, "\"s")), "***"},
	} {
		if diff := cmp.Diff(want, cell(at)); diff != "" {
			t.Errorf("cell %d (-want +got):\n%s", at, diff)
		}
	}
	if f := row.Fault("made_up", "PosNbr", "x s\"3"); f.Value != "***" || f.Column != "PosNbr" || f.Line != 3 || f.Offset != int64(strings.Index(text, "\"a")) {
		t.Errorf("fault of the record: %+v", f)
	}
	if got := row.Mask("cannot read s\"3 as a number"); got != "cannot read *** as a number" {
		t.Errorf("masked: %q", got)
	}
	var out bytes.Buffer
	rep.Errors = []csvschema.Fault{row.CellFault("made_up", 1), row.Fault("made_up", "PosNbr", "")}
	if err := rep.WriteRejected(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(strings.SplitAfter(text, "\n")[1:4], ""); out.String() != want {
		t.Errorf("rejected %q, want %q", out.String(), want)
	}
}

func TestFaultsOfRowsWithoutSecrets(t *testing.T) {
	rows, _ := rowsOf(t, "A\n"+strings.Repeat("x", 100)+"\n", nil, csvschema.Options{})
	f := rows[0].CellFault("made_up", 0)
	if n := len([]rune(f.Value)); n != 80 {
		t.Errorf("value of %d characters", n)
	}
	if f = rows[0].Fault("made_up", "PosNbr", "7"); f.Value != "7" || rows[0].Mask("xx 7") != "xx 7" {
		t.Errorf("a row without sensitive columns is masked: %+v", f)
	}
}

func TestTruth(t *testing.T) {
	for text, want := range map[string][2]bool{
		"1": {true, true}, "ja": {true, true}, "WAHR": {true, true}, "x": {true, true}, "0": {false, true}, "nein": {false, true},
		"Falsch": {false, true}, "": {false, false}, "yes": {false, false}, " 1": {false, false},
	} {
		if value, ok := csvschema.Truth(text); value != want[0] || ok != want[1] {
			t.Errorf("%q is %v, %v", text, value, ok)
		}
	}
}
