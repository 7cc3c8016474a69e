package conbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// Purchase places an order (Purchase). By number it names DocTyp, DocNbr and, in PosNbr and PosData alike, its positions;
// by GUID every PosData has one and there is no DocNbr. The server knows no key that would keep it from placing the same
// order twice, and cannot be asked whether it did.
type Purchase struct {
	DocTyp              *int      `json:"DocTyp,omitempty"`
	DocNbr              string    `json:"DocNbr,omitempty"`
	FinalCustomerLndCde string    `json:"FinalCustomerLndCde,omitempty"`
	PosNbr              string    `json:"PosNbr,omitempty"` // comma-separated
	ExtPchNbr           string    `json:"ExtPchNbr,omitempty"`
	Subject             string    `json:"Subject,omitempty"`
	PurchaseTxt         string    `json:"PurchaseTxt,omitempty"`
	DlvAdr              *DlvAdr   `json:"DlvAdr,omitempty"`
	PosData             []PosData `json:"PosData,omitempty"`

	// AllPositions is the consent to an order without positions, which is one of the whole document. It is not sent.
	AllPositions bool `json:"-"`
}

// DlvAdr is the delivery address, with the vendor's fields. In the document's sample by GUID AdrReg holds the town.
type DlvAdr struct {
	AdrTit   string `json:"AdrTit,omitempty"`
	AdrNam01 string `json:"AdrNam01,omitempty"`
	AdrNam02 string `json:"AdrNam02,omitempty"`
	OrdNam   string `json:"OrdNam,omitempty"`
	AdrStr   string `json:"AdrStr,omitempty"`
	AdrLnd   string `json:"AdrLnd,omitempty"`
	AdrPcd   string `json:"AdrPcd,omitempty"`
	AdrReg   string `json:"AdrReg,omitempty"`
}

// slot is a field by its wire name.
type slot struct {
	name  string
	value *string
}

func (a *DlvAdr) slots() []slot {
	return []slot{
		{"AdrTit", &a.AdrTit},
		{"AdrNam01", &a.AdrNam01},
		{"AdrNam02", &a.AdrNam02},
		{"OrdNam", &a.OrdNam},
		{"AdrStr", &a.AdrStr},
		{"AdrLnd", &a.AdrLnd},
		{"AdrPcd", &a.AdrPcd},
		{"AdrReg", &a.AdrReg},
	}
}

// PosData is one position of an order.
type PosData struct {
	PosNbr       string      `json:"PosNbr,omitempty"`
	PositionGuid string      `json:"PositionGuid,omitempty"`
	LVNbr        string      `json:"LVNbr,omitempty"`
	NotTxt       string      `json:"NotTxt,omitempty"`
	Amount       json.Number `json:"Amount,omitempty"` // unset: the position's
}

// Action is "Purchase".
func (Purchase) Action() string { return "Purchase" }

func (Purchase) writes() bool { return true }

func (r Purchase) expect() echo {
	return echo{doc: r.DocNbr, positions: listOf(r.PosNbr), count: len(r.PosData)}
}

// listOf splits PosNbr.
func listOf(positions string) []string {
	if positions == "" {
		return nil
	}
	return strings.Split(positions, ",")
}

// Validate wants one form of address whole, and one that cannot be taken for an order of the whole document unless
// AllPositions says so.
func (r Purchase) Validate() error {
	k := newChecker(r.Action())
	k.id("FinalCustomerLndCde", r.FinalCustomerLndCde, true)
	k.id("ExtPchNbr", r.ExtPchNbr, false)
	k.text("Subject", r.Subject)
	k.text("PurchaseTxt", r.PurchaseTxt)
	k.delivery(r.DlvAdr)
	if r.byGUID() {
		r.checkByGUID(k)
	} else {
		r.checkByNumber(k)
	}
	k.positions(r.PosData)
	return k.result()
}

func (r Purchase) byGUID() bool {
	return r.DocNbr == "" && r.PosNbr == "" && slices.ContainsFunc(r.PosData, func(p PosData) bool { return p.PositionGuid != "" })
}

func (r Purchase) checkByGUID(k *checker) {
	k.typ("DocTyp", r.DocTyp, false)
	k.unset("AllPositions", r.AllPositions, "orders a whole document, which needs DocTyp and DocNbr and no positions")
	for i, p := range r.PosData {
		k.position = i
		k.unset("PosNbr", p.PosNbr != "", besideGUID)
		if p.PositionGuid == "" {
			k.wrong("PositionGuid", "is missing, but other positions have one")
		}
	}
	k.position = -1
}

func (r Purchase) checkByNumber(k *checker) {
	k.typ("DocTyp", r.DocTyp, true)
	k.id("DocNbr", r.DocNbr, true)
	list := listOf(r.PosNbr)
	switch {
	case len(list) == 0 && len(r.PosData) == 0:
		if !r.AllPositions {
			k.wrong("PosNbr", "is missing, and so is PosData: that orders the whole document, which needs all_positions")
		}
		return
	case r.AllPositions:
		k.wrong("PosNbr", "or PosData stands beside all_positions: name the positions or order all of them, not both")
	case len(list) == 0:
		k.wrong("PosNbr", "is missing beside PosData: without it a server orders the whole document")
	}
	for i, n := range list {
		k.id("PosNbr", n, false)
		switch {
		case n == "":
			k.wrong("PosNbr", "has a comma too many")
		case slices.Contains(list[:i], n):
			k.wrong("PosNbr", "names %q twice", n)
		}
	}
	named := make([]string, len(r.PosData))
	for i, p := range r.PosData {
		k.position = i
		k.unset("PositionGuid", p.PositionGuid != "", "cannot stand in an order by number: name all positions by number or all by GUID")
		k.id("PosNbr", p.PosNbr, true)
		k.unset("PosNbr", strings.Contains(p.PosNbr, ","), "holds a comma, which separates positions")
		named[i] = p.PosNbr
	}
	k.position = -1
	if len(list) > 0 && len(named) > 0 && !slices.Equal(list, named) {
		k.wrong("PosNbr", "and PosData do not name the same positions in the same order")
	}
}

// positions checks what every form of PosData has.
func (k *checker) positions(all []PosData) {
	numbers, guids := map[string]bool{}, map[string]bool{}
	for i, p := range all {
		k.position = i
		k.guid("PositionGuid", p.PositionGuid)
		k.text("LVNbr", p.LVNbr)
		k.text("NotTxt", p.NotTxt)
		k.amount(p.Amount)
		guid := strings.ToLower(p.PositionGuid)
		k.unset("PosNbr", p.PosNbr != "" && numbers[p.PosNbr], "is there twice")
		k.unset("PositionGuid", guid != "" && guids[guid], "is there twice")
		numbers[p.PosNbr], guids[guid] = true, true
	}
	k.position = -1
}

func (k *checker) delivery(a *DlvAdr) {
	if a == nil {
		return
	}
	if *a == (DlvAdr{}) {
		k.wrong("DlvAdr", "holds nothing; leave it out")
	}
	for _, s := range a.slots() {
		k.text(s.name, *s.value)
	}
}
