package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

const address = `"DlvAdr":{"AdrTit":"","AdrNam01":"Mustermann","AdrNam02":"Max","OrdNam":"","AdrStr":"Vierundzwanzig 3","AdrLnd":"D","AdrPcd":"10001","AdrReg":"Berlin"}`

// positionsOf writes the positions of an effect as text.
func positionsOf(e ConboxEffect) string {
	var list []string
	for _, p := range e.Positions {
		list = append(list, fmt.Sprintf("%d/%s/%s x %s", p.DocTyp, p.DocNbr, p.PosNbr, p.Amount))
	}
	return strings.Join(list, ", ")
}

func TestPurchaseByNumber(t *testing.T) {
	full := `{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D","PosNbr":"Pos01,Pos02","ExtPchNbr":"101224-01",` +
		`"Subject":"BVH Wels","PurchaseTxt":"Bestell-Notiz",` + address +
		`,"PosData":[{"PosNbr":"Pos01","LVNbr":"031.01.01","NotTxt":"Fertigungshinweis","Amount":2.50},{"PosNbr":"Pos02","LVNbr":"032.02.02","NotTxt":"Maß & <Höhe>"}]}`
	for _, tc := range []struct{ request, want string }{
		{full, "2/101224-01/Pos01 x 2.50, 2/101224-01/Pos02 x 1"},
		{`{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"A","PosNbr":"Pos03, Pos01"}`, "2/101224-01/Pos03 x 3, 2/101224-01/Pos01 x 1"},
		{
			`{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D"}`,
			"2/101224-01/Pos01 x 1, 2/101224-01/Pos02 x 1, 2/101224-01/Pos03 x 3",
		},
		// PosData without PosNbr: the whole document all the same.
		{
			`{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D","PosData":[{"PosNbr":"Pos02","Amount":7}]}`,
			"2/101224-01/Pos01 x 1, 2/101224-01/Pos02 x 7, 2/101224-01/Pos03 x 3",
		},
	} {
		s := openShop(t, ConboxSettings{})
		if got := s.done(s.act(tc.request)); got != tc.request {
			t.Errorf("echo %s\nof   %s", got, tc.request)
		}
		e := s.effects(1)[0]
		if got := positionsOf(e); got != tc.want || string(e.ServiceData) != tc.request {
			t.Errorf("ordered %s of %s, want %s", got, e.ServiceData, tc.want)
		}
		if s.document(2, "101224-01").Positions[0].Amount != "1" {
			t.Error("the order changed the document")
		}
	}
}

