package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"dropform/engine/conbox"
	"dropform/engine/csvschema"
)

// Call is one CONBOX action that a rule makes of lines of a file, or of an order that another rule has placed.
type Call struct {
	Rule *Rule
	// Key is the call's part of the address, before #2: of an order DocNbr, else ExtPchNbr, else the first GUID; of the
	// other kinds DocNbr/PosNbr or the GUID, of those without positions DocNbr.
	Key    string
	Line   int64   // the first of Lines, 0 where there are none
	Lines  []int64 // physical lines in their order; none in a rule that follows another
	Object string  // what tells the call within its file: "line 12", "order 2/101224-01", "order ExtPchNbr 4711", "order", "after"

	Request conbox.Request
	Data    []byte // ServiceData as it is sent
	Digest  string // SHA-256 of Data, hex

	DocTyp, DocNbr, ExtPchNbr string         // as they are sent, empty where they are not
	Whole                     bool           // an order of the whole document; it has no Positions
	Positions                 []CallPosition // what is ordered, deleted, read or copied, in the order of the lines
}

// CallPosition is one position of a call, by number or by GUID.
type CallPosition struct {
	DocTyp, DocNbr, PosNbr, GUID string
	Amount                       string // as it is sent, empty where the position's own counts
	Line                         int64  // 0 in a rule that follows another
}

// callsOf makes the calls of a valid file, or finds everything that is wrong with its lines: then there is no call, for a
// file is never sent in part. Calls and faults are in the order of the file.
//
// A cell that holds nothing but spaces is an empty one, and an empty text of an expression is like null: the field is not
// set. A null takes the column's place all the same. Texts are sent as they are; see textField for what they may hold.
func (r *Rule) callsOf(rows []csvschema.Row) ([]*Call, []csvschema.Fault) {
	if len(rows) == 0 {
		return nil, nil
	}
	m := r.newCallMaker(rows[0].Names)
	lines := make([]*callLine, len(rows))
	for i, row := range rows {
		lines[i] = &callLine{row: row, fields: map[string]fieldValue{}}
	}
	m.sources(lines[0])
	for _, l := range lines {
		m.foreign(l)
	}
	calls := m.calls(lines)
	if len(m.faults) > 0 {
		slices.SortStableFunc(m.faults, func(a, b csvschema.Fault) int { return cmp.Compare(a.Record, b.Record) })
		return nil, m.faults
	}
	return calls, nil
}

// callAfter makes the call for an order that another rule has placed; order holds the fields that were sent and returned.
// DocTyp and DocNbr come from it unless document sets them. The error names every field that is wrong.
func (r *Rule) callAfter(order map[string]any) (*Call, error) {
	m := r.newCallMaker(nil)
	l := &callLine{order: order, fields: map[string]fieldValue{}}
	m.sources(l)
	calls := m.calls([]*callLine{l})
	if len(m.faults) > 0 {
		texts := make([]string, len(m.faults))
		for i, f := range m.faults {
			texts[i] = strings.TrimSuffix(f.Message.String(), ".")
			if !f.Expected.IsZero() {
				texts[i] += " (" + f.Expected.String() + ")"
			}
		}
		return nil, errors.New(strings.Join(texts, "; "))
	}
	calls[0].Object = "after" // the followed order is all there is
	return calls[0], nil
}

func (m *callMaker) calls(lines []*callLine) []*Call {
	if m.rule.Kind == RulePurchase {
		return m.orders(lines)
	}
	return m.single(lines)
}

// finish checks a call as a whole and adds it. lines are those of its positions, or its only one.
func (m *callMaker) finish(calls []*Call, c *Call, lines []*callLine) []*Call {
	data, err := conbox.ServiceData(c.Request)
	if err != nil {
		m.invalid(err, lines)
		return calls
	}
	digest := sha256.Sum256(data)
	first := lines[0]
	c.Rule, c.Data, c.Digest = m.rule, data, hex.EncodeToString(digest[:])
	c.DocTyp, c.DocNbr = first.text("DocTyp"), first.text("DocNbr")
	for _, l := range lines {
		if l.order == nil {
			c.Lines = append(c.Lines, l.row.Line)
		}
	}
	c.Line = first.row.Line
	return append(calls, c)
}

// invalid books what the client finds wrong with a call to the line of the position concerned, else to the first.
func (m *callMaker) invalid(err error, lines []*callLine) {
	var found *conbox.Invalid
	if !errors.As(err, &found) {
		found = &conbox.Invalid{Problems: []conbox.Problem{{Position: -1, Text: err.Error()}}}
	}
	for _, p := range found.Problems {
		l := lines[max(0, min(p.Position, len(lines)-1))]
		m.fault(l, p.Field, CodeRequestInvalid, p.Field, l.row.Mask(p.Text))
	}
}

// wholeNumber is a field of form formWhole for the wire, nil where it is not set.
func (l *callLine) wholeNumber(name string) *int {
	n, err := strconv.Atoi(l.text(name))
	if err != nil { // numberField lets nothing else pass but none at all
		return nil
	}
	return &n
}

// position is what the line names of a document.
func (l *callLine) position() CallPosition {
	return CallPosition{
		DocTyp: l.text("DocTyp"), DocNbr: l.text("DocNbr"), PosNbr: l.text("PosNbr"), GUID: l.text("PositionGuid"),
		Amount: l.text("Amount"), Line: l.row.Line,
	}
}
