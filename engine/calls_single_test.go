package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatALineHasToGive(t *testing.T) {
	const head = "PositionGuid;DocTyp;DocNbr;PosNbr;SrcDocTyp;SrcDocNbr;SrcPosNbr\n"
	const short = "DocTyp;DocNbr;ReadyStatus\n"
	for _, c := range []callCase{
		{name: "ready status", rule: Rule{Kind: RuleReadyStatus}, file: short + ";A;1\n2;;1\n2;A;\n", want: []string{"field_missing@2/DocTyp", "field_missing@3/DocNbr", "field_missing@4/ReadyStatus"}},
		{name: "ready status false", rule: Rule{Kind: RuleReadyStatus}, file: short + "0;A;0\n", want: []string{`{"Action":"SetReadyStatus","DocTyp":0,"DocNbr":"A","ReadyStatus":false}`}},
		{name: "save as", rule: Rule{Kind: RuleSaveDocumentAs}, file: "DocTyp;DocNbr;SrcDocTyp;SrcDocNbr\n2;A;2;\n2;B;;C\n", want: []string{"field_missing@2/SrcDocNbr", "field_missing@3/SrcDocTyp"}},
		{name: "delete nothing", rule: Rule{Kind: RuleDelete}, file: "PositionGuid;DocTyp;DocNbr;PosNbr;X\n;;;;x\n;2;;;\n", want: []string{"address_missing@2/PositionGuid", "address_missing@3/PositionGuid"}, about: []string{"neither PositionGuid nor DocTyp, DocNbr, PosNbr"}},
		{name: "delete half a number", rule: Rule{Kind: RuleDelete}, file: "DocTyp;DocNbr;PosNbr\n;A;1\n2;;1\n2;A;\n", want: []string{"field_missing@2/DocTyp", "field_missing@3/DocNbr", "field_missing@4/PosNbr"}},
		{name: "delete by both", rule: Rule{Kind: RuleDelete}, file: "PositionGuid;DocTyp;DocNbr;PosNbr\n" + guidA + ";2;A;1\n" + guidB + ";;;1\n", want: []string{"address_both@2/DocNbr", "address_both@3/PosNbr"}},
		{name: "delete by GUID and DocTyp", rule: Rule{Kind: RuleDelete}, file: "PositionGuid;DocTyp\n" + guidA + ";2\n", want: []string{`{"Action":"Delete","PositionGuid":"` + guidA + `","DocTyp":2}`}},
		{name: "read by both", rule: Rule{Kind: RulePositionData}, file: "PositionGuid;DocNbr\n" + guidA + ";A\n", want: []string{"address_both@2/DocNbr"}},
		{name: "a bad GUID is one fault", rule: Rule{Kind: RuleDelete}, file: "PositionGuid;DocNbr;PosNbr\nx;A;1\n", want: []string{"field_guid@2/PositionGuid"}},
		{name: "copy nothing", rule: Rule{Kind: RuleSilentCopy}, file: head + ";2;A;1;;;\n", want: []string{"address_missing@2/PositionGuid"}, about: []string{"nor SrcDocTyp, SrcDocNbr, SrcPosNbr"}},
		{name: "copy half a source", rule: Rule{Kind: RuleSilentCopy}, file: head + ";2;A;1;2;B;\n", want: []string{"field_missing@2/SrcPosNbr"}},
		{name: "copy to nowhere", rule: Rule{Kind: RuleSilentCopy}, file: head + ";;;;2;B;1\n", want: []string{"field_missing@2/DocTyp", "field_missing@2/DocNbr", "field_missing@2/PosNbr"}},
		{name: "copy by GUID with a target", rule: Rule{Kind: RuleSilentCopy}, file: head + guidA + ";2;A;1;;;\n", want: []string{`{"Action":"SilentCopy","PositionGuid":"` + guidA + `","DocTyp":2,"DocNbr":"A","PosNbr":"1"}`}},
		{name: "copy by GUID with half a target", rule: Rule{Kind: RuleSilentCopy}, file: head + guidA + ";;A;;;;\n" + guidA + ";;;1;;;\n", want: []string{"field_missing@2/PosNbr", "field_missing@3/DocNbr"}},
		{name: "copy by GUID and source", rule: Rule{Kind: RuleSilentCopy}, file: head + guidA + ";2;A;1;2;B;1\n", want: []string{"address_both@2/SrcDocTyp"}},
		{name: "a copy by a bad GUID is one fault", rule: Rule{Kind: RuleSilentCopy}, file: head + "x;;;;2;B;1\n", want: []string{"field_guid@2/PositionGuid"}},
		{name: "a field that nothing gives is missing once", rule: Rule{Kind: RuleReadyStatus}, file: "DocTyp;docnbr;ReadyStatus\n2;A;1\n2;B;1\n", want: []string{"field_missing@2/DocNbr"}, about: []string{`the column "docnbr" is spelled otherwise`}},
		{name: "an address that nothing gives is missing once", rule: Rule{Kind: RuleDelete}, file: "Guid\n" + guidA + "\n" + guidB + "\n", want: []string{"address_missing@2/PositionGuid"}, about: []string{"a column or an expression PositionGuid"}},
		{name: "an expression that fails", rule: Rule{Kind: RuleDelete, Position: []CallField{fails("PositionGuid", "no such column")}}, file: "A\n1\n", want: []string{"field_failed@2/PositionGuid"}, about: []string{"PositionGuid cannot be worked out: no such column"}},
		{name: "the line of a cell", rule: Rule{Kind: RuleDelete}, file: "Notiz;PositionGuid\n\"a\nb\";x\n", want: []string{"field_guid@3/PositionGuid"}},
		{name: "rows are the line", rule: Rule{Kind: RuleReadyStatus, Position: []CallField{countOf("ReadyStatus")}}, file: "DocTyp;DocNbr\n2;A\n2;B\n", want: []string{`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"A","ReadyStatus":true}`, `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"B","ReadyStatus":true}`}},
		{name: "rows are not known to what makes groups", rule: Rule{Kind: RuleReadyStatus, Document: []CallField{countOf("DocNbr")}}, file: "DocTyp;ReadyStatus\n2;1\n", want: []string{"field_failed@2/DocNbr"}},
	} {
		c.run(t)
	}
}

