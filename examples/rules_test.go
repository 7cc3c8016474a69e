package examples_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image"
	_ "image/png" // what the test server's pictures are
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dropform/engine/sandbox"
)

// orderThenApprove is how an order is placed without a terminal: apply shows it, a person approves it, apply places it.
func orderThenApprove(t *testing.T, do func(...string) string, address string) {
	t.Helper()
	if shown := do("apply", "-auto-approve"); !strings.Contains(shown, "approval: required") || strings.Contains(shown, "Placing...") {
		t.Fatalf("an order does not wait for approval:\n%s", shown)
	}
	if said := do("approve", address); !strings.Contains(said, "is approved") {
		t.Fatalf("approve says\n%s", said)
	}
	do("apply", "-auto-approve")
}

// The first order is placed as it was shown; the price of the second changes after its approval, which is void then.
func runOrders(t *testing.T, do func(...string) string, server *sandbox.Server) {
	orderThenApprove(t, do, "rule.purchase.orders[101224-01]")
	if n := len(server.Purchases()); n != 1 {
		t.Fatalf("%d purchases, and one was approved", n)
	}
	do("approve", "rule.purchase.orders[101225-03]")
	documents := server.Documents()
	i := slices.IndexFunc(documents, func(d sandbox.ConboxDocument) bool { return d.DocNbr == "101225-03" })
	documents[i].Positions[0].FCoPrc = "1520.75"
	if err := server.PutDocuments(documents[i]); err != nil {
		t.Fatal(err)
	}
	if shown := do("apply", "-auto-approve"); !strings.Contains(shown, "3041.50") || len(server.Purchases()) != 1 {
		t.Fatalf("an order was placed at another price than the one approved:\n%s", shown)
	}
	orderThenApprove(t, do, "rule.purchase.orders[101225-03]")
}

func lookAtOrders(t *testing.T, dir string, server *sandbox.Server) {
	list := server.Purchases()
	if len(list) != 2 {
		t.Fatalf("the server has %d purchases, want 2", len(list))
	}
	if got := positions(list[0]); got != "101224-01/Pos01 1, 101224-01/Pos02 1, 101224-01/Pos03 6" {
		t.Errorf("the first order is %s", got)
	}
	if got := positions(list[1]); got != "101225-03/Pos01 2" {
		t.Errorf("the second order is %s", got)
	}
	var sent struct {
		ExtPchNbr, Subject string
		DlvAdr             struct{ AdrNam01, AdrStr, AdrPcd string }
	}
	if err := json.Unmarshal(list[0].ServiceData, &sent); err != nil {
		t.Fatal(err)
	}
	if sent.ExtPchNbr != "B-2026-0417" || sent.Subject != "Bestellung B-2026-0417, 3 Pos." || sent.DlvAdr.AdrNam01 != "Tischlerei Müller" ||
		sent.DlvAdr.AdrStr != "Gartenstraße 12" || sent.DlvAdr.AdrPcd != "33602" {
		t.Errorf("the server was sent %s", list[0].ServiceData)
	}
	rows := results(t, dir, "orders", "done", "Bestellungen_KW47.csv.result.csv")
	if len(rows) != 2 || rows[0]["Success"] != "true" || rows[0]["ServiceData"] != string(list[0].ServiceData) ||
		rows[1]["ExtPchNbr"] != "B-2026-0418" {
		t.Errorf("the result is %v", rows)
	}
	if p := read(t, dir, "orders", "done", "Bestellungen_KW47.csv.protocol.txt"); !bytes.Contains(p, []byte("placed, 3 positions")) {
		t.Errorf("the protocol reads\n%s", p)
	}
	if f := read(t, dir, "orders", "done", "Bestellungen_KW47.csv"); !bytes.Contains(f, []byte("M\xfcller")) {
		t.Errorf("the archived file is not what was dropped:\n%s", f)
	}
}

