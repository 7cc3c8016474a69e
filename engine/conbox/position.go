package conbox

import "encoding/json"

// SilentCopy copies a position in the background (SilentCopy). By GUID, and then into a new document unless a target is
// named; or by number, with source and target complete. Each call makes another copy.
type SilentCopy struct {
	PositionGuid string      `json:"PositionGuid,omitempty"` // the source
	DocTyp       *int        `json:"DocTyp,omitempty"`       // the target's; with a GUID alone it makes the call faster
	DocNbr       string      `json:"DocNbr,omitempty"`
	PosNbr       string      `json:"PosNbr,omitempty"`
	SrcDocTyp    *int        `json:"SrcDocTyp,omitempty"`
	SrcDocNbr    string      `json:"SrcDocNbr,omitempty"`
	SrcPosNbr    string      `json:"SrcPosNbr,omitempty"`
	Amount       json.Number `json:"Amount,omitempty"`       // unset: the source's
	PosImgWidth  *int        `json:"PosImgWidth,omitempty"`  // pixels, the server's default is 300
	PosImgHeight *int        `json:"PosImgHeight,omitempty"` // likewise
}

// Action is "SilentCopy".
func (SilentCopy) Action() string { return "SilentCopy" }

func (SilentCopy) writes() bool { return true }

func (r SilentCopy) expect() echo { return echo{doc: r.DocNbr, positions: listOf(r.PosNbr)} }

// Validate wants one form of address whole.
func (r SilentCopy) Validate() error {
	k := newChecker(r.Action())
	k.guid("PositionGuid", r.PositionGuid)
	byGUID := r.PositionGuid != ""
	target := r.DocNbr != "" || r.PosNbr != ""
	if byGUID {
		k.unset("SrcDocTyp", r.SrcDocTyp != nil, besideGUID)
		k.unset("SrcDocNbr", r.SrcDocNbr != "", besideGUID)
		k.unset("SrcPosNbr", r.SrcPosNbr != "", besideGUID)
	} else if r.SrcDocTyp == nil && r.SrcDocNbr == "" && r.SrcPosNbr == "" {
		k.wrong("PositionGuid", "is missing, and so are SrcDocTyp, SrcDocNbr and SrcPosNbr: there is nothing to copy")
	} else {
		k.typ("SrcDocTyp", r.SrcDocTyp, true)
		k.id("SrcDocNbr", r.SrcDocNbr, true)
		k.id("SrcPosNbr", r.SrcPosNbr, true)
	}
	k.typ("DocTyp", r.DocTyp, !byGUID)
	k.id("DocNbr", r.DocNbr, !byGUID || target)
	k.id("PosNbr", r.PosNbr, !byGUID || target)
	k.amount(r.Amount)
	k.pixels("PosImgWidth", r.PosImgWidth)
	k.pixels("PosImgHeight", r.PosImgHeight)
	return k.result()
}

// Delete deletes a position (Delete); its document stays, empty if that was the last. One address, by GUID or by
// number, is required, whatever the document's sample calls optional.
type Delete struct {
	PositionGuid string `json:"PositionGuid,omitempty"`
	DocTyp       *int   `json:"DocTyp,omitempty"` // with a GUID it makes the call faster
	DocNbr       string `json:"DocNbr,omitempty"`
	PosNbr       string `json:"PosNbr,omitempty"`
}

// Action is "Delete".
func (Delete) Action() string { return "Delete" }

func (Delete) writes() bool { return true }

func (r Delete) expect() echo {
	return echo{doc: r.DocNbr, positions: listOf(r.PosNbr), guid: r.PositionGuid}
}

// Validate wants one form of address whole.
func (r Delete) Validate() error {
	k := newChecker(r.Action())
	k.onePosition(r.PositionGuid, r.DocTyp, r.DocNbr, r.PosNbr)
	return k.result()
}

// GetPositionData reads a position and changes nothing (GetPositionData, since moveIT 54.30.14).
type GetPositionData struct {
	PositionGuid string `json:"PositionGuid,omitempty"`
	DocTyp       *int   `json:"DocTyp,omitempty"` // with a GUID it makes the call faster
	DocNbr       string `json:"DocNbr,omitempty"`
	PosNbr       string `json:"PosNbr,omitempty"`
}

// The two spellings of the action. The document's heading and answers have the one, its requests the other.
const (
	getPositionData = "GetPositionData"
	getPostionData  = "GetPostionData"
)

// Action is "GetPositionData", whichever spelling the server takes.
func (GetPositionData) Action() string { return getPositionData }

func (GetPositionData) writes() bool { return false }

func (r GetPositionData) expect() echo { return echo{guid: r.PositionGuid, silent: true} }

// Validate wants one form of address whole.
func (r GetPositionData) Validate() error {
	k := newChecker(r.Action())
	k.onePosition(r.PositionGuid, r.DocTyp, r.DocNbr, r.PosNbr)
	return k.result()
}

// misspelt is the request under its other name. The document's sample has the GUID under that name too; both keys are
// sent, because nobody knows which one such a server reads.
func (r GetPositionData) misspelt() ([]byte, error) {
	return serviceData(getPostionData, struct {
		GUID string `json:"GetPostionData,omitempty"`
		GetPositionData
	}{r.PositionGuid, r})
}
