package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// layer is one row of the architecture's table: what a package may import of ours and of others. Names are paths below
// the module; a third-party name covers the packages below it.
type layer struct {
	own, third []string
}

const (
	aferoFS  = "github.com/spf13/afero"
	cron     = "github.com/adhocore/gronx"
	csvRows  = "github.com/gocarina/gocsv"
	hclLang  = "github.com/hashicorp/hcl/v2"
	hclTypes = "github.com/zclconf/go-cty"
	events   = "github.com/fsnotify/fsnotify"
	sqlite   = "modernc.org/sqlite"
	digest   = "github.com/icholy/digest"
)

// layers is the whole table. A package that it does not list fails the test: a new one needs its row, and its reason.
var layers = map[string]layer{
	"":                 {own: []string{"engine", "engine/command", "engine/diag", "hcl", "watch"}, third: []string{aferoFS}},
	"hcl":              {own: []string{"engine", "engine/diag"}, third: []string{hclLang, hclTypes, aferoFS}},
	"watch":            {third: []string{events, cron, aferoFS}},
	"engine":           {own: []string{"engine/diag", "engine/durable", "engine/csvschema", "engine/failpoint", "engine/ledger", "engine/perbit", "engine/conbox"}, third: []string{aferoFS, csvRows, cron}},
	"engine/command":   {own: []string{"engine", "engine/csvschema", "engine/diag", "engine/durable", "engine/german", "engine/ledger", "engine/sandbox"}, third: []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/fatih/color", "github.com/vbauerster/mpb/v8", "github.com/mattn/go-isatty", aferoFS}},
	"engine/ledger":    {own: []string{"engine/durable", "engine/failpoint"}, third: []string{sqlite}},
	"engine/csvschema": {own: []string{"engine/diag"}, third: []string{csvRows}},
	"engine/perbit":    {own: []string{"engine/wire"}, third: []string{digest}},
	"engine/conbox":    {own: []string{"engine/wire"}, third: []string{digest}},
	"engine/wire":      {},
	"engine/sandbox":   {},
	"engine/diag":      {},
	"engine/german":    {own: []string{"engine", "engine/csvschema"}}, // for the words that have their German beside them
	"engine/durable":   {third: []string{aferoFS}},
	"engine/failpoint": {},
	"engine/faultfs":   {third: []string{aferoFS}}, // for the tests of durable, engine and watch
	"examples":         {},
}

// general may be imported everywhere, forTests by every test beside it.
var (
	general = []string{
		"github.com/cenkalti/backoff/v5", "golang.org/x/time", "github.com/sony/gobreaker/v2",
		"github.com/bmatcuk/doublestar/v4", "github.com/dustin/go-humanize", "github.com/cockroachdb/apd/v3",
		"github.com/lmittmann/tint", "github.com/google/uuid",
		"golang.org/x/sys", "golang.org/x/text", "golang.org/x/term",
	}
	forTests = []string{
		"github.com/rogpeppe/go-internal", "github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak",
	}
)

// onlyIn is the hard core of the table: these modules have one user each, tests within the package included.
var onlyIn = map[string][]string{
	"github.com/hashicorp/hcl": {"hcl"},
	hclTypes:                   {"hcl"},
	events:                     {"watch"},
	"modernc.org":              {"engine/ledger"},
}

type listed struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Module                             struct{ Path string }
}

// packages asks the go command for every package of the module as it is built for one system.
func packages(t *testing.T, goos string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles,Module", "./...")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaints.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// below reports whether path is name or lies under it, for any of the names.
func below(path string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return path == name || strings.HasPrefix(path, name+"/")
	})
}

// local is an import path of the module as the table names it; false for everybody else's.
func local(path, module string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// refuse says why the package at row may not import path, or nothing. Tests of a package may use any of ours (the
// compiler forbids circles) and the test libraries; those of XTestImports are outside it and not asked about.
func refuse(row, path, module string, test bool) string {
	if name, ours := local(path, module); ours {
		if !test && !slices.Contains(layers[row].own, name) {
			return "is not below it"
		}
		return ""
	}
	if host, _, _ := strings.Cut(path, "/"); !strings.Contains(host, ".") {
		return "" // the standard library
	}
	for name, users := range onlyIn {
		if below(path, []string{name}) && !slices.Contains(users, row) {
			return "belongs to " + strings.Join(users, ", ") + " alone"
		}
	}
	if below(path, layers[row].third) || below(path, general) || test && below(path, forTests) {
		return ""
	}
	return "is not in its row"
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		for _, p := range packages(t, goos) {
			row, _ := local(p.ImportPath, p.Module.Path)
			if _, ok := layers[row]; !ok {
				t.Errorf("%s has no row in the table of packages", p.ImportPath)
				continue
			}
			for _, path := range p.Imports {
				if why := refuse(row, path, p.Module.Path, false); why != "" {
					t.Errorf("%s (%s) imports %s, which %s", p.ImportPath, goos, path, why)
				}
			}
			for _, path := range p.TestImports {
				if why := refuse(row, path, p.Module.Path, true); why != "" {
					t.Errorf("the tests of %s (%s) import %s, which %s", p.ImportPath, goos, path, why)
				}
			}
		}
	}
}

// The check itself is checked: a rule that lets everything pass would never be missed.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		row, path     string
		test, refused bool
	}{
		{"engine", "dropform/engine/ledger", false, false},
		{"engine", "dropform/hcl", false, true},
		{"engine/ledger", "dropform/engine", false, true},
		{"engine/perbit", "dropform/engine/sandbox", false, true},
		{"engine/perbit", "dropform/engine/sandbox", true, false},
		{"hcl", "github.com/hashicorp/hcl/v2/hclsyntax", false, false},
		{"engine", "github.com/zclconf/go-cty/cty", false, true},
		{"engine", "github.com/zclconf/go-cty/cty", true, true},
		{"engine/command", "modernc.org/sqlite", false, true},
		{"engine/command", "github.com/fsnotify/fsnotify", true, true},
		{"watch", "github.com/fsnotify/fsnotify", false, false},
		{"watch", "golang.org/x/sys/unix", false, false},
		{"engine/diag", "encoding/json", false, false},
		{"engine/diag", "github.com/google/go-cmp/cmp", true, false},
		{"engine/diag", "github.com/google/go-cmp/cmp", false, true},
		{"engine/diag", "github.com/spf13/afero", false, true},
		{"engine/durable", "github.com/spf13/aferoextra", false, true},
	} {
		if got := refuse(c.row, c.path, "dropform", c.test); (got != "") != c.refused {
			t.Errorf("refuse(%s, %s, test %v) = %q", c.row, c.path, c.test, got)
		}
	}
}

var csvGlobals = regexp.MustCompile(`\bgocsv\.Set[A-Z]`)

// gocsv's Set functions change the whole process: one import's delimiter would become everybody's.
func TestNobodySetsTheGlobalsOfGocsv(t *testing.T) {
	for _, p := range packages(t, "linux") {
		for _, file := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			src, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(src, []byte(csvRows)) && csvGlobals.Match(src) {
				t.Errorf("%s/%s sets a global of gocsv", p.ImportPath, file)
			}
		}
	}
}
