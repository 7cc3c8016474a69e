package csvschema_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/csvschema"
)

const staff = "\ufeffNr;Name;Gehalt\r\n1;Müller;1.000,50\r\nx;\"=1+1\";geheim\r\n3;fÃ¼r;5\r\n4;\"a\nb\"\r\n5;C:\\x.pdf;6\r\n"

func staffSchema(s *csvschema.Schema) {
	s.Columns = []csvschema.Column{
		{Name: "Nr", Type: "integer"},
		{Name: "Name"},
		{Name: "Gehalt", Type: "decimal", Group: '.', Scale: -1, Sensitive: true},
	}
}

func TestTextReport(t *testing.T) {
	for language, want := range map[string]string{
		"en": `staff.csv: utf-8, 5 rows, errors: 4, warnings: 1
error type: line 3, record 2, column "Nr" (1), byte 39: the value is not of type integer
  "x"; expected: a whole number, digits only
error type: line 3, record 2, column "Gehalt" (3), byte 48: the value is not of type decimal
  "***"; expected: a number like 1.234,56
error mojibake: line 4, record 3, column "Name" (2), byte 58: the text is garbled: UTF-8 that was read as Windows-1252
  "fÃ¼r"
error field_count: line 5, record 4, byte 68: the record has 2 fields instead of 3
  "***"; expected: 3 fields
warning file_reference: line 7, record 5, column "Name" (2), byte 79: the cell is a file path; the file itself is not sent
  "C:\\x.pdf"
`,
		"de": `staff.csv: utf-8, 5 Datensätze, Fehler: 4, Warnungen: 1
Fehler type: Zeile 3, Satz 2, Spalte "Nr" (1), Byte 39: der Wert ist nicht vom Typ integer
  "x"; erwartet: eine ganze Zahl, nur Ziffern
Fehler type: Zeile 3, Satz 2, Spalte "Gehalt" (3), Byte 48: der Wert ist nicht vom Typ decimal
  "***"; erwartet: eine Zahl wie 1.234,56
Fehler mojibake: Zeile 4, Satz 3, Spalte "Name" (2), Byte 58: der Text ist verstümmelt: UTF-8, das als Windows-1252 gelesen wurde
  "fÃ¼r"
Fehler field_count: Zeile 5, Satz 4, Byte 68: der Satz hat 2 Felder statt 3
  "***"; erwartet: 3 Felder
Warnung file_reference: Zeile 7, Satz 5, Spalte "Name" (2), Byte 79: die Zelle ist ein Dateipfad; die Datei selbst wird nicht übertragen
  "C:\\x.pdf"
`,
	} {
		var out strings.Builder
		rep := validate(t, staff, staffSchema)
		if err := rep.WriteText(&out, "staff.csv", language); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", language, diff)
		}
	}
}

