package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestDelete(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	byGUID := `{"Action":"Delete","PositionGuid":"550e8400-e29b-41d4-a716-446655440000"}`
	byNumber := `{"Action":"Delete","DocTyp":2,"DocNbr":"Test02","PosNbr":"Pos01"}`
	for _, request := range []string{byGUID, byNumber} {
		if got := s.done(s.act(request)); got != request {
			t.Errorf("echo %s", got)
		}
	}
	if got := s.document(2, "Test02").Positions; len(got) != 0 {
		t.Errorf("left %+v", got)
	}
	s.denied(s.act(byGUID), "Die Position mit der GUID 550e8400-e29b-41d4-a716-446655440000 wurde gelöscht.")
	s.denied(s.act(byNumber), "Die Position Pos01 im Beleg Test02 (Belegart 2) wurde gelöscht.")
	s.denied(s.act(`{"Action":"Purchase","DocTyp":2,"DocNbr":"Test02","FinalCustomerLndCde":"D"}`), "Der Beleg Test02 (Belegart 2) hat keine Positionen.")
	s.denied(s.act(`{"Action":"Delete"}`), "Die Position wurde nicht angegeben.")
	s.denied(s.act(`{"Action":"Delete","DocTyp":2,"DocNbr":"Test02"}`), "Die Position wurde nicht angegeben.")
	e := s.effects(2)
	if e[0].Positions[0].PosNbr != "Pos02" || e[1].Positions[0].PosNbr != "Pos01" || e[1].Nbr != 2 {
		t.Errorf("effects %+v", e)
	}
}

// TestDeleteLeavesTheOthersInPlace: both addresses of what stood behind still work.
func TestDeleteLeavesTheOthersInPlace(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.done(s.act(`{"Action":"Delete","DocTyp":2,"DocNbr":"101224-01","PosNbr":"Pos01"}`))
	guid := s.document(2, "101224-01").Positions[1].PositionGuid
	byGUID := s.done(s.act(`{"Action":"GetPositionData","PositionGuid":"` + guid + `"}`))
	byNumber := s.done(s.act(`{"Action":"GetPositionData","DocTyp":2,"DocNbr":"101224-01","PosNbr":"Pos03"}`))
	if byGUID != byNumber || !strings.Contains(byGUID, `"WarNbr":"ET-BAND-3"`) {
		t.Errorf("%s\n%s", byGUID, byNumber)
	}
}

func TestSetReadyStatus(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	for i, status := range []string{"true", "true", "false"} {
		request := `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":` + status + `}`
		if got := s.done(s.act(request)); got != request {
			t.Errorf("echo %s", got)
		}
		if s.effects(i + 1); s.document(2, "000007").Ready != (status == "true") {
			t.Errorf("not %s", status)
		}
	}
	s.denied(s.act(`{"Action":"SetReadyStatus","DocTyp":1,"DocNbr":"000007","ReadyStatus":true}`), "Der Beleg 000007 (Belegart 1) wurde nicht gefunden.")
	s.denied(s.act(`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007"}`), "Der Beleg oder der ReadyStatus wurde nicht angegeben.")
}

