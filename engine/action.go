package engine

import (
	"time"

	"dropform/engine/csvschema"
	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// ActionKind is what a step does, in the words of the JSON output (COMMANDS.md, JSON).
type ActionKind string

// The steps that imports and exports ask for.
const (
	Upload      ActionKind = "upload"
	Reject      ActionKind = "reject"
	Duplicate   ActionKind = "duplicate"
	RunExport   ActionKind = "export"
	Resume      ActionKind = "resume"
	NeedsPerson ActionKind = "needs_person"
)

// The steps that rules ask for.
const (
	SetReady     ActionKind = "set_ready"
	CopyPosition ActionKind = "copy"
	SaveAs       ActionKind = "save_as"
	ReadPosition ActionKind = "read"
	Purchase     ActionKind = "purchase"
	Delete       ActionKind = "delete"
)

// Irreversible reports whether nothing takes the step back.
func (k ActionKind) Irreversible() bool { return k == Purchase || k == Delete }

// Approval is whether a step may be carried out.
type Approval string

// The approvals of a step. The zero value needs none.
const (
	ApprovalRequired Approval = "required" // it waits to be named
	ApprovalGiven    Approval = "given"    // recorded by `dropform approve`
	ApprovalNamed    Approval = "named"    // named in this very run
)

// Sign is the character in front of a step (COMMANDS.md, What plan and apply mean).
func (k ActionKind) Sign() string {
	switch k {
	case Upload:
		return "+"
	case Reject:
		return "x"
	case Duplicate:
		return "="
	case RunExport, ReadPosition:
		return "<"
	case Resume:
		return ">"
	case SetReady, CopyPosition, SaveAs:
		return "~"
	case Purchase, Delete:
		return "!"
	default:
		return "?"
	}
}

// Risk says what a step can change: "write" on a server, "trigger" something there, "irreversible", "local" files only,
// "read", or "none".
func (k ActionKind) Risk() string {
	switch k {
	case Upload:
		return "write"
	case Reject, Duplicate:
		return "local"
	case RunExport, Resume, ReadPosition:
		return "read"
	case SetReady, CopyPosition, SaveAs:
		return "trigger"
	case Purchase, Delete:
		return "irreversible"
	default:
		return "none"
	}
}

// The reasons of steps. Missed carries a count and is made by ReasonMissed.
const (
	ReasonNew           = "new"
	ReasonChanged       = "content changed"
	ReasonRetry         = "retry"
	ReasonRequested     = "requested"
	ReasonInvalid       = "invalid"
	ReasonTooLarge      = "too large"
	ReasonImported      = "already imported"
	ReasonNeverRun      = "never run"
	ReasonDue           = "due"
	ReasonDefinition    = "definition changed"
	ReasonTargetMissing = "target missing"
	ReasonInterrupted   = "interrupted"
	ReasonUnknown       = "outcome unknown"
	ReasonSeenBefore    = "seen before"
	ReasonExisting      = "existing"
	ReasonRow           = "row"
	ReasonAfter         = "after"
	ReasonOverlap       = "overlaps an order"
	ReasonRefused       = "refused"
)

// Action is one step of a plan, or one thing that waits for a person. What is not an Action does not happen.
type Action struct {
	Address Address
	Kind    ActionKind
	Reason  string
	Text    string // one line more for people: when it was sent, what to do next; may be empty

	Import *Import // upload, reject, duplicate, resume or needs_person of an import
	Export *Export // export or resume of an export
	File   FileSeen
	Report *csvschema.Report // reject: what is wrong; upload: warnings, nil where nothing was validated

	Slot    time.Time // export: the time that `run.time` stands for
	Request int       // request number of the content or slot
	Again   *ledger.Work
	Prior   *ledger.Work    // the earlier work that a duplicate or a question is about, that is resumed, or that an export tries again
	Filings []ledger.Filing // resume: moves that are still owed

	Rule     *Rule    // every step of a rule
	Call     *Call    // a call that a rule makes
	Prices   *Prices  // purchase, delete: what the server says of the positions
	Approval Approval // whether a call may be made
	content  string   // a call: digest of the file it was made of, or of the order that it follows
	source   int64    // a call: the placed order that it follows
	left     *openCalls
	owed     bool // resume: lines of the result that are not written yet
	recorded bool // a call that waits for approval: it has been shown, and can be approved

	known *ledger.File // upload: what the ledger said of the file when it was planned; nil where it knew nothing

	begun bool // its beginning has been told; only the goroutine that does the step looks at it
}

// dropFolder is the folder that the action's file lies in.
func (a *Action) dropFolder() *DropFolder {
	if a.Rule != nil {
		return &a.Rule.DropFolder
	}
	return &a.Import.DropFolder
}

// checkDigest stands for the settings that the action's file is rejected by.
func (a *Action) checkDigest() string {
	if a.Rule != nil {
		return a.Rule.checkDigest()
	}
	return a.Import.checkDigest()
}

// FileSeen is one file of a drop folder as an observation found it.
type FileSeen struct {
	Name   string
	Stamp  durable.Stamp
	Digest string // SHA-256 of the file itself, hex; empty where it was not read
	Rows   int64  // data records, where it was validated
	Send   Sending
}

// DefinitionChange is one difference between the configuration and what was last applied.
type DefinitionChange struct {
	Address    Address
	Verb       string // "create", "update", "move", "forget"
	From       Address
	Attributes []AttributeChange // sorted by path
	Existing   int               // create of an import: files that were here before
	Oldest     time.Time         // the oldest of them
	digest     string
	encoded    string
	folder     string // drop folder to make when it is applied; empty: none
}

// AttributeChange is one attribute that differs. An empty Old or New means that it was or is not set.
type AttributeChange struct {
	Path      string
	Old, New  string
	Sensitive bool
}

// UnderWay is work that a live process holds: listed, without a step.
type UnderWay struct {
	Address Address
	Owner   string // "watch, process 4711 since 05:30"
	Text    string // what a person should do about it; empty: nothing
}

// Waiting is a file that is no step now and needs nobody: it is still being written, waits for its marker, or is held
// back by a failure before it.
type Waiting struct {
	Address Address
	Reason  string
}

// Plan is everything that would be done, and everything that would not, with the reasons. It is made by Build and
// changes nothing.
type Plan struct {
	Now         time.Time
	Definitions []DefinitionChange // by address
	Actions     []Action           // by block in the order of the configuration, then in the order they will be done
	UnderWay    []UnderWay
	Waiting     []Waiting
	Recognised  []ledger.File // done files whose stamp changed while their content did not; noted by the next apply
	Skipped     []Skipped     // the last due time of exports that were left out
	Problems    diag.List     // folders that cannot be read, files that cannot be opened, preconditions that fail

	Stale    []Stale // of a saved plan: steps that are left out, because they do not hold any more
	Narrowed bool    // -target or -exclude chose from all there is to do

	forgone map[string][]string // what waited for approval and no file gives any more, by block
	past    []Past              // what was named and is done
	madeOf  map[Address]string  // the file that the call of an address was made of, where it was made of one
}

// covered reports whether a pattern names a piece of work: by its own address, its block's, or that of the file which it
// was made of.
func (p *Plan) covered(patterns []string, a Address) bool {
	return matches(patterns, a) || p.madeOf[a] != "" && matches(patterns, a.Block().Of(p.madeOf[a]))
}

// Skipped is a due time that an export let pass.
type Skipped struct {
	Address Address
	Slot    time.Time
	Text    string
}

// Empty reports whether there is no definition to change, no step, and nothing that needs a person.
func (p *Plan) Empty() bool { return len(p.Definitions) == 0 && len(p.Actions) == 0 }

// Steps counts the actions that do something, all but needs_person.
func (p *Plan) Steps() int {
	n := 0
	for _, a := range p.Actions {
		if a.Kind != NeedsPerson {
			n++
		}
	}
	return n
}

// Count is the number of actions of a kind.
func (p *Plan) Count(k ActionKind) int {
	n := 0
	for _, a := range p.Actions {
		if a.Kind == k {
			n++
		}
	}
	return n
}
