package sandbox

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

const readRequest = `{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`

func TestEnvelope(t *testing.T) {
	settings := ConboxSettings{UserCode: "ERP01", UserAPIKey: "7546b3a7-73e8-40a7-a7b6-699b4d648ac1"}
	s := openShop(t, settings)
	good := envelope(readRequest)
	s.done(s.send(good))
	s.done(s.send(strings.Replace(good, "CONBOX", "Conbox", 1)))
	s.done(s.send(strings.Replace(good, shopKey, "", 1)))
	for _, tc := range []struct{ old, replacement, message string }{
		{`"CONBOX"`, `"MOVEIT"`, "Der Service MOVEIT ist unbekannt."},
		{`"Service":"CONBOX",`, ``, "Der Service  ist unbekannt."},
		{`"Language":"DE",`, ``, "Die Language wurde nicht angegeben."},
		{`ERP01`, `ERP02`, "Der User-Code ist ungültig."},
		{`"UserCode":"ERP01",`, ``, "Der User-Code ist ungültig."},
		{`7546b3a7`, `00000000`, "Der UserAPIKey ist ungültig."},
		{`"ServiceData":` + readRequest, `"ServiceData":{}`, "Die Action wurde nicht angegeben."},
		{`,"ServiceData":` + readRequest, ``, "Die Action wurde nicht angegeben."},
		{`"GetPositionData"`, `"GetEverything"`, "Unbekannte Action: GetEverything"},
	} {
		s.denied(s.send(strings.Replace(good, tc.old, tc.replacement, 1)), tc.message)
	}
	settings.APIKeyRequired = true
	if err := s.server.SetConbox(settings); err != nil {
		t.Fatal(err)
	}
	s.denied(s.send(strings.Replace(good, shopKey, "", 1)), "Der UserAPIKey wurde nicht angegeben.")
	s.done(s.send(good))
	s.protocolFaults()
}

// TestOnlyAsTheSamples: what is not strict JSON or not as the samples is a protocol fault and has no effect.
func TestOnlyAsTheSamples(t *testing.T) {
	ready := `{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`
	purchase := `{"Action":"Purchase","DocTyp":2,"DocNbr":"000007","FinalCustomerLndCde":"D","PosNbr":"Pos01","DlvAdr":{"AdrLnd":"D"},"PosData":[{"PosNbr":"Pos01","Amount":1}]}`
	for _, tc := range []struct{ good, old, replacement, kind string }{
		{ready, `{"Service"`, "\ufeff" + `{"Service"`, ProtocolNotStrict},
		{ready, `"Language":"DE",`, `"Language":"DE", // Sprache` + "\n", ProtocolNotStrict},
		{ready, `true}`, `true,}`, ProtocolNotStrict},
		{ready, `"DocTyp":2,`, `"DocTyp":2 `, ProtocolNotStrict},
		{ready, `"DocTyp":2,`, `"DocTyp":2,"DocTyp":2,`, ProtocolNotStrict},
		{ready, `"DE"`, "\"\xdc\"", ProtocolNotStrict},
		{ready, `true}}`, `true}}{}`, ProtocolNotStrict},
		{ready, `"Service":"CONBOX"`, `"service":"CONBOX"`, ProtocolShape},
		{ready, `"DocTyp":2`, `"DocTyp":"2"`, ProtocolShape},
		{ready, `"DocTyp":2`, `"DocTyp":2.0`, ProtocolShape},
		{ready, `"DocTyp":2`, `"DocTyp":null`, ProtocolShape},
		{ready, `"DocNbr":"000007"`, `"DocNbr":7`, ProtocolShape},
		{ready, `"DocNbr"`, `"docNbr"`, ProtocolShape},
		{ready, `:true`, `:"true"`, ProtocolShape},
		{ready, `:true`, `:true,"PosNbr":"Pos01"`, ProtocolShape},
		{ready, `{"Action"`, `[{"Action"`, ProtocolNotStrict},
		{purchase, `"Amount":1`, `"Amount":"1"`, ProtocolShape},
		{purchase, `"Amount":1`, `"amount":1`, ProtocolShape},
		{purchase, `"AdrLnd":"D"`, `"AdrLand":"D"`, ProtocolShape},
		{purchase, `{"AdrLnd":"D"}`, `"D"`, ProtocolShape},
		{purchase, `[{"PosNbr":"Pos01","Amount":1}]`, `{"PosNbr":"Pos01"}`, ProtocolShape},
		{purchase, `[{"PosNbr":"Pos01","Amount":1}]`, `["Pos01"]`, ProtocolShape},
		{purchase, `[{"PosNbr"`, `[{"PositionGuid":"` + unknownGUID + `","PosNbr"`, ProtocolMixedAddress},
		{purchase, `[{"PosNbr":"Pos01"`, `[{"PositionGuid":"` + unknownGUID + `"`, ProtocolMixedAddress},
		{`{"Action":"Delete","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`, `"DocTyp"`, `"PositionGuid":"` + unknownGUID + `","DocTyp"`, ProtocolMixedAddress},
		{`{"Action":"Delete","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}`, `"PosNbr"`, `"PositionGUID"`, ProtocolShape},
		{readRequest, `"DocTyp"`, `"GetPostionData":"` + unknownGUID + `","DocTyp"`, ProtocolMixedAddress},
		{
			`{"Action":"SilentCopy","PositionGuid":"a4e656fc-c462-ef99-d814-52faad2fc8db"}`,
			`"PositionGuid"`, `"SrcDocNbr":"10000-15","PositionGuid"`, ProtocolMixedAddress,
		},
	} {
		s := openShop(t, ConboxSettings{})
		s.done(s.act(tc.good))
		before := len(s.server.Effects())
		broken := strings.Replace(envelope(tc.good), tc.old, tc.replacement, 1)
		if broken == envelope(tc.good) {
			t.Fatalf("%s is not in %s", tc.old, tc.good)
		}
		s.faulty(s.send(broken), tc.kind)
		if s.effects(before); t.Failed() {
			t.Fatalf("by %s", broken)
		}
	}
}

