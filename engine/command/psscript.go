package command

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// A script is what could be read from one of the vendor's PowerShell scripts (perbit 2.5.2, 3.5.3): its variables by name,
// lower case, and what was not understood. No remark repeats a value: it could be a password.
type script struct {
	values  map[string]scriptValue
	used    map[string]bool // variables whose values went into others
	urls    []string
	remarks []scriptRemark
}

// scriptRemark is what is to be said about a line.
type scriptRemark struct {
	line int
	text string
}

// scriptValue is one assignment; plain is whether its value is a text that could be read.
type scriptValue struct {
	text  string
	line  int
	plain bool
	name  string // as it is written
}

// scriptWork are the variables with which the vendor's scripts work: dropform does that by itself.
var scriptWork = map[string]bool{
	"authorization": true, "securityid": true, "importid": true, "importstatus": true, "exportid": true, "exportstatus": true, "body": true, "bytes": true,
}

// scriptSettings are the variables that a user of the vendor's scripts fills in.
var scriptSettings = []string{
	"customerid", "importfile", "importobject", "importmethod", "importusername", "importuserpassword",
	"exportfile", "exportobject", "exportmethod", "exportusername", "exportuserpassword",
}

var (
	assignment = regexp.MustCompile(`^(?:\[[\w.]+\]\s*)?([$S])\s*([A-Za-z][\w ]*?)\s*=\s*([^=].*)$`)
	variableIn = regexp.MustCompile(`\$\{?(\w+)\}?`)
	streamURL  = regexp.MustCompile(`(?i)^(https?://[^\s?]+?)/(?:Import|Export)Stream\.ashx`)
	stepWords  = regexp.MustCompile(`(?i)^(?:do\b|until\b|return\b|[{}]|Write-(?:Progress|Host|Output)\b|Start-Sleep\b|Invoke-RestMethod\b)`)
	firstWord  = regexp.MustCompile(`^[\w-]+`)
)

