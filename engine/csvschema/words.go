package csvschema

import "fmt"

// phrase is one message in both languages; the verbs of both take the same arguments in the same order.
type phrase struct{ en, de string }

// words holds the message of every code. Arguments are never the content of a sensitive column.
var words = map[Code]phrase{
	CodeEmptyFile:       {"the file is empty", "die Datei ist leer"},
	CodeNotText:         {"this is not a text file: it holds binary data", "das ist keine Textdatei: sie enthält Binärdaten"},
	CodeExcelFile:       {"this is an Excel workbook or a zip archive, not CSV; save it as \"CSV (delimited)\" first", "das ist eine Excel-Mappe oder ein Zip-Archiv, keine CSV-Datei; zuerst als „CSV (Trennzeichen-getrennt)“ speichern"},
	CodeUTF16NoBOM:      {"this looks like UTF-16 without a byte order mark; save it as UTF-8, or as Unicode text with a mark", "das sieht nach UTF-16 ohne Byte Order Mark aus; als UTF-8 speichern oder als Unicode-Text mit Mark"},
	CodeUTF16BigEndian:  {"the file is UTF-16 in big-endian order; save it as UTF-8 or UTF-16LE", "die Datei ist UTF-16 (Big Endian); als UTF-8 oder UTF-16LE speichern"},
	CodeFileTooLarge:    {"the file is larger than %s bytes", "die Datei ist größer als %s Bytes"},
	CodeEncodingDiffers: {"the file is declared %s but is %s%s", "die Datei ist als %s angegeben, ist aber %s%s"},
	CodeHeader:          {"the header does not fit: %s", "die Kopfzeile passt nicht: %s"},
	CodeHeaderMissing:   {"the file ends before the header in record %s", "die Datei endet vor der Kopfzeile in Satz %s"},
	CodeTooFewRows:      {"the file has %s data records, at least %s are expected", "die Datei hat %s Datensätze, erwartet werden mindestens %s"},
	CodeTooManyRows:     {"the file has %s data records, at most %s are allowed", "die Datei hat %s Datensätze, erlaubt sind höchstens %s"},
	CodeShrunk:          {"the file has %s data records, the last accepted one had %s: more than %s fewer", "die Datei hat %s Datensätze, die zuletzt angenommene hatte %s: um mehr als %s weniger"},
	CodeUniqueLimit:     {"more than %s distinct values: duplicates beyond this row cannot be ruled out", "mehr als %s verschiedene Werte: ab dieser Zeile lassen sich Dubletten nicht ausschließen"},

	CodeUnclosedQuote:  {"the quote that opens field %s is never closed properly", "das öffnende Anführungszeichen von Feld %s wird nie richtig geschlossen"},
	CodeTextAfterQuote: {"field %s goes on behind its closing quote; a quote inside a quoted field must be doubled", "Feld %s geht hinter dem schließenden Anführungszeichen weiter; innerhalb eines Feldes muss es verdoppelt werden"},
	CodeBareQuote:      {"a quote stands inside field %s, which is not quoted; quote the field and double the quote", "in Feld %s steht ein Anführungszeichen, obwohl das Feld nicht damit beginnt; Feld einschließen und Zeichen verdoppeln"},
	CodeStrayCR:        {"field %s holds a carriage return outside quotes", "Feld %s enthält einen Wagenrücklauf außerhalb von Anführungszeichen"},
	CodeRecordTooLong:  {"the record is longer than %s bytes", "der Satz ist länger als %s Bytes"},
	CodeFieldCount:     {"the record has %s fields instead of %s", "der Satz hat %s Felder statt %s"},
	CodeBlankRow:       {"the row is blank", "die Zeile ist leer"},

	CodeOutsideFields: {"character %s of the line lies outside every field", "Zeichen %s der Zeile liegt außerhalb aller Felder"},
	CodeLineTooShort:  {"the line has %s characters and was cut off: its fields need %s", "die Zeile hat %s Zeichen und ist abgeschnitten: ihre Felder brauchen %s"},

	CodeUnmappable:    {"the file cannot be sent as %s, which lacks a character of this cell%s", "die Datei kann nicht als %s gesendet werden: dort fehlt ein Zeichen dieser Zelle%s"},
	CodeEncoding:      {"the cell is not valid %s%s", "die Zelle ist kein gültiges %s%s"},
	CodeExcelDamage:   {"a spreadsheet has damaged this value", "eine Tabellenkalkulation hat diesen Wert beschädigt"},
	CodeMojibake:      {"the text is garbled: UTF-8 that was read as Windows-1252", "der Text ist verstümmelt: UTF-8, das als Windows-1252 gelesen wurde"},
	CodeFileReference: {"the cell is a file path; the file itself is not sent", "die Zelle ist ein Dateipfad; die Datei selbst wird nicht übertragen"},
	CodeRequired:      {"the cell is empty", "die Zelle ist leer"},
	CodeType:          {"the value is not of type %s", "der Wert ist nicht vom Typ %s"},
	CodeScale:         {"the number has more than %s decimal places", "die Zahl hat mehr als %s Nachkommastellen"},
	CodeMinLength:     {"the text has %s characters, at least %s are required", "der Text hat %s Zeichen, mindestens %s sind verlangt"},
	CodeMaxLength:     {"the text has %s characters, at most %s are allowed", "der Text hat %s Zeichen, höchstens %s sind erlaubt"},
	CodePattern:       {"the value does not match the pattern", "der Wert entspricht nicht dem Muster"},
	CodeOneOf:         {"the value is none of those allowed", "der Wert ist keiner der erlaubten"},
	CodeInFile:        {"the value is not listed in %s", "der Wert steht nicht in %s"},
	CodeMin:           {"the value is below %s", "der Wert liegt unter %s"},
	CodeMax:           {"the value is above %s", "der Wert liegt über %s"},
	CodeUnique:        {"the value already occurs in record %s", "der Wert kommt schon in Satz %s vor"},

	CodeKey:        {"%s already occur together in record %s", "%s kommen zusammen schon in Satz %s vor"},
	CodeUniqueRows: {"the same row already occurs as record %s", "dieselbe Zeile kommt schon als Satz %s vor"},
	CodeCheck:      {"check %q: %s", "Prüfung %q: %s"},
	CodeCheckError: {"check %q cannot be evaluated for this row: %s", "Prüfung %q ist für diese Zeile nicht auswertbar: %s"},
}

