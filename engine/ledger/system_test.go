package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"dropform/engine/ledger"
)

func (s *site) systems(address, endpoint string) []ledger.SystemID {
	s.Helper()
	var out []ledger.SystemID
	s.view(func(v *ledger.View) error {
		var err error
		out, err = v.Systems(address, endpoint)
		return err
	})
	return out
}

func TestOneSystemHasManyNames(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ address, endpoint string }{
		{"connection.perbit.hr", "https://one"},
		{"connection.perbit.hr", "https://moved"},   // the URL was changed
		{"connection.perbit.copy", "https://one"},   // another connection to the same place
		{"connection.perbit.more", "https://moved"}, // and one to where the first one went
	} {
		if got := system(t, s.l, c.address, c.endpoint); got != s.sys {
			t.Errorf("%v is system %d, not %d", c, got, s.sys)
		}
		if got := s.systems(c.address, c.endpoint); !slices.Equal(got, []ledger.SystemID{s.sys}) {
			t.Errorf("%v leads to %v", c, got)
		}
	}
	if got := system(t, s.l, "connection.perbit.new", "https://new"); got == s.sys {
		t.Error("another system is the same")
	}
	if got := s.systems("connection.perbit.none", "https://none"); len(got) > 0 {
		t.Errorf("an unknown system is %v", got)
	}
	// An address is never taken for an endpoint.
	if got := s.systems("https://one", "connection.perbit.hr"); len(got) > 0 {
		t.Errorf("exchanged names lead to %v", got)
	}
}

// An endpoint that an earlier version wrote down in its own normal form is the system still when the ledger is opened, and two
// systems that it took for two are one.
func TestEndpointsOfEarlierVersions(t *testing.T) {
	s := newSite(t)
	dotted := system(t, s.l, "connection.conbox.dotted", "http://müller.example:80/x/../service|")
	port := system(t, s.l, "connection.conbox.port", "http://xn--mller-kva.example:080/service|")
	if dotted == port {
		t.Fatal("the ledger is not one of an earlier version")
	}
	l, err := ledger.Open(ctx, s.path)
	s.must(err)
	s.must(l.Close())
	for address, endpoint := range map[string]string{
		"connection.conbox.new":  ledger.Endpoint("http://müller.example/service", ""),
		"connection.conbox.port": "http://none:80|",
	} {
		if got := s.systems(address, endpoint); !slices.Equal(got, []ledger.SystemID{dotted}) {
			t.Errorf("%s, %s: %v, want %d", address, endpoint, got, dotted)
		}
	}
}

// Two systems get the same content and turn out to be one: nothing is lost, and what counts is what was sent.
func TestMergingSystems(t *testing.T) {
	const kept, gone = "kept", "gone"
	for _, c := range []struct {
		name       string
		kept, gone []ledger.State // by request
		last       string         // whose last row counts
	}{
		{"only the one that goes", nil, []ledger.State{ledger.StateDone}, gone},
		{"only the one that stays", []ledger.State{ledger.StateDone}, nil, kept},
		{"both sent", []ledger.State{ledger.StateDone}, []ledger.State{ledger.StateDone}, gone},
		{"the one that goes sent nothing", []ledger.State{ledger.StateDone}, []ledger.State{ledger.StateNotSent}, kept},
		{"it was refused there, twice", []ledger.State{ledger.StateFailed, ledger.StateUnknown}, []ledger.State{ledger.StateRefused, ledger.StateRefused}, kept},
		{"the one that stays sent nothing", []ledger.State{ledger.StateRefused}, []ledger.State{ledger.StateDone, ledger.StateUnknown}, gone},
		{"a request that was not sent", []ledger.State{ledger.StateDone, ledger.StateNotSent}, []ledger.State{ledger.StateRefused}, gone},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			second := system(t, s.l, "connection.perbit.two", "https://two")
			var all []ledger.Work
			put := func(sys ledger.SystemID, endpoint string, states []ledger.State) {
				for i, state := range states {
					w := s.file("a.csv", "d1")
					w.System, w.Endpoint, w.Request = sys, endpoint, i
					all = append(all, s.put(w, state))
				}
			}
			put(s.sys, kept, c.kept)
			put(second, gone, c.gone)
			s.put(s.slot("06:00"), ledger.StateDone)

			check := func(when string, systems []ledger.SystemID) {
				t.Helper()
				found := s.content(systems, "d1")
				if len(found) != len(all) {
					t.Fatalf("%s: %d rows of %d", when, len(found), len(all))
				}
				if last := found[len(found)-1]; last.Endpoint != c.last {
					t.Errorf("%s: the last row is the %s one's, %s", when, last.Endpoint, last.State)
				}
			}
			check("before", s.systems("connection.perbit.hr", "https://two"))
			id := system(t, s.l, "connection.perbit.hr", "https://two")
			if id != s.sys {
				t.Errorf("merged into %d, not the older %d", id, s.sys)
			}
			check("after", []ledger.SystemID{id})
			if got := system(t, s.l, "connection.perbit.two", "https://elsewhere"); got != id {
				t.Errorf("the other name leads to %d", got)
			}

			// Every number is taken, also for a process that has not noticed, so that no older plan can send under it.
			for _, sys := range []ledger.SystemID{s.sys, second} {
				for request := range len(all) {
					w := s.file("a.csv", "d1")
					w.System, w.Request = sys, request
					_, err := s.p.Begin(ctx, w, nil)
					s.is(err, ledger.ErrTaken)
				}
			}
			for i, w := range s.content([]ledger.SystemID{id}, "d1") {
				if w.Request != i {
					t.Errorf("row %d has number %d", i, w.Request)
				}
			}
			stale := s.file("b.csv", "d2")
			stale.System = second
			s.put(stale, ledger.StateDone)
			stale.System = id
			_, err := s.p.Begin(ctx, stale, nil)
			s.is(err, ledger.ErrTaken)
			adopt := s.file("a.csv", "d1")
			adopt.System = second
			s.must(s.l.Adopt(ctx, adopt, nil, "eve"))
			if found := s.content([]ledger.SystemID{id}, "d1"); found[len(found)-1].State != ledger.StateAdopted {
				t.Errorf("adopted by its old name: %+v", found)
			}
		})
	}
}

// A chain of merges: who still knows the first name of a system that was merged twice books to the last.
func TestMergingTwice(t *testing.T) {
	s := newSite(t)
	var ids []ledger.SystemID
	for i := range 3 {
		ids = append(ids, system(t, s.l, fmt.Sprint("connection.perbit.n", i), fmt.Sprint("https://n", i)))
	}
	system(t, s.l, "connection.perbit.n1", "https://n2")
	system(t, s.l, "connection.perbit.n0", "https://n1")
	w := s.file("a.csv", "d1")
	w.System = ids[2]
	if got := s.put(w, ledger.StateRunning); got.System != ids[0] {
		t.Errorf("booked to %d, not %d", got.System, ids[0])
	}
	// What is under way when its system is merged is still its attempt's.
	s.put(s.file("b.csv", "d2"), ledger.StateDone)
	w = s.file("b.csv", "d2")
	w.System = ids[0]
	a := s.begin(w, nil)
	system(t, s.l, "connection.perbit.hr", "https://n0")
	s.must(s.p.Accepted(ctx, a, "remote-2"))
	s.must(s.p.Finish(ctx, a, ledger.Outcome{State: ledger.StateDone}))
}
