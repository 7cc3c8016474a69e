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
		for _, index := range []string{"work_content (system=? AND object_key=? AND method_key=? AND digest=?)", "work_source (source_digest=?)", "INTEGER PRIMARY KEY"} {
			if !strings.Contains(steps, index) {
				t.Errorf("%d systems: the query does not go by %s:\n%s", systems, index, steps)
			}
		}
		if strings.Contains(steps, "SCAN work") {
			t.Errorf("%d systems: the query reads all work of a method:\n%s", systems, steps)
		}
	}
}

// What came after a work, and what other imports have of a file, are asked as often.
func TestQuestionsForEachFileGoByAnIndex(t *testing.T) {
	l := open(t, newPath(t))
	for index, ask := range map[string]func(*ledger.Ledger) (string, error){
		"work_began (address=? AND attempt>?)": ledger.SinceSteps,
		"work_source (source_digest=?)":        ledger.ElsewhereSteps,
	} {
		if steps, err := ask(l); err != nil || !strings.Contains(steps, index) {
			t.Errorf("the query does not go by %s: %v\n%s", index, err, steps)
		}
	}
}
