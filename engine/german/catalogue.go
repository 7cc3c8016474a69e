package german

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"dropform/engine"
	"dropform/engine/csvschema"
)

//go:embed *.po
var files embed.FS

// A catalogue finds the entries that may have made a text.
type catalogue struct {
	exact  map[string]*entry   // by the English template as it stands in the source
	heads  map[string][]*entry // entries that begin a sentence, by the word that they certainly contain
	tails  map[string][]*entry // entries that go on with a sentence, likewise
	always []*entry            // entries without such a word
	starts map[string][]string // how entries that go on with a sentence begin, each once, by the first bytes
	own    own                 // what templates have that looks like a name
	texts  memory              // German of whole texts
	shapes memory              // German of shapes, "" where a shape is not enough to know it
}

var shared = sync.OnceValue(func() *catalogue {
	c, _ := load() // tests read the same files; a person gets what can be read of them
	return c
})

func newCatalogue() *catalogue {
	return &catalogue{
		exact: map[string]*entry{}, heads: map[string][]*entry{}, tails: map[string][]*entry{}, starts: map[string][]string{}, own: newOwn(),
	}
}

// load reads every file of the catalogue. The catalogue holds all that is not wrong.
func load() (*catalogue, error) {
	c := newCatalogue()
	names, err := files.ReadDir(".")
	for _, name := range names {
		text, failed := files.ReadFile(name.Name())
		err = errors.Join(err, failed, c.read(name.Name(), string(text)))
	}
	for _, words := range []map[string]string{csvschema.Words(), engine.CallWords()} {
		for english, german := range words {
			if c.exact[english] != nil {
				continue // a file knows it better
			}
			err = errors.Join(err, c.add(english, german))
		}
	}
	return c, err
}

// read takes the pairs of one file: msgid and msgstr, each a Go string on one line; # begins a comment.
func (c *catalogue) read(name, text string) (wrong error) {
	english, waiting := "", false
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		key, quoted, _ := strings.Cut(line, " ")
		if line == "" || line[0] == '#' {
			continue
		}
		value, err := strconv.Unquote(quoted)
		switch {
		case err != nil:
			wrong = errors.Join(wrong, fmt.Errorf("%s:%d: %s: %w", name, number, quoted, err))
		case key == "msgid" && !waiting:
			english, waiting = value, true
		case key == "msgstr" && waiting:
			waiting = false
			if err := c.add(english, value); err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s:%d: %w", name, number, err))
			}
		default:
			wrong = errors.Join(wrong, fmt.Errorf("%s:%d: %s is out of place", name, number, key))
		}
	}
	return wrong
}

func (c *catalogue) add(english, german string) error {
	e, err := compile(english, german)
	if err != nil {
		return fmt.Errorf("%q: %w", english, err)
	}
	if before := c.exact[english]; before != nil {
		if !slices.Equal(before.wholeGerman, e.wholeGerman) {
			return fmt.Errorf("%q is there already, with other German", english)
		}
		return nil
	}
	c.exact[english] = e
	c.own.note(e.whole)
	if e.literals == 0 && !e.goesOn || e.literals > 0 && !strings.Contains(strings.TrimSpace(english), " ") {
		return nil // layout, which only Sprintf can know; a single word counts only where it is all of a text
	}
	index := c.heads
	if e.goesOn {
		index = c.tails
		c.begin(e.parts[0].text)
	}
	if e.anchor == "" {
		c.always = append(c.always, e)
	} else {
		index[e.anchor] = append(index[e.anchor], e)
	}
	return nil
}

func (c *catalogue) begin(text string) {
	key := firstOf(text)
	if !slices.Contains(c.starts[key], text) {
		c.starts[key] = append(c.starts[key], text)
	}
}

// firstOf is as much of a text's begin as starts are found by.
func firstOf(text string) string { return text[:min(len(text), 2)] }

// memory keeps the last texts: a plan says the same of thousands of files.
type memory struct {
	mu  sync.Mutex
	all map[string]string
}

const remembered = 1024

func (m *memory) get(text string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	german, ok := m.all[text]
	return german, ok
}

func (m *memory) put(text, german string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= remembered {
		m.all = make(map[string]string, remembered)
	}
	m.all[text] = german
}
