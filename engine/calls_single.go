package engine

import (
	"slices"
	"strconv"

	"dropform/engine/conbox"
	"dropform/engine/csvschema"
	"dropform/engine/ledger"
)

// single makes the calls of the kinds that make one of each line.
func (m *callMaker) single(lines []*callLine) []*Call {
	fields := callFields[m.rule.Kind]
	var calls []*Call
	seen := map[[3]string]*callLine{}
	for _, l := range lines {
		var rows []map[string]any
		if l.order == nil {
			rows = append(rows, l.row.Values)
		}
		for _, name := range fields {
			if slices.Contains(orderKeys, name) {
				m.evaluate(l, nil, name)
			} else {
				m.evaluate(l, rows, name)
			}
		}
		m.complete(l)
		m.targetOnce(l, seen)
		if !l.bad {
			calls = m.finish(calls, m.singleCall(l), []*callLine{l})
		}
	}
	return calls
}

// complete checks that a line names what its action needs, in one form of address (LANGUAGE.md, rule, Required).
func (m *callMaker) complete(l *callLine) {
	switch m.rule.Kind {
	case RuleReadyStatus:
		m.need(l, "DocTyp", "DocNbr", "ReadyStatus")
	case RuleSaveDocumentAs:
		m.need(l, "DocTyp", "DocNbr", "SrcDocTyp", "SrcDocNbr")
	case RuleSilentCopy:
		m.copied(l)
	default:
		m.onePosition(l)
	}
}

// onePosition wants a GUID, which DocTyp may join, or a number.
func (m *callMaker) onePosition(l *callLine) {
	switch {
	case l.broken("PositionGuid"):
	case l.has("PositionGuid"):
		m.refuse(l, CodeAddressBoth, "DocNbr", "PosNbr")
	case !l.has("DocNbr") && !l.has("PosNbr"):
		m.nothing(l, "DocTyp", "DocNbr", "PosNbr")
	default:
		m.need(l, "DocTyp", "DocNbr", "PosNbr")
	}
}

// copied wants the source by GUID, which a target may join, or by number with the target.
func (m *callMaker) copied(l *callLine) {
	source := []string{"SrcDocTyp", "SrcDocNbr", "SrcPosNbr"}
	if l.broken("PositionGuid") {
		return
	}
	if l.has("PositionGuid") {
		m.refuse(l, CodeAddressBoth, source...)
		if l.has("DocNbr") || l.has("PosNbr") {
			m.need(l, "DocNbr", "PosNbr")
		}
		return
	}
	if slices.ContainsFunc(source, l.has) {
		m.need(l, source...)
	} else {
		m.nothing(l, source...)
	}
	m.need(l, "DocTyp", "DocNbr", "PosNbr")
}

// nothing reports a line that names no position in any form, once for the file where none of its columns could.
func (m *callMaker) nothing(l *callLine, numbers ...string) {
	if len(numbers) == 0 {
		numbers = []string{"DocTyp", "DocNbr", "PosNbr"}
	}
	nowhere := true
	for _, name := range append(numbers, "PositionGuid") {
		_, byColumn := m.columns[name]
		_, byExpr := m.exprs[name]
		nowhere = nowhere && !byColumn && !byExpr
	}
	if l.bad = true; nowhere && m.absent["PositionGuid"] {
		return
	}
	m.absent["PositionGuid"] = nowhere
	list := numbers[0] + ", " + numbers[1] + ", " + numbers[2]
	f := m.at(l, "PositionGuid", CodeAddressMissing, "")
	f.Message = callWords[CodeAddressMissing].Of(list)
	if nowhere {
		f.Expected = m.source(l, "PositionGuid")
	}
	m.add(l, f)
}

// targetOnce reports a line that deletes what an earlier line deletes, or writes where an earlier line writes. To read or
// to mark the same document twice is no mistake.
func (m *callMaker) targetOnce(l *callLine, seen map[[3]string]*callLine) {
	code, names := CodeTargetTwice, []string{"DocTyp", "DocNbr", "PosNbr"}
	switch {
	case l.bad:
		return
	case m.rule.Kind == RuleDelete && l.has("PositionGuid"):
		code, names = CodePositionTwice, []string{"PositionGuid"}
	case m.rule.Kind == RuleDelete:
		code = CodePositionTwice
	case m.rule.Kind == RuleSilentCopy && l.has("DocNbr"):
	case m.rule.Kind == RuleSaveDocumentAs:
		names = []string{"DocTyp", "DocNbr"}
	default:
		return
	}
	m.distinct(l, code, names, seen)
}

func (m *callMaker) distinct(l *callLine, code csvschema.Code, names []string, seen map[[3]string]*callLine) {
	var key [3]string
	for i, name := range names {
		key[i] = ledger.Fold(l.text(name))
	}
	if earlier := seen[key]; earlier != nil {
		last := names[len(names)-1]
		m.fault(l, last, code, last, earlier.row.Line)
		return
	}
	seen[key] = l
}

// singleCall is the call of a line without faults.
func (m *callMaker) singleCall(l *callLine) *Call {
	c := &Call{Key: l.text("DocNbr"), Object: "line " + strconv.FormatInt(l.row.Line, 10)}
	guid, typ, doc, pos := l.text("PositionGuid"), l.wholeNumber("DocTyp"), l.text("DocNbr"), l.text("PosNbr")
	switch m.rule.Kind {
	case RuleReadyStatus:
		ready := l.text("ReadyStatus") == strconv.FormatBool(true)
		c.Request = conbox.SetReadyStatus{DocTyp: typ, DocNbr: doc, ReadyStatus: &ready}
		return c
	case RuleSaveDocumentAs:
		c.Request = conbox.SaveDocumentAs{DocTyp: typ, DocNbr: doc, SrcDocTyp: l.wholeNumber("SrcDocTyp"), SrcDocNbr: l.text("SrcDocNbr")}
		return c
	case RuleSilentCopy:
		c.Request = conbox.SilentCopy{
			PositionGuid: guid, DocTyp: typ, DocNbr: doc, PosNbr: pos, SrcDocTyp: l.wholeNumber("SrcDocTyp"),
			SrcDocNbr: l.text("SrcDocNbr"), SrcPosNbr: l.text("SrcPosNbr"), Amount: number(l.text("Amount")),
			PosImgWidth: l.wholeNumber("PosImgWidth"), PosImgHeight: l.wholeNumber("PosImgHeight"),
		}
		c.Positions = []CallPosition{l.copiedPosition()}
	case RuleDelete:
		c.Request = conbox.Delete{PositionGuid: guid, DocTyp: typ, DocNbr: doc, PosNbr: pos}
		c.Positions = []CallPosition{l.position()}
	case RulePositionData:
		c.Request = conbox.GetPositionData{PositionGuid: guid, DocTyp: typ, DocNbr: doc, PosNbr: pos}
		c.Positions = []CallPosition{l.position()}
	}
	if c.Key += "/" + pos; doc == "" {
		c.Key = guid
	}
	return c
}

// copiedPosition is the source of a copy.
func (l *callLine) copiedPosition() CallPosition {
	return CallPosition{
		DocTyp: l.text("SrcDocTyp"), DocNbr: l.text("SrcDocNbr"), PosNbr: l.text("SrcPosNbr"), GUID: l.text("PositionGuid"),
		Amount: l.text("Amount"), Line: l.row.Line,
	}
}
