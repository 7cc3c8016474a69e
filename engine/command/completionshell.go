package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// bashRequest is what the script for bash calls: with the line up to the cursor, and the word that readline is about to
// replace, which is only the part behind the last = or : of what people call a word.
const bashRequest = "__complete_bash"

// bashScript leaves everything to the program. The usual script needs another package, and does not take a quote that is
// still open, which is how addresses are typed.
const bashScript = `# bash completion for dropform
__start_dropform() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <("$1" ` + bashRequest + ` "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
complete -o nospace -F __start_dropform dropform
`

// zshScript is the usual one, except that each word is handed over unquoted instead of being read by the shell a second
// time, which fails at an open quote or bracket.
func zshScript(root *cobra.Command, w io.Writer) error {
	var script bytes.Buffer
	if err := root.GenZshCompletion(&script); err != nil {
		return err
	}
	const before, after = `${words[2,-1]}"`, `${(@q)${(@Q)words[2,-1]}}"`
	if !strings.Contains(script.String(), before) {
		return errors.New("the script for zsh has another form than expected")
	}
	_, err := io.WriteString(w, strings.Replace(script.String(), before, after, 1))
	return err
}

// completeBash prints what may stand in the place of the word under the cursor, as it has to be typed.
func (s *session) completeBash(root *cobra.Command, args []string) error {
	if len(args) != 2 {
		return nil
	}
	words, last, quote := splitLine(args[0])
	if len(words) == 0 {
		return nil
	}
	var answer bytes.Buffer
	if err := s.answer(root, &answer, append([]string{cobra.ShellCompNoDescRequestCmd}, append(words[1:], last)...)); err != nil {
		return err
	}
	value := last
	if _, v, ok := strings.Cut(last, "="); ok && strings.HasPrefix(last, "-") {
		value = v
	}
	stays, again := unreplaced(value, unquoted(args[1]))
	lines := strings.Split(strings.TrimSuffix(answer.String(), "\n"), "\n")
	candidates, directive := lines[:len(lines)-1], lines[len(lines)-1]
	if directive == fmt.Sprintf(":%d", cobra.ShellCompDirectiveDefault) || directive == fmt.Sprintf(":%d", cobra.ShellCompDirectiveFilterDirs) {
		h := &hints{session: s}
		candidates, _ = h.paths(value, func(string) bool { return directive != fmt.Sprintf(":%d", cobra.ShellCompDirectiveFilterDirs) })
	}
	for _, c := range candidates {
		word, fits := strings.CutPrefix(c, stays)
		if !fits {
			continue
		}
		word = again + word
		if quote == 0 {
			word = escaped(word)
		}
		if !strings.HasSuffix(c, "/") && !strings.HasSuffix(c, "=") && quote == 0 {
			word += " "
		}
		fmt.Fprintln(s.Stdout, word)
	}
	return nil
}

// unreplaced is what of a word stands before the part that readline replaces, or, where that part is longer, what has to be
// typed again before the word.
func unreplaced(word, replaced string) (stays, again string) {
	if strings.HasSuffix(word, replaced) {
		return strings.TrimSuffix(word, replaced), ""
	}
	return "", strings.TrimSuffix(replaced, word)
}

// splitLine takes a line apart whose last word is not finished: that is what stands after the last space, unquoted, and the
// quote that is open in it, 0 where none is.
func splitLine(line string) (words []string, last string, quote byte) {
	for _, close := range []string{"", "'", `"`} {
		if all, err := splitArgs(line + close + "|"); err == nil { // the mark keeps an empty last word
			if close != "" {
				quote = close[0]
			}
			last = strings.TrimSuffix(all[len(all)-1], "|")
			if quote == 0 {
				last = unquoted(last)
			}
			return all[:len(all)-1], last, quote
		}
	}
	return nil, "", 0
}

// unquoted is a word without an opening quote and without backslashes before what shells escape.
func unquoted(word string) string {
	if word != "" && (word[0] == '\'' || word[0] == '"') {
		return word[1:]
	}
	if runtime.GOOS == "windows" {
		return word // a backslash is part of a path there
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+1 < len(word) && strings.IndexByte(shellSpecial, word[i+1]) >= 0 {
			i++
		}
		b.WriteByte(word[i])
	}
	return b.String()
}

// shellSpecial is what a shell gives a meaning to.
const shellSpecial = " \t\\'\"[]*?()<>|&;$`!#{}~"

func escaped(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if strings.IndexByte(shellSpecial, word[i]) >= 0 && !(word[i] == '~' && i > 0) {
			b.WriteByte('\\')
		}
		b.WriteByte(word[i])
	}
	return b.String()
}
