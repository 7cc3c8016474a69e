package german

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text says a finished English text in German: a sentence or several, a phrase, the message of an error. What it does not
// know stays as it is.
func Text(english string) string { return shared().text(english) }

// Sprintf is fmt.Sprintf with the template's German, or with the template itself where it has none. The places of both are
// filled alike; %w in the German translates an argument, %n writes 1,000 as 1.000.
func Sprintf(format string, args ...any) string { return shared().sprintf(format, args) }

// Knows reports whether a template has a German of its own.
func Knows(format string) bool { return shared().exact[format] != nil }

func (c *catalogue) sprintf(format string, args []any) string {
	e := c.exact[format]
	if e == nil {
		return fmt.Sprintf(strings.ReplaceAll(format, "%n", "%v"), args...)
	}
	texts := make([]string, e.args)
	for _, p := range e.whole {
		if p.verb != 0 && p.arg < len(args) {
			texts[p.arg] = printed(p, args[p.arg])
		}
	}
	return fill(e.wholeGerman, texts, c.text)
}

func printed(p part, arg any) string {
	switch p.verb {
	case 'n', 'w':
		return fmt.Sprint(arg)
	}
	verb := p.text
	if from, to := strings.IndexByte(verb, '['), strings.IndexByte(verb, ']'); from >= 0 {
		verb = verb[:from] + verb[to+1:]
	}
	return fmt.Sprintf(verb, arg)
}

// fill puts arguments, as texts, into German parts; say translates those that are translated once more.
func fill(german []part, args []string, say func(string) string) string {
	var b strings.Builder
	for _, p := range german {
		switch p.verb {
		case 0:
			b.WriteString(p.text)
		case 'w':
			b.WriteString(say(args[p.arg]))
		case 'n':
			b.WriteString(number(args[p.arg]))
		case 'a':
			b.WriteString(withoutArticle(args[p.arg]))
		case 'l':
			b.WriteString(list(args[p.arg]))
		default:
			b.WriteString(args[p.arg])
		}
	}
	return b.String()
}

// number writes 1,234 as 1.234; a text that is no number stays as it is.
func number(text string) string {
	if !fits('n', text) {
		return text
	}
	return strings.ReplaceAll(text, ",", ".")
}

// list is a list of names with the German word before the last.
func list(text string) string {
	s := scanner{}
	for i := range len(text) {
		if s.outside() {
			if rest, ok := strings.CutPrefix(text[i:], " and "); ok {
				return text[:i] + " und " + rest
			}
			if rest, ok := strings.CutPrefix(text[i:], " or "); ok {
				return text[:i] + " oder " + rest
			}
		}
		s.next(text[i])
	}
	return text
}

// withoutArticle is the name behind "a" or "an".
func withoutArticle(text string) string {
	if article, name, ok := strings.Cut(text, " "); ok && (strings.EqualFold(article, "a") || strings.EqualFold(article, "an")) {
		return name
	}
	return text
}

// longest is how many bytes a text may have: no message is as long, and the work grows faster than the text.
const longest = 4000

func (c *catalogue) text(english string) string {
	if len(english) > longest || letters(english) < 2 {
		return english
	}
	if german, ok := c.texts.get(english); ok {
		return german
	}
	german := c.shaped(english)
	c.texts.put(english, german)
	return german
}

// search finds the German of a text whatever it is.
func (c *catalogue) search(english string) string {
	return (&attempt{c, map[string]understood{}}).best(english).german
}

// An attempt is one text that is being said in German. Its pieces, and theirs, are looked at once each.
type attempt struct {
	*catalogue
	known map[string]understood
}

// understood is a text in German, and how many letters of the English are known.
type understood struct {
	german string
	score  int
}

// best divides a text into pieces that entries made, so that as many letters as possible are theirs.
func (a *attempt) best(english string) understood {
	if u, ok := a.known[english]; ok {
		return u
	}
	u := understood{}
	switch e := a.exact[english]; {
	case e != nil && e.args == 0:
		u = understood{fill(e.wholeGerman, nil, nil), letters(english)}
	case !strings.Contains(english, " "): // every entry has a space
		u.german = english
	default:
		u = a.divided(english)
	}
	a.known[english] = u
	return u
}

func (a *attempt) divided(english string) understood {
	t := a.divide(english)
	if len(t.heads) == 0 && len(t.tails) == 0 {
		return understood{english, 0}
	}
	r := t.sentence(0)
	if r.score == 0 && t.continues(0) { // a piece that its sentence has as an argument
		if going := t.goOn(0); going.ok {
			r = going
		}
	}
	return understood{r.text, r.score}
}

// A division is a text with the places where it may be cut, and the entries that may be in it.
type division struct {
	*attempt
	english      string
	cuts         []cut // in order; the last is the end
	heads, tails []*entry
	begun        map[int]result // best divisions from a cut on, where a sentence begins
	going        map[int]result // likewise, where one goes on
}

