package command

import (
	"fmt"
	"slices"
	"strings"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// knownState is what the state commands choose from.
type knownState struct {
	cfg         *engine.Config
	definitions map[string]ledger.Definition
}

func (s *session) known(vars []VarFlag) (*knownState, error) {
	cfg, err := s.stateConfig(vars)
	if err != nil {
		return nil, err
	}
	return s.knownTo(cfg)
}

// stateConfig finds the ledger. These commands need no valid configuration, but a ledger.
func (s *session) stateConfig(vars []VarFlag) (*engine.Config, error) {
	cfg, reader, err := s.ledgerOnly(vars)
	if err != nil {
		return nil, err
	}
	if err := reader.Close(); err != nil {
		return nil, err
	}
	if _, err := s.FS.Stat(cfg.LedgerPath); err != nil {
		return nil, diag.Diagnostic{
			Code: "no_ledger", Summary: "No ledger was found",
			Detail: fmt.Sprintf("There is no %s yet, so nothing was ever applied here. dropform apply makes it.", relative(s.Dir, cfg.LedgerPath)),
		}
	}
	return cfg, nil
}

func (s *session) knownTo(cfg *engine.Config) (*knownState, error) {
	reader, err := s.reader(cfg)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	known := &knownState{cfg: cfg}
	err = reader.View(s.ctx, func(v *ledger.View) error {
		known.definitions, err = v.Definitions()
		return err
	})
	return known, err
}

// addresses lists all definitions, sorted as text.
func (k *knownState) addresses() []engine.Address {
	out := make([]engine.Address, 0, len(k.definitions))
	for text := range k.definitions {
		out = append(out, blockAddress(text))
	}
	slices.SortFunc(out, func(a, b engine.Address) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// choose lists the definitions that the patterns cover, all where there is no pattern. One that covers nothing is an error.
func (k *knownState) choose(patterns []string) ([]engine.Address, error) {
	all := k.addresses()
	if len(patterns) == 0 {
		return all, nil
	}
	chosen := map[engine.Address]bool{}
	for _, p := range patterns {
		found := false
		for _, a := range all {
			if engine.MatchAddress(p, a) {
				chosen[a], found = true, true
			}
		}
		if !found {
			return nil, k.unknown(p)
		}
	}
	return slices.DeleteFunc(all, func(a engine.Address) bool { return !chosen[a] }), nil
}

func (k *knownState) unknown(pattern string) error {
	d := diag.Diagnostic{
		Code: "unknown_address", Summary: "No such definition",
		Detail: fmt.Sprintf("No definition that was applied has an address that fits %q.", pattern),
	}
	var all []engine.Address
	for _, a := range k.addresses() {
		all = append(all, a, a.Base())
	}
	if near := engine.NoSuch(pattern, all).Nearest; len(near) > 0 {
		d.Detail += fmt.Sprintf(" Did you mean %s?", strings.Join(near, ", "))
	}
	d.Detail += " dropform state list shows all."
	return d
}

// rename lists what moving one address moves. A whole block takes its instances along; from a block to one instance, and
// back, only the name itself moves. Nothing is moved onto what is there.
func (k *knownState) rename(from, to engine.Address) ([]ledger.Change, error) {
	refuse := func(format string, args ...any) error {
		return diag.Diagnostic{Code: "invalid_move", Address: from.String(), Summary: "Cannot move, nothing was done", Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case from == to:
		return nil, refuse("Both addresses are the same.")
	case from.Kind != to.Kind:
		return nil, refuse("%s cannot become %s. History follows only between blocks of one kind.", from, to)
	}
	var out []ledger.Change
	for _, a := range k.addresses() {
		moved := to
		switch {
		case a == from:
		case !from.Keyed && !to.Keyed && a.Base() == from:
			moved.Key, moved.Keyed = a.Key, a.Keyed
		default:
			continue
		}
		if _, taken := k.definitions[moved.String()]; taken {
			return nil, refuse("There is a definition at %s already. To let go of it first, use dropform state rm.", moved)
		}
		out = append(out, ledger.Change{Address: a.String(), MoveTo: moved.String()})
	}
	if len(out) == 0 {
		return nil, k.unknown(from.String())
	}
	return out, nil
}

// parseBlock reads the address of a block or of one of its instances.
func parseBlock(text string) (engine.Address, error) {
	a, err := engine.ParseAddress(text, func(engine.Address) bool { return true })
	if err == nil && a.HasItem {
		err = fmt.Errorf("%s names a piece of work; definitions are blocks and their instances", text)
	}
	if err != nil {
		return engine.Address{}, diag.Diagnostic{Code: "invalid_address", Summary: "Invalid address", Detail: sentence(err.Error())}
	}
	return a, nil
}

func texts(list []engine.Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}
