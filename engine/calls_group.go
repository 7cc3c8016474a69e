package engine

import (
	"slices"
	"strings"

	"dropform/engine/conbox"
	"dropform/engine/ledger"
)

// An orderGroup is the lines that make one order: of one (DocTyp, DocNbr), else of one ExtPchNbr, else the whole file.
type orderGroup struct {
	lines    []*callLine // in the order of the file, not always adjacent
	byNumber bool
	all      bool // lines with neither number: the whole file is the order
	lost     bool // the same where other lines have orders of their own: nobody knows which order they are
	whole    bool // no line names a position: the whole document is ordered
}

// orders makes the calls of a purchase rule.
func (m *callMaker) orders(lines []*callLine) []*Call {
	groups := m.group(lines)
	for _, g := range groups {
		m.fill(g)
	}
	m.alone(groups)
	guids, numbers := map[string]*callLine{}, map[string]*callLine{}
	var calls []*Call
	for _, g := range groups {
		if !g.lost {
			m.agree(g)
		}
		if g.byNumber {
			m.byNumber(g)
		} else {
			m.byGUID(g, guids)
		}
		m.numberOnce(g, numbers)
		if !slices.ContainsFunc(g.lines, func(l *callLine) bool { return l.bad }) {
			calls = m.finish(calls, m.order(g), g.lines)
		}
	}
	return calls
}

