//go:build race

package ledger_test

import "flag"

// The race detector makes SQLite in Go twenty times as slow; fewer schedules find its races as well.
func init() { _ = flag.Set("rapid.checks", "20") }
