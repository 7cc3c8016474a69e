package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestJobRunsByTheClock(t *testing.T) {
	clock := newClock()
	c := start(t, Options{Now: clock.Now, JobTime: 10 * time.Second})
	session := c.login("Import")
	id := c.field(c.call("Import", "Import", "", staffParams(session), strings.NewReader("PersonalNr;Name\n1001;Neu\n")), "ImportId")
	ids := params{"SecurityId": session, "ImportId": id}

	if got := c.progress("Import", session, id); got != (progress{ProgressMessage: "0%", ProgressValue: "0"}) {
		t.Errorf("at once: %+v", got)
	}
	clock.advance(4 * time.Second)
	if got := c.progress("Import", session, id); got != (progress{ProgressMessage: "40%", ProgressValue: "40"}) {
		t.Errorf("after 4 s: %+v", got)
	}
	c.refused(c.call("Import", "GetProtocol", "", ids, nil), "Es wurden keine Daten zu dieser Import-ID gefunden.")
	clock.advance(6 * time.Second)
	if got, want := c.call("Import", "GetProgress", "", ids, nil).body, `{"IsCanceled":false,"IsCompleted":true,"IsFaulted":false,"ProgressMessage":"100%","ProgressValue":"100"}`; got != want {
		t.Errorf("at the end %s, want the vendor's sample %s", got, want)
	}
	c.good(c.call("Import", "GetProtocol", "", ids, nil))

	// Another user's id, and the other stream's, is not found; a later session of
	// the same user finds it until the day is over.
	guest := c.field(c.call("Import", "Login", "", params{"authorization": basic("API-Gast", DemoPassword)}, nil), "SecurityId")
	c.refused(c.call("Import", "GetProtocol", "", params{"SecurityId": guest, "ImportId": id}, nil), "Es wurden keine Daten zu dieser Import-ID gefunden.")
	c.refused(c.call("Export", "GetResult", "", params{"SecurityId": c.login("Export"), "ExportId": id}, nil), "Es wurden keine Daten zu dieser Export-ID gefunden.")
	clock.advance(23 * time.Hour)
	later := params{"SecurityId": c.login("Import"), "ImportId": id}
	c.good(c.call("Import", "GetProtocol", "", later, nil))
	clock.advance(time.Hour + time.Second)
	later["SecurityId"] = c.login("Import")
	c.refused(c.call("Import", "GetProtocol", "", later, nil), "Es wurden keine Daten zu dieser Import-ID gefunden.")
}

func TestLogoutLeavesTheJobRunningAndCancelEndsIt(t *testing.T) {
	clock := newClock()
	c := start(t, Options{Now: clock.Now, JobTime: time.Minute})
	session := c.login("Import")
	begin := func(name string) string {
		return c.field(c.call("Import", "Import", "", staffParams(session), strings.NewReader("PersonalNr;Name\n1001;"+name+"\n")), "ImportId")
	}
	kept, canceled := begin("Bleibt"), begin("Abgebrochen")
	ids := params{"SecurityId": session, "ImportId": canceled}
	if body := c.good(c.call("Import", "Cancel", "", ids, nil)); body != "" {
		t.Errorf("cancel answered %q", body)
	}
	if got := c.progress("Import", session, canceled); !got.IsCanceled || !got.IsCompleted || got.IsFaulted {
		t.Errorf("canceled: %+v", got)
	}
	if got := c.good(c.call("Import", "GetProtocol", "", ids, nil)); !strings.Contains(got, "Der Import wurde abgebrochen.") {
		t.Errorf("protocol %q", got)
	}
	c.good(c.call("Import", "Logout", "", params{"SecurityId": session}, nil))
	clock.advance(time.Minute)
	session = c.login("Import")
	if got := c.progress("Import", session, kept); !got.IsCompleted || got.IsCanceled {
		t.Errorf("kept: %+v", got)
	}
	c.good(c.call("Import", "Cancel", "", params{"SecurityId": session, "ImportId": kept}, nil))
	if got := c.progress("Import", session, kept); got.IsCanceled {
		t.Error("a job that had ended was cancelled")
	}
	if got := c.server.MaxConcurrentJobs(); got != 2 {
		t.Errorf("max concurrent jobs %d, want 2", got)
	}
}

// TestWaitForResult runs on a fake clock, without a network.
func TestWaitForResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := Demo()
		options.JobTime, options.Latency = 90*time.Second, time.Second
		server := New(options)
		defer server.Close()
		send := func(on, query string, headers params, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, "/"+on+"Stream.ashx?Id="+DemoCustomerID+"&"+on+"Action="+query, strings.NewReader(body))
			for name, value := range headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			return w
		}
		auth := basic(DemoUser, DemoPassword)
		_, session, _ := strings.Cut(send("Import", "Login", params{"authorization": auth}, "").Body.String(), `: "`)
		began := time.Now()
		w := send("Import", "Import&WaitForResult=1", staffParams(strings.TrimRight(session, `"}`)), "PersonalNr;Name\n1001;Neu\n")
		if !strings.HasPrefix(w.Body.String(), "Importprotokoll") || time.Since(began) != 91*time.Second {
			t.Errorf("after %s: %s", time.Since(began), w.Body)
		}
		w = send("Export", "LoginAndExport&WaitForResult=1", params{"authorization": auth, "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt"}, "")
		if !strings.Contains(w.Body.String(), "1001;01;Neu;") || time.Since(began) != 182*time.Second {
			t.Errorf("after %s: %s", time.Since(began), w.Body)
		}
	})
}
