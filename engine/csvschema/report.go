package csvschema

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gocarina/gocsv"
)

// Report is what Validate found in one file. It holds no value of a sensitive column.
type Report struct {
	Size         int64    // bytes
	Encoding     string   // observed: utf-8, windows-1252, iso-8859-1, iso-8859-15, utf-16le, or unknown; empty for what is no text
	Rows         int64    // data records
	Header       []string // the names in the file, or those given to its columns
	Valid        bool     // whether there is no error; warnings do not count
	ErrorCount   int64    // of all errors, kept or not
	Errors       []Fault  // the first max_errors in file order
	WarningCount int64
	Warnings     []Fault // the first max_errors in file order

	mark   []byte
	header span
}

// Fault is one error or warning.
type Fault struct {
	Code         Code     `json:"code"`
	Line         int64    `json:"line"`          // physical line on which the field, or for structural faults the record, begins; from 1
	Record       int64    `json:"record"`        // data record, from 1; 0 for what is no data record
	Column       string   `json:"column"`        // the header's name; empty for a whole record, and where it may be a sensitive cell
	ColumnNumber int      `json:"column_number"` // from 1, 0 for a whole record
	Offset       int64    `json:"offset"`        // byte in the file where the field begins, or exactly the byte that is wrong
	Value        string   `json:"value"`         // cut, or *** where the column is sensitive
	Message      Sentence `json:"message"`
	Expected     Sentence `json:"expected"`
	Warning      bool     `json:"-"`

	record span
}

// span is where a record lies in the file, its line end included; length 0 when it was too long to be held.
type span struct{ offset, length int64 }

func spanOf(r *record, b *batch) span {
	at := b.offset(r.start)
	if r.cut {
		return span{offset: at}
	}
	return span{at, b.offset(r.next) - at}
}

func (f *Fault) place(r *record, b *batch) { f.record = spanOf(r, b) }

func toText(set charset, v []byte) string {
	return strings.ToValidUTF8(string(set.appendDecoded(nil, v)), "�")
}

// WriteText writes the report for people: one line that sums up, then two for each fault, errors first. name is how the
// file is called, language is "de" or English.
func (r *Report) WriteText(w io.Writer, name, language string) error {
	out := bufio.NewWriter(w)
	verdict := phraseValid.say(language)
	if !r.Valid {
		verdict = phraseErrors.say(language, r.ErrorCount)
	}
	if r.WarningCount > 0 {
		verdict += ", " + phraseWarnings.say(language, r.WarningCount)
	}
	encoding := r.Encoding
	if encoding == "" {
		encoding = "-"
	}
	out.WriteString(phraseDocument.say(language, name, encoding, nounRow.of(r.Rows), verdict))
	for _, list := range []struct {
		faults []Fault
		count  int64
	}{{r.Errors, r.ErrorCount}, {r.Warnings, r.WarningCount}} {
		for i := range list.faults {
			out.WriteString(list.faults[i].text(language))
		}
		if more := list.count - int64(len(list.faults)); more > 0 {
			out.WriteString(phraseMore.say(language, more))
		}
	}
	return out.Flush()
}

// text is a fault in two lines: where and what, then the value and what was expected.
func (f *Fault) text(language string) string {
	level := phraseError
	if f.Warning {
		level = phraseWarning
	}
	where := []string{phraseLine.say(language, f.Line)}
	if f.Record > 0 {
		where = append(where, phraseRecord.say(language, f.Record))
	}
	switch {
	case f.ColumnNumber == 0:
	case f.Column == "":
		where = append(where, phraseColumnNumber.say(language, f.ColumnNumber))
	default:
		where = append(where, phraseColumn.say(language, f.Column, f.ColumnNumber))
	}
	where = append(where, phraseByte.say(language, f.Offset))
	text := fmt.Sprintf("%s %s: %s: %s\n", level.say(language), f.Code, strings.Join(where, ", "), f.Message.In(language))
	var second []string
	if f.Value != "" {
		second = append(second, strconv.QuoteToGraphic(f.Value))
	}
	if !f.Expected.IsZero() {
		second = append(second, phraseExpected.say(language, f.Expected))
	}
	if len(second) > 0 {
		text += "  " + strings.Join(second, "; ") + "\n"
	}
	return text
}