// say puts a phrase into words in the language asked for; anything but "de" is English.
func (p phrase) say(language string, args ...any) string {
	text := p.en
	if language == "de" {
		text = p.de
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Phrases that are parts of others, or stand under "expected".
var (
	phraseByteRead     = phrase{": byte 0x%02X at offset %d; %s", ": Byte 0x%02X an Position %d; %s"}
	phraseBytes        = phrase{"bytes %s at offset %d; %s; %s", "Bytes %s an Position %d; %s; %s"}
	phraseReading      = phrase{"read as %s it is %q", "als %s gelesen ist es %q"}
	phraseUndefined    = phrase{"%s does not define it", "%s kennt es nicht"}
	phraseNUL          = phrase{"it holds a byte 0x00", "sie enthält ein Byte 0x00"}
	phraseDocument     = phrase{"%s: %s, %d rows, %s\n", "%s: %s, %d Datensätze, %s\n"}
	phraseValid        = phrase{"valid", "gültig"}
	phraseErrors       = phrase{"errors: %d", "Fehler: %d"}
	phraseWarnings     = phrase{"warnings: %d", "Warnungen: %d"}
	phraseMore         = phrase{"… and %d more\n", "… und %d weitere\n"}
	phraseLine         = phrase{"line %d", "Zeile %d"}
	phraseRecord       = phrase{"record %d", "Satz %d"}
	phraseColumn       = phrase{"column %q (%d)", "Spalte %q (%d)"}
	phraseByte         = phrase{"byte %d", "Byte %d"}
	phraseWarning      = phrase{"warning", "Warnung"}
	phraseError        = phrase{"error", "Fehler"}
	phraseExpected     = phrase{"expected: %s", "erwartet: %s"}
	phraseMissing      = phrase{"missing %s", "es fehlt %s"}
	phraseUnexpected   = phrase{"unexpected %s", "unerwartet %s"}
	phraseTwice        = phrase{"%s occurs twice", "%s kommt doppelt vor"}
	phraseOrder        = phrase{"column %d is %s instead of %s", "Spalte %d ist %s statt %s"}
	phraseDelimiter    = phrase{"is %q the delimiter?", "ist %q das Trennzeichen?"}
	phraseAlmost       = phrase{"%s is written %s", "%s ist %s geschrieben"}
	phraseInteger      = phrase{"a whole number, digits only", "eine ganze Zahl, nur Ziffern"}
	phraseDecimal      = phrase{"a number like %s", "eine Zahl wie %s"}
	phraseDate         = phrase{"a date in the form %s", "ein Datum der Form %s"}
	phraseTime         = phrase{"a time in the form %s", "eine Uhrzeit der Form %s"}
	phraseBoolean      = phrase{"one of 1 0 ja nein j n true false wahr falsch x", "eines von 1 0 ja nein j n true false wahr falsch x"}
	phraseEmail        = phrase{"an e-mail address", "eine E-Mail-Adresse"}
	phraseIBAN         = phrase{"an IBAN with a correct checksum", "eine IBAN mit richtiger Prüfziffer"}
	phraseText         = phrase{"text", "Text"}
	phraseNotEmpty     = phrase{"a value", "ein Wert"}
	phraseCharacters   = phrase{"%d characters", "%d Zeichen"}
	phraseCharacterOf  = phrase{"characters of %s", "Zeichen aus %s"}
	phraseFields       = phrase{"%d fields", "%d Felder"}
	phraseAtLeast      = phrase{"at least %s", "mindestens %s"}
	phraseAtMost       = phrase{"at most %s", "höchstens %s"}
	phraseNotBefore    = phrase{"a value that does not occur before", "ein Wert, der vorher nicht vorkommt"}
	phraseColumnsAre   = phrase{"columns %s", "Spalten %s"}
	phraseOriginalCell = phrase{"the value as it was before the spreadsheet", "der Wert, wie er vor der Tabellenkalkulation war"}
)

// pieces are the phrases that are no message of their own.
var pieces = []phrase{
	phraseByteRead, phraseBytes, phraseReading, phraseUndefined, phraseNUL, phraseDocument, phraseValid, phraseErrors,
	phraseWarnings, phraseMore, phraseLine, phraseRecord, phraseColumn, phraseByte, phraseWarning, phraseError,
	phraseExpected, phraseMissing, phraseUnexpected, phraseTwice, phraseOrder, phraseDelimiter, phraseAlmost,
	phraseInteger, phraseDecimal, phraseDate, phraseTime, phraseBoolean, phraseEmail, phraseIBAN, phraseText,
	phraseNotEmpty, phraseCharacters, phraseCharacterOf, phraseFields, phraseAtLeast, phraseAtMost, phraseNotBefore,
	phraseColumnsAre, phraseOriginalCell,
}

// Words is every English message about a CSV file, and every piece of one, with its German; the verbs of both take the same
// arguments in the same order.
func Words() map[string]string {
	out := map[string]string{}
	for _, p := range words {
		out[p.en] = p.de
	}
	for _, p := range pieces {
		out[p.en] = p.de
	}
	return out
}