// A cut is a place where a piece may end and another begin.
type cut struct {
	at     int
	begins bool // a sentence begins, or a link of a chain of errors
	goesOn bool // an entry that goes on with a sentence may begin
}

// A result is the German of the rest of a text; better is more letters known, then fewer pieces.
type result struct {
	text          string
	score, pieces int
	ok            bool
}

func (r result) better(than result) bool {
	switch {
	case r.ok != than.ok:
		return r.ok
	case r.score != than.score:
		return r.score > than.score
	}
	return r.pieces < than.pieces
}

func (a *attempt) divide(english string) *division {
	t := &division{attempt: a, english: english, begun: map[int]result{}, going: map[int]result{}}
	t.heads = slices.Clone(a.always)
	seen := map[string]bool{}
	for _, w := range splitWords(english) {
		word := strings.ToLower(english[w.from:w.to])
		if !seen[word] {
			seen[word] = true
			t.heads = append(t.heads, a.catalogue.heads[word]...)
			t.tails = append(t.tails, a.catalogue.tails[word]...)
		}
	}
	for _, e := range a.always {
		if e.goesOn {
			t.tails = append(t.tails, e)
		}
	}
	t.heads = slices.DeleteFunc(t.heads, func(e *entry) bool { return e.goesOn })
	s := scanner{}
	for i := range len(english) {
		if i > 0 && s.outside() {
			if c := (cut{i, t.begins(i), t.continues(i)}); c.begins || c.goesOn {
				t.cuts = append(t.cuts, c)
			}
		}
		if !s.next(english[i]) {
			s = scanner{}
		}
	}
	t.cuts = append(t.cuts, cut{len(english), true, false})
	return t
}

// begins reports whether a sentence or a link of a chain may begin at i.
func (t *division) begins(i int) bool {
	if t.english[i] == ' ' || t.english[i] == '\n' {
		return false
	}
	before := t.english[:i]
	switch trimmed := strings.TrimRight(before, " "); {
	case strings.HasSuffix(trimmed, "\n"):
		return true
	case trimmed == before || trimmed == "":
		return false
	default:
		return strings.ContainsRune(".!?:;", rune(trimmed[len(trimmed)-1]))
	}
}

func (t *division) continues(i int) bool {
	rest := t.english[i:]
	return len(t.tails) > 0 && slices.ContainsFunc(t.starts[firstOf(rest)], func(s string) bool { return strings.HasPrefix(rest, s) })
}

