package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// silentCopy is SilentCopy. A GUID alone makes a new document of the source's
// type for its copy; a target that is named and not there is made, too.
func (c *conbox) silentCopy(call *conboxCall) (conboxStep, error) {
	source, err := c.copySource(call.data)
	if err != nil {
		return conboxStep{}, err
	}
	target, err := c.copyTarget(call.data, source)
	if err != nil {
		return conboxStep{}, err
	}
	amount, width, height := call.data.number("Amount"), imageSide(call.data, "PosImgWidth"), imageSide(call.data, "PosImgHeight")
	switch {
	case amount != "" && !positive(amount):
		return conboxStep{}, refuse("Die Menge " + amount.String() + " ist ungültig.")
	case width < 1 || height < 1 || width > maxImageSide || height > maxImageSide:
		return conboxStep{}, refuse("Die Bildgröße ist ungültig.")
	}
	apply := func() (object, []EffectPosition) {
		d := c.documents.byName[target.document]
		if d == nil {
			d = &ConboxDocument{DocTyp: target.document.typ, DocNbr: target.document.nbr}
			c.documents.put(d)
		}
		p := *source.position
		p.PosNbr, p.PositionGuid = target.posNbr, uuid.NewString()
		if amount != "" {
			p.Amount = amount
		}
		from := source.record("")
		made := c.documents.add(d, p)
		return c.copyData(call, from, made, width, height), []EffectPosition{made.record("")}
	}
	return conboxStep{touched: []place{source}, apply: apply}, nil
}

func (c *conbox) copySource(data object) (place, error) {
	if data.has("PositionGuid") {
		docTyp := data.number("DocTyp")
		if data.has("DocNbr") {
			docTyp = "" // that of the target
		}
		return c.documents.guid(data.text("PositionGuid"), docTyp)
	}
	if !data.has("SrcDocTyp") || data.text("SrcDocNbr") == "" || data.text("SrcPosNbr") == "" {
		return place{}, refuse("Die Quellposition wurde nicht angegeben.")
	}
	d, err := c.documents.document(nameOf(data, "Src"))
	if err != nil {
		return place{}, err
	}
	return c.documents.position(d, data.text("SrcPosNbr"))
}

// target is where a copy goes.
type target struct {
	document documentName
	posNbr   string
}

func (c *conbox) copyTarget(data object, source place) (target, error) {
	if data.has("PositionGuid") && !data.has("DocNbr") && !data.has("PosNbr") {
		for {
			c.documents.copies++
			name := documentName{source.document.DocTyp, fmt.Sprintf("SC%06d", c.documents.copies)}
			if c.documents.byName[name] == nil {
				return target{name, "Pos01"}, nil
			}
		}
	}
	to := target{nameOf(data, ""), data.text("PosNbr")}
	if !data.has("DocTyp") || to.document.nbr == "" || to.posNbr == "" {
		return target{}, refuse("Die Zielposition wurde nicht angegeben.")
	}
	if d := c.documents.byName[to.document]; d != nil {
		if _, err := c.documents.position(d, to.posNbr); err == nil {
			return target{}, refuse("Die Position " + to.posNbr + " ist im Beleg " + to.document.String() + " bereits vorhanden.")
		}
	}
	return to, nil
}

// copyData is the response sample of SilentCopy, PrGrpDSC included.
func (c *conbox) copyData(call *conboxCall, from EffectPosition, made place, width, height int) object {
	p := made.position
	return object{
		{"Action", "SilentCopy"},
		{"PositionGuid", p.PositionGuid},
		{"DocTyp", wholeNumber(made.document.DocTyp)},
		{"DocNbr", made.document.DocNbr},
		{"PosNbr", p.PosNbr},
		{"SrcDocTyp", wholeNumber(from.DocTyp)},
		{"SrcDocNbr", from.DocNbr},
		{"SrcPosNbr", from.PosNbr},
		{"Amount", p.Amount},
		{"PosImgWidth", wholeNumber(int64(width))},
		{"PosImgHeight", wholeNumber(int64(height))},
		{"WarNbr", p.WarNbr},
		{"ProductText", ""},
		{"ProductTextRTF", ""},
		{"PrdGrp", p.PrdGrp},
		{"PrGrpDSC", p.PrdGrpDsc},
		{"ListPrice", p.ListPrice},
		{"WarDsc", p.WarDsc},
		{"WarDscEx1", p.WarDscEx1},
		{"WarDscEx2", p.WarDscEx2},
		{"FCoPrc", p.FCoPrc},
		{"PosImgURL", imageURL(call, p)},
		{"PosImg", c.images.encoded(p.WarNbr, width, height)},
	}
}

// saveDocumentAs is SaveDocumentAs: all positions under new GUIDs, not ready.
func (c *conbox) saveDocumentAs(call *conboxCall) (conboxStep, error) {
	data := call.data
	to, from := nameOf(data, ""), nameOf(data, "Src")
	if !data.has("DocTyp") || !data.has("SrcDocTyp") || to.nbr == "" || from.nbr == "" {
		return conboxStep{}, refuse("Der Beleg oder der Quellbeleg wurde nicht angegeben.")
	}
	source, err := c.documents.document(from)
	if err != nil {
		return conboxStep{}, err
	}
	if c.documents.byName[to] != nil {
		return conboxStep{}, refuse("Der Beleg " + to.String() + " ist bereits vorhanden.")
	}
	apply := func() (object, []EffectPosition) {
		made := &ConboxDocument{DocTyp: to.typ, DocNbr: to.nbr, Positions: slices.Clone(source.Positions)}
		var positions []EffectPosition
		for i := range made.Positions {
			made.Positions[i].PositionGuid = uuid.NewString()
			positions = append(positions, place{made, &made.Positions[i]}.record(""))
		}
		c.documents.put(made)
		return object{
			{"Action", "SaveDocumentAs"},
			{"DocTyp", wholeNumber(to.typ)},
			{"DocNbr", to.nbr},
			{"SrcDocTyp", wholeNumber(from.typ)},
			{"SrcDocNbr", from.nbr},
		}, positions
	}
	return conboxStep{touched: placesOf(source), apply: apply}, nil
}

// placesOf are all positions of a document.
func placesOf(d *ConboxDocument) []place {
	places := make([]place, len(d.Positions))
	for i := range d.Positions {
		places[i] = place{d, &d.Positions[i]}
	}
	return places
}

// imageSide is a wanted size in pixels; 300 is the vendor's default.
func imageSide(data object, key string) int {
	number := data.number(key)
	if number == "" {
		number = json.Number("300")
	}
	// checkObject let only whole numbers through; 0 is refused.
	side, _ := number.Int64()
	return int(min(side, maxImageSide+1))
}
