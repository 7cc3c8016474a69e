package hcl

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/afero"

	"dropform/engine"
)

// TestReferenceSaysEverything holds the specs that decode and the words of the reference equal.
func TestReferenceSaysEverything(t *testing.T) {
	used := map[string]bool{}
	var visit func(path string, spec *blockSpec)
	visit = func(path string, spec *blockSpec) {
		for _, a := range spec.attrs {
			w, key := findWords(path, a.name)
			used[key] = true
			switch {
			case isField(a.kind):
			case key == "":
				t.Errorf("nothing is said about %s.%s", path, a.name)
			case len(a.values) > 0 && w.literal == "":
				t.Errorf("%s.%s takes one of several values and has no default", path, a.name)
			case a.required && w.literal != "":
				t.Errorf("%s.%s is required and has a default", path, a.name)
			}
			if kindWords[a.kind] == "" {
				t.Errorf("%s.%s is of a kind without a name", path, a.name)
			}
		}
		for _, inner := range spec.blocks {
			if !ownChapter[inner.name] {
				visit(path+"."+inner.name, inner)
			}
		}
	}
	titles := map[string]bool{}
	for _, c := range chapters() {
		titles[c.title] = true
		visit(c.title, c.spec)
	}
	for key := range referenceWords {
		if !used[key] {
			t.Errorf("%s is explained, and no attribute has these words", key)
		}
	}
	for title := range chapterWords {
		if !titles[title] {
			t.Errorf("%s is no chapter", title)
		}
	}
	for _, head := range rootSpec.Blocks {
		if !titles[head.Type] && !strings.Contains(strings.Join(sortedKeys(titles), ","), head.Type+" ") && head.Type != "locals" {
			t.Errorf("the block %s has no chapter", head.Type)
		}
	}
	for _, a := range variableSchema.Attributes {
		if variableSpec.body(); variableSpec.byName[a.Name] == nil {
			t.Errorf("variable.%s is not in the reference", a.Name)
		}
	}
}

func TestReferenceIsStable(t *testing.T) {
	text := Reference()
	if text != Reference() {
		t.Error("two readings differ")
	}
	for _, want := range []string{
		"\n## import\n\n`import \"NAME\" { … }`: a drop folder",
		"\n| `folder`* | path |  | the drop folder; sub-folders are not looked into |\n",
		"\n| `on_error` | text | `\"skip\"` | one of `skip`, `stop`; `stop`: a file",
		"\n### export: target\n\n`target { … }`, at most once.\n",
		"\n| `path`* | path |  | where the result goes; cannot leave the folder it starts in; may use `run` |\n",
		"\n### csv: column\n\n`column \"NAME\" { … }`, any number of times.\n",
		"\n| `DocNbr` | text |  | CONBOX's field of this name; may use `order`, `row` |\n",
		"\n- `env(name, default...)`\n", "\n- `month_start(", "\n- `secret(source)`\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the reference lacks %q", want)
		}
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 5 {
			t.Errorf("line %d is no row of four cells: %s", i+1, line)
		}
	}
}

// TestReferenceDefaults writes every default that the reference gives into a configuration: nothing changes by that.
func TestReferenceDefaults(t *testing.T) {
	plain, full := defaultsConfig(t, false), defaultsConfig(t, true)
	opts := cmp.Options{
		cmpopts.IgnoreTypes(engine.Secret{}, engine.Declared{}),
		cmpopts.IgnoreUnexported(engine.Config{}), // what it looks up blocks by
		cmpopts.IgnoreFields(engine.Config{}, "Files", "Inputs"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type().Kind() == reflect.Func }, cmp.Ignore()),
		cmp.Comparer(func(a, b *regexp.Regexp) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	}
	if d := cmp.Diff(plain, full, opts); d != "" {
		t.Errorf("a default of the reference is not what holds without it (-without +with):\n%s", d)
	}
}

func defaultsConfig(t *testing.T, write bool) *engine.Config {
	t.Helper()
	fs := afero.NewMemMapFs()
	var b strings.Builder
	emit := func(title, head string, given ...string) {
		spec := map[string]*blockSpec{}
		for _, c := range chapters() {
			spec[c.title] = c.spec
		}
		fmt.Fprintf(&b, "%s {\n%s\n", head, strings.Join(given, "\n"))
		writeDefaults(&b, title, spec[title], write)
		b.WriteString("}\n")
	}
	emit("dropform", "dropform", `timezone = "UTC"`, `language = "en"`, `ledger "sqlite" {}`)
	emit("connection perbit", `connection "perbit" "hr"`, `customer_id = "40e66335-3c09-4c70-8af8-7cae5f894e95"`, `username = "u"`, `password = secret("env:P")`)
	emit("connection conbox", `connection "conbox" "shop"`, `url = "https://conbox.example.com/service"`, `user_code = "ERP01"`)
	emit("import", `import "staff"`, `connection = connection.perbit.hr`, `folder = "in"`, `object = "o"`, `method = "m"`)
	emit("export", `export "pay"`, `connection = connection.perbit.hr`, `object = "o"`, `method = "m"`)
	emit("rule purchase", `rule "purchase" "orders"`, `connection = connection.conbox.shop`, `folder = "orders"`, `document { FinalCustomerLndCde = "D" }`)
	emit("rule ready_status", `rule "ready_status" "free"`, `connection = connection.conbox.shop`, `folder = "free"`)
	if err := afero.WriteFile(fs, "/p/main.hcl", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, diags := Load(Request{Fs: fs, Dir: "/p", Now: time.Now})
	if cfg == nil {
		t.Fatalf("%v\n%s", diags, b.String())
	}
	return cfg
}

// writeDefaults fills a block, and those inside it that may be written without a label, with the defaults.
func writeDefaults(b *strings.Builder, path string, spec *blockSpec, write bool) {
	for _, a := range spec.attrs {
		w, _ := findWords(path, a.name)
		if path == "csv.column" && a.name == "type" || path == "rule ready_status" && a.name == "all_positions" {
			continue // given already, or not for this kind
		}
		if write && w.literal != "" && w.literal[0] != '(' {
			fmt.Fprintf(b, "%s = %s\n", a.name, w.literal)
		}
	}
	for _, inner := range spec.blocks {
		extra, child := "", path+"."+inner.name
		switch inner.name {
		case "precondition", "tls", "document", "position", "archive", "ledger", "fixed", "in_file", "key", "check":
			continue
		case "csv":
			if child = "csv"; strings.HasPrefix(path, "rule") {
				continue // its columns would have to be the fields
			}
		case "schedule":
			extra = `every = "1h"`
		case "target":
			extra = "path = \"out.csv\"\nencoding = \"utf-8\""
		case "column":
			extra = `type = "decimal"`
		}
		label := ""
		if len(inner.labels) > 0 {
			label = ` "A"`
		}
		fmt.Fprintf(b, "%s%s {\n%s\n", inner.name, label, extra)
		writeDefaults(b, child, inner, write)
		b.WriteString("}\n")
	}
}
