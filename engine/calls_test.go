package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/conbox"
	"dropform/engine/csvschema"
)

// The tests of calls read CSV text through csvschema, as files come.

func rowsFrom(t interface{ Fatal(...any) }, text string, s *csvschema.Schema) []csvschema.Row {
	var rows []csvschema.Row
	rep, err := csvschema.Rows(context.Background(), []byte(text), s, csvschema.Options{}, func(r csvschema.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !rep.Valid {
		t.Fatal("the file itself is not valid: ", rep.Errors)
	}
	return rows
}

// typed is a csv block that gives columns types: "Menge decimal".
func typed(columns ...string) *csvschema.Schema {
	s := csvschema.Default()
	s.ColumnsMode = "any"
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		kind, secret := strings.CutSuffix(kind, " secret")
		s.Columns = append(s.Columns, csvschema.Column{Name: name, Type: kind, Group: '.', Scale: -1, Sensitive: secret})
	}
	return s
}

func expr(name string, value func(CallScope) (any, error)) CallField {
	return CallField{Name: name, Value: value}
}

func constant(name string, v any) CallField {
	return expr(name, func(CallScope) (any, error) { return v, nil })
}

func cellOf(name, column string) CallField {
	return expr(name, func(s CallScope) (any, error) { return s.Row[column], nil })
}

func fails(name, text string) CallField {
	return expr(name, func(CallScope) (any, error) { return nil, errors.New(text) })
}

// countOf gives the number of lines of the document, as text.
func countOf(name string) CallField {
	return expr(name, func(s CallScope) (any, error) {
		if s.Rows == nil {
			return nil, errors.New("rows is not known here")
		}
		return fmt.Sprint(len(s.Rows)), nil
	})
}

// briefly is what came of a file: the data of each call, or each fault as code@line/column.
func briefly(calls []*Call, faults []csvschema.Fault) []string {
	var out []string
	for _, c := range calls {
		out = append(out, string(c.Data))
	}
	for _, f := range faults {
		out = append(out, fmt.Sprintf("%s@%d/%s", f.Code, f.Line, f.Column))
	}
	return out
}

// callCase is one rule with one file.
type callCase struct {
	name   string
	rule   Rule
	csv    *csvschema.Schema
	file   string
	want   []string // data of the calls, or faults
	about  []string // what messages of the faults say, in parts
	absent []string // what no message and value says
}

func (c callCase) run(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		calls, faults := c.rule.callsOf(rowsFrom(t, c.file, c.csv))
		if diff := cmp.Diff(c.want, briefly(calls, faults)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(calls) > 0 && len(faults) > 0 {
			t.Error("a file with faults has calls")
		}
		said := ""
		for _, f := range faults {
			if f.Message.IsZero() || strings.Contains(f.Message.String(), "%!") {
				t.Errorf("message %q", f.Message)
			}
			said += f.Message.String() + "|" + f.Value + "|" + f.Expected.String() + "\n"
		}
		for _, part := range c.about {
			if !strings.Contains(said, part) {
				t.Errorf("nothing says %q:\n%s", part, said)
			}
		}
		for _, part := range c.absent {
			if strings.Contains(said, part) {
				t.Errorf("something says %q:\n%s", part, said)
			}
		}
	})
}