// Checked is one file of a JSON document.
type Checked struct {
	File   string // as the user wrote it
	SHA256 string // of its bytes, hexadecimal
	Report *Report
}

type jsonFile struct {
	File         string  `json:"file"`
	SHA256       string  `json:"sha256"`
	Size         int64   `json:"size"`
	Encoding     string  `json:"encoding"`
	Rows         int64   `json:"rows"`
	Valid        bool    `json:"valid"`
	ErrorCount   int64   `json:"error_count"`
	Errors       []Fault `json:"errors"`
	WarningCount int64   `json:"warning_count,omitempty"`
	Warnings     []Fault `json:"warnings,omitempty"`
}

// WriteJSON writes the document of `check -json` (COMMANDS.md, JSON) for any number of files; that of one file is what
// lies beside it as NAME.errors.json. It is English.
func WriteJSON(w io.Writer, files ...Checked) error {
	document := struct {
		FormatVersion string     `json:"format_version"`
		Files         []jsonFile `json:"files"`
	}{"1.0", make([]jsonFile, 0, len(files))}
	for _, c := range files {
		r := c.Report
		f := jsonFile{c.File, c.SHA256, r.Size, r.Encoding, r.Rows, r.Valid, r.ErrorCount, r.Errors, r.WarningCount, r.Warnings}
		if f.Errors == nil {
			f.Errors = []Fault{}
		}
		document.Files = append(document.Files, f)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// csvFault is a fault as a row of the report; every cell is text so that a spreadsheet changes none.
type csvFault struct {
	Level        string `csv:"level"`
	Line         string `csv:"line"`
	Record       string `csv:"record"`
	Column       string `csv:"column"`
	ColumnNumber string `csv:"column_number"`
	Offset       string `csv:"offset"`
	Code         string `csv:"code"`
	Value        string `csv:"value"`
	Message      string `csv:"message"`
	Expected     string `csv:"expected"`
}

// WriteCSV writes errors and warnings as a table that a German Excel opens by double click: UTF-8 with a mark,
// semicolons, CRLF. A value that a spreadsheet would take for a formula gets an apostrophe in front. The messages are in the language.
func (r *Report) WriteCSV(w io.Writer, language string) error {
	if _, err := w.Write(bomUTF8); err != nil {
		return err
	}
	rows := make([]csvFault, 0, len(r.Errors)+len(r.Warnings))
	for _, list := range [][]Fault{r.Errors, r.Warnings} {
		for _, f := range list {
			level := phraseError
			if f.Warning {
				level = phraseWarning
			}
			rows = append(rows, csvFault{
				level.say(language), itoa(f.Line), itoa(f.Record), harmless(f.Column), itoa(f.ColumnNumber), itoa(f.Offset),
				string(f.Code), harmless(f.Value), harmless(f.Message.In(language)), harmless(f.Expected.In(language)),
			})
		}
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	return gocsv.MarshalCSV(rows, gocsv.NewSafeCSVWriter(out))
}

// harmless keeps a spreadsheet from taking text for a formula; plain negative numbers stay as they are.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, ok := parseDecimal([]byte(s), ',', '.'); ok {
		return s
	}
	return "'" + s
}

// WriteRejected copies the records that have an error kept in the report, byte for byte and in file order, behind the
// byte order mark and the header. It is the only output that shows sensitive values. A record longer than max_record is
// left out. r has to deliver the same bytes that were validated.
func (r *Report) WriteRejected(w io.Writer, file io.ReadSeeker) error {
	if _, err := w.Write(r.mark); err != nil {
		return err
	}
	last := span{offset: -1}
	for _, s := range append([]span{r.header}, r.rejected()...) {
		if s.length == 0 || s == last {
			continue
		}
		last = s
		if _, err := file.Seek(s.offset, io.SeekStart); err != nil {
			return fmt.Errorf("find record at byte %d: %w", s.offset, err)
		}
		if _, err := io.CopyN(w, file, s.length); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("copy record at byte %d: %w", s.offset, err)
		}
	}
	return nil
}

func (r *Report) rejected() []span {
	spans := make([]span, len(r.Errors))
	for i, f := range r.Errors {
		spans[i] = f.record
	}
	return spans
}