func TestTwiceInAFile(t *testing.T) {
	ready := `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"A","ReadyStatus":true}`
	read := `{"Action":"GetPositionData","PositionGuid":"` + guidA + `"}`
	copied := `{"Action":"SilentCopy","PositionGuid":"` + guidA + `"}`
	const byNumber = "DocTyp;DocNbr;PosNbr\n"
	const source = "SrcDocTyp;SrcDocNbr;SrcPosNbr;" + byNumber
	for _, c := range []callCase{
		{name: "deleted by number", rule: Rule{Kind: RuleDelete}, file: byNumber + "2;Ä;p1\n2;A;p1\n02;a\u0308;P1\n", want: []string{"position_twice@4/PosNbr"}, about: []string{"as line 2"}},
		{name: "deleted by GUID", rule: Rule{Kind: RuleDelete}, file: "PositionGuid\n" + guidA + "\n{" + strings.ToUpper(guidA) + "}\n" + guidB + "\n" + guidA + "\n", want: []string{"position_twice@3/PositionGuid", "position_twice@5/PositionGuid"}, about: []string{"as line 2"}},
		{name: "copied to one position", rule: Rule{Kind: RuleSilentCopy}, file: source + "2;A;1;2;Z;1\n2;A;2;2;Z;1\n2;A;2;2;Z;2\n", want: []string{"target_twice@3/PosNbr"}, about: []string{"as line 2"}},
		{name: "copied anywhere", rule: Rule{Kind: RuleSilentCopy}, file: "PositionGuid\n" + guidA + "\n" + guidA + "\n", want: []string{copied, copied}},
		{name: "saved as one document", rule: Rule{Kind: RuleSaveDocumentAs}, file: "DocTyp;DocNbr;SrcDocTyp;SrcDocNbr\n2;A;2;B\n2;C;2;B\n2;a;2;D\n", want: []string{"target_twice@4/DocNbr"}, about: []string{"as line 2"}},
		{name: "ready twice", rule: Rule{Kind: RuleReadyStatus}, file: "DocTyp;DocNbr;ReadyStatus\n2;A;1\n2;A;1\n", want: []string{ready, ready}},
		{name: "read twice", rule: Rule{Kind: RulePositionData}, file: "PositionGuid\n" + guidA + "\n" + guidA + "\n", want: []string{read, read}},
		{name: "a line at fault is not also doubled", rule: Rule{Kind: RuleDelete}, file: byNumber + "2;A;1\nx;A;1\n", want: []string{"field_number@3/DocTyp"}},
	} {
		c.run(t)
	}
}

