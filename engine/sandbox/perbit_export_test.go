package sandbox

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// exportOptions is a small tenant whose rows the tests can write down.
func exportOptions() Options {
	return Options{Tenants: []Tenant{{
		ID:    DemoCustomerID,
		Users: []User{{Name: DemoUser, Password: DemoPassword}},
		Methods: []Method{
			{
				Object: "Mitarbeiter", Name: "Lohn", Kind: Export, Header: true, Columns: []string{"Nr", "Name"}, Sort: []string{"Nr"},
				Criteria: []Criterion{{Column: "Firma", Placeholder: "FirmenNr"}, {Column: "Eintritt", Placeholder: "Eintrittsdatum", From: true}},
			},
			{Object: "Mitarbeiter", Name: "Fest", Kind: Export, Columns: []string{"Nr", "Name", "Fehlt"}, Widths: []int{4, 6, 2}, Encoding: "cp1252"},
			{Object: "Mitarbeiter", Name: "Tabulator", Kind: Export, Delimiter: "\t", Sort: []string{"Name"}},
		},
		Rows: map[string]*Table{"Mitarbeiter": {
			Columns: []string{"Nr", "Name", "Firma", "Eintritt"},
			Rows: [][]string{
				{"10", "Weiß", "04", "01.02.2005"},
				{"9", "Groß;Klein", "04", "31.01.2005"},
				{"2", "Österreicher", "04", "01.03.2006"},
				{"3", "Ünal", "07", "01.03.2006"},
				{"4", `Zoe "Z"`, "04", ""},
			},
		}},
	}}}
}

func TestExportFiltersSortsAndFormats(t *testing.T) {
	c := start(t, exportOptions())
	session := c.login("Export")
	for _, tc := range []struct{ method, variables, want string }{
		{"Lohn", `{"FirmenNr":"04","Eintrittsdatum":"01.02.2005"}`, "Nr;Name\r\n2;Österreicher\r\n10;Weiß\r\n"},
		{"Lohn", `{"FirmenNr":"04","Eintrittsdatum":"01.01.2000"}`, "Nr;Name\r\n2;Österreicher\r\n9;\"Groß;Klein\"\r\n10;Weiß\r\n"},
		{"Lohn", `{"FirmenNr":"4","Eintrittsdatum":"01.01.2000"}`, "Nr;Name\r\n"},
		{"Lohn", `{"FirmenNr":"04","Eintrittsdatum":"2000-01-01"}`, "Nr;Name\r\n"},
		{"Fest", "", "10  Wei\xdf    \r\n9   Gro\xdf;K  \r\n2   \xd6sterr  \r\n3   \xdcnal    \r\n4   Zoe \"Z  \r\n"},
		{"Tabulator", "", "9\tGroß;Klein\t04\t31.01.2005\r\n10\tWeiß\t04\t01.02.2005\r\n4\t\"Zoe \"\"Z\"\"\"\t04\t\r\n2\tÖsterreicher\t04\t01.03.2006\r\n3\tÜnal\t07\t01.03.2006\r\n"},
	} {
		if got := c.export(session, "Mitarbeiter", tc.method, tc.variables); got != tc.want {
			t.Errorf("%s %s\n got %q\nwant %q", tc.method, tc.variables, got, tc.want)
		}
	}
	record := c.server.Exports()[0]
	if record.Rows != 2 || record.Fetched != 1 || record.Size != int64(len("Nr;Name\r\n2;Österreicher\r\n10;Weiß\r\n")) || record.Variables["FirmenNr"] != "04" {
		t.Errorf("recorded %+v", record)
	}
}

