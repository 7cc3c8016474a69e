package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"dropform/engine/conbox"
)

// buying is a purchase rule that lacks only numbers and positions.
func buying(fields ...CallField) Rule {
	return Rule{Kind: RulePurchase, Document: append([]CallField{constant("FinalCustomerLndCde", "D")}, fields...)}
}

// bought is the data of an order by number.
func bought(doc, more string, positions ...string) string {
	data := make([]string, len(positions))
	for i, p := range positions {
		data[i] = `{"PosNbr":"` + p + `"}`
	}
	return `{"Action":"Purchase","DocTyp":2,"DocNbr":"` + doc + `","FinalCustomerLndCde":"D","PosNbr":"` + strings.Join(positions, ",") + `"` + more +
		`,"PosData":[` + strings.Join(data, ",") + `]}`
}

// boughtByGUID is the data of an order by GUID.
func boughtByGUID(more string, guids ...string) string {
	data := make([]string, len(guids))
	for i, g := range guids {
		data[i] = `{"PositionGuid":"` + g + `"}`
	}
	return `{"Action":"Purchase","FinalCustomerLndCde":"D"` + more + `,"PosData":[` + strings.Join(data, ",") + `]}`
}

func TestGroupsByNumber(t *testing.T) {
	const head = "DocTyp;DocNbr;PosNbr;"
	for _, c := range []callCase{
		{name: "lines need not be adjacent", rule: buying(), file: head + "\n2;A;1;\n2;B;1;\n2;A;2;\n", want: []string{bought("A", "", "1", "2"), bought("B", "", "1")}},
		{name: "documents of two types", rule: buying(), file: head + "\n2;A;1;\n3;A;1;\n", want: []string{bought("A", "", "1"), strings.Replace(bought("A", "", "1"), `"DocTyp":2`, `"DocTyp":3`, 1)}},
		{name: "one number in two spellings of a type", rule: buying(), file: head + "\n2;A;1;\n2,0;A;2;\n", want: []string{bought("A", "", "1", "2")}},
		{name: "one document in two spellings", rule: buying(), file: head + "\n2;Straße;1;\n2;STRASSE;2;\n", want: []string{"order_differs@3/DocNbr"}, about: []string{"DocNbr differs from line 2"}},
		{name: "a document field differs", rule: buying(), file: head + "Subject\n2;A;1;x\n2;B;1;y\n2;A;2;z\n", want: []string{"order_differs@4/Subject"}, about: []string{"Subject differs from line 2 of the same order"}},
		{name: "a document field is there once", rule: buying(), file: head + "Subject\n2;A;1;x\n2;A;2;\n", want: []string{"order_differs@3/Subject"}},
		{name: "the address differs", rule: buying(), file: head + "AdrStr;AdrPcd\n2;A;1;Weg 1;1\n2;A;2;Weg 2;1\n", want: []string{"order_differs@3/AdrStr"}},
		{name: "an expression differs", rule: buying(cellOf("PurchaseTxt", "Notiz")), file: head + "Notiz\n2;A;1;x\n2;A;2;y\n", want: []string{"order_differs@3/PurchaseTxt"}},
		{name: "ExtPchNbr differs", rule: buying(), file: head + "ExtPchNbr\n2;A;1;x\n2;A;2;y\n", want: []string{"order_differs@3/ExtPchNbr"}},
		{name: "two orders with one ExtPchNbr", rule: buying(), file: head + "ExtPchNbr\n2;A;1;e1\n2;A;2;e1\n2;B;1;E1\n2;C;1;\n2;D;1;\n", want: []string{"order_number_twice@4/ExtPchNbr"}, about: []string{"order on line 2"}},
		{name: "a position twice", rule: buying(), file: head + "\n2;A;p1;\n2;A;2;\n2;A;P1;\n2;B;p1;\n", want: []string{"position_twice@4/PosNbr"}, about: []string{"as line 2"}},
		{name: "rows are the lines of the document", rule: buying(countOf("Subject")), file: head + "\n2;A;1;\n2;B;1;\n2;A;2;\n", want: []string{bought("A", `,"Subject":"2"`, "1", "2"), bought("B", `,"Subject":"1"`, "1")}},
		{name: "rows are not known to DocNbr", rule: buying(countOf("DocNbr")), file: "DocTyp;PosNbr\n2;1\n", want: []string{"field_failed@2/DocNbr"}},
		{name: "rows are not known to ExtPchNbr", rule: buying(countOf("ExtPchNbr")), file: head + "\n2;A;1;\n", want: []string{"field_failed@2/ExtPchNbr"}},
		{name: "no country", rule: Rule{Kind: RulePurchase}, file: head + "FinalCustomerLndCde\n2;A;1;\n2;A;2;\n2;B;1;\n", want: []string{"field_missing@2/FinalCustomerLndCde", "field_missing@4/FinalCustomerLndCde"}},
		{name: "no country anywhere", rule: Rule{Kind: RulePurchase}, file: head + "\n2;A;1;\n2;B;1;\n", want: []string{"field_missing@2/FinalCustomerLndCde"}},
		{name: "no DocTyp", rule: buying(), file: head + "\n;A;1;\n2;A;2;\n", want: []string{"field_missing@2/DocTyp"}},
		{name: "a bad number is one fault", rule: buying(), file: head + "Amount\n2;A;1;1\n2;A ;1;0\nx;A;2;1\n2;A;2;1\n", want: []string{"field_space@3/DocNbr", "field_positive@3/Amount", "field_number@4/DocTyp"}},
		{name: "bad numbers make no order", rule: buying(), file: head + "\n2;A ;1;\n2; B;1;\n", want: []string{"field_space@2/DocNbr", "field_space@3/DocNbr"}},
		{name: "bad positions are not the same", rule: buying(), file: head + "\n2;A;1,2;\n2;A;3,4;\n", want: []string{"field_comma@2/PosNbr", "field_comma@3/PosNbr"}},
		{name: "a bad document field is one fault", rule: buying(), file: head + "Subject\n2;A;1;\"x\ty\"\n2;A;2;y\n2;A;3;z\n", want: []string{"field_control@2/Subject"}},
		{name: "a comma is one fault", rule: buying(), file: head + "\n2;A;1,2;\n2;A;3;\n", want: []string{"field_comma@2/PosNbr"}},
		{name: "everything of a file is found", rule: buying(), file: head + "Amount;Subject\n2;A;1;1.000;x\n2;A;1;1;y\n2;B;;1;\n2;B;1;0;\n", want: []string{"field_number@2/Amount", "order_differs@3/Subject", "position_twice@3/PosNbr", "field_missing@4/PosNbr", "field_positive@5/Amount"}},
	} {
		c.run(t)
	}
}

