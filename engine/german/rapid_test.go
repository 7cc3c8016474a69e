package german

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever a template is filled with, its German holds the same arguments, byte for byte: names with spaces, quotes that
// are closed, other languages. What is to be translated once more is given something that nothing knows.
func TestArgumentsSurvive(t *testing.T) {
	c := shared()
	var templates []string
	for english, e := range c.exact {
		if e.args > 0 && !e.vague && e.literals > 0 && !has(e.whole, '*') {
			templates = append(templates, english)
		}
	}
	slices.Sort(templates)
	if len(templates) < 500 {
		t.Fatalf("only %d templates have arguments", len(templates))
	}
	plain := rapid.StringMatching(`[A-ZÄÖÜ][0-9ß_/-]{3,9}Q`)
	quoted := rapid.StringMatching(`"[A-Z .,:;()0-9ß]{0,12}"`)
	rapid.Check(t, func(t *rapid.T) {
		english := rapid.SampledFrom(templates).Draw(t, "template")
		e := c.exact[english]
		args := make([]string, e.args)
		for _, p := range e.whole {
			switch p.verb {
			case 0:
			case 'd', 'n':
				args[p.arg] = fmt.Sprint(rapid.IntRange(0, 999).Draw(t, "number"))
			case 'x', 'X':
				args[p.arg] = fmt.Sprintf("%x", rapid.IntRange(0, 999).Draw(t, "number"))
			case 'q':
				args[p.arg] = quoted.Draw(t, "quoted")
			default:
				args[p.arg] = plain.Draw(t, "name")
			}
		}
		said, want := fill(e.whole, args, same), fill(e.wholeGerman, args, same)
		got := c.text(said)
		for _, a := range args {
			if !strings.Contains(got, a) {
				t.Fatalf("%q became %q, without %q", said, got, a)
			}
		}
		if strings.TrimSpace(got) != strings.TrimSpace(want) && !strings.EqualFold(strings.TrimSpace(got), strings.TrimSpace(want)) {
			t.Logf("%q became %q, not %q", said, got, want)
		}
	})
}

// What the shape of a text gives is what the search finds, also for the second text of the shape, which is not searched for.
func TestShapesGiveWhatTheSearchFinds(t *testing.T) {
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var templates []string
	for english, e := range c.exact {
		if e.args > 0 && e.literals > 0 && !has(e.whole, '*') {
			templates = append(templates, english)
		}
	}
	slices.Sort(templates)
	anything := rapid.OneOf(
		rapid.StringMatching(`import\.[a-z]{1,5}\[[a-zä]{1,6} [0-9]{1,3}\.csv\]`), rapid.StringMatching(`[A-Za-z]{1,8}[0-9]{1,2}\.csv`),
		rapid.StringMatching(`2026-[01][0-9]-[0-3][0-9] [0-9]{2}:[0-9]{2}`), rapid.StringMatching(`/[a-z]{1,5}/[a-z]{1,5}`), rapid.StringMatching(`[0-9]{1,6}`),
		rapid.StringMatching(`[0-9]{1,3} (B|kB|rows)`), rapid.StringMatching(`connection\.perbit\.[a-z]{1,5}`), rapid.StringMatching(`[0-9]{1,2},[0-9]{3}`),
		rapid.SampledFrom([]string{"waiting", "a.csv line 2", "csv.send_encoding", "UTF-8", "outcome unknown", "127.0.0.1:80", "(none)", "x"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		english := rapid.SampledFrom(templates).Draw(t, "template")
		e := c.exact[english]
		for range 3 {
			args := make([]string, e.args)
			for _, p := range e.whole {
				switch p.verb {
				case 0:
				case 'd', 'n', 'x', 'X':
					args[p.arg] = fmt.Sprint(rapid.IntRange(0, 9999).Draw(t, "number"))
				case 'q':
					args[p.arg] = fmt.Sprintf("%q", anything.Draw(t, "quoted"))
				default:
					args[p.arg] = anything.Draw(t, "argument")
				}
			}
			said := fill(e.whole, args, same)
			if got, want := c.shaped(said), c.search(said); got != want {
				t.Fatalf("%q became %q, and the search finds %q", said, got, want)
			}
		}
	})
}

func same(text string) string { return text }

// No text makes it panic, and one that holds nothing known comes back as it is.
func TestAnyTextIsAnswered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([A-Z]{2,6}[ .,:;()"]{1,2}){0,12}`).Draw(t, "text")
		if got := Text(text); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
	rapid.Check(t, func(t *rapid.T) { _ = Text(rapid.String().Draw(t, "any")) })
}

// A plan of 10,000 files says much the same of each, with other names.
func BenchmarkText(b *testing.B) {
	c := shared()
	for i := 0; b.Loop(); i++ {
		c.text(fmt.Sprintf("sent 2026-11-21 06:00 as import.staff[march %d.csv], and other files were imported since. Send it again: dropform retry 'import.staff[%d.csv]'; count it as done: dropform adopt 'import.staff[%d.csv]'", i, i, i))
	}
}

func BenchmarkSprintf(b *testing.B) {
	for b.Loop() {
		Sprintf("%s line %d", "march.csv", 12)
	}
}
