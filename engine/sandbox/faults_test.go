package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

const oneAbsence = "PersonalNr;Art;Von\r\n1001;Urlaub;01.12.2026\r\n"

// startCall sends one import whose protocol nobody asks for.
func startCall(c *plainClient, session string) reply {
	return c.call("Import", "Import", "", absenceParams(session), strings.NewReader(oneAbsence))
}

func TestCutFaults(t *testing.T) {
	for kind, accepted := range map[string]int{
		FaultCutBefore: 0, FaultCutDuringRequest: 0, FaultCutAfterAccept: 1, FaultCutDuringAnswer: 1,
	} {
		t.Run(kind, func(t *testing.T) {
			c := start(t, Options{})
			session := c.login("Import")
			c.inject(Fault{Kind: kind, Action: "Import", Times: 1})
			if r := startCall(c, session); r.err == nil {
				t.Errorf("whole answer %d %q", r.status, r.body)
			} else if kind == FaultCutDuringAnswer && (r.status != 200 || !errors.Is(r.err, io.ErrUnexpectedEOF) || !strings.HasPrefix(r.body, `{"ImportId": "`)) {
				t.Errorf("half an answer looks like %+v", r)
			}
			if got := len(c.server.Imports()); got != accepted {
				t.Errorf("%d imports accepted, want %d", got, accepted)
			}
			c.field(startCall(c, session), "ImportId")
		})
	}
}

func TestCutDuringAnswerWithoutBody(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Export")
	c.inject(Fault{Kind: FaultCutDuringAnswer, Action: "Logout"})
	if r := c.call("Export", "Logout", "", params{"SecurityId": session}, nil); !errors.Is(r.err, io.ErrUnexpectedEOF) {
		t.Errorf("%+v", r)
	}
	if c.server.OpenSessions() != 0 {
		t.Error("the call did not take effect")
	}
}

