package perbit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dropform/engine/perbit"
)

// TestSecurityIDIsNeverShown, by whatever way of printing.
func TestSecurityIDIsNeverShown(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "id", sid)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "id", sid, "in", struct{ ID perbit.SecurityID }{sid})
	raw, err := json.Marshal(map[string]any{"id": sid})
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(raw) + sid.String() + sid.GoString()
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d", "%t", "%10.3s"} {
		all += fmt.Sprintf(verb, sid) + fmt.Sprintf(verb, []perbit.SecurityID{sid})
	}
	if strings.Contains(all, "40e66335") || !strings.Contains(all, "[session id]") {
		t.Error(all)
	}
	if string(sid) != "40e66335-3c09-4c70-8af8-7cae5f894e95" {
		t.Error("the id is not what was given")
	}
}

// TestErrorsHoldNoSecret: servers that quote our request, answers that break off, addresses nobody listens at.
func TestErrorsHoldNoSecret(t *testing.T) {
	const basic = "QVBJLUltcG9ydC1Vc2VyOmdlaGVpbQ==" // of API-Import-User:geheim
	secrets := []string{"40e66335", "40E66335", basic, password, "Id=" + customer, "proxygeheim"}
	replies := []string{
		"Fehler bei SecurityId=%[1]s, Authorization: Basic %[2]s, Passwort %[3]s",
		"ImportAction %[1]s is invalid!\r\n   bei X(%[1]s, %[2]s)\r\nHeader: SecurityId: %[4]s",
		strings.Repeat("x", 280) + " %[1]s %[2]s %[3]s",
		`{"SecurityId":"%[1]s","ImportId":"kaputt`,
		`{"SecurityId":"40e66335-3c09`,
		"Der Wert darf nicht NULL sein.\r\nParametername: %[2]s",
	}
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
		for _, reply := range replies {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(status)
				if strings.Contains(reply, "%[") {
					reply = fmt.Sprintf(reply+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s", sid2(), basic, password, strings.ToUpper(sid2()))
				}
				fmt.Fprint(w, reply)
			}))
			c := client(t, server.URL)
			_, _, err1 := c.LoginAndImport(t.Context(), staff(text("a\n")))
			_, err2 := c.ImportProgress(t.Context(), sid, iid)
			_, err3 := c.Login(t.Context(), perbit.ExportStream)
			_, _, err4 := c.LoginAndExport(t.Context(), perbit.ExportRequest{Object: "O", Method: "M"})
			server.Close()
			for _, err := range []error{err1, err2, err3, err4} {
				if err == nil {
					continue // a readable SecurityId is what Login asked for
				}
				if err == err2 {
					checkShown(t, failure(t, err), secrets[:2]) // this call carries no credentials
				} else {
					checkShown(t, failure(t, err), secrets)
				}
			}
		}
	}
	nobody := client(t, "http://127.0.0.1:1/webApi", func(o *perbit.Options) {
		o.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://u:" + secrets[5] + "@127.0.0.1:x") }
	})
	_, err := nobody.Import(t.Context(), sid, staff(text("a\n")))
	checkShown(t, failure(t, err), secrets)
}

// TestEchoesHoldNoSecret: what a server writes after the login quotes what the login carried.
func TestEchoesHoldNoSecret(t *testing.T) {
	const basic = "QVBJLUltcG9ydC1Vc2VyOmdlaGVpbQ==" // of API-Import-User:geheim
	echo := basic + " " + password + " " + sid2() + " " + string(iid)
	reply, status := "", http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, reply)
	}))
	defer server.Close()
	c := client(t, server.URL)
	reply = `{"SecurityId":"` + sid2() + `"}`
	if _, err := c.Login(t.Context(), perbit.ImportStream); err != nil {
		t.Fatal(err)
	}
	reply = `{"IsFaulted":true,"ProgressMessage":"Fehler mit ` + echo + `","ProgressValue":"` + echo + `"}`
	p, err := c.ImportProgress(t.Context(), sid, iid)
	if err != nil || !p.Faulted || !strings.HasPrefix(p.Message, "Fehler mit [removed]") {
		t.Errorf("%+v, %v", p, err)
	}
	reply, status = "Fehler mit "+echo, http.StatusBadRequest
	_, err1 := c.Import(t.Context(), sid, staff(text("a\n")))
	_, err2 := c.ImportProgress(t.Context(), sid, iid)
	for _, secret := range strings.Fields(echo) {
		if shown := p.Message + p.Value + err1.Error() + err2.Error(); strings.Contains(shown, secret) {
			t.Errorf("%q is shown: %s", secret, shown)
		}
	}
}

// sid2 is the session id as text.
func sid2() string { return string(sid) }

func checkShown(t *testing.T, e *perbit.Error, secrets []string) {
	t.Helper()
	shown := fmt.Sprintf("%v %s %s %s %v %v", e, e.Message, e.Stack, e.Hint, e.Err, errors.Unwrap(e))
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown: %s", secret, shown)
		}
	}
	if n := len([]rune(e.Message)); n > 300 {
		t.Errorf("message of %d characters", n)
	}
}

