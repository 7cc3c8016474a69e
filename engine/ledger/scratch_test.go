package ledger_test

import (
	"slices"
	"testing"

	"dropform/engine/ledger"
)

// TestScratch: a folder is swept when everybody has gone who wrote there, and by nobody else's leave.
func TestScratch(t *testing.T) {
	s := newSite(t)
	abandoned := func(own string) (out []string) {
		t.Helper()
		s.view(func(v *ledger.View) error {
			found, err := v.Abandoned(own)
			for _, f := range found {
				out = append(out, f.Folder)
			}
			return err
		})
		return out
	}
	writes := func(p *ledger.Process, folder string, want bool) {
		t.Helper()
		if alone, err := p.WritesIn(ctx, folder); err != nil || alone != want {
			t.Errorf("%s: alone %v, %v", folder, alone, err)
		}
	}
	expect := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("abandoned %q, want %q", got, want)
		}
	}

	second := open(t, s.path)
	p := join(t, second)
	writes(p, "b", true)
	writes(p, "a", true)
	writes(s.p, "b", false)
	writes(p, "b", false)
	expect(abandoned(s.p.ID))
	s.must(second.Close())
	expect(abandoned(s.p.ID), "a") // b has been handed to the one that lives
	expect(abandoned(""), "a")

	for i := range 5 { // many short runs leave one mention
		l := open(t, s.path)
		writes(join(t, l), "a", true)
		s.must(l.Close())
		if i == 2 {
			s.must(s.l.Recover(ctx))
		}
	}
	var found []ledger.Scratch
	s.view(func(v *ledger.View) (err error) { found, err = v.Abandoned(s.p.ID); return err })
	if len(found) != 1 || found[0].Last.Before(began) {
		t.Fatalf("found %+v", found)
	}
	third := open(t, s.path)
	p = join(t, third)
	writes(p, "a", true)
	writes(p, "c", true)
	expect(abandoned(s.p.ID)) // it may be writing
	s.must(s.l.Swept(ctx, found[0]))
	s.must(third.Close())
	expect(abandoned(s.p.ID), "a", "c") // it may have been killed since
}
