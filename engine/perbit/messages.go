package perbit

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// message is one documented error text with what it means (perbit 2.4, 3.4).
type message struct {
	pattern *regexp.Regexp
	class   Class
	hint    string
}

// says compiles alternatives. A blank stands for any white space, because .NET breaks lines inside a message, ~ for
// white space that may be missing, and ¤ for an umlaut in whatever shape it arrives.
func says(alternatives ...string) *regexp.Regexp {
	p := strings.Join(alternatives, "|")
	p = strings.NewReplacer(" ", `\s+`, "~", `\s*`, "¤", `\S{1,3}`).Replace(p)
	return regexp.MustCompile(`(?i)(?:` + p + `)`)
}

// documented holds every message of the vendor's tables with English twins. The .NET texts are those of its own
// translations; the twins of perbit's own texts are assumptions. They are compiled when the first answer is judged: most
// commands never meet one.
var documented = sync.OnceValue(func() []message {
	return []message{
		{
			says(`Ung¤ltige Anmeld(?:e|ungs)parameter~!?`, `Invalid (?:login|log-?on|sign-?in|authentication|credential) parameters?~!?`),
			ClassAuth, hintAuth,
		},
		{
			says(`Methode ist nicht vorhanden\.?(?:~/~Ung¤ltiger Methodentyp\.?)?`,
				`Method (?:does not exist|is not available|is not present|was not found|not found\.)\.?(?:~/~Invalid method type\.?)?`),
			ClassConfig, "check the spelling of object and method, and that it is a method of the right kind (import or export)",
		},
		{
			says(`Ung¤ltiger Methodentyp\.?`, `Invalid method type\.?`),
			ClassConfig, "the method exists but is of the other kind: an import needs an import method, an export an export method",
		},
		{
			says(`Um diese Aktion auszuf¤hren,? sind Berechtigungen erforderlich\.?`,
				`To (?:perform|execute|carry out) this action,? permissions? (?:is|are) required\.?`,
				`Permissions? (?:is|are) required (?:to perform|to execute|to carry out|for) this action\.?`),
			ClassPermission, `give the user, or the role that is set (role "0": the user itself), the right to open this method in perbit`,
		},
		{
			says(`Ung¤ltiges Security-?token~!?`, `Invalid security ?token~!?`,
				`(?:Die )?Sitzung wurde nicht gefunden oder ist abgelaufen~!?`,
				`(?:The )?session (?:was|could) not (?:be )?found or (?:is|has|has been) expired~!?`),
			ClassSession, "the session has ended on the server; log in again",
		},
		{says(`Tenant not found~!?`), ClassTenant, "check customer_id and url of the connection"},
		{
			says(`Es wurden keine Daten zu dieser (?:Im|Ex)port-?ID gefunden\.?`,
				`No data (?:(?:was|were) )?found for this (?:im|ex)port[ -]?ID\.?`),
			ClassNotFound, "the server knows no such job, or it has no protocol (yet)",
		},
		{
			says(`(?:Im|Ex)portAction(?: \S{1,100})? is invalid~!?`),
			ClassBadAction, "the server does not know this action; is url the address of perbit's web API, and is its version current?",
		},
		{
			says(`Maximale Nachrichtengr\S{2,6}e ¤berschritten(?:~\(~([\d.,]+)~([KMG]?)i?B~\))?~!?`,
				`Maxim(?:um|al) message size (?:(?:was|is|has been) )?exceeded(?:~\(~([\d.,]+)~([KMG]?)i?B~\))?~!?`,
				`Maximum request length exceeded\.?`, `Maximale Anforderungsl¤nge ¤berschritten\.?`),
			ClassTooLarge, hintTooLarge,
		},
		{
			says(`(?:Die )?GUID (?:muss|sollte) 32 Ziffern mit 4 Bindestrichen(?: enthalten)?(?:~\([x-]+\))?\.?`,
				`Guid (?:should|must) contain 32 digits with 4 dashes(?:~\([x-]+\))?\.?`, `Unrecognized Guid format\.?`),
			ClassGUID, "an id was sent in a form that the server does not take; log in again",
		},
		{
			says(`(?:Der )?Wert darf nicht NULL sein\.?(?:~\(?Parameter(?:name)?~:?~['"„]?([^\r\n'"“)]{1,200})['"“]?\)?)?`,
				`Value cannot be null\.?(?:~\(?Parameter(?: name)?~:?~['"]?([^\r\n'")]{1,200})['"]?\)?)?`),
			ClassNull, hintNull,
		},
	}
})

