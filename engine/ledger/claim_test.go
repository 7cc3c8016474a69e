package ledger_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

func TestClaim(t *testing.T) {
	s := newSite(t)
	l := open(t, s.path)
	other := join(t, l)
	const key = "turn/import.staff"
	free := func(who string, holder string, err error) {
		t.Helper()
		if err != nil || holder != "" {
			t.Errorf("%s: held by %q, %v", who, holder, err)
		}
	}
	for range 2 { // also when it is ours already
		o, err := s.p.Claim(ctx, key)
		free("first", o.ID, err)
	}
	o, err := other.Claim(ctx, key)
	if err != nil || o.ID != s.p.ID || o.PID != os.Getpid() || o.Command != "apply" {
		t.Errorf("held by %+v, %v", o, err)
	}
	o, err = other.Claim(ctx, "turn/import.other")
	free("another key", o.ID, err)

	s.must(other.Release(ctx, key)) // is not theirs
	if o, err := other.Claim(ctx, key); err != nil || o.ID != s.p.ID {
		t.Errorf("after a foreign release: held by %+v, %v", o, err)
	}
	s.must(s.p.Release(ctx, key))
	o, err = other.Claim(ctx, key)
	free("after its release", o.ID, err)

	s.must(l.Close())
	o, err = s.p.Claim(ctx, key)
	free("after its process left", o.ID, err)
}

// Of several processes that want a right, one has it at a time.
func TestClaimRacing(t *testing.T) {
	path := newPath(t)
	var inside atomic.Int32
	var got atomic.Int32
	var all sync.WaitGroup
	for range 3 {
		p := join(t, open(t, path))
		all.Go(func() {
			for range 50 {
				holder, err := p.Claim(ctx, "slot/1")
				if err != nil {
					t.Error(err)
					return
				}
				if holder.ID != "" {
					continue
				}
				got.Add(1)
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d processes have the claim", n)
				}
				inside.Add(-1)
				if err := p.Release(ctx, "slot/1"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got.Load() == 0 {
		t.Error("nobody ever had the claim")
	}
}

func TestClaimsOfOneProcessStandSideBySide(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		if o, err := s.p.Claim(ctx, fmt.Sprint("slot/", i)); err != nil || o.ID != "" {
			t.Errorf("slot %d: %v, %v", i, o, err)
		}
	}
	if got := dump(t, s.path, `SELECT key FROM claim ORDER BY key`); len(got) != 3 {
		t.Errorf("claims: %v", got)
	}
}