// group sorts lines into orders, in the order of their first lines. A line whose number is at fault is in none of them:
// its fault is known, and whatever it would lack or double there is no second one.
func (m *callMaker) group(lines []*callLine) []*orderGroup {
	var groups []*orderGroup
	byKey := map[[3]string]*orderGroup{}
	for _, l := range lines {
		m.evaluate(l, nil, orderKeys...)
		if l.broken(orderKeys...) {
			m.cells(l, slices.Concat(documentFields, positionFields)...)
			continue
		}
		key := [3]string{"number", l.text("DocTyp"), ledger.Fold(l.text("DocNbr"))}
		if !l.has("DocNbr") {
			key = [3]string{"ExtPchNbr", ledger.Fold(l.text("ExtPchNbr"))}
		}
		g := byKey[key]
		if g == nil {
			g = &orderGroup{byNumber: l.has("DocNbr"), all: !l.has("DocNbr") && !l.has("ExtPchNbr")}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.lines = append(g.lines, l)
	}
	return groups
}

// fill works out the rest of the fields, each line with all lines of its order in sight.
func (m *callMaker) fill(g *orderGroup) {
	var rows []map[string]any
	for _, l := range g.lines {
		if l.order == nil {
			rows = append(rows, l.row.Values)
		}
	}
	for _, l := range g.lines {
		m.evaluate(l, rows, "FinalCustomerLndCde", "Subject", "PurchaseTxt")
		m.delivery(l, rows)
		m.evaluate(l, rows, positionFields...)
	}
}

// alone rejects lines that would make the whole file one order where other lines have orders of their own.
func (m *callMaker) alone(groups []*orderGroup) {
	i := slices.IndexFunc(groups, func(g *orderGroup) bool { return !g.all })
	if i < 0 {
		return
	}
	for _, g := range groups {
		g.lost = g.all
		for _, l := range g.lines {
			if g.lost && l.has("PositionGuid") {
				m.fault(l, "ExtPchNbr", CodeOrderAmbiguous, groups[i].lines[0].row.Line)
			}
		}
	}
}

// agree holds every document field of an order's lines against the first of them.
func (m *callMaker) agree(g *orderGroup) {
	first := g.lines[0]
	needed := "FinalCustomerLndCde"
	if !slices.ContainsFunc(g.lines, func(l *callLine) bool { return l.has(needed) }) {
		m.need(first, needed)
	}
	for _, l := range g.lines[1:] {
		for _, name := range slices.Concat(orderKeys, documentFields) {
			broken := l.broken(name) || first.broken(name)
			if slices.Contains(deliveryFields, name) {
				broken = broken || l.broken("DlvAdr") || first.broken("DlvAdr")
			}
			if !broken && l.text(name) != first.text(name) {
				m.fault(l, name, CodeOrderDiffers, name, first.row.Line)
			}
		}
	}
}

// byNumber checks the positions of an order that names its document.
func (m *callMaker) byNumber(g *orderGroup) {
	m.need(g.lines[0], "DocTyp")
	g.whole = !slices.ContainsFunc(g.lines, func(l *callLine) bool { return l.has("PosNbr") || l.has("PositionGuid") })
	if g.whole {
		m.wholeDocument(g)
		return
	}
	seen := map[string]*callLine{}
	for _, l := range g.lines {
		switch {
		case l.broken("PositionGuid", "PosNbr"):
		case l.has("PositionGuid"):
			m.refuse(l, CodeAddressBoth, "DocNbr")
		case !l.has("PosNbr"):
			m.need(l, "PosNbr")
		default:
			m.once(l, "PosNbr", seen)
		}
	}
}

// wholeDocument: an order without positions is one of the whole document, which somebody has to want. What its lines say
// of a position would be lost.
func (m *callMaker) wholeDocument(g *orderGroup) {
	if !m.rule.AllPositions {
		m.fault(g.lines[0], "PosNbr", CodeOrderWhole)
		return
	}
	for _, l := range g.lines {
		for _, name := range []string{"LVNbr", "NotTxt", "Amount"} {
			if l.has(name) && !l.broken(name) {
				m.fault(l, name, CodeOrderNoPosition, name)
			}
		}
	}
}

// byGUID checks the positions of an order that names no document. seen are the GUIDs of the file so far: a position that
// is in two orders would be ordered twice.
func (m *callMaker) byGUID(g *orderGroup, seen map[string]*callLine) {
	for _, l := range g.lines {
		switch {
		case l.broken("PositionGuid"):
		case !l.has("PositionGuid") && l.has("PosNbr"):
			m.need(l, "DocNbr")
		case !l.has("PositionGuid"):
			m.nothing(l)
		default:
			m.refuse(l, CodeAddressBoth, "PosNbr")
			m.once(l, "PositionGuid", seen)
		}
	}
}

// once reports a position that an earlier line names.
func (m *callMaker) once(l *callLine, name string, seen map[string]*callLine) {
	key := ledger.Fold(l.text(name))
	if earlier := seen[key]; earlier != nil {
		m.fault(l, name, CodePositionTwice, name, earlier.row.Line)
		return
	}
	seen[key] = l
}

// numberOnce reports an order whose ExtPchNbr an earlier order of the file has.
func (m *callMaker) numberOnce(g *orderGroup, seen map[string]*callLine) {
	l := g.lines[0]
	if !l.has("ExtPchNbr") || slices.ContainsFunc(g.lines, func(l *callLine) bool { return l.bad }) {
		return // a line that lost its document is no order of its own
	}
	key := ledger.Fold(l.text("ExtPchNbr"))
	if earlier := seen[key]; earlier != nil {
		m.fault(l, "ExtPchNbr", CodeOrderNumberTwice, "ExtPchNbr", earlier.row.Line)
		return
	}
	seen[key] = l
}

// order is the call of a group without faults (Passive Actions, Purchase). However many positions it has, it is one.
func (m *callMaker) order(g *orderGroup) *Call {
	first := g.lines[0]
	req := conbox.Purchase{
		DocTyp: first.wholeNumber("DocTyp"), DocNbr: first.text("DocNbr"), FinalCustomerLndCde: first.text("FinalCustomerLndCde"),
		ExtPchNbr: first.text("ExtPchNbr"), Subject: first.text("Subject"), PurchaseTxt: first.text("PurchaseTxt"),
		DlvAdr: first.address(), AllPositions: g.whole,
	}
	c := &Call{ExtPchNbr: req.ExtPchNbr, Whole: g.whole}
	switch {
	case g.byNumber:
		c.Key, c.Object = req.DocNbr, "order "+first.text("DocTyp")+"/"+req.DocNbr
	case req.ExtPchNbr != "":
		c.Key, c.Object = req.ExtPchNbr, "order ExtPchNbr "+req.ExtPchNbr
	default:
		c.Key, c.Object = first.text("PositionGuid"), "order"
	}
	if !g.whole {
		var list []string
		for _, l := range g.lines {
			list = append(list, l.text("PosNbr"))
			c.Positions = append(c.Positions, l.position())
			req.PosData = append(req.PosData, conbox.PosData{
				PosNbr: l.text("PosNbr"), PositionGuid: l.text("PositionGuid"), LVNbr: l.text("LVNbr"), NotTxt: l.text("NotTxt"),
				Amount: number(l.text("Amount")),
			})
		}
		if g.byNumber { // beside PosData: without the list a server orders the whole document
			req.PosNbr = strings.Join(list, ",")
		}
	}
	c.Request = req
	return c
}

// address is DlvAdr, nil where the line gives nothing of it.
func (l *callLine) address() *conbox.DlvAdr {
	a := conbox.DlvAdr{
		AdrTit: l.text("AdrTit"), AdrNam01: l.text("AdrNam01"), AdrNam02: l.text("AdrNam02"), OrdNam: l.text("OrdNam"),
		AdrStr: l.text("AdrStr"), AdrLnd: l.text("AdrLnd"), AdrPcd: l.text("AdrPcd"), AdrReg: l.text("AdrReg"),
	}
	if a == (conbox.DlvAdr{}) {
		return nil
	}
	return &a
}
