package command

import (
	"encoding/json"
	"io"
	"strings"
)

// jsonLine prints one object on one line.
func (s *session) jsonLine(v any) error {
	e := json.NewEncoder(s.Stdout)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// words is a state of the ledger as people read it.
func words(state string) string { return strings.ReplaceAll(state, "_", " ") }

// itemAddress is the address of an item under a block address of the ledger.
func itemAddress(block, item string) string {
	if item == "" {
		return block
	}
	if a := blockAddress(block); !a.IsZero() {
		return a.Of(item).String()
	}
	return block + "[" + item + "]"
}

// limited reads at most n bytes.
func limited(r io.Reader, n int64) io.Reader { return io.LimitReader(r, n) }