func runOrderThenReady(t *testing.T, do func(...string) string, server *sandbox.Server) {
	orderThenApprove(t, do, "rule.purchase.orders[000007]")
	if list := server.Effects(); len(list) != 1 || list[0].Action != "Purchase" {
		t.Fatalf("before the next apply the server has %+v", list)
	}
	do("apply", "-auto-approve")
}

func lookAtOrderThenReady(t *testing.T, dir string, server *sandbox.Server) {
	list := server.Effects()
	if len(list) != 2 || positions(list[0]) != "000007/Pos01 1, 000007/Pos02 2" || list[1].Action != "SetReadyStatus" {
		t.Fatalf("the server has %+v", list)
	}
	for _, d := range server.Documents() {
		if d.Ready != (d.DocNbr == "000007") {
			t.Errorf("document %s is ready: %t", d.DocNbr, d.Ready)
		}
	}
	if rows := results(t, dir, "orders", "done", "Kueche_Berger.csv.result.csv"); len(rows) != 1 || rows[0]["DocNbr"] != "000007" {
		t.Errorf("the result is %v", rows)
	}
}

func lookAtCopyPositions(t *testing.T, dir string, server *sandbox.Server) {
	var got []string
	for _, e := range server.Effects() {
		got = append(got, e.Action+" "+positions(e))
	}
	want := []string{"SilentCopy 10000-17/Pos01 4", "SilentCopy 10000-17/Pos02 4", "SilentCopy 10000-17/Pos03 1.5"}
	if !slices.Equal(got, want) {
		t.Errorf("the server did %q, want %q", got, want)
	}
	rows := results(t, dir, "copies", "done", "Nachbestellung_Wohnung7.csv.result.csv")
	if len(rows) != 3 || rows[1]["SrcPosNbr"] != "Pos02" || rows[1]["Amount"] != "4" || rows[1]["FCoPrc"] != "58.3" {
		t.Errorf("the result is %v", rows)
	}
	if p := read(t, dir, "copies", "done", "Nachbestellung_Wohnung7.csv.protocol.txt"); bytes.Count(p, []byte("copied to 10000-17/")) != 3 {
		t.Errorf("the protocol reads\n%s", p)
	}
}

func lookAtPositionData(t *testing.T, dir string, server *sandbox.Server) {
	if list := server.Effects(); len(list) != 0 {
		t.Errorf("reading changed something: %+v", list)
	}
	rows := results(t, dir, "lists", "prices", "Anfrage_Musterhaus.csv")
	want := []string{"T-780-WE 1234.56 987.65", "K-AP-3000 512.00 401.10", "S-SS-2500 1899.00 1420.75"}
	var got []string
	for _, r := range rows {
		got = append(got, r["WarNbr"]+" "+r["ListPrice"]+" "+r["FCoPrc"])
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(r["Image"])))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, format, err := image.Decode(f); err != nil || format != "png" {
			t.Errorf("%s is a picture of format %q, %v", r["Image"], format, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the prices are %q, want %q", got, want)
	}
}

// noProtocolFaults: nothing reached the CONBOX service that a good client does not send.
func noProtocolFaults(t *testing.T, server *sandbox.Server) {
	t.Helper()
	if faults := server.ConboxState().ProtocolFaults; len(faults) != 0 {
		t.Errorf("on the wire: %+v", faults)
	}
}

// positions lists what an effect concerns, with amounts.
func positions(e sandbox.ConboxEffect) string {
	var out []string
	for _, p := range e.Positions {
		out = append(out, p.DocNbr+"/"+p.PosNbr+" "+p.Amount.String())
	}
	return strings.Join(out, ", ")
}

// results reads a result file by the names of its columns.
func results(t *testing.T, parts ...string) []map[string]string {
	t.Helper()
	text, found := bytes.CutPrefix(read(t, parts...), []byte("\xef\xbb\xbf"))
	if !found {
		t.Error("the result has no byte order mark, so that a spreadsheet would not read its umlauts")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = ';'
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("the result has %d records: %v", len(records), err)
	}
	var out []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		out = append(out, row)
	}
	return out
}
