package csvschema

import (
	"encoding/binary"
	"regexp"
	"regexp/syntax"
	"slices"
)

// matcher holds a value against a pattern that has to match it whole. ASCII values go through a table that is built once;
// others, and patterns that are too large or look at word or line boundaries, through the regexp.
type matcher struct {
	slow   *regexp.Regexp
	states []matchState // nil for patterns without a table; 0 is the state in which nothing can match any more
}

type matchState struct {
	next   [128]uint16
	accept bool
}

// maxStates bounds a table at 64 KiB.
const maxStates = 256

func newMatcher(whole *regexp.Regexp) *matcher {
	m := &matcher{slow: whole}
	parsed, err := syntax.Parse(whole.String(), syntax.Perl)
	if err != nil {
		return m
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return m
	}
	for _, inst := range prog.Inst {
		const known = syntax.EmptyBeginText | syntax.EmptyEndText
		if inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&^known != 0 {
			return m
		}
	}
	m.states = (&tableBuilder{prog: prog, known: map[string]uint16{}}).build()
	return m
}

func (m *matcher) match(v []byte) bool {
	if m.states == nil {
		return m.slow.Match(v)
	}
	at := uint16(1)
	for _, c := range v {
		if c >= 128 {
			return m.slow.Match(v)
		}
		if at = m.states[at].next[c]; at == 0 {
			return false
		}
	}
	return m.states[at].accept
}

// tableBuilder turns a compiled pattern into states by the subset construction: a state is the set of instructions that
// may come next.
type tableBuilder struct {
	prog   *syntax.Prog
	known  map[string]uint16
	states []matchState
	sets   [][]uint32
}

// build answers nil when there are too many states. State 1 is the beginning.
func (t *tableBuilder) build() []matchState {
	t.states, t.sets = make([]matchState, 1), make([][]uint32, 1)
	t.state([]uint32{uint32(t.prog.Start)})
	for i := 1; i < len(t.sets); i++ {
		first := i == 1
		threads := t.closure(t.sets[i], first, false)
		for c := range rune(128) {
			var next []uint32
			for _, pc := range threads {
				if inst := &t.prog.Inst[pc]; consumes(inst.Op) && inst.MatchRune(c) {
					next = append(next, inst.Out)
				}
			}
			t.states[i].next[c] = t.state(next)
		}
		t.states[i].accept = slices.ContainsFunc(t.closure(t.sets[i], first, true), func(pc uint32) bool {
			return t.prog.Inst[pc].Op == syntax.InstMatch
		})
		if len(t.states) > maxStates {
			return nil
		}
	}
	return t.states
}

func consumes(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}

// state is the number of the state for a set of instructions. The beginning is never entered again, because only there
// the text begins.
func (t *tableBuilder) state(set []uint32) uint16 {
	if len(set) == 0 {
		return 0
	}
	slices.Sort(set)
	set = slices.Compact(set)
	var key []byte
	for _, pc := range set {
		key = binary.LittleEndian.AppendUint32(key, pc)
	}
	if n, ok := t.known[string(key)]; ok {
		return n
	}
	n := uint16(len(t.states))
	if n > 1 {
		t.known[string(key)] = n
	}
	t.states, t.sets = append(t.states, matchState{}), append(t.sets, set)
	return n
}

// closure follows everything that needs no character.
func (t *tableBuilder) closure(set []uint32, begin, end bool) []uint32 {
	var out []uint32
	seen := make(map[uint32]bool)
	stack := slices.Clone(set)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch inst := &t.prog.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, inst.Out)
		case syntax.InstEmptyWidth:
			op := syntax.EmptyOp(inst.Arg)
			if (op&syntax.EmptyBeginText == 0 || begin) && (op&syntax.EmptyEndText == 0 || end) {
				stack = append(stack, inst.Out)
			}
		default:
			out = append(out, pc)
		}
	}
	return out
}
