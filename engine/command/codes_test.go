package command

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var codeSpelling = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// sourceCodes finds every code that the module's source can put into a message, by area: literals of fields, variables
// and parameters that are called code, and constants of the types Code and Class.
func sourceCodes(t *testing.T) map[string]map[string]bool {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]map[string]bool{}
	for _, area := range areas {
		found[area.name] = map[string]bool{}
	}
	packages := map[string][]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if d.Name() == "jsonexamples.go" {
			return nil // quotes codes of all areas and gives none out
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		dir, _ := filepath.Rel(root, filepath.Dir(path))
		packages[filepath.ToSlash(dir)] = append(packages[filepath.ToSlash(dir)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, files := range packages {
		s := codeScan{dir: dir, found: found, positions: map[string]int{}}
		for _, f := range files {
			ast.Inspect(f, s.declarations)
		}
		for _, f := range files {
			ast.Inspect(f, s.uses)
		}
	}
	return found
}

type codeScan struct {
	dir       string
	found     map[string]map[string]bool
	positions map[string]int // of the parameter code, by the function's name
}

func (s *codeScan) add(e ast.Expr, typed string) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil || !codeSpelling.MatchString(text) {
		return
	}
	area := map[string]string{"hcl": areaConfiguration, "engine/csvschema": areaFile, "engine/perbit": areaPerbit, "engine/conbox": areaConbox}[s.dir]
	switch {
	case s.dir == "engine" && typed == "Code":
		area = areaRule
	case area == "":
		area = areaRun
	}
	s.found[area][text] = true
}

func isCode(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "code" || e.Name == "Code"
	case *ast.SelectorExpr:
		return isCode(e.Sel)
	}
	return false
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// declarations notes which functions take a code.
func (s *codeScan) declarations(n ast.Node) bool {
	note := func(name string, t *ast.FuncType) {
		at := 0
		for _, field := range t.Params.List {
			for _, p := range field.Names {
				if isCode(p) {
					s.positions[name] = at
				}
				at++
			}
			if len(field.Names) == 0 {
				at++
			}
		}
	}
	switch n := n.(type) {
	case *ast.FuncDecl:
		note(n.Name.Name, n.Type)
	case *ast.AssignStmt:
		for i, e := range n.Rhs {
			if f, ok := e.(*ast.FuncLit); ok {
				if name, ok := n.Lhs[i].(*ast.Ident); ok {
					note(name.Name, f.Type)
				}
			}
		}
	}
	return true
}

func (s *codeScan) uses(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if isCode(n.Key) {
			s.add(n.Value, "")
		}
	case *ast.AssignStmt:
		for i, e := range n.Lhs {
			if isCode(e) && i < len(n.Rhs) {
				s.add(n.Rhs[i], "")
			}
		}
	case *ast.ValueSpec:
		if n.Names[0].Name == "summaryCodes" {
			for _, row := range n.Values[0].(*ast.CompositeLit).Elts {
				s.add(row.(*ast.CompositeLit).Elts[1], "")
			}
		}
		if name := typeName(n.Type); name == "Code" || name == "Class" {
			for _, e := range n.Values {
				s.add(e, name)
			}
		}
	case *ast.FuncDecl:
		if n.Name.Name == "codeFor" {
			ast.Inspect(n, s.returned)
		}
	case *ast.CallExpr:
		if at, ok := s.positions[typeName(n.Fun)]; ok && at < len(n.Args) {
			s.add(n.Args[at], "")
		}
	}
	return true
}

// returned looks at what a function gives back.
func (s *codeScan) returned(n ast.Node) bool {
	if r, ok := n.(*ast.ReturnStmt); ok {
		s.add(r.Results[0], "")
	}
	return true
}

// listedCodes is every code that explain knows, by area. Those of the configuration are read from the source of their
// package, which the commands do not import.
func listedCodes(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	for _, a := range areas {
		out[a.name] = map[string]bool{}
		for code, e := range a.codes {
			out[a.name][code] = true
			for _, text := range []string{e.what, e.next} {
				if text == "" || !strings.HasSuffix(text, ".") {
					t.Errorf("%s: %q is no sentence", code, text)
				}
			}
		}
	}
	for code := range configurationTable(t) {
		out[areaConfiguration][code] = true
		if !strings.HasSuffix(configurationNext[code], ".") {
			t.Errorf("%s: nothing says what to do", code)
		}
	}
	for code := range configurationNext {
		if !out[areaConfiguration][code] {
			t.Errorf("%s is no code of the configuration", code)
		}
	}
	return out
}

// configurationTable is hcl.Codes, as its source says it.
func configurationTable(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "hcl", "codes.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "Codes" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			pair := e.(*ast.KeyValueExpr)
			code, _ := strconv.Unquote(pair.Key.(*ast.BasicLit).Value)
			out[code], _ = strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
		}
		return false
	})
	if len(out) == 0 {
		t.Fatal("hcl/codes.go has no table Codes")
	}
	return out
}

// TestEveryCodeIsExplained holds the source and the explanations equal, in both directions.
func TestEveryCodeIsExplained(t *testing.T) {
	found, listed := sourceCodes(t), listedCodes(t)
	for _, a := range areas {
		for _, code := range slices.Sorted(maps.Keys(found[a.name])) {
			if !listed[a.name][code] {
				t.Errorf("%s: %s has no explanation", a.name, code)
			}
		}
		for _, code := range slices.Sorted(maps.Keys(listed[a.name])) {
			if !found[a.name][code] {
				t.Errorf("%s: nothing gives out %s, which is explained", a.name, code)
			}
		}
	}
}
