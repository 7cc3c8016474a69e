package command

// An explanation is what a code says: what happened, and what to do next. Each is one or more whole sentences.
type explanation struct{ what, next string }

// The areas in which codes are given out. A code means one thing in each; some areas share names.
const (
	areaConfiguration = "configuration"
	areaFile          = "file"
	areaRule          = "rule"
	areaPerbit        = "perbit"
	areaConbox        = "conbox"
	areaRun           = "run"
)

// A codeArea is all codes of one kind, and where a user meets them.
type codeArea struct {
	name, title, where string
	codes              map[string]explanation
}

// areas is every area in the order in which a newcomer meets them. The configuration's sentences come from the package
// that reads it (App.Messages).
var areas = []codeArea{
	{areaConfiguration, "Configuration", "In a *.hcl or *.vars.hcl file; the message names the file, the line and the expression. dropform validate reports all at once.", nil},
	{areaFile, "CSV files", "In a dropped CSV file or an export's result; the report beside it (NAME.errors.txt, .json, .csv) and dropform check name line and column.", fileCodes},
	{areaRule, "Lines of a rule's file", "In a CSV file that a rule took, or in the rule's document and position blocks; the report beside the file names the line and the field.", ruleCodes},
	{areaPerbit, "Answers of a perbit server", "In a call to a connection \"perbit\"; the message quotes the server and says whether anything was sent.", perbitCodes},
	{areaConbox, "Answers of a CONBOX server", "In a call to a connection \"conbox\"; the message quotes the server and says whether anything was sent.", conboxCodes},
	{areaRun, "Commands and steps", "On the command line, in a plan, or at the end of a step; the message names the address.", runCodes},
}

// codesOf is an area's codes with their explanations.
func (s *session) codesOf(a codeArea) map[string]explanation {
	if a.name != areaConfiguration {
		return a.codes
	}
	out := make(map[string]explanation, len(s.Messages))
	for code, what := range s.Messages {
		out[code] = explanation{what, configurationNext[code]}
	}
	return out
}