// orderField reads a field of the order that is followed.
func orderField(name, field string) CallField {
	return expr(name, func(s CallScope) (any, error) {
		if s.Order == nil {
			return nil, errors.New("order is not known here")
		}
		return s.Order[field], nil
	})
}

func TestCallAfterAnOrder(t *testing.T) {
	placed := map[string]any{"DocTyp": number("2"), "DocNbr": "101224-01", "PositionGuid": guidA, "ExtPchNbr": "E"}
	byGUID := map[string]any{"DocTyp": number("2"), "ExtPchNbr": "E", "PosData": []any{map[string]any{"PositionGuid": guidA}}}
	ready := constant("ReadyStatus", true)
	for name, c := range map[string]struct {
		rule  Rule
		order map[string]any
		want  string
	}{
		"ready":                {Rule{Kind: RuleReadyStatus, Document: []CallField{ready}}, placed, `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"101224-01","ReadyStatus":true}`},
		"document sets":        {Rule{Kind: RuleReadyStatus, Document: []CallField{ready, constant("DocNbr", "X"), constant("DocTyp", "3")}}, placed, `{"Action":"SetReadyStatus","DocTyp":3,"DocNbr":"X","ReadyStatus":true}`},
		"order by GUID":        {Rule{Kind: RuleReadyStatus, Document: []CallField{ready}}, byGUID, "error: DocNbr is missing (document sets it, because the order that is followed has none)"},
		"order by GUID set":    {Rule{Kind: RuleReadyStatus, Document: []CallField{ready, orderField("DocNbr", "ExtPchNbr")}}, byGUID, `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"E","ReadyStatus":true}`},
		"nothing set":          {Rule{Kind: RuleReadyStatus}, placed, "error: ReadyStatus is missing (a column or an expression ReadyStatus)"},
		"several wrong":        {Rule{Kind: RuleReadyStatus, Document: []CallField{constant("DocNbr", number("1")), constant("ReadyStatus", "maybe")}}, placed, "error: DocNbr has to be text, not a number (text in quotes, or a column that is not of a number's type); ReadyStatus is none of 1 0 ja nein j n true false wahr falsch x"},
		"delete by GUID":       {Rule{Kind: RuleDelete, Position: []CallField{orderField("PositionGuid", "PositionGuid")}}, placed, `{"Action":"Delete","PositionGuid":"` + guidA + `","DocTyp":2}`},
		"delete by number":     {Rule{Kind: RuleDelete, Position: []CallField{constant("PosNbr", "1")}}, placed, `{"Action":"Delete","DocTyp":2,"DocNbr":"101224-01","PosNbr":"1"}`},
		"copy":                 {Rule{Kind: RuleSilentCopy, Position: []CallField{orderField("PositionGuid", "PositionGuid")}}, placed, `{"Action":"SilentCopy","PositionGuid":"` + guidA + `","DocTyp":2}`},
		"save as":              {Rule{Kind: RuleSaveDocumentAs, Document: []CallField{constant("DocNbr", "New"), orderField("SrcDocNbr", "DocNbr"), orderField("SrcDocTyp", "DocTyp")}}, placed, `{"Action":"SaveDocumentAs","DocNbr":"New","DocTyp":2,"SrcDocNbr":"101224-01","SrcDocTyp":2}`},
		"purchase":             {Rule{Kind: RulePurchase, Document: []CallField{constant("FinalCustomerLndCde", "D")}, Position: []CallField{constant("PosNbr", "1")}}, placed, `{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D","PosNbr":"1","PosData":[{"PosNbr":"1"}]}`},
		"purchase of all":      {Rule{Kind: RulePurchase, AllPositions: true, Document: []CallField{constant("FinalCustomerLndCde", "D")}}, placed, `{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D"}`},
		"purchase of all, not": {Rule{Kind: RulePurchase, Document: []CallField{constant("FinalCustomerLndCde", "D")}}, placed, "error: the order names no position (PosNbr), and so orders the whole document; that needs all_positions = true"},
	} {
		call, err := c.rule.callAfter(c.order)
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got = string(call.Data)
			if call.Object != "after" || call.Line != 0 || call.Lines != nil || call.Digest == "" {
				t.Errorf("%s: %+v", name, call)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
