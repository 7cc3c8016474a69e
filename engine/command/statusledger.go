package command

import (
	"cmp"
	"maps"
	"slices"

	"dropform/engine"
	"dropform/engine/ledger"
)

// statusOfLedger is what can be said without a configuration: what a watch reports, and what the ledger has not seen end.
func (s *session) statusOfLedger(cfg *engine.Config, reader *ledger.Reader, watching bool) (*engine.Status, error) {
	out := &engine.Status{}
	if watching {
		state, err := engine.ReadWatchState(s.FS, statusPath(cfg), now())
		if err != nil {
			return nil, err
		}
		reported(out, state)
	}
	err := reader.View(s.ctx, func(v *ledger.View) error {
		out.Items = nil
		all, err := v.Unfinished()
		for _, w := range all {
			out.Items = append(out.Items, unfinished(w))
		}
		return err
	})
	slices.SortStableFunc(out.Items, func(a, b engine.StatusItem) int { return cmp.Compare(a.Address, b.Address) })
	return out, err
}

func reported(out *engine.Status, state *engine.WatchState) {
	if state == nil {
		return
	}
	out.Watch = state
	for _, address := range slices.Sorted(maps.Keys(state.Connections)) {
		c := engine.ConnectionStatus{Address: address, State: "up", Text: state.Connections[address]}
		if c.Text != "" {
			c.State = "down"
		}
		out.Connections = append(out.Connections, c)
	}
	for _, f := range state.Folders {
		out.Folders = append(out.Folders, engine.FolderStatus{
			Address: f.ID, Mode: f.Mode, Network: f.Network, Queue: f.Pending, Oldest: f.Oldest, Degraded: f.Degraded,
			Overflows: f.Overflows, Rearms: f.Rearms, LastSweep: f.LastSweep,
		})
	}
}

func unfinished(w ledger.Work) engine.StatusItem {
	item := engine.StatusItem{Address: itemAddress(w.Address, w.Item), State: "failed", Text: w.Message, Since: w.SentAt}
	switch {
	case w.State == ledger.StateUnknown:
		item.State, item.Text = "unknown", engine.ReasonUnknown
		item.Next = "dropform resolve " + shellWord(item.Address) + " -happened, or -did-not-happen"
	case w.State.Open():
		item.State, item.Text, item.Next = "running", "the server has it", "the next run fetches the result"
	}
	return item
}
