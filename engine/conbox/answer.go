package conbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dropform/engine/wire"
)

// Answer is what the server said to a call.
type Answer struct {
	Success      bool
	ErrorMessage string // without secrets
	Data         Data   // ServiceReturnData
	Image        []byte // PosImg decoded; nil when there was none or it could not be decoded
	// Lenient: the answer was not the JSON it should be, but could be read.
	Lenient bool
	// Warnings say in English what is odd about an answer that counts; each is one line.
	Warnings []string
}

// Data holds the documented fields of ServiceReturnData, read in any letter case and in both of the document's
// spellings. All are text: numbers exactly as the server wrote them (345.0), truth values as true or false, absent ones
// empty. DocTyp is text too.
type Data struct {
	Action, PositionGuid            string
	DocTyp, DocNbr, PosNbr          string
	SrcDocTyp, SrcDocNbr, SrcPosNbr string
	Amount                          string
	FinalCustomerLndCde, ExtPchNbr  string
	Subject, PurchaseTxt            string
	DlvAdr                          DlvAdr
	PosData                         []PosData
	ReadyStatus                     string
	WarNbr, WarDsc                  string
	WarDscEx1, WarDscEx2            string
	ProductText, ProductTextRTF     string
	PrdGrp, PrdGrpDsc               string
	ListPrice, FCoPrc               string // per unit; compute with decimals, never with floats
	PosImgWidth, PosImgHeight       string
	PosImgURL                       string // never fetched
}

// Field is one field of an answer.
type Field struct{ Name, Value string }

// Fields are all fields in a fixed order, absent ones empty, DlvAdr by its members, PosData as one JSON text, without
// the image.
func (d Data) Fields() []Field {
	positions := positionsText(d.PosData)
	var out []Field
	for _, s := range d.slots() {
		out = append(out, Field{s.name, *s.value})
		if s.name == "PurchaseTxt" {
			for _, a := range d.DlvAdr.slots() {
				out = append(out, Field{a.name, *a.value})
			}
			out = append(out, Field{"PosData", positions})
		}
	}
	return out
}

// positionsText is PosData in JSON. An Amount that is no number is kept as a string.
func positionsText(all []PosData) string {
	type position struct {
		PosData
		Amount any `json:",omitempty"`
	}
	var out []position
	for _, p := range all {
		shown := position{PosData: p}
		switch {
		case p.Amount == "":
		case amountForm.MatchString(p.Amount.String()):
			shown.Amount = p.Amount
		default:
			shown.Amount = p.Amount.String()
		}
		out = append(out, shown)
	}
	if out == nil {
		return ""
	}
	text, err := strictJSON(out)
	if err != nil {
		return ""
	}
	return string(text)
}

// slots are the scalar fields.
func (d *Data) slots() []slot {
	return []slot{
		{"Action", &d.Action},
		{"PositionGuid", &d.PositionGuid},
		{"DocTyp", &d.DocTyp},
		{"DocNbr", &d.DocNbr},
		{"PosNbr", &d.PosNbr},
		{"SrcDocTyp", &d.SrcDocTyp},
		{"SrcDocNbr", &d.SrcDocNbr},
		{"SrcPosNbr", &d.SrcPosNbr},
		{"Amount", &d.Amount},
		{"FinalCustomerLndCde", &d.FinalCustomerLndCde},
		{"ExtPchNbr", &d.ExtPchNbr},
		{"Subject", &d.Subject},
		{"PurchaseTxt", &d.PurchaseTxt},
		{"ReadyStatus", &d.ReadyStatus},
		{"WarNbr", &d.WarNbr},
		{"WarDsc", &d.WarDsc},
		{"WarDscEx1", &d.WarDscEx1},
		{"WarDscEx2", &d.WarDscEx2},
		{"ProductText", &d.ProductText},
		{"ProductTextRTF", &d.ProductTextRTF},
		{"PrdGrp", &d.PrdGrp},
		{"PrdGrpDsc", &d.PrdGrpDsc},
		{"ListPrice", &d.ListPrice},
		{"FCoPrc", &d.FCoPrc},
		{"PosImgWidth", &d.PosImgWidth},
		{"PosImgHeight", &d.PosImgHeight},
		{"PosImgURL", &d.PosImgURL},
	}
}

// spellings are other names of a field in the document.
var spellings = map[string]string{"PrdGrpDsc": "PrGrpDSC"}

func readData(v *value) Data {
	var d Data
	for _, s := range d.slots() {
		*s.value = v.get(s.name, spellings[s.name]).scalar()
	}
	if a := v.get("DlvAdr"); a != nil {
		for _, s := range d.DlvAdr.slots() {
			*s.value = a.get(s.name).scalar()
		}
	}
	if list := v.get("PosData"); list != nil {
		for _, item := range list.items {
			d.PosData = append(d.PosData, PosData{
				PosNbr: item.get("PosNbr").scalar(), PositionGuid: item.get("PositionGuid").scalar(),
				LVNbr: item.get("LVNbr").scalar(), NotTxt: item.get("NotTxt").scalar(),
				Amount: json.Number(item.get("Amount").scalar()),
			})
		}
	}
	return d
}

// success is what the answer says about the call; known is false when it says nothing, or both.
func (d document) success() (yes, known bool) {
	if d.root == nil || d.root.kind != kindObject {
		return false, false
	}
	for _, m := range d.root.members {
		if !strings.EqualFold(m.name, "Success") {
			continue
		}
		said := strings.ToLower(m.value.text)
		if said != "true" && said != "false" || known && yes != (said == "true") {
			return false, false
		}
		yes, known = said == "true", true
	}
	return yes, known
}

// answer makes the Answer of a document whose success is known.
func (c *call) answer(d document) *Answer {
	a := &Answer{Lenient: d.lenient || d.broken}
	a.Success, _ = d.success()
	a.ErrorMessage = c.scrub(d.root.get("ErrorMessage").scalar())
	data := d.root.get("ServiceReturnData")
	a.Data = readData(data)
	if !a.Success {
		return a
	}
	switch {
	case d.broken:
		a.warn("the answer is damaged; it says Success, what follows may be missing")
	case d.lenient:
		a.warn("the answer is not strict JSON; it was read all the same")
	}
	if said := wire.OneLine(a.ErrorMessage); said != "" {
		a.warn("the server says \"%s\"", said)
	}
	if data == nil || data.kind != kindObject {
		a.warn("the answer says Success but holds no ServiceReturnData")
	} else {
		a.Warnings = append(a.Warnings, c.req.expect().compare(c.req.Action(), a.Data)...)
	}
	image, err := decodeImage(data.get("PosImg").scalar())
	if err != nil {
		a.warn("%v", err)
	}
	a.Image = image
	return a
}

func (a *Answer) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...))
}

// decodeImage reads PosImg: Base64, plain or as a data: address, in either alphabet, with or without padding.
func decodeImage(s string) ([]byte, error) {
	if strings.HasPrefix(strings.ToLower(s), "data:") {
		head, rest, ok := strings.Cut(s, ",")
		if !ok || !strings.HasSuffix(strings.ToLower(head), ";base64") {
			return nil, errors.New("PosImg is a data: address without Base64")
		}
		s = rest
	}
	s = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "", "\t", "").Replace(s)
	if s = strings.TrimRight(s, "="); s == "" {
		return nil, nil
	}
	image, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("PosImg is not Base64; there is no image")
	}
	return image, nil
}
