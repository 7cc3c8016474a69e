package durable

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/afero"
)

// reserved are the device names of Windows. They are devices with any extension and in any folder: CON.csv is the console.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true,
}

// ValidName reports why a base name could not be used on every system we run on: it is empty, too long, no UTF-8, holds
// a character that Windows forbids (or reads as a stream or a folder), ends in a dot or space, or is a device. Every
// name that is put together from placeholders goes through it, on Linux too, so that a configuration means the same
// everywhere.
func ValidName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a file name must not be empty")
	case name == "." || name == "..":
		return fmt.Errorf("%q is a folder, not a file name", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("file name %q is not valid UTF-8", name)
	case len(name) > nameBytes || len(utf16.Encode([]rune(name))) > nameBytes:
		return fmt.Errorf("file name %q… is longer than %d bytes", cut(name, 40), nameBytes)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return fmt.Errorf("file name %q ends in a dot or a space, which Windows drops", name)
	}
	for _, r := range name {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:?*<>|"`, r) {
			return fmt.Errorf("file name %q holds %q, which Windows does not allow", name, r)
		}
	}
	if device(name) {
		return fmt.Errorf("file name %q is a device on Windows", name)
	}
	return nil
}

// device reports whether Windows takes name for a device: what counts is the part before the first dot, without spaces
// at its end.
func device(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	stem = strings.TrimRight(stem, " ")
	if reserved[stem] {
		return true
	}
	port, ok := strings.CutPrefix(stem, "com")
	if !ok {
		port, ok = strings.CutPrefix(stem, "lpt")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}

// FreeName is path when nothing stands there, else the first free one of NAME~20261121T170000Z-1.EXT, -2, …, with now in
// UTC. It is a proposal: another process may take the name, Move then reports os.ErrExist and the caller asks again.
func FreeName(fs afero.Fs, path string, now time.Time) string {
	free := func(path string) bool {
		_, err := lstat(fs, path)
		return err != nil // absent, or unreadable: then Move says why
	}
	if free(path) {
		return path
	}
	dir, base := filepath.Split(path)
	ext := filepath.Ext(base)
	if ext == base { // ".csv" has no extension, it is hidden
		ext = ""
	}
	stem := strings.TrimSuffix(base, ext)
	stamp := now.UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		tail := fmt.Sprintf("~%s-%d%s", stamp, n, ext)
		if name := dir + cut(stem, max(nameBytes-len(tail), 1)) + tail; free(name) {
			return name
		}
	}
}
