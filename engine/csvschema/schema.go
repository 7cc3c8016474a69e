package csvschema

import "regexp"

// Level says what becomes of a finding: rejected, only reported, or not looked for.
type Level string

// The levels that excel_damage, mojibake and file_references take.
const (
	LevelError Level = "error"
	LevelWarn  Level = "warn"
	LevelAllow Level = "allow"
)

// Schema is one decoded csv block (LANGUAGE.md, csv). The zero value is not useful: start from Default.
type Schema struct {
	Delimiter      byte   // separates fields, ';' by default
	Quote          byte   // encloses fields, '"' by default; 0 for none
	Encoding       string // auto, utf-8, windows-1252, iso-8859-1, iso-8859-15, utf-16le
	SendEncoding   string // empty: bytes go as they are; else every character has to exist there
	Header         bool   // whether the file names its columns
	HeaderRow      int    // the physical record that holds the names, from 1
	SkipFooter     int    // records at the end that are not data
	ColumnsMode    string // exact, at_least, any
	MinRows        int64  // fewest data records
	MaxRows        int64  // most data records, 0 for no bound
	MaxSize        int64  // bytes of the whole file, 0 for no bound
	MaxRecord      int64  // bytes of one record, 1,000,000 by default
	MaxErrors      int    // errors kept; all are counted
	MaxShrink      float64
	HasMaxShrink   bool
	UniqueRows     bool
	BlankRows      string // error, skip
	ExcelDamage    Level
	Mojibake       Level
	FileReferences Level
	Columns        []Column
	Fixed          []FixedField // empty: fields are delimited
	Keys           [][]string   // composite uniqueness, each a list of column names
	Checks         []Check
}

// Column is one declared column.
type Column struct {
	Name      string
	Type      string // text, integer, decimal, date, time, boolean, email, iban
	Required  bool
	Unique    bool
	Pattern   *regexp.Regexp // matches the whole value
	OneOf     []string
	InFile    *InFile
	Min, Max  string // in the column's own notation; empty for none
	MinLength int    // code points, 0 for none
	MaxLength int    // code points, 0 for none
	Format    string // date tokens DD MM YYYY hh mm ss
	Decimal   byte   // decimal separator, ',' by default
	Group     byte   // group separator, '.' by default; 0 for none
	Scale     int    // digits after the separator, -1 for any
	Sensitive bool
	Optional  bool
}

// InFile names a lookup file whose column lists the values allowed.
type InFile struct {
	Path   string
	Column string
}

// Check is one named condition over a row; Holds gets the typed values by column name (nil for an empty cell) and
// answers whether the row is right, with the message to show when it is not.
type Check struct {
	Name  string
	Holds func(row map[string]any) (ok bool, message string, err error)
}

// Default is the schema of a file with no csv block: structure, encoding and size are still checked.
func Default() *Schema {
	return &Schema{
		Delimiter: ';', Quote: '"', Encoding: "auto", Header: true, HeaderRow: 1, ColumnsMode: "exact",
		MaxRecord: 1_000_000, MaxErrors: 1000, BlankRows: "error",
		ExcelDamage: LevelError, Mojibake: LevelError, FileReferences: LevelWarn,
	}
}
