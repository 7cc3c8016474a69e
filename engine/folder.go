package engine

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/text/unicode/norm"
)

// alwaysIgnored are names that writers use for what is not finished or not meant for us (WATCHER.md, always ignored).
var alwaysIgnored = []string{
	"~$*", ".*", "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.opdownload", "*.!ut",
	"*.bak", "*.swp", "*.swx", "*~", "*.lock", "*.camellock", "thumbs.db", "desktop.ini",
}

// ownReports are the names that dropform itself writes beside files (LANGUAGE.md, Reports beside a file).
var ownReports = []string{
	"*.protocol.txt", "*.protocol.*.txt", "*.errors.txt", "*.errors.json", "*.errors.csv", "*.rejected.csv",
	"*.result.csv", "*.result.*.csv", "*.suspect",
}

// Ignored is a file of a drop folder that is never taken, and why.
type Ignored struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Take reports whether a file of this base name is taken. Where it matches but is never taken, reason says why;
// names that do not match have no reason.
func (d *DropFolder) Take(name string) (taken bool, reason string) {
	folded := foldName(name)
	if !matchAny(foldAll(d.Match), folded) {
		return false, ""
	}
	switch {
	case matchAny(alwaysIgnored, folded):
		return false, "temporary or hidden"
	case isOwnReport(folded):
		return false, "a report of dropform"
	case matchAny(foldAll(d.Ignore), folded):
		return false, "ignore"
	}
	return true, ""
}

func foldAll(globs []string) []string {
	out := make([]string, len(globs))
	for i, g := range globs {
		out[i] = foldName(g)
	}
	return out
}

func isOwnReport(folded string) bool { return matchAny(ownReports, folded) }

// foldName is the spelling that globs are compared with: NFC, case folded on every system.
func foldName(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// matchAny compares a folded name with globs that are folded already.
func matchAny(globs []string, folded string) bool {
	for _, g := range globs {
		if ok, err := doublestar.Match(g, folded); err == nil && ok {
			return true
		}
	}
	return false
}

// scope is what `file` means for a file of this folder.
func (d *DropFolder) scope(cfg *Config, f FileSeen) FileScope {
	return FileScope{Name: f.Name, Time: unixNano(f.Stamp.ModTime, cfg.Location)}
}

// beside resolves a path that starts at the folder of the file it belongs to.
func beside(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, filepath.FromSlash(path))
}

// ShownName is a file's name as a message has it: quoted where a line end, a tab or the like in it would break the line.
func ShownName(name string) string {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return strconv.Quote(name)
	}
	return name
}
