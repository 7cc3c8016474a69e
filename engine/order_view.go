package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"dropform/engine/conbox"
)

// Order is a call as people are shown it before they approve it: every field that is sent, and every position with what
// the server says of it.
type Order struct {
	Fields     []OrderField
	Lines      []OrderLine
	Total      string // by FCoPrc; empty where a price or an amount is unknown
	TotalPart  bool   // Total leaves out positions whose price or amount is unknown
	Unknown    string // why no prices are known
	SingleForm bool   // only the form of address that it has is held, because the server cannot tell the other
}

// OrderField is one field of ServiceData with its value as it is sent.
type OrderField struct{ Name, Value string }

// OrderLine is one position. Prices are the server's own text; what is unknown is empty.
type OrderLine struct {
	Position          string // PosNbr or PositionGuid
	Line              int64  // of the file
	Article, Text     string
	Amount            string // empty: the position's own
	ListPrice, FCoPrc string
	Total             string // amount by FCoPrc
	Notes             []OrderField
}

// Order is what the action's call is shown as.
func (a *Action) Order() Order {
	fields := sentFields(a.Call.Data)
	out := Order{Fields: fields[min(1, len(fields)):]} // the first is the action itself
	if a.Prices != nil {
		out.Unknown = a.Prices.Unknown
		out.SingleForm = a.Prices.Unknown != "" && !a.Prices.notAsked && !a.Call.Whole
	}
	sum := apd.New(0, 0)
	for i, p := range a.Call.Positions {
		line := OrderLine{Position: p.name(), Line: p.Line, Amount: p.Amount}
		if a.Prices != nil && i < len(a.Prices.Positions) {
			seen := a.Prices.Positions[i]
			line.Article, line.Text, line.ListPrice, line.FCoPrc = seen.Article, seen.Text, seen.ListPrice, seen.FCoPrc
		}
		if total, ok := product(line.Amount, line.FCoPrc); ok {
			line.Total = amountText(total)
			_, err := money.Add(sum, sum, total)
			out.TotalPart = out.TotalPart || err != nil
			out.Total = amountText(sum)
		} else {
			out.TotalPart = true
		}
		line.Notes = notes(a.Call.Request, i)
		out.Lines = append(out.Lines, line)
	}
	return out
}

// money computes exactly, with more digits than any amount has.
var money = apd.BaseContext.WithPrecision(60)

// amountText writes an amount of money with two decimals, and with more only where they say something.
func amountText(d *apd.Decimal) string {
	text := d.Text('f')
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}

func product(amount, price string) (*apd.Decimal, bool) {
	a, _, err := apd.NewFromString(amount)
	if err != nil || amount == "" {
		return nil, false
	}
	b, _, err := apd.NewFromString(price)
	if err != nil || price == "" {
		return nil, false
	}
	out := new(apd.Decimal)
	_, err = money.Mul(out, a, b)
	return out, err == nil
}

// sentFields lists what is sent in its order, an address by its members; positions have lines of their own.
func sentFields(data []byte) []OrderField {
	var out []OrderField
	var walk func(d *json.Decoder, prefix string) error
	walk = func(d *json.Decoder, prefix string) error {
		if _, err := d.Token(); err != nil {
			return err
		}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				return err
			}
			switch {
			case name == "PosData":
			case raw[0] == '{':
				if err := walk(json.NewDecoder(bytes.NewReader(raw)), prefix+fmt.Sprint(name)+"."); err != nil {
					return err
				}
			default:
				out = append(out, OrderField{prefix + fmt.Sprint(name), string(raw)})
			}
		}
		return nil
	}
	if err := walk(json.NewDecoder(bytes.NewReader(data)), ""); err != nil {
		return nil // what we wrote ourselves can be read
	}
	return out
}

// notes are the further fields of a position of an order.
func notes(r conbox.Request, i int) []OrderField {
	p, ok := r.(conbox.Purchase)
	if !ok || i >= len(p.PosData) {
		return nil
	}
	var out []OrderField
	for _, f := range []OrderField{{"LVNbr", p.PosData[i].LVNbr}, {"NotTxt", p.PosData[i].NotTxt}} {
		if strings.TrimSpace(f.Value) != "" {
			out = append(out, f)
		}
	}
	return out
}
