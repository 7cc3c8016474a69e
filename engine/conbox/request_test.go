package conbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/conbox"
)

const guid2 = "a4d77538-66ed-3d99-d714-b0222516131d"

// TestServiceData pins the canonical text: unset fields are left out, false and 0 are not.
func TestServiceData(t *testing.T) {
	tests := []struct {
		request conbox.Request
		want    string
	}{
		{conbox.SetReadyStatus{DocTyp: new(0), DocNbr: "1", ReadyStatus: new(false)}, `{"Action":"SetReadyStatus","DocTyp":0,"DocNbr":"1","ReadyStatus":false}`},
		{&conbox.Delete{PositionGuid: guid, DocTyp: new(2)}, `{"Action":"Delete","PositionGuid":"` + guid + `","DocTyp":2}`},
		{conbox.SilentCopy{PositionGuid: guid, DocNbr: "A", PosNbr: "1", Amount: "1.50"}, `{"Action":"SilentCopy","PositionGuid":"` + guid + `","DocNbr":"A","PosNbr":"1","Amount":1.50}`},
		{conbox.GetPositionData{PositionGuid: guid}, `{"Action":"GetPositionData","PositionGuid":"` + guid + `"}`},
		{
			conbox.Purchase{DocTyp: new(2), DocNbr: `<&"ü`, FinalCustomerLndCde: "D", PurchaseTxt: "a\nb", AllPositions: true},
			`{"Action":"Purchase","DocTyp":2,"DocNbr":"<&\"ü","FinalCustomerLndCde":"D","PurchaseTxt":"a\nb"}`,
		},
		{
			conbox.Purchase{DocTyp: new(2), FinalCustomerLndCde: "D", PosData: []conbox.PosData{{PositionGuid: guid}, {PositionGuid: guid2, Amount: "12.5"}}},
			`{"Action":"Purchase","DocTyp":2,"FinalCustomerLndCde":"D","PosData":[{"PositionGuid":"` + guid + `"},{"PositionGuid":"` + guid2 + `","Amount":12.5}]}`,
		},
	}
	for _, test := range tests {
		raw, err := conbox.ServiceData(test.request)
		if err != nil || !json.Valid(raw) {
			t.Errorf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(test.want, string(raw)); diff != "" {
			t.Error(diff)
		}
	}
}

func numbered(change func(*conbox.Purchase)) conbox.Purchase {
	p := conbox.Purchase{
		DocTyp: new(2), DocNbr: "1", FinalCustomerLndCde: "D", PosNbr: "P1,P2",
		PosData: []conbox.PosData{{PosNbr: "P1"}, {PosNbr: "P2", Amount: "2"}},
	}
	change(&p)
	return p
}

// TestValidate has one fault in each request; nothing of it may reach the wire.
func TestValidate(t *testing.T) {
	guids := func(change func(p *conbox.Purchase)) conbox.Purchase {
		p := conbox.Purchase{FinalCustomerLndCde: "D", PosData: []conbox.PosData{{PositionGuid: guid}, {PositionGuid: guid2}}}
		change(&p)
		return p
	}
	copying := func(change func(c *conbox.SilentCopy)) conbox.SilentCopy {
		c := conbox.SilentCopy{DocTyp: new(2), DocNbr: "1", PosNbr: "2", SrcDocTyp: new(2), SrcDocNbr: "3", SrcPosNbr: "4"}
		change(&c)
		return c
	}
	var million []conbox.PosData
	for i := range 300 {
		million = append(million, conbox.PosData{PosNbr: fmt.Sprint("P", i), Amount: "1"})
	}
	tests := []struct {
		request conbox.Request
		want    string // the field with the fault; empty: valid
	}{
		{conbox.Delete{}, "PositionGuid"},
		{conbox.Delete{DocTyp: new(2)}, "DocNbr PosNbr"},
		{conbox.Delete{DocTyp: new(2), DocNbr: "1"}, "PosNbr"},
		{conbox.Delete{DocNbr: "1", PosNbr: "2"}, "DocTyp"},
		{conbox.Delete{DocTyp: new(2), DocNbr: " ", PosNbr: "2"}, "DocNbr"},
		{conbox.Delete{DocTyp: new(-1), DocNbr: "1", PosNbr: "2"}, "DocTyp"},
		{conbox.Delete{PositionGuid: guid, DocNbr: "1"}, "DocNbr"},
		{conbox.Delete{PositionGuid: guid, PosNbr: "1"}, "PosNbr"},
		{conbox.Delete{PositionGuid: "{" + guid + "}"}, "PositionGuid"},
		{conbox.Delete{PositionGuid: guid[:35] + "g"}, "PositionGuid"},
		{conbox.Delete{PositionGuid: "00000000-0000-0000-0000-000000000000"}, "PositionGuid"},
		{conbox.Delete{PositionGuid: guid, DocTyp: new(2)}, ""},
		{conbox.GetPositionData{}, "PositionGuid"},
		{conbox.GetPositionData{PositionGuid: guid, DocNbr: "1"}, "DocNbr"},

		{copying(func(*conbox.SilentCopy) {}), ""},
		{conbox.SilentCopy{PositionGuid: guid}, ""},
		{conbox.SilentCopy{PositionGuid: guid, DocTyp: new(2), DocNbr: "1", PosNbr: "2"}, ""},
		{conbox.SilentCopy{PositionGuid: guid, DocNbr: "1"}, "PosNbr"},
		{conbox.SilentCopy{PositionGuid: guid, PosNbr: "1"}, "DocNbr"},
		{conbox.SilentCopy{PositionGuid: guid, SrcDocNbr: "1"}, "SrcDocNbr"},
		{conbox.SilentCopy{DocTyp: new(2), DocNbr: "1", PosNbr: "2"}, "PositionGuid"},
		{copying(func(c *conbox.SilentCopy) { c.DocTyp = nil }), "DocTyp"},
		{copying(func(c *conbox.SilentCopy) { c.PosNbr = "" }), "PosNbr"},
		{copying(func(c *conbox.SilentCopy) { c.SrcDocTyp = nil }), "SrcDocTyp"},
		{copying(func(c *conbox.SilentCopy) { c.SrcPosNbr = "" }), "SrcPosNbr"},
		{copying(func(c *conbox.SilentCopy) { c.PosImgWidth = new(0) }), "PosImgWidth"},
		{copying(func(c *conbox.SilentCopy) { c.PosImgHeight = new(-3) }), "PosImgHeight"},

		{conbox.SaveDocumentAs{DocNbr: "1", DocTyp: new(2)}, "SrcDocNbr SrcDocTyp"},
		{conbox.SaveDocumentAs{SrcDocNbr: "1", SrcDocTyp: new(2)}, "DocNbr DocTyp"},
		{conbox.SetReadyStatus{DocTyp: new(2), DocNbr: "1"}, "ReadyStatus"},
		{conbox.SetReadyStatus{ReadyStatus: new(true)}, "DocTyp DocNbr"},

		{numbered(func(*conbox.Purchase) {}), ""},
		{numbered(func(p *conbox.Purchase) { p.PosData = nil }), ""},
		{numbered(func(p *conbox.Purchase) { p.PosData, p.PosNbr, p.AllPositions = nil, "", true }), ""},
		{numbered(func(p *conbox.Purchase) { p.PosData, p.PosNbr = nil, "" }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr = "" }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.AllPositions = true }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr, p.AllPositions = "", true }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr = "P1" }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr = "P2,P1" }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr, p.PosData = "P1,P1", nil }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr, p.PosData = "P1,,P2", nil }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr, p.PosData = "P1, P2", nil }), "PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosNbr, p.PosData = "P1,P2", []conbox.PosData{{PosNbr: "P1,P2"}} }), "0.PosNbr PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosData[1].PosNbr = "P1" }), "PosNbr 1.PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosData[1].PosNbr = "" }), "1.PosNbr PosNbr"},
		{numbered(func(p *conbox.Purchase) { p.PosData[0].PositionGuid = guid }), "0.PositionGuid"},
		{numbered(func(p *conbox.Purchase) { p.DocTyp = nil }), "DocTyp"},
		{numbered(func(p *conbox.Purchase) { p.DocNbr = "" }), "DocNbr"},
		{numbered(func(p *conbox.Purchase) { p.DocNbr = "1\x00" }), "DocNbr"},
		{numbered(func(p *conbox.Purchase) { p.DocNbr = "\xfc" }), "DocNbr"},
		{numbered(func(p *conbox.Purchase) { p.FinalCustomerLndCde = "" }), "FinalCustomerLndCde"},
		{numbered(func(p *conbox.Purchase) { p.ExtPchNbr = "1 " }), "ExtPchNbr"},
		{numbered(func(p *conbox.Purchase) { p.Subject = "\x07" }), "Subject"},
		{numbered(func(p *conbox.Purchase) { p.PurchaseTxt = "\xff" }), "PurchaseTxt"},
		{numbered(func(p *conbox.Purchase) { p.DlvAdr = &conbox.DlvAdr{} }), "DlvAdr"},
		{numbered(func(p *conbox.Purchase) { p.DlvAdr = &conbox.DlvAdr{AdrStr: "\xff"} }), "AdrStr"},
		{numbered(func(p *conbox.Purchase) { p.PosData[0].NotTxt = "\x1b" }), "0.NotTxt"},
		{guids(func(*conbox.Purchase) {}), ""},
		{guids(func(p *conbox.Purchase) { p.DocTyp = new(2) }), ""},
		{guids(func(p *conbox.Purchase) { p.DocNbr = "1" }), "DocTyp PosNbr 0.PositionGuid 0.PosNbr 1.PositionGuid 1.PosNbr"},
		{guids(func(p *conbox.Purchase) { p.PosData[1].PositionGuid = strings.ToUpper(guid) }), "1.PositionGuid"},
		{guids(func(p *conbox.Purchase) { p.PosData[1] = conbox.PosData{PosNbr: "P1"} }), "1.PosNbr 1.PositionGuid"},
		{guids(func(p *conbox.Purchase) { p.PosData[1].PosNbr = "P1" }), "1.PosNbr"},
		{guids(func(p *conbox.Purchase) { p.AllPositions = true }), "AllPositions"},
		{conbox.Purchase{DocTyp: new(2), DocNbr: "1", FinalCustomerLndCde: "D", PosNbr: strings.Join(numbers(million), ","), PosData: million}, ""},
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = w.Write([]byte(bought)) })
	c := client(t, s.URL)
	for _, test := range tests {
		err := test.request.Validate()
		var bad *conbox.Invalid
		if got := fields(err); got != test.want || errors.As(err, &bad) && bad.Action != test.request.Action() {
			t.Errorf("%+v\n got %q, want %q: %v", test.request, got, test.want, err)
		}
		if test.want == "" {
			continue
		}
		if _, err := conbox.ServiceData(test.request); err == nil {
			t.Errorf("%+v has service data", test.request)
		}
		_, err = c.Do(t.Context(), test.request, conbox.Hooks{})
		if e := failure(t, err); e.Class != conbox.ClassInvalid || e.Certainty != conbox.NotSent || !errors.As(err, &bad) {
			t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
		}
	}
	if got := s.shape(); got != "" {
		t.Errorf("the server saw %s", got)
	}
}