func TestCutDuringRequestStopsWhereAsked(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	c.inject(Fault{Kind: FaultCutDuringRequest, Limit: 100})
	sent := &countedBody{from: io.LimitReader(endless{}, 64<<20), digest: sha256.New()}
	if r := c.call("Import", "Import", "", absenceParams(session), sent); r.err == nil {
		t.Errorf("answered %d", r.status)
	}
	if sent.size == 64<<20 {
		t.Error("the whole body was taken")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestReplacedAnswers: what the caller sees, and whether the call took effect.
func TestReplacedAnswers(t *testing.T) {
	for _, tc := range []struct {
		fault    Fault
		status   int
		body     string
		accepted int
	}{
		{Fault{Kind: FaultStatus}, 503, "<h2>503 Service Unavailable</h2>", 0},
		{Fault{Kind: FaultStatus, Status: 429, Body: "zu viel"}, 429, "zu viel", 0},
		{Fault{Kind: FaultStatus, Status: 401}, 401, "Unauthorized", 0},
		{Fault{Kind: FaultStatus, Status: 502, Accepted: true}, 502, "Bad Gateway", 1},
		{Fault{Kind: FaultHTMLLogin}, 200, "<title>Anmeldung</title>", 0},
		{Fault{Kind: FaultHTMLLogin, Accepted: true}, 200, "<title>Anmeldung</title>", 1},
		{Fault{Kind: FaultGarbage}, 200, `{"Status": "OK", "`, 1},
		{Fault{Kind: FaultGarbage, Body: `{"ImportId": null}`}, 200, `{"ImportId": null}`, 1},
	} {
		t.Run(fmt.Sprintf("%s %d", tc.fault.Kind, tc.fault.Status), func(t *testing.T) {
			c := start(t, Options{})
			session := c.login("Import")
			tc.fault.Header = map[string]string{"Retry-After": "7"}
			c.inject(tc.fault)
			r := startCall(c, session)
			if r.err != nil || r.status != tc.status || !strings.Contains(r.body, tc.body) || r.header.Get("Retry-After") != "7" {
				t.Errorf("got %d %q, error %v", r.status, r.body, r.err)
			}
			if got := len(c.server.Imports()); got != tc.accepted {
				t.Errorf("%d imports accepted, want %d", got, tc.accepted)
			}
		})
	}
}

func TestGarbageLeavesRefusalsAlone(t *testing.T) {
	c := start(t, Options{})
	c.inject(Fault{Kind: FaultGarbage})
	c.refused(startCall(c, unknownGUID), "Ungültiges Securitytoken!")
}

func TestDisguisedRefusals(t *testing.T) {
	empty := "Der Wert darf nicht NULL sein. Parametername: ImportId"
	for _, tc := range []struct {
		kind   string
		ids    params
		status int
		want   string // prefix of the body
	}{
		{FaultHideDetails, params{}, 400, "Bad Request"},
		{FaultErrorStatus, params{}, 500, empty},
		{FaultHTMLError, params{"ImportId": "x"}, 400, "<html>"},
		{FaultEnglish, params{}, 400, "Value cannot be null.\r\nParameter name: ImportId\r\n"},
		{FaultEnglish, params{"ImportId": "x"}, 400, "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).\r\n"},
		{FaultEnglish, params{"ImportId": unknownGUID}, 400, "Es wurden keine Daten zu dieser Import-ID gefunden.\r\n"},
		{FaultLineBreak, params{}, 400, "Der Wert darf nicht NULL sein.\r\nParametername: ImportId\r\n"},
		{FaultBOM, params{}, 400, "\ufeff" + empty},
	} {
		c := start(t, Options{})
		tc.ids["SecurityId"] = c.login("Import")
		c.inject(Fault{Kind: tc.kind})
		r := c.call("Import", "GetProgress", "", tc.ids, nil)
		if r.status != tc.status || !strings.HasPrefix(r.body, tc.want) {
			t.Errorf("%s: got %d %q, want %d %q", tc.kind, r.status, r.body, tc.status, tc.want)
		}
		if tc.kind == FaultHideDetails && r.body != "Bad Request" {
			t.Errorf("details not hidden: %q", r.body)
		}
	}
}

func TestRefusalInHTMLAndInWindows1252(t *testing.T) {
	c := start(t, Options{})
	c.inject(Fault{Kind: FaultHTMLError, Times: 1})
	if r := c.call("Import", "Login", "", nil, nil); !strings.Contains(r.body, "<i>Ung&#252;ltige Anmeldeparameter!") {
		t.Errorf("%q", r.body)
	}
	c.inject(Fault{Kind: FaultCP1252, Times: 1})
	r := c.call("Import", "Login", "", nil, nil)
	if !strings.HasPrefix(r.body, "Ung\xfcltige Anmeldeparameter!") || utf8.ValidString(r.body) || r.header.Get("Content-Type") != "text/plain" {
		t.Errorf("%q %q", r.header.Get("Content-Type"), r.body)
	}
}

func TestSessionFaults(t *testing.T) {
	clock := newClock()
	c := start(t, Options{Now: clock.Now, JobTime: time.Minute})
	session := c.login("Import")
	id := c.field(startCall(c, session), "ImportId")
	lost := "Die Sitzung wurde nicht gefunden oder ist abgelaufen!"
	for _, fault := range []Fault{{Kind: FaultLostSession, Times: 1}, {Kind: FaultRestart, Times: 1}} {
		c.inject(fault)
		c.refused(c.call("Import", "GetProgress", "", params{"SecurityId": session, "ImportId": id}, nil), lost)
		session = c.login("Import")
		if got := c.progress("Import", session, id); got.IsCompleted || got.IsFaulted {
			t.Errorf("after %s the job is %+v", fault.Kind, got)
		}
	}
	c.inject(Fault{Kind: FaultRestart, LoseJobs: true, Times: 1})
	session = c.login("Import")
	c.refused(c.call("Import", "GetProgress", "", params{"SecurityId": session, "ImportId": id}, nil), "Es wurden keine Daten zu dieser Import-ID gefunden.")
	session = c.login("Export")
	id = c.field(c.call("Export", "Export", "", params{
		"SecurityId": session, "ObjectName": "Abwesenheiten", "MethodName": "Datenexport Abwesenheiten", "ExportVariables": `{"Von":"01.12.2026"}`,
	}, nil), "ExportId")
	clock.advance(time.Minute)
	if got := c.good(c.call("Export", "GetResult", "", params{"SecurityId": session, "ExportId": id}, nil)); strings.Count(got, "\r\n") != 1 {
		t.Errorf("a lost job changed the table:\n%s", got)
	}
}

func TestJobFaults(t *testing.T) {
	type flags struct{ canceled, completed, faulted bool }
	for _, tc := range []struct {
		fault    Fault
		want     flags // of GetProgress
		protocol string
	}{
		{Fault{Kind: FaultStuckProgress}, flags{}, "Neu angelegt: 1"},
		{Fault{Kind: FaultFaultedWithoutCompleted, Times: 1}, flags{faulted: true}, "Es wurden keine Daten"},
		{Fault{Kind: FaultCanceledWithoutCompleted, Times: 1}, flags{canceled: true}, "Es wurden keine Daten"},
		{Fault{Kind: FaultFailJob}, flags{completed: true, faulted: true}, "Der Import konnte nicht ausgeführt werden."},
		{Fault{Kind: FaultRejectRows}, flags{completed: true}, "Abgewiesen:   1\r\n\r\nAbgewiesene Datensätze:\r\nZeile 2: Der Datensatz ist gesperrt."},
		{Fault{Kind: FaultNotFoundProtocol, Times: 1}, flags{completed: true}, "Es wurden keine Daten zu dieser Import-ID gefunden."},
	} {
		t.Run(tc.fault.Kind, func(t *testing.T) {
			clock := newClock()
			c := start(t, Options{Now: clock.Now, JobTime: time.Minute})
			session := c.login("Import")
			c.inject(tc.fault)
			id := c.field(startCall(c, session), "ImportId")
			if tc.fault.Kind != FaultFaultedWithoutCompleted && tc.fault.Kind != FaultCanceledWithoutCompleted {
				clock.advance(time.Minute)
			}
			for range 2 { // the same answer when asked again
				got := c.progress("Import", session, id)
				if (flags{got.IsCanceled, got.IsCompleted, got.IsFaulted}) != tc.want {
					t.Errorf("progress %+v, want %+v", got, tc.want)
				}
			}
			r := c.call("Import", "GetProtocol", "", params{"SecurityId": session, "ImportId": id}, nil)
			if !strings.Contains(r.body, tc.protocol) {
				t.Errorf("protocol %d %q, want %q", r.status, r.body, tc.protocol)
			}
		})
	}
}

func TestRejectRowsRejectsAsManyAsAsked(t *testing.T) {
	c := start(t, Options{})
	c.inject(Fault{Kind: FaultRejectRows, Rows: 2})
	_, protocol := c.importText(absenceParams(c.login("Import")), "PersonalNr;Art;Von\n1;A;01.01.2026\n2;A;01.01.2026\n3;A;01.01.2026\n")
	if !strings.Contains(protocol, "Neu angelegt: 1\r\nGeändert:     0\r\nAbgewiesen:   2\r\n") {
		t.Errorf("protocol\n%s", protocol)
	}
}

func TestFailedExportAndWaitForResult(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Export")
	c.inject(Fault{Kind: FaultFailJob})
	all := params{"SecurityId": session, "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt"}
	c.refused(c.call("Export", "Export", "&WaitForResult=1", all, nil), "Der Export konnte nicht ausgeführt werden.")
	id := c.field(c.call("Export", "Export", "", all, nil), "ExportId")
	c.refused(c.call("Export", "GetResult", "", params{"SecurityId": session, "ExportId": id}, nil), "Es wurden keine Daten zu dieser Export-ID gefunden.")
	c.refused(c.call("Import", "Import", "&WaitForResult=1", absenceParams(c.login("Import")), strings.NewReader(oneAbsence)), "Der Import konnte nicht ausgeführt werden.")
}

// TestFaultSelection: After lets pass, Times counts down, other streams, actions
// and tenants are not touched, ClearFaults ends it.
func TestFaultSelection(t *testing.T) {
	options := Demo()
	options.Tenants = append(options.Tenants, DemoTenant(unknownGUID, time.Now()))
	c := start(t, options)
	other := *c
	other.id = unknownGUID
	session, export, foreign := c.login("Import"), c.login("Export"), other.login("Import")
	c.inject(Fault{Kind: FaultStatus, Stream: "Import", Action: "Import", Tenant: strings.ToUpper(DemoCustomerID), After: 1, Times: 2})
	var got []int
	for range 4 {
		got = append(got, startCall(c, session).status)
		other.good(startCall(&other, foreign))
		c.good(c.call("Export", "Export", "", params{"SecurityId": export, "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt"}, nil))
	}
	if want := []int{200, 503, 503, 200}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
	c.inject(Fault{Kind: FaultStatus, Status: 500})
	if r := startCall(c, session); r.status != 500 {
		t.Errorf("status %d, want 500", r.status)
	}
	c.server.ClearFaults()
	c.good(startCall(c, session))
}

// TestLatency runs on a fake clock, without a network.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := Demo()
		options.Latency = 2 * time.Second
		server := New(options)
		login := func(ctx context.Context) (w *httptest.ResponseRecorder, cut bool) {
			defer func() { cut = recover() == http.ErrAbortHandler }()
			w = httptest.NewRecorder()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/ImportStream.ashx?ImportAction=Login&Id="+DemoCustomerID, nil)
			r.Header.Set("authorization", basic(DemoUser, DemoPassword))
			server.ServeHTTP(w, r)
			return w, false
		}
		if err := server.Inject(Fault{Kind: FaultLatency, Delay: 3 * time.Second, Times: 1}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if w, cut := login(t.Context()); cut || w.Code != 200 || time.Since(began) != 5*time.Second {
			t.Errorf("%d after %s", w.Code, time.Since(began))
		}
		leaving, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, cut := login(leaving); !cut {
			t.Error("answered a caller who had left")
		}
		go func() {
			time.Sleep(time.Second)
			server.Close()
		}()
		if _, cut := login(t.Context()); !cut || server.Logins() != 1 {
			t.Errorf("answered behind Close; %d logins", server.Logins())
		}
	})
}

func TestInjectRefusesWhatCannotWork(t *testing.T) {
	server := New(Options{})
	defer server.Close()
	for _, f := range []Fault{
		{}, {Kind: "cut"}, {Kind: FaultRejectRows, Action: "Export"}, {Kind: FaultStatus, Stream: "ImportStream"}, {Kind: FaultStatus, Status: http.StatusContinue},
	} {
		if err := server.Inject(f); err == nil {
			t.Errorf("%+v was armed", f)
		}
	}
}
