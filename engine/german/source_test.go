package german

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spoken are the packages whose texts people can meet, and the file of the catalogue that takes theirs.
var spoken = map[string]string{
	".": "command.po", "engine/command": "command.po", "hcl": "hcl.po", "engine": "engine.po", "watch": "engine.po",
	"engine/ledger": "ledger.po", "engine/durable": "ledger.po", "engine/perbit": "servers.po", "engine/conbox": "servers.po",
	"engine/csvschema": "csvschema.po", "engine/diag": "command.po", "engine/wire": "servers.po",
}

// silent are the packages whose texts no administrator meets, and why.
var silent = map[string]string{
	"engine/german": "the translation itself", "engine/failpoint": "tests", "engine/faultfs": "tests", "engine/sandbox": "a server for trials, whose answers are the vendor's",
	"examples": "examples and their tests",
}

// A new package belongs to the one or the other.
func TestEveryPackageIsKnown(t *testing.T) {
	for _, top := range []string{"engine", "hcl", "watch", "examples"} {
		err := filepath.WalkDir(filepath.Join("..", "..", top), func(path string, d fs.DirEntry, err error) error {
			dir, _ := filepath.Rel(filepath.Join("..", ".."), filepath.Dir(path))
			dir = filepath.ToSlash(dir)
			if err == nil && strings.HasSuffix(path, ".go") && !strings.Contains(dir, "testdata") && spoken[dir] == "" && silent[dir] == "" {
				t.Errorf("%s is in a package that neither speaks to people nor is silent; say which in source_test.go", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A template is a text of the source in the form in which the catalogue has it: what is put between its pieces is %s.
type template struct {
	text  string
	place string // file:line
	file  string // of the catalogue
	prose bool   // has to have German
}

// templates reads every string of the packages that speak to people.
func templates(t *testing.T) []template {
	t.Helper()
	var all []template
	for dir, file := range spoken {
		names, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s has no source: %v", dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.ToSlash(filepath.Join(dir, filepath.Base(name)))
			for _, found := range textsOf(t, path, string(src)) {
				found.file = file
				found.prose = found.prose && english[path] == ""
				all = append(all, found)
			}
		}
	}
	slices.SortFunc(all, func(a, b template) int { return strings.Compare(a.place, b.place) })
	return all
}

// A reader goes through one file.
type reader struct {
	set   *token.FileSet
	path  string
	quiet int // how deep it is in something that people do not read
	all   []template
}

func textsOf(t *testing.T, path, src string) []template {
	t.Helper()
	r := &reader{set: token.NewFileSet(), path: path}
	file, err := parser.ParseFile(r.set, path, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.node(file)
	return r.all
}

func (r *reader) node(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.StructType: // tags
			return false
		case *ast.CallExpr:
			return r.call(n)
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && slices.Contains(helpFields, key.Name) {
				r.silently(n.Value)
				return false
			}
		case ast.Expr:
			if text, ok := flat(n); ok {
				r.add(n, text, r.quiet == 0 && prose(text))
				r.operands(n)
				return false
			}
		}
		return true
	})
}

func (r *reader) silently(n ast.Node) {
	r.quiet++
	r.node(n)
	r.quiet--
}

// call handles the calls whose strings are something special.
func (r *reader) call(c *ast.CallExpr) bool {
	name := calledName(c.Fun)
	switch {
	case slices.Contains(silentCalls, name), strings.HasSuffix(name, "Var"), strings.HasSuffix(name, "VarP"):
		for _, a := range c.Args {
			r.silently(a)
		}
		r.node(c.Fun)
		return false
	case (name == "plural" || name == "count" || strings.HasSuffix(name, ".count")) && len(c.Args) == 3:
		for _, a := range c.Args[1:] { // a number's word for one and its word for many
			if text, ok := flat(a); ok {
				r.add(a, "%n "+text, true)
			}
		}
		r.node(c.Args[0])
		return false
	case name == "counted" && len(c.Args) == 2: // hcl's, which adds the s
		if text, ok := flat(c.Args[1]); ok {
			r.add(c, "%n "+text, true)
			r.add(c, "%n "+text+"s", true)
		}
		r.node(c.Args[0])
		return false
	}
	return true
}

func calledName(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
		if x, ok := f.X.(*ast.SelectorExpr); ok {
			return x.Sel.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

func (r *reader) add(n ast.Node, text string, prose bool) {
	at := r.set.Position(n.Pos())
	r.all = append(r.all, template{text: text, place: r.path + ":" + strconv.Itoa(at.Line), prose: prose})
}

// flat joins what + joins, with %s for everything that is no literal; false where no literal is in it.
func flat(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.ParenExpr:
		return flat(e.X)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		a, first := flat(e.X)
		b, second := flat(e.Y)
		if !first && !second {
			return "", false
		}
		if !first {
			a = operand(e.X)
		}
		if !second {
			b = operand(e.Y)
		}
		return a + b, true
	}
	return "", false
}

// operand stands for what is no literal: one %s for each part of a sum.
func operand(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return operand(sum.X) + operand(sum.Y)
	}
	return "%s"
}

// operands goes on into what flat made %s of.
func (r *reader) operands(e ast.Expr) {
	switch e := e.(type) {
	case *ast.BasicLit:
	case *ast.ParenExpr:
		r.operands(e.X)
	case *ast.BinaryExpr:
		r.operands(e.X)
		r.operands(e.Y)
	default:
		r.node(e)
	}
}

var (
	word   = regexp.MustCompile(`[A-Za-z]{2}`)
	single = regexp.MustCompile(`^[A-Z][a-z]{3,}(?:\.\.\.)?$`)
	query  = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|ALTER|DROP|WITH|VACUUM|FROM|WHERE|AND|ORDER)\b`)
)

// prose reports whether a text reads like something for people: words with spaces between, or one with a capital.
func prose(text string) bool {
	literal := verbs.ReplaceAllString(text, " ")
	switch {
	case !word.MatchString(literal), query.MatchString(text):
		return false
	case single.MatchString(text):
		return true
	}
	return strings.Contains(strings.TrimSpace(text), " ")
}
