package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// The kinds of ProtocolFault: what a good client never does.
const (
	// ProtocolBodyBeforeAuth is a body without credentials where some are asked for.
	ProtocolBodyBeforeAuth = "body_before_authentication"
	// ProtocolBodyRejected is a body with wrong credentials.
	ProtocolBodyRejected = "body_with_rejected_credentials"
	// ProtocolBodyStale is a write whose nonce was no longer good.
	ProtocolBodyStale = "body_with_stale_nonce"
	// ProtocolNonceReplay is a nonce count that had been used.
	ProtocolNonceReplay = "nonce_count_replayed"
	// ProtocolUnaskedBasic is a Basic password where only Digest is offered.
	ProtocolUnaskedBasic = "basic_not_asked_for"
	// ProtocolNotStrict is a request that is not strict JSON or has a key twice.
	ProtocolNotStrict = "not_strict_json"
	// ProtocolShape is a key that the vendor's samples do not have, or a value
	// of another type than theirs.
	ProtocolShape = "not_as_the_samples"
	// ProtocolMixedAddress is one position addressed by GUID and by number.
	ProtocolMixedAddress = "mixed_address"
	// ProtocolIdempotencyKey is a header that makes HTTP clients send a write twice.
	ProtocolIdempotencyKey = "idempotency_key"
	// ProtocolURLFetched is a call of an address that was only given as PosImgURL.
	ProtocolURLFetched = "given_url_fetched"
)

// ProtocolFault is something that a client did wrong on the wire.
type ProtocolFault struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Action string    `json:"action"` // as in ConboxState.Actions
	Detail string    `json:"detail"`
}

// ConboxEffect is one change that was made: a purchase, a copy, a deletion, a
// status. The list only ever grows.
type ConboxEffect struct {
	Nbr        int       `json:"nbr"` // from 1, over all actions
	Action     string    `json:"action"`
	ReceivedAt time.Time `json:"received_at"`
	// ServiceData is that of the request, byte by byte.
	ServiceData json.RawMessage `json:"service_data"`
	// Positions are those ordered, made or deleted; of a status none.
	Positions []EffectPosition `json:"positions,omitempty"`
	// Delivered tells that the service's own answer was written whole, be it in
	// a broken spelling. It is set before the answer leaves.
	Delivered bool `json:"delivered"`
}

// EffectPosition is a position that an effect concerns.
type EffectPosition struct {
	DocTyp       int64       `json:"doc_typ"`
	DocNbr       string      `json:"doc_nbr"`
	PosNbr       string      `json:"pos_nbr"`
	PositionGuid string      `json:"position_guid"`
	Amount       json.Number `json:"amount"`
}

// ConboxState is what the CONBOX half has counted and recorded.
type ConboxState struct {
	// Requests are all calls of the service's address, by any method.
	Requests int `json:"requests"`
	// Probes are POSTs without a body.
	Probes int `json:"probes"`
	// Bodies with and without the header Authorization, right or wrong.
	BodiesWithCredentials    int `json:"bodies_with_credentials"`
	BodiesWithoutCredentials int `json:"bodies_without_credentials"`
	// BodiesCut are bodies that ended before their announced end.
	BodiesCut           int `json:"bodies_cut"`
	Challenges          int `json:"challenges"` // answers with status 401
	RejectedCredentials int `json:"rejected_credentials"`
	StaleNonces         int `json:"stale_nonces"`
	// Actions counts requests by the action as it was spelt, whatever became of
	// them; "Probe" has no body, "invalid" no action that CONBOX has.
	Actions        map[string]int  `json:"actions"`
	ProtocolFaults []ProtocolFault `json:"protocol_faults"`
	// Purchases are the effects that are purchases, and once more in Effects.
	Purchases []ConboxEffect `json:"purchases"`
	Effects   []ConboxEffect `json:"effects"`
}

// conboxJournal counts and remembers; the owner's lock guards it.
type conboxJournal struct {
	requests, probes, bodiesWithCredentials, bodiesWithoutCredentials int
	bodiesCut, challenges, rejectedCredentials, staleNonces           int
	actions                                                           map[string]int
	faults                                                            []ProtocolFault
	effects                                                           []*ConboxEffect
}

func (j *conboxJournal) fault(call *conboxCall, kind, detail string) {
	j.faults = append(j.faults, ProtocolFault{call.receivedAt, kind, call.action, detail})
}

// effect appends to the list.
func (j *conboxJournal) effect(call *conboxCall, positions []EffectPosition) *ConboxEffect {
	e := &ConboxEffect{
		Nbr: len(j.effects) + 1, Action: call.action, ReceivedAt: call.receivedAt,
		ServiceData: call.rawData, Positions: positions,
	}
	j.effects = append(j.effects, e)
	return e
}

// Purchases returns the purchases that were made, oldest first: what was read
// to its end and found good, whether or not an answer got out. The same request
// twice is two purchases.
func (s *Server) Purchases() []ConboxEffect {
	return purchasesOf(s.Effects())
}

func purchasesOf(effects []ConboxEffect) []ConboxEffect {
	return slices.DeleteFunc(slices.Clone(effects), func(e ConboxEffect) bool { return e.Action != "Purchase" })
}

// Effects returns all changes that CONBOX actions made, oldest first.
func (s *Server) Effects() []ConboxEffect {
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	return copies(s.conbox.journal.effects)
}

// ConboxState returns everything that the CONBOX half has counted.
func (s *Server) ConboxState() ConboxState {
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	j := &s.conbox.journal
	effects := copies(j.effects)
	return ConboxState{
		Requests: j.requests, Probes: j.probes,
		BodiesWithCredentials: j.bodiesWithCredentials, BodiesWithoutCredentials: j.bodiesWithoutCredentials,
		BodiesCut: j.bodiesCut, Challenges: j.challenges, RejectedCredentials: j.rejectedCredentials, StaleNonces: j.staleNonces,
		Actions: maps.Clone(j.actions), ProtocolFaults: append([]ProtocolFault{}, j.faults...),
		Purchases: purchasesOf(effects), Effects: effects,
	}
}