// TestVariableSpellings: the samples of perbit 3.2.2 to 3.2.5 and what clients
// make of them.
func TestVariableSpellings(t *testing.T) {
	sample := map[string]string{"FirmenNr": "04", "Eintrittsdatum": "01.02.2005"}
	for text, want := range map[string]map[string]string{
		`{"FirmenNr":"04","Eintrittsdatum":"01.02.2005"}`:        sample,
		`'{"FirmenNr":'04','Eintrittsdatum':'01.02.2005}'`:       sample,
		`{"FirmenNr":'04','Eintrittsdatum':'01.02.2005}`:         sample,
		`"'FirmenNr': '04', 'Eintrittsdatum': '01.02.2005'"`:     sample,
		`'FirmenNr': '04', 'Eintrittsdatum': '01.02.2005'`:       sample,
		`"{'FirmenNr': '04', 'Eintrittsdatum': '01.02.2005'}"`:   sample,
		`{'FirmenNr': '04', 'Eintrittsdatum': '01.02.2005'}`:     sample,
		`"FirmenNr": "04", "Eintrittsdatum": "01.02.2005"`:       sample,
		`{FirmenNr: 04, Eintrittsdatum: 01.02.2005}`:             sample,
		`{"Ort":"M\u00fcnchen \ud83d\ude00","Nr":7,"Leer":null}`: {"Ort": "München 😀", "Nr": "7"},
		`{'Ort':'M\u00fcnchen \ud83d\ude00','Name':'O\'Neil'}`:   {"Ort": "München 😀", "Name": "O'Neil"},
		`{'Zeit':'08:30, früh'}`:                                 {"Zeit": "08:30, früh"},
		``:                                                       {},
		`{}`:                                                     {},
		`{"FirmenNr"`:                                            {},
	} {
		if got := parseVariables(text); !maps.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func FuzzParseVariables(f *testing.F) {
	f.Add(`'{"FirmenNr":'04','Eintrittsdatum':'01.02.2005}'`)
	f.Add(`{'a':'\`)
	f.Add(`{'a':'\ud83d\u`)
	f.Fuzz(func(t *testing.T, text string) {
		for name, value := range parseVariables(text) {
			if len(name)+len(value) > 3*len(text) {
				t.Errorf("%q gave more than was there: %q=%q", text, name, value)
			}
		}
	})
}

func TestExportActions(t *testing.T) {
	clock := newClock()
	options := Demo()
	options.Now, options.JobTime = clock.Now, time.Minute
	c := start(t, options)
	session := c.login("Export")
	r := c.call("Export", "LoginAndExport", "", params{
		"authorization": basic("API-Export-User", DemoPassword), "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt",
	}, nil)
	own, id := c.field(r, "SecurityId"), c.field(r, "ExportId")
	c.refused(c.call("Export", "GetResult", "", params{"SecurityId": own, "ExportID": id}, nil), "Es wurden keine Daten zu dieser Export-ID gefunden.")
	c.refused(c.call("Export", "GetResult", "", params{"SecurityId": session, "ExportId": id}, nil), "Es wurden keine Daten zu dieser Export-ID gefunden.")
	clock.advance(30 * time.Second)
	if got := c.progress("Export", own, id); got != (progress{ProgressMessage: "50%", ProgressValue: "50"}) {
		t.Errorf("half way: %+v", got)
	}
	second := c.field(c.call("Export", "Export", "", params{"SecurityId": own, "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt"}, nil), "ExportId")
	if body := c.good(c.call("Export", "Cancel", "", params{"SecurityId": own, "ExportId": second}, nil)); body != "" {
		t.Errorf("cancel answered %q (perbit 3.2.7: nothing)", body)
	}
	clock.advance(30 * time.Second)
	if got := c.progress("Export", own, id); !got.IsCompleted || got.ProgressValue != "100" {
		t.Errorf("at the end: %+v", got)
	}
	first := c.call("Export", "GetResult", "", params{"SecurityId": own, "ExportID": id}, nil)
	if again := c.good(c.call("Export", "GetResult", "", params{"SecurityId": own, "ExportId": id}, nil)); c.good(first) != again || again == "" {
		t.Error("the result changed between two calls")
	}
	if got := first.header.Get("Content-Type"); got != "text/plain" {
		t.Errorf("content type %q, want one without charset", got)
	}
	c.refused(c.call("Export", "GetResult", "", params{"SecurityId": own, "ExportId": second}, nil), "Es wurden keine Daten zu dieser Export-ID gefunden.")
	if body := c.good(c.call("Export", "Logout", "", params{"SecurityId": own}, nil)); body != "" {
		t.Errorf("logout answered %q (perbit 3.2.9: nothing)", body)
	}
}

// TestDemo holds the demo tenant to what the documentation's example needs.
func TestDemo(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	c := start(t, Options{Tenants: []Tenant{DemoTenant(DemoCustomerID, now)}})
	session := c.login("Export")
	for _, company := range []string{"04", "07"} {
		lines := strings.Split(c.export(session, "Mitarbeiter", "Datenexport Lohn", `{"FirmenNr":"`+company+`","Eintrittsdatum":"01.12.2026"}`), "\r\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], "PersonalNr;Name;") || !strings.Contains(lines[1], ".2027;") {
			t.Errorf("company %s: %q", company, lines)
		}
	}
	if got := strings.Count(c.export(session, "Mitarbeiter", "Datenexport Gesamt", ""), "\r\n"); got != 41 {
		t.Errorf("%d lines in all, want 41", got)
	}
	for line := range strings.Lines(c.export(session, "Mitarbeiter", "Datenexport Lohn fest", "")) {
		if len(line) != 8+20+15+10+6+2 || utf8.ValidString(line) && strings.ContainsAny(line, "\x1a?") {
			t.Errorf("fixed line %q", line)
		}
	}
	_, protocol := c.importText(staffParams(c.login("Import")), "PersonalNr;Eintritt;Gehalt;Abteilung\r\n1001;01.05.1995;4.100,00;Vertrieb\r\n")
	if !strings.Contains(protocol, "Geändert:     1\r\nAbgewiesen:   0\r\n") {
		t.Errorf("the example's file:\n%s", protocol)
	}
}
