package command

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dropform/engine/diag"
)

// doubleDashes lets -flag be written for --flag, as Terraform users do. What follows a lone -- is left alone, and so are
// -, -h and numbers such as -5s.
func doubleDashes(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "--" {
			copy(out[i:], args[i:])
			break
		}
		out[i] = a
		if len(a) > 2 && a[0] == '-' && a[1] != '-' && (a[1] < '0' || a[1] > '9') {
			out[i] = "-" + a
		}
	}
	if len(out) == 1 && (out[0] == "-v" || out[0] == "--version") {
		out[0] = "version"
	}
	return out
}

// asksForLines says whether a command that prints JSON lines was asked for them. It looks at the words only, because what is
// wrong with the line itself is to be said as a line, too, wherever -json stands.
func asksForLines(root *cobra.Command, args []string) bool {
	cmd, rest, err := root.Find(args)
	if err != nil || !slices.Contains([]string{"plan", "apply", "watch"}, cmd.Name()) {
		return false
	}
	lines := false
	for _, a := range rest {
		if a == "--" {
			break
		}
		if text, ok := strings.CutPrefix(a, "--json="); ok {
			lines, _ = strconv.ParseBool(text) // any other text is complained about where the flags are read
		} else if a == "--json" {
			lines = true
		}
	}
	return lines
}

// quotedAddress is an address, or an option's value that is one, in the single quotes in which our messages show it.
var quotedAddress = regexp.MustCompile(`^(-[a-z-]+=)?'((?:import|export|rule|connection)\.[^']*)'$`)

// bareAddresses takes the single quotes off addresses: cmd.exe passes on those of a command that was copied from a message.
func bareAddresses(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = quotedAddress.ReplaceAllString(a, "$1$2")
	}
	return out
}

// nearest is the candidate that a misspelling most likely meant, empty where none is close.
func nearest(word string, candidates []string) string {
	best, bestAt := "", 2*(1+max(1, len(word)/3))
	for _, c := range candidates {
		if d := diag.Distance(strings.ToLower(word), c); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}
