package sandbox

import (
	"strings"
	"testing"
)

const copied = `"WarNbr":"F-KF-1200","ProductText":"","ProductTextRTF":"","PrdGrp":"FE","PrGrpDSC":"Fenster","ListPrice":689.5,` +
	`"WarDsc":"Kunststofffenster zweiflügelig","WarDscEx1":"1200 x 1400 mm","WarDscEx2":"Ug 0,5","FCoPrc":540.00,"PosImgURL":"URL","PosImg":"PNG"}`

func TestSilentCopyByGUIDMakesADocument(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	request := `{"Action":"SilentCopy","PositionGuid":"a4e656fc-c462-ef99-d814-52faad2fc8db","Amount":1.50,"DocTyp":2}`
	data := s.done(s.act(request))
	want := `{"Action":"SilentCopy","PositionGuid":"GUID","DocTyp":2,"DocNbr":"SC000001","PosNbr":"Pos01","SrcDocTyp":2,"SrcDocNbr":"10000-15",` +
		`"SrcPosNbr":"Pos01","Amount":1.50,"PosImgWidth":300,"PosImgHeight":300,` + copied
	if masked(data) != want {
		t.Errorf("got  %s\nwant %s", masked(data), want)
	}
	s.picture(data, 300, 300)
	made := s.document(2, "SC000001").Positions
	if len(made) != 1 || made[0].Amount != "1.50" || !strings.Contains(data, made[0].PositionGuid) || strings.Contains(data, `"PositionGuid":"a4e6`) {
		t.Errorf("made %+v", made)
	}
	if e := s.effects(1)[0]; e.Action != "SilentCopy" || string(e.ServiceData) != request || len(e.Positions) != 1 ||
		e.Positions[0] != (EffectPosition{2, "SC000001", "Pos01", made[0].PositionGuid, "1.50"}) || !e.Delivered || e.Nbr != 1 {
		t.Errorf("effect %+v", e)
	}
	// The same again is another document.
	s.done(s.act(request))
	if len(s.document(2, "SC000002").Positions) != 1 {
		t.Error("no second copy")
	}
}

func TestSilentCopyByNumber(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	request := `{"Action":"SilentCopy","DocTyp":2,"DocNbr":"10000-17","PosNbr":"Pos01","SrcDocTyp":2,"SrcDocNbr":"10000-15","SrcPosNbr":"Pos01","PosImgWidth":40,"PosImgHeight":30}`
	data := s.done(s.act(request))
	want := `{"Action":"SilentCopy","PositionGuid":"GUID","DocTyp":2,"DocNbr":"10000-17","PosNbr":"Pos01","SrcDocTyp":2,"SrcDocNbr":"10000-15",` +
		`"SrcPosNbr":"Pos01","Amount":4,"PosImgWidth":40,"PosImgHeight":30,` + copied
	if masked(data) != want {
		t.Errorf("got  %s\nwant %s", masked(data), want)
	}
	s.picture(data, 40, 30)
	s.denied(s.act(request), "Die Position Pos01 ist im Beleg 10000-17 (Belegart 2) bereits vorhanden.")
	// A GUID with a target, into the document that is there now.
	s.done(s.act(`{"Action":"SilentCopy","DocTyp":2,"DocNbr":"10000-17","PosNbr":"Pos02","PositionGuid":"550E8400-E29B-41D4-A716-446655440000"}`))
	// Then DocTyp is the target's, the source may be an offer.
	offer := s.document(1, "A-2026-118").Positions[0].PositionGuid
	s.done(s.act(`{"Action":"SilentCopy","DocTyp":2,"DocNbr":"10000-17","PosNbr":"Pos03","PositionGuid":"` + offer + `"}`))
	if got := s.document(2, "10000-17").Positions; len(got) != 3 || got[1].WarNbr != "T-ART-02" || got[2].WarNbr != "H-HT-1100" {
		t.Errorf("target %+v", got)
	}
}

func TestSaveDocumentAs(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	request := `{"Action":"SaveDocumentAs","DocNbr":"Test01","DocTyp":2,"SrcDocNbr":"Test02","SrcDocTyp":2}`
	s.done(s.act(`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"Test02","ReadyStatus":true}`))
	if got := s.done(s.act(request)); got != `{"Action":"SaveDocumentAs","DocTyp":2,"DocNbr":"Test01","SrcDocTyp":2,"SrcDocNbr":"Test02"}` {
		t.Errorf("got %s", got)
	}
	made, source := s.document(2, "Test01"), s.document(2, "Test02")
	if made.Ready || len(made.Positions) != 2 || made.Positions[1].PositionGuid == source.Positions[1].PositionGuid || made.Positions[1].ListPrice != "20.00" {
		t.Errorf("made %+v of %+v", made, source)
	}
	s.denied(s.act(request), "Der Beleg Test01 (Belegart 2) ist bereits vorhanden.")
	s.denied(s.act(strings.Replace(request, `"SrcDocNbr":"Test02"`, `"SrcDocNbr":"Test99"`, 1)), "Der Beleg Test99 (Belegart 2) wurde nicht gefunden.")
	s.denied(s.act(`{"Action":"SaveDocumentAs","DocNbr":"Test03","DocTyp":2}`), "Der Beleg oder der Quellbeleg wurde nicht angegeben.")
	s.effects(2)
}

func TestRefusedCopies(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	source := `"Action":"SilentCopy","SrcDocTyp":2,"SrcDocNbr":"10000-15","SrcPosNbr":"Pos01"`
	byGUID := `"Action":"SilentCopy","PositionGuid":"a4e656fc-c462-ef99-d814-52faad2fc8db"`
	for request, message := range map[string]string{
		`"Action":"SilentCopy"`:                               "Die Quellposition wurde nicht angegeben.",
		`"Action":"SilentCopy","SrcDocTyp":2,"SrcDocNbr":"1"`: "Die Quellposition wurde nicht angegeben.",
		source:                                                 "Die Zielposition wurde nicht angegeben.",
		source + `,"DocTyp":2,"DocNbr":"N"`:                    "Die Zielposition wurde nicht angegeben.",
		byGUID + `,"DocTyp":2,"DocNbr":"N"`:                    "Die Zielposition wurde nicht angegeben.",
		byGUID + `,"DocTyp":1`:                                 "Die Position mit der GUID a4e656fc-c462-ef99-d814-52faad2fc8db wurde nicht gefunden.",
		byGUID + `,"Amount":0`:                                 "Die Menge 0 ist ungültig.",
		byGUID + `,"PosImgWidth":0`:                            "Die Bildgröße ist ungültig.",
		byGUID + `,"PosImgHeight":999999999999999`:             "Die Bildgröße ist ungültig.",
		strings.Replace(source, "Pos01", "Pos07", 1):           "Die Position Pos07 wurde im Beleg 10000-15 (Belegart 2) nicht gefunden.",
		strings.Replace(source, `"10000-15"`, `"10000-16"`, 1): "Der Beleg 10000-16 (Belegart 2) wurde nicht gefunden.",
	} {
		s.denied(s.act("{"+request+"}"), message)
	}
	s.effects(0)
}
