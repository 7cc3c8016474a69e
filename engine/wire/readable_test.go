package wire_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"dropform/engine/wire"
)

// Whatever the case in which a server repeats a secret, each place of it is taken out and nothing else.
func TestHide(t *testing.T) {
	letters := rapid.StringOf(rapid.RuneFrom([]rune("kKſsSaßé-\u212a")))
	rapid.Check(t, func(t *rapid.T) {
		secret := letters.Draw(t, "secret")
		text := letters.Draw(t, "before") + secret + letters.Draw(t, "after")
		want := text
		if secret != "" {
			want = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(secret)).ReplaceAllLiteralString(text, "[removed]")
		}
		if got := wire.Hide(text, secret); got != want {
			t.Errorf("Hide(%q, %q) = %q, want %q", text, secret, got, want)
		}
	})
}
