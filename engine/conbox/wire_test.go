package conbox_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/conbox"
)

// transcript reads one document sample: the request as it must be, and the answer as the document has it.
func transcript(t *testing.T, name string) (request, reply string) {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/wire/conbox/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok1 := strings.Cut(string(raw), "-- request --\n")
	request, reply, ok2 := strings.Cut(rest, "\n-- answer --\n")
	if !ok1 || !ok2 {
		t.Fatalf("%s is no transcript", name)
	}
	return request, reply
}

func onWire(reply string) string {
	_, body, _ := strings.Cut(reply, "\n\n")
	return answer("200 OK", "application/json", body)
}

// sorted puts the header lines of a request in order and takes the port out.
func sorted(raw []byte, host string) string {
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	lines := strings.Split(strings.ReplaceAll(head, "Host: "+host, "Host: HOST"), "\r\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

var berlin = &conbox.DlvAdr{AdrNam01: "Mustermann", AdrNam02: "Max", AdrStr: "Vierundzwanzig 3", AdrLnd: "D", AdrPcd: "10001", AdrReg: "Berlin"}

// TestActions pins the wire of every action and form of address to the document: the whole request, its probe, and what
// is made of the document's answer, its faults included.
func TestActions(t *testing.T) {
	copied := conbox.Data{
		Action: "SilentCopy", PositionGuid: guid, DocTyp: "2", DocNbr: "Test01", PosNbr: "Pos01",
		SrcDocTyp: "2", SrcDocNbr: "10000-15", SrcPosNbr: "Pos02", Amount: "1", PosImgWidth: "300", PosImgHeight: "300",
		WarNbr: "TestArticle", PrdGrp: "ET", PrdGrpDsc: "Ersatzteil", ListPrice: "1234.56", FCoPrc: "123.45",
		WarDsc: "TestArticle Beschreibung", WarDscEx1: "TestArticle Beschreibung Ex1", WarDscEx2: "TestArticle Beschreibung Ex1",
		PosImgURL: "http://...",
	}
	data := conbox.Data{
		Action: "GetPositionData", PositionGuid: "ed3b6a84-695f-afac-d814-9ddd90754ed0", WarNbr: "TestArticle",
		ListPrice: "345.0", FCoPrc: "155.25", WarDsc: "Ausführliche Bezeichnung des Produktes",
		WarDscEx1: "könnte noch weitere Bezeichnung sein", WarDscEx2: "könnte noch weitere Bezeichnung sein",
		PosImgURL: "htts://...", PrdGrp: "Produktgruppen-Code", PrdGrpDsc: "Produktgruppe ausgeschrieben",
	}
	const notStrict, noImage = "the answer is not strict JSON; it was read all the same", "PosImg is not Base64; there is no image"
	home := conbox.DlvAdr{AdrTit: "Titel", AdrNam01: "Name", AdrNam02: "Name2", OrdNam: "Ansprecher", AdrStr: "Strasse", AdrLnd: "D", AdrPcd: "PLZ", AdrReg: "Ort"}
	lines := []conbox.PosData{
		{PosNbr: "Pos01", LVNbr: "031.01.01", NotTxt: "Fertigungshinweis", Amount: "1"},
		{PosNbr: "Pos02", LVNbr: "032.02.02", NotTxt: "Fertigungshinweis", Amount: "1"},
	}
	rooms := []conbox.PosData{
		{PositionGuid: "a4d77538-66ed-3d99-d714-b0222516131d", LVNbr: "Schlafzimmer", NotTxt: "Fertigungshinweis", Amount: "1"},
		{PositionGuid: "a4d77538-66ed-3d99-d714-b0222516131e", LVNbr: "Küche", NotTxt: "Fertigungshinweis", Amount: "1"},
	}
	echoed := slices.Clone(rooms)
	echoed[0].Amount, echoed[1].Amount = "", ""

	tests := map[string]struct {
		request conbox.Request
		want    conbox.Answer
	}{
		"silent-copy-guid": {
			conbox.SilentCopy{PositionGuid: "a4e656fc-c462-ef99-d814-52faad2fc8db", Amount: "1", DocTyp: new(2)},
			conbox.Answer{Data: copied, Image: []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,")},
		},
		"silent-copy-number": {
			conbox.SilentCopy{
				DocTyp: new(2), DocNbr: "10000-17", PosNbr: "Pos01", SrcDocTyp: new(2), SrcDocNbr: "10000-15", SrcPosNbr: "Pos01",
				Amount: "1", PosImgWidth: new(300), PosImgHeight: new(300),
			},
			conbox.Answer{Data: copied, Warnings: []string{`the answer's DocNbr is "Test01", not "10000-17"`, noImage}},
		},
		"delete-guid": {
			conbox.Delete{PositionGuid: guid},
			conbox.Answer{Data: conbox.Data{Action: "Delete", PositionGuid: guid}, Lenient: true, Warnings: []string{notStrict}},
		},
		"delete-number": {
			conbox.Delete{DocTyp: new(2), DocNbr: "Test01", PosNbr: "Pos01"},
			conbox.Answer{Data: conbox.Data{Action: "Delete", DocTyp: "2", DocNbr: "Test01", PosNbr: "Pos01"}},
		},
		"purchase-number": {
			conbox.Purchase{
				DocTyp: new(2), DocNbr: "101224-01", FinalCustomerLndCde: "D", PosNbr: "Pos01,Pos02", ExtPchNbr: "101224-01",
				Subject: "BVH Wels", PurchaseTxt: "Bestell-Notiz", DlvAdr: berlin, PosData: lines,
			},
			conbox.Answer{
				Data: conbox.Data{
					Action: "Purchase", DocTyp: "2", DocNbr: "101224-01", FinalCustomerLndCde: "D", PosNbr: "Pos01,Pos02",
					ExtPchNbr: "101224-01", Subject: "BVH Wels", PurchaseTxt: "Bestell-Notiz", DlvAdr: *berlin, PosData: lines,
				},
				Lenient: true, Warnings: []string{notStrict},
			},
		},
		"purchase-guid": {
			conbox.Purchase{FinalCustomerLndCde: "D", DlvAdr: &home, PosData: rooms},
			conbox.Answer{Data: conbox.Data{Action: "Purchase", DlvAdr: home, PosData: echoed}},
		},
		"save-document-as": {
			conbox.SaveDocumentAs{DocNbr: "Test01", DocTyp: new(2), SrcDocNbr: "Test02", SrcDocTyp: new(2)},
			conbox.Answer{Data: conbox.Data{Action: "SaveDocumentAs", DocTyp: "2", DocNbr: "Test01", SrcDocTyp: "2", SrcDocNbr: "Test01"}},
		},
		"set-ready-status": {
			conbox.SetReadyStatus{DocTyp: new(2), DocNbr: "000007", ReadyStatus: new(false)},
			conbox.Answer{
				Data:     conbox.Data{Action: "SetReadyStatus", DocTyp: "2", DocNbr: "Test02", ReadyStatus: "true"},
				Warnings: []string{`the answer's DocNbr is "Test02", not "000007"`},
			},
		},
		"get-position-data-number": {seat, conbox.Answer{Data: data, Warnings: []string{noImage}}},
		"get-position-data-guid": {
			conbox.GetPositionData{PositionGuid: "b061a882-3cfa-21a2-d814-380d500dbbc9", DocTyp: new(2)},
			conbox.Answer{Data: data, Warnings: []string{
				`the answer's PositionGuid is "ed3b6a84-695f-afac-d814-9ddd90754ed0", not "b061a882-3cfa-21a2-d814-380d500dbbc9"`, noImage,
			}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want, reply := transcript(t, name)
			got := make(chan []byte, 9)
			address := afterProbes(t, func(conn net.Conn, r wireRequest) {
				got <- r.bytes
				_, _ = io.WriteString(conn, onWire(reply))
			})
			a, err := client(t, address).Do(t.Context(), test.request, conbox.Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/service")
			if diff := cmp.Diff(want, sorted(<-got, host)); diff != "" {
				t.Errorf("request (-document +sent):\n%s", diff)
			}
			test.want.Success = true
			if diff := cmp.Diff(&test.want, a); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("../../testdata/wire/conbox/*.txt")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d transcripts for %d tests (%v)", len(files), len(tests), err)
	}
}

// TestProbe pins the bodyless request before a write.
func TestProbe(t *testing.T) {
	got := make(chan []byte, 9)
	address := rawServer(t, func(conn net.Conn) {
		r, _ := next(bufio.NewReader(conn))
		got <- r.bytes
		_, _ = io.WriteString(conn, answer("404 Not Found", "text/html", "<h1>Nicht gefunden</h1>"))
	})
	_, err := client(t, address+"?mandant=1").Do(t.Context(), order, conbox.Hooks{})
	if e := failure(t, err); e.Class != conbox.ClassConfig || e.Certainty != conbox.NotSent || e.Message != "Nicht gefunden" {
		t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/service")
	want := "POST /service?mandant=1 HTTP/1.1\nContent-Length: 0\nContent-Type: application/json\nHost: HOST\nUser-Agent: dropform-test\n\n"
	if diff := cmp.Diff(want, sorted(<-got, host)); diff != "" {
		t.Error(diff)
	}
}

func TestFields(t *testing.T) {
	d := conbox.Data{Action: "Purchase", DocNbr: "1", DlvAdr: conbox.DlvAdr{AdrReg: "Köln"}, ListPrice: "345.0", PosData: []conbox.PosData{{PosNbr: "A<B", Amount: "1.50"}}}
	var names, set []string
	for _, f := range d.Fields() {
		names = append(names, f.Name)
		if f.Value != "" {
			set = append(set, f.Name+"="+f.Value)
		}
	}
	want := "Action PositionGuid DocTyp DocNbr PosNbr SrcDocTyp SrcDocNbr SrcPosNbr Amount FinalCustomerLndCde ExtPchNbr Subject PurchaseTxt " +
		"AdrTit AdrNam01 AdrNam02 OrdNam AdrStr AdrLnd AdrPcd AdrReg PosData ReadyStatus WarNbr WarDsc WarDscEx1 WarDscEx2 " +
		"ProductText ProductTextRTF PrdGrp PrdGrpDsc ListPrice FCoPrc PosImgWidth PosImgHeight PosImgURL"
	if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Action=Purchase", "DocNbr=1", "AdrReg=Köln", `PosData=[{"PosNbr":"A<B","Amount":1.50}]`, "ListPrice=345.0"}, set); diff != "" {
		t.Error(diff)
	}
	empty := conbox.Data{}
	if got := len(empty.Fields()); got != len(names) {
		t.Errorf("%d fields of an empty answer, %d of another", got, len(names))
	}
}
