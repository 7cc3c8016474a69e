package csvschema

// words holds the message of every code. Arguments are never the content of a sensitive column.
var words = map[Code]Phrase{
	CodeEmptyFile:       {"the file is empty", "die Datei ist leer"},
	CodeNotText:         {"this is not a text file: it holds binary data%s", "das ist keine Textdatei: sie enthält Binärdaten%w"},
	CodeExcelFile:       {"this is an Excel workbook or a zip archive, not CSV; save it as \"CSV (delimited)\" first", "das ist eine Excel-Mappe oder ein Zip-Archiv, keine CSV-Datei; zuerst als „CSV (Trennzeichen-getrennt)“ speichern"},
	CodeUTF16NoBOM:      {"this looks like UTF-16 without a byte order mark; save it as UTF-8, or as Unicode text with a mark", "das sieht nach UTF-16 ohne Byte Order Mark aus; als UTF-8 speichern oder als Unicode-Text mit Mark"},
	CodeUTF16BigEndian:  {"the file is UTF-16 in big-endian order; save it as UTF-8 or UTF-16LE", "die Datei ist UTF-16 (Big Endian); als UTF-8 oder UTF-16LE speichern"},
	CodeFileTooLarge:    {"the file is larger than %s", "die Datei ist größer als %w"},
	CodeEncodingDiffers: {"the file is declared %s but is %s%s", "die Datei ist als %s angegeben, ist aber %s%w"},
	CodeHeader:          {"the header does not fit: %s", "die Kopfzeile passt nicht: %w"},
	CodeHeaderMissing:   {"the file ends before the header in record %s", "die Datei endet vor der Kopfzeile in Satz %s"},
	CodeTooFewRows:      {"the file has %s, expected: at least %s", "die Datei hat %w, erwartet: mindestens %s"},
	CodeTooManyRows:     {"the file has %s, allowed: at most %s", "die Datei hat %w, erlaubt: höchstens %s"},
	CodeShrunk:          {"the file has %s, the last accepted one had %s: more than %s fewer", "die Datei hat %w, die zuletzt angenommene hatte %s: um mehr als %s weniger"},
	CodeUniqueLimit:     {"more than %s distinct values: duplicates beyond this row cannot be ruled out", "mehr als %s verschiedene Werte: ab dieser Zeile lassen sich Dubletten nicht ausschließen"},

	CodeUnclosedQuote:  {"the quote that opens field %s is never closed properly", "das öffnende Anführungszeichen von Feld %s wird nie richtig geschlossen"},
	CodeTextAfterQuote: {"field %s goes on behind its closing quote; a quote inside a quoted field must be doubled", "Feld %s geht hinter dem schließenden Anführungszeichen weiter; innerhalb eines Feldes muss es verdoppelt werden"},
	CodeBareQuote:      {"a quote stands inside field %s, which is not quoted; quote the field and double the quote", "in Feld %s steht ein Anführungszeichen, obwohl das Feld nicht damit beginnt; Feld einschließen und Zeichen verdoppeln"},
	CodeStrayCR:        {"field %s holds a carriage return outside quotes", "Feld %s enthält einen Wagenrücklauf außerhalb von Anführungszeichen"},
	CodeRecordTooLong:  {"the record is longer than %s", "der Satz ist länger als %w"},
	CodeFieldCount:     {"the record has %s instead of %s", "der Satz hat %w statt %s"},
	CodeBlankRow:       {"the row is blank", "die Zeile ist leer"},

	CodeOutsideFields: {"character %s of the line lies outside every field", "Zeichen %s der Zeile liegt außerhalb aller Felder"},
	CodeLineTooShort:  {"the line has %s and was cut off: its fields need %s", "die Zeile hat %w und ist abgeschnitten: ihre Felder brauchen %s"},

	CodeUnmappable:    {"the file cannot be sent as %s, which lacks a character of this cell%s", "die Datei kann nicht als %s gesendet werden: dort fehlt ein Zeichen dieser Zelle%s"},
	CodeEncoding:      {"the cell is not valid %s%s", "die Zelle ist kein gültiges %s%w"},
	CodeExcelDamage:   {"a spreadsheet has damaged this value", "eine Tabellenkalkulation hat diesen Wert beschädigt"},
	CodeMojibake:      {"the text is garbled: UTF-8 that was read as Windows-1252", "der Text ist verstümmelt: UTF-8, das als Windows-1252 gelesen wurde"},
	CodeFileReference: {"the cell is a file path; the file itself is not sent", "die Zelle ist ein Dateipfad; die Datei selbst wird nicht übertragen"},
	CodeRequired:      {"the cell is empty", "die Zelle ist leer"},
	CodeType:          {"the value is not of type %s", "der Wert ist nicht vom Typ %s"},
	CodeScale:         {"the number has more than %s", "die Zahl hat mehr als %w"},
	CodeMinLength:     {"the text has %s, required: at least %s", "der Text hat %w, verlangt: mindestens %s"},
	CodeMaxLength:     {"the text has %s, allowed: at most %s", "der Text hat %w, erlaubt: höchstens %s"},
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

// Phrases that are parts of others, or stand under "expected".
var (
	phraseByteRead     = Phrase{": byte 0x%02X at offset %d; %s", ": Byte 0x%02X an Position %d; %w"}
	phraseBytes        = Phrase{": bytes %s at offset %d; %s; %s", ": Bytes %s an Position %d; %w; %w"}
	phraseReading      = Phrase{"read as %s it is %q", "als %s gelesen ist es %q"}
	phraseUndefined    = Phrase{"%s does not define it", "%s kennt es nicht"}
	phraseZeroAt       = Phrase{", a byte 0x00 at offset %s", ", ein Byte 0x00 an Position %s"}
	phraseDecomposed   = Phrase{"%s is written with letters and accents apart (Unicode NFD), not as one character each", "%s ist mit Buchstaben und Akzenten getrennt geschrieben (Unicode NFD), nicht als je ein Zeichen"}
	phraseNUL          = Phrase{": it holds a byte 0x00", ": sie enthält ein Byte 0x00"}
	phraseDocument     = Phrase{"%s: %s, %s, %s\n", "%s: %s, %s, %s\n"}
	phraseValid        = Phrase{"valid", "gültig"}
	phraseErrors       = Phrase{"errors: %d", "Fehler: %d"}
	phraseWarnings     = Phrase{"warnings: %d", "Warnungen: %d"}
	phraseMore         = Phrase{"… and %d more\n", "… und %d weitere\n"}
	phraseLine         = Phrase{"line %d", "Zeile %d"}
	phraseRecord       = Phrase{"record %d", "Satz %d"}
	phraseColumn       = Phrase{"column %q (%d)", "Spalte %q (%d)"}
	phraseColumnNumber = Phrase{"column %d", "Spalte %d"}
	phraseByte         = Phrase{"byte %d", "Byte %d"}
	phraseWarning      = Phrase{"warning", "Warnung"}
	phraseError        = Phrase{"error", "Fehler"}
	phraseExpected     = Phrase{"expected: %s", "erwartet: %w"}
	phraseMissing      = Phrase{"missing %s", "es fehlt %s"}
	phraseUnexpected   = Phrase{"unexpected %s", "unerwartet %s"}
	phraseConcealed    = Phrase{"%s unexpected (column %s), not shown because a column is sensitive", "%w unerwartet (Spalte %s), nicht gezeigt, weil eine Spalte vertraulich ist"}
	phraseTwice        = Phrase{"%s occurs twice", "%s kommt doppelt vor"}
	phraseOrder        = Phrase{"column %d is %s instead of %s", "Spalte %d ist %s statt %s"}
	phraseDelimiter    = Phrase{"is %q the delimiter?", "ist %q das Trennzeichen?"}
	phraseAlmost       = Phrase{"%s is written %s", "%s ist %s geschrieben"}
	phraseInteger      = Phrase{"a whole number, digits only", "eine ganze Zahl, nur Ziffern"}
	phraseDecimal      = Phrase{"a number like %s", "eine Zahl wie %s"}
	phraseDate         = Phrase{"a date in the form %s", "ein Datum der Form %s"}
	phraseTime         = Phrase{"a time in the form %s", "eine Uhrzeit der Form %s"}
	phraseBoolean      = Phrase{"one of 1 0 ja nein j n true false wahr falsch x", "eines von 1 0 ja nein j n true false wahr falsch x"}
	phraseEmail        = Phrase{"an e-mail address", "eine E-Mail-Adresse"}
	phraseIBAN         = Phrase{"an IBAN with a correct checksum", "eine IBAN mit richtiger Prüfziffer"}
	phraseText         = Phrase{"text", "Text"}
	phraseNotEmpty     = Phrase{"a value", "ein Wert"}
	phraseCharacterOf  = Phrase{"characters of %s", "Zeichen aus %s"}
	phraseAtLeast      = Phrase{"at least %s", "mindestens %s"}
	phraseAtMost       = Phrase{"at most %s", "höchstens %s"}
	phraseNotBefore    = Phrase{"a value that does not occur before", "ein Wert, der vorher nicht vorkommt"}
	phraseColumnsAre   = Phrase{"columns %s", "Spalten %s"}
	phraseOriginalCell = Phrase{"the value as it was before the spreadsheet", "der Wert, wie er vor der Tabellenkalkulation war"}
)

// A noun is a thing that is counted: one, and any other number of it.
type noun struct{ one, many Phrase }

func (w noun) of(n int64) Sentence {
	if n == 1 {
		return w.one.Of(itoa(n))
	}
	return w.many.Of(itoa(n))
}

// What is counted.
var (
	nounRow       = noun{Phrase{"%s row", "%s Datensatz"}, Phrase{"%s rows", "%s Datensätze"}}
	nounRecord    = noun{Phrase{"%s data record", "%s Datensatz"}, Phrase{"%s data records", "%s Datensätze"}}
	nounField     = noun{Phrase{"%s field", "%s Feld"}, Phrase{"%s fields", "%s Felder"}}
	nounCharacter = noun{Phrase{"%s character", "%s Zeichen"}, Phrase{"%s characters", "%s Zeichen"}}
	nounByte      = noun{Phrase{"%s byte", "%s Byte"}, Phrase{"%s bytes", "%s Bytes"}}
	nounPlace     = noun{Phrase{"%s decimal place", "%s Nachkommastelle"}, Phrase{"%s decimal places", "%s Nachkommastellen"}}
)

var nouns = []noun{nounRow, nounRecord, nounField, nounCharacter, nounByte, nounPlace}

// pieces are the phrases that are no message of their own.
var pieces = []Phrase{
	phraseByteRead, phraseBytes, phraseReading, phraseUndefined, phraseNUL, phraseDocument, phraseValid, phraseErrors,
	phraseWarnings, phraseMore, phraseLine, phraseRecord, phraseColumn, phraseColumnNumber, phraseByte, phraseWarning, phraseError,
	phraseExpected, phraseMissing, phraseUnexpected, phraseTwice, phraseOrder, phraseDelimiter, phraseAlmost,
	phraseInteger, phraseDecimal, phraseDate, phraseTime, phraseBoolean, phraseEmail, phraseIBAN, phraseText,
	phraseConcealed, phraseZeroAt, phraseDecomposed, phraseNotEmpty, phraseCharacterOf, phraseAtLeast, phraseAtMost, phraseNotBefore,
	phraseColumnsAre, phraseOriginalCell,
}

// Words is every English message about a CSV file, and every piece of one, with its German; the verbs of both take the same
// arguments in the same order.
func Words() map[string]string {
	out := map[string]string{}
	for _, p := range words {
		out[p.English] = p.German
	}
	for _, p := range pieces {
		out[p.English] = p.German
	}
	for _, w := range nouns {
		out[w.one.English], out[w.many.English] = w.one.German, w.many.German
	}
	return out
}
