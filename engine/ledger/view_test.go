package ledger_test

import (
	"strings"
	"testing"

	"dropform/engine/ledger"
)

// What a content became is asked for each file of a plan: it must not cost more the more was sent before.
func TestContentIsFoundByItsDigests(t *testing.T) {
	l := open(t, newPath(t))
	for systems := 1; systems <= 2; systems++ {
		steps, err := ledger.ContentSteps(l, systems)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range []string{"work_digest", "work_source", "INTEGER PRIMARY KEY"} {
			if !strings.Contains(steps, index) {
				t.Errorf("%d systems: the query does not go by %s:\n%s", systems, index, steps)
			}
		}
		if strings.Contains(steps, "work_content") || strings.Contains(steps, "SCAN work") {
			t.Errorf("%d systems: the query reads all work of a method:\n%s", systems, steps)
		}
	}
}