func TestPurchaseByGUID(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	request := `{"Action":"Purchase","FinalCustomerLndCde":"D",` + address + `,"DocTyp":2,"ExtPchNbr":"X-1","PosData":[` +
		`{"PositionGuid":"a4d77538-66ed-3d99-d714-b0222516131d","LVNbr":"Schlafzimmer","NotTxt":"Fertigungshinweis","Amount":3},` +
		`{"PositionGuid":"A4D77538-66ED-3D99-D714-B0222516131E","LVNbr":"Küche","NotTxt":"Fertigungshinweis"}]}`
	want := `{"Action":"Purchase",` + address + `,"DocTyp":2,"ExtPchNbr":"X-1","PosData":[` +
		`{"PositionGuid":"a4d77538-66ed-3d99-d714-b0222516131d","LVNbr":"Schlafzimmer","NotTxt":"Fertigungshinweis"},` +
		`{"PositionGuid":"A4D77538-66ED-3D99-D714-B0222516131E","LVNbr":"Küche","NotTxt":"Fertigungshinweis"}]}`
	if got := s.done(s.act(request)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := positionsOf(s.effects(1)[0]); got != "2/101225-03/Pos01 x 3, 2/101225-03/Pos02 x 1" {
		t.Errorf("ordered %s", got)
	}
}

// TestTheServerHasNoIdempotency: whatever header is sent, twice is twice. The header is noted.
func TestTheServerHasNoIdempotency(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	request := envelope(`{"Action":"Purchase","DocTyp":2,"DocNbr":"000007","FinalCustomerLndCde":"D","PosNbr":"Pos01","ExtPchNbr":"E1"}`)
	for range 2 {
		s.done(s.send(request))
	}
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		s.done(s.post(s.address, params{"Content-Type": "application/json", header: "1"}, strings.NewReader(request)))
	}
	s.protocolFaults(ProtocolIdempotencyKey, ProtocolIdempotencyKey)
	got := s.server.Purchases()
	if len(got) != 4 || got[0].Nbr != 1 || got[3].Nbr != 4 || string(got[0].ServiceData) != string(got[3].ServiceData) || got[0].ReceivedAt.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestPurchasesAreOnlyPurchases(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.done(s.act(`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`))
	s.done(s.act(`{"Action":"Purchase","DocTyp":2,"DocNbr":"300000-01","FinalCustomerLndCde":"D"}`))
	if got := s.server.Purchases(); len(got) != 1 || got[0].Nbr != 2 || len(got[0].Positions) != 300 {
		t.Errorf("%+v", got)
	}
	s.effects(2)
}

func TestRefusedPurchases(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.done(s.act(`{"Action":"Delete","DocTyp":2,"DocNbr":"101224-01","PosNbr":"Pos03"}`))
	byNumber := `"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D"`
	for request, message := range map[string]string{
		`"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01"`:                                              "FinalCustomerLndCde wurde nicht angegeben.",
		`"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":""`:                     "FinalCustomerLndCde wurde nicht angegeben.",
		`"Action":"Purchase","FinalCustomerLndCde":"D"`:                                                    "Der Beleg wurde nicht angegeben.",
		`"Action":"Purchase","DocNbr":"101224-01","FinalCustomerLndCde":"D"`:                               "Der Beleg wurde nicht angegeben.",
		`"Action":"Purchase","DocTyp":2,"DocNbr":"9","FinalCustomerLndCde":"D"`:                            "Der Beleg 9 (Belegart 2) wurde nicht gefunden.",
		byNumber + `,"PosNbr":"Pos01,Pos09"`:                                                               "Die Position Pos09 wurde im Beleg 101224-01 (Belegart 2) nicht gefunden.",
		byNumber + `,"PosNbr":"Pos01,Pos03"`:                                                               "Die Position Pos03 im Beleg 101224-01 (Belegart 2) wurde gelöscht.",
		byNumber + `,"PosNbr":"Pos01,Pos01"`:                                                               "Die Position Pos01 wurde mehrfach angegeben.",
		byNumber + `,"PosNbr":""`:                                                                          "Die Position  wurde im Beleg 101224-01 (Belegart 2) nicht gefunden.",
		byNumber + `,"PosNbr":"Pos01","PosData":[{"PosNbr":"Pos02"}]`:                                      "Die Position Pos02 aus PosData fehlt in PosNbr.",
		byNumber + `,"PosNbr":"Pos01","PosData":[{"PosNbr":"Pos01"},{"PosNbr":"Pos01"}]`:                   "Die Position Pos01 wurde mehrfach angegeben.",
		byNumber + `,"PosNbr":"Pos01","PosData":[{"PosNbr":"Pos01","Amount":0.00}]`:                        "Die Menge 0.00 ist ungültig.",
		byNumber + `,"PosNbr":"Pos01","PosData":[{"PosNbr":"Pos01","Amount":-1}]`:                          "Die Menge -1 ist ungültig.",
		`"Action":"Purchase","FinalCustomerLndCde":"D","PosData":[{"PositionGuid":"` + unknownGUID + `"}]`: "Die Position mit der GUID " + unknownGUID + " wurde nicht gefunden.",
		`"Action":"Purchase","FinalCustomerLndCde":"D","PosData":[{"PositionGuid":"ed3b6a84-695f-afac-d814-9ddd90754ed0"},{"PositionGuid":"{ED3B6A84-695F-AFAC-D814-9DDD90754ED0}"}]`: "Die Position Pos01 wurde mehrfach angegeben.",
	} {
		s.denied(s.act("{"+request+"}"), message)
	}
	s.effects(1)
	s.protocolFaults()
}
