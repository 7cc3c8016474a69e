package csvschema

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestMatcherIsTheRegexp draws values over a small alphabet: the table has to say what the regexp says.
func TestMatcherIsTheRegexp(t *testing.T) {
	for pattern, table := range map[string]bool{
		`\d{5}`: true, `[A-Z]{2}-\d{4}`: true, `a|ab|abc`: true, `(?i)aB*`: true, `(a|b)*c?`: true, `^a+$`: true, `.*b`: true, ``: true,
		`a^b`: true, `(?:a$|b)c`: true, `[^a]`: true, `(?s).`: true, `ä?a`: true, `\ba\b`: false, `(?m)^a$`: false, `(a|b)*a(a|b){9}`: false,
	} {
		whole := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
		m := newMatcher(whole)
		if (m.next != nil) != table {
			t.Errorf("%q: table %v, want %v", pattern, m.next != nil, table)
		}
		rapid.Check(t, func(t *rapid.T) {
			v := rapid.StringMatching(`[aAbBcä\n]{0,4}|[0-9]{4,6}|[A-C]{2}-[0-9]{4}|[ab]{12}`).Draw(t, "value")
			if got, want := m.match([]byte(v)), whole.MatchString(v); got != want {
				t.Fatalf("%q against %q: %v, want %v", v, pattern, got, want)
			}
		})
	}
}
