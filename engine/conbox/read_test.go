package conbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dropform/engine/conbox"
)

func refusal(text string) string {
	return `{"Success":false,"ErrorMessage":"` + text + `","ServiceReturnData":null}`
}

// TestSpelling: which name of the action is sent, in a first and a second read, by what the server knows.
func TestSpelling(t *testing.T) {
	const right, wrong, unknown = "GetPositionData", "GetPostionData", "Unbekannte Action: "
	tests := map[string]struct {
		right, wrong  string // the server's answer to each name; empty: it works
		status        int    // of refusals
		first, second string // names sent
		class         conbox.Class
		unknown       bool
	}{
		"both known":          {first: right, second: right},
		"right one only":      {wrong: unknown + wrong, first: right, second: right},
		"wrong one only":      {right: unknown + right, first: right + " " + wrong, second: wrong},
		"in strange words":    {right: "Fehler 17", first: right + " " + wrong, second: wrong},
		"as 400":              {right: unknown + right, status: 400, first: right + " " + wrong, second: wrong},
		"as 500":              {right: unknown + right, status: 500, first: right + " " + wrong, second: wrong},
		"neither":             {right: unknown + right, wrong: unknown + wrong, first: right + " " + wrong, second: right + " " + wrong, class: conbox.ClassRefused, unknown: true},
		"refused, one known":  {right: "Position nicht gefunden", wrong: unknown + wrong, first: right + " " + wrong, second: right, class: conbox.ClassRefused},
		"refused, other":      {right: unknown + right, wrong: "Position nicht gefunden", first: right + " " + wrong, second: wrong, class: conbox.ClassRefused},
		"refused, both":       {right: "Position nicht gefunden", wrong: "Position nicht gefunden", first: right + " " + wrong, second: right + " " + wrong, class: conbox.ClassRefused},
		"400 of another kind": {right: "Falsches Format", status: 400, first: right, second: right, class: conbox.ClassUnreadable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request, body string) {
				switch said := map[string]string{right: test.right, wrong: test.wrong}[action(body)]; {
				case said == "":
					_, _ = io.WriteString(w, position)
				default:
					if test.status != 0 {
						w.WriteHeader(test.status)
					}
					_, _ = io.WriteString(w, refusal(said))
				}
			})
			c := client(t, s.URL)
			for n, want := range []string{test.first, test.second} {
				before := len(s.seen())
				a, err := c.Read(t.Context(), seat)
				var names []string
				for _, r := range s.seen()[before:] {
					names = append(names, action(r.body))
				}
				if got := strings.Join(names, " "); got != want {
					t.Errorf("read %d sent %s, want %s", n+1, got, want)
				}
				if test.class == "" {
					if err != nil || a.Data.ListPrice != "345.0" || a.Data.PositionGuid != guid {
						t.Errorf("%+v, %v", a, err)
					}
					continue
				}
				if e := failure(t, err); e.Class != test.class || errors.Is(err, conbox.ErrUnknownAction) != test.unknown {
					t.Errorf("%s: %v", e.Class, err)
				}
			}
		})
	}
}

// TestOddKey: the misspelt action has the GUID under its odd key too, the other one never.
func TestOddKey(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, body string) {
		var e struct{ ServiceData map[string]any }
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Error(err)
		}
		if odd, ok := e.ServiceData["GetPostionData"]; ok && odd == e.ServiceData["PositionGuid"] && odd == guid && e.ServiceData["Action"] == "GetPostionData" {
			_, _ = io.WriteString(w, position)
			return
		}
		_, _ = io.WriteString(w, refusal("Unknown action"))
	})
	c := client(t, s.URL)
	if _, err := c.Read(t.Context(), conbox.GetPositionData{PositionGuid: guid, DocTyp: new(2)}); err != nil {
		t.Error(err)
	}
	_, err := c.Read(t.Context(), seat)
	if !errors.Is(err, conbox.ErrUnknownAction) || strings.Contains(s.seen()[2].body, `"GetPostionData":`) {
		t.Errorf("%v\n%s", err, s.seen()[2].body)
	}
}

