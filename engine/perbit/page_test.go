package perbit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A web page or nothing at all in place of a protocol or a result says nothing about the job.
func TestPageInPlaceOfData(t *testing.T) {
	answer := "<!DOCTYPE html><html><head><title>Anmelden</title></head><body>Bitte warten</body></html>"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	c, err := New(Options{URL: server.URL, CustomerID: "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4", Username: "u", Password: func(context.Context) (string, error) { return "p", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const id = "40e66335-3c09-4c70-8af8-7cae5f894e95"
	upload := ImportRequest{Object: "o", Method: "m", Body: Body{Size: 1, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }}}
	calls := map[string]func() (io.ReadCloser, error){
		"import and wait": func() (io.ReadCloser, error) { return c.ImportAndWait(t.Context(), id, upload) },
		"protocol":        func() (io.ReadCloser, error) { return c.Protocol(t.Context(), id, id) },
		"result":          func() (io.ReadCloser, error) { return c.Result(t.Context(), id, id) },
	}
	for name, call := range calls {
		e := (*Error)(nil)
		if _, err := call(); !errors.As(err, &e) || e.Class != ClassConfig || e.Certainty != Unknown {
			t.Errorf("%s with a web page: %v", name, err)
		}
	}
	answer = ""
	e := (*Error)(nil)
	if _, err := calls["import and wait"](); !errors.As(err, &e) || e.Certainty != Unknown {
		t.Errorf("import and wait with an empty answer: %v", err)
	}
}
