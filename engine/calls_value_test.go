package engine

import (
	"strings"
	"testing"

	"dropform/engine/csvschema"
)

// copies is a rule of single lines that lacks nothing, so that one field can be looked at.
func copies(fields ...CallField) Rule {
	return Rule{Kind: RuleSilentCopy, Position: append([]CallField{constant("PositionGuid", guidA)}, fields...)}
}

func TestNumbersOfText(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "007": "7", "2,5": "2.5", "2.50": "2.50", "0,01": "0.01", "000,10": "0.10", "123456789012345": "123456789012345",
		"1.000": "field_number", "1,000": "field_number", "1e3": "field_number", "+1": "field_number", "-1": "field_number",
		"1 0": "field_number", " 1": "field_number", "1.": "field_number", ",5": "field_number", "1.000,00": "field_number",
		"1,2,3": "field_number", "x": "field_number", "１": "field_number", "#": "field_number", "1234567890123456": "field_digits",
		"0": "field_positive", "0,00": "field_positive",
	} {
		c := callCase{name: text, rule: copies(), file: "Amount\n\"" + text + "\"\n"}
		if strings.HasPrefix(want, "field") {
			c.want = []string{want + "@2/Amount"}
			if want == "field_number" {
				c.about = []string{`type = "decimal"`, "Amount", "|" + text + "|"}
			}
		} else {
			c.want = []string{`{"Action":"SilentCopy","PositionGuid":"` + guidA + `","Amount":` + want + `}`}
		}
		c.run(t)
		c.name, c.rule = text+" by an expression", copies(constant("Amount", text))
		c.file = "X\n1\n"
		c.run(t)
	}
}

func TestNumbersOfTypedColumns(t *testing.T) {
	for text, want := range map[string]string{
		"1.000": "1000", "1.234,567": "1234.567", "1,50": "1.50", "12345678901234567890": "field_digits", "0,1234567": "field_digits",
		"-1": "field_positive", "0": "field_positive", "+4": "4",
	} {
		c := callCase{name: text, rule: copies(), csv: typed("Amount decimal"), file: "Amount\n" + text + "\n"}
		if c.want = []string{want + "@2/Amount"}; !strings.HasPrefix(want, "field") {
			c.want = []string{`{"Action":"SilentCopy","PositionGuid":"` + guidA + `","Amount":` + want + `}`}
		}
		c.run(t)
	}
}

func TestWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"2", "2"},
		{"02", "2"},
		{"2,0", "2"},
		{number("2.00"), "2"},
		{"0", "0"},
		{number("0"), "0"},
		{"999999999", "999999999"},
		{"2,5", "field_whole"},
		{number("-1"), "field_whole"},
		{"1000000000", "field_whole"},
		{number("2.01"), "field_whole"},
		{true, "field_type"},
		{map[string]any{}, "field_type"},
		{number("1e3"), "field_number"},
	} {
		test := callCase{name: valueText(c.value), rule: copies(constant("DocTyp", c.value)), file: "X\n1\n", want: []string{c.want + "@2/DocTyp"}}
		if !strings.HasPrefix(c.want, "field") {
			test.want = []string{`{"Action":"SilentCopy","PositionGuid":"` + guidA + `","DocTyp":` + c.want + `}`}
		}
		test.run(t)
	}
	callCase{
		name: "pixels", rule: copies(), file: "PosImgWidth;PosImgHeight\n0;1,5\n",
		want: []string{"field_positive@2/PosImgWidth", "field_whole@2/PosImgHeight"},
	}.run(t)
}

func TestBooleans(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"x", "true"},
		{"N", "false"},
		{"Wahr", "true"},
		{true, "true"},
		{false, "false"},
		{"yes", "field_boolean"},
		{number("1"), "field_type"},
		{" ja", "field_boolean"},
	} {
		test := callCase{
			name: valueText(c.value), file: "X\n1\n", want: []string{c.want + "@2/ReadyStatus"},
			rule: Rule{Kind: RuleReadyStatus, Document: []CallField{constant("DocTyp", number("2")), constant("DocNbr", "A"), constant("ReadyStatus", c.value)}},
		}
		if !strings.HasPrefix(c.want, "field") {
			test.want = []string{`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"A","ReadyStatus":` + c.want + `}`}
		}
		test.run(t)
	}
	callCase{
		name: "a column of type boolean", rule: Rule{Kind: RuleReadyStatus}, csv: typed("ReadyStatus boolean", "DocTyp integer"), file: "DocTyp;DocNbr;ReadyStatus\n2;A;nein\n",
		want: []string{`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"A","ReadyStatus":false}`},
	}.run(t)
	callCase{
		name: "a column of type integer", rule: Rule{Kind: RuleReadyStatus}, csv: typed("ReadyStatus integer"), file: "DocTyp;DocNbr;ReadyStatus\n2;A;1\n",
		want: []string{"field_type@2/ReadyStatus"}, about: []string{"ReadyStatus has to be true or false, not a number"},
	}.run(t)
}

