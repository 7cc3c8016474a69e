package german

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A part of a template is literal text, or where verb is set the place of an argument.
type part struct {
	text string // the literal, or the verb as it is written
	verb byte
	arg  int // counted from 0
}

// An entry is an English template and its German, ready to be matched against a sentence.
type entry struct {
	parts    []part // of the English, without layout at its ends and without the final point
	german   []part // likewise
	args     int
	literals int    // letters that the English has beside its arguments
	anchor   string // a word, in lower case, that every text made of it contains; empty for none
	vague    bool   // fits many sentences by chance, as "%s of %s" does
	begins   bool   // with a capital: with a sentence
	goesOn   bool   // begins with a comma, a bracket or a space and a small letter: goes on with a sentence

	whole, wholeGerman []part // with layout and point, for Sprintf
}

// verbs finds the verbs of package fmt, and %n, a number with thousands marked.
var verbs = regexp.MustCompile(`%[-+#0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:\[(\d+)\])?([a-zA-Z%])`)

// split takes a template apart.
func split(template string) (parts []part, args int) {
	literal := ""
	end, next := 0, 0
	for _, m := range verbs.FindAllStringSubmatchIndex(template, -1) {
		literal += template[end:m[0]]
		end = m[1]
		verb := template[m[4]]
		if verb == '%' {
			literal += "%"
			continue
		}
		if literal != "" {
			parts = append(parts, part{text: literal})
			literal = ""
		}
		if m[2] >= 0 {
			next, _ = strconv.Atoi(template[m[2]:m[3]])
			next--
		}
		parts = append(parts, part{text: template[m[0]:m[1]], verb: verb, arg: next})
		next++
		args = max(args, next)
	}
	if literal += template[end:]; literal != "" {
		parts = append(parts, part{text: literal})
	}
	return parts, args
}

func compile(english, german string) (*entry, error) {
	e := &entry{}
	e.whole, e.args = split(english)
	var wanted int
	e.wholeGerman, wanted = split(german)
	if german == "" {
		return nil, errors.New("there is no German")
	}
	if err := sameArguments(e.whole, e.wholeGerman, max(e.args, wanted)); err != nil {
		return nil, err
	}
	e.goesOn = continues(english)
	english, german = withoutNext(english, german)
	e.parts, _ = split(bare(english, e.goesOn))
	e.german, _ = split(bare(german, e.goesOn))
	certain := 0
	for _, p := range e.parts {
		switch p.verb {
		case 0:
			e.literals += letters(p.text)
		case 'd', 'n', 'q', 'x', 'X':
			certain += 4 // as good as four letters
		}
	}
	if first := e.parts[0]; first.verb == 0 {
		r, _ := utf8.DecodeRuneInString(first.text)
		e.begins = unicode.IsUpper(r)
	}
	e.vague = e.literals+certain < 8
	e.anchor = anchorOf(e.parts)
	return e, nil
}

// sameArguments makes sure that no argument is lost or made up.
func sameArguments(english, german []part, n int) error {
	for i := range n {
		if uses(english, i) != uses(german, i) {
			return fmt.Errorf("argument %d is in one of both languages only", i+1)
		}
	}
	return nil
}

func uses(parts []part, arg int) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.verb != 0 && p.arg == arg })
}

func has(parts []part, verb byte) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.verb == verb })
}

// nextSentence finds an argument that is a sentence of its own, or none, behind the last point.
var nextSentence = regexp.MustCompile(`([.?])%[swv]$`)

// withoutNext leaves that sentence to itself: a text is cut before it.
func withoutNext(english, german string) (string, string) {
	if nextSentence.MatchString(english) && nextSentence.MatchString(german) {
		return nextSentence.ReplaceAllString(english, "$1"), nextSentence.ReplaceAllString(german, "$1")
	}
	return english, german
}

// bare is a template without the layout and the final point that its use in a sentence adds or takes away.
func bare(template string, goesOn bool) string {
	template = strings.TrimRight(template, " \n\r\t")
	if !goesOn {
		template = strings.TrimLeft(template, " \n\r\t")
	}
	if strings.HasSuffix(template, "...") {
		return template
	}
	return strings.TrimSuffix(template, ".")
}

// continues reports whether a template is a piece that is put behind a sentence.
func continues(template string) bool {
	switch {
	case template == "":
		return false
	case strings.ContainsRune(".,;:(", rune(template[0])):
		return len(template) > 1
	case template[0] != ' ' || len(template) < 2:
		return false
	}
	return template[1] == '(' || unicode.IsLower(rune(template[1]))
}

func letters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// anchorOf is the longest word that stands alone: beside an argument it might be a part of another.
func anchorOf(parts []part) string {
	best := ""
	for i, p := range parts {
		if p.verb != 0 {
			continue
		}
		words := splitWords(p.text)
		for n, w := range words {
			open := n == 0 && i > 0 && w.from == 0 || n == len(words)-1 && i < len(parts)-1 && w.to == len(p.text)
			if text := p.text[w.from:w.to]; !open && len(text) > len(best) {
				best = strings.ToLower(text)
			}
		}
	}
	return best
}

type span struct{ from, to int }

// splitWords finds the runs of letters.
func splitWords(text string) []span {
	var out []span
	from := -1
	for i, r := range text {
		switch letter := unicode.IsLetter(r); {
		case letter && from < 0:
			from = i
		case !letter && from >= 0:
			out = append(out, span{from, i})
			from = -1
		}
	}
	if from >= 0 {
		out = append(out, span{from, len(text)})
	}
	return out
}
