package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"dropform/engine/conbox"
	"dropform/engine/ledger"
)

// pricesInFlight is how many positions of one order are read at the same time.
const pricesInFlight = 4

// Priced is what the server says of one position, every number as the server wrote it (Passive Actions, GetPositionData).
type Priced struct {
	GUID      string `json:"guid,omitempty"`
	Article   string `json:"article,omitempty"` // WarNbr
	Text      string `json:"text,omitempty"`    // WarDsc
	ListPrice string `json:"list_price,omitempty"`
	FCoPrc    string `json:"fco_prc,omitempty"`
}

// Prices is what was read of an order's positions before it is shown or placed.
type Prices struct {
	Positions []Priced `json:"positions,omitempty"` // aligned with Call.Positions; nil where nothing was read
	Unknown   string   `json:"unknown,omitempty"`   // why there are none although it may be placed
	err       error    // why they could not be read: then nothing is placed
	notAsked  bool     // nobody was asked: it is shown, not made
}

// digest stands for what of the prices people were shown.
func (p *Prices) digest() string {
	if p == nil {
		return digestOf("not read")
	}
	parts := []string{p.Unknown}
	for _, x := range p.Positions {
		parts = append(parts, x.GUID, x.Article, x.ListPrice, x.FCoPrc)
	}
	return digestOf(parts...)
}

// readsPositions reports whether the calls of a rule are read before they are made.
func (k RuleKind) readsPositions() bool { return k.Irreversible() }

// ReadPrices asks the server for every position of a call, a few at a time. A server that does not know the action is no
// obstacle: the call is then known only by the form of address it has.
func (c *Conboxes) ReadPrices(ctx context.Context, conn *Connection, call *Call, progress func(done int)) *Prices {
	if call.Whole {
		return &Prices{Unknown: "it orders the whole document, whose positions are not listed"}
	}
	client, err := c.client(conn)
	if err != nil {
		return &Prices{err: err}
	}
	out := &Prices{Positions: make([]Priced, len(call.Positions))}
	errs := make([]error, len(call.Positions))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	next := make(chan int)
	var done atomic.Int64
	var all sync.WaitGroup
	for range min(pricesInFlight, len(call.Positions)) {
		all.Go(func() {
			for i := range next {
				if out.Positions[i], errs[i] = readPosition(ctx, client, call.Positions[i]); errs[i] != nil {
					stop() // one missing price is enough to place nothing
				}
				progress(int(done.Add(1)))
			}
		})
	}
	for i := range call.Positions {
		next <- i
	}
	close(next)
	all.Wait()
	return out.judge(call, errs)
}

// judge turns the errors of the reads into one finding; a read that was only broken off because of another counts last.
func (p *Prices) judge(call *Call, errs []error) *Prices {
	for i, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, conbox.ErrUnknownAction):
			return &Prices{Unknown: "the server does not know GetPositionData (it came with moveIT 54.30.14)"}
		case p.err == nil || errors.Is(p.err, context.Canceled):
			p.err = fmt.Errorf("position %s: %w", call.Positions[i].name(), err)
		}
	}
	if p.err != nil {
		p.Positions = nil
	}
	return p
}

func readPosition(ctx context.Context, client *conbox.Client, at CallPosition) (Priced, error) {
	a, err := client.Read(ctx, at.request())
	if err != nil {
		return Priced{}, err
	}
	return Priced{
		GUID: a.Data.PositionGuid, Article: a.Data.WarNbr, Text: a.Data.WarDsc, ListPrice: a.Data.ListPrice, FCoPrc: a.Data.FCoPrc,
	}, nil
}

// request asks for the position in the form of address that it has (GetPositionData).
func (p CallPosition) request() conbox.GetPositionData {
	r := conbox.GetPositionData{PositionGuid: p.GUID}
	if typ, err := strconv.Atoi(p.DocTyp); err == nil {
		r.DocTyp = &typ
	}
	if p.GUID == "" {
		r.DocNbr, r.PosNbr = p.DocNbr, p.PosNbr
	}
	return r
}

// name is how people find the position.
func (p CallPosition) name() string {
	if p.PosNbr == "" {
		return p.GUID
	}
	return p.PosNbr
}

// holds lists what a call takes for ever, by every form of address that is known. prices may be nil.
func (r *Rule) holds(c *Call, prices *Prices) []ledger.Hold {
	if !r.Kind.Irreversible() {
		return nil
	}
	var out []ledger.Hold
	if c.Whole {
		out = append(out, ledger.HoldDocument(c.DocTyp, c.DocNbr))
	}
	for i, p := range c.Positions {
		guids := []string{p.GUID}
		if prices != nil && i < len(prices.Positions) {
			guids = append(guids, prices.Positions[i].GUID)
		}
		if p.PosNbr != "" {
			out = append(out, ledger.HoldPosition(p.DocTyp, p.DocNbr, p.PosNbr))
		}
		for _, guid := range guids {
			if guid != "" {
				out = append(out, ledger.HoldGUID(guid))
			}
		}
	}
	if r.Kind == RulePurchase && c.ExtPchNbr != "" {
		out = append(out, ledger.HoldOrderNumber(c.ExtPchNbr))
	}
	return out
}

// shownDigest stands for exactly the call that people were shown: where it goes, to which service, in which language and as
// whom, what is sent, and the prices. Password and key are credentials, which may be renewed.
func (r *Rule) shownDigest(c *Call, p *Prices) string {
	to := r.Connection
	return digestOf(to.Endpoint(), to.Service, to.Language, to.UserCode, c.Digest, p.digest())
}
