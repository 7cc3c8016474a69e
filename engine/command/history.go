package command

import (
	"time"

	"github.com/spf13/cobra"

	"dropform/engine/ledger"
)

// eventJSON is one line of `history -json` and of the events of `show -json`.
type eventJSON struct {
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	What    string    `json:"what"`
	Message string    `json:"message,omitempty"`
	Who     string    `json:"who,omitempty"`
}

func eventJSONOf(e ledger.Event) eventJSON {
	return eventJSON{e.At, itemAddress(e.Address, e.Item), e.What, e.Message, e.Who}
}

func (s *session) historyCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "history [options]", Short: "Show what happened, oldest first", Args: exactly(0, 0, "no arguments"),
		Long:    "Every definition that was applied, every file and export with its outcome, and every decision of a person with their name. With -json one object a line.",
		Example: "dropform history\ndropform history -json",
		RunE:    func(*cobra.Command, []string) error { return s.history(vars, asJSON) },
	}
	addVarFlags(cmd.Flags(), &vars)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func (s *session) history(vars []VarFlag, asJSON bool) error {
	cfg, reader, err := s.ledgerOnly(vars)
	if err != nil {
		return err
	}
	defer reader.Close()
	var events []ledger.Event
	err = reader.View(s.ctx, func(v *ledger.View) error {
		var err error
		events, err = v.Events("", "", 0)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return s.eventLines(events)
	}
	out := s.outScreen()
	if len(events) == 0 {
		out.printf("Nothing has happened yet.\n")
	}
	for _, e := range events {
		out.printf("%s\n", eventLine(out.tongue, e, cfg.Location))
	}
	return nil
}

func (s *session) eventLines(events []ledger.Event) error {
	for _, e := range events {
		if err := s.jsonLine(eventJSONOf(e)); err != nil {
			return err
		}
	}
	return nil
}

func eventLine(l tongue, e ledger.Event, in *time.Location) string {
	text := stamp(e.At.In(in)) + "  " + itemAddress(e.Address, e.Item) + "  " + l.say(words(e.What)) + prefixed(": ", l.say(e.Message))
	if e.Who != "" {
		text += l.sayf(" (by %s)", e.Who)
	}
	return text
}
