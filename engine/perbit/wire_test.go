package perbit_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine/perbit"
)

func itoa(n int) string { return strconv.Itoa(n) }

// transcript reads one action's request, as the document has it, and answer.
func transcript(t *testing.T, name string) (request, answer string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "wire", "perbit", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	s := strings.ReplaceAll(string(raw), "\r\n", "\n")
	_, s, _ = strings.Cut(s, "-- request --\n")
	request, answer, ok := strings.Cut(s, "-- answer --\n")
	if !ok {
		t.Fatalf("%s: no answer", name)
	}
	return request, answer
}

// onWire is an answer of a transcript as bytes.
func onWire(answer string) string {
	head, body, _ := strings.Cut(answer, "\n\n")
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

// sorted puts the header lines of a request in order and takes the port out.
func sorted(raw []byte, host string) string {
	head, body, _ := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.ReplaceAll(head, "Host: "+host, "Host: HOST"), "\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

func content(r io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	return string(raw), err
}

// TestActions pins the wire of every action to the document: the whole request, the answer and what is made of it.
func TestActions(t *testing.T) {
	const csv = "PersonalNr;Name\n4711;Meier\n"
	full := perbit.Progress{Completed: true, Message: "100%", Value: "100"}
	in := staff(text(csv))
	mailed := in
	mailed.Email = "hr@example.com"
	out := perbit.ExportRequest{
		Object: "Mitarbeiter", Method: "Datenexport Gesamt",
		Variables: map[string]string{"FirmenNr": "04", "Eintrittsdatum": "01.02.2005"},
	}
	quoted := out
	quoted.SingleQuotes = true
	const data = "PersonalNr;Name\n4711;Müller\n"
	const protocol = "Importierte Datensätze: 1\nAbgelehnte Datensätze: 0\n"
	both := func(s perbit.SecurityID, job any, err error) (any, error) {
		return fmt.Sprint(string(s), " ", job), err
	}

	tests := map[string]struct {
		call func(context.Context, *perbit.Client) (any, error)
		want any
	}{
		"import-login": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.Login(ctx, perbit.ImportStream) }, sid},
		"import-start": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.Import(ctx, sid, mailed) }, iid},
		"import-login-start": {func(ctx context.Context, c *perbit.Client) (any, error) {
			s, job, err := c.LoginAndImport(ctx, in)
			return both(s, job, err)
		}, string(sid) + " " + string(iid)},
		"import-wait": {func(ctx context.Context, c *perbit.Client) (any, error) {
			return content(c.ImportAndWait(ctx, sid, in))
		}, protocol},
		"import-progress": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.ImportProgress(ctx, sid, iid) }, full},
		"import-protocol": {func(ctx context.Context, c *perbit.Client) (any, error) { return content(c.Protocol(ctx, sid, iid)) }, protocol},
		"import-cancel":   {func(ctx context.Context, c *perbit.Client) (any, error) { return nil, c.CancelImport(ctx, sid, iid) }, nil},
		"import-logout": {func(ctx context.Context, c *perbit.Client) (any, error) {
			return nil, c.Logout(ctx, perbit.ImportStream, sid)
		}, nil},
		"export-login": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.Login(ctx, perbit.ExportStream) }, sid},
		"export-start": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.Export(ctx, sid, out) }, eid},
		"export-wait": {func(ctx context.Context, c *perbit.Client) (any, error) {
			return content(c.ExportAndWait(ctx, sid, out))
		}, data},
		"export-login-start": {func(ctx context.Context, c *perbit.Client) (any, error) {
			s, job, err := c.LoginAndExport(ctx, quoted)
			return both(s, job, err)
		}, "83389e6c-e35a-4f85-9bdf-801eb96859ea " + string(eid)},
		"export-login-wait": {func(ctx context.Context, c *perbit.Client) (any, error) {
			return content(c.LoginAndExportAndWait(ctx, quoted))
		}, data},
		"export-progress": {func(ctx context.Context, c *perbit.Client) (any, error) { return c.ExportProgress(ctx, sid, eid) }, full},
		"export-cancel":   {func(ctx context.Context, c *perbit.Client) (any, error) { return nil, c.CancelExport(ctx, sid, eid) }, nil},
		"export-result":   {func(ctx context.Context, c *perbit.Client) (any, error) { return content(c.Result(ctx, sid, eid)) }, data},
		"export-logout": {func(ctx context.Context, c *perbit.Client) (any, error) {
			return nil, c.Logout(ctx, perbit.ExportStream, sid)
		}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request, reply := transcript(t, name)
			got := make(chan []byte, 9)
			host := rawServer(t, func(conn net.Conn) {
				raw, _ := takeRequest(conn)
				got <- raw
				_, _ = io.WriteString(conn, onWire(reply))
			})
			value, err := test.call(t.Context(), client(t, "http://"+host+"/webApi/"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(request, sorted(<-got, host)); diff != "" {
				t.Errorf("request (-document +sent):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, value); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("../../testdata/wire/perbit/*.txt")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d transcripts for %d tests (%v)", len(files), len(tests), err)
	}
}

// TestParameters pins where names go.
func TestParameters(t *testing.T) {
	type sent struct{ header, query string }
	tests := map[string]struct {
		rule, method string
		want         sent
		variables    sent
	}{
		"ascii":         {"auto", "Import A & B 100%", sent{header: "Import A & B 100%"}, sent{header: `{"Ort":"K\u00f6ln \ud83d\ude00"}`}},
		"umlaut":        {"auto", "Prüfung + Test", sent{query: "MethodName=Pr%C3%BCfung%20%2B%20Test"}, sent{header: `{"Ort":"K\u00f6ln \ud83d\ude00"}`}},
		"outer blank":   {"auto", " Test", sent{query: "MethodName=%20Test"}, sent{header: `{"Ort":"K\u00f6ln \ud83d\ude00"}`}},
		"header umlaut": {"header", "Prüfung", sent{header: "Prüfung"}, sent{header: `{"Ort":"K\u00f6ln \ud83d\ude00"}`}},
		"url":           {"url", "Test", sent{query: "MethodName=Test"}, sent{query: "ExportVariables=%7B%22Ort%22%3A%22K%5Cu00f6ln%20%5Cud83d%5Cude00%22%7D"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got, variables sent
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got.header, variables.header = r.Header.Get("MethodName"), r.Header.Get("ExportVariables")
				for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
					switch {
					case strings.HasPrefix(part, "MethodName="):
						got.query = part
					case strings.HasPrefix(part, "ExportVariables="):
						variables.query = part
					case strings.Contains(part, string(sid)):
						t.Error("session id in the URL")
					}
				}
				_, _ = io.WriteString(w, exportOK)
			}))
			defer server.Close()
			c := client(t, server.URL, func(o *perbit.Options) { o.Parameters = test.rule })
			_, err := c.Export(t.Context(), sid, perbit.ExportRequest{
				Object: "Mitarbeiter", Method: test.method, Variables: map[string]string{"Ort": "Köln 😀"},
			})
			if err != nil || got != test.want || variables != test.variables {
				t.Errorf("got %+v, %+v, %v", got, variables, err)
			}
		})
	}
}

// TestOneConnection: whatever the answers are, they are read to their end, so that one connection serves them all, in
// HTTP/1.1 even where the server offers more.
func TestOneConnection(t *testing.T) {
	connections := 0
	answers := []string{loginOK, "!Tenant not found!", runsOn, strings.Repeat("Zeile\r\n", 9000), "!Ungültiges Securitytoken!", importOK}
	next := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 || r.ContentLength < 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("%s, length %d, %v, %v", r.Proto, r.ContentLength, r.TransferEncoding, r.Header)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		body, bad := strings.CutPrefix(answers[next], "!")
		next++
		if bad {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, body)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections++
		}
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := client(t, server.URL, func(o *perbit.Options) {
		o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
	})
	ctx := t.Context()
	_, err1 := c.Login(ctx, perbit.ImportStream)
	_, err2 := c.Import(ctx, sid, staff(text("a;b\n")))
	_, err3 := c.ImportProgress(ctx, sid, iid)
	protocol, err4 := content(c.Protocol(ctx, sid, iid))
	err5 := c.CancelImport(ctx, sid, iid)
	_, err6 := c.Import(ctx, sid, staff(text("a;b\n")))
	if err1 != nil || err2 == nil || err3 != nil || err4 != nil || err5 == nil || err6 != nil || protocol != answers[3] {
		t.Error(err1, err2, err3, err4, err5, err6, len(protocol))
	}
	if connections != 1 {
		t.Errorf("%d connections", connections)
	}
}
