package engine

import (
	"slices"
	"strings"

	"dropform/engine/csvschema"
)

// fieldForm is what the value of a CONBOX field may be (LANGUAGE.md, rule, Types).
type fieldForm uint8

const (
	formText   fieldForm = iota // one line
	formNote                    // text that may have lines
	formName                    // what identifies something, and so is compared trimmed: no space at its ends
	formGUID                    // likewise, and of fixed form
	formWhole                   // DocTyp and pixels
	formAmount                  // greater than 0
	formBool
	formAddress // DlvAdr
)

// fieldForms has every field of every action, under CONBOX's own name.
var fieldForms = map[string]fieldForm{
	"DocTyp": formWhole, "DocNbr": formName, "PosNbr": formName, "PositionGuid": formGUID,
	"SrcDocTyp": formWhole, "SrcDocNbr": formName, "SrcPosNbr": formName,
	"Amount": formAmount, "PosImgWidth": formWhole, "PosImgHeight": formWhole, "ReadyStatus": formBool,
	"FinalCustomerLndCde": formName, "ExtPchNbr": formName, "Subject": formText, "PurchaseTxt": formNote,
	"DlvAdr": formAddress, "AdrTit": formText, "AdrNam01": formText, "AdrNam02": formText, "OrdNam": formText,
	"AdrStr": formText, "AdrLnd": formText, "AdrPcd": formText, "AdrReg": formText,
	"LVNbr": formText, "NotTxt": formNote,
}

// The fields of an order, in the vendor's order; those of orderKeys make the group of a line.
var (
	orderKeys      = []string{"DocTyp", "DocNbr", "ExtPchNbr"}
	deliveryFields = []string{"AdrTit", "AdrNam01", "AdrNam02", "OrdNam", "AdrStr", "AdrLnd", "AdrPcd", "AdrReg"}
	documentFields = append([]string{"FinalCustomerLndCde", "Subject", "PurchaseTxt"}, deliveryFields...)
	positionFields = []string{"PosNbr", "PositionGuid", "LVNbr", "NotTxt", "Amount"}
)

// callFields are the fields of each kind, in the order in which they are looked at.
var callFields = map[RuleKind][]string{
	RulePurchase:       slices.Concat(orderKeys, documentFields, positionFields, []string{"DlvAdr"}),
	RuleReadyStatus:    {"DocTyp", "DocNbr", "ReadyStatus"},
	RuleSilentCopy:     {"PositionGuid", "DocTyp", "DocNbr", "PosNbr", "SrcDocTyp", "SrcDocNbr", "SrcPosNbr", "Amount", "PosImgWidth", "PosImgHeight"},
	RuleSaveDocumentAs: {"DocTyp", "DocNbr", "SrcDocTyp", "SrcDocNbr"},
	RuleDelete:         {"PositionGuid", "DocTyp", "DocNbr", "PosNbr"},
	RulePositionData:   {"PositionGuid", "DocTyp", "DocNbr", "PosNbr"},
}

// callLine is one line of a file, or the order that a rule follows, with the fields that were made of it so far.
type callLine struct {
	row    csvschema.Row  // without names in a rule that follows another
	order  map[string]any // of a rule that follows another
	fields map[string]fieldValue
	bad    bool // something of it is at fault, so it makes no call
}

// fieldValue is one field of a line. A field without a value is not in the line's map.
type fieldValue struct {
	text   string // as it is sent: a number in JSON's spelling, true or false
	broken bool   // it is at fault, which has been said
}

// has reports whether the line gives the field at all, right or wrong.
func (l *callLine) has(name string) bool { _, ok := l.fields[name]; return ok }

// text is the field as it is sent, empty where it is not set.
func (l *callLine) text(name string) string { return l.fields[name].text }

func (l *callLine) broken(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return l.fields[name].broken })
}

// callMaker makes the calls of one file and collects what is wrong with it.
type callMaker struct {
	rule    *Rule
	columns map[string]int // position of the column that a field is taken from
	names   []string       // of all columns
	exprs   map[string]func(CallScope) (any, error)
	reads   map[string]int  // position of the only column that a field's expression reads
	absent  map[string]bool // fields without any source that have been reported as missing
	faults  []csvschema.Fault
}