func TestTextReportSaysHowManyMore(t *testing.T) {
	var out strings.Builder
	rep := validate(t, staff, func(s *csvschema.Schema) { staffSchema(s); s.MaxErrors = 1 })
	if err := rep.WriteText(&out, "x", ""); err != nil || !strings.Contains(out.String(), "… and 3 more\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestJSONReport(t *testing.T) {
	var out bytes.Buffer
	rep := validate(t, staff, staffSchema)
	good := validate(t, "a\n1\n", nil)
	if err := csvschema.WriteJSON(&out, csvschema.Checked{File: "staff.csv", SHA256: "00ff", Report: rep}, csvschema.Checked{File: "b", Report: good}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "geheim") {
		t.Error("a sensitive value is shown")
	}
	var document struct {
		FormatVersion string           `json:"format_version"`
		Files         []map[string]any `json:"files"`
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	first := document.Files[0]
	faults := first["errors"].([]any)
	if diff := cmp.Diff(map[string]any{
		"code": "type", "line": 3.0, "record": 2.0, "column": "Gehalt", "column_number": 3.0, "offset": 48.0, "value": "***",
		"message": "the value is not of type decimal", "expected": "a number like 1.234,56",
	}, faults[1]); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	delete(first, "errors")
	delete(first, "warnings")
	if diff := cmp.Diff(map[string]any{
		"file": "staff.csv", "sha256": "00ff", "size": float64(len(staff)), "encoding": "utf-8", "rows": 5.0, "valid": false,
		"error_count": 4.0, "warning_count": 1.0,
	}, first); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if list, ok := document.Files[1]["errors"].([]any); !ok || len(list) != 0 || document.FormatVersion != "1.0" {
		t.Errorf("second file %v, version %q", document.Files[1], document.FormatVersion)
	}
}

func TestCSVReport(t *testing.T) {
	var out bytes.Buffer
	rep := validate(t, staff, func(s *csvschema.Schema) {
		staffSchema(s)
		s.Columns[1].OneOf = []string{"Müller"}
	})
	if err := rep.WriteCSV(&out, ""); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(out.String(), "\ufeff")
	if !marked || !strings.Contains(text, "\r\n") {
		t.Errorf("no mark or no CRLF: %q", out.String())
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"level", "line", "record", "column", "column_number", "offset", "code", "value", "message", "expected"}, rows[0]); diff != "" {
		t.Errorf("header:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"error", "3", "2", "Name", "2", "41", "one_of", "'=1+1", "the value is none of those allowed", "Müller"}, rows[2]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if len(rows) != 1+len(rep.Errors)+len(rep.Warnings) {
		t.Errorf("%d rows for %d errors and %d warnings", len(rows), len(rep.Errors), len(rep.Warnings))
	}
	again := validate(t, text, func(s *csvschema.Schema) { s.Mojibake = csvschema.LevelAllow })
	if !again.Valid {
		t.Errorf("our own report is not valid: %v", brief(again.Errors))
	}
}

func TestRejectedRecords(t *testing.T) {
	rejected := func(text string, change func(*csvschema.Schema)) string {
		t.Helper()
		var out bytes.Buffer
		if err := validate(t, text, change).WriteRejected(&out, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := "\ufeffNr;Name;Gehalt\r\nx;\"=1+1\";geheim\r\n3;fÃ¼r;5\r\n4;\"a\nb\"\r\n"
	if diff := cmp.Diff(want, rejected(staff, staffSchema)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := rejected(wide("a;b\r\n1;ü\r\nx😀\r\n2;3"), nil)
	if diff := cmp.Diff(wide("a;b\r\nx😀\r\n"), got); diff != "" {
		t.Errorf("utf-16 (-want +got):\n%s", diff)
	}
	got = rejected("a;b\n1;"+strings.Repeat("x", 99)+"\n2\n", func(s *csvschema.Schema) { s.MaxRecord = 20 })
	if got != "a;b\n2\n" {
		t.Errorf("a record that is too long is left out, got %q", got)
	}
	rep := validate(t, "a;b\n1\n", nil)
	if err := rep.WriteRejected(&bytes.Buffer{}, strings.NewReader("a;b\n")); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("file cut: err = %v", err)
	}
}

func TestSensitiveValuesStayOut(t *testing.T) {
	secret := "geheim123"
	for _, text := range []string{
		"S;K\n" + secret + ";1\n", "S;K\n\"" + secret + "\"x;1\n", "S;K\n" + secret + "\n", "S;K\n1" + secret + "\x81\xfc;1\n",
		"S;K\n" + secret + "Ã¼;1\n", "S;K\n7;1\n7;1\n", "S;K\n1,00E+05;1\n",
	} {
		rep := validate(t, text, func(s *csvschema.Schema) {
			s.Columns = []csvschema.Column{{Name: "S", Sensitive: true, Unique: true, Pattern: regexp.MustCompile("[0-9]"), MaxLength: 3}, {Name: "K"}}
		})
		var out bytes.Buffer
		if err := rep.WriteText(&out, "x", ""); err != nil {
			t.Fatal(err)
		}
		if err := csvschema.WriteJSON(&out, csvschema.Checked{Report: rep}); err != nil {
			t.Fatal(err)
		}
		if err := rep.WriteCSV(&out, ""); err != nil {
			t.Fatal(err)
		}
		if rep.Valid || strings.Contains(out.String(), secret) || strings.Contains(out.String(), "1,00E") || !strings.Contains(out.String(), "***") {
			t.Errorf("%q: valid %v\n%s", text, rep.Valid, out.String())
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	rep := validate(t, "Nr;V\n1;"+strings.Repeat("ü", 500)+"\n", one(csvschema.Column{MaxLength: 9}))
	if v := []rune(rep.Errors[0].Value); len(v) != 80 || v[79] != '…' {
		t.Errorf("%d characters", len(v))
	}
}