func TestGroupsByGUID(t *testing.T) {
	const head = "PositionGuid;ExtPchNbr;"
	for _, c := range []callCase{
		{name: "by ExtPchNbr", rule: buying(), file: head + "\n" + guidA + ";e1;\n" + guidB + ";e2;\n" + guidC + ";e1;\n", want: []string{boughtByGUID(`,"ExtPchNbr":"e1"`, guidA, guidC), boughtByGUID(`,"ExtPchNbr":"e2"`, guidB)}},
		{name: "the whole file", rule: buying(), file: head + "\n" + guidA + ";;\n" + guidB + ";;\n", want: []string{boughtByGUID("", guidA, guidB)}},
		{name: "DocTyp may join", rule: buying(constant("DocTyp", number("2"))), file: head + "\n" + guidA + ";;\n", want: []string{strings.Replace(boughtByGUID("", guidA), `"FinalC`, `"DocTyp":2,"FinalC`, 1)}},
		{name: "DocTyp differs", rule: buying(), file: head + "DocTyp\n" + guidA + ";;2\n" + guidB + ";;3\n", want: []string{"order_differs@3/DocTyp"}},
		{name: "a GUID twice in an order", rule: buying(), file: head + "\n" + guidA + ";;\n{" + strings.ToUpper(guidA) + "};;\n", want: []string{"position_twice@3/PositionGuid"}, about: []string{"as line 2"}},
		{name: "a GUID in two orders", rule: buying(), file: head + "\n" + guidA + ";e1;\n" + guidA + ";e2;\n", want: []string{"position_twice@3/PositionGuid"}},
		{name: "DocNbr beside a GUID", rule: buying(), file: head + "DocTyp;DocNbr\n" + guidA + ";;2;A\n", want: []string{"address_both@2/DocNbr"}},
		{name: "PosNbr beside a GUID", rule: buying(), file: head + "PosNbr\n" + guidA + ";;1\n", want: []string{"address_both@2/PosNbr"}},
		{name: "a GUID among numbers", rule: buying(constant("DocTyp", number("2"))), file: head + "DocNbr;PosNbr\n;;A;1\n" + guidA + ";;A;\n", want: []string{"address_both@3/DocNbr"}},
		{name: "a number among GUIDs", rule: buying(constant("DocTyp", number("2"))), file: head + "DocNbr;PosNbr\n" + guidA + ";e1;;\n;e1;;1\n", want: []string{"field_missing@3/DocNbr"}},
		{name: "a number order with the ExtPchNbr of one by GUID", rule: buying(constant("DocTyp", number("2"))), file: head + "DocNbr;PosNbr\n" + guidA + ";e1;;\n;e1;A;1\n", want: []string{"order_number_twice@3/ExtPchNbr"}},
		{name: "one line without ExtPchNbr", rule: buying(), file: head + "\n" + guidA + ";e1;\n" + guidB + ";;\n", want: []string{"order_ambiguous@3/ExtPchNbr"}, about: []string{"but line 2 has one"}},
		{name: "lines without an order do not differ", rule: buying(), file: head + "Subject\n" + guidA + ";e1;\n" + guidB + ";;x\n" + guidC + ";;y\n", want: []string{"order_ambiguous@3/ExtPchNbr", "order_ambiguous@4/ExtPchNbr"}},
		{name: "a GUID alone in a file of numbers", rule: buying(constant("DocTyp", number("2"))), file: head + "DocNbr;PosNbr\n" + guidB + ";;;\n;;A;1\n", want: []string{"order_ambiguous@2/ExtPchNbr"}, about: []string{"but line 3 has one"}},
		{name: "a forgotten DocNbr", rule: buying(constant("DocTyp", number("2"))), file: head + "DocNbr;PosNbr\n;;A;1\n;;;2\n", want: []string{"field_missing@3/DocNbr"}},
		{name: "nothing at all", rule: buying(), file: head + "\n" + guidA + ";e1;\n;e1;\n", want: []string{"address_missing@3/PositionGuid"}},
		{name: "a bad GUID is one fault", rule: buying(), file: head + "\nx;e1;\n" + guidB + ";e1;\n", want: []string{"field_guid@2/PositionGuid"}},
	} {
		c.run(t)
	}
}