func TestMethodAndContentType(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	for contentType, status := range map[string]int{
		"application/json": 200, "Application/JSON; charset=utf-8": 200, "": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415,
	} {
		headers := params{}
		if contentType != "" {
			headers["Content-Type"] = contentType
		}
		if r := s.post(s.address, headers, strings.NewReader(envelope(readRequest))); r.status != status {
			t.Errorf("%q: %d", contentType, r.status)
		}
	}
	if r := s.post(s.address, params{"Content-Type": "text/plain"}, nil); r.status != 415 {
		t.Errorf("probe: %d", r.status)
	}
	r := s.control(http.MethodGet, "/conbox/service", "")
	if r.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", r.status, r.header)
	}
	s.done(s.post(s.base+"/any/where/CONBOX/Service", params{"Content-Type": "application/json"}, strings.NewReader(envelope(readRequest))))
}

// TestCounters: probes, bodies and actions; a probe is refused and has no effect.
func TestCounters(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	s.denied(s.post(s.address, nil, nil), "Die Anfrage enthält keine Daten.")
	s.done(s.act(readRequest))
	s.done(s.post(s.address, params{"Content-Type": "application/json", "Authorization": "Basic eA=="}, strings.NewReader(envelope(readRequest))))
	s.act(`{"Action":"Buy"}`)
	s.control(http.MethodGet, "/conbox/service", "")
	got := s.server.ConboxState()
	if got.Requests != 5 || got.Probes != 1 || got.BodiesWithCredentials != 1 || got.BodiesWithoutCredentials != 2 || got.BodiesCut != 0 ||
		got.Actions["GetPositionData"] != 2 || got.Actions["Probe"] != 1 || got.Actions["invalid"] != 1 || len(got.Actions) != 3 {
		t.Errorf("%+v", got)
	}
}

// TestABodyThatEndsShortHasNoEffect speaks raw TCP: announced is more than is sent.
func TestABodyThatEndsShortHasNoEffect(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	host := strings.TrimPrefix(s.base, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	body := envelope(`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`)
	if _, err := conn.Write([]byte("POST /conbox/service HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + body)); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	// The sandbox cuts: that is when it has noticed.
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("answered with %d bytes", n)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	s.effects(0)
	if got := s.server.ConboxState(); got.BodiesCut != 1 || got.Requests != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTooLargeABody(t *testing.T) {
	s := openShop(t, ConboxSettings{})
	huge := envelope(`{"Action":"SetReadyStatus","DocTyp":2,"DocNbr":"000007","ReadyStatus":true}`) + strings.Repeat(" ", maxConboxBody)
	if r := s.send(huge); r.err == nil && r.status != 413 {
		t.Errorf("status %d", r.status)
	}
	s.effects(0)
}
