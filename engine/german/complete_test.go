package german

import (
	"fmt"
	"strings"
	"testing"
)

// What a person can read has German, and what has German is still said.
func TestEveryTemplateHasItsGerman(t *testing.T) {
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	source := templates(t)
	missing, known := map[string]bool{}, 0
	for _, f := range source {
		switch {
		case !f.prose || kept[f.text] != "" || unread.MatchString(f.text) || missing[f.text]:
		case c.exact[f.text] != nil:
			known++
		default:
			missing[f.text] = true
			t.Errorf("%s says something that has no German. Add to engine/german/%s, with %%w for what is to be translated as well:\nmsgid %q\nmsgstr \"\"", f.place, f.file, f.text)
		}
	}
	if known < 1500 {
		t.Errorf("only %d templates were found; the test does not see the source", known)
	}
	t.Logf("%d templates in %d places have German", len(c.exact), known)
}

// German for what nobody says any more would never be missed, and misleads who looks for a text.
func TestEveryGermanIsStillSaid(t *testing.T) {
	said := map[string]bool{}
	for _, f := range templates(t) {
		said[f.text] = true
		said[strings.ReplaceAll(f.text, "_", " ")] = true // states and kinds of events are shown so
	}
	for _, file := range spokenFiles() {
		c := newCatalogue()
		text, err := files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.read(file, string(text)); err != nil {
			t.Fatal(err)
		}
		for english := range c.exact {
			if !said[english] {
				t.Errorf("engine/german/%s has German for %q, which nothing says any more; take it out, or correct it to what is said now", file, english)
			}
		}
	}
}

// spokenFiles are the files of the catalogue whose English is in the source; that of foreign.po is in libraries.
func spokenFiles() []string {
	var out []string
	names, _ := files.ReadDir(".")
	for _, n := range names {
		if n.Name() != "foreign.po" {
			out = append(out, n.Name())
		}
	}
	return out
}

// The reader of the source sees every form in which the code says something; were it blind, the tests above would pass.
func TestTheReaderSeesWhatIsSaid(t *testing.T) {
	found := map[string]bool{}
	for _, f := range textsOf(t, "sample.go", sample) {
		if f.prose {
			found[f.text] = true
		}
	}
	want := []string{
		"read %s: %w", "no such file", "The file is gone", "Bring %s back.", "%n step waits", "%n steps wait", "Failed",
		"%s is written to %s now%s", "in a table", "; and more", "inside an operand",
	}
	for _, text := range want {
		if !found[text] {
			t.Errorf("%q is not seen", text)
		}
		delete(found, text)
	}
	for text := range found {
		t.Errorf("%q is nothing for people", text)
	}
}

var sample = strings.ReplaceAll(`package sample

import "some/path with space"

type row struct {
	Name string 'json:"not for people"'
}

var table = map[string]string{"key": "in a table"}

var pattern = regexp.MustCompile("a pattern of words")

func say(name, target string, n int) error {
	log.Warn("a line of the log")
	flags.BoolVar(&x, "all", false, "what a flag does")
	cmd := &cobra.Command{Use: "say [options]", Long: "What help says."}
	if name == "" {
		return errors.New("no such file")
	}
	d := diag.Diagnostic{Code: "gone", Summary: "The file is gone", Detail: fmt.Sprintf("Bring %s back.", name)}
	text := name + " is written to " + target + " now" + other("inside an operand")
	text += "; and more"
	out.printf("%s\n", count(n, "step waits", "steps wait"))
	state = "Failed"
	db.Query("SELECT a FROM b")
	return fmt.Errorf("read %s: %w", name, err)
}
`, "'", "`")

// Every German text has the verbs that its arguments can be put into.
func TestVerbsOfTheGerman(t *testing.T) {
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for english, e := range c.exact {
		for _, p := range e.wholeGerman {
			if p.verb != 0 && !strings.ContainsRune("sdqvwnalxX", rune(p.verb)) {
				t.Errorf("%q: German cannot have %s", english, p.text)
			}
			if strings.Contains(p.text, "  ") && p.verb == 0 && !strings.Contains(english, "  ") {
				t.Errorf("%q: two spaces in German", english)
			}
		}
		if got, want := fmt.Sprint(layout(e.whole)), fmt.Sprint(layout(e.wholeGerman)); got != want {
			t.Errorf("%q: the German begins and ends with %s, the English with %s", english, want, got)
		}
	}
}

// layout is the space at both ends of a template, and whether it ends a sentence.
func layout(parts []part) []string {
	first, last := parts[0].text, parts[len(parts)-1].text
	end := last[len(strings.TrimRight(last, " \n")):]
	if parts[len(parts)-1].verb != 0 {
		end = ""
	}
	begin := first[:len(first)-len(strings.TrimLeft(first, " \n\r"))]
	return []string{fmt.Sprintf("%q", begin), fmt.Sprintf("%q", end)}
}
