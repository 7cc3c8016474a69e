package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

func TestImportProtocol(t *testing.T) {
	clock := newClock()
	c := start(t, Options{Now: clock.Now})
	session := c.login("Import")
	headers := absenceParams(session)
	headers["EmailAddress"] = "lohn@mustermann.example"
	text := "\ufeffPersonalNr;Art;Von;Bis\r\n" +
		"1001;Urlaub;02.01.2026;03.01.2026\r\n" + // seeded: changed
		"2001;\"Kur; \"\"stationär\"\"\nmit Anreise\";01.12.2026;\r\n" + // new, two lines
		"\r\n" +
		";Urlaub;01.12.2026;\r\n" +
		"2002;;01.12.2026;\r\n" +
		"2003;Urlaub;31.02.2026;\r\n" +
		"2004;Urlaub;01.12.2026\r\n" +
		"2005;\"offen\"x;01.12.2026;\r\n" +
		"2006;C:\\Bilder\\a.jpg;01.12.2026;\r\n" +
		"2001;Urlaub;01.12.2026;05.12.2026" // the new one again: changed
	id, protocol := c.importText(headers, text)
	want := `Importprotokoll
===============

Objekt:       Abwesenheiten
Methode:      Import Abwesenheiten
Benutzer:     API-Import-User
Import-ID:    ` + id + `
Beginn:       21.11.2026 06:00:00
Ende:         21.11.2026 06:00:00

Gelesen:      9
Neu angelegt: 1
Geändert:     2
Abgewiesen:   6

Abgewiesene Datensätze:
Zeile 6: Das Schlüsselfeld „PersonalNr“ ist leer.
Zeile 7: Das Pflichtfeld „Art“ ist leer.
Zeile 8: „31.02.2026“ ist kein gültiges Datum (Spalte „Von“).
Zeile 9: Falsche Anzahl Spalten: 3 statt 4.
Zeile 10: Die Anführungszeichen sind nicht paarig.
Zeile 11: Verweise auf Dateien können nicht importiert werden (Spalte „Art“).

Der Import wurde mit Fehlern beendet.
`
	if got := strings.ReplaceAll(protocol, "\r\n", "\n"); got != want {
		t.Errorf("protocol\n%s\nwant\n%s", got, want)
	}
	sum := sha256.Sum256([]byte(text))
	record := ImportRecord{
		ID: id, Tenant: DemoCustomerID, User: DemoUser, Object: "Abwesenheiten", Method: absenceMethod,
		Email: "lohn@mustermann.example", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)),
		ReceivedAt: clock.Now(), Rows: 9, Rejected: 6,
	}
	if got := c.server.Imports(); len(got) != 1 || got[0] != record {
		t.Errorf("recorded %+v, want %+v", got, record)
	}
	exported := c.export(c.login("Export"), "Abwesenheiten", "Datenexport Abwesenheiten", "'Von': '01.12.2026'")
	if want := "PersonalNr;Art;Von;Bis;Tage;Bemerkung\r\n2001;Urlaub;01.12.2026;05.12.2026;;\r\n"; exported != want {
		t.Errorf("table holds %q, want %q", exported, want)
	}
}

