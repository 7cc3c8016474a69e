package conbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain is a value as encoding/json would have it.
func plain(v *value) any {
	switch v.kind {
	case kindObject:
		m := map[string]any{}
		for _, e := range v.members {
			m[e.name] = plain(e.value)
		}
		return m
	case kindArray:
		a := []any{}
		for _, e := range v.items {
			a = append(a, plain(e))
		}
		return a
	case kindString:
		return v.text
	case kindNumber:
		return json.Number(v.text)
	case kindBool:
		return v.text == "true"
	}
	return nil
}

func TestLenient(t *testing.T) {
	type object = map[string]any
	tests := []struct {
		in              string
		want            any
		lenient, broken bool
	}{
		{`{"a":1234.560,"b":[345.0,-1e3,true,null,""]}`, object{"a": json.Number("1234.560"), "b": []any{json.Number("345.0"), json.Number("-1e3"), true, nil, ""}}, false, false},
		{"\ufeff{\"a\":1}", object{"a": json.Number("1")}, true, false},
		{`{"a":"http://x/*y*/ // z"}`, object{"a": "http://x/*y*/ // z"}, false, false},
		{"// eins\n{ /* zwei \" */ \"a\": 1 // drei\n, \"b\": 2 }// vier", object{"a": json.Number("1"), "b": json.Number("2")}, true, false},
		{`{"a":1,}`, object{"a": json.Number("1")}, true, false},
		{`[1,2,]`, []any{json.Number("1"), json.Number("2")}, true, false},
		{"{\"a\":\"x\"\n\"b\":{\"c\":1}\"d\":2}", object{"a": "x", "b": object{"c": json.Number("1")}, "d": json.Number("2")}, true, false},
		{`[{"a":1} {"a":2}]`, []any{object{"a": json.Number("1")}, object{"a": json.Number("2")}}, true, false},
		{`{"a":"\"\\\u00fc\n"}`, object{"a": "\"\\ü\n"}, false, false},
		{"{\"a\":\"eins\r\nzwei\"}", object{"a": "eins\r\nzwei"}, true, false},
		{`{"a":"C:\temp\q"}`, object{"a": `C:\temp\q`}, true, false},
		{"{\"a\":\"M\xfcller\"}", object{"a": "Müller"}, true, false},
		{`{"a":True,"b":NULL}`, object{"a": true, "b": nil}, true, false},
		{`{"a":1,"b":tru`, object{"a": json.Number("1")}, true, true},
		{`{"a":1,"b":"x`, object{"a": json.Number("1")}, true, true},
		{`{"a":1,"b":23`, object{"a": json.Number("1")}, true, true},
		{`{"a":{"b":1,"c`, object{"a": object{"b": json.Number("1")}}, true, true},
		{`{"a":345,0}`, object{"a": json.Number("345")}, true, true},
		{`{"a" 1}`, object{}, true, true},
		{`{"a":1}}`, object{"a": json.Number("1")}, true, true},
		{`{"a":01}`, object{}, true, true},
		{`{"a":1 /* ohne Ende`, object{"a": json.Number("1")}, true, true},
		{``, nil, true, true},
		{`<html>`, nil, true, true},
	}
	for _, test := range tests {
		d := readDocument([]byte(test.in))
		if diff := cmp.Diff(test.want, plain(d.root)); diff != "" || d.lenient != test.lenient || d.broken != test.broken {
			t.Errorf("%s: lenient %v, broken %v\n%s", test.in, d.lenient, d.broken, diff)
		}
	}
	if d := readDocument([]byte(strings.Repeat("[", 1_000_000))); !d.broken {
		t.Error("a million brackets are fine")
	}
}

func TestImages(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "R0lG": "GIF", "R0lGOA==": "GIF8", "R0lGOA": "GIF8", "R0\r\nlG": "GIF", "-_-_": "\xfb\xff\xbf", "+/+/": "\xfb\xff\xbf",
		"data:image/gif;base64,R0lG": "GIF", "DATA:;BASE64,R0lG": "GIF", "...": "!", "[Base64]": "!", "data:image/gif,x": "!", "R": "!",
	} {
		got, err := decodeImage(in)
		if want == "!" != (err != nil) || err == nil && string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestUnknownActionWords(t *testing.T) {
	for text, want := range map[string]bool{
		"Unknown action: GetPositionData": true, "Unbekannte Action: GetPostionData": true, "Unbekannte Aktion": true,
		"unsupported action GetPositionData": true, "Action not found": true, "Action 'GetPositionData' is not supported.": true,
		"Die Aktion „GetPositionData“ ist nicht bekannt.": true, "Die Aktion wird nicht unterstützt": true,
		"Ungültige Aktion!": true, "Invalid action (GetPostionData)": true, "GetPositionData is not a valid action": true,
		"Action GetPostionData existiert nicht": true,
		"Position nicht gefunden":               false, "Beleg 000007 ist unbekannt": false, "Aktion nicht möglich: Position nicht vorhanden": false,
		"Ungültige Aktion für diese Position": false, "Die Aktion wurde abgelehnt.": false, "Die Action wurde nicht angegeben.": false,
		"Keine Aktion möglich, Beleg nicht gefunden": false, "Unbekannter Benutzer": false, "": false,
	} {
		if got := unknownAction(&Error{Certainty: Refused, Message: text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if unknownAction(&Error{Status: 404, Message: "Unknown action"}) || !unknownAction(&Error{Status: 500, Message: "Unknown action"}) || unknownAction(nil) {
		t.Error("the status is not heeded")
	}
}

// FuzzLenient: what is strict JSON is read as encoding/json reads it and never flagged; nothing panics; and cutting an
// answer off never turns a refusal into a success.
func FuzzLenient(f *testing.F) {
	for _, seed := range []string{
		`{"Success":true,"ErrorMessage":"","ServiceReturnData":{"Action":"Delete",}}`, "\ufeff{\"Success\": false // nein\n}",
		`{"a":"\ud83d\ude00//","b":[1.50,{"c":null}]}`, `{"Success":false,"ErrorMessage":"\"Success\":true"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := readDocument(raw)
		yes, known := d.success()
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err == nil && json.Valid(raw) && !d.lenient && !repeats(d.root) {
			if d.broken && deep(want) < maxDepth {
				t.Errorf("broken: %q", raw)
			} else if diff := cmp.Diff(want, plain(d.root)); diff != "" && !d.broken {
				t.Errorf("%q\n%s", raw, diff)
			}
		}
		for n := range raw[:min(len(raw), 400)] {
			if cut, ok := readDocument(raw[:n]).success(); ok && cut && known && !yes {
				t.Errorf("%q cut to %d is a success", raw, n)
			}
		}
	})
}

// repeats reports whether an object has a member twice, where the two readers may differ.
func repeats(v *value) bool {
	seen := map[string]bool{}
	for _, m := range v.members {
		if seen[m.name] || repeats(m.value) {
			return true
		}
		seen[m.name] = true
	}
	for _, item := range v.items {
		if repeats(item) {
			return true
		}
	}
	return false
}

func deep(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			n = max(n, deep(e))
		}
	case []any:
		for _, e := range v {
			n = max(n, deep(e))
		}
	}
	return n + 1
}
