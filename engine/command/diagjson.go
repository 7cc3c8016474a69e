package command

import (
	"dropform/engine/diag"
)

// diagnosticJSON is one complaint in Terraform's shape, with our code and address beside it.
type diagnosticJSON struct {
	Severity string        `json:"severity"`
	Summary  string        `json:"summary"`
	Detail   string        `json:"detail"`
	Address  string        `json:"address,omitempty"`
	Code     string        `json:"code,omitempty"`
	Range    *diag.Range   `json:"range,omitempty"`
	Snippet  *diag.Snippet `json:"snippet,omitempty"`
}

func diagnosticsJSON(list diag.List) []diagnosticJSON {
	out := make([]diagnosticJSON, 0, len(list))
	for _, d := range list {
		j := diagnosticJSON{d.Severity.String(), d.Summary, d.Detail, d.Address, d.Code, d.Range, d.Snippet}
		if j.Snippet != nil && j.Snippet.Values == nil {
			whole := *j.Snippet
			whole.Values = []diag.Value{}
			j.Snippet = &whole
		}
		out = append(out, j)
	}
	return out
}