// from are the entries of which a text may have been made that begins at i.
func (t *division) from(i int, entries []*entry) []*entry {
	var out []*entry
	for _, e := range entries {
		if first := e.parts[0]; first.verb == 0 {
			if _, ok := cutFirst(t.english[i:], first.text); !ok {
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// sentence is the best German from i on, where a sentence begins.
func (t *division) sentence(i int) result {
	if i >= len(t.english) {
		return result{ok: true}
	}
	if r, ok := t.begun[i]; ok {
		return r
	}
	best, heads := result{}, t.from(i, t.heads)
	for _, c := range t.cuts {
		if c.at <= i {
			continue
		}
		piece, space := t.piece(i, c.at)
		if german, score, ok := t.made(heads, piece); ok {
			best = t.better(best, c, german+space, score)
		}
		if german, ok := t.word(piece); ok && c.goesOn { // a word alone may be anything, with its continuation it is ours
			if rest := t.goOn(c.at); rest.ok {
				r := result{german + space + rest.text, letters(piece) + rest.score, rest.pieces + 1, true}
				if r.better(best) {
					best = r
				}
			}
		}
		if c.begins && (c.at == len(t.english) || t.mayStay(piece)) {
			if rest := t.sentence(c.at); rest.ok {
				r := result{piece + space + rest.text, rest.score, rest.pieces + 1, true}
				if r.better(best) {
					best = r
				}
			}
		}
	}
	t.begun[i] = best
	return best
}

// word is the German of a single word.
func (t *division) word(english string) (string, bool) {
	first, n := utf8.DecodeRuneInString(english)
	if e := t.exact[english]; e != nil && e.args == 0 {
		return fill(e.wholeGerman, nil, nil), true
	}
	if e := t.exact[string(unicode.ToLower(first))+english[n:]]; e != nil && e.args == 0 {
		return capital(fill(e.wholeGerman, nil, nil)), true
	}
	return "", false
}

// goOn is the best German from i on, where a known sentence is gone on with.
func (t *division) goOn(i int) result {
	if r, ok := t.going[i]; ok {
		return r
	}
	best, tails := result{}, t.from(i, t.tails)
	for _, c := range t.cuts {
		if c.at <= i {
			continue
		}
		piece, space := t.piece(i, c.at)
		if german, score, ok := t.made(tails, piece); ok {
			best = t.better(best, c, german+space, score)
		}
	}
	t.going[i] = best
	return best
}

// better is the better of best and a known piece that ends at c with what follows there.
func (t *division) better(best result, c cut, german string, score int) result {
	var follow []result
	if c.begins {
		follow = append(follow, t.sentence(c.at))
	}
	if c.goesOn {
		follow = append(follow, t.goOn(c.at))
	}
	for _, rest := range follow {
		r := result{german + rest.text, score + rest.score, rest.pieces + 1, rest.ok}
		if r.ok && r.better(best) {
			best = r
		}
	}
	return best
}

// piece is the text between two cuts, and the space behind it.
func (t *division) piece(from, to int) (piece, space string) {
	piece = strings.TrimRight(t.english[from:to], " \n")
	return piece, t.english[from+len(piece) : to]
}

// mayStay reports whether a piece may stay English before what follows it: a whole sentence, or the name of something
// before a colon. Half a sentence in each language would be worse than none.
func (t *division) mayStay(piece string) bool {
	if strings.HasSuffix(piece, ":") || strings.HasSuffix(piece, ";") {
		return !words(piece)
	}
	return true
}

// made finds the entry that made a piece, the one with the most letters of its own, and says it in German.
func (t *division) made(entries []*entry, piece string) (german string, score int, ok bool) {
	for _, link := range []bool{false, true} {
		text, end := piece, ""
		if link { // a link of a chain, or a clause, has its sign from whoever put it there
			text = strings.TrimRight(piece, ":;")
			if end = piece[len(text):]; len(end) != 1 {
				break
			}
		} else if cut, ok := strings.CutSuffix(piece, "."); ok && !strings.HasSuffix(piece, "...") {
			text, end = cut, "."
		}
		for _, e := range entries {
			if args, fits := e.match(text); fits {
				if g, s, sure := t.say(e, text, args, end == "."); sure && s > score {
					german, score = g+end, s
				}
			}
		}
		if score > 0 {
			return german, score, true
		}
	}
	return "", 0, false
}

// say is the German of an entry and how many letters of the English are understood. It is not sure where an argument looks
// like a sentence that nothing knows, unless that is the cause at the end of a chain.
func (t *division) say(e *entry, english string, args []string, sentence bool) (german string, score int, sure bool) {
	score = e.literals
	sure = !e.vague || e.args < 2 || !has(e.german, 'w')
	for _, p := range e.german {
		switch {
		case p.verb == 0:
		case p.verb != 'w':
			if e.vague && (words(args[p.arg]) || e.begins && small(args[p.arg])) {
				return "", 0, false
			}
			if e.last(p.arg) && e.cause(p.arg) { // what somebody else said is understood as it is
				score += letters(args[p.arg])
			}
		default:
			s := t.best(args[p.arg]).score
			if s == 0 && words(args[p.arg]) && !e.cause(p.arg) {
				return "", 0, false
			}
			score += s
			sure = sure || s > 0
		}
	}
	if !sure {
		return "", 0, false
	}
	german = fill(e.german, args, func(text string) string { return t.best(text).german })
	large := sentence
	if len(e.parts) > 0 && e.parts[0].verb == 0 {
		first, _ := utf8.DecodeRuneInString(english)
		small, _ := utf8.DecodeRuneInString(e.parts[0].text)
		large = unicode.IsUpper(first) && !unicode.IsUpper(small)
	}
	if large && len(e.german) > 0 && e.german[0].verb == 0 {
		german = capital(german)
	}
	return german, score, true
}

// last reports whether an argument ends the English.
func (e *entry) last(arg int) bool {
	p := e.parts[len(e.parts)-1]
	return p.verb != 0 && p.arg == arg
}

// cause reports whether an argument stands at the end behind a colon, or in brackets there, where the messages of others
// have their place.
func (e *entry) cause(arg int) bool {
	for i, p := range e.parts {
		if p.verb == 0 || p.arg != arg || i == 0 {
			continue
		}
		before := e.parts[i-1].text
		return strings.HasSuffix(before, ": ") || strings.HasSuffix(before, "(")
	}
	return false
}

// words reports whether a text looks like a part of a sentence: two words or more outside quotes and brackets.
func words(text string) bool {
	if strings.HasPrefix(text, "dropform ") { // a command
		return false
	}
	s, n, from := scanner{}, 0, 0
	for i := range len(text) + 1 {
		if i == len(text) || text[i] == ' ' && s.outside() {
			if token := text[from:i]; len(token) > 0 && letters(token) == utf8.RuneCountInString(token) {
				n++
			}
			from = i + 1
		}
		if i < len(text) {
			s.next(text[i])
		}
	}
	return n > 1
}

// small reports whether a text is one word in small letters: behind the begin of a sentence it goes on with that.
func small(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsLower(r) })
}

func capital(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[n:]
}