func TestErrorReadsWell(t *testing.T) {
	reply, status := "Ungültiger Methodentyp.\r\n   bei X()", http.StatusBadRequest
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, reply, status) }))
	c := client(t, server.URL)
	_, err1 := c.Import(t.Context(), sid, staff(text("a\n")))
	reply, status = "", http.StatusServiceUnavailable
	_, err2 := c.ImportProgress(t.Context(), sid, iid)
	_, err3 := c.Import(t.Context(), sid, staff(text("a\n")))
	server.Close()
	_, err4 := c.Import(t.Context(), sid, staff(perbit.Body{Size: -1}))
	for _, test := range []struct {
		err  error
		want string
	}{
		{err1, `perbit Import: the server says "Ungültiger Methodentyp." (HTTP 400 Bad Request, refused); the method exists but is of the other kind: an import needs an import method, an export an export method`},
		{err2, "perbit GetProgress: the server answered HTTP 503 Service Unavailable"},
		{err3, "perbit Import: the server answered HTTP 503 Service Unavailable (it is unknown whether the job was started)"},
		{err4, "perbit Import: no file to send (not sent)"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	tests := map[string]func(*perbit.Options){
		"user and password": func(o *perbit.Options) { o.URL = "https://u:geheim@example.com/webApi" },
		"not an address":    func(o *perbit.Options) { o.URL = "https://u:geheim@exa mple.com" },
		"of the form":       func(o *perbit.Options) { o.URL = "ftp://example.com" },
		"before ?":          func(o *perbit.Options) { o.URL = "https://example.com/webApi?Id=1" },
		"last segment":      func(o *perbit.Options) { o.URL = "https://example.com/webApi/ImportStream.ashx" },
		"customer id: not":  func(o *perbit.Options) { o.CustomerID = "7d2f0c556f1e4f0b9f5e2f6f1a9c0d11" },
		"placeholder":       func(o *perbit.Options) { o.CustomerID = "00000000-0000-0000-0000-000000000000" },
		"colon":             func(o *perbit.Options) { o.Username = "a:b" },
		"name: empty":       func(o *perbit.Options) { o.Username = "" },
		"control":           func(o *perbit.Options) { o.Username = "a\n" },
		"user agent":        func(o *perbit.Options) { o.UserAgent = "a\r\nX: y" },
		"password: none":    func(o *perbit.Options) { o.Password = nil },
		"charset":           func(o *perbit.Options) { o.CredentialCharset = "latin1" },
		"parameters":        func(o *perbit.Options) { o.Parameters = "body" },
	}
	for want, change := range tests {
		o := options("https://example.com/webApi")
		change(&o)
		if _, err := perbit.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := perbit.New(perbit.Options{URL: "https://example.com", CustomerID: customer, Username: "u", Password: options("").Password}); err != nil {
		t.Error(err)
	}
}

// TestRefusedLocally: what could not arrive as it is does not leave.
func TestRefusedLocally(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	defer server.Close()
	c := client(t, server.URL)
	ctx := t.Context()
	export := func(r perbit.ExportRequest) error {
		_, err := c.Export(ctx, sid, r)
		return err
	}
	imports := func(id perbit.SecurityID, object, email string) error {
		_, err := c.Import(ctx, id, perbit.ImportRequest{Object: object, Method: "M", Email: email, Body: text("a\n")})
		return err
	}
	_, noProtocol := c.Protocol(ctx, sid, "")
	noPassword := client(t, server.URL, func(o *perbit.Options) {
		o.Password = func(context.Context) (string, error) { return "", nil }
	})
	_, emptyPassword := noPassword.Login(ctx, perbit.ImportStream)
	noPassword = client(t, server.URL, func(o *perbit.Options) {
		o.Password = func(context.Context) (string, error) { return "", http.ErrNoCookie }
	})
	_, lostPassword := noPassword.Login(ctx, perbit.ImportStream)
	for name, test := range map[string]struct {
		err   error
		class perbit.Class
	}{
		"control character": {imports(sid, "Mit\narbeiter", ""), perbit.ClassInvalid},
		"control in e-mail": {imports(sid, "M", "a@b\x00"), perbit.ClassInvalid},
		"no object":         {imports(sid, "", ""), perbit.ClassInvalid},
		"not utf-8":         {imports(sid, "Pr\xfcfung", ""), perbit.ClassInvalid},
		"long address":      {imports(sid, strings.Repeat("ü", 310), ""), perbit.ClassInvalid},
		"session id":        {imports("nope", "M", ""), perbit.ClassGUID},
		"nil session id":    {imports("00000000-0000-0000-0000-000000000000", "M", ""), perbit.ClassGUID},
		"import id":         {noProtocol, perbit.ClassGUID},
		"nameless variable": {export(perbit.ExportRequest{Object: "O", Method: "M", Variables: map[string]string{"": "x"}}), perbit.ClassInvalid},
		"variable's bytes":  {export(perbit.ExportRequest{Object: "O", Method: "M", Variables: map[string]string{"a": "\xfc"}}), perbit.ClassInvalid},
		"empty password":    {emptyPassword, perbit.ClassConfig},
		"lost password":     {lostPassword, perbit.ClassConfig},
	} {
		if e := failure(t, test.err); e.Class != test.class || e.Certainty != perbit.NotSent {
			t.Errorf("%s: %s, %s: %v", name, e.Class, e.Certainty, e)
		}
	}
	if !errors.Is(lostPassword, http.ErrNoCookie) {
		t.Error(lostPassword)
	}
}

func TestSingleQuotes(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("ExportVariables")
		fmt.Fprint(w, exportOK)
	}))
	defer server.Close()
	_, err := client(t, server.URL).Export(t.Context(), sid, perbit.ExportRequest{
		Object: "O", Method: "M", SingleQuotes: true, Variables: map[string]string{"b": `O'Neil "x" \ ü`, "a": "1\n"},
	})
	if want := `{'a': '1\u000a', 'b': 'O\'Neil "x" \\ \u00fc'}`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}
