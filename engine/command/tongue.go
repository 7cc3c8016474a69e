package command

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"dropform/engine/german"
)

// A tongue is the language in which people are spoken to. It belongs to a screen; what programs read is English.
type tongue string

// The languages that there are. english is also every other one.
const (
	english  tongue = ""
	inGerman tongue = "de"
)

// tongueOf is the tongue for a setting of the configuration or the system.
func tongueOf(language string) tongue {
	if language == "de" {
		return inGerman
	}
	return english
}

// say is a finished English text in the tongue.
func (l tongue) say(text string) string {
	if l != inGerman {
		return text
	}
	return german.Text(text)
}

// sayf is fmt.Sprintf with the template's translation. Arguments are translated where that asks for it.
func (l tongue) sayf(format string, args ...any) string {
	if l != inGerman {
		return fmt.Sprintf(format, args...)
	}
	return german.Sprintf(format, args...)
}

// count is "1 file" or "3 files".
func (l tongue) count(n int, one, many string) string {
	word := many
	if n == 1 {
		word = one
	}
	if l == inGerman && german.Knows("%n "+word) {
		return german.Sprintf("%n "+word, thousands(int64(n)))
	}
	return l.number(int64(n)) + " " + l.say(word)
}

// number writes 5000 as 5,000, in German as 5.000.
func (l tongue) number(n int64) string {
	if l == inGerman {
		return strings.ReplaceAll(thousands(n), ",", ".")
	}
	return thousands(n)
}

// bytes is a size such as 2.3 kB, in German 2,3 kB.
func (l tongue) bytes(n int64) string {
	text := humanize.Bytes(uint64(max(0, n)))
	if l == inGerman {
		return strings.ReplaceAll(text, ".", ",")
	}
	return text
}
