package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"dropform/engine/ledger"
)

// blocks lists everything of the configuration that has a definition: connections, imports, exports, rules.
func (c *Config) blocks() []*Declared {
	out := make([]*Declared, 0, len(c.Connections)+len(c.Imports)+len(c.Exports)+len(c.Rules))
	for _, b := range c.Connections {
		out = append(out, &b.Declared)
	}
	for _, b := range c.Imports {
		out = append(out, &b.Declared)
	}
	for _, b := range c.Exports {
		out = append(out, &b.Declared)
	}
	for _, b := range c.Rules {
		out = append(out, &b.Declared)
	}
	return out
}

// encode is the stored form of a definition and its digest. Attributes are sorted, so equal settings are equal text.
func (d *Declared) encode() (text, digest string) {
	raw, err := json.Marshal(d.Attributes)
	if err != nil { // strings and booleans always encode
		panic(err)
	}
	return string(raw), digestOf(string(raw))
}

func digestOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digestPaths is a digest of the attributes that lie at or under the given paths: what a piece of work depends on.
func (d *Declared) digestPaths(paths ...string) string {
	var parts []string
	for _, a := range d.Attributes {
		if slices.ContainsFunc(paths, func(p string) bool { return a.Path == p || strings.HasPrefix(a.Path, p+".") }) {
			parts = append(parts, a.Path, a.Value)
			if a.Fingerprint != "" {
				parts = append(parts, a.Fingerprint)
			}
		}
	}
	return digestOf(parts...)
}

// diffDefinitions compares the configuration with what was last applied: moves, then per address create, update or
// forget. Order: by address.
func diffDefinitions(cfg *Config, applied map[string]ledger.Definition) []DefinitionChange {
	known := maps.Clone(applied)
	movedFrom := moves(cfg, applied)
	for to, from := range movedFrom {
		known[to] = applied[from]
		delete(known, from)
	}
	var out []DefinitionChange
	for _, b := range cfg.blocks() {
		// What a failing precondition holds back is not applied either.
		if c, differs := diffBlock(b, known, movedFrom); differs && len(b.Failed) == 0 {
			out = append(out, c)
		}
		delete(known, b.Address.String())
	}
	for a, d := range known {
		addr, err := ParseAddress(a, func(Address) bool { return true })
		if err == nil {
			out = append(out, DefinitionChange{Address: addr, Verb: "forget", Attributes: diffAttributes(decodeAttributes(d.Attributes), nil)})
		}
	}
	slices.SortFunc(out, func(a, b DefinitionChange) int { return cmp.Compare(a.Address.String(), b.Address.String()) })
	return out
}

// moves lists, by new name, the applied addresses that moved blocks rename, also over several steps. A name that is taken
// already keeps what it has: the move has been applied before.
func moves(cfg *Config, applied map[string]ledger.Definition) map[string]string {
	out := map[string]string{}
	if len(cfg.Moved) == 0 {
		return out
	}
	for from := range applied {
		to := from
		for range cfg.Moved {
			i := slices.IndexFunc(cfg.Moved, func(m Moved) bool { _, ok := movedTo(to, m); return ok })
			if i < 0 {
				break
			}
			to, _ = movedTo(to, cfg.Moved[i])
		}
		if _, taken := applied[to]; to != from && !taken {
			out[to] = from
		}
	}
	return out
}

// movedTo is the new name of an address under a moved block. A whole block takes its instances along; from a block without
// for_each to one instance, and back, only the name itself moves.
func movedTo(address string, m Moved) (string, bool) {
	rest, ok := strings.CutPrefix(address, m.From.String())
	if !ok || rest != "" && (rest[0] != '[' || m.From.Keyed || m.To.Keyed) {
		return "", false
	}
	return m.To.String() + rest, true
}

func diffBlock(b *Declared, known map[string]ledger.Definition, movedFrom map[string]string) (DefinitionChange, bool) {
	text, digest := b.encode()
	c := DefinitionChange{Address: b.Address, digest: digest, encoded: text}
	old, ok := known[b.Address.String()]
	from, moved := movedFrom[b.Address.String()]
	if moved {
		c.From, _ = ParseAddress(from, func(Address) bool { return true })
	}
	switch {
	case !ok:
		c.Verb = "create"
		c.Attributes = diffAttributes(nil, b.Attributes)
	case moved:
		c.Verb = "move"
		c.Attributes = diffAttributes(decodeAttributes(old.Attributes), b.Attributes)
	case old.Digest != digest:
		c.Verb = "update"
		c.Attributes = diffAttributes(decodeAttributes(old.Attributes), b.Attributes)
	default:
		return c, false
	}
	return c, true
}

func decodeAttributes(text string) []Attribute {
	var out []Attribute
	if json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	return out
}

func diffAttributes(before, after []Attribute) []AttributeChange {
	old := map[string]Attribute{}
	for _, a := range before {
		old[a.Path] = a
	}
	var out []AttributeChange
	for _, a := range after {
		o := old[a.Path]
		delete(old, a.Path)
		if o.Value != a.Value || o.Fingerprint != a.Fingerprint {
			out = append(out, AttributeChange{Path: a.Path, Old: o.Value, New: a.Value, Sensitive: a.Sensitive || o.Sensitive})
		}
	}
	for _, o := range old {
		out = append(out, AttributeChange{Path: o.Path, Old: o.Value, Sensitive: o.Sensitive})
	}
	slices.SortFunc(out, func(a, b AttributeChange) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// ledgerChanges turns the differences into what the ledger records.
func ledgerChanges(changes []DefinitionChange) []ledger.Change {
	var out []ledger.Change
	for _, c := range changes {
		address := c.Address.String()
		if c.Verb == "move" {
			out = append(out, ledger.Change{Address: c.From.String(), MoveTo: address})
		}
		if c.Verb == "forget" {
			out = append(out, ledger.Change{Address: address, Forget: true})
			continue
		}
		out = append(out, ledger.Change{Address: address, Put: &ledger.Definition{Address: address, Digest: c.digest, Attributes: c.encoded}})
	}
	return out
}
