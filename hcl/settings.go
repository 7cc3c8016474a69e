package hcl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// settings decodes the dropform block, which may use variables only.
func (l *loader) settings() {
	l.config.LedgerPath = l.absolute(".dropform/ledger.db")
	l.config.Language = l.systemLanguage()
	for i, b := range l.top["dropform"] {
		if i > 0 {
			first := l.top["dropform"][0].DefRange
			l.add(problem{
				code: "duplicate_block", summary: "A second dropform block", rng: b.DefRange, in: place{context: header(b)},
				detail: fmt.Sprintf("The one at %s:%d has the settings already. Keep one of them.", first.Filename, first.Start.Line),
			})
			continue
		}
		l.decodeSettings(b)
	}
	l.config.Location = l.zone
}

func (l *loader) decodeSettings(b *hcl.Block) {
	in := l.bare(b)
	n := in.decode(dropformSpec, b.Body, b.DefRange, "")
	l.zone = get(n, "timezone", time.Local)
	l.config.Language = get(n, "language", l.config.Language)
	if constraint := get(n, "required_version", ""); constraint != "" {
		in.checkVersion(constraint, n.at("required_version"))
	}
	for _, ledger := range n.children["ledger"] {
		if ledger.label != "sqlite" {
			in.add(problem{
				code: "unknown_kind", summary: fmt.Sprintf("There is no ledger %q", ledger.label), rng: ledger.header, in: in.place,
				detail: "A ledger is kept in \"sqlite\"." + didYouMean(ledger.label, []string{"sqlite"}),
			})
			continue
		}
		l.config.LedgerPath = get(ledger, "path", l.config.LedgerPath)
	}
}

// systemLanguage follows LC_ALL, LC_MESSAGES and LANG.
func (l *loader) systemLanguage() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, ok := l.lookupEnv(name); ok && v != "" {
			if strings.HasPrefix(strings.ToLower(v), "de") {
				return "de"
			}
			return "en"
		}
	}
	return "en"
}

var constraintForm = regexp.MustCompile(`^(>=|<=|!=|~>|=|>|<)?\s*v?(\d+(?:\.\d+){0,2})$`)

// checkVersion compares this dropform with a constraint such as ">= 0.1, < 2.0" or "~> 1.2".
func (in *instance) checkVersion(constraints string, at hcl.Range) {
	for part := range strings.SplitSeq(constraints, ",") {
		m := constraintForm.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			in.add(problem{
				code: "invalid_version", summary: "required_version cannot be read", rng: at, in: in.place,
				detail: fmt.Sprintf("%q is not written like \">= 0.1\" or \"~> 1.2, != 1.3.0\".", strings.TrimSpace(part)),
			})
			return
		}
		have := versionForm.FindString(in.req.Version)
		if have == "" || meets(numbers(have), m[1], m[2]) {
			continue
		}
		in.add(problem{
			code: "unsupported_version", summary: "Another version of dropform is needed", rng: at, in: in.place,
			detail: fmt.Sprintf("The configuration asks for %q and this is %s. Install a version that fits, or change required_version.", constraints, in.req.Version),
		})
		return
	}
}

var versionForm = regexp.MustCompile(`\d+\.\d+(?:\.\d+)?`)

func numbers(version string) [3]int {
	var out [3]int
	for i, part := range strings.Split(version, ".") {
		out[i], _ = strconv.Atoi(part)
	}
	return out
}

func meets(have [3]int, operator, version string) bool {
	want := numbers(version)
	order := 0
	for i := range have {
		if order == 0 {
			order = have[i] - want[i]
		}
	}
	switch operator {
	case ">=":
		return order >= 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case "<":
		return order < 0
	case "!=":
		return order != 0
	case "~>":
		if strings.Count(version, ".") == 2 {
			return order >= 0 && have[0] == want[0] && have[1] == want[1]
		}
		return order >= 0 && have[0] == want[0]
	}
	return order == 0
}