func numbers(all []conbox.PosData) []string {
	var out []string
	for _, p := range all {
		out = append(out, p.PosNbr)
	}
	return out
}

func fields(err error) string {
	var bad *conbox.Invalid
	if !errors.As(err, &bad) {
		return ""
	}
	var out []string
	for _, p := range bad.Problems {
		if p.Position >= 0 {
			p.Field = fmt.Sprint(p.Position, ".", p.Field)
		}
		out = append(out, p.Field)
	}
	return strings.Join(out, " ")
}

func TestAmounts(t *testing.T) {
	for amount, valid := range map[string]bool{
		"": true, "1": true, "1.5": true, "0.01": true, "1000": true, "1234.560": true,
		"0": false, "0.00": false, "-1": false, "+1": false, "1,5": false, "1e3": false, "01": false, ".5": false, "1.": false,
		" 1": false, "1 ": false, "NaN": false, "１": false, `1,"DocNbr":"2"`: false,
	} {
		err := conbox.SilentCopy{PositionGuid: guid, Amount: json.Number(amount)}.Validate()
		if (err == nil) != valid {
			t.Errorf("%q: %v", amount, err)
		}
	}
}

func TestInvalidReadsWell(t *testing.T) {
	err := numbered(func(p *conbox.Purchase) { p.DocTyp, p.PosData[1].Amount = nil, "0" }).Validate()
	if want := "Purchase: DocTyp is missing; PosData[1].Amount is not greater than 0"; err.Error() != want {
		t.Error(err)
	}
}
