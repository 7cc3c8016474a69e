package engine

import (
	"fmt"
	"path"
	"runtime"
	"strconv"
	"strings"
	"unicode"
)

// Kind is the part of an address before the name: "import", "export", "connection.perbit", "rule.purchase" and so on.
type Kind string

// The kinds of block that have an address (LANGUAGE.md, Blocks). A rule's kind is KindRule, a dot and the kind it has.
const (
	KindConnectionPerbit Kind = "connection.perbit"
	KindConnectionConbox Kind = "connection.conbox"
	KindImport           Kind = "import"
	KindExport           Kind = "export"
	KindRule             Kind = "rule"
)

// An Address names a block, one instance of it under for_each, or one piece of work beneath it. It is comparable.
type Address struct {
	Kind    Kind
	Name    string
	Key     string // the instance under for_each
	Keyed   bool   // whether Key counts
	Item    string // a file's base name, an export's slot
	HasItem bool   // whether Item counts
}

// IsRule reports whether the address is one of a rule or of a call that it makes.
func (a Address) IsRule() bool { return strings.HasPrefix(string(a.Kind), string(KindRule)+".") }

// Block is the address without its item: the block instance that the work belongs to.
func (a Address) Block() Address {
	a.Item, a.HasItem = "", false
	return a
}

// Of is the address of one piece of work beneath the block instance.
func (a Address) Of(item string) Address {
	a.Item, a.HasItem = item, true
	return a
}

// Base is the address without instance and item, as depends_on and moved write it.
func (a Address) Base() Address { return Address{Kind: a.Kind, Name: a.Name} }

// IsZero reports whether the address names nothing.
func (a Address) IsZero() bool { return a == Address{} }

// String prints the address in its shortest unambiguous spelling: import.absence[wels][march.csv].
func (a Address) String() string {
	var b strings.Builder
	b.WriteString(string(a.Kind))
	b.WriteByte('.')
	b.WriteString(a.Name)
	if a.Keyed {
		writeBracket(&b, a.Key)
	}
	if a.HasItem {
		writeBracket(&b, a.Item)
	}
	return b.String()
}

func writeBracket(b *strings.Builder, key string) {
	odd := func(r rune) bool { return r == ']' || r == '"' || r == '\'' || r == '*' || unicode.IsControl(r) }
	b.WriteByte('[')
	if key == "" || strings.ContainsFunc(key, odd) {
		b.WriteString(strconv.Quote(key))
	} else {
		b.WriteString(key)
	}
	b.WriteByte(']')
}

// ParseAddress reads an address with at most two brackets. Whether a single bracket is an instance or an item depends
// on the block's for_each, which the text does not tell: keyed answers that for a base address.
// It accepts [x], ['x'] and ["x"] (Windows PowerShell drops inner double quotes).
func ParseAddress(text string, keyed func(base Address) bool) (Address, error) {
	base, brackets, err := splitAddress(text)
	if err != nil {
		return Address{}, err
	}
	if keyed(base) && len(brackets) > 0 {
		base.Key, base.Keyed = brackets[0], true
		brackets = brackets[1:]
	}
	if len(brackets) > 0 {
		base.Item, base.HasItem = brackets[0], true
		brackets = brackets[1:]
	}
	if len(brackets) > 0 {
		return Address{}, fmt.Errorf("the address %q has a bracket too many", text)
	}
	return base, nil
}

func splitAddress(text string) (Address, []string, error) {
	head, rest := text, ""
	if i := strings.IndexByte(text, '['); i >= 0 {
		head, rest = text[:i], text[i:]
	}
	parts := strings.Split(head, ".")
	var a Address
	switch {
	case len(parts) == 2 && (parts[0] == string(KindImport) || parts[0] == string(KindExport)):
		a = Address{Kind: Kind(parts[0]), Name: parts[1]}
	case len(parts) == 3 && (parts[0] == "connection" || parts[0] == string(KindRule)):
		a = Address{Kind: Kind(parts[0] + "." + parts[1]), Name: parts[2]}
	default:
		return a, nil, fmt.Errorf("%q is not an address; addresses look like import.staff, import.staff[march.csv] or connection.perbit.hr", text)
	}
	if a.Name == "" {
		return a, nil, fmt.Errorf("the address %q has no name", text)
	}
	brackets, err := splitBrackets(rest)
	if err != nil {
		return a, nil, fmt.Errorf("the address %q: %w", text, err)
	}
	return a, brackets, nil
}

