package hcl

import (
	"cmp"
	"fmt"
	"slices"

	"dropform/engine"
)

// buildFixed decodes the fields of a fixed-width export, in the order of their places.
func (in *instance) buildFixed(n *node) []engine.FixedField {
	fixed := n.child("fixed")
	if fixed == nil {
		return nil
	}
	if len(fixed.children["field"]) == 0 {
		in.missingBlock(fixed, "field", "A fixed block describes at least one field: field \"NAME\" { start = 1 length = 8 }.")
	}
	var out []engine.FixedField
	nodes := slices.Clone(fixed.children["field"])
	slices.SortStableFunc(nodes, func(a, b *node) int { return cmp.Compare(get(a, "start", int64(0)), get(b, "start", int64(0))) })
	for i, f := range nodes {
		field := engine.FixedField{Name: f.label, Start: int(get(f, "start", int64(1))), Length: int(get(f, "length", int64(1)))}
		if i > 0 && out[i-1].Start+out[i-1].Length > field.Start && f.has("start") && f.has("length") {
			in.add(problem{
				code: "invalid_value", summary: fmt.Sprintf("Fields %q and %q overlap", out[i-1].Name, field.Name), rng: f.at("start"), in: in.place,
				detail: fmt.Sprintf("%q takes characters %d to %d; start counts from 1.", out[i-1].Name, out[i-1].Start, out[i-1].Start+out[i-1].Length-1),
			})
		}
		out = append(out, field)
	}
	return out
}

// fitFixed holds the csv block of a fixed-width export against its fields: they are its columns, and nothing delimits them.
func (in *instance) fitFixed(s *engine.CSV, n *node) {
	for _, name := range []string{"delimiter", "quote"} {
		if n.has(name) {
			in.add(problem{
				code: "attribute_without_other", summary: name + " in a fixed-width export", rng: n.at(name), in: in.place,
				detail: "Its fields lie at fixed places, and nothing stands between them. Leave this out.",
			})
		}
	}
	for _, c := range n.children["column"] {
		in.checkColumn(s, c.label, c.header, false)
	}
}

// columnNames are the columns that a file has, no more and no less; known is false where it may have others.
func columnNames(s *engine.CSV) (names []string, known bool) {
	for _, f := range s.Fixed {
		names = append(names, f.Name)
	}
	if len(s.Fixed) > 0 {
		return names, true
	}
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	return names, exactColumns(s)
}
