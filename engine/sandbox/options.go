package sandbox

import "time"

// Options describe one sandbox. The zero value of every field but Tenants
// and Documents stands for its default.
type Options struct {
	// Tenants are the customers that the perbit half serves.
	Tenants []Tenant
	// Documents are what the CONBOX half holds at first.
	Documents []ConboxDocument
	// Conbox says how the CONBOX half behaves.
	Conbox ConboxSettings
	// Latency passes before each call to a stream or to CONBOX is looked at.
	Latency time.Duration
	// JobTime is how long an import or export runs; at 0 it is finished before
	// its start call is answered.
	JobTime time.Duration
	// SessionTTL is how long a security id lives after its last use; default 20m.
	SessionTTL time.Duration
	// ResultTTL is how long protocols and results are kept; default 24h
	// (perbit 3.1: one day).
	ResultTTL time.Duration
	// MaxUpload is the largest import in bytes; 0 is no limit.
	MaxUpload int64
	// Now is the clock; default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.SessionTTL == 0 {
		o.SessionTTL = 20 * time.Minute
	}
	if o.ResultTTL == 0 {
		o.ResultTTL = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Tenant is one perbit customer.
type Tenant struct {
	// ID is the customer id, a GUID; case does not matter.
	ID      string
	Users   []User
	Methods []Method
	// Rows holds the seed data by object name; New copies it.
	Rows map[string]*Table
}

// User may log in at both streams.
type User struct {
	Name, Password string
	// NoRights names the methods on which the user lacks the Öffnen-Recht.
	NoRights []string
}

// MethodKind tells import from export methods.
type MethodKind string

// The two kinds of method.
const (
	Import MethodKind = "Import"
	Export MethodKind = "Export"
)

// Method is an import or export method of one object.
type Method struct {
	Object, Name string
	Kind         MethodKind
	// Columns are, for an import, the names that a header may hold (none: any);
	// for an export, the columns written, in order (none: all of the table).
	Columns []string

	// Key are the import columns that identify a row; without one every row is new.
	Key []string
	// Required are further import columns that may not be empty.
	Required []string
	// Dates are import columns whose cells, unless empty, must read TT.MM.JJJJ.
	Dates []string

	// Criteria are the search criteria of an export; all must hold.
	Criteria []Criterion
	// Sort are the columns by which an export is sorted, ascending.
	Sort []string
	// Delimiter separates the columns of an export; default ";".
	Delimiter string
	// Widths makes it a fixed-width export: characters per column, cut or padded.
	Widths []int
	// Header writes the column names as first line of an export.
	Header bool
	// Encoding of an export: "utf-8" (default, from what the vendor's script
	// does to the answer) or "cp1252".
	Encoding string
}

// Criterion compares a column with a placeholder that the caller must fill.
type Criterion struct {
	Column, Placeholder string
	// From selects dates (TT.MM.JJJJ) on or after the value; else equality.
	From bool
}

// Table is one object's data.
type Table struct {
	Columns []string
	Rows    [][]string
}
