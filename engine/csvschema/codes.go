package csvschema

// Code names a rule. Codes are stable: scripts and explain rely on them.
type Code string

// The whole file.
const (
	CodeEmptyFile       Code = "empty_file"          // The file has no header and no record.
	CodeNotText         Code = "not_text"            // The file holds binary data.
	CodeExcelFile       Code = "excel_file"          // The file is a workbook or a zip archive, whatever its name says.
	CodeUTF16NoBOM      Code = "utf16_without_bom"   // The file looks like UTF-16 and lacks the mark that says so.
	CodeUTF16BigEndian  Code = "utf16_big_endian"    // The file is UTF-16 in big-endian order, which is not read.
	CodeFileTooLarge    Code = "file_too_large"      // The file has more bytes than max_size.
	CodeEncodingDiffers Code = "encoding_differs"    // The file is in another encoding than the one declared.
	CodeHeader          Code = "header"              // The header does not fit the columns declared; nothing below it is checked.
	CodeHeaderMissing   Code = "header_missing"      // The file ends before header_row.
	CodeTooFewRows      Code = "min_rows"            // The file has fewer data records than min_rows.
	CodeTooManyRows     Code = "max_rows"            // The file has more data records than max_rows.
	CodeShrunk          Code = "max_shrink"          // The file has far fewer data records than the last one accepted.
	CodeUniqueLimit     Code = "unique_out_of_reach" // There are more distinct values than can be remembered, so duplicates cannot be ruled out.
)

// The structure of a record.
const (
	CodeUnclosedQuote  Code = "unclosed_quote"   // A field opens with a quote that is never closed.
	CodeTextAfterQuote Code = "text_after_quote" // Something stands between a closing quote and the next delimiter.
	CodeBareQuote      Code = "bare_quote"       // A quote stands inside a field that does not begin with one.
	CodeStrayCR        Code = "stray_cr"         // A carriage return without a line feed stands in a file whose lines end with line feeds.
	CodeRecordTooLong  Code = "record_too_long"  // A record has more bytes than max_record.
	CodeFieldCount     Code = "field_count"      // A record has more or fewer fields than the header.
	CodeBlankRow       Code = "blank_row"        // A record has no content.
	CodeOutsideFields  Code = "outside_fields"   // A fixed-width line has text where no field is.
	CodeLineTooShort   Code = "line_too_short"   // A fixed-width line was cut before the end of its last field.
)

// A cell, in the order in which they are looked for.
const (
	CodeEncoding      Code = "encoding"       // The cell holds bytes that the encoding does not define.
	CodeUnmappable    Code = "unmappable"     // The cell holds a character that send_encoding does not have.
	CodeExcelDamage   Code = "excel_damage"   // A spreadsheet has replaced the value.
	CodeMojibake      Code = "mojibake"       // UTF-8 was read as Windows-1252 and written again.
	CodeFileReference Code = "file_reference" // The cell is a path, and files cannot be sent this way.
	CodeRequired      Code = "required"       // The cell is empty.
	CodeType          Code = "type"           // The cell is not of the column's type.
	CodeScale         Code = "scale"          // The number has too many decimal places.
	CodeMinLength     Code = "min_length"     // The text is too short.
	CodeMaxLength     Code = "max_length"     // The text is too long.
	CodePattern       Code = "pattern"        // The text does not match the pattern.
	CodeOneOf         Code = "one_of"         // The value is none of those listed.
	CodeInFile        Code = "in_file"        // The value is not in the lookup file.
	CodeMin           Code = "min"            // The value is below the smallest allowed.
	CodeMax           Code = "max"            // The value is above the largest allowed.
	CodeUnique        Code = "unique"         // The value occurs in an earlier record.
)

// A whole row.
const (
	CodeKey        Code = "key"         // The columns of a key occur together in an earlier record.
	CodeUniqueRows Code = "unique_rows" // The whole row occurs earlier.
	CodeCheck      Code = "check"       // A check's condition does not hold.
	CodeCheckError Code = "check_error" // A check's condition cannot be evaluated for this row.
)
