package conbox

// SaveDocumentAs saves an offer as an offer or an order, or an order as an order (SaveDocumentAs). What happens to a
// target that exists is not documented.
type SaveDocumentAs struct {
	DocNbr    string `json:"DocNbr,omitempty"` // the target
	DocTyp    *int   `json:"DocTyp,omitempty"`
	SrcDocNbr string `json:"SrcDocNbr,omitempty"`
	SrcDocTyp *int   `json:"SrcDocTyp,omitempty"`
}

// Action is "SaveDocumentAs".
func (SaveDocumentAs) Action() string { return "SaveDocumentAs" }

func (SaveDocumentAs) writes() bool { return true }

func (r SaveDocumentAs) expect() echo { return echo{doc: r.DocNbr} }

// Validate wants all four fields.
func (r SaveDocumentAs) Validate() error {
	k := newChecker(r.Action())
	k.id("DocNbr", r.DocNbr, true)
	k.typ("DocTyp", r.DocTyp, true)
	k.id("SrcDocNbr", r.SrcDocNbr, true)
	k.typ("SrcDocTyp", r.SrcDocTyp, true)
	return k.result()
}

// SetReadyStatus marks an offer or order as ready or not (SetReadyStatus). Setting the same value again may set off
// further interfaces again.
type SetReadyStatus struct {
	DocTyp      *int   `json:"DocTyp,omitempty"`
	DocNbr      string `json:"DocNbr,omitempty"`
	ReadyStatus *bool  `json:"ReadyStatus,omitempty"`
}

// Action is "SetReadyStatus".
func (SetReadyStatus) Action() string { return "SetReadyStatus" }

func (SetReadyStatus) writes() bool { return true }

func (r SetReadyStatus) expect() echo { return echo{doc: r.DocNbr} }

// Validate wants all three fields.
func (r SetReadyStatus) Validate() error {
	k := newChecker(r.Action())
	k.typ("DocTyp", r.DocTyp, true)
	k.id("DocNbr", r.DocNbr, true)
	if r.ReadyStatus == nil {
		k.wrong("ReadyStatus", "is missing")
	}
	return k.result()
}
