package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dropform/engine"
)

func (s *session) graphCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "graph [options]", Short: "Print the blocks and what they depend on in the DOT language", Args: exactly(0, 0, "no arguments"),
		Long:    "Each connection, import, export and rule is a node. An arrow leads from a block to what it needs: its connection, what depends_on names, and the rule that it follows with after. Graphviz makes a picture of it.",
		Example: "dropform graph | dot -Tsvg > graph.svg",
		RunE: func(*cobra.Command, []string) error {
			shortLived(s.textSize())
			s.aloud, s.aside = s.errScreen().terminal, true
			cfg, err := s.load(vars)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(s.Stdout, dot(cfg))
			return err
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

// dot is the graph of a configuration's blocks, without instances, sorted: equal configurations give equal text.
func dot(cfg *engine.Config) string {
	edges := map[string]map[string]bool{}
	node := func(a engine.Address) string {
		name := a.Base().String()
		if edges[name] == nil {
			edges[name] = map[string]bool{}
		}
		return name
	}
	block := func(d *engine.Declared, connection *engine.Connection) {
		from := node(d.Address)
		if connection != nil {
			edges[from][node(connection.Address)] = true
		}
		for _, a := range d.DependsOn {
			edges[from][node(a)] = true
		}
	}
	for a := range cfg.Keyed { // also those whose for_each is empty
		node(a)
	}
	for _, b := range cfg.Connections {
		block(&b.Declared, nil)
	}
	for _, b := range cfg.Imports {
		block(&b.Declared, b.Connection)
	}
	for _, b := range cfg.Exports {
		block(&b.Declared, b.Connection)
	}
	for _, b := range cfg.Rules {
		block(&b.Declared, b.Connection)
		if !b.After.IsZero() {
			edges[node(b.Address)][node(b.After)] = true
		}
	}
	var out strings.Builder
	out.WriteString("digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n")
	names := sortedKeysOf(edges)
	for _, name := range names {
		fmt.Fprintf(&out, "  %q [label=%q];\n", name, name)
	}
	for _, from := range names {
		for _, to := range sortedKeysOf(edges[from]) {
			fmt.Fprintf(&out, "  %q -> %q;\n", from, to)
		}
	}
	out.WriteString("}\n")
	return out.String()
}
