package sandbox

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// faultScript holds the armed faults, oldest first.
type faultScript struct {
	mu    sync.Mutex
	armed []*Fault // Times and After count down in place
}

func (s *faultScript) arm(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.armed = append(s.armed, &f)
	}
}

func (s *faultScript) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
}

func (s *faultScript) list() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, len(s.armed))
	for i, f := range s.armed {
		list[i] = *f
	}
	return list
}

// take returns the faults that hit this call and counts it against them; those
// of FaultRefuse wait for takeRefusal.
func (s *faultScript) take(stream stream, action, tenant string) faultSet {
	return s.pick(func(f Fault) bool { return f.Kind != FaultRefuse && f.matches(stream, action, tenant) })
}

// takeRefusal returns the first refusal of an action on these positions, or nil.
func (s *faultScript) takeRefusal(action string, touched []place) *Fault {
	return s.pick(func(f Fault) bool {
		return f.Kind == FaultRefuse && f.matches(conboxStream, action, "") && f.names(touched)
	}).get(FaultRefuse)
}

// names tells whether one of the positions is the fault's.
func (f Fault) names(touched []place) bool {
	return f.Position == "" || slices.ContainsFunc(touched, func(p place) bool {
		return f.Position == p.position.PosNbr || f.Position == p.document.DocNbr+"/"+p.position.PosNbr ||
			strings.EqualFold(f.Position, p.position.PositionGuid)
	})
}

// pick returns the faults that are meant and due, and counts them down.
func (s *faultScript) pick(meant func(Fault) bool) faultSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit faultSet
	s.armed = slices.DeleteFunc(s.armed, func(f *Fault) bool {
		if !meant(*f) {
			return false
		}
		if f.After > 0 {
			f.After--
			return false
		}
		hit = append(hit, *f)
		if f.Times == 0 {
			return false
		}
		f.Times--
		return f.Times == 0
	})
	return hit
}

// faultSet are the faults of one call.
type faultSet []Fault

// get returns the first fault of a kind, or nil.
func (s faultSet) get(kind string) *Fault {
	for i := range s {
		if s[i].Kind == kind {
			return &s[i]
		}
	}
	return nil
}

func (s faultSet) has(kind string) bool { return s.get(kind) != nil }

// delay is what the faults of a kind wait together.
func (s faultSet) delay(kind string) time.Duration {
	var sum time.Duration
	for _, f := range s {
		if f.Kind == kind {
			sum += f.Delay
		}
	}
	return sum
}
