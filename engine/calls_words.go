package engine

import "dropform/engine/csvschema"

// What can be wrong with the lines of a rule's file, beside what its csv block finds. The codes are stable like those of
// csvschema.
const (
	CodeFieldUnknown     csvschema.Code = "field_unknown"      // A column or expression gives a CONBOX field that the action does not have.
	CodeFieldColumns     csvschema.Code = "field_columns"      // Two columns bear the name of one field.
	CodeFieldMissing     csvschema.Code = "field_missing"      // A field that the call needs has no value.
	CodeFieldFailed      csvschema.Code = "field_failed"       // A field's expression fails for the line.
	CodeFieldType        csvschema.Code = "field_type"         // A number stands where text is due, or the like.
	CodeFieldNumber      csvschema.Code = "field_number"       // A text is no number by the rule for untyped text.
	CodeFieldWhole       csvschema.Code = "field_whole"        // A number is not whole, is negative, or is too long.
	CodeFieldDigits      csvschema.Code = "field_digits"       // A number has more digits than arrive unchanged.
	CodeFieldPositive    csvschema.Code = "field_positive"     // A number is not greater than 0.
	CodeFieldBoolean     csvschema.Code = "field_boolean"      // A text is none of the words for true and false.
	CodeFieldSpace       csvschema.Code = "field_space"        // A number of a document, position or order begins or ends with a space.
	CodeFieldControl     csvschema.Code = "field_control"      // A text holds a control character.
	CodeFieldLength      csvschema.Code = "field_length"       // A text is longer than any such field can mean to be.
	CodeFieldComma       csvschema.Code = "field_comma"        // A position number holds the comma that separates them.
	CodeFieldGUID        csvschema.Code = "field_guid"         // A text is no GUID.
	CodeAddressBoth      csvschema.Code = "address_both"       // A call is addressed by number and by GUID.
	CodeAddressMissing   csvschema.Code = "address_missing"    // A call is addressed neither by number nor by GUID.
	CodeOrderWhole       csvschema.Code = "order_whole"        // An order without positions orders the whole document, and all_positions is not set.
	CodeOrderNoPosition  csvschema.Code = "order_no_position"  // A field of a position stands in an order of the whole document.
	CodeOrderDiffers     csvschema.Code = "order_differs"      // A document field differs between the lines of one order.
	CodeOrderAmbiguous   csvschema.Code = "order_ambiguous"    // A line belongs to the order of the whole file, and other lines to orders of their own.
	CodeOrderNumberTwice csvschema.Code = "order_number_twice" // Two orders of a file have one ExtPchNbr.
	CodePositionTwice    csvschema.Code = "position_twice"     // A position occurs twice.
	CodeTargetTwice      csvschema.Code = "target_twice"       // Two lines write to the same position or document.
	CodeRequestInvalid   csvschema.Code = "request_invalid"    // The call as a whole is none that the vendor describes.
)

