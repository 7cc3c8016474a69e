package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dropform/engine"
)

// planned is the order in which an import takes files of these names.
func planned(t testing.TB, r *rig, cfg *engine.Config) []string {
	var out []string
	for _, a := range r.plan(cfg, engine.PlanOptions{}).Actions {
		out = append(out, a.Address.Item)
	}
	return out
}

func TestNaturalOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	want := []string{
		"2026-1-9.csv", "2026-01-10.csv", "a.csv", "A1.csv", "a02.csv", "a2.csv", "a2b.csv", "a9.csv", "A10.csv",
		"a100000000000000000000.csv", "a100000000000000000001.csv", "b.csv", "äa.csv", "Äb.csv",
	}
	for i, name := range want {
		r.write("in/"+name, rows(string(rune('a'+i))))
	}
	cfg := r.load(head + staff)
	if got := planned(t, r, cfg); !slices.Equal(got, want) {
		t.Errorf("order:\n%q\nwant:\n%q", got, want)
	}
}

// TestNaturalOrderIsTotal: whatever the names, listing them in any order gives one plan, digits count by value and the
// parts before them come first.
func TestNaturalOrderIsTotal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + staff)
	name := rapid.StringMatching(`([aAbä]{1,2}|[0-9]{1,2}-)(0{0,2}[1-9][0-9]{0,2})?[-_ ]?[xX]?(0{0,1}[0-9]{0,2})?`)
	rapid.Check(t, func(rt *rapid.T) {
		if err := os.RemoveAll(r.path("in")); err != nil {
			rt.Fatal(err)
		}
		list := rapid.SliceOfNDistinct(name, 2, 6, rapid.ID).Draw(rt, "names")
		for i, n := range list {
			r.write("in/"+n+".csv", rows(string(rune('a'+i))))
		}
		all := planned(t, r, cfg)
		if len(all) != len(list) {
			rt.Fatalf("%q of %q", all, list)
		}
		// Without one of them the others keep their places.
		gone := rapid.SampledFrom(all).Draw(rt, "gone")
		if err := os.Remove(filepath.Join(r.path("in"), gone)); err != nil {
			rt.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == gone })
		if got := planned(t, r, cfg); !slices.Equal(got, want) {
			rt.Fatalf("without %q: %q, want %q", gone, got, want)
		}
	})
}

func TestOrderModified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, `order = "modified"`))
	for i, name := range []string{"c.csv", "b.csv", "a.csv"} {
		r.write("in/"+name, rows(name))
		r.age("in/"+name, time.Duration(10-i)*time.Hour)
	}
	if got := planned(t, r, cfg); !slices.Equal(got, []string{"c.csv", "b.csv", "a.csv"}) {
		t.Errorf("order: %q", got)
	}
	r.apply(cfg, engine.PlanOptions{})
	var sent []int64
	for _, i := range r.box.Imports() {
		sent = append(sent, i.ReceivedAt.UnixNano())
	}
	if len(sent) != 3 || !slices.IsSorted(sent) {
		t.Errorf("sent: %v", sent)
	}
}
