package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const buy = `{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D","PosNbr":"Pos01,Pos02","PurchaseTxt":"Notiz",` +
	`"PosData":[{"PosNbr":"Pos01","NotTxt":"Hinweis","Amount":1},{"PosNbr":"Pos02","NotTxt":"Hinweis","Amount":1}]}`

// TestConboxFaults: what the caller sees, how many purchases there are, and whether the service's answer got out.
func TestConboxFaults(t *testing.T) {
	for _, tc := range []struct {
		fault     Fault
		status    int // 0: no whole answer
		body      string
		purchases int
		delivered bool
	}{
		{Fault{Kind: FaultCutBefore}, 0, "", 0, false},
		{Fault{Kind: FaultCutDuringRequest}, 0, "", 0, false},
		{Fault{Kind: FaultStatus, Status: 400}, 400, "400 Bad Request", 0, false},
		{Fault{Kind: FaultStatus, Status: 500}, 500, "500 Internal Server Error", 0, false},
		{Fault{Kind: FaultStatus, Header: map[string]string{"Retry-After": "7"}}, 503, "503 Service Unavailable", 0, false},
		{Fault{Kind: FaultStatus, Status: 307, Header: map[string]string{"Location": "/elsewhere"}}, 307, "", 0, false},
		{Fault{Kind: FaultStatus, Status: 200, Body: `{"Succ`}, 200, `{"Succ`, 0, false},
		{Fault{Kind: FaultHTMLLogin}, 200, "<title>Anmeldung</title>", 0, false},
		{Fault{Kind: FaultLatency, Delay: time.Millisecond}, 200, `"Success": true`, 1, true},
		{Fault{Kind: FaultSlowAnswer, Delay: time.Millisecond}, 200, `"Success": true`, 1, true},
		{Fault{Kind: FaultCutAfterAccept}, 0, "", 1, false},
		{Fault{Kind: FaultCutDuringAnswer}, 0, `"Success": true`, 1, false},
		{Fault{Kind: FaultGarbage}, 200, `{"Status": "OK", "`, 1, false},
		{Fault{Kind: FaultHTMLLogin, Accepted: true}, 200, "<title>Anmeldung</title>", 1, false},
		{Fault{Kind: FaultStatus, Status: 500, Accepted: true}, 500, "Internal Server Error", 1, false},
		{Fault{Kind: FaultStatus, Status: 400, Accepted: true, Body: "Bad Request"}, 400, "Bad Request", 1, false},
		{Fault{Kind: FaultBOM}, 200, "\ufeff{\n", 1, true},
		{Fault{Kind: FaultRefuse}, 200, "Die Aktion wurde abgelehnt.", 0, false},
		{Fault{Kind: FaultErrorStatus}, 200, `"Success": true`, 1, true},
	} {
		t.Run(fmt.Sprintf("%s %d %t", tc.fault.Kind, tc.fault.Status, tc.fault.Accepted), func(t *testing.T) {
			s := openShop(t, ConboxSettings{})
			tc.fault.Action, tc.fault.After, tc.fault.Times = "Purchase", 1, 1
			s.inject(tc.fault)
			s.done(s.act(readRequest))
			s.done(s.act(buy)) // let pass
			r := s.act(buy)
			if whole := r.err == nil; whole != (tc.status != 0) || whole && r.status != tc.status || !strings.Contains(r.body, tc.body) {
				t.Errorf("got %d %q, error %v", r.status, r.body, r.err)
			}
			for name, value := range tc.fault.Header {
				if r.header.Get(name) != value {
					t.Errorf("%s is %q", name, r.header.Get(name))
				}
			}
			list := s.server.Purchases()
			if len(list) != 1+tc.purchases || list[len(list)-1].Delivered != (tc.delivered || tc.purchases == 0) {
				t.Errorf("purchases %+v", list)
			}
			s.done(s.act(buy))
		})
	}
}

