package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (c *plainClient) control(method, path, body string) reply {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, string(text), response.Header, err}
}

func TestFaultsOverHTTP(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	script := `[{"kind":"status","action":"Import","status":429,"times":1,"header":{"Retry-After":"2"}},
		{"kind":"latency","delay":"1ms"}]`
	if r := c.control("POST", "/sandbox/faults", script); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := startCall(c, session); r.status != 429 || r.header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", r.status, r.header)
	}
	var armed []Fault
	if err := json.Unmarshal([]byte(c.control("GET", "/sandbox/faults", "").body), &armed); err != nil {
		t.Fatal(err)
	}
	if len(armed) != 1 || armed[0].Kind != FaultLatency || armed[0].Delay != time.Millisecond {
		t.Errorf("still armed: %+v", armed)
	}
	for _, wrong := range []string{
		`{"kind":"latency"}`, `[{"kind":"status"},{"kind":"late"}]`, `[{"kind":"status","code":500}]`, `[{"kind":"latency","delay":5}]`, `[{"kind":"latency","delay":"bald"}]`,
	} {
		if r := c.control("POST", "/sandbox/faults", wrong); r.status != 400 {
			t.Errorf("%s: %d %s", wrong, r.status, r.body)
		}
	}
	if r := c.control("DELETE", "/sandbox/faults", ""); r.status != 204 {
		t.Errorf("delete: %d", r.status)
	}
	if got := strings.TrimSpace(c.control("GET", "/sandbox/faults", "").body); got != "[]" {
		t.Errorf("left: %s", got)
	}
	if r := c.control("PUT", "/sandbox/state", ""); r.status != 404 {
		t.Errorf("put: %d", r.status)
	}
}

func TestStateOverHTTP(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	id, _ := c.importText(absenceParams(session), oneAbsence)
	c.export(c.login("Export"), "Mitarbeiter", "Datenexport Gesamt", "")
	c.call("Import", "Login", "", nil, nil)
	var state State
	if err := json.Unmarshal([]byte(c.control("GET", "/sandbox/state", "").body), &state); err != nil {
		t.Fatal(err)
	}
	if state.Logins != 2 || state.RefusedLogins != 1 || state.OpenSessions != 2 || state.MaxConcurrentJobs != 1 ||
		state.Calls["Login"] != 3 || state.Calls["Import/Login"] != 2 || state.Calls["GetResult"] != 1 {
		t.Errorf("%+v", state)
	}
	if len(state.Imports) != 1 || state.Imports[0].ID != id || state.Imports[0].Rows != 1 || len(state.Exports) != 1 || state.Exports[0].Rows != 40 {
		t.Errorf("%+v %+v", state.Imports, state.Exports)
	}
}

func TestListen(t *testing.T) {
	server := New(Demo())
	ctx, cancel := context.WithCancel(t.Context())
	base, err := server.Listen(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(base, "http://127.0.0.1:") || !strings.HasSuffix(base, "/webApi") {
		t.Errorf("base URL %s", base)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	post := func() error {
		response, err := client.Post(base+"/ImportStream.ashx?Id="+DemoCustomerID+"&ImportAction=Logout", "", nil)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	if err := post(); err != nil {
		t.Error(err)
	}
	cancel()
	server.Close()
	if err := post(); err == nil {
		t.Error("still listening")
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "192.0.2.1:80", "example.com:80", "127.0.0.1", "[::]:0"} {
		if base, err := New(Options{}).Listen(t.Context(), addr); err == nil {
			t.Errorf("%s was opened as %s", addr, base)
		}
	}
}
