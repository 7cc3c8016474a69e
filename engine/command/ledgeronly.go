package command

import (
	"errors"
	"fmt"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// ledgerOnly serves the commands that need what happened and not what is configured: a broken configuration, or one that
// was removed, must not hide the ledger. It is told as a warning. The caller closes the reader.
func (s *session) ledgerOnly(vars []VarFlag) (*engine.Config, *ledger.Reader, error) {
	cfg, broken, err := s.configOrLedger(vars)
	if err != nil {
		return nil, nil, err
	}
	if len(broken) > 0 {
		s.diagnostics(diag.List{{
			Severity: diag.Warning, Code: "configuration_broken", Summary: "The configuration cannot be used",
			Detail: fmt.Sprintf("%s. This goes on with the ledger alone, %s.", firstError(broken), relative(s.Dir, cfg.LedgerPath)),
		}})
	}
	reader, err := s.reader(cfg)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Keyed != nil {
		return cfg, reader, nil
	}
	if cfg.Keyed, err = s.keyedInLedger(reader); err != nil {
		return nil, nil, errors.Join(err, reader.Close())
	}
	return cfg, reader, nil
}

// configOrLedger reads the configuration. Where it is broken, the answer is one that knows the ledger's path and nothing
// else, with what is wrong. Where there is neither a configuration nor a ledger, that is an error.
func (s *session) configOrLedger(vars []VarFlag) (*engine.Config, diag.List, error) {
	cfg, diags := s.read(vars)
	if cfg != nil && !diags.HasErrors() {
		s.spoken.Store(tongueOf(cfg.Language))
		s.diagnostics(diags)
		return cfg, nil, nil
	}
	path := s.LedgerPath(LoadRequest{Dir: s.Dir, Vars: vars})
	if _, err := s.FS.Stat(path); err != nil && missingConfiguration(diags) {
		return nil, nil, diagnosed{diags}
	}
	return &engine.Config{Dir: s.Dir, LedgerPath: path, Location: time.Local}, diags, nil
}

func missingConfiguration(diags diag.List) bool {
	for _, d := range diags {
		if d.Code == "no_configuration" {
			return true
		}
	}
	return false
}

// keyedInLedger finds out which blocks have instances, because addresses are read by it.
func (s *session) keyedInLedger(reader *ledger.Reader) (map[engine.Address]bool, error) {
	keyed := map[engine.Address]bool{}
	err := reader.View(s.ctx, func(v *ledger.View) error {
		all, err := v.Definitions()
		for address := range all {
			if a := blockAddress(address); a.Keyed {
				keyed[a.Base()] = true
			}
		}
		return err
	})
	return keyed, err
}

// firstError is the first of several complaints, and how many more there are.
func firstError(list diag.List) string {
	text, n := "", 0
	for _, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		if n++; n == 1 {
			text = d.Summary
			if d.Range != nil {
				text = fmt.Sprintf("%s:%d: %s", d.Range.Filename, d.Range.Start.Line, d.Summary)
			}
		}
	}
	if n > 1 {
		text += fmt.Sprintf(" (and %s)", english.count(n-1, "more error", "more errors"))
	}
	return text
}
