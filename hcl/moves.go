package hcl

import (
	"fmt"
	"strings"

	"dropform/engine"
	"dropform/engine/diag"
)

// moves decodes moved blocks and checks them against what is declared.
func (l *loader) moves() {
	seen := map[engine.Address]diag.Range{}
	var moves []*move
	for _, b := range l.top["moved"] {
		in := l.bare(b)
		n := in.decode(movedSpec, b.Body, b.DefRange, "")
		from, to := get(n, "from", engine.Address{}), get(n, "to", engine.Address{})
		if from.IsZero() || to.IsZero() {
			continue
		}
		fail := func(code, name, summary, detail string) {
			in.add(problem{code: code, summary: summary, detail: detail, rng: n.at(name), in: in.place})
		}
		switch d := l.blocks[from.Base()]; {
		case from == to:
			fail("invalid_move", "to", "A move to itself", "from and to are the same address.")
		case from.Kind != to.Kind:
			fail("invalid_move", "to", fmt.Sprintf("%s cannot become %s", from, to), "History follows only between blocks of one kind.")
		case d != nil && (!from.Keyed || d.keysKnown && hasKey(d, from.Key)) && !(from.Base() == to.Base() && from.Keyed != to.Keyed):
			fail("moved_source_exists", "from", fmt.Sprintf("%s is still declared", from), "A moved block says that an address is gone. Rename the block, or take the moved block out.")
		case seen[from].Filename != "":
			fail("moved_twice", "from", fmt.Sprintf("%s moves twice", from), fmt.Sprintf("%s:%d moves it already.", seen[from].Filename, seen[from].Start.Line))
		default:
			seen[from] = toRange(b.DefRange)
			l.config.Moved = append(l.config.Moved, engine.Moved{From: from, To: to, Range: toRange(b.DefRange)})
			moves = append(moves, &move{in: in, node: n, from: from, to: to})
		}
	}
	l.checkMoves(moves)
}

// A move is one sound moved block.
type move struct {
	in       *instance
	node     *node
	from, to engine.Address
}

// checkMoves reports moves that lead in a circle, and two that lead to one address.
func (l *loader) checkMoves(moves []*move) {
	byFrom, byTo := map[engine.Address]*move{}, map[engine.Address]*move{}
	for _, m := range moves {
		byFrom[m.from] = m
		if other := byTo[m.to]; other != nil {
			m.complain("to", fmt.Sprintf("%s and %s cannot both become %s", other.from, m.from, m.to), "One address has one history. Keep one of the two.")
		}
		byTo[m.to] = m
	}
	told := map[*move]bool{}
	for _, m := range moves {
		path, seen := []string{m.from.String()}, map[*move]bool{}
		for next := m; next != nil && !seen[next] && !told[next]; next = byFrom[next.to] {
			seen[next] = true
			path = append(path, next.to.String())
			if next.to == m.from {
				m.complain("from", "Moves lead in a circle", strings.Join(path, " → ")+". One of them has to go.")
				for t := range seen {
					told[t] = true
				}
				break
			}
		}
	}
}

func (m *move) complain(name, summary, detail string) {
	m.in.add(problem{code: "invalid_move", summary: summary, detail: detail, rng: m.node.at(name), in: m.in.place})
}

func hasKey(d *declaration, key string) bool { _, ok := d.keys[key]; return ok && d.forEach != nil }