// callWords holds the message of each of these codes, English and German; the verbs of both take the same arguments in
// the same order. No argument is ever the content of a cell.
var callWords = map[csvschema.Code]inBoth{
	CodeFieldUnknown: {"%s is no field of %s", "%s ist kein Feld von %s"},
	CodeFieldColumns: {"the file has more than one column %s", "die Datei hat mehr als eine Spalte %s"},
	CodeFieldMissing: {"%s is missing", "%s fehlt"},
	CodeFieldFailed:  {"%s cannot be worked out: %s", "%s ist nicht auswertbar: %s"},
	CodeFieldType:    {"%s has to be %s, not %s", "%s muss %w sein, nicht %w"},
	CodeFieldNumber: {
		"%s is not read as a number: digits, optionally with a comma or point and one or two digits behind it; a column of any other form needs type = \"decimal\"",
		"%s wird nicht als Zahl gelesen: Ziffern, wahlweise mit Komma oder Punkt und ein oder zwei Ziffern dahinter; eine Spalte in anderer Form braucht type = \"decimal\"",
	},
	CodeFieldWhole:    {"%s has to be a whole number without a sign, of at most %d digits", "%s muss eine ganze Zahl ohne Vorzeichen mit höchstens %d Ziffern sein"},
	CodeFieldDigits:   {"%s has more than %d digits, or more than %d behind the point", "%s hat mehr als %d Ziffern oder mehr als %d hinter dem Komma"},
	CodeFieldPositive: {"%s is not greater than 0", "%s ist nicht größer als 0"},
	CodeFieldBoolean:  {"%s is none of 1 0 ja nein j n true false wahr falsch x", "%s ist keines von 1 0 ja nein j n true false wahr falsch x"},
	CodeFieldSpace:    {"%s begins or ends with a space", "%s beginnt oder endet mit einem Leerzeichen"},
	CodeFieldControl:  {"%s holds the control character U+%04X", "%s enthält das Steuerzeichen U+%04X"},
	CodeFieldLength:   {"%s has %d characters, at most %d are sent", "%s hat %d Zeichen, gesendet werden höchstens %d"},
	CodeFieldComma:    {"%s holds a comma, which separates positions in an order", "%s enthält ein Komma, das in einer Bestellung Positionen trennt"},
	CodeFieldGUID:     {"%s is no GUID of the form 550e8400-e29b-41d4-a716-446655440000", "%s ist keine GUID der Form 550e8400-e29b-41d4-a716-446655440000"},
	CodeAddressBoth: {
		"%s stands beside PositionGuid; a call is addressed by number or by GUID, not both",
		"%s steht neben PositionGuid; ein Aufruf nennt Nummern oder eine GUID, nicht beides",
	},
	CodeAddressMissing: {
		"the line names nothing: neither PositionGuid nor %s",
		"die Zeile nennt nichts: weder PositionGuid noch %s",
	},
	CodeOrderWhole: {
		"the order names no position (PosNbr), and so orders the whole document; that needs all_positions = true",
		"die Bestellung nennt keine Position (PosNbr) und bestellt damit den ganzen Beleg; dafür ist all_positions = true nötig",
	},
	CodeOrderNoPosition: {
		"%s belongs to a position, but the order names none and is one of the whole document",
		"%s gehört zu einer Position, aber die Bestellung nennt keine und gilt dem ganzen Beleg",
	},
	CodeOrderDiffers: {"%s differs from line %d of the same order", "%s weicht von Zeile %d derselben Bestellung ab"},
	CodeOrderAmbiguous: {
		"the line has neither DocNbr nor ExtPchNbr, which makes the whole file one order; but line %d has one",
		"die Zeile hat weder DocNbr noch ExtPchNbr, womit die ganze Datei eine Bestellung ist; Zeile %d hat aber eine",
	},
	CodeOrderNumberTwice: {"%s is also that of the order on line %d", "%s ist auch die der Bestellung in Zeile %d"},
	CodePositionTwice:    {"%s names the same position as line %d", "%s nennt dieselbe Position wie Zeile %d"},
	CodeTargetTwice:      {"%s names the same target as line %d", "%s nennt dasselbe Ziel wie Zeile %d"},
	CodeRequestInvalid:   {"%s: %s", "%s: %s"},
}

// callPhrases are the pieces of messages that are no message of their own.
var callPhrases = map[string]inBoth{
	"text":     {"text", "ein Text"},
	"number":   {"a number", "eine Zahl"},
	"bool":     {"true or false", "ein Wahrheitswert"},
	"object":   {"an object", "ein Objekt"},
	"quotes":   {"text in quotes, or a column that is not of a number's type", "Text in Anführungszeichen oder eine Spalte ohne Zahlentyp"},
	"source":   {"a column or an expression %s", "eine Spalte oder ein Ausdruck %s"},
	"spelling": {"a column or an expression %s; the column %q is spelled otherwise", "eine Spalte oder ein Ausdruck %s; die Spalte %q schreibt sich anders"},
	"order":    {"document sets it, because the order that is followed has none", "document setzt es, weil die verfolgte Bestellung keine hat"},
}

// inBoth is a message in English and German.
type inBoth [2]string

// Of is the message about its arguments.
func (w inBoth) Of(args ...any) csvschema.Sentence {
	return csvschema.Phrase{English: w[0], German: w[1]}.Of(args...)
}

// CallWords is every English message about the lines of a rule's file with its German; the verbs of both take the same
// arguments in the same order.
func CallWords() map[string]string {
	out := map[string]string{}
	for _, words := range callWords {
		out[words[0]] = words[1]
	}
	for _, words := range callPhrases {
		out[words[0]] = words[1]
	}
	return out
}
