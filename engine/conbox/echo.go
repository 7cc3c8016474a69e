package conbox

import (
	"fmt"
	"slices"
	"strings"

	"dropform/engine/wire"
)

// echo is what the answer to a call has to repeat of it.
type echo struct {
	doc       string   // DocNbr; empty: not compared
	positions []string // PosNbr, taken apart
	guid      string   // PositionGuid, where the answer's is the request's
	count     int      // of PosData
	silent    bool     // DocNbr and positions are not echoed by this action
}

// compare says where an answer that counts does not fit its request. It changes nothing about what happened.
func (e echo) compare(action string, d Data) []string {
	var odd []string
	differs := func(field, sent, got string) {
		odd = append(odd, fmt.Sprintf("the answer's %s is %q, not %q", field, wire.OneLine(got), wire.OneLine(sent)))
	}
	if !strings.EqualFold(d.Action, action) && !(action == getPositionData && strings.EqualFold(d.Action, getPostionData)) {
		differs("Action", action, d.Action)
	}
	if e.guid != "" && !strings.EqualFold(strings.Trim(d.PositionGuid, "{}"), e.guid) {
		differs("PositionGuid", e.guid, d.PositionGuid)
	}
	if e.silent {
		return odd
	}
	if e.doc != "" && strings.TrimSpace(d.DocNbr) != e.doc {
		differs("DocNbr", e.doc, d.DocNbr)
	}
	if len(e.positions) > 0 && !slices.Equal(e.positions, trimmed(listOf(d.PosNbr))) {
		differs("PosNbr", strings.Join(e.positions, ","), d.PosNbr)
	}
	if e.count > 0 && len(d.PosData) != e.count {
		odd = append(odd, fmt.Sprintf("positions in PosData of the answer: %d, sent: %d", len(d.PosData), e.count))
	}
	return odd
}

func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
