package hcl

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// alwaysIgnoredGlobs are names that no block takes (LANGUAGE.md, ignore): unfinished files and dropform's own reports.
var alwaysIgnoredGlobs = []string{
	".*", "~$*", "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.opdownload", "*.!ut",
	"*.bak", "*.swp", "*.swx", "*~", "*.lock", "*.camelLock", "Thumbs.db", "desktop.ini",
	"*.protocol.txt", "*.protocol.*.txt", "*.errors.txt", "*.errors.json", "*.errors.csv", "*.rejected.csv", "*.result.csv", "*.result.*.csv",
	"*.suspect",
}

func alwaysIgnored(name string) bool { return matchesAny(alwaysIgnoredGlobs, name) }

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return matches(g, name) })
}

// matches compares a glob with a base name, whatever the letter case.
func matches(glob, name string) bool {
	ok, err := doublestar.Match(strings.ToLower(glob), strings.ToLower(name))
	return err == nil && ok
}

// checkSharedFolders reports two blocks that would take the same file.
func (l *loader) checkSharedFolders() {
	byFolder := map[string][]*watched{}
	for _, w := range l.watched {
		folder := w.folder
		if runtime.GOOS == "windows" {
			folder = strings.ToLower(folder)
		}
		byFolder[folder] = append(byFolder[folder], w)
	}
	for _, folder := range sortedKeys(byFolder) {
		if len(byFolder[folder]) > 1 {
			l.checkOneFolder(byFolder[folder])
		}
	}
}

// claim is one pattern of one block, with the part before its first wildcard.
type claim struct {
	*watched
	glob, prefix string
}

// checkOneFolder compares only patterns of which one's literal beginning is the other's too: in sorted order those are
// the ones that enclose it, so that many blocks with names of their own stay cheap.
func (l *loader) checkOneFolder(list []*watched) {
	var claims []claim
	for _, w := range list {
		for _, glob := range w.match {
			glob = strings.ToLower(glob)
			prefix := glob
			if i := strings.IndexAny(glob, `*?[{\`); i >= 0 {
				prefix = glob[:i]
			}
			claims = append(claims, claim{w, glob, prefix})
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(a.prefix, b.prefix) })
	var enclosing []claim
	for _, c := range claims {
		enclosing = slices.DeleteFunc(enclosing, func(e claim) bool { return !strings.HasPrefix(c.prefix, e.prefix) })
		for _, e := range enclosing {
			if e.watched == c.watched {
				continue
			}
			if name := commonName(e, c); name != "" {
				l.addShared(e.watched, c.watched, name)
				break
			}
		}
		enclosing = append(enclosing, c)
	}
}

func (l *loader) addShared(a, b *watched, name string) {
	if cmp.Or(cmp.Compare(a.at.Filename, b.at.Filename), cmp.Compare(a.at.Start.Byte, b.at.Start.Byte)) > 0 {
		a, b = b, a
	}
	l.add(problem{
		code: "folder_shared", summary: "Two blocks take the same files", rng: b.at, in: b.in.place,
		detail: fmt.Sprintf("%s and %s both take names like %q out of the same folder, so one file would be sent twice. Give each a folder of its own, or patterns that keep apart.",
			a.in.place.address, b.in.place.address, name),
	})
}

// commonName is a name that both patterns take and neither block ignores, empty where none was found.
func commonName(a, b claim) string {
	for _, filler := range []string{"", "x", "example"} {
		for _, name := range []string{merge(a.glob, b.glob, filler), merge(b.glob, a.glob, filler)} {
			if name != "" && matches(a.glob, name) && matches(b.glob, name) && !ignored(a.watched, name) && !ignored(b.watched, name) {
				return name
			}
		}
	}
	return ""
}

func ignored(w *watched, name string) bool { return alwaysIgnored(name) || matchesAny(w.ignore, name) }

// merge writes a name that fits two globs of literals, * and ?: a star of one takes what the other demands. Other
// wildcards stand as they are and fail the comparison that follows.
func merge(a, b, filler string) string {
	var out strings.Builder
	for a != "" || b != "" {
		switch {
		case strings.HasPrefix(a, "*") && strings.HasPrefix(b, "*"):
			out.WriteString(filler)
			if a, b = strings.TrimLeft(a, "*"), strings.TrimLeft(b, "*"); strings.HasSuffix(a, b) {
				return out.String() + literal(a)
			}
			return out.String() + literal(a) + literal(b)
		case strings.HasPrefix(a, "*"):
			rest := strings.TrimLeft(a, "*")
			return out.String() + literal(b) + missingEnd(literal(b), literal(rest))
		case strings.HasPrefix(b, "*"):
			rest := strings.TrimLeft(b, "*")
			return out.String() + literal(a) + missingEnd(literal(a), literal(rest))
		case a == "" || b == "":
			return ""
		case a[0] == b[0] && a[0] != '?':
			out.WriteByte(a[0])
		case a[0] == '?' && b[0] == '?':
			out.WriteByte('x')
		case a[0] == '?':
			out.WriteByte(b[0])
		case b[0] == '?':
			out.WriteByte(a[0])
		default:
			return ""
		}
		a, b = a[1:], b[1:]
	}
	return out.String()
}

// literal is a name that the rest of a glob takes.
func literal(glob string) string { return strings.NewReplacer("*", "x", "?", "x").Replace(glob) }

// missingEnd is what a name lacks to end as the other glob demands.
func missingEnd(name, end string) string {
	if strings.HasSuffix(name, end) {
		return ""
	}
	return end
}
