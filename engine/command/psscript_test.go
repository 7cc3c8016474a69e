package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScriptLiterals(t *testing.T) {
	s := &script{values: map[string]scriptValue{"dir": {text: `D:\x`, plain: true}, "made": {}}, used: map[string]bool{}}
	for _, c := range []struct {
		expr, want string
		ok         bool
	}{
		{`'a b'`, "a b", true},
		{`'it''s'  # remark`, "it's", true},
		{`'$dir'`, "$dir", true},
		{`"$dir\a.csv"`, `D:\x\a.csv`, true},
		{`"${DIR}a"`, `D:\xa`, true},
		{"\"a `\"b`\" ``\"", "a \"b\" `", true},
		{`“typed”`, "typed", true},
		{`‘typed’`, "typed", true},
		{`"$made"`, "", false},
		{`"$nobody"`, "", false},
		{`"$(Get-Date)"`, "", false},
		{`'a' + 'b'`, "", false},
		{`'open`, "", false},
		{`Get-Date`, "", false},
		{``, "", false},
		{`'`, "", false},
	} {
		got, ok := s.literal(c.expr)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s is %q, %v; want %q, %v", c.expr, got, ok, c.want, c.ok)
		}
	}
}

func TestScriptEncodings(t *testing.T) {
	const want = "$a = 'Löhne'"
	for name, raw := range map[string]string{
		"utf-8":        want,
		"utf-8 marked": "\ufeff" + want,
		"windows-1252": "$a = 'L\xf6hne'",
		"utf-16":       "\xff\xfe$\x00a\x00 \x00=\x00 \x00'\x00L\x00\xf6\x00h\x00n\x00e\x00'\x00",
	} {
		if got := scriptText([]byte(raw)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestScriptLines(t *testing.T) {
	got := scriptLines("<# one\ntwo #>\n\n# three\na = (1,\n  2)\nb @{x=1;\ny=')'}\ndo {\n c\n}\n<# x #>\nd")
	want := []scriptLine{{5, "a = (1, 2)"}, {7, "b @{x=1; y=')'}"}, {9, "do {"}, {10, "c"}, {11, "}"}, {13, "d"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(scriptLine{})); d != "" {
		t.Error(d)
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Löhne & Gehälter": "loehne_gehaelter", "API-Import-User": "api_import_user", "2024 Daten": "daten", "Ж": "x", "": "x", "a--b_": "a_b",
	} {
		if got := slug(name, "x"); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestFolderOf(t *testing.T) {
	for file, want := range map[string]string{
		"//server/share/a.csv": "//server/share", "D:/a.csv": "D:/", "D:/x/a.csv": "D:/x", "/a.csv": "/", "a.csv": ".", "x/a.csv": "x",
	} {
		if got := folderOf(file); got != want {
			t.Errorf("%q is %q, want %q", file, got, want)
		}
	}
}

func FuzzReadScript(f *testing.F) {
	f.Add("$customerID = '1'\ndo {\n} until ($x)")
	f.Add("Si mportId = (a @{b='c'\n")
	f.Add("$a = \"`")
	f.Fuzz(func(t *testing.T, text string) {
		for name, v := range readScript(scriptText([]byte(text))).values {
			if name == "" || v.line < 1 {
				t.Errorf("%q in line %d", name, v.line)
			}
		}
	})
}