func TestWholeDocuments(t *testing.T) {
	const head = "DocTyp;DocNbr;PosNbr;Amount\n"
	all := buying()
	all.AllPositions = true
	whole := `{"Action":"Purchase","DocTyp":2,"DocNbr":"A","FinalCustomerLndCde":"D"}`
	for _, c := range []callCase{
		{name: "without leave", rule: buying(), file: head + "2;A;;\n2;B;;\n", want: []string{"order_whole@2/PosNbr", "order_whole@3/PosNbr"}, about: []string{"all_positions = true"}},
		{name: "with leave", rule: all, file: head + "2;A;;\n", want: []string{whole}},
		{name: "on several lines", rule: all, file: head + "2;A;;\n2;A;;\n", want: []string{whole}},
		{name: "positions count", rule: all, file: head + "2;A;1;\n2;A;2;\n", want: []string{bought("A", "", "1", "2")}},
		{name: "a forgotten position", rule: all, file: head + "2;A;1;\n2;A;;\n", want: []string{"field_missing@3/PosNbr"}},
		{name: "an amount of nothing", rule: all, file: head + "2;A;;3\n", want: []string{"order_no_position@2/Amount"}},
	} {
		c.run(t)
	}
	calls, _ := all.callsOf(rowsFrom(t, head+"2;A;;\n2;A;;\n", nil))
	if c := calls[0]; !c.Whole || c.Positions != nil || !cmp.Equal(c.Lines, []int64{2, 3}) || !c.Request.(conbox.Purchase).AllPositions {
		t.Errorf("%+v", c)
	}
}

