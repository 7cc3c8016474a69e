package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// orderLine is a position that a purchase orders, with the amount given in
// PosData, "" for its own.
type orderLine struct {
	place
	amount json.Number
}

// purchase is Purchase, by number or by GUIDs. Nothing is remembered that
// could tell a second order from the first.
func (c *conbox) purchase(call *conboxCall) (conboxStep, error) {
	data := call.data
	if data.text("FinalCustomerLndCde") == "" {
		return conboxStep{}, refuse("FinalCustomerLndCde wurde nicht angegeben.")
	}
	entries := orderList(data)
	find, reply := c.orderedByNumber, data
	if slices.ContainsFunc(entries, func(e object) bool { return e.has("PositionGuid") }) {
		find, reply = c.orderedByGUID, guidEcho(data)
	}
	for _, entry := range entries {
		if entry.has("Amount") && !positive(entry.number("Amount")) {
			return conboxStep{}, refuse("Die Menge " + entry.number("Amount").String() + " ist ungültig.")
		}
	}
	lines, err := find(data, entries)
	if err != nil {
		return conboxStep{}, err
	}
	var touched []place
	var positions []EffectPosition
	for _, line := range lines {
		touched = append(touched, line.place)
		positions = append(positions, line.record(line.amount))
	}
	return conboxStep{touched: touched, apply: func() (object, []EffectPosition) { return reply, positions }}, nil
}

// orderedByNumber are the positions of the list PosNbr or, without it, all of
// the document: PosData only says more about positions, it orders none.
func (c *conbox) orderedByNumber(data object, entries []object) ([]orderLine, error) {
	if !data.has("DocTyp") || data.text("DocNbr") == "" {
		return nil, refuse("Der Beleg wurde nicht angegeben.")
	}
	d, err := c.documents.document(nameOf(data, ""))
	if err != nil {
		return nil, err
	}
	var lines []orderLine
	for _, at := range placesOf(d) {
		lines = append(lines, orderLine{place: at})
	}
	if data.has("PosNbr") {
		if lines, err = c.listed(d, data.text("PosNbr")); err != nil {
			return nil, err
		}
	}
	if len(lines) == 0 {
		return nil, refuse("Der Beleg " + d.name().String() + " hat keine Positionen.")
	}
	return lines, c.detail(d, lines, entries)
}

// listed are the positions of a list such as "Pos01,Pos02".
func (c *conbox) listed(d *ConboxDocument, list string) ([]orderLine, error) {
	var lines []orderLine
	for number := range strings.SplitSeq(list, ",") {
		at, err := c.documents.position(d, strings.TrimSpace(number))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(lines, func(l orderLine) bool { return l.position == at.position }) {
			return nil, refuseTwice(at)
		}
		lines = append(lines, orderLine{place: at})
	}
	return lines, nil
}

// detail takes the amounts of PosData over, each for a position that is ordered.
func (c *conbox) detail(d *ConboxDocument, lines []orderLine, entries []object) error {
	seen := make(map[int]bool, len(entries))
	for _, entry := range entries {
		at, err := c.documents.position(d, entry.text("PosNbr"))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(lines, func(l orderLine) bool { return l.position == at.position })
		switch {
		case i < 0:
			return refuse("Die Position " + at.position.PosNbr + " aus PosData fehlt in PosNbr.")
		case seen[i]:
			return refuseTwice(at)
		}
		seen[i], lines[i].amount = true, entry.number("Amount")
	}
	return nil
}

func (c *conbox) orderedByGUID(data object, entries []object) ([]orderLine, error) {
	var lines []orderLine
	for _, entry := range entries {
		at, err := c.documents.guid(entry.text("PositionGuid"), data.number("DocTyp"))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(lines, func(l orderLine) bool { return l.position == at.position }) {
			return nil, refuseTwice(at)
		}
		lines = append(lines, orderLine{at, entry.number("Amount")})
	}
	return lines, nil
}

func refuseTwice(at place) error {
	return refuse("Die Position " + at.position.PosNbr + " wurde mehrfach angegeben.")
}

// guidEcho is the response sample of the GUID form: without the country code,
// and without the amounts.
func guidEcho(data object) object {
	reply := data.without("FinalCustomerLndCde")
	for i, m := range reply {
		if m.key != "PosData" {
			continue
		}
		var list []any
		for _, entry := range orderList(data) {
			list = append(list, entry.without("Amount"))
		}
		reply[i].value = list
	}
	return reply
}