func TestFaultsOfProbesAndOfEverything(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.inject(Fault{Kind: FaultStatus, Action: "Probe", Status: 403, Times: 1})
	s.done(s.act(readRequest))
	if r := s.probe(""); r.status != 403 {
		t.Errorf("status %d", r.status)
	}
	s.inject(Fault{Kind: FaultStatus, Stream: "CONBOX", Times: 2})
	if r := s.call("Import", "Login", "", params{"authorization": basic(DemoUser, DemoPassword)}, nil); r.status != 200 {
		t.Errorf("the other half: %d", r.status)
	}
	if first, second := s.probe(""), s.act(readRequest); first.status != 503 || second.status != 503 {
		t.Errorf("%d %d", first.status, second.status)
	}
	s.inject(Fault{Kind: FaultStatus, Stream: "Import"})
	s.done(s.act(readRequest))
}

// TestFaultsStandBeforeTheWebServer: a proxy answers before anybody asks for a password.
func TestFaultsStandBeforeTheWebServer(t *testing.T) {
	s := openShop(t, guarded(AuthBasic, ""))
	s.inject(Fault{Kind: FaultStatus, Status: 502, Times: 1})
	if r := s.sendWith("", buy); r.status != 502 {
		t.Errorf("status %d", r.status)
	}
	s.protocolFaults(ProtocolBodyBeforeAuth)
	s.inject(Fault{Kind: FaultGarbage, Times: 1}) // needs a call that succeeds
	s.challenged(s.sendWith("", buy))
}

func TestDisguisedConboxRefusals(t *testing.T) {
	for _, tc := range []struct {
		fault  Fault
		status int
		body   string
	}{
		{Fault{Kind: FaultErrorStatus}, 500, `"ErrorMessage": "Unbekannte Action: Prüfen"`},
		{Fault{Kind: FaultErrorStatus, Status: 400}, 400, `"ErrorMessage": "Unbekannte Action: Prüfen"`},
		{Fault{Kind: FaultHTMLError}, 200, "<i>Unbekannte Action: Pr&#252;fen</i>"},
		{Fault{Kind: FaultHideDetails}, 400, "Bad Request"},
		{Fault{Kind: FaultEnglish}, 200, `"ErrorMessage": "Unknown action: Prüfen"`},
		{Fault{Kind: FaultCP1252}, 200, "Unbekannte Action: Pr\xfcfen"},
	} {
		s := openShop(t, ConboxSettings{})
		s.inject(tc.fault)
		if r := s.act(`{"Action":"Prüfen"}`); r.status != tc.status || !strings.Contains(r.body, tc.body) {
			t.Errorf("%s: %d %q", tc.fault.Kind, r.status, r.body)
		}
	}
}

func TestRefusalByPosition(t *testing.T) {
	guid := "a4d77538-66ed-3d99-d714-b0222516131e" // 101225-03 Pos02
	for _, tc := range []struct {
		position, data string
		hit            bool
	}{
		{"Pos02", buy, true},
		{"101224-01/Pos02", buy, true},
		{"101225-03/Pos02", buy, false},
		{"Pos03", buy, false},
		{"Pos03", `{"Action":"Purchase","DocTyp":2,"DocNbr":"101224-01","FinalCustomerLndCde":"D"}`, true},
		{strings.ToUpper(guid), `{"Action":"Purchase","DocTyp":2,"DocNbr":"101225-03","FinalCustomerLndCde":"D","PosNbr":"Pos02"}`, true},
		{"Pos02", `{"Action":"Purchase","FinalCustomerLndCde":"D","PosData":[{"PositionGuid":"` + guid + `"}]}`, true},
		{"Pos01", `{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`, true},
		{"Pos01", `{"Action":"SaveDocumentAs","DocNbr":"N","DocTyp":2,"SrcDocNbr":"Test02","SrcDocTyp":2}`, true},
	} {
		s := openShop(t, ConboxSettings{})
		s.inject(Fault{Kind: FaultRefuse, Position: tc.position, Body: "Nicht lieferbar.", Times: 1})
		s.done(s.act(untouched))
		if !tc.hit {
			s.done(s.act(tc.data))
			continue
		}
		s.denied(s.act(tc.data), "Nicht lieferbar.")
		s.effects(0)
		s.done(s.act(tc.data))
	}
}