func TestGetPositionData(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	want := `{"Action":"GetPositionData","PositionGuid":"GUID","WarNbr":"K-HS-600","ProductText":"","ProductTextRTF":"","ListPrice":345.0,` +
		`"WarDsc":"Küchenhochschrank Eiche","WarDscEx1":"600 x 2100 mm","WarDscEx2":"Griffmulde","FCoPrc":155.25,"PosImgURL":"URL","PosImg":"PNG",` +
		`"PrdGrp":"KM","PrdGrpDsc":"Küchenmöbel"}`
	guid := "ed3b6a84-695f-afac-d814-9ddd90754ed0"
	for _, request := range []string{
		`{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`,
		`{"Action":"GetPostionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`,
		`{"Action":"GetPositionData","PositionGuid":"` + guid + `"}`,
		`{"Action":"GetPostionData","GetPostionData":"` + guid + `","DocTyp":2}`,
		`{"Action":"GetPostionData","PositionGuid":"` + guid + `","GetPostionData":"` + guid + `"}`,
	} {
		data := s.done(s.act(request))
		if masked(data) != want || !strings.Contains(data, guid) {
			t.Errorf("%s\ngot  %s\nwant %s", request, masked(data), want)
		}
		s.picture(data, 48, 48)
	}
	s.denied(s.act(`{"Action":"GetPositionData","PositionGuid":"`+guid+`","DocTyp":1}`), "Die Position mit der GUID "+guid+" wurde nicht gefunden.")
	s.denied(s.act(`{"Action":"GetPositionData","PositionGuid":"keine"}`), "Die PositionGuid keine ist ungültig.")
	s.denied(s.act(`{"Action":"GetPositionData","PositionGuid":"`+guid+`","GetPostionData":"`+unknownGUID+`"}`), "PositionGuid und GetPostionData sind verschieden.")
	s.effects(0)
}

func TestSpellingsOfGetPositionData(t *testing.T) {
	guid := "ed3b6a84-695f-afac-d814-9ddd90754ed0"
	right, sample := `{"Action":"GetPositionData","PositionGuid":"`+guid+`"}`, `{"Action":"GetPostionData","GetPostionData":"`+guid+`"}`
	for setting, knows := range map[string][2]bool{
		PositionDataBoth: {true, true}, PositionDataRight: {true, false}, PositionDataSample: {false, true}, PositionDataNeither: {false, false},
	} {
		s := openShop(t, ConboxSettings{PositionData: setting})
		for i, request := range []string{right, sample} {
			r := s.act(request)
			if knows[i] {
				s.done(r)
				continue
			}
			s.denied(r, "Unbekannte Action: "+[]string{"GetPositionData", "GetPostionData"}[i])
		}
		s.protocolFaults()
	}
	// To the letter of the sample the GUID stands in the odd key alone.
	s := openShop(t, ConboxSettings{PositionData: PositionDataSample})
	s.denied(s.act(`{"Action":"GetPostionData","PositionGuid":"`+guid+`"}`), "Die Position wurde nicht angegeben.")
}

func TestMoneyIsAnsweredAsItIsWritten(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	for _, price := range []json.Number{"1234.560", "345.0", "0.1", "12345678901234567890.123456789", "1e2"} {
		d := ConboxDocument{DocTyp: 2, DocNbr: "P", Positions: []ConboxPosition{{PosNbr: "1", ListPrice: price}}}
		if err := s.server.PutDocuments(d); err != nil {
			t.Fatal(err)
		}
		if got := s.done(s.act(`{"Action":"GetPositionData","DocTyp":2,"DocNbr":"P","PosNbr":"1"}`)); !strings.Contains(got, `"ListPrice":`+string(price)+`,`) {
			t.Errorf("%s became %s", price, got)
		}
	}
}

func TestPosImgURLIsATrap(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	var data struct{ PosImgURL string }
	if err := json.Unmarshal([]byte(s.done(s.act(`{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`))), &data); err != nil {
		t.Fatal(err)
	}
	s.protocolFaults()
	response, err := s.http.Get(data.PosImgURL)
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", response.StatusCode)
	}
	s.protocolFaults(ProtocolURLFetched)
}

func TestDemoDocuments(t *testing.T) {
	guids, numbers := make(map[string]bool), 0
	for _, d := range DemoDocuments() {
		for _, p := range d.Positions {
			if _, err := uuid.Parse(p.PositionGuid); err != nil || guids[p.PositionGuid] {
				t.Errorf("GUID %q: %v", p.PositionGuid, err)
			}
			guids[p.PositionGuid] = true
			for _, n := range []json.Number{p.ListPrice, p.FCoPrc, p.Amount} {
				if !positive(n) {
					t.Errorf("%s/%s: %q", d.DocNbr, p.PosNbr, n)
				}
			}
			numbers++
		}
	}
	if numbers != 313 {
		t.Errorf("%d positions", numbers)
	}
}
