package engine

import (
	"context"
	"time"

	"dropform/engine/ledger"
)

// A watch looks at one block at a time, at thousands of them when it starts. What such a look costs must not grow with how many
// other blocks there are.

// directory finds the blocks of a configuration by address.
type directory struct {
	imports map[Address]*Import
	exports map[Address]*Export
	rules   map[Address]*Rule
}

// file makes the directory of a configuration that does not change any more.
func (c *Config) file() {
	d := &directory{make(map[Address]*Import, len(c.Imports)), make(map[Address]*Export, len(c.Exports)), make(map[Address]*Rule, len(c.Rules))}
	for _, imp := range c.Imports {
		d.imports[imp.Address] = imp
	}
	for _, exp := range c.Exports {
		d.exports[exp.Address] = exp
	}
	for _, r := range c.Rules {
		d.rules[r.Address] = r
	}
	c.at = d
}

// ImportAt is the import of an address; nil where there is none.
func (c *Config) ImportAt(a Address) *Import {
	if c.at != nil {
		return c.at.imports[a]
	}
	for _, imp := range c.Imports {
		if imp.Address == a {
			return imp
		}
	}
	return nil
}

func (c *Config) exportAt(a Address) *Export {
	if c.at != nil {
		return c.at.exports[a]
	}
	for _, exp := range c.Exports {
		if exp.Address == a {
			return exp
		}
	}
	return nil
}

func (c *Config) ruleAt(a Address) *Rule {
	if c.at != nil {
		return c.at.rules[a]
	}
	for _, r := range c.Rules {
		if r.Address == a {
			return r
		}
	}
	return nil
}

// narrow is the configuration of one block and of those that it follows. The directory still knows all of them.
func (c *Config) narrow(a Address) *Config {
	out := *c
	out.Connections, out.Imports, out.Exports, out.Rules = nil, nil, nil, nil
	if imp := c.ImportAt(a); imp != nil {
		out.Imports = []*Import{imp}
	}
	if exp := c.exportAt(a); exp != nil {
		out.Exports = []*Export{exp}
	}
	r := c.ruleAt(a)
	if r == nil {
		return &out
	}
	out.Rules = []*Rule{r}
	for _, other := range c.Rules {
		if !r.After.IsZero() && other != r && other.Address.Base() == r.After {
			out.Rules = append(out.Rules, other)
		}
	}
	return &out
}

// has reports whether there is a block of an address as the ledger writes it.
func (c *Config) has(address string) bool {
	at, err := c.ParseAddress(address)
	return err == nil && (c.ImportAt(at) != nil || c.exportAt(at) != nil || c.ruleAt(at) != nil)
}

// applied reads the definitions that a look needs: those of its blocks, and all where one of them may have been renamed.
func applied(v *ledger.View, cfg *Config, only *scope) (map[string]ledger.Definition, error) {
	if only == nil || len(cfg.Moved) > 0 {
		return v.Definitions()
	}
	var names []string
	for _, b := range cfg.blocks() {
		names = append(names, b.Address.String())
	}
	return v.DefinitionsOf(names)
}

// looksAtOnce is how many blocks are looked at side by side, and looksPatience how long others wait for them: what a look holds in memory
// must not be held for all blocks when a watch starts, and a share that hangs must not keep the others from being looked at.
const (
	looksAtOnce   = 128
	looksPatience = 30 * time.Second
)

// place waits for one of the places for looks. The function that it returns gives it back.
func (s *Service) place(ctx context.Context) (leave func()) {
	select {
	case s.looks <- struct{}{}:
		return func() { <-s.looks }
	default:
	}
	timer := time.NewTimer(looksPatience)
	defer timer.Stop()
	select {
	case s.looks <- struct{}{}:
		return func() { <-s.looks }
	case <-timer.C:
	case <-ctx.Done():
	}
	return func() {}
}