// newCallMaker finds out where each field comes from. An expression takes the place of a column, and one in position that
// of one in document.
func (r *Rule) newCallMaker(names []string) *callMaker {
	m := &callMaker{
		rule: r, names: names, columns: map[string]int{}, exprs: map[string]func(CallScope) (any, error){},
		absent: map[string]bool{}, reads: map[string]int{},
	}
	for _, f := range slices.Concat(r.Document, r.Position) {
		m.exprs[f.Name] = f.Value
		delete(m.reads, f.Name) // that of an expression in document, whose place this one takes
		if at := slices.Index(names, f.Column); f.Column != "" && at >= 0 {
			m.reads[f.Name] = at
		}
	}
	_, address := m.exprs["DlvAdr"]
	for at, name := range names {
		replaced := name == "DlvAdr" || address && slices.Contains(deliveryFields, name)
		if _, set := m.exprs[name]; !set && !replaced && slices.Contains(callFields[r.Kind], name) {
			m.columns[name] = at
		}
	}
	return m
}

// sources reports what is wrong with the file's columns and the rule's expressions before any line is looked at: columns
// that cannot be told apart, and expressions for fields that the action does not have.
func (m *callMaker) sources(first *callLine) {
	for at, name := range m.names {
		if _, taken := m.columns[name]; taken && slices.Index(m.names, name) < at {
			f := first.row.CellFault(CodeFieldColumns, at)
			f.Message = callWords[CodeFieldColumns].Of(name)
			m.add(first, f)
		}
	}
	for _, f := range slices.Concat(m.rule.Document, m.rule.Position) {
		if !slices.Contains(callFields[m.rule.Kind], f.Name) {
			m.fault(first, f.Name, CodeFieldUnknown, f.Name, m.rule.Kind)
		}
	}
}

// foreign reports cells of columns that bear the name of a field of other actions: nobody may believe that they count.
func (m *callMaker) foreign(l *callLine) {
	for at, name := range m.names {
		_, isField := fieldForms[name]
		known := slices.Contains(callFields[m.rule.Kind], name)
		_, replaced := m.exprs[name]
		if !isField || known && (name != "DlvAdr" || replaced) || strings.TrimSpace(l.row.Texts[at]) == "" {
			continue
		}
		f := l.row.CellFault(CodeFieldUnknown, at)
		f.Message = callWords[CodeFieldUnknown].Of(name, m.rule.Kind)
		if known {
			f.Code, f.Message = CodeFieldType, callWords[CodeFieldType].Of(name, m.phrase("object"), m.phrase("text"))
		}
		m.add(l, f)
	}
}

// evaluate works out fields of a line. rows are all lines of its document, nil while the document is still being found.
func (m *callMaker) evaluate(l *callLine, rows []map[string]any, names ...string) {
	scope := CallScope{Row: l.row.Values, Rows: rows, Order: l.order}
	for _, name := range names {
		at, isColumn := m.columns[name]
		switch f, set := m.exprs[name]; {
		case set:
			m.set(l, name, name, m.call(l, name, f, scope))
		case isColumn:
			m.set(l, name, name, cellValue(l.row, at))
		case l.order != nil && m.followed(name):
			m.set(l, name, name, l.order[name])
		}
	}
}

// followed reports whether a field comes from the order that a rule follows unless it is set. A position that is named by
// its GUID alone must not get the number of a document beside it.
func (m *callMaker) followed(name string) bool {
	_, byGUID := m.exprs["PositionGuid"]
	_, byNumber := m.exprs["PosNbr"]
	return name == "DocTyp" || name == "DocNbr" && (byNumber || !byGUID)
}

// cells takes the fields of a line that come from columns alone: all that can be looked at where its order is not known.
func (m *callMaker) cells(l *callLine, names ...string) {
	for _, name := range names {
		if at, ok := m.columns[name]; ok {
			m.set(l, name, name, cellValue(l.row, at))
		}
	}
}

// call evaluates an expression, to nil where it fails.
func (m *callMaker) call(l *callLine, name string, f func(CallScope) (any, error), scope CallScope) any {
	v, err := f(scope)
	if err != nil {
		m.fault(l, name, CodeFieldFailed, name, l.row.Mask(err.Error()))
		l.fields[name] = fieldValue{broken: true}
		return nil
	}
	return v
}

// cellValue is a cell as a field takes it: what the csv block makes of it where that is a number or a boolean, else its
// text as it stands there.
func cellValue(row csvschema.Row, at int) any {
	switch v := row.Values[row.Names[at]].(type) {
	case number, bool:
		return v
	}
	return row.Texts[at]
}