func TestImportReadsBothCharsetsAndKeepsOtherColumns(t *testing.T) {
	c := start(t, Options{})
	ansi, err := charmap.Windows1252.NewEncoder().String("PersonalNr;Name\n1001;Mühlgräf\n")
	if err != nil {
		t.Fatal(err)
	}
	session := c.login("Import")
	c.importText(staffParams(session), ansi)
	c.importText(staffParams(session), "PersonalNr;Vorname;Bemerkung\n1001;Jörn;geprüft €\n")
	got := c.export(c.login("Export"), "Mitarbeiter", "Datenexport Gesamt", "")
	if want := "1001;01;Mühlgräf;Jörn;24.07.1962;01.05.1995;Vertrieb;4001;3700,00;33602;Bielefeld;geprüft €\r\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

func TestHeaderThatDoesNotFitRejectsEveryRow(t *testing.T) {
	for header, reason := range map[string]string{
		"PersonalNr;Nmae":     "Zeile 1: Die Spalte „Nmae“ ist in der Importmethode nicht vorhanden.",
		"Name;Vorname":        "Zeile 1: Die Spalte „PersonalNr“ fehlt.",
		"PersonalNr;Ort;Ort":  "Zeile 1: Die Spalte „Ort“ kommt mehrfach vor.",
		"\"PersonalNr\"x;Ort": "Zeile 1: Die Anführungszeichen sind nicht paarig.",
	} {
		c := start(t, Options{})
		_, protocol := c.importText(staffParams(c.login("Import")), header+"\n1001;Bonn\n1002;Bonn\n")
		if !strings.Contains(protocol, reason+" Alle Datensätze wurden abgewiesen.\r\n") ||
			!strings.Contains(protocol, "Gelesen:      2\r\nNeu angelegt: 0\r\nGeändert:     0\r\nAbgewiesen:   2\r\n") {
			t.Errorf("%s:\n%s", header, protocol)
		}
		if got := c.export(c.login("Export"), "Mitarbeiter", "Datenexport Gesamt", ""); strings.Contains(got, "Bonn") || strings.Contains(got, "Nmae") {
			t.Errorf("%s reached the table:\n%s", header, got)
		}
	}
}

func TestEmptyImportReadsNothing(t *testing.T) {
	c := start(t, Options{})
	_, protocol := c.importText(staffParams(c.login("Import")), "")
	if !strings.Contains(protocol, "Gelesen:      0\r\n") || !strings.Contains(protocol, "Die Importdatei ist leer.") {
		t.Errorf("protocol\n%s", protocol)
	}
	if got := c.server.Imports(); len(got) != 1 || got[0].Size != 0 {
		t.Errorf("recorded %+v", got)
	}
}

func TestLongRecordsAreRejectedAndTheNextLineRead(t *testing.T) {
	c := start(t, Options{})
	long := "3001;\"" + strings.Repeat("ü", maxRecord) + "\n"
	_, protocol := c.importText(staffParams(c.login("Import")), "PersonalNr;Name\n"+long+"3002;Meyer\n3003;\"offen\n")
	for _, want := range []string{
		"Neu angelegt: 1", "Abgewiesen:   2", "Zeile 2: Der Datensatz ist zu lang.",
		"Zeile 4: Die Anführungszeichen sind nicht paarig.",
	} {
		if !strings.Contains(protocol, want) {
			t.Errorf("no %q in\n%s", want, protocol)
		}
	}
}

// TestParameterSpellings: names in any case, as header or in the URL, values in
// UTF-8 or Windows-1252 (perbit 2.1).
func TestParameterSpellings(t *testing.T) {
	options := Demo()
	options.Tenants[0].Methods = append(options.Tenants[0].Methods, Method{Object: "Prüfung", Name: "Import Prüfung", Kind: Import})
	c := start(t, options)
	session := c.login("Import")
	for name, send := range map[string]func() reply{
		"url": func() reply {
			return c.post(c.base+"/importstream.ASHX?ID="+c.id+"&importaction=Import&SECURITYID="+session+
				"&objectname=Pr%C3%BCfung&METHODNAME=Import%20Pr%C3%BCfung", nil, nil)
		},
		"url in Windows-1252": func() reply {
			return c.call("Import", "Import", "&SecurityId="+session+"&ObjectName=Pr%FCfung&MethodName=Import+Pr%FCfung", nil, nil)
		},
		"header": func() reply {
			return c.call("Import", "Import", "", params{"securityid": session, "OBJECTNAME": "Prüfung", "Methodname": "Import Prüfung"}, nil)
		},
		"header in Windows-1252": func() reply {
			return c.call("Import", "Import", "", params{"SecurityId": session, "ObjectName": "Pr\xfcfung", "MethodName": "Import Pr\xfcfung"}, nil)
		},
		"every call with Basic": func() reply {
			return c.call("Import", "Import", "", params{
				"SecurityId": session, "ObjectName": "Prüfung", "MethodName": "Import Prüfung", "authorization": basic(DemoUser, DemoPassword),
			}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) { c.field(send(), "ImportId") })
	}
}

func TestLoginAndImport(t *testing.T) {
	c := start(t, Options{})
	headers := staffParams("")
	delete(headers, "SecurityId")
	headers["authorization"] = basic(DemoUser, DemoPassword)
	r := c.call("Import", "LoginAndImport", "&WaitForResult=1", headers, strings.NewReader("PersonalNr\n1\n"))
	session, id := c.field(r, "SecurityId"), c.field(r, "ImportId")
	c.good(c.call("Import", "GetProtocol", "", params{"SecurityId": session, "ImportId": id}, nil))
	headers["MethodName"] = "?"
	c.refused(c.call("Import", "LoginAndImport", "", headers, nil), "Methode ist nicht vorhanden.")
	if c.server.OpenSessions() != 1 || c.server.Logins() != 1 {
		t.Errorf("a refused start left a session: open %d", c.server.OpenSessions())
	}
}
