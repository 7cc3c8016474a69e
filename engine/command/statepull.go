package command

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine/ledger"
)

func (s *session) statePullCommand() *cobra.Command {
	var vars []VarFlag
	cmd := &cobra.Command{
		Use: "pull [options]", Short: "Print the whole state as JSON", Args: exactly(0, 0, "no arguments"),
		Long:    "One document: the definitions as they were applied last, sensitive values masked, and how much work ended how under each address, also under those that are forgotten.",
		Example: "dropform state pull > state.json",
		RunE:    func(*cobra.Command, []string) error { return s.statePull(vars) },
	}
	addVarFlags(cmd.Flags(), &vars)
	return cmd
}

// pulled is the document of `state pull`.
type pulled struct {
	FormatVersion string            `json:"format_version"`
	Version       string            `json:"dropform_version"`
	Lineage       string            `json:"lineage"` // the ledger's identity; empty where there is none
	Definitions   []definitionJSON  `json:"definitions"`
	Work          []workSummaryJSON `json:"work"`
}

// workSummaryJSON counts the work of one address by its state.
type workSummaryJSON struct {
	Address string         `json:"address"`
	States  map[string]int `json:"states"`
	LastAt  time.Time      `json:"last_at"`
}

func (s *session) statePull(vars []VarFlag) error {
	_, reader, err := s.ledgerOnly(vars)
	if err != nil {
		return err
	}
	var doc pulled
	err = reader.View(s.ctx, func(v *ledger.View) error {
		doc = pulled{FormatVersion: "1.0", Version: s.Version, Definitions: []definitionJSON{}, Work: []workSummaryJSON{}}
		var w shown
		if err := w.everything(v); err != nil {
			return err
		}
		doc.Definitions = append(doc.Definitions, w.Definitions...)
		var err error
		if doc.Lineage, err = v.Identity(); err != nil {
			return err
		}
		return doc.summarise(v)
	})
	if err := errors.Join(err, reader.Close()); err != nil {
		return err
	}
	return s.printJSON(doc)
}

// summarise finds the work by the items that history and unfinished work name.
func (p *pulled) summarise(v *ledger.View) error {
	type item struct{ address, item string }
	items := map[item]bool{}
	events, err := v.Events("", "", 0)
	if err != nil {
		return err
	}
	for _, e := range events {
		items[item{e.Address, e.Item}] = e.Item != ""
	}
	unfinished, err := v.Unfinished()
	if err != nil {
		return err
	}
	for _, w := range unfinished {
		items[item{w.Address, w.Item}] = true
	}
	byAddress := map[string]*workSummaryJSON{}
	for i, counts := range items {
		if !counts {
			continue
		}
		all, err := v.WorkOf(i.address, i.item)
		if err != nil {
			return err
		}
		for _, w := range all {
			sum := byAddress[i.address]
			if sum == nil {
				sum = &workSummaryJSON{Address: i.address, States: map[string]int{}}
				byAddress[i.address] = sum
			}
			sum.States[string(w.State)]++
			sum.LastAt = slices.MaxFunc([]time.Time{sum.LastAt, w.SentAt, w.EndedAt}, time.Time.Compare)
		}
	}
	for _, sum := range byAddress {
		p.Work = append(p.Work, *sum)
	}
	slices.SortFunc(p.Work, func(a, b workSummaryJSON) int { return strings.Compare(a.Address, b.Address) })
	return nil
}

// sortedKeysOf lists the keys of a map, sorted.
func sortedKeysOf[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