const (
	hintAuth = "check username and password of the connection; nothing more is sent with this password, " +
		"so that the account is not locked"
	hintTooLarge = "split the file, or have the limit raised in perbit (IIS: maxAllowedContentLength, maxRequestLength)"
	hintNull     = "a required parameter did not reach the server; try parameters = \"url\" or \"header\" in the connection"
	hintOpaque   = "the server hides the reason; on the server set existingResponse=\"PassThrough\" " +
		"at httpErrors in the web API's web.config to see it"
	hintOpaqueLogin = "check username and password of the connection; nothing more is sent with this password, " +
		"so that the account is not locked; the server hides the reason; on the server set existingResponse=\"PassThrough\" " +
		"at httpErrors in the web API's web.config to see it"
	hintURL = "check url of the connection: this does not look like perbit's web API"
)

// found is a documented message in an answer.
type found struct {
	message
	start, end int
	groups     []string
}

// find returns the first documented message in text.
func find(text string) (found, bool) {
	var best found
	ok := false
	for _, m := range documented() {
		at := m.pattern.FindStringSubmatchIndex(text)
		if at == nil || ok && at[0] >= best.start {
			continue
		}
		best, ok = found{message: m, start: at[0], end: at[1]}, true
		for i := 2; i < len(at); i += 2 {
			if at[i] >= 0 {
				best.groups = append(best.groups, strings.TrimSpace(text[at[i]:at[i+1]]))
			}
		}
	}
	return best, ok
}

// beforeMessage is what may stand in front of a message in an answer that holds nothing else.
const beforeMessage = `\A(?:\[?[\w.]+(?:Exception|Error)\b[^\n]{0,40}:)?["'\s]*`

// leading is documented at the start of a text: cheap to rule out, because it looks at one place only, and once.
var leading = sync.OnceValue(func() *regexp.Regexp {
	var any []string
	for _, m := range documented() {
		any = append(any, m.pattern.String())
	}
	return regexp.MustCompile(beforeMessage + `(?:` + strings.Join(any, "|") + `)`)
})

// leads reports whether a text begins with a documented message.
func leads(text string) bool { return leading().MatchString(text) }

var (
	exceptionName = regexp.MustCompile(beforeMessage + `$`)
	stackLine     = regexp.MustCompile(`(?i)^\s*(?:(?:at|bei|in)\s+\S|---|={3}|\[?[\w.]+Exception\b|stack ?-?trace)`)
)

// findOnly is find for an answer that should have been data: it takes a message only if nothing but a stack trace
// stands beside it, because data may quote a message.
func findOnly(text string) (found, bool) {
	f, ok := find(text)
	if !ok || !exceptionName.MatchString(text[:f.start]) {
		return found{}, false
	}
	for line := range strings.SplitSeq(strings.TrimLeft(text[f.end:], `"'`), "\n") {
		if strings.TrimSpace(line) != "" && !stackLine.MatchString(line) {
			return found{}, false
		}
	}
	return f, true
}

// refine fills what depends on the words of the message. It reports false where the text is none of the vendor's after
// all: a missing value that is neither ours nor a placeholder of an export.
func (f found) refine(s Stream, e *Error) bool {
	class, hint := f.class, f.hint
	switch {
	case class == ClassTooLarge && len(f.groups) > 1:
		e.Limit = bytesOf(f.groups[0], f.groups[1])
	case class == ClassNull && len(f.groups) > 0 && !ourParameters[strings.ToLower(f.groups[0])]:
		if s != ExportStream {
			return false
		}
		class = ClassPlaceholder
		hint = "the export method asks for the placeholder " + strconv.Quote(f.groups[0]) + "; add it to variables"
	}
	e.Class, e.Hint = class, hint
	return true
}

var ourParameters = map[string]bool{
	"securityid": true, "importid": true, "exportid": true, "securityid/importid": true, "securityid/exportid": true,
	"id": true, "objectname": true, "methodname": true, "emailaddress": true, "exportvariables": true,
	"importaction": true, "exportaction": true,
}

// bytesOf reads "30" "M". Units are taken as powers of 1000, the smaller reading: a file below it is below both.
func bytesOf(number, unit string) int64 {
	n, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", "."), 64)
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	return int64(n * map[string]float64{"": 1, "K": 1e3, "M": 1e6, "G": 1e9}[strings.ToUpper(unit)])
}
