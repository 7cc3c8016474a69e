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
	slow *regexp.Regexp
	// States are numbered in steps of 128; the next one after state and ASCII byte is next[state|byte]. 0 is the state in
	// which nothing can match any more.
	next   []uint16 // nil for patterns without a table
	accept []bool   // by number without the steps
	row    rowPattern
}

// maxStates bounds a table at 64 KiB.
const maxStates = 256

const asciiLen = 128

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
	t := &tableBuilder{prog: prog, known: map[string]uint16{}}
	if t.build() {
		m.next, m.accept, m.row = t.next, t.accept, newRowPattern(t.next, t.accept)
	}
	return m
}

func (m *matcher) match(v []byte) bool {
	if m.next == nil {
		return m.slow.Match(v)
	}
	at := uint(asciiLen)
	for _, c := range v {
		if c >= asciiLen {
			return m.slow.Match(v)
		}
		if at = uint(m.next[at|uint(c)]); at == 0 {
			return false
		}
	}
	return m.accept[at/asciiLen]
}

// tableBuilder turns a compiled pattern into states by the subset construction: a state is the set of instructions that
// may come next.
type tableBuilder struct {
	prog   *syntax.Prog
	known  map[string]uint16
	next   []uint16
	accept []bool
	sets   [][]uint32
}

// build answers false when there are too many states. State 1 is the beginning.
func (t *tableBuilder) build() bool {
	t.next, t.accept, t.sets = make([]uint16, asciiLen), make([]bool, 1), make([][]uint32, 1)
	t.state([]uint32{uint32(t.prog.Start)})
	for i := 1; i < len(t.sets); i++ {
		first := i == 1
		threads := t.closure(t.sets[i], first, false)
		for c := range rune(asciiLen) {
			var next []uint32
			for _, pc := range threads {
				if inst := &t.prog.Inst[pc]; consumes(inst.Op) && inst.MatchRune(c) {
					next = append(next, inst.Out)
				}
			}
			t.next[i*asciiLen+int(c)] = t.state(next) * asciiLen
		}
		t.accept[i] = slices.ContainsFunc(t.closure(t.sets[i], first, true), func(pc uint32) bool {
			return t.prog.Inst[pc].Op == syntax.InstMatch
		})
		if len(t.sets) > maxStates {
			return false
		}
	}
	return true
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
	n := uint16(len(t.sets))
	if n > 1 {
		t.known[string(key)] = n
	}
	t.next = append(t.next, make([]uint16, asciiLen)...)
	t.accept, t.sets = append(t.accept, false), append(t.sets, set)
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
