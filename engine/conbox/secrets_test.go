package conbox_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dropform/engine/conbox"
)

// TestErrorsHoldNoSecret: servers that quote our request in every way, at the probe and at the write.
func TestErrorsHoldNoSecret(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	secrets := []string{password, strings.ToUpper(password), apiKey, userCode, basic}
	quotes := []string{
		`UserCode=` + userCode + `; UserAPIKey: ` + apiKey + `; Passwort ` + password + ` (` + strings.ToUpper(password) + `), ` + basic,
		refusal(`Benutzer ` + userCode + ` mit Schlüssel ` + apiKey + ` unbekannt, ` + password + " " + basic),
		`{"UserCode":"` + userCode + `","UserAPIKey":"` + apiKey + `","Authorization":"Basic ` + basic + `"}`,
		"<html><pre>Authorization: Basic " + basic + "\n" + userCode + " " + apiKey + " " + password + "</pre></html>",
		"",
	}
	for _, quote := range quotes {
		for _, status := range []int{200, 400, 401, 403, 500} {
			for _, atWrite := range []bool{false, true} {
				s := serve(t, func(w http.ResponseWriter, r *http.Request, body string) {
					if atWrite == (body != "") {
						w.WriteHeader(status)
						_, _ = io.WriteString(w, quote)
					}
				})
				c := client(t, s.URL, auth("basic"), func(cfg *conbox.Config) { cfg.RetryAttempts = 1 })
				a, err1 := c.Do(t.Context(), order, conbox.Hooks{})
				_, err2 := c.Read(t.Context(), seat)
				_, err3 := c.Do(t.Context(), order, conbox.Hooks{})
				for _, err := range []error{err1, err2, err3} {
					if err != nil {
						checkShown(t, failure(t, err), a, secrets)
					}
				}
				if err1 == nil {
					t.Errorf("%d %q is a success", status, quote)
				}
			}
		}
	}
}

func checkShown(t *testing.T, e *conbox.Error, a *conbox.Answer, secrets []string) {
	t.Helper()
	shown := fmt.Sprintf("%v %s %s %v", e, e.Message, e.Hint, e.Err)
	if a != nil {
		shown += a.ErrorMessage
	}
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown: %s", secret, shown)
		}
	}
	if n := len([]rune(e.Message)); n > 300 {
		t.Errorf("message of %d characters", n)
	}
}

// TestNoSecretToBeHad: a secret that cannot be read, or is empty, ends the call here.
func TestNoSecretToBeHad(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request, string) {})
	gone := errors.New("no such file")
	fails := func(context.Context) (string, error) { return "", gone }
	tests := map[string]struct {
		change func(*conbox.Config)
		text   string
		cause  error
	}{
		"password":       {func(c *conbox.Config) { c.Password = fails }, "password cannot be read", gone},
		"empty password": {func(c *conbox.Config) { c.Password = fixed("") }, "password is empty", nil},
		"key":            {func(c *conbox.Config) { c.UserAPIKey = fails }, "user_api_key cannot be read", gone},
		"empty key":      {func(c *conbox.Config) { c.UserAPIKey = fixed("") }, "user_api_key is empty", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, s.URL, auth("basic"), test.change).Do(t.Context(), order, conbox.Hooks{})
			e := failure(t, err)
			if e.Class != conbox.ClassConfig || e.Certainty != conbox.NotSent || !strings.Contains(err.Error(), test.text) || test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
		})
	}
	if s.shape() != "" {
		t.Errorf("the server saw %s", s.shape())
	}
}

// TestEnvelope: what surrounds ServiceData, with and without a key.
func TestEnvelope(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = io.WriteString(w, position) })
	c := client(t, s.URL, func(cfg *conbox.Config) {
		cfg.UserAPIKey, cfg.Language, cfg.Service, cfg.UserCode = nil, "EN", "Conbox", `Ö"<1>`
	})
	if _, err := c.Read(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	want := `{"Service":"Conbox","Language":"EN","UserCode":"Ö\"<1>","ServiceData":{"Action":"GetPositionData","DocTyp":2,"DocNbr":"000007","PosNbr":"Pos01"}}`
	if got := s.seen()[0].body; got != want {
		t.Error(got)
	}
}

func TestNew(t *testing.T) {
	tests := map[string]struct {
		change func(*conbox.Config)
		want   string
	}{
		"no address":      {func(c *conbox.Config) { c.URL = "conbox.example.com" }, "url"},
		"password in url": {func(c *conbox.Config) { c.URL = "https://u:geheim@x/" }, "url"},
		"fragment":        {func(c *conbox.Config) { c.URL = "https://x/#a" }, "url"},
		"auth":            {func(c *conbox.Config) { c.Auth = "ntlm" }, "auth"},
		"no user":         {func(c *conbox.Config) { c.Auth, c.Username = "basic", "" }, "user name"},
		"no password":     {func(c *conbox.Config) { c.Auth, c.Password = "auto", nil }, "password"},
		"colon":           {func(c *conbox.Config) { c.Username = "a:b" }, "user name"},
		"control":         {func(c *conbox.Config) { c.Username = "a\r\nX: y" }, "user name"},
		"no user code":    {func(c *conbox.Config) { c.UserCode = " " }, "user code"},
		"control in it":   {func(c *conbox.Config) { c.UserCode = "a\x00" }, "user code"},
		"agent":           {func(c *conbox.Config) { c.UserAgent = "a\nb" }, "user agent"},
		"rate":            {func(c *conbox.Config) { c.Rate = -1 }, "rate"},
		"retry":           {func(c *conbox.Config) { c.RetryFirst = 2 * c.RetryLongest }, "retry"},
	}
	for name, test := range tests {
		cfg := config("https://conbox.example.com/service")
		test.change(&cfg)
		_, err := conbox.New(cfg)
		if err == nil || !strings.HasPrefix(err.Error(), "conbox "+test.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorReadsWell(t *testing.T) {
	status, body := 200, refusal(`Beleg \"101224-01\" ist gesperrt.`)
	s := serve(t, func(w http.ResponseWriter, r *http.Request, sent string) {
		if sent != "" {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	})
	c := client(t, s.URL)
	_, err1 := c.Do(t.Context(), order, conbox.Hooks{})
	status, body = 503, ""
	_, err2 := c.Do(t.Context(), order, conbox.Hooks{})
	status, body = 401, ""
	_, err3 := c.Do(t.Context(), order, conbox.Hooks{})
	status, body = 200, refusal("")
	_, err4 := c.Do(t.Context(), order, conbox.Hooks{})
	for _, test := range []struct {
		err  error
		want string
	}{
		{err1, `conbox Purchase: the server says "Beleg "101224-01" ist gesperrt." (refused)`},
		{err2, "conbox Purchase: the server answered HTTP 503 Service Unavailable (it is unknown whether it was carried out)"},
		{err3, `conbox Purchase: the server answered HTTP 401 Unauthorized (not sent); the server asks for authentication only when there is a body; set auth to "basic"`},
		{err4, "conbox Purchase: the server refused without a reason (refused)"},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("%v\nwant %s", test.err, test.want)
		}
	}
}
