package german

import "testing"

func TestText(t *testing.T) {
	for _, c := range []struct{ english, german string }{
		// Whole sentences, phrases, and what they were made into at the begin of a sentence.
		{"Nothing was written.", "Es wurde nichts geschrieben."},
		{"the file is gone; nothing was sent", "die Datei ist verschwunden; es wurde nichts gesendet"},
		{"The file is gone; nothing was sent.", "Die Datei ist verschwunden; es wurde nichts gesendet."},
		// Arguments stay as they are.
		{`There is no command "Failed"`, `Es gibt keinen Befehl "Failed"`},
		{`Undeclared block "text"`, `Der Block "text" ist nicht deklariert`},
		{"Work/with a space.txt has no for_each, so it has one instance without a key.", "Work/with a space.txt hat kein for_each und deshalb eine einzige Instanz ohne Schlüssel."},
		// Several sentences, also behind an argument that may be missing.
		{`The configuration declares no such block. Did you mean "staff"?`, `Die Konfiguration deklariert keinen solchen Block. Meinten Sie "staff"?`},
		{"The configuration declares no such block.", "Die Konfiguration deklariert keinen solchen Block."},
		{"Invalid values. Nothing was written.", "Invalid values. Es wurde nichts geschrieben."},
		// Chains of errors, from each package that wrapped them.
		{"read the script: open x.ps1: no such file or directory", "Lesen des Skripts: Öffnen von x.ps1: Datei oder Verzeichnis nicht gefunden"},
		{"x.csv: permission denied", "x.csv: Zugriff verweigert"},
		{"read the script: a cause that nobody knows", "Lesen des Skripts: a cause that nobody knows"},
		{"a step that nobody knows: permission denied", "a step that nobody knows: permission denied"},
		// Pieces that are put behind a sentence.
		{
			"sent 2026-11-21 06:00 as import.staff[a b.csv], and other files were imported since. Send it again: dropform retry 'x'; count it as done: dropform adopt 'x'",
			"gesendet 2026-11-21 06:00 als import.staff[a b.csv], und seitdem wurden andere Dateien importiert. Noch einmal senden: dropform retry 'x'; als erledigt zählen: dropform adopt 'x'",
		},
		{"configuration: broken, main.hcl:3: Invalid expression; watch serves the version before", "Konfiguration: fehlerhaft, main.hcl:3: Ungültiger Ausdruck; watch bedient die Fassung davor"},
		// Servers are quoted, not translated.
		{
			`perbit ImportFile: the server says "Not started. File rejected" (HTTP 500 Internal Server Error, it is unknown whether the job was started); check customer_id and url of the connection`,
			`perbit ImportFile: der Server sagt "Not started. File rejected" (HTTP 500 Internal Server Error, ob der Auftrag begonnen wurde, ist unbekannt); prüfen Sie customer_id und url der Verbindung`,
		},
		{`perbit Login: connection refused (not sent)`, `perbit Login: Verbindung abgelehnt (nicht gesendet)`},
		// What nothing is known of stays English as a whole.
		{"The flux capacitor is empty", "The flux capacitor is empty"},
		{"The cat is text and more", "The cat is text and more"},
		{"staff after dinner", "staff after dinner"},
		{"new", "neu"},
		{"a new thing", "a new thing"},
		{"", ""},
		{"Missing closing ): `(`.", "Schließende ) fehlt: `(`."},
		{"12", "12"},
		// Numbers and lists.
		{"1,000 errors in it", "1.000 Fehler darin"},
		{`It takes "error", "warn" or "allow". Did you mean "warn"?`, `Es nimmt "error", "warn" oder "allow". Meinten Sie "warn"?`},
		{`Missing required attributes "folder" and "object"`, `Verlangt, aber nicht gesetzt: Attribute "folder" und "object"`},
		{"An import block needs folder and object.", "Der Block import braucht folder und object."},
		{`staff is text, not a number`, `staff ist Text, keine Zahl`},
		{`The value is the number 4. A number keeps no leading zero (04 is the number 4). Put it in quotes: "04".`, `Der Wert ist die Zahl 4. Eine Zahl behält keine führende Null (04 ist die Zahl 4). Setzen Sie den Wert in Anführungszeichen: "04".`},
		{"The value is a list of string. Write a text in quotes.", "Der Wert ist eine Liste von string. Schreiben Sie einen Text in Anführungszeichen."},
	} {
		if got := Text(c.english); got != c.german {
			t.Errorf("%s\n got %s\nwant %s", c.english, got, c.german)
		}
	}
}