func TestTexts(t *testing.T) {
	long := func(n int) string { return strings.Repeat("ü", n) }
	order := func(fields ...CallField) Rule {
		return Rule{Kind: RulePurchase, Document: append([]CallField{constant("FinalCustomerLndCde", "D"), constant("DocTyp", number("2"))}, fields...)}
	}
	plain := `{"Action":"Purchase","DocTyp":2,"DocNbr":"A","FinalCustomerLndCde":"D","PosNbr":"1"`
	for _, c := range []callCase{
		{name: "a number where text is due", rule: order(constant("DocNbr", number("7"))), file: "PosNbr\n1\n", want: []string{"field_type@2/DocNbr"}, about: []string{"DocNbr has to be text, not a number", "text in quotes"}},
		{name: "a boolean where text is due", rule: order(constant("DocNbr", true)), file: "PosNbr\n1\n", want: []string{"field_type@2/DocNbr"}},
		{name: "a column that is a number", rule: order(), csv: typed("DocNbr integer"), file: "DocNbr;PosNbr\n000007;1\n", want: []string{"field_type@2/DocNbr"}},
		{name: "a date stays as it is written", rule: order(constant("DocNbr", "A")), csv: typed("Subject date"), file: "Subject;PosNbr\n01.02.2026;1\n", want: []string{plain + `,"Subject":"01.02.2026","PosData":[{"PosNbr":"1"}]}`}},
		{name: "leading zeros", rule: order(), file: "DocNbr;PosNbr\n000007;01\n", want: []string{`{"Action":"Purchase","DocTyp":2,"DocNbr":"000007","FinalCustomerLndCde":"D","PosNbr":"01","PosData":[{"PosNbr":"01"}]}`}},
		{name: "spaces in free text stay", rule: order(constant("DocNbr", "A")), file: "Subject;PosNbr\n x ;1\n", want: []string{plain + `,"Subject":" x ","PosData":[{"PosNbr":"1"}]}`}},
		{name: "spaces around numbers", rule: order(), file: "DocNbr;ExtPchNbr;PosNbr\nA ; E;1\nB;;\u00a02\n", want: []string{"field_space@2/DocNbr", "field_space@2/ExtPchNbr", "field_space@3/PosNbr"}},
		{name: "lines in a note", rule: order(constant("DocNbr", "A")), file: "PurchaseTxt;PosNbr\n\"a\r\nb\";1\n", want: []string{plain + `,"PurchaseTxt":"a\r\nb","PosData":[{"PosNbr":"1"}]}`}},
		{name: "lines in a subject", rule: order(constant("DocNbr", "A")), file: "Subject;PosNbr\n\"a\nb\";1\n", want: []string{"field_control@2/Subject"}, about: []string{"U+000A"}},
		{name: "control characters", rule: order(), file: "DocNbr;NotTxt;PosNbr\nA;a\tb;1\n\"A\x1b\";;2\n", want: []string{"field_control@2/NotTxt", "field_control@3/DocNbr"}, about: []string{"U+0009", "U+001B"}},
		{name: "a comma in a position", rule: order(), file: "DocNbr;PosNbr\nA;1,2\n", want: []string{"field_comma@2/PosNbr"}},
		{name: "a comma elsewhere", rule: order(), file: "DocNbr;PosNbr\nA,1;1\n", want: []string{`{"Action":"Purchase","DocTyp":2,"DocNbr":"A,1","FinalCustomerLndCde":"D","PosNbr":"1","PosData":[{"PosNbr":"1"}]}`}},
		{name: "as long as it may be", rule: order(constant("DocNbr", "A")), file: "Subject;PosNbr\n" + long(255) + ";1\n", want: []string{plain + `,"Subject":"` + long(255) + `","PosData":[{"PosNbr":"1"}]}`}},
		{name: "too long", rule: order(constant("DocNbr", "A")), file: "Subject;NotTxt;PosNbr\n" + long(256) + ";" + long(4001) + ";1\n", want: []string{"field_length@2/Subject", "field_length@2/NotTxt"}, about: []string{"256", "4001"}},
	} {
		c.run(t)
	}
}

