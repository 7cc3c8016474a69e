package hcl

// An action is one kind of rule: the CONBOX fields that its document and position blocks may set. Field names are
// CONBOX's own.
type action struct {
	document []string
	position []string
	needs    [][]string // the sets of fields of which each call has one whole; all_positions does without PosNbr
	spec     *blockSpec
}

var (
	byNumber    = []string{"DocTyp", "DocNbr", "PosNbr"}
	bySource    = []string{"SrcDocTyp", "SrcDocNbr", "SrcPosNbr"}
	byGUID      = []string{"PositionGuid"}
	readyStatus = []string{"DocTyp", "DocNbr", "ReadyStatus"}
	saveAs      = []string{"DocTyp", "DocNbr", "SrcDocTyp", "SrcDocNbr"}
	image       = []string{"PosImgWidth", "PosImgHeight"}
	address     = []string{"AdrTit", "AdrNam01", "AdrNam02", "OrdNam", "AdrStr", "AdrLnd", "AdrPcd", "AdrReg"}
)

// actions by kind (LANGUAGE.md, rule).
var actions = map[string]*action{
	"purchase": newAction(false,
		join([]string{"DocTyp", "DocNbr", "FinalCustomerLndCde", "ExtPchNbr", "Subject", "PurchaseTxt", "DlvAdr"}, address),
		[]string{"PosNbr", "PositionGuid", "LVNbr", "NotTxt", "Amount"},
		join([]string{"FinalCustomerLndCde"}, byNumber), []string{"FinalCustomerLndCde", "PositionGuid"}),
	"ready_status": newAction(true, readyStatus, nil, readyStatus),
	"silent_copy": newAction(false, nil, join(byNumber, byGUID, bySource, []string{"Amount"}, image),
		join(byNumber, bySource), byGUID),
	"save_document_as": newAction(false, saveAs, nil, saveAs),
	"delete":           newAction(false, nil, join(byNumber, byGUID), byNumber, byGUID),
	"position_data":    newAction(true, nil, join(byNumber, byGUID), byNumber, byGUID),
}

func join(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// newAction makes a kind; retries tells whether on_unknown = "retry" is allowed. A kind with only one list of fields makes
// one call for each line, so document and position may both set them.
func newAction(retries bool, document, position []string, needs ...[]string) *action {
	a := &action{document: document, position: position, needs: needs}
	if document == nil || position == nil {
		a.document = join(document, position)
		a.position = a.document
	}
	unknown := []string{"hold"}
	if retries {
		unknown = append(unknown, "retry")
	}
	a.spec = spec("rule",
		required(of(kindConnection, "connection")), of(kindPath, "folder"), of(kindAddress, "after"),
		of(kindGlobs, "match"), of(kindGlobs, "ignore"), of(kindDuration, "settle"),
		late(scopeFile, of(kindPath, "ready_file")), of(kindSize, "min_size"),
		oneOf("approval", "manual", "auto"), oneOf("on_unknown", unknown...), of(kindBool, "all_positions"),
		csvSpec(), archiveSpec(), fieldsSpec("document", a.document), fieldsSpec("position", a.position),
		block("result", late(scopeFile, of(kindPath, "path")), late(scopeFile, of(kindPath, "images"))))
	return a
}

// groupFields make the group of lines, so they cannot depend on it.
var groupFields = map[string]bool{"DocTyp": true, "DocNbr": true, "ExtPchNbr": true}

func fieldsSpec(name string, fields []string) *blockSpec {
	b := &blockSpec{name: name}
	for _, f := range fields {
		s := scopeRow | scopeRows | scopeOrder
		if groupFields[f] {
			s = scopeRow | scopeOrder
		}
		b.attrs = append(b.attrs, attribute{name: f, kind: fieldKind(f), late: s})
	}
	return b
}

func fieldKind(field string) kind {
	switch field {
	case "DocTyp", "SrcDocTyp", "Amount", "PosImgWidth", "PosImgHeight":
		return kindFieldNumber
	case "ReadyStatus":
		return kindFieldBool
	case "DlvAdr":
		return kindFieldObject
	}
	return kindFieldText
}
