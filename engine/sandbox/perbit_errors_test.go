package sandbox

import (
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

const unknownGUID = "00000000-0000-4000-8000-000000000001"

// TestRefusalTexts goes through the tables of perbit 2.4 and 3.4.
func TestRefusalTexts(t *testing.T) {
	c := start(t, Options{})
	guest := params{"authorization": basic("API-Gast", DemoPassword)}
	importID, exportID := c.login("Import"), c.login("Export")
	with := func(base params, name, value string) params {
		out := params{}
		for k, v := range base {
			out[k] = v
		}
		out[name] = value
		return out
	}
	payroll := params{"SecurityId": exportID, "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Lohn", "ExportVariables": `{"FirmenNr":"04"}`}
	guestImport := params{"SecurityId": c.field(c.call("Import", "Login", "", guest, nil), "SecurityId"), "ObjectName": "Abwesenheiten", "MethodName": absenceMethod}
	guestExport := params{"SecurityId": c.field(c.call("Export", "Login", "", guest, nil), "SecurityId"), "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt"}

	for _, tc := range []struct {
		on, action string
		headers    params
		want       string
	}{
		{"Import", "Login", params{"authorization": basic(DemoUser, "falsch")}, "Ungültige Anmeldeparameter!"},
		{"Import", "Login", params{"authorization": "Negotiate abc"}, "Ungültige Anmeldeparameter!"},
		{"Import", "Login", nil, "Ungültige Anmeldeparameter!"},
		{"Import", "LoginAndImport", params{"authorization": basic("", "")}, "Ungültige Anmeldeparameter!"},
		{"Export", "Login", params{"authorization": basic("Niemand", DemoPassword)}, "Ungültige Anmeldungsparameter!"},
		{"Export", "LoginAndExport", nil, "Ungültige Anmeldungsparameter!"},
		{"Import", "Logout", with(absenceParams(importID), "authorization", basic(DemoUser, "falsch")), "Ungültige Anmeldeparameter!"},

		{"Import", "Import", with(absenceParams(importID), "ObjectName", "Bewerber"), "Methode ist nicht vorhanden./Ungültiger Methodentyp."},
		{"Import", "Import", with(absenceParams(importID), "MethodName", "Import Unbekannt"), "Methode ist nicht vorhanden."},
		{"Import", "Import", with(staffParams(importID), "MethodName", "Datenexport Gesamt"), "Ungültiger Methodentyp."},
		{"Export", "Export", with(payroll, "ObjectName", ""), "Methode ist nicht vorhanden./Ungültiger Methodentyp."},
		{"Export", "Export", with(payroll, "MethodName", "datenexport lohn"), "Methode ist nicht vorhanden."},
		{"Export", "Export", with(payroll, "MethodName", "Import Mitarbeiterstammdaten Standard"), "Ungültiger Methodentyp."},

		{"Import", "Import", guestImport, "Um diese Aktion auszuführen sind Berechtigungen erforderlich."},
		{"Export", "Export", guestExport, "Um diese Aktion auszuführen sind Berechtigungen erforderlich."},

		{"Import", "GetProgress", params{"SecurityId": unknownGUID, "ImportId": unknownGUID}, "Ungültiges Securitytoken!"},
		{"Export", "Logout", params{"SecurityId": importID}, "Ungültiges Securitytoken!"},
		{"Import", "Logout", params{"SecurityId": exportID}, "Ungültiges Securitytoken!"},

		{"Import", "GetProgress", params{"SecurityId": importID, "ImportId": unknownGUID}, "Es wurden keine Daten zu dieser Import-ID gefunden."},
		{"Import", "GetProtocol", params{"SecurityId": importID, "ImportId": unknownGUID}, "Es wurden keine Daten zu dieser Import-ID gefunden."},
		{"Import", "Cancel", params{"SecurityId": importID, "ImportId": unknownGUID}, "Es wurden keine Daten zu dieser Import-ID gefunden."},
		{"Export", "GetResult", params{"SecurityId": exportID, "ExportId": unknownGUID}, "Es wurden keine Daten zu dieser Export-ID gefunden."},

		{"Import", "Export", nil, "ImportAction Export is invalid!"},
		{"Import", "login", nil, "ImportAction login is invalid!"},
		{"Export", "GetProtocol", nil, "ExportAction GetProtocol is invalid!"},
		{"Export", "", nil, "ExportAction  is invalid!"},

		{"Import", "Logout", params{"SecurityId": "40e66335"}, "GUID muss 32 Ziffern mit 4 Bindestrichen enthalten (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."},
		{"Export", "Export", with(payroll, "SecurityId", "{"+exportID+"}"), "GUID muss 32 Ziffern mit 4 Bindestrichen enthalten (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."},
		{"Import", "Cancel", params{"SecurityId": importID, "ImportId": "x"}, "GUID muss 32 Ziffern mit 4 Bindestrichen enthalten (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."},

		{"Import", "Import", with(absenceParams(""), "SecurityId", ""), "Der Wert darf nicht NULL sein. Parametername: SecurityId"},
		{"Import", "GetProgress", params{"SecurityId": importID}, "Der Wert darf nicht NULL sein. Parametername: ImportId"},
		{"Export", "GetResult", params{"SecurityId": exportID, "ImportId": unknownGUID}, "Der Wert darf nicht NULL sein. Parametername: ExportId"},
		{"Export", "Export", payroll, "Der Wert darf nicht NULL sein. Parametername: Eintrittsdatum"},
		{"Export", "Export", with(payroll, "ExportVariables", `{"FirmenNr":"","Eintrittsdatum":"01.01.2026"}`), "Der Wert darf nicht NULL sein. Parametername: FirmenNr"},
	} {
		t.Run(tc.on+tc.action+"/"+tc.want, func(t *testing.T) {
			sub := *c
			sub.t = t
			sub.refused(sub.call(tc.on, tc.action, "", tc.headers, nil), tc.want)
		})
	}
	if n := len(c.server.Imports()) + len(c.server.Exports()); n != 0 {
		t.Errorf("%d refused calls were recorded as done", n)
	}
	if got := c.server.RefusedLogins(); got != 7 {
		t.Errorf("%d refused logins, want 7", got)
	}
}

func TestTenantIsTakenFromURLOnly(t *testing.T) {
	c := start(t, Options{})
	auth := params{"authorization": basic(DemoUser, DemoPassword)}
	for _, id := range []string{"", unknownGUID, "x"} {
		c.id = id
		c.refused(c.call("Import", "Login", "", auth, nil), "Tenant not found!")
		c.refused(c.call("Export", "GetProgress", "", auth, nil), "Tenant not found!")
		c.refused(c.call("Export", "Nonsense", "", auth, nil), "Tenant not found!")
	}
	auth["Id"] = DemoCustomerID
	c.refused(c.call("Import", "Login", "", auth, nil), "Tenant not found!")
	c.id = strings.ToUpper(DemoCustomerID)
	c.good(c.call("Import", "Login", "", auth, nil))
}

func TestAuthorizationIsTakenFromHeaderOnly(t *testing.T) {
	c := start(t, Options{})
	query := "&authorization=" + strings.ReplaceAll(basic(DemoUser, DemoPassword), " ", "%20")
	c.refused(c.call("Import", "Login", query, nil, nil), "Ungültige Anmeldeparameter!")
}

func TestUploadLimit(t *testing.T) {
	c := start(t, Options{MaxUpload: 2 << 20})
	session := c.login("Import")
	big := "PersonalNr;Art;Von\r\n" + strings.Repeat("1;Urlaub;01.01.2026\r\n", 200_000)
	c.refused(c.call("Import", "Import", "", absenceParams(session), strings.NewReader(big)), "Maximale Nachrichtengröße überschritten (2 MB)!")
	c.good(c.call("Import", "Import", "", absenceParams(session), strings.NewReader(big[:2<<20])))
	c.inject(Fault{Kind: FaultSizeLimit, Limit: 30_000_000, Times: 1})
	c.refused(c.call("Import", "Import", "", absenceParams(session), strings.NewReader(strings.Repeat(big, 8))), "Maximale Nachrichtengröße überschritten (30 MB)!")
	if got := c.server.Imports(); len(got) != 1 || got[0].Size != 2<<20 {
		t.Errorf("recorded %+v, want the one of exactly the limit", got)
	}
}

func TestMultipartIsRefused(t *testing.T) {
	c := start(t, Options{})
	headers := absenceParams(c.login("Import"))
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() {
		part, _ := form.CreateFormFile("file", "a.csv")
		_, _ = part.Write([]byte("PersonalNr;Art;Von\r\n"))
		writer.CloseWithError(form.Close())
	}()
	headers["Content-Type"] = form.FormDataContentType()
	c.refused(c.call("Import", "Import", "", headers, reader), "Multipart-Requests werden nicht unterstützt.")
}

func TestOtherAddressesAndMethods(t *testing.T) {
	c := start(t, Options{})
	response, err := c.http.Get(c.base + "/webApi/ImportStream.ashx?Id=" + c.id + "&ImportAction=Login")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", response.StatusCode, response.Header.Get("Allow"))
	}
	r := c.post(c.base+"/webApi/Import.ashx?Id="+c.id, nil, nil)
	if r.status != http.StatusNotFound || !strings.Contains(r.body, "<html>") {
		t.Errorf("wrong address: %d %q", r.status, r.body)
	}
}

