package hcl_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dropform/engine"
)

// shop is a connection that most tests of rules need.
const shop = `
connection "conbox" "shop" {
  url          = "https://conbox.example.com/service/"
  user_code    = "ERP01"
  user_api_key = secret("env:KEY")
}
`

func TestConboxConnection(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": shop + `
connection "conbox" "all" {
  for_each  = { a = "100/m", b = "7200/h" }
  url       = "http://127.0.0.1:8080/x"
  auth      = "digest"
  username  = "erp"
  password  = secret("env:PW")
  user_code = "ERP02"
  language  = "EN"
  service   = "Conbox"
  timeout   = "5s"
  rate      = each.value
  proxy     = "http://proxy.example.com:3128"
  retry {
    attempts = 2
    first    = "2s"
    longest  = "3s"
  }
  tls {
    ca_file     = "ca.pem"
    client_cert = "c.pem"
    client_key  = "k.pem"
  }
}`}, withEnv("KEY=k1", "PW=p1"))
	d := c.Connections[0]
	if d.Address.Kind != engine.KindConnectionConbox || d.URL != "https://conbox.example.com/service/" || d.Auth != "auto" || d.UserCode != "ERP01" ||
		d.Language != "DE" || d.Service != "CONBOX" || d.Timeout != time.Minute || d.Rate != 5 || d.RetryAttempts != 5 || d.RetryFirst != time.Second ||
		d.RetryLongest != 5*time.Minute || d.Password.IsSet() || d.Username != "" {
		t.Errorf("defaults: %+v", d)
	}
	if key, err := d.UserAPIKey.Reveal(t.Context()); key != "k1" || err != nil {
		t.Errorf("key %q, %v", key, err)
	}
	a, b := c.Connections[1], c.Connections[2]
	if b.Rate != 2 || a.Rate < 1.66 || a.Rate > 1.67 || a.Address.String() != "connection.conbox.all[a]" {
		t.Errorf("rates %v and %v of %s", a.Rate, b.Rate, a.Address)
	}
	if a.Auth != "digest" || a.Username != "erp" || !a.Password.IsSet() || a.UserAPIKey.IsSet() || a.Language != "EN" || a.Service != "Conbox" || a.Timeout != 5*time.Second ||
		a.RetryAttempts != 2 || a.RetryFirst != 2*time.Second || a.RetryLongest != 3*time.Second || a.Proxy != "http://proxy.example.com:3128" ||
		a.CAFile != filepath.Join(workDir, "ca.pem") || a.ClientCert != filepath.Join(workDir, "c.pem") || a.ClientKey != filepath.Join(workDir, "k.pem") {
		t.Errorf("given: %+v", a)
	}
	if i := slices.IndexFunc(d.Attributes, func(a engine.Attribute) bool { return a.Path == "user_api_key" }); i < 0 || d.Attributes[i].Value != `secret("env:KEY")` {
		t.Errorf("definition: %+v", d.Attributes)
	}
}

func TestRuleDefaults(t *testing.T) {
	for kind, approval := range map[engine.RuleKind]string{
		engine.RulePurchase: "manual", engine.RuleDelete: "manual", engine.RuleReadyStatus: "auto", engine.RuleSilentCopy: "auto",
		engine.RuleSaveDocumentAs: "auto", engine.RulePositionData: "auto",
	} {
		c := mustLoad(t, map[string]string{"main.hcl": shop + fmt.Sprintf("rule %q \"r\" {\n  connection = connection.conbox.shop\n  folder = \"in\"\n}\n", kind)})
		r := c.Rules[0]
		if r.Kind != kind || r.Approval != approval || r.OnUnknown != "hold" || r.AllPositions || r.Connection != c.Connections[0] || !r.After.IsZero() ||
			r.Folder != filepath.Join(workDir, "in") || r.Match[0] != "*.csv" || r.MinSize != 1 || r.Poll != 30*time.Second || r.CSV != nil || r.Archive != nil ||
			r.ReadyFile != nil || r.Result.Images != nil || r.Document != nil || r.Position != nil {
			t.Errorf("%s: %+v", kind, r)
		}
		if p, err := r.Result.Path(engine.FileScope{Name: "x.csv"}); p != "x.csv.result.csv" || err != nil {
			t.Errorf("result %q, %v", p, err)
		}
	}
}

// TestRule sets everything and pins what a rule's definition is compared by.
func TestRule(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.hcl": shop + `
rule "purchase" "orders" {
  for_each      = { wels = { land = "A" } }
  connection    = connection.conbox.shop
  folder        = "in/${each.key}"
  match         = ["*.txt"]
  ignore        = ["old*"]
  settle        = "3s"
  min_size      = "10B"
  ready_file    = "${file.name}.done"
  approval      = "auto"
  all_positions = true
  archive {
    folder = "done"
  }
  document {
    FinalCustomerLndCde = each.value.land
    DocTyp              = 2
    DocNbr              = format("%s-%s",
      row.Beleg, each.key)
    Subject             = rows[0].Betreff
  }
  dynamic "position" {
    for_each = ["Pos"]
    content {
      PosNbr = row[position.value]
      Amount = 1.50
    }
  }
  result {
    path   = "res/${file.stem}.csv"
    images = "img"
  }
}
rule "position_data" "read" {
  connection = connection.conbox.shop
  folder     = "read"
  on_unknown = "retry"
}
rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.orders
  depends_on = [rule.position_data.read]
  document {
    ReadyStatus = true
  }
}`})
	r := c.Rules[0]
	if r.Approval != "auto" || !r.AllPositions || r.Settle != 3*time.Second || r.MinSize != 10 || r.Ignore[0] != "old*" || r.Folder != filepath.Join(workDir, "in", "wels") {
		t.Errorf("rule: %+v", r)
	}
	file := engine.FileScope{Name: "a.txt"}
	for want, text := range map[string]engine.FileText{"a.txt.done": r.ReadyFile, "res/a.csv": r.Result.Path, filepath.Join(workDir, "img"): r.Result.Images, filepath.Join(workDir, "done"): r.Archive.Folder} {
		if got, err := text(file); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if got := fieldNames(r.Document) + "; " + fieldNames(r.Position); got != "FinalCustomerLndCde DocTyp DocNbr Subject; PosNbr Amount" {
		t.Errorf("fields: %s", got)
	}
	var attributes []string
	for _, a := range r.Attributes {
		attributes = append(attributes, a.Path+" = "+a.Value)
	}
	want := []string{
		`all_positions = true`,
		`approval = "auto"`,
		`archive.folder = "done"`,
		`connection = connection.conbox.shop`,
		`document.DocNbr = format("%s-%s", row.Beleg, each.key) with each.key = "wels"`,
		`document.DocTyp = 2`,
		`document.FinalCustomerLndCde = "A"`,
		`document.Subject = rows[0].Betreff`,
		`folder = "in/wels"`,
		`ignore = ["old*"]`,
		`match = ["*.txt"]`,
		`min_size = "10B"`,
		`position.Amount = 1.5`,
		`position.PosNbr = row[position.value]`,
		`position.for_each = ["Pos"]`,
		`ready_file = "${file.name}.done"`,
		`result.images = "img"`,
		`result.path = "res/${file.stem}.csv"`,
		`settle = "3s"`,
	}
	if d := cmp.Diff(want, attributes); d != "" {
		t.Error(d)
	}
	if c.Rules[1].OnUnknown != "retry" {
		t.Errorf("on_unknown %q", c.Rules[1].OnUnknown)
	}
	release := c.Rules[2]
	if release.After.String() != "rule.purchase.orders" || release.Folder != "" ||
		fmt.Sprint(release.DependsOn) != "[rule.position_data.read rule.purchase.orders]" {
		t.Errorf("after: %s, depends on %v", release.After, release.DependsOn)
	}
}

func fieldNames(list []engine.CallField) string {
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// TestRuleInJSON checks fields in the other syntax.
func TestRuleInJSON(t *testing.T) {
	c := mustLoad(t, map[string]string{"a.hcl": shop, "b.hcl.json": `{"rule": {"purchase": {"orders": {
  "connection": "${connection.conbox.shop}", "folder": "in",
  "document": {"DocTyp": 2, "DocNbr": "${row.Beleg}", "FinalCustomerLndCde": "D", "DlvAdr": {"AdrNam01": "${row.Name}"}},
  "dynamic": {"position": {"for_each": ["Pos"], "content": {"PosNbr": "${row[position.value]}"}}}
}}}}`})
	scope := engine.CallScope{Row: map[string]any{"Beleg": "000007", "Name": "Mustermann", "Pos": "Pos01"}}
	want := map[string]any{
		"DocTyp": number("2"), "DocNbr": "000007", "FinalCustomerLndCde": "D", "DlvAdr": map[string]any{"AdrNam01": "Mustermann"}, "PosNbr": "Pos01",
	}
	got := map[string]any{}
	for _, f := range append(c.Rules[0].Document, c.Rules[0].Position...) {
		v, err := f.Value(scope)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = v
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if i := slices.IndexFunc(c.Rules[0].Attributes, func(a engine.Attribute) bool { return a.Path == "position.for_each" }); i < 0 {
		t.Errorf("definition: %+v", c.Rules[0].Attributes)
	}
}

// TestRuleWithUnknownValues is validate where the environment lacks a value: no mistake, and nothing to go by.
func TestRuleWithUnknownValues(t *testing.T) {
	rule := shop + "rule \"purchase\" \"r\" {\n  connection = connection.conbox.shop\n  folder = \"in\"\n  document {\n    DocNbr = %s\n  }\n}\n"
	if c, diags := load(t, map[string]string{"main.hcl": fmt.Sprintf(rule, `env("NUMBER")`)}, validating); c != nil || len(diags) > 0 {
		t.Errorf("config %v, diagnostics:\n%s", c, show(diags))
	}
	if c, diags := load(t, map[string]string{"main.hcl": fmt.Sprintf(rule, `row.Nr`)}, validating); c == nil || len(diags) > 0 {
		t.Errorf("config %v, diagnostics:\n%s", c, show(diags))
	}
}

// TestEarlierResultsAreNotTaken: what is kept of an earlier result bears a time before its ending.
func TestEarlierResultsAreNotTaken(t *testing.T) {
	mustLoad(t, map[string]string{"main.hcl": shop + `
rule "delete" "r" {
  connection = connection.conbox.shop
  folder     = "in"
  result {
    path = "${file.name}.result.${formatdate("YYYY", file.time)}.csv"
  }
}`})
}
