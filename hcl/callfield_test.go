package hcl_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dropform/engine"
)

type number = json.Number

// fieldOf loads a rule whose document sets one field; more goes into the configuration.
func fieldOf(t *testing.T, kind, block, field, expr, more string) engine.CallField {
	t.Helper()
	c := mustLoad(t, map[string]string{"main.hcl": shop + fmt.Sprintf(`
rule %q "r" {
  connection = connection.conbox.shop
  folder     = "in"
  %s {
    %s = %s
  }
}
`, kind, block, field, expr) + more}, withEnv("KEY=hunter2"))
	r := c.Rules[0]
	return append(r.Document, r.Position...)[0]
}

var scope = engine.CallScope{
	Row: map[string]any{
		"Text": "Wels", "Nr": number("7"), "Menge": number("1234.50"), "Ja": true, "Leer": nil, "Frei": "", "Umlaut": "Weiß", "Tausend": "1.000", "Ganz": "12,5",
		"Lang": number("123456789012345678901234567890123456789012345678901234567890.123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"),
	},
	Rows: []map[string]any{{"Pos": "1", "Menge": number("0.1")}, {"Pos": nil, "Menge": number("0.2")}},
}

func TestFieldValues(t *testing.T) {
	for _, test := range []struct {
		field, expr string
		want        any // nil, string, bool, number, an object; or an error's part
	}{
		{"Subject", `row.Text`, "Wels"},
		{"Subject", `row["Umlaut"]`, "Weiß"},
		{"Subject", `row.Leer`, nil},
		{"Subject", `row.Frei`, ""},
		{"Subject", `row.Leer == null || row.Leer == "" ? null : row.Leer`, nil},
		{"Subject", `try(row.Fehlt, "-")`, "-"},
		{"Subject", `"${length(rows)} Zeilen, zuerst ${rows[0].Pos}, ${join("+", [for r in rows : tostring(r.Menge)])}"`, "2 Zeilen, zuerst 1, 0.1+0.2"},
		{"Subject", `format("%06d", row.Nr)`, "000007"},
		{"Subject", `var.none`, nil},
		{"DocTyp", `2`, number("2")},
		{"DocTyp", `row.Nr`, number("7")},
		{"DocTyp", `row.Menge`, number("1234.5")},
		{"DocTyp", `row.Menge * 3`, number("3703.5")},
		{"DocTyp", `row.Lang`, scope.Row["Lang"]},
		{"Subject", `tostring(sum(rows[*].Menge))`, "0.3"},
		{"DocTyp", `row.Ganz`, "12,5"},
		{"DlvAdr", `{ AdrNam01 = row.Text, AdrNam02 = row.Leer, AdrTit = "" }`, map[string]any{"AdrNam01": "Wels", "AdrTit": ""}},
		{"DlvAdr", `row.Leer`, nil},
		{"DlvAdr", `{ for k in ["AdrReg"] : k => row.Text }`, map[string]any{"AdrReg": "Wels"}},

		{"DocNbr", `row.Nr`, fail("DocNbr is text, not a number: The value is the number 7. A number keeps no leading zero")},
		{"DocNbr", `row.Nr`, fail("leave its type out")},
		{"DocNbr", `row.Ja`, fail("DocNbr is text: The value is a bool")},
		{"Subject", `"Nr. ${row.Leer}"`, fail("x == null ||")},
		{"Subject", `row.Txt`, fail(`the file has no column "Txt". Did you mean "Text"?`)},
		{"Subject", `row.Text.x`, fail("main.hcl:12,23-25")},
		{"DocTyp", `row.Tausend`, "1.000"}, // the engine reads texts by its own rule, as it reads a column
		{"DocTyp", `row.Ja`, fail("DocTyp is a number: The value is a bool")},
		{"DocTyp", `row.Nr / 0 `, fail("main.hcl:12")},
		{"DocTyp", `pow(10, 399 + row.Nr)`, fail("DocTyp is infinite")},
		{"DlvAdr", `row.Text`, fail("DlvAdr is an object")},
		{"DlvAdr", `{ AdrPcd = row.Nr }`, fail("DlvAdr.AdrPcd is text, not a number")},
		{"DlvAdr", `zipmap([row.Text], ["x"])`, fail(`DlvAdr has no "Wels"`)},
	} {
		t.Run(test.field+"="+test.expr, func(t *testing.T) {
			got, err := fieldOf(t, "purchase", "document", test.field, test.expr, "variable \"none\" {\n  default = null\n}\n").Value(scope)
			message, wantsError := test.want.(failure)
			switch {
			case wantsError && (err == nil || !strings.Contains(err.Error(), string(message))):
				t.Errorf("got %#v, %v; want an error with %q", got, err, message)
			case wantsError:
			case err != nil:
				t.Error(err)
			default:
				if d := cmp.Diff(test.want, got); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

type failure string

func fail(text string) failure { return failure(text) }

func TestFieldValuesOfOtherKinds(t *testing.T) {
	ready := fieldOf(t, "ready_status", "document", "ReadyStatus", `row.Ja`, "")
	if got, err := ready.Value(scope); got != true || err != nil {
		t.Errorf("ReadyStatus: %v, %v", got, err)
	}
	text := fieldOf(t, "ready_status", "document", "ReadyStatus", `row.Text`, "")
	if got, err := text.Value(scope); err == nil || !strings.Contains(err.Error(), `type = "boolean"`) {
		t.Errorf("ReadyStatus of a text: %v, %v", got, err)
	}
	minus := fieldOf(t, "purchase", "position", "Amount", `0 - row.Nr`, "")
	if got, err := minus.Value(scope); err == nil || !strings.Contains(err.Error(), "greater than 0") {
		t.Errorf("a negative amount: %v, %v", got, err)
	}
}

// TestFieldScopes asks for what does not exist at the time.
func TestFieldScopes(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": shop + `
rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "in"
  document {
    Subject = rows[0].Betreff
    DocNbr  = row.Beleg
  }
}
rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.orders
  document {
    DocNbr      = order.PosData[1].PosNbr
    DocTyp      = order.DocTyp
    ReadyStatus = order.DlvAdr.AdrLnd == "D" && order.Rest == null
  }
}`})
	subject, document := c.Rules[0].Document[0], c.Rules[0].Document[1]
	for want, got := range map[string]func() (any, error){
		"rows is not known here":      func() (any, error) { return subject.Value(engine.CallScope{Row: map[string]any{"Betreff": "x"}}) },
		"row is not known here":       func() (any, error) { return document.Value(engine.CallScope{}) },
		"order is not known here":     func() (any, error) { return c.Rules[1].Document[0].Value(engine.CallScope{}) },
		`the order has no field "Doc`: func() (any, error) { return c.Rules[1].Document[1].Value(engine.CallScope{Order: map[string]any{}}) },
		"no cell":                     func() (any, error) { return document.Value(engine.CallScope{Row: map[string]any{"Beleg": 7}}) },
		"plain decimal": func() (any, error) {
			return document.Value(engine.CallScope{Row: map[string]any{"Beleg": number("1e9")}})
		},
	} {
		if v, err := got(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want an error with %q", v, err, want)
		}
	}
	order := map[string]any{
		"DocTyp": number("2"), "Rest": nil, "DlvAdr": map[string]any{"AdrLnd": "D"},
		"PosData": []any{map[string]any{"PosNbr": "Pos01"}, map[string]any{"PosNbr": "Pos02", "Amount": number("1")}},
	}
	for i, want := range []any{"Pos02", number("2"), true} {
		if got, err := c.Rules[1].Document[i].Value(engine.CallScope{Order: order}); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", c.Rules[1].Document[i].Name, got, err, want)
		}
	}
}

// TestFieldErrorsShowNothingSensitive: neither of a variable nor of a sensitive column, in a rule's fields and in checks.
func TestFieldErrorsShowNothingSensitive(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": shop + `
variable "token" {
  sensitive = true
  default   = "streng-geheim"
}
rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "in"
  csv {
    columns = "any"
    column "Geheim" {
      sensitive = true
    }
    check "parsed" {
      condition     = parseint(row.Geheim, 10) > 1
      error_message = "x"
    }
    check "shown" {
      condition     = row.Geheim == ""
      error_message = "it is ${row.Geheim}"
    }
  }
  document {
    DocTyp      = row["${"Geheim"}"]
    DocNbr      = tostring(parseint(row["${"Geheim"}"], 10))
    ExtPchNbr   = nonsensitive(parseint("${row.Text}${var.token}", 10)) > 1 ? "a" : "b"
    PurchaseTxt = row.Text == "x1" ? (row["${"Geheim"}"] == "hunter2" ? jsondecode(row["${"Geheim"}"]) : "") : ""
    Subject     = [for r in rows : tostring(parseint(r.Geheim, 10))][0]
    DlvAdr      = { AdrPcd = row["${"Geheim"}"] }
    AdrTit      = [for r in rows : "${r.Text}${var.token}"][0]
  }
}`})
	r := c.Rules[0]
	row := map[string]any{"Geheim": "hunter2", "Text": "x1", "Nr": "abc"}
	s := engine.CallScope{Row: row, Rows: []map[string]any{row}}
	for _, f := range r.Document {
		v, err := f.Value(s)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v, %v", f.Name, v, err)
		}
	}
	row["Geheim"] = number("4711")
	if _, err := fieldNamed(r.Document, "DlvAdr").Value(s); err == nil || strings.Contains(err.Error(), "4711") {
		t.Errorf("a sensitive number where text is due: %v", err)
	}
	for _, check := range r.CSV.Checks {
		ok, message, err := check.Holds(map[string]any{"Geheim": "hunter2"})
		if ok || strings.Contains(fmt.Sprint(message, err), "hunter2") {
			t.Errorf("check %s: %t, %q, %v", check.Name, ok, message, err)
		}
	}
	if ok, _, err := r.CSV.Checks[0].Holds(map[string]any{"Geheim": "12"}); !ok || err != nil {
		t.Errorf("check of a sensitive cell: %t, %v", ok, err)
	}
	if _, _, err := r.CSV.Checks[0].Holds(map[string]any{"Geheim": big.NewInt(1)}); err == nil {
		t.Error("a check takes what is no cell")
	}
}

func fieldNamed(list []engine.CallField, name string) engine.CallField {
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	return engine.CallField{}
}

// TestFieldsFromManyGoroutines is for the race detector.
func TestFieldsFromManyGoroutines(t *testing.T) {
	f := fieldOf(t, "purchase", "document", "Subject", `"${row.Text} ${length(rows)}"`, "")
	bad := fieldOf(t, "purchase", "document", "DocNbr", `row.Nr`, "")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, err := f.Value(scope); got != "Wels 2" || err != nil {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := bad.Value(scope); err == nil {
				t.Error("no error")
			}
		})
	}
	group.Wait()
}