// TestReadAgain: what is tried again, how often, and what is not.
func TestReadAgain(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		retry   string
		fails   int // how often, before it works
		sent    int
		class   conbox.Class // empty: it works in the end
		atLeast time.Duration
	}{
		"503 twice":      {503, "", "", 2, 3, "", 0},
		"429":            {429, "", "1", 1, 2, "", time.Second},
		"500":            {500, "Fehler", "", 1, 2, "", 0},
		"504 for good":   {504, "", "", 99, 4, conbox.ClassBusy, 0},
		"asks for hours": {503, "", "7200", 99, 1, conbox.ClassBusy, 0},
		"400":            {400, "", "", 99, 1, conbox.ClassUnreadable, 0},
		"404":            {404, "", "", 99, 1, conbox.ClassConfig, 0},
		"302":            {302, "", "", 99, 1, conbox.ClassConfig, 0},
		"html":           {200, "<html><p>hallo</p></html>", "", 99, 1, conbox.ClassUnreadable, 0},
		"no data":        {200, `{"Success":true}`, "", 99, 1, conbox.ClassUnreadable, 0},
		"damaged":        {200, `{"Success":true,"ServiceReturnData":{"FCoPrc":1 2}}`, "", 99, 1, conbox.ClassUnreadable, 0},
		"login page":     {200, `<form><input type="password"></form><p>x</p>`, "", 99, 1, conbox.ClassConfig, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				if int(n.Add(1)) > test.fails {
					_, _ = io.WriteString(w, position)
					return
				}
				w.Header().Set("Retry-After", test.retry)
				w.Header().Set("Location", "/")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			start := time.Now()
			a, err := client(t, s.URL, func(cfg *conbox.Config) { cfg.RetryAttempts, cfg.RetryLongest = 4, 2*time.Second }).Read(t.Context(), seat)
			if int(n.Load()) != test.sent || time.Since(start) < test.atLeast {
				t.Errorf("sent %d times in %s", n.Load(), time.Since(start))
			}
			if test.class == "" {
				if err != nil || a.Data.FCoPrc != "1234.560" {
					t.Errorf("%+v, %v", a, err)
				}
				return
			}
			if e := failure(t, err); e.Class != test.class {
				t.Errorf("%s: %v", e.Class, err)
			}
		})
	}
}

// TestReadEnds: a context that ends while a read waits to be tried again.
func TestReadEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	})
	_, err := client(t, s.URL, func(cfg *conbox.Config) { cfg.RetryFirst, cfg.RetryLongest = time.Hour, time.Hour }).Read(ctx, seat)
	if err == nil || len(s.seen()) != 1 {
		t.Errorf("%d requests: %v", len(s.seen()), err)
	}
}

// TestRate: calls are spaced evenly, and a write with its probe is one call.
func TestRate(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = io.WriteString(w, bought) })
	c := client(t, s.URL, func(cfg *conbox.Config) { cfg.Rate = 20 })
	start := time.Now()
	for range 3 {
		if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 95*time.Millisecond || took > 5*time.Second {
		t.Errorf("3 calls at 20 a second took %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, order, conbox.Hooks{})
	if e := failure(t, err); e.Class != conbox.ClassCanceled || e.Certainty != conbox.NotSent || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
	}
}

// TestURLsAreNotFetched: an address in an answer stays text.
func TestURLsAreNotFetched(t *testing.T) {
	var fetched atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request, string) { fetched.Add(1) })
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		_, _ = io.WriteString(w, `{"Success":true,"ServiceReturnData":{"Action":"GetPositionData","PosImgURL":"`+other.URL+`/x.png"}}`)
	})
	a, err := client(t, s.URL).Read(t.Context(), seat)
	if err != nil || a.Data.PosImgURL != other.URL+"/x.png" || fetched.Load() != 0 {
		t.Errorf("%+v, %v, fetched %d times", a, err, fetched.Load())
	}
}