func splitBrackets(rest string) ([]string, error) {
	var out []string
	for rest != "" {
		if rest[0] != '[' {
			return nil, fmt.Errorf("%q stands where a bracket or the end should be", rest)
		}
		inner, after, err := oneBracket(rest[1:])
		if err != nil {
			return nil, err
		}
		out = append(out, inner)
		rest = after
	}
	return out, nil
}

func oneBracket(s string) (inner, after string, err error) {
	if s != "" && s[0] == '"' {
		if quoted, qerr := strconv.QuotedPrefix(s); qerr == nil && strings.HasPrefix(s[len(quoted):], "]") {
			inner, err = strconv.Unquote(quoted)
			return inner, s[len(quoted)+1:], err
		}
	}
	if s != "" && s[0] == '\'' {
		if i := strings.Index(s[1:], "']"); i >= 0 {
			return s[1 : 1+i], s[1+i+2:], nil
		}
	}
	i := strings.IndexByte(s, ']')
	if i < 0 {
		return "", "", fmt.Errorf("a bracket is not closed")
	}
	return s[:i], s[i+1:], nil
}

// MatchAddress reports whether a pattern as users give it to flags covers an address: a block's address stands for all
// its instances and work, * is any run of characters (slashes, dots and brackets included), brackets are literal and
// \* is a literal star. Quotes inside brackets do not count.
func MatchAddress(pattern string, a Address) bool {
	for {
		if pattern == a.String() || matchStars(plainBrackets(pattern), plainSpelling(a)) || matchStars(pattern, a.String()) {
			return true
		}
		switch {
		case a.HasItem:
			a = a.Block()
		case a.Keyed:
			a = a.Base()
		default:
			return false
		}
	}
}

// plainSpelling is the address with no quotes in its brackets, the spelling that patterns are compared with.
func plainSpelling(a Address) string {
	s := string(a.Kind) + "." + a.Name
	if a.Keyed {
		s += "[" + a.Key + "]"
	}
	if a.HasItem {
		s += "[" + a.Item + "]"
	}
	return s
}

func plainBrackets(pattern string) string {
	if !strings.ContainsAny(pattern, `"'`) {
		return pattern
	}
	return bracketQuotes.Replace(pattern)
}

var bracketQuotes = strings.NewReplacer(`["`, `[`, `"]`, `]`, `['`, `[`, `']`, `]`)

// matchStars is an iterative match of * over any run of characters, with \* standing for a star itself.
func matchStars(pattern, s string) bool {
	type token struct {
		star bool
		c    byte
	}
	var tokens []token
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern) && pattern[i+1] == '*':
			i++
			tokens = append(tokens, token{c: '*'})
		case pattern[i] == '*':
			tokens = append(tokens, token{star: true})
		default:
			tokens = append(tokens, token{c: pattern[i]})
		}
	}
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(tokens) && tokens[p].star:
			star, mark, p = p, i, p+1
		case p < len(tokens) && tokens[p].c == s[i]:
			p, i = p+1, i+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(tokens) && tokens[p].star {
		p++
	}
	return p == len(tokens)
}

// Stem and extension of a base name, as `file.stem` and `file.ext` give them: "march.csv" is "march" and ".csv".
func splitName(name string) (stem, ext string) {
	ext = path.Ext(name)
	return strings.TrimSuffix(name, ext), ext
}

// inQuotes is an address as it stands between single quotes on a command line: a quote in it would end them.
func inQuotes(a Address) string {
	if runtime.GOOS == "windows" { // PowerShell
		return strings.ReplaceAll(a.String(), "'", "''")
	}
	return strings.ReplaceAll(a.String(), "'", `'\''`)
}
