package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestSettingsOverHTTP(t *testing.T) {
	s := openShop(t, ConboxSettings{Username: "erp"})
	r := s.control(http.MethodPut, "/sandbox/conbox/settings", `{"auth":"basic","password":"p","position_data":"neither"}`)
	var got ConboxSettings
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != 200 {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	want := ConboxSettings{Auth: AuthBasic, Algorithm: "MD5-sess", Qop: "auth", Username: "erp", Password: "p", PositionData: PositionDataNeither}
	if got != want || s.server.ConboxSettings() != want {
		t.Errorf("%+v", got)
	}
	s.denied(s.sendWith(basic("erp", "p"), readRequest), "Unbekannte Action: GetPositionData")
	for _, wrong := range []string{
		`{"auth":"ntlm"}`, `{"algorithm":"SHA-512"}`, `{"qop":"none"}`, `{"nonce_uses":-1}`, `{"position_data":"GetPosData"}`, `{"user":"x"}`, `[]`,
	} {
		if r := s.control(http.MethodPut, "/sandbox/conbox/settings", wrong); r.status != 400 {
			t.Errorf("%s: %d %s", wrong, r.status, r.body)
		}
	}
	if r := s.control(http.MethodGet, "/sandbox/conbox/settings", ""); !strings.Contains(r.body, `"position_data": "neither"`) || !strings.Contains(r.body, `"auth": "basic"`) {
		t.Errorf("after refused changes: %s", r.body)
	}
}

func TestDocumentsOverHTTP(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	before := len(s.server.Documents())
	guid := "11111111-2222-3333-4444-55555555555A"
	put := `[{"DocTyp":2,"DocNbr":"Neu","Positions":[{"PosNbr":"P1","PositionGuid":"` + guid + `","WarNbr":"W","ListPrice":7.10,"FCoPrc":"5.00","Amount":2}]},
		{"DocTyp":2,"DocNbr":"000007","Positions":[{"PosNbr":"Pos09"}]}]`
	if r := s.control(http.MethodPut, "/sandbox/conbox/documents", put); r.status != 200 || !strings.Contains(r.body, `"ListPrice": 7.10`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := s.done(s.act(`{"Action":"GetPositionData","PositionGuid":"` + guid + `"}`)); !strings.Contains(got, `"ListPrice":7.10,`) || !strings.Contains(got, `"FCoPrc":5.00,`) {
		t.Error(got)
	}
	if replaced := s.document(2, "000007").Positions; len(replaced) != 1 || replaced[0].PositionGuid == "" || replaced[0].Amount != "1" {
		t.Errorf("%+v", replaced)
	}
	s.denied(s.act(`{"Action":"GetPositionData","PositionGuid":"ed3b6a84-695f-afac-d814-9ddd90754ed0"}`),
		"Die Position mit der GUID ed3b6a84-695f-afac-d814-9ddd90754ed0 wurde nicht gefunden.")
	for _, wrong := range []string{
		`{"DocNbr":"X"}`, `[{"DocTyp":2}]`, `[{"DocNbr":"X","Positions":[{"PosNbr":""}]}]`, `[{"DocNbr":"X","Positions":[{"PosNbr":"1,2"}]}]`,
		`[{"DocNbr":"X","Positions":[{"PosNbr":"1"},{"PosNbr":"1"}]}]`, `[{"DocNbr":"X","Preis":1}]`, `[{"DocNbr":"X","Positions":[{"PosNbr":"1","Amount":"zwei"}]}]`,
		`[{"DocNbr":"X","Positions":[{"PosNbr":"1","PositionGuid":"keine"}]}]`, `[{"DocNbr":"X"},{"DocNbr":""}]`,
		`[{"DocNbr":"X","Positions":[{"PosNbr":"1","PositionGuid":"a4e656fc-c462-ef99-d814-52faad2fc8db"}]}]`,
	} {
		if r := s.control(http.MethodPut, "/sandbox/conbox/documents", wrong); r.status != 400 {
			t.Errorf("%s: %d", wrong, r.status)
		}
	}
	if got := len(s.server.Documents()); got != before+1 {
		t.Errorf("%d documents, %d before", got, before)
	}
}

func TestConboxStateOverHTTP(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.inject(Fault{Kind: FaultCutAfterAccept, Action: "Purchase", Times: 1})
	s.act(buy)
	s.act(buy)
	s.act(readySet)
	s.act(`{"Action":"Purchase","docTyp":2}`)
	var state State
	body := s.control(http.MethodGet, "/sandbox/state", "").body
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		t.Fatal(err)
	}
	got := state.Conbox
	if len(got.Purchases) != 2 || got.Purchases[0].Delivered || !got.Purchases[1].Delivered || len(got.Effects) != 3 || got.Effects[2].Action != "SetReadyStatus" ||
		len(got.ProtocolFaults) != 1 || got.ProtocolFaults[0].Kind != ProtocolShape || got.Requests != 4 || got.Actions["Purchase"] != 3 {
		t.Errorf("%s", body)
	}
	var sent struct{ PurchaseTxt string }
	if err := json.Unmarshal(got.Purchases[0].ServiceData, &sent); err != nil || sent.PurchaseTxt != "Notiz" || got.Purchases[0].ReceivedAt.IsZero() {
		t.Errorf("%s", body)
	}
	empty := New(Options{})
	defer empty.Close()
	text, err := json.Marshal(empty.ConboxState())
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s %v", text, err)
	}
}

func TestNewPanicsOnWrongOptions(t *testing.T) {
	for _, o := range []Options{{Conbox: ConboxSettings{Auth: "x"}}, {Documents: []ConboxDocument{{}}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", o)
				}
			}()
			New(o)
		}()
	}
}
