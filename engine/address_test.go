package engine_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dropform/engine"
)

func never(engine.Address) bool  { return false }
func always(engine.Address) bool { return true }

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]engine.Address{
		"import.staff":                           {Kind: "import", Name: "staff"},
		"export.payroll":                         {Kind: "export", Name: "payroll"},
		"connection.perbit.hr":                   {Kind: engine.KindConnectionPerbit, Name: "hr"},
		"rule.purchase.orders[101224-01]":        {Kind: "rule.purchase", Name: "orders", Item: "101224-01", HasItem: true},
		"import.staff[march.csv]":                {Kind: "import", Name: "staff", Item: "march.csv", HasItem: true},
		"import.staff['march.csv']":              {Kind: "import", Name: "staff", Item: "march.csv", HasItem: true},
		`import.staff["march.csv"]`:              {Kind: "import", Name: "staff", Item: "march.csv", HasItem: true},
		`import.staff["a].csv"]`:                 {Kind: "import", Name: "staff", Item: "a].csv", HasItem: true},
		`import.staff["a\"b.csv"]`:               {Kind: "import", Name: "staff", Item: `a"b.csv`, HasItem: true},
		"import.staff['a].csv']":                 {Kind: "import", Name: "staff", Item: "a].csv", HasItem: true},
		"import.staff[a[1.csv]":                  {Kind: "import", Name: "staff", Item: "a[1.csv", HasItem: true},
		"import.staff[]":                         {Kind: "import", Name: "staff", HasItem: true},
		"export.payroll[2026-10-25T02:30+02:00]": {Kind: "export", Name: "payroll", Item: "2026-10-25T02:30+02:00", HasItem: true},
	} {
		got, err := engine.ParseAddress(text, never)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	keyed, err := engine.ParseAddress("import.absence[wels]['march.csv']", always)
	if want := (engine.Address{Kind: "import", Name: "absence", Key: "wels", Keyed: true, Item: "march.csv", HasItem: true}); err != nil || keyed != want {
		t.Errorf("%+v %v", keyed, err)
	}
	for _, bad := range []string{
		"", "import", "import.", "imports.staff", "import.staff.x", "connection.hr", "staff[a.csv]", "import.staff[a.csv", "import.staff[a]b",
		"import.staff[a][b]", "import.staff]a[",
	} {
		if a, err := engine.ParseAddress(bad, never); err == nil {
			t.Errorf("%q is taken for %+v", bad, a)
		}
	}
}

// keys are names that files, slots and instances can have.
func keys() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9äÖ ._\-\[\]'"*+:~{}]{0,8}`),
		rapid.StringOf(rapid.RuneFrom([]rune("a]['\"*\t\n\x00 é.\u200b"))),
	)
}

// TestAddressRoundTrip: what is printed is read as the same address, and is a pattern that covers it.
func TestAddressRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := engine.Address{Kind: "import", Name: "x"}
		if a.Keyed = rapid.Bool().Draw(t, "keyed"); a.Keyed {
			a.Key = keys().Draw(t, "key")
		}
		block := a
		if rapid.Bool().Draw(t, "item") {
			a = a.Of(keys().Draw(t, "item name"))
		}
		back, err := engine.ParseAddress(a.String(), func(engine.Address) bool { return a.Keyed })
		if err != nil || back != a {
			t.Fatalf("%s is read as %+v (%v), not %+v", a, back, err, a)
		}
		for _, pattern := range []string{a.String(), block.String(), "import.x", "import.*", "*"} {
			if !engine.MatchAddress(pattern, a) {
				t.Fatalf("%s does not cover %s", pattern, a)
			}
		}
		if engine.MatchAddress("import.xx", a) || engine.MatchAddress("export.x", a) {
			t.Fatalf("another block covers %s", a)
		}
	})
}

func TestAddressIsPrintedShort(t *testing.T) {
	at := engine.Address{Kind: "import", Name: "x"}
	for key, want := range map[string]string{
		"march 2026.csv": "import.x[march 2026.csv]",
		"a[1.csv":        "import.x[a[1.csv]",
		"a].csv":         `import.x["a].csv"]`,
		"a'b":            `import.x["a'b"]`,
		"a*b":            `import.x["a*b"]`,
		"":               `import.x[""]`,
	} {
		if got := at.Of(key).String(); got != want {
			t.Errorf("%q is printed %s, want %s", key, got, want)
		}
	}
}

func TestMatchAddress(t *testing.T) {
	item := engine.Address{Kind: "import", Name: "absence", Key: "wels", Keyed: true}.Of("march.csv")
	star := engine.Address{Kind: "import", Name: "staff"}.Of("a*.csv")
	for _, c := range []struct {
		pattern string
		at      engine.Address
		want    bool
	}{
		{"import.absence", item, true},
		{"import.absence[wels]", item, true},
		{"import.absence['wels']", item, true},
		{`import.absence["wels"]["march.csv"]`, item, true},
		{"import.absence[berlin]", item, false},
		{"import.absence[*][march.csv]", item, true},
		{"import.absence[*", item, true},
		{"import.*.csv]", item, true},
		{"*march*", item, true},
		{"import.absence[w]", item, false},
		{"import.absence[wels][m?rch.csv]", item, false},
		{"import.absence[wels][[m]arch.csv]", item, false},
		{"import.abs", item, false},
		{"import.absence[wels][march.csv][x]", item, false},
		{`import.staff[a\*.csv]`, star, true},
		{`import.staff[a\*.csv]`, engine.Address{Kind: "import", Name: "staff"}.Of("ab.csv"), false},
		{"import.staff[a*.csv]", engine.Address{Kind: "import", Name: "staff"}.Of("ab.csv"), true},
	} {
		if got := engine.MatchAddress(c.pattern, c.at); got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.at, got)
		}
	}
	long := strings.Repeat("*a", 40)
	if engine.MatchAddress(long+"b", engine.Address{Kind: "import", Name: strings.Repeat("a", 5000)}) {
		t.Error("matches")
	}
}