func TestCodesOfCallsHaveWords(t *testing.T) {
	source, err := os.ReadFile("calls_words.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`csvschema\.Code += "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(listed) == 0 || len(listed) != len(callWords) {
		t.Errorf("%d codes, %d messages", len(listed), len(callWords))
	}
	verbs := regexp.MustCompile(`%[0-9]*[a-zA-Z]`)
	for _, m := range listed {
		words, ok := callWords[csvschema.Code(m[1])]
		en, de := verbs.FindAllString(words[0], -1), verbs.FindAllString(strings.ReplaceAll(words[1], "%w", "%s"), -1)
		if !ok || words[0] == "" || words[1] == "" || !cmp.Equal(en, de) {
			t.Errorf("%s: %q", m[1], words)
		}
	}
	for name, words := range callPhrases {
		if en, de := verbs.FindAllString(words[0], -1), verbs.FindAllString(strings.ReplaceAll(words[1], "%w", "%s"), -1); words[0] == "" || words[1] == "" || !cmp.Equal(en, de) {
			t.Errorf("%s: %q", name, words)
		}
	}
}

const (
	guidA = "550e8400-e29b-41d4-a716-446655440000"
	guidB = "a4e656fc-c462-ef99-d814-52faad2fc8db"
	guidC = "a4d77538-66ed-3d99-d714-b0222516131d"
	guidD = "a4d77538-66ed-3d99-d714-b0222516131e"
)

// TestVendorSamples has the requests of the vendor's document, in strict JSON.
func TestVendorSamples(t *testing.T) {
	for _, c := range []callCase{
		{
			name: "SilentCopy by GUID", rule: Rule{Kind: RuleSilentCopy}, file: "PositionGuid;Amount;DocTyp\n" + guidB + ";1;2\n",
			want: []string{`{"Action":"SilentCopy","PositionGuid":"` + guidB + `","DocTyp":2,"Amount":1}`},
		},
		{
			name: "SilentCopy by number", rule: Rule{Kind: RuleSilentCopy, Position: []CallField{constant("PosImgWidth", number("300")), constant("PosImgHeight", number("300"))}},
			file: "DocTyp;DocNbr;PosNbr;SrcDocTyp;SrcDocNbr;SrcPosNbr;Amount\n2;10000-17;Pos01;2;10000-15;Pos01;1\n",
			want: []string{`{"Action":"SilentCopy","DocTyp":2,"DocNbr":"10000-17","PosNbr":"Pos01","SrcDocTyp":2,"SrcDocNbr":"10000-15","SrcPosNbr":"Pos01","Amount":1,"PosImgWidth":300,"PosImgHeight":300}`},
		},
		{
			name: "Delete by GUID", rule: Rule{Kind: RuleDelete}, file: "PositionGuid\n" + guidA + "\n",
			want: []string{`{"Action":"Delete","PositionGuid":"` + guidA + `"}`},
		},
		{
			name: "Delete by number", rule: Rule{Kind: RuleDelete}, file: "DocTyp;DocNbr;PosNbr\n2;Test01;Pos01\n",
			want: []string{`{"Action":"Delete","DocTyp":2,"DocNbr":"Test01","PosNbr":"Pos01"}`},
		},
		{
			name: "Purchase by number",
			rule: Rule{Kind: RulePurchase, Document: []CallField{constant("DocTyp", number("2")), constant("FinalCustomerLndCde", "D"), constant("Subject", "BVH Wels")}},
			file: "DocNbr;ExtPchNbr;PurchaseTxt;AdrTit;AdrNam01;AdrNam02;OrdNam;AdrStr;AdrLnd;AdrPcd;AdrReg;PosNbr;LVNbr;NotTxt;Amount\n" +
				"101224-01;101224-01;Bestell-Notiz;;Mustermann;Max;;Vierundzwanzig 3;D;10001;Berlin;Pos01;031.01.01;Fertigungshinweis;1\n" +
				"101224-01;101224-01;Bestell-Notiz;;Mustermann;Max;;Vierundzwanzig 3;D;10001;Berlin;Pos02;032.02.02;Fertigungshinweis;1\n",
			want: []string{`{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D","PosNbr":"Pos01,Pos02",` +
				`"ExtPchNbr":"101224-01","Subject":"BVH Wels","PurchaseTxt":"Bestell-Notiz",` +
				`"DlvAdr":{"AdrNam01":"Mustermann","AdrNam02":"Max","AdrStr":"Vierundzwanzig 3","AdrLnd":"D","AdrPcd":"10001","AdrReg":"Berlin"},` +
				`"PosData":[{"PosNbr":"Pos01","LVNbr":"031.01.01","NotTxt":"Fertigungshinweis","Amount":1},` +
				`{"PosNbr":"Pos02","LVNbr":"032.02.02","NotTxt":"Fertigungshinweis","Amount":1}]}`},
		},
		{
			name: "Purchase by GUID",
			rule: Rule{Kind: RulePurchase, Document: []CallField{constant("FinalCustomerLndCde", "D"), constant("DlvAdr", map[string]any{
				"AdrTit": "Titel", "AdrNam01": "Name", "AdrNam02": "Name2", "OrdNam": "Ansprecher", "AdrStr": "Strasse", "AdrLnd": "D", "AdrPcd": "PLZ", "AdrReg": "Ort",
			})}},
			file: "PositionGuid;LVNbr;NotTxt;Amount\n" + guidC + ";Schlafzimmer;Fertigungshinweis;1\n" + guidD + ";Küche;Fertigungshinweis;1\n",
			want: []string{`{"Action":"Purchase","FinalCustomerLndCde":"D",` +
				`"DlvAdr":{"AdrTit":"Titel","AdrNam01":"Name","AdrNam02":"Name2","OrdNam":"Ansprecher","AdrStr":"Strasse","AdrLnd":"D","AdrPcd":"PLZ","AdrReg":"Ort"},` +
				`"PosData":[{"PositionGuid":"` + guidC + `","LVNbr":"Schlafzimmer","NotTxt":"Fertigungshinweis","Amount":1},` +
				`{"PositionGuid":"` + guidD + `","LVNbr":"Küche","NotTxt":"Fertigungshinweis","Amount":1}]}`},
		},
		{
			name: "SaveDocumentAs", rule: Rule{Kind: RuleSaveDocumentAs}, file: "DocNbr;DocTyp;SrcDocNbr;SrcDocTyp\nTest01;2;Test02;2\n",
			want: []string{`{"Action":"SaveDocumentAs","DocNbr":"Test01","DocTyp":2,"SrcDocNbr":"Test02","SrcDocTyp":2}`},
		},
		{
			name: "SetReadyStatus", rule: Rule{Kind: RuleReadyStatus}, file: "DocTyp;DocNbr;ReadyStatus\n2;000007;ja\n2;000008;falsch\n",
			want: []string{
				`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`,
				`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000008","ReadyStatus":false}`,
			},
		},
		{
			name: "GetPositionData", rule: Rule{Kind: RulePositionData}, file: "DocTyp;DocNbr;PosNbr;PositionGuid\n2;000007;Pos01;\n2;;;" + guidA + "\n",
			want: []string{
				`{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`,
				`{"Action":"GetPositionData","PositionGuid":"` + guidA + `","DocTyp":2}`,
			},
		},
	} {
		c.run(t)
	}
}

// TestWhatACallIsCalled holds keys, objects and positions against LANGUAGE.md, Blocks.
func TestWhatACallIsCalled(t *testing.T) {
	purchase := Rule{Kind: RulePurchase, Document: []CallField{constant("FinalCustomerLndCde", "D")}}
	for name, c := range map[string]struct {
		rule Rule
		file string
		want Call
	}{
		"order by number": {
			purchase, "DocTyp;DocNbr;PosNbr;Amount;ExtPchNbr\n02;101224-01;1;;E1\n2;101224-01;2;1,5;E1\n",
			Call{
				Key: "101224-01", Object: "order 2/101224-01", Line: 2, Lines: []int64{2, 3}, DocTyp: "2", DocNbr: "101224-01", ExtPchNbr: "E1",
				Positions: []CallPosition{{DocTyp: "2", DocNbr: "101224-01", PosNbr: "1", Line: 2}, {DocTyp: "2", DocNbr: "101224-01", PosNbr: "2", Amount: "1.5", Line: 3}},
			},
		},
		"order by GUID with a number": {
			purchase, "PositionGuid;ExtPchNbr;DocTyp\n" + guidC + ";2/A;2\n",
			Call{
				Key: "2/A", Object: "order ExtPchNbr 2/A", Line: 2, Lines: []int64{2}, DocTyp: "2", ExtPchNbr: "2/A",
				Positions: []CallPosition{{DocTyp: "2", GUID: guidC, Line: 2}},
			},
		},
		"order by GUID": {
			purchase, "PositionGuid\n{" + guidC + "}\n" + guidD + "\n",
			Call{Key: guidC, Object: "order", Line: 2, Lines: []int64{2, 3}, Positions: []CallPosition{{GUID: guidC, Line: 2}, {GUID: guidD, Line: 3}}},
		},
		"line by number": {
			Rule{Kind: RuleDelete},
			"DocTyp;DocNbr;PosNbr\n2;A/1;7\n",
			Call{Key: "A/1/7", Object: "line 2", Line: 2, Lines: []int64{2}, DocTyp: "2", DocNbr: "A/1", Positions: []CallPosition{{DocTyp: "2", DocNbr: "A/1", PosNbr: "7", Line: 2}}},
		},
		"line by GUID": {
			Rule{Kind: RulePositionData},
			"PositionGuid;Notiz\n" + guidA + ";\"a\nb\"\n",
			Call{Key: guidA, Object: "line 2", Line: 2, Lines: []int64{2}, Positions: []CallPosition{{GUID: guidA, Line: 2}}},
		},
		"document": {
			Rule{Kind: RuleReadyStatus},
			"DocTyp;DocNbr;ReadyStatus\n2;A;1\n",
			Call{Key: "A", Object: "line 2", Line: 2, Lines: []int64{2}, DocTyp: "2", DocNbr: "A"},
		},
		"copy to a target": {
			Rule{Kind: RuleSilentCopy},
			"PositionGuid;DocNbr;PosNbr;Amount\n" + guidA + ";Z;9;2\n",
			Call{Key: "Z/9", Object: "line 2", Line: 2, Lines: []int64{2}, DocNbr: "Z", Positions: []CallPosition{{GUID: guidA, Amount: "2", Line: 2}}},
		},
		"copy anywhere": {
			Rule{Kind: RuleSilentCopy},
			"PositionGuid\n" + guidA + "\n",
			Call{Key: guidA, Object: "line 2", Line: 2, Lines: []int64{2}, Positions: []CallPosition{{GUID: guidA, Line: 2}}},
		},
	} {
		calls, faults := c.rule.callsOf(rowsFrom(t, c.file, nil))
		if len(calls) != 1 {
			t.Errorf("%s: %d calls, %v", name, len(calls), briefly(nil, faults))
			continue
		}
		got := *calls[0]
		sum := sha256.Sum256(got.Data)
		if got.Rule == nil || got.Rule.Kind != c.rule.Kind || got.Request == nil || got.Digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %+v", name, got)
		}
		got.Rule, got.Request, got.Data, got.Digest = nil, nil, nil, ""
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestWhatTheClientFindsIsAFault has requests that no line could make, to see that none passes unchecked.
func TestWhatTheClientFindsIsAFault(t *testing.T) {
	rows := rowsFrom(t, "PosNbr\n1\n2\n", nil)
	lines := []*callLine{{row: rows[0], fields: map[string]fieldValue{}}, {row: rows[1], fields: map[string]fieldValue{}}}
	rule := Rule{Kind: RulePurchase}
	two := 2
	for _, c := range []struct {
		request conbox.Request
		want    string
	}{
		{conbox.Delete{}, "request_invalid@2/PositionGuid"},
		{conbox.Purchase{
			DocTyp: &two, DocNbr: "A", FinalCustomerLndCde: "D", PosNbr: "1,2", PosData: []conbox.PosData{{PosNbr: "1"}, {PosNbr: "2", Amount: "-1"}},
		}, "request_invalid@3/Amount"},
	} {
		m := rule.newCallMaker(rows[0].Names)
		calls := m.finish(nil, &Call{Request: c.request}, lines)
		if diff := cmp.Diff([]string{c.want}, briefly(calls, m.faults)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestCallsOfNothing(t *testing.T) {
	rule := Rule{Kind: RulePurchase}
	if calls, faults := rule.callsOf(nil); calls != nil || faults != nil {
		t.Errorf("%v, %v", calls, faults)
	}
}

func TestCallsSpeakGerman(t *testing.T) {
	rule := Rule{Kind: RuleDelete}
	_, faults := rule.callsOf(rowsFrom(t, "docnbr;PositionGuid\n;x\n2;\n", typed("docnbr")))
	if len(faults) != 2 {
		t.Fatal(briefly(nil, faults))
	}
	if f := faults[0]; f.Message.In("de") != "PositionGuid ist keine GUID der Form "+guidA || f.Value != "x" {
		t.Errorf("%+v", f)
	}
	if f := faults[1]; f.Message.In("de") != "die Zeile nennt nichts: weder PositionGuid noch DocTyp, DocNbr, PosNbr" {
		t.Errorf("%+v", f)
	}
}
