// Package csvschema judges CSV files as German HR software writes them: decimal commas and dotted groups, DD.MM.YYYY,
// Windows-1252, lines above the header, what a spreadsheet did to the cells.
//
// It promises that a file is read as a stream: memory does not grow with the file, except for the distinct values that
// unique, key and unique_rows have to remember (at most maxDistinct each), and no record above max_record is ever held.
// A report is the same, byte for byte, for every buffer size and number of workers. One fault is one error; reading goes
// on after it on the next line that can begin a record. Every error is counted, the first ones in file order are kept.
// The values of sensitive columns never enter a Report; only WriteRejected shows them, because it copies the file.
//
// It does not guess: an encoding is read off a byte order mark or proved by the whole stream. It writes no file by
// itself and knows nothing of folders; whoever calls it decides where reports go.
package csvschema