func TestGUIDs(t *testing.T) {
	for text, ok := range map[string]bool{
		guidA: true, strings.ToUpper(guidB): true, "{" + guidA + "}": true, "{" + guidA: false, guidA + "}": false,
		"550e8400e29b41d4a716446655440000": false, "00000000-0000-0000-0000-000000000000": false, guidA + "0": false,
		"g" + guidA[1:]: false, "x": false,
	} {
		c := callCase{name: text, rule: Rule{Kind: RuleDelete}, file: "PositionGuid\n" + text + "\n", want: []string{"field_guid@2/PositionGuid"}}
		if ok {
			c.want = []string{`{"Action":"Delete","PositionGuid":"` + strings.Trim(text, "{}") + `"}`}
		}
		c.run(t)
	}
	callCase{name: "spaces", rule: Rule{Kind: RuleDelete}, file: "PositionGuid\n" + guidA + " \n", want: []string{"field_space@2/PositionGuid"}}.run(t)
}

func TestEmptyIsNotSet(t *testing.T) {
	data := `{"Action":"SilentCopy","PositionGuid":"` + guidA + `"}`
	for _, c := range []callCase{
		{name: "empty cell", rule: copies(), file: "Amount;X\n;1\n", want: []string{data}},
		{name: "blank cell", rule: copies(), file: "Amount;DocTyp;X\n ;\u00a0;1\n", want: []string{data}},
		{name: "null", rule: copies(constant("Amount", nil)), file: "X\n1\n", want: []string{data}},
		{name: "empty text", rule: copies(constant("Amount", "")), file: "X\n1\n", want: []string{data}},
		{name: "null takes the column's place", rule: copies(constant("Amount", nil)), file: "Amount\n7\n", want: []string{data}},
		{name: "an expression takes the column's place", rule: copies(cellOf("Amount", "Menge")), file: "Amount;Menge\n1.000;2\n", want: []string{strings.Replace(data, "}", `,"Amount":2}`, 1)}},
		{name: "position takes document's place", rule: Rule{Kind: RuleSilentCopy, Document: []CallField{constant("PositionGuid", guidB), constant("Amount", "1")}, Position: []CallField{constant("PositionGuid", guidA)}}, file: "X\n1\n", want: []string{strings.Replace(data, "}", `,"Amount":1}`, 1)}},
	} {
		c.run(t)
	}
}

func TestFieldsThatTheActionLacks(t *testing.T) {
	for _, c := range []callCase{
		{name: "column", rule: Rule{Kind: RulePositionData}, file: "PositionGuid;Amount;Menge\n" + guidA + ";;1\n" + guidB + ";2;1\n" + guidC + ";3;\n", want: []string{"field_unknown@3/Amount", "field_unknown@4/Amount"}, about: []string{"Amount is no field of position_data"}},
		{name: "empty column", rule: Rule{Kind: RulePositionData}, file: "PositionGuid;Amount\n" + guidA + ";\n", want: []string{`{"Action":"GetPositionData","PositionGuid":"` + guidA + `"}`}},
		{name: "letter case counts", rule: Rule{Kind: RulePositionData}, file: "PositionGuid;amount\n" + guidA + ";2\n", want: []string{`{"Action":"GetPositionData","PositionGuid":"` + guidA + `"}`}},
		{name: "expression", rule: Rule{Kind: RuleDelete, Position: []CallField{constant("Amount", "1")}}, file: "PositionGuid\n" + guidA + "\n" + guidB + "\n", want: []string{"field_unknown@2/Amount"}},
		{name: "two columns", rule: copies(), file: "Amount;Amount\n1;2\n", want: []string{"field_columns@2/Amount"}},
		{name: "two columns that do not count", rule: copies(constant("Amount", "3")), file: "Amount;Amount\n1;2\n", want: []string{`{"Action":"SilentCopy","PositionGuid":"` + guidA + `","Amount":3}`}},
	} {
		c.run(t)
	}
}

func TestSecretsStayOut(t *testing.T) {
	s := typed()
	s.Columns = []csvschema.Column{{Name: "Geheim", Sensitive: true}, {Name: "Amount", Sensitive: true}, {Name: "Zahl", Type: "decimal", Group: '.', Scale: -1, Sensitive: true}}
	rule := copies(cellOf("SrcPosNbr", "Geheim"), fails("PosNbr", "cannot add s3cret to 1234.5"), cellOf("DocNbr", "Zahl"))
	callCase{
		name: "all", rule: rule, csv: s, file: "Geheim;Amount;Zahl\ns3cret;1.000;1.234,5\n",
		want:  []string{"field_type@2/DocNbr", "field_failed@2/PosNbr", "field_number@2/Amount", "address_both@2/SrcPosNbr"},
		about: []string{"cannot add *** to ***", "|***|"}, absent: []string{"s3cret", "1.000|", "1234.5", "1.234,5"},
	}.run(t)
}
