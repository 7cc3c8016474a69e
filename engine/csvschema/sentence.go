package csvschema

import (
	"fmt"
	"strings"
)

// A Phrase is a message in both languages; the verbs of both take the same arguments in the same order. Where an argument is
// a Sentence itself, the German has %w, as everywhere in German (package german), for %s.
type Phrase struct{ English, German string }

// Of is the phrase about its arguments.
func (p Phrase) Of(args ...any) Sentence { return Sentence{p, args} }

// say is the phrase in a language.
func (p Phrase) say(language string, args ...any) string { return p.Of(args...).In(language) }

// A Sentence is what is said about a file, in no language yet: one report goes to programs, which are spoken to in English,
// and to people. It is put into words only where it is shown, so a file with a million faults costs no million texts.
type Sentence struct {
	phrase Phrase
	args   []any // a Sentence and Sentences among them are said in the language of the whole
}

// Verbatim is a sentence that is the same in every language: what the configuration says.
func Verbatim(text string) Sentence { return Sentence{phrase: Phrase{text, text}} }

// Sentences are several in one, with semicolons between them.
type Sentences []Sentence

// In says the sentence in a language: "de", or English.
func (s Sentence) In(language string) string {
	text := s.phrase.English
	if language == "de" {
		text = s.phrase.German
	}
	if len(s.args) == 0 {
		return text
	}
	args := make([]any, len(s.args))
	for i, a := range s.args {
		if part, ok := a.(interface{ In(language string) string }); ok {
			a = part.In(language)
		}
		args[i] = a
	}
	return fmt.Sprintf(strings.ReplaceAll(text, "%w", "%s"), args...)
}

// String is the sentence in English.
func (s Sentence) String() string { return s.In("") }

// MarshalText is the sentence in English, which is what programs read.
func (s Sentence) MarshalText() ([]byte, error) { return []byte(s.In("")), nil }

// IsZero reports whether nothing is said.
func (s Sentence) IsZero() bool { return s.phrase.English == "" }

// In says all of them in a language.
func (all Sentences) In(language string) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.In(language)
	}
	return strings.Join(texts, "; ")
}