func TestSessionEnds(t *testing.T) {
	clock := newClock()
	c := start(t, Options{Now: clock.Now, SessionTTL: 10 * time.Minute})
	session := c.login("Import")
	ids := params{"SecurityId": session, "ImportId": unknownGUID}
	for range 3 {
		clock.advance(9 * time.Minute)
		c.refused(c.call("Import", "GetProgress", "", ids, nil), "Es wurden keine Daten zu dieser Import-ID gefunden.")
	}
	if got := c.server.OpenSessions(); got != 1 {
		t.Errorf("%d open sessions, want 1", got)
	}
	clock.advance(10*time.Minute + time.Second)
	c.refused(c.call("Import", "GetProgress", "", ids, nil), "Die Sitzung wurde nicht gefunden oder ist abgelaufen!")
	if got := c.server.OpenSessions(); got != 0 {
		t.Errorf("%d open sessions, want none", got)
	}
	again := c.login("Import")
	if body := c.good(c.call("Import", "Logout", "", params{"SecurityId": again}, nil)); body != "" {
		t.Errorf("logout answered %q", body)
	}
	c.refused(c.call("Import", "Logout", "", params{"SecurityId": again}, nil), "Ungültiges Securitytoken!")
	if c.server.Logins() != 2 || c.server.OpenSessions() != 0 {
		t.Errorf("logins %d, open %d", c.server.Logins(), c.server.OpenSessions())
	}
}
