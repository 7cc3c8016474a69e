package engine

import (
	"context"
	"regexp"
	"time"

	"dropform/engine/csvschema"
	"dropform/engine/diag"
)

// Config is one validated configuration, as the hcl package decodes it. It holds no HCL type and no secret value:
// what can only be known later leaves as a function.
type Config struct {
	Dir         string         // the working directory, absolute
	Location    *time.Location // dropform.timezone
	Language    string         // "en" or "de"
	LedgerPath  string         // absolute
	Files       []string       // the files it was read from, relative to Dir, sorted
	Inputs      string         // digest of those files and of every variable's value; to be keyed before it is stored
	Connections []*Connection
	Imports     []*Import
	Exports     []*Export
	Rules       []*Rule
	Moved       []Moved
	Keyed       map[Address]bool // base addresses of blocks that have for_each

	at *directory // of one that is served; else blocks are looked for one by one
}

// CSV is the decoded csv block; the alias lets the configuration's reader fill it in.
type CSV = csvschema.Schema

// The parts of a csv block, under the same rule.
type (
	CSVColumn = csvschema.Column
	CSVInFile = csvschema.InFile
	CSVCheck  = csvschema.Check
	CSVLevel  = csvschema.Level
	// FixedField is one field of a fixed-width export.
	FixedField = csvschema.FixedField
)

// NewCSV is a csv block with nothing set in it.
func NewCSV() *CSV { return csvschema.Default() }

// Secret is a value that no log, ledger, plan or error may show. It is read when a request needs it, so that a rotated
// password is used without a restart.
type Secret struct {
	source string
	read   func(context.Context) (string, error)
}

// NewSecret makes a secret out of where it comes from ("env:PERBIT_PASSWORD", "file:…", "cmd", "literal"; never the
// value) and the function that reads it.
func NewSecret(source string, read func(context.Context) (string, error)) Secret {
	return Secret{source: source, read: read}
}

// Reveal reads the value. Only the code that builds a request calls it.
func (s Secret) Reveal(ctx context.Context) (string, error) {
	if s.read == nil {
		return "", nil
	}
	return s.read(ctx)
}

// IsSet reports whether the attribute was given.
func (s Secret) IsSet() bool { return s.read != nil }