// set takes the value of a field. shown is how messages call it.
func (m *callMaker) set(l *callLine, name, shown string, v any) {
	text, wrong := fieldText(fieldForms[name], name, v)
	switch {
	case wrong != nil:
		args := append([]any{shown}, wrong.args...)
		for i, a := range args {
			if phrase, ok := a.(phraseName); ok {
				args[i] = m.phrase(string(phrase))
			}
		}
		f := m.at(l, name, wrong.code, valueText(v))
		f.Message = callWords[wrong.code].Of(args...)
		if wrong.expected != "" {
			f.Expected = m.phrase(wrong.expected)
		}
		m.add(l, f)
		l.fields[name] = fieldValue{broken: true}
	case text != "":
		l.fields[name] = fieldValue{text: text}
	}
}

// delivery works out the members of DlvAdr. An address that an expression gives takes the place of all columns, because
// a mixture of two addresses is nobody's; expressions for single members come last.
func (m *callMaker) delivery(l *callLine, rows []map[string]any) {
	whole, set := m.exprs["DlvAdr"]
	if !set {
		m.evaluate(l, rows, deliveryFields...)
		return
	}
	v := m.call(l, "DlvAdr", whole, CallScope{Row: l.row.Values, Rows: rows, Order: l.order})
	members, isObject := v.(map[string]any)
	if v != nil && !isObject {
		m.fault(l, "DlvAdr", CodeFieldType, "DlvAdr", m.phrase("object"), m.phrase(kindOf(v)))
		l.fields["DlvAdr"] = fieldValue{broken: true}
	}
	for _, name := range sortedKeys(members) {
		if !slices.Contains(deliveryFields, name) {
			m.fault(l, "DlvAdr", CodeFieldUnknown, name, "DlvAdr")
		}
	}
	for _, name := range deliveryFields {
		if _, own := m.exprs[name]; own {
			m.evaluate(l, rows, name)
		} else {
			m.set(l, name, "DlvAdr."+name, members[name])
		}
	}
}

// need reports the fields that a line has to give and does not. A field that nothing could give is reported once.
func (m *callMaker) need(l *callLine, names ...string) {
	for _, name := range names {
		if l.has(name) {
			continue
		}
		_, byColumn := m.columns[name]
		_, byExpr := m.exprs[name]
		nowhere := !byColumn && !byExpr
		if l.bad = true; nowhere && m.absent[name] {
			continue
		}
		m.absent[name] = nowhere
		f := m.at(l, name, CodeFieldMissing, "")
		f.Message = callWords[CodeFieldMissing].Of(name)
		if nowhere {
			f.Expected = m.source(l, name)
		}
		m.add(l, f)
	}
}

// source says where a field could come from.
func (m *callMaker) source(l *callLine, name string) csvschema.Sentence {
	if l.order != nil && (name == "DocTyp" || name == "DocNbr") {
		return m.phrase("order")
	}
	for _, column := range m.names {
		if strings.EqualFold(strings.TrimSpace(column), name) {
			return m.phrase("spelling", name, column)
		}
	}
	return m.phrase("source", name)
}

// refuse reports fields that must not be set beside others; only the first of them, because they are one mistake.
func (m *callMaker) refuse(l *callLine, code csvschema.Code, names ...string) {
	for _, name := range names {
		if l.has(name) {
			m.fault(l, name, code, name)
			return
		}
	}
}

// fault reports a field of a line.
func (m *callMaker) fault(l *callLine, name string, code csvschema.Code, args ...any) {
	f := m.at(l, name, code, l.text(name))
	f.Message = callWords[code].Of(args...)
	m.add(l, f)
}

// at is a fault in its place: the cell that the field is, or that its expression is about, else the line.
func (m *callMaker) at(l *callLine, name string, code csvschema.Code, value string) csvschema.Fault {
	if at, ok := m.columns[name]; ok {
		return l.row.CellFault(code, at)
	}
	if at, ok := m.reads[name]; ok {
		return l.row.CellFault(code, at)
	}
	return l.row.Fault(code, name, value)
}

func (m *callMaker) add(l *callLine, f csvschema.Fault) {
	l.bad = true
	m.faults = append(m.faults, f)
}

func (m *callMaker) phrase(name string, args ...any) csvschema.Sentence {
	return callPhrases[name].Of(args...)
}
