package csvschema

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeHasWords holds the list of codes against the messages: each code has both languages with the same verbs.
func TestEveryCodeHasWords(t *testing.T) {
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`Code = "([a-z0-9_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(listed) != len(words) {
		t.Errorf("%d codes, %d messages", len(listed), len(words))
	}
	verbs := regexp.MustCompile(`%[a-z]`)
	for _, m := range listed {
		p, ok := words[Code(m[1])]
		en, de := verbs.FindAllString(p.English, -1), verbs.FindAllString(strings.ReplaceAll(p.German, "%w", "%s"), -1)
		if !ok || p.English == "" || p.German == "" || strings.Join(en, "") != strings.Join(de, "") {
			t.Errorf("%s: en %q, de %q", m[1], p.English, p.German)
		}
	}
}