// String hides the value from every kind of printing.
func (s Secret) String() string { return "(sensitive value)" }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// Attribute is one setting of a definition as the user wrote it: what is compared with the definition last applied.
// Late expressions and secrets appear as their source text with what they refer to, never as a secret value.
type Attribute struct {
	Path      string `json:"path"` // "method", "target.path", "variables.FirmenNr"
	Value     string `json:"value"`
	Sensitive bool   `json:"sensitive,omitempty"`

	// Fingerprint is a digest of what Value hides, so that another value is another definition; empty where nothing is
	// hidden, and for secrets, of which only the source counts. It stays in the ledger: nothing prints it.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Declared is what every block has.
type Declared struct {
	Address     Address
	Description string
	Attributes  []Attribute        // sorted by Path
	Range       diag.Range         // where the block's header stands
	DependsOn   []Address          // base or instance addresses
	Failed      []*diag.Diagnostic // preconditions that do not hold, each where it stands with its message; no work is planned then
}

// Connection is how to reach one system (LANGUAGE.md, connection). The address tells of which kind it is.
type Connection struct {
	Declared
	URL           string
	Username      string
	Password      Secret
	Auth          string        // perbit: login, every_call; conbox: auto, basic, digest, none
	Timeout       time.Duration // one request
	RetryAttempts int
	RetryFirst    time.Duration
	RetryLongest  time.Duration
	CAFile        string // absolute; PEM
	ClientCert    string // absolute; PEM
	ClientKey     string // absolute; PEM
	Proxy         string // empty: the system's

	// Of perbit alone:
	CustomerID        string
	CredentialCharset string
	Parameters        string
	Parallel          int
	MaxWait           time.Duration // one job
	MaxUpload         int64         // bytes, 0 for no bound
	ProgressFirst     time.Duration
	ProgressLongest   time.Duration

	// Of conbox alone:
	UserCode   string
	UserAPIKey Secret
	Language   string  // DE
	Service    string  // CONBOX
	Rate       float64 // calls a second
}

// RunScope is what `run` means in an export's late expressions.
type RunScope struct {
	Time time.Time // the slot's time in the configured time zone
	ID   string    // unique to the run
}

// FileScope is what `file` means in an import's late expressions. Stem and extension follow from Name.
type FileScope struct {
	Name string
	Time time.Time // modification time, in the configured time zone: the same after a crash
}

// Stem is the name without its extension.
func (f FileScope) Stem() string { stem, _ := splitName(f.Name); return stem }

// Ext is the extension with its point, empty where there is none.
func (f FileScope) Ext() string { _, ext := splitName(f.Name); return ext }

// RunText and FileText are templates evaluated late; the error says what is wrong in the user's expression.
type (
	RunText  func(RunScope) (string, error)
	FileText func(FileScope) (string, error)
)

// Keep bounds what is kept of written files: by number, by age, or not at all (both zero).
type Keep struct {
	Count int
	Age   time.Duration
}

// DropFolder is what imports and rules have in common: which files are taken, when, and where they go.
type DropFolder struct {
	Folder        string // absolute
	Match, Ignore []string
	MinSize       int64
	Settle        time.Duration // 0: unset
	ReadyFile     FileText      // nil: none
	Poll          time.Duration
	CSV           *CSV     // nil: no csv block; structure, encoding and size are still checked
	Archive       *Archive // nil: files stay where they were dropped
}

// Import is a drop folder whose CSV files go into one perbit import method (LANGUAGE.md, import).
type Import struct {
	Declared
	DropFolder
	Connection    *Connection
	Object        string
	Method        string
	Email         string
	Order         string // name, modified, any
	OnError       string // skip, stop
	Duplicates    string // skip, import
	OnUnknown     string // hold, retry
	WaitForResult bool
	Protocol      Protocol
}

// Protocol says where the server's protocol goes and when it counts as a failure.
type Protocol struct {
	Path         FileText       // relative paths start at the file's folder
	Failed, Warn *regexp.Regexp // nil: none
	Encoding     string         // for reading it with Failed and Warn; empty: UTF-8, else Windows-1252
}

// Archive says where a file and its protocol go once its outcome is recorded.
type Archive struct {
	Folder       FileText // relative paths start at the working directory
	FailedFolder FileText // nil: as Folder
	Keep         Keep
}

// Export is one perbit export method written to a target path (LANGUAGE.md, export).
type Export struct {
	Declared
	Connection     *Connection
	Object         string
	Method         string
	Variables      []Variable // sorted by name
	VariablesStyle string     // json, single_quotes
	Schedule       *Schedule  // nil: runs when first applied or changed
	WaitForResult  bool
	Target         Target
	Fixed          []FixedField
	CSV            *CSV // nil: the result is not checked as CSV
	Expect         Expect
}

// Variable is one placeholder of an export method.
type Variable struct {
	Name  string
	Value RunText
}

// Target is where and how an export's result is written.
type Target struct {
	Path           RunText
	Root           string // absolute; a rendered path outside it is refused
	SourceEncoding string // auto, or as in csv
	Encoding       string // empty: bytes as received
	BOM            bool
	Newline        string  // empty: as received; "lf", "crlf"
	IfExists       string  // replace, fail, keep_both
	IfUnchanged    string  // skip, write
	DoneFile       RunText // nil: none; relative paths start at the target's folder
	Checksum       string  // empty or sha256
	Keep           Keep
	Unmappable     string // error, or replace:X
}

// Expect is what a result must be like before it may replace the last good one.
type Expect struct {
	MinRows      int64
	MinSize      int64
	Columns      []string
	MaxShrink    float64 // a fraction of the last good result, valid with HasMaxShrink
	HasMaxShrink bool
}

// Schedule says when an export runs. Exactly one of Cron and Every is set.
type Schedule struct {
	Cron     string
	Every    time.Duration
	Location *time.Location
	Missed   string        // once, skip, all
	Window   time.Duration // how late a due run may still start, 0 for no bound
}

// Moved says that history under From belongs to To.
type Moved struct {
	From, To Address
	Range    diag.Range
}
