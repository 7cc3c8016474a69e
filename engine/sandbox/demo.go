package sandbox

import "time"

// What a client of the demo tenant needs.
const (
	// DemoCustomerID is the tenant of Demo.
	DemoCustomerID = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
	// DemoUser may run every method of the demo tenant.
	DemoUser = "API-Import-User"
	// DemoPassword is the password of all its users: DemoUser, the vendor's
	// second sample user "API-Export-User", and "API-Gast", who lacks the
	// Öffnen-Recht on every method.
	DemoPassword = "Sandkasten-04"
)

// Demo returns options with one believable tenant and no delays: a machine
// builder of twelve companies ("01" to "12") and forty people, of whom one in
// each company starts in the coming months. The CONBOX service has
// DemoDocuments and asks for DemoConboxUser with DemoPassword.
func Demo() Options {
	return Options{Tenants: []Tenant{DemoTenant(DemoCustomerID, time.Now())}, Documents: DemoDocuments(), Conbox: demoConbox()}
}

// DemoTenant returns the demo tenant under another customer id, for several
// tenants in one sandbox. The dates of entry still to come are taken from now.
func DemoTenant(id string, now time.Time) Tenant {
	methods := demoMethods()
	var names []string
	for _, m := range methods {
		names = append(names, m.Name)
	}
	return Tenant{
		ID: id,
		Users: []User{
			{Name: DemoUser, Password: DemoPassword},
			{Name: "API-Export-User", Password: DemoPassword},
			{Name: "API-Gast", Password: DemoPassword, NoRights: names},
		},
		Methods: methods,
		Rows: map[string]*Table{
			"Mitarbeiter":   demoStaff(now),
			"Abwesenheiten": parseTable(demoAbsences),
		},
	}
}

func demoMethods() []Method {
	return []Method{
		{
			Object: "Mitarbeiter", Name: "Import Mitarbeiterstammdaten Standard", Kind: Import,
			Columns: []string{
				"PersonalNr", "FirmenNr", "Anrede", "Titel", "Name", "Vorname", "Geburtsdatum", "Eintritt", "Austritt",
				"Abteilung", "Kostenstelle", "Gehalt", "Strasse", "PLZ", "Ort", "Telefon", "EMail", "IBAN", "Bemerkung",
			},
			Key:   []string{"PersonalNr"},
			Dates: []string{"Geburtsdatum", "Eintritt", "Austritt"},
		},
		{
			Object: "Abwesenheiten", Name: "Import Abwesenheiten", Kind: Import,
			Columns:  []string{"PersonalNr", "Name", "Art", "Von", "Bis", "Tage", "Bemerkung"},
			Key:      []string{"PersonalNr", "Von"},
			Required: []string{"Art"},
			Dates:    []string{"Von", "Bis"},
		},
		{
			Object: "Zeitdaten", Name: "Import Zeitdaten", Kind: Import,
			Columns: []string{"PersonalNr", "Name", "Datum", "Kommen", "Gehen", "Pause", "Stunden", "Kostenstelle", "Bemerkung"},
			Key:     []string{"PersonalNr", "Datum"},
			Dates:   []string{"Datum"},
		},
		{
			Object: "Mitarbeiter", Name: "Datenexport Lohn", Kind: Export, Header: true,
			Columns: []string{"PersonalNr", "Name", "Vorname", "FirmenNr", "Eintritt", "Kostenstelle", "Gehalt"},
			Criteria: []Criterion{
				{Column: "FirmenNr", Placeholder: "FirmenNr"},
				{Column: "Eintritt", Placeholder: "Eintrittsdatum", From: true},
			},
			Sort: []string{"PersonalNr"},
		},
		{
			Object: "Mitarbeiter", Name: "Datenexport Gesamt", Kind: Export, Header: true,
			Sort: []string{"FirmenNr", "Name", "Vorname"},
		},
		{
			Object: "Mitarbeiter", Name: "Datenexport Lohn fest", Kind: Export, Encoding: "cp1252",
			Columns: []string{"PersonalNr", "Name", "Vorname", "Eintritt", "Kostenstelle"},
			Widths:  []int{8, 20, 15, 10, 6},
			Sort:    []string{"PersonalNr"},
		},
		{
			Object: "Abwesenheiten", Name: "Datenexport Abwesenheiten", Kind: Export, Header: true,
			Criteria: []Criterion{{Column: "Von", Placeholder: "Von", From: true}},
			Sort:     []string{"PersonalNr"},
		},
	}
}