// scriptText decodes a script: UTF-8, UTF-16 with a mark as PowerShell's editor writes it, else Windows-1252.
func scriptText(raw []byte) string {
	switch {
	case len(raw) >= 2 && raw[0] == 0xff && raw[1] == 0xfe:
		units := make([]uint16, 0, len(raw)/2)
		for i := 2; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
		}
		return string(utf16.Decode(units))
	case utf8.Valid(raw):
		return strings.TrimPrefix(string(raw), "\ufeff")
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(raw)
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// readScript reads the assignments. It also understands what a scan of the vendor's page makes of them: S for $, and
// spaces inside names.
func readScript(text string) *script {
	s := &script{values: map[string]scriptValue{}, used: map[string]bool{}}
	for _, l := range scriptLines(text) {
		m := assignment.FindStringSubmatch(l.text)
		if m == nil {
			s.statement(l)
			continue
		}
		written := strings.ReplaceAll(m[2], " ", "")
		name := strings.ToLower(written)
		value, plain := s.literal(m[3])
		switch {
		case strings.HasPrefix(name, "url") && plain && streamURL.MatchString(value):
			s.urls = append(s.urls, value)
			continue
		case scriptWork[name]:
			s.calls(l)
			continue
		}
		s.values[name] = scriptValue{value, l.number, plain, written}
	}
	for name, v := range s.values {
		if !slices.Contains(scriptSettings, name) && !s.used[name] {
			s.remark(v.line, "the variable $%s has no place in the configuration", v.name)
		}
	}
	slices.SortStableFunc(s.remarks, func(a, b scriptRemark) int { return cmp.Compare(a.line, b.line) })
	return s
}

func (s *script) remark(line int, format string, args ...any) {
	s.remarks = append(s.remarks, scriptRemark{line, fmt.Sprintf(format, args...)})
}

// statement looks at a line that assigns nothing. Only its first word is ever told.
func (s *script) statement(l scriptLine) {
	s.calls(l)
	if stepWords.MatchString(l.text) || strings.HasPrefix(l.text, "$") {
		return
	}
	word := firstWord.FindString(l.text)
	if scriptWork[strings.ToLower(strings.TrimPrefix(word, "S"))] || strings.HasPrefix(l.text, "Si mport") || strings.HasPrefix(l.text, "S i") {
		return // a scanned variable on a line of its own
	}
	if word == "" {
		word = "this"
	}
	s.remark(l.number, "%s is not translated", word)
}

// calls notices parameters of the calls that the configuration could say, but the vendor's scripts do not use.
func (s *script) calls(l scriptLine) {
	for _, p := range []struct{ name, advice string }{
		{"EmailAddress", "set email in the import"},
		{"ExportVariables", "write the placeholders into variables of the export"},
		{"WaitForResult", "dropform starts the job and follows it; wait_for_result = true makes it one call"},
		{"[System.Text.Encoding]::Default", "in Windows PowerShell 5 that is Windows-1252; a user name or password that is not ASCII then needs credential_charset = \"windows-1252\" in the connection"},
		{"Out-File", "Windows PowerShell writes UTF-16 with it; dropform writes the bytes as received, unless target.encoding is set"},
	} {
		if strings.Contains(strings.ToLower(l.text), strings.ToLower(p.name)) {
			s.remark(l.number, "%s is not translated: %s", p.name, p.advice)
		}
	}
}

// literal reads a quoted text. A variable in double quotes counts where its value is known. ok is false for anything else.
func (s *script) literal(expr string) (value string, ok bool) {
	expr = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`).Replace(strings.TrimSpace(expr))
	if expr == "" || expr[0] != '\'' && expr[0] != '"' {
		return "", false
	}
	quote, body, closed := expr[0], strings.Builder{}, false
	i := 1
	for ; i < len(expr) && !closed; i++ {
		switch c := expr[i]; {
		case c == quote && i+1 < len(expr) && expr[i+1] == quote:
			body.WriteByte(c)
			i++
		case c == quote:
			closed = true
		case c == '`' && quote == '"' && i+1 < len(expr):
			i++
			body.WriteByte(expr[i])
		default:
			body.WriteByte(c)
		}
	}
	rest := strings.TrimSpace(expr[i:])
	if !closed || rest != "" && rest[0] != '#' && rest[0] != ';' {
		return "", false
	}
	if quote == '\'' {
		return body.String(), true
	}
	return s.fill(body.String())
}

// fill puts known values into a text. The address of a call keeps its parameters as they are: they are not needed.
func (s *script) fill(text string) (string, bool) {
	if streamURL.MatchString(text) && !strings.Contains(streamURL.FindString(text), "$") {
		return text, true
	}
	ok := true
	out := variableIn.ReplaceAllStringFunc(text, func(ref string) string {
		name := strings.ToLower(variableIn.FindStringSubmatch(ref)[1])
		v := s.values[name]
		s.used[name] = true
		ok = ok && v.plain
		return v.text
	})
	return out, ok && !strings.Contains(text, "$(")
}

type scriptLine struct {
	number int
	text   string
}

// scriptLines lists the statements without comments. One that goes on while a bracket is open is one line.
func scriptLines(text string) []scriptLine {
	var out []scriptLine
	comment, open := false, 0
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "<#"):
			comment = !strings.Contains(l, "#>")
			continue
		case comment:
			comment = !strings.Contains(l, "#>")
			continue
		case l == "" || l[0] == '#' || strings.HasPrefix(l, "```"):
			continue
		}
		if open > 0 {
			out[len(out)-1].text += " " + l
		} else {
			out = append(out, scriptLine{i + 1, l})
		}
		open = max(0, open+balance(l))
	}
	return out
}

// balance counts the brackets of calls and tables that a line leaves open; those in quotes do not count.
func balance(line string) int {
	n, quote, tables := 0, byte(0), 0
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			n++
		case c == ')':
			n--
		case c == '{' && i > 0 && line[i-1] == '@':
			n++
			tables++
		case c == '}' && (tables > 0 || i > 0):
			n--
			tables--
		}
	}
	return n
}
