package perbit_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"dropform/engine/perbit"
)

const stack = "\r\n   bei Perbit.WebApi.ImportStream.ProcessRequest(HttpContext context) in C:\\src\\ImportStream.ashx.cs:Zeile 88.\r\n" +
	"   at System.Web.HttpApplication.ExecuteStep(IExecutionStep step)\r\n"

// disguise is a way in which a message may arrive. data tells whether it is recognised in place of data, too.
type disguise struct {
	name, status, contentType string
	dress                     func(string) string
	data                      bool
}

func latin(s string) string {
	out, err := charmap.Windows1252.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func entities(s string) string {
	var b strings.Builder
	for _, r := range html.EscapeString(s) {
		if r > 127 {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var disguises = []disguise{
	{"plain", "400 Bad Request", "text/plain; charset=utf-8", func(s string) string { return s }, true},
	{"bom and stack", "400 Bad Request", "text/plain", func(s string) string { return "\ufeff" + s + stack }, true},
	{"cp1252 and stack", "500 Internal Server Error", "text/plain", func(s string) string { return latin(s + stack) }, true},
	{"exception name", "400 Bad Request", "text/plain", func(s string) string { return "System.ArgumentException: " + s + stack }, true},
	{"twice encoded", "400 Bad Request", "text/plain", func(s string) string {
		out, _ := charmap.Windows1252.NewDecoder().String(s)
		return out
	}, true},
	{"lost umlauts", "400 Bad Request", "text/plain", func(s string) string {
		return strings.NewReplacer("ü", "?", "ö", "?", "ß", "?").Replace(s)
	}, true},
	{"entities", "503 Service Unavailable", "text/html", entities, true},
	{"html", "500 Internal Server Error", "text/html; charset=utf-8", func(s string) string {
		return "<!DOCTYPE html><html><head><title>Laufzeitfehler</title><style>h1 {color:red}</style></head><body><h1>Serverfehler in der Anwendung</h1>" +
			"<h2><i>" + strings.ReplaceAll(entities(s), "\n", "<br>\r\n") + "</i></h2><pre>" + entities(stack) + "</pre></body></html><!-- [X]: y -->"
	}, false},
	{"json", "400 Bad Request", "application/json", func(s string) string {
		raw, _ := json.Marshal(map[string]string{"Message": s, "StackTrace": stack})
		return string(raw)
	}, true},
	{"json text", "400 Bad Request", "application/json", func(s string) string {
		raw, _ := json.Marshal(s)
		return string(raw)
	}, true},
	{"under another status", "403 Forbidden", "text/plain", func(s string) string { return s }, true},
}

// documented reads the vendor's messages.
func documented(t *testing.T) (rows [][3]string) {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/wire/perbit/messages.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		rows = append(rows, [3]string{f[0], f[1], strings.ReplaceAll(f[2], `\n`, "\r\n")})
	}
	return rows
}

// start sends an import or an export and returns its error.
func start(t *testing.T, c *perbit.Client, stream string) error {
	if stream == "export" {
		_, err := c.Export(t.Context(), sid, perbit.ExportRequest{Object: "Mitarbeiter", Method: "M"})
		return err
	}
	_, err := c.Import(t.Context(), sid, staff(text("a;b\n")))
	return err
}

// read fetches a protocol or a result and returns the error.
func fetch(t *testing.T, c *perbit.Client, stream string) error {
	var err error
	if stream == "export" {
		_, err = content(c.Result(t.Context(), sid, eid))
	} else {
		_, err = content(c.Protocol(t.Context(), sid, iid))
	}
	return err
}

func TestDocumentedMessages(t *testing.T) {
	var reply string
	host := rawServer(t, func(conn net.Conn) {
		for {
			if _, err := takeRequest(conn); err != nil {
				return
			}
			_, _ = io.WriteString(conn, reply)
		}
	})
	c := client(t, "http://"+host)
	for _, row := range documented(t) {
		for _, d := range disguises {
			name := row[0] + " " + strings.Fields(row[2])[0] + " " + row[1] + " " + d.name
			want := perbit.Class(row[1])
			check := func(what string, err error, certainty perbit.Certainty) {
				t.Helper()
				e := failure(t, err)
				if e.Class != want || e.Certainty != certainty || e.Hint == "" || strings.Contains(e.Error(), "ExecuteStep") || strings.ContainsAny(e.Message, "\r\n<") {
					t.Errorf("%s, %s: %s, %s: %v", name, what, e.Class, e.Certainty, e)
				}
				if d.name == "plain" && e.Message != strings.Join(strings.Fields(row[2]), " ") {
					t.Errorf("%s, %s: message %q", name, what, e.Message)
				}
				if want == perbit.ClassTooLarge && e.Limit != 30_000_000 {
					t.Errorf("%s: limit %d", name, e.Limit)
				}
				if d.name == "bom and stack" && !strings.Contains(e.Stack, "ImportStream.ashx.cs:Zeile 88") {
					t.Errorf("%s: stack %q", name, e.Stack)
				}
			}
			certainty := perbit.Refused
			if want == perbit.ClassNotFound {
				certainty = perbit.Unknown // at a start that is no refusal before it
			}
			reply = answer(d.status, d.contentType, d.dress(row[2]))
			check("start", start(t, c, row[0]), certainty)
			if d.data {
				reply = answer("200 OK", d.contentType, d.dress(row[2]))
				if row[0] == "import" {
					certainty = perbit.Unknown // a server that says that all is well may have begun
				}
				check("start 200", start(t, c, row[0]), certainty)
				check("data 200", fetch(t, c, row[0]), perbit.Refused)
			}
		}
	}
}

// TestOtherAnswers has what is not in the vendor's tables, and what only looks as if it were.
func TestOtherAnswers(t *testing.T) {
	const ok, bad = "200 OK", "400 Bad Request"
	signIn := `<!DOCTYPE html><html><body><form action="/sso"><input name="p" type="password"></form></body></html>`
	const hidden = "<html><head><title>Bad Request</title></head><body>\r\nBad Request</body></html>"
	tests := []struct {
		name, stream, status, body string
		class                      perbit.Class
		certainty                  perbit.Certainty
	}{
		{"english null", "import", bad, "Value cannot be null.\r\nParameter name: SecurityId" + stack, perbit.ClassNull, perbit.Refused},
		{"core null", "export", bad, "Value cannot be null. (Parameter 'Eintrittsdatum')", perbit.ClassPlaceholder, perbit.Refused},
		{"german core null", "export", bad, "Der Wert darf nicht NULL sein. (Parameter \"FirmenNr\")", perbit.ClassPlaceholder, perbit.Refused},
		{"someone else's null", "import", "500 X", "Value cannot be null.\r\nParameter name: source", perbit.ClassUnknown, perbit.Unknown},
		{"english guid", "import", bad, "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).", perbit.ClassGUID, perbit.Refused},
		{"english session", "import", bad, "The session was not found or has expired!", perbit.ClassSession, perbit.Refused},
		{"english token", "import", bad, "Invalid security token!", perbit.ClassSession, perbit.Refused},
		{"english method", "import", bad, "Method not found.", perbit.ClassConfig, perbit.Refused},
		{"missing .NET method", "import", "500 X", "Method not found: 'Void A.B()'.", perbit.ClassUnknown, perbit.Unknown},
		{"english login", "import", bad, "Invalid login parameters!", perbit.ClassAuth, perbit.Refused},
		{"english rights", "import", bad, "Permissions are required to perform this action.", perbit.ClassPermission, perbit.Refused},
		{"english size", "import", bad, "Maximum message size exceeded (4 MB)!", perbit.ClassTooLarge, perbit.Refused},
		{"asp.net size", "import", "500 X", "Maximum request length exceeded.", perbit.ClassTooLarge, perbit.Refused},
		{"hidden", "import", bad, "Bad Request", perbit.ClassOpaque, perbit.Refused},
		{"hidden in a page", "import", bad, hidden, perbit.ClassOpaque, perbit.Refused},
		{"hidden under 500", "import", "500 X", "Bad Request", perbit.ClassUnknown, perbit.Unknown},
		{"hidden under 200", "import", ok, "Bad Request", perbit.ClassOpaque, perbit.Unknown},
		{"400 without known text", "import", bad, "Bad Request - Invalid Header", perbit.ClassUnknown, perbit.Unknown},
		{"no answer text", "import", "500 X", "", perbit.ClassUnknown, perbit.Unknown},
		{"401", "import", "401 X", "", perbit.ClassAuth, perbit.Refused},
		{"403", "import", "403 X", "", perbit.ClassPermission, perbit.Refused},
		{"404", "import", "404 X", "", perbit.ClassConfig, perbit.Refused},
		{"404.13", "import", "404 X", "<h2>HTTP Error 404.13 - Not Found</h2>", perbit.ClassTooLarge, perbit.Refused},
		{"413", "import", "413 X", "", perbit.ClassTooLarge, perbit.Refused},
		{"407", "import", "407 X", "", perbit.ClassProxy, perbit.NotSent},
		{"302", "import", "302 X", "", perbit.ClassConfig, perbit.Refused},
		{"307", "import", "307 X", "", perbit.ClassConfig, perbit.Refused},
		{"408", "import", "408 X", "", perbit.ClassTransient, perbit.Unknown},
		{"429", "import", "429 X", "", perbit.ClassTransient, perbit.Unknown},
		{"502", "import", "502 X", "<html><body>nginx</body></html>", perbit.ClassTransient, perbit.Unknown},
		{"503", "import", "503 X", "", perbit.ClassTransient, perbit.Unknown},
		{"504", "import", "504 X", "", perbit.ClassTransient, perbit.Unknown},
		{"405", "import", "405 X", "", perbit.ClassUnknown, perbit.Unknown},
		{"sign-in page", "import", ok, signIn, perbit.ClassConfig, perbit.Unknown},
		{"some page", "import", ok, "<html><body>Wartung</body></html>", perbit.ClassConfig, perbit.Unknown},
		{"empty", "import", ok, "", perbit.ClassUnknown, perbit.Unknown},
		{"no id", "import", ok, `{"ImportId": null}`, perbit.ClassUnknown, perbit.Unknown},
		{"nil id", "import", ok, `{"ImportId": "00000000-0000-0000-0000-000000000000"}`, perbit.ClassUnknown, perbit.Unknown},
		{"message among others", "import", ok, "Zeile 1\nTenant not found!\n", perbit.ClassUnknown, perbit.Unknown},
		{"export", "export", "503 X", "", perbit.ClassTransient, perbit.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var elsewhere int
			host := rawServer(t, func(conn net.Conn) {
				elsewhere++
				_, _ = takeRequest(conn)
				_, _ = io.WriteString(conn, strings.Replace(answer(test.status, "text/plain", test.body), "\r\n", "\r\nLocation: /other\r\nRetry-After: 7\r\n", 1))
			})
			e := failure(t, start(t, client(t, "http://"+host), test.stream))
			if e.Class != test.class || e.Certainty != test.certainty || elsewhere != 1 {
				t.Errorf("%s, %s, %d requests: %v", e.Class, e.Certainty, elsewhere, e)
			}
			if e.Class == perbit.ClassTransient && e.RetryAfter.Seconds() != 7 {
				t.Errorf("retry after %s", e.RetryAfter)
			}
		})
	}
}

// TestDataStaysData: a protocol that quotes a message is handed on byte by byte.
func TestDataStaysData(t *testing.T) {
	for _, data := range []string{
		"",
		"Zeile 4: Methode ist nicht vorhanden.\r\n",
		"Methode ist nicht vorhanden.;17\r\n4711;x\r\n",
		"Tenant not found!\r\n4711;Meier\r\n",
		"\ufeffName\r\nM\xfcller\r\n",
		`Vorlage;<input type="password">;<br>`,
		`"Bad Request";1`,
		strings.Repeat("x", 8<<10),
		strings.Repeat("y", 8<<10+1),
	} {
		host := rawServer(t, func(conn net.Conn) {
			_, _ = takeRequest(conn)
			_, _ = io.WriteString(conn, answer("200 OK", "text/html", data))
		})
		got, err := content(client(t, "http://"+host).Protocol(t.Context(), sid, iid))
		if err != nil || got != data {
			t.Errorf("%.40q: %.40q, %v", data, got, err)
		}
	}
}

// TestAnswerSize: a start's answer is read to a limit, and the header that asks for patience in both of its forms.
func TestAnswerSize(t *testing.T) {
	at := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for reply, check := range map[string]func(*perbit.Error) bool{
		answer("200 OK", "application/json", strings.Repeat(" ", 2<<20)+importOK): func(e *perbit.Error) bool {
			return e.Class == perbit.ClassUnknown && e.Certainty == perbit.Unknown && !e.Transient()
		},
		answer("400 X", "text/plain", "Ung\u00fcltiges Securitytoken!"+strings.Repeat("\r\n   bei X()", 9000)): func(e *perbit.Error) bool {
			return e.Class == perbit.ClassSession && len(e.Stack) <= 8<<10
		},
		"HTTP/1.1 503 X\r\nRetry-After: " + at + "\r\nContent-Length: 0\r\n\r\n": func(e *perbit.Error) bool {
			return e.Transient() && e.RetryAfter > 58*time.Minute && e.RetryAfter <= time.Hour
		},
	} {
		host := rawServer(t, func(conn net.Conn) {
			_, _ = takeRequest(conn)
			_, _ = io.WriteString(conn, reply)
		})
		if e := failure(t, start(t, client(t, "http://"+host), "import")); !check(e) {
			t.Errorf("%.60q: %s, %s, %s: %v", reply, e.Class, e.Certainty, e.RetryAfter, e)
		}
	}
}