// untouched is a call on no position that a test above refuses.
const untouched = `{"Action":"GetPositionData","DocTyp":2,"DocNbr":"300000-01","PosNbr":"Pos300"}`

func TestBrokenJSON(t *testing.T) {
	for _, tc := range []struct{ shape, data, want string }{
		{"trailing_comma", `{"Action":"Delete","PositionGuid":"550e8400-e29b-41d4-a716-446655440000"}`, "{\n" +
			"    \"Success\": true,\n    \"ErrorMessage\": \"\",\n    \"ServiceReturnData\": {\n        \"Action\": \"Delete\",\n" +
			"        \"PositionGuid\": \"550e8400-e29b-41d4-a716-446655440000\",\n    }\n}"},
		{"trailing_comma", `{"Action":"X"}`, "{\n    \"Success\": false,\n    \"ErrorMessage\": \"Unbekannte Action: X\",\n    \"ServiceReturnData\": null,\n}"},
		{"missing_comma", readySet, "{\n    \"Success\": true,\n    \"ErrorMessage\": \"\",\n    \"ServiceReturnData\": {\n" +
			"        \"Action\": \"SetReadyStatus\"\n        \"DocTyp\": 2,\n        \"DocNbr\": \"000007\",\n        \"ReadyStatus\": true\n    }\n}"},
		{"missing_comma", `{"Action":"X"}`, "{\n    \"Success\": false,\n    \"ErrorMessage\": \"Unbekannte Action: X\"\n    \"ServiceReturnData\": null\n}"},
		{"comments", `{"Action":"X"}`, "{\n    \"Success\": false,  // Optional - siehe http://localhost/\n" +
			"    \"ErrorMessage\": \"Unbekannte Action: X\",  // Optional - siehe http://localhost/\n" +
			"    \"ServiceReturnData\": null  // Optional - siehe http://localhost/\n}"},
	} {
		s := openShop(t, ConboxSettings{})
		s.inject(Fault{Kind: FaultBrokenJSON, Shape: tc.shape})
		if r := s.act(tc.data); r.status != 200 || r.body != tc.want {
			t.Errorf("%s: %d\n%s\nwant\n%s", tc.shape, r.status, r.body, tc.want)
		}
	}
	s := openShop(t, ConboxSettings{})
	s.inject(Fault{Kind: FaultBrokenJSON})
	body := s.act(buy).body
	for _, want := range []string{"\"PurchaseTxt\": \"Notiz\"  //", "\"NotTxt\": \"Hinweis\"  //", "            }\n        ],\n    }\n}"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if !s.server.Purchases()[0].Delivered || strings.Count(body, "//") != strings.Count(body, `": `)+strings.Count(body, "http://") {
		t.Errorf("%+v\n%s", s.server.Purchases(), body)
	}
}

func TestKeyCase(t *testing.T) {
	byGUID := `{"Action":"Purchase","FinalCustomerLndCde":"D","PosData":[{"PositionGuid":"a4d77538-66ed-3d99-d714-b0222516131e","NotTxt":"X"}]}`
	for shape, want := range map[string]string{
		"":      `{"action":"Purchase","posdata":[{"positionguid":"a4d77538-66ed-3d99-d714-b0222516131e","nottxt":"X"}]}`,
		"upper": `{"ACTION":"Purchase","POSDATA":[{"POSITIONGUID":"a4d77538-66ed-3d99-d714-b0222516131e","NOTTXT":"X"}]}`,
		"guid":  `{"Action":"Purchase","PosData":[{"PositionGUID":"a4d77538-66ed-3d99-d714-b0222516131e","NotTxt":"X"}]}`,
	} {
		s := openShop(t, ConboxSettings{})
		s.inject(Fault{Kind: FaultKeyCase, Shape: shape})
		if got := s.done(s.act(byGUID)); got != want {
			t.Errorf("%s: %s", shape, got)
		}
	}
	s := openShop(t, ConboxSettings{})
	s.inject(Fault{Kind: FaultKeyCase, Shape: "upper"})
	if got := s.act(`{"Action":"X"}`).body; !strings.Contains(got, `"SUCCESS": false`) || !strings.Contains(got, `"SERVICERETURNDATA": null`) {
		t.Error(got)
	}
}

// TestWhoLeavesBeforeAndAfterTheEffect runs on a fake clock, without a network.
func TestWhoLeavesBeforeAndAfterTheEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := New(Options{Latency: 2 * time.Second, Documents: DemoDocuments()})
		defer server.Close()
		call := func(limit time.Duration) (w *httptest.ResponseRecorder, cut bool) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			defer func() { cut = recover() == http.ErrAbortHandler }()
			w = httptest.NewRecorder()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/conbox/service", strings.NewReader(envelope(buy)))
			r.Header.Set("Content-Type", "application/json")
			server.ServeHTTP(w, r)
			return w, false
		}
		if _, cut := call(time.Second); !cut || len(server.Purchases()) != 0 {
			t.Errorf("cut %t, %+v", cut, server.Purchases())
		}
		if err := server.Inject(Fault{Kind: FaultSlowAnswer, Delay: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if _, cut := call(3 * time.Second); !cut || len(server.Purchases()) != 1 || server.Purchases()[0].Delivered {
			t.Errorf("cut %t, %+v", cut, server.Purchases())
		}
		began := time.Now()
		if w, cut := call(time.Hour); cut || w.Code != 200 || time.Since(began) != 62*time.Second || !server.Purchases()[1].Delivered {
			t.Errorf("cut %t, %d after %s", cut, w.Code, time.Since(began))
		}
	})
}

func TestSlowAnswerOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := New(Demo())
		defer server.Close()
		if err := server.Inject(Fault{Kind: FaultSlowAnswer, Action: "Login", Delay: time.Minute}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		defer func() {
			if recover() != http.ErrAbortHandler || server.Logins() != 1 {
				t.Errorf("answered, or %d logins", server.Logins())
			}
		}()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/ImportStream.ashx?ImportAction=Login&Id="+DemoCustomerID, nil)
		r.Header.Set("authorization", basic(DemoUser, DemoPassword))
		server.ServeHTTP(httptest.NewRecorder(), r)
	})
}

func TestConboxFaultsThatCannotWork(t *testing.T) {
	server := New(Options{})
	defer server.Close()
	for _, f := range []Fault{
		{Kind: FaultRefuse, Action: "Probe"},
		{Kind: FaultBrokenJSON, Action: "Import"},
		{Kind: FaultBrokenJSON, Shape: "upper"},
		{Kind: FaultKeyCase, Shape: "comments"},
		{Kind: FaultStatus, Shape: "lower"},
		{Kind: FaultStaleNonce, Action: "Login"},
		{Kind: FaultStatus, Stream: "Conbox"},
	} {
		if err := server.Inject(f); err == nil {
			t.Errorf("%+v was armed", f)
		}
	}
}

func TestFaultJSONHasEveryField(t *testing.T) {
	f := Fault{Kind: FaultRefuse, Stream: "CONBOX", Position: "Pos01", Delay: time.Second}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back Fault
	if err := json.Unmarshal(text, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(f) {
		t.Errorf("%s: %+v, %v", text, back, err)
	}
	if err := json.Unmarshal([]byte(`{"kind":"key_case","shape":"upper"}`), &back); err != nil || back.Shape != "upper" {
		t.Errorf("%+v, %v", back, err)
	}
}