func TestDeliveryAddress(t *testing.T) {
	const head = "DocTyp;DocNbr;PosNbr;AdrNam01;AdrStr\n2;A;1;Spalte;Weg 1\n"
	with := func(address string) []string { return []string{bought("A", `,"DlvAdr":`+address, "1")} }
	object := func(members map[string]any) CallField { return constant("DlvAdr", members) }
	for _, c := range []callCase{
		{name: "columns", rule: buying(), file: head, want: with(`{"AdrNam01":"Spalte","AdrStr":"Weg 1"}`)},
		{name: "a member is set", rule: buying(constant("AdrNam01", "Ausdruck")), file: head, want: with(`{"AdrNam01":"Ausdruck","AdrStr":"Weg 1"}`)},
		{name: "an object takes the place of all columns", rule: buying(object(map[string]any{"AdrNam01": "Objekt", "AdrNam02": nil})), file: head, want: with(`{"AdrNam01":"Objekt"}`)},
		{name: "members come last", rule: buying(constant("AdrStr", "Weg 2"), object(map[string]any{"AdrNam01": "Objekt", "AdrStr": "Weg 3"})), file: head, want: with(`{"AdrNam01":"Objekt","AdrStr":"Weg 2"}`)},
		{name: "null is no address", rule: buying(constant("DlvAdr", nil)), file: head, want: []string{bought("A", "", "1")}},
		{name: "a number in it", rule: buying(object(map[string]any{"AdrStr": number("17")})), file: head, want: []string{"field_type@2/AdrStr"}, about: []string{"DlvAdr.AdrStr has to be text", "|17|"}, absent: []string{"Weg"}},
		{name: "an unknown member", rule: buying(object(map[string]any{"Ort": "Berlin"})), file: head, want: []string{"field_unknown@2/DlvAdr"}, about: []string{"Ort is no field of DlvAdr"}},
		{name: "no object", rule: buying(constant("DlvAdr", "Berlin")), file: head + "2;A;2;;\n", want: []string{"field_type@2/DlvAdr", "field_type@3/DlvAdr"}},
		{name: "no object on one line", rule: buying(expr("DlvAdr", func(s CallScope) (any, error) {
			if s.Row["PosNbr"] == "2" {
				return "Berlin", nil
			}
			return map[string]any{"AdrStr": "x"}, nil
		})), file: head + "2;A;2;;\n", want: []string{"field_type@3/DlvAdr"}},
		{name: "a failing object is one fault", rule: buying(expr("DlvAdr", func(s CallScope) (any, error) {
			if s.Row["PosNbr"] == "2" {
				return nil, fmt.Errorf("no address")
			}
			return map[string]any{"AdrStr": "x"}, nil
		})), file: head + "2;A;2;;\n", want: []string{"field_failed@3/DlvAdr"}},
		{name: "a column of text", rule: buying(), file: "DocTyp;DocNbr;PosNbr;DlvAdr\n2;A;1;Berlin\n", want: []string{"field_type@2/DlvAdr"}},
		{name: "a column of text that is replaced", rule: buying(object(map[string]any{"AdrStr": "x"})), file: "DocTyp;DocNbr;PosNbr;DlvAdr\n2;A;1;Berlin\n", want: with(`{"AdrStr":"x"}`)},
	} {
		c.run(t)
	}
}

func TestManyPositionsAreOneOrder(t *testing.T) {
	var file strings.Builder
	file.WriteString("DocTyp;DocNbr;PosNbr\n")
	for i := range 300 {
		fmt.Fprintf(&file, "2;A;Pos%03d\n", i)
	}
	rule := buying()
	calls, faults := rule.callsOf(rowsFrom(t, file.String(), nil))
	if len(faults) > 0 || len(calls) != 1 || len(calls[0].Positions) != 300 || len(calls[0].Lines) != 300 {
		t.Fatalf("%d calls, faults %v", len(calls), faults)
	}
	req := calls[0].Request.(conbox.Purchase)
	if len(req.PosData) != 300 || strings.Count(req.PosNbr, ",") != 299 {
		t.Errorf("%d positions, list %q", len(req.PosData), req.PosNbr)
	}
}

// TestGroupsDoNotDependOnTheOrderOfLines shuffles files: the same orders with the same positions come out, and a file
// that is rejected stays rejected.
func TestGroupsDoNotDependOnTheOrderOfLines(t *testing.T) {
	guids := []string{guidA, guidB, guidC, guidD}
	line := rapid.Custom(func(t *rapid.T) string {
		pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		if rapid.IntRange(0, 3).Draw(t, "form") == 0 {
			return pick("guid", guids...) + ";" + pick("ext", "e1", "e2", "") + ";;;;"
		}
		return ";;2;" + pick("doc", "A", "B", "C") + ";" + pick("pos", "1", "2", "3", "4", "5", "6", "7", "") + ";" + pick("subject", "", "", "", "x")
	})
	orders := func(t *rapid.T, lines []string) map[string][]string {
		rule := buying()
		rule.AllPositions = true
		calls, faults := rule.callsOf(rowsFrom(t, "PositionGuid;ExtPchNbr;DocTyp;DocNbr;PosNbr;Subject\n"+strings.Join(lines, "\n")+"\n", nil))
		if (len(faults) > 0) == (len(calls) > 0) {
			t.Fatalf("%d calls and %d faults", len(calls), len(faults))
		}
		if len(faults) > 0 {
			return nil
		}
		out, taken := map[string][]string{}, 0
		for _, c := range calls {
			positions := []string{}
			for _, p := range c.Positions {
				positions = append(positions, p.PosNbr+p.GUID)
			}
			slices.Sort(positions)
			if out[c.Object] != nil {
				t.Fatalf("two calls are %q", c.Object)
			}
			out[c.Object] = positions
			taken += len(c.Lines)
		}
		if taken != len(lines) {
			t.Fatalf("%d lines of %d are in calls", taken, len(lines))
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfNDistinct(line, 1, 6, rapid.ID[string]).Draw(t, "lines")
		want := orders(t, lines)
		if diff := cmp.Diff(want, orders(t, rapid.Permutation(lines).Draw(t, "shuffled"))); diff != "" {
			t.Fatalf("(-in order +shuffled):\n%s", diff)
		}
	})
}
