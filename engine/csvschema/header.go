package csvschema

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// fitHeader compares the names of the file with the columns declared. It answers every difference, none
// when the header fits; where no column is declared, any header does.
func (p *plan) fitHeader(names []string) Sentences {
	if len(p.declared) == 0 {
		return nil
	}
	var missing, unexpected, twice []string
	var where []int
	var faults Sentences
	for _, c := range p.declared {
		switch n := count(names, c.Name); {
		case n == 0 && !c.Optional && p.ColumnsMode != "any":
			missing = append(missing, c.Name)
		case n > 1:
			twice = append(twice, c.Name)
		}
	}
	for i, name := range names {
		if p.ColumnsMode == "exact" && !p.declares(name) {
			unexpected, where = append(unexpected, name), append(where, i+1)
		}
	}
	for _, name := range slices.Clone(missing) {
		for _, other := range names {
			if composed := norm.NFC.String(other); !p.declares(other) && strings.EqualFold(strings.TrimSpace(composed), strings.TrimSpace(name)) {
				if composed == name && other != composed { // to the eye they are the same
					faults = append(faults, phraseDecomposed.Of(quoted(name)))
				} else {
					faults = append(faults, phraseAlmost.Of(quoted(name), quoted(other)))
				}
				missing = without(missing, name)
				if at := slices.Index(unexpected, other); at >= 0 {
					unexpected, where = slices.Delete(unexpected, at, at+1), slices.Delete(where, at, at+1)
				}
			}
		}
	}
	if len(missing) > 0 {
		faults = append(faults, phraseMissing.Of(quotedList(missing)))
	}
	switch {
	case len(unexpected) == 0:
	case p.secret:
		faults = append(faults, phraseConcealed.Of(nounField.of(int64(len(where))), places(where)))
	default:
		faults = append(faults, phraseUnexpected.Of(quotedList(unexpected)))
	}
	if len(twice) > 0 {
		faults = append(faults, phraseTwice.Of(quotedList(twice)))
	}
	if len(faults) == 0 && p.ColumnsMode == "exact" {
		faults = append(faults, p.outOfOrder(names)...)
	}
	if len(names) == 1 && len(p.declared) > 1 {
		for _, d := range ";,\t|" {
			if byte(d) != p.Delimiter && strings.ContainsRune(names[0], d) {
				faults = append(faults, phraseDelimiter.Of(string(d)))
			}
		}
	}
	return faults
}

// outOfOrder names the first column that is not where the schema has it; optional columns may be left out.
func (p *plan) outOfOrder(names []string) Sentences {
	i := 0
	for _, c := range p.declared {
		if i < len(names) && names[i] == c.Name {
			i++
		} else if !c.Optional || slices.Contains(names, c.Name) {
			return Sentences{phraseOrder.Of(i+1, quoted(names[min(i, len(names)-1)]), quoted(c.Name))}
		}
	}
	return nil
}

func (p *plan) declares(name string) bool {
	return slices.ContainsFunc(p.declared, func(c *column) bool { return c.Name == name })
}

func (p *plan) declaredNames() []string {
	names := make([]string, len(p.declared))
	for i, c := range p.declared {
		names[i] = c.Name
	}
	return names
}

// headerless names the columns of a file without a header by their place. The file may have more than are declared
// unless columns is exact, and may leave out optional ones at the end.
func (p *plan) headerless(fields int) []string {
	if len(p.Fixed) > 0 {
		return p.fixedNames()
	}
	names := p.declaredNames()
	least := len(names)
	for least > 0 && p.declared[least-1].Optional {
		least--
	}
	switch {
	case p.ColumnsMode == "any" || len(names) == 0:
		least = 0
	case p.ColumnsMode == "exact" && fields > len(names):
		return names
	}
	if fields < least {
		return names
	}
	for len(names) < fields {
		names = append(names, fmt.Sprint(len(names)+1))
	}
	return names[:fields]
}

// conceals tells whether a name that stands in the file may be no name but a sensitive cell: it is none of the schema's, and
// the header does not have every sensitive column, as where a file lacks its header line and its first record is taken for it.
func (p *plan) conceals(name string) bool {
	return p.secret && (p.columns == nil || p.astray) && p.Header && len(p.Fixed) == 0 && !p.declares(name)
}

// called is the name under which a report speaks of the column at a position, from 0; empty where only its number may be said.
func (p *plan) called(at int) string {
	if at >= len(p.names) || p.conceals(p.names[at]) {
		return ""
	}
	return p.names[at]
}

func count(names []string, name string) (n int) {
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(other string) bool { return other == name })
}

// places lists positions as quotedList does names.
func places(positions []int) string {
	return firstFew(positions, func(at int) string { return itoa(at) })
}

func quoted(name string) string { return fmt.Sprintf("%q", cut(name)) }

func quotedList(names []string) string { return firstFew(names, quoted) }

// firstFew lists at most ten of many.
func firstFew[T any](list []T, text func(T) string) string {
	const most = 10
	out := make([]string, 0, most+1)
	for i, x := range list {
		if i == most {
			out = append(out, "…")
			break
		}
		out = append(out, text(x))
	}
	return strings.Join(out, ", ")
}
