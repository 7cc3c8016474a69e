package engine

import "encoding/json"

// RuleKind is what a rule does with its rows, the second part of its address (LANGUAGE.md, rule).
type RuleKind string

// The kinds of rules, one for each CONBOX action.
const (
	RulePurchase       RuleKind = "purchase"
	RuleReadyStatus    RuleKind = "ready_status"
	RuleSilentCopy     RuleKind = "silent_copy"
	RuleSaveDocumentAs RuleKind = "save_document_as"
	RuleDelete         RuleKind = "delete"
	RulePositionData   RuleKind = "position_data"
)

// Irreversible reports whether nothing takes the action back: its steps are shown in full and approved by name.
func (k RuleKind) Irreversible() bool { return k == RulePurchase || k == RuleDelete }

// Rule turns the rows of dropped files, or the documents that another rule has placed, into CONBOX actions.
type Rule struct {
	Declared
	DropFolder
	Kind         RuleKind
	Connection   *Connection
	After        Address // a rule as a whole; zero where the rule has a folder
	Approval     string  // manual, auto
	OnUnknown    string  // hold, retry
	AllPositions bool    // a purchase by number without positions orders the whole document
	Document     []CallField
	Position     []CallField
	Result       RuleResult
}

// RuleResult says where a file's result CSV goes, and decoded images of positions.
type RuleResult struct {
	Path   FileText // relative paths start at the file's folder
	Images FileText // a folder, relative to the working directory; nil: images are not written
}

// CallField is one CONBOX field that a rule sets by an expression.
type CallField struct {
	Name   string
	Value  func(CallScope) (any, error)
	Column string // the only column that Value reads, empty where it reads none or several
}

// CallScope is what `row`, `rows` and `order` mean in a rule's expressions. Values are nil, string, bool, json.Number (in
// plain decimal notation) or, in Order, []any and map[string]any of them.
type CallScope struct {
	Row   map[string]any
	Rows  []map[string]any // nil where the group of lines is still being made
	Order map[string]any   // only in a rule with After
}

// number tells a number that an expression or a typed column gave from text that looks like one.
type number = json.Number
