package ledger

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which names compare in business keys: trimmed, NFC, case-folded. Folding may undo the
// normalisation, so it comes twice.
func Fold(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.TrimSpace(name))))
}
