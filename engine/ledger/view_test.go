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
	for _, question := range []struct {
		ask     func(*ledger.Ledger) (string, error)
		indexes []string
	}{
		{ledger.NewContentSteps, []string{"work_source (source_digest=?)", "work_content (system=? AND object_key=? AND method_key=? AND digest=?)"}},
		{ledger.SinceSteps, []string{"work_began (address=? AND attempt>?)"}},
		{ledger.ElsewhereSteps, []string{"work_source (source_digest=?)"}},
		{ledger.UntouchedSteps, []string{"PRIMARY KEY (address=? AND name=?)", "work_item (address=? AND item=?)", "work_source (source_digest=?)"}},
	} {
		steps, err := question.ask(l)
		for _, index := range question.indexes {
			if err != nil || !strings.Contains(steps, index) {
				t.Errorf("the query does not go by %s: %v\n%s", index, err, steps)
			}
		}
	}
}

// A file is untouched as long as nothing is known of its name here, or of its bytes here or at another import.
func TestUntouched(t *testing.T) {
	s := newSite(t)
	s.put(s.file("sent.csv", "d1"), ledger.StateDone)
	s.must(s.l.Put(ctx, []ledger.File{{Address: "import.staff", Name: "seen.csv", Digest: "d2", State: ledger.FileExisting}}, nil, nil, "", "", ""))
	for _, c := range []struct {
		address, name, digest string
		want                  bool
	}{
		{"import.staff", "new.csv", "d3", true},
		{"import.staff", "new.csv", "d1", true}, // the content's key tells that
		{"import.staff", "sent.csv", "d3", false},
		{"import.staff", "seen.csv", "d3", false},
		{"import.other", "sent.csv", "d3", true},
		{"import.other", "new.csv", "d1", false},
	} {
		var got bool
		s.view(func(v *ledger.View) (err error) { got, err = v.Untouched(c.address, c.name, c.digest); return err })
		if got != c.want {
			t.Errorf("Untouched(%q, %q, %q) = %t", c.address, c.name, c.digest, got)
		}
	}
}

// Content is new as long as neither it nor a file with the same bytes is known, here or at another import.
func TestNewContent(t *testing.T) {
	s := newSite(t)
	w := s.file("sent.csv", "d1")
	w.SourceDigest = "s1" // it was recoded
	s.put(w, ledger.StateDone)
	other := s.file("sent.csv", "d2")
	other.Address, other.Object = "import.other", "Andere"
	s.put(other, ledger.StateDone)
	for _, c := range []struct {
		digest, source string
		want           bool
	}{
		{"d3", "d3", true},
		{"d1", "s3", false},
		{"d3", "s1", false},
		{"d2", "s3", true}, // another object
		{"d3", "d2", false},
	} {
		var got bool
		s.view(func(v *ledger.View) (err error) {
			got, err = v.NewContent([]ledger.SystemID{s.sys}, " mitarbeiter", "STANDARD", c.digest, c.source)
			return err
		})
		if got != c.want {
			t.Errorf("NewContent(%q, %q) = %t", c.digest, c.source, got)
		}
	}
}
