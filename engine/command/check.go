package command

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/csvschema"
	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// unreadable is the exit code of check when the schema or a file could not be read.
const unreadable = 2

func (s *session) checkCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check [options] ADDRESS FILE...", Short: "Check files against an import's schema, without a server",
		Args:    exactly(2, -1, "the address of an import, then files"),
		Long:    "Validates the files as the import would, wherever they lie, and prints every error. Nothing is sent, moved or recorded.\n\nExit code: 0 valid, 1 not valid (also: no text, an Excel file), 2 the schema or a file cannot be read.",
		Example: "dropform check import.staff march.csv\ndropform check -json 'import.absence[wels]' *.csv",
		RunE: func(_ *cobra.Command, args []string) error {
			err := s.check(vars, args[0], args[1:], asJSON)
			var code exit
			if err != nil && !errors.As(err, &code) {
				return failure{unreadable, err}
			}
			return err
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (s *session) check(vars []VarFlag, address string, files []string, asJSON bool) error {
	cfg, err := s.load(vars)
	if err != nil {
		return err
	}
	imp, err := importFor(cfg, address)
	if err != nil {
		return err
	}
	opt := csvschema.Options{Lookup: engine.Lookup(s.FS), Language: cfg.Language}
	if opt.LastRows, err = s.lastRows(cfg, imp); err != nil {
		return err
	}
	var checked []csvschema.Checked
	valid := true
	for _, name := range files {
		c, err := s.checkFile(name, imp, opt)
		if err != nil {
			return fmt.Errorf("check %s: %w", name, err)
		}
		valid = valid && c.Report.Valid
		checked = append(checked, c)
	}
	if err := s.printChecked(checked, asJSON); err != nil {
		return err
	}
	if !valid {
		return exit(1)
	}
	return nil
}

func (s *session) printChecked(checked []csvschema.Checked, asJSON bool) error {
	if asJSON {
		return csvschema.WriteJSON(s.Stdout, checked...)
	}
	for _, c := range checked {
		if err := c.Report.WriteText(s.Stdout, printable(c.File)); err != nil {
			return err
		}
	}
	return nil
}

// importFor finds the import whose schema an address means. Instances of one block have one schema.
func importFor(cfg *engine.Config, address string) (*engine.Import, error) {
	if _, err := cfg.ParseAddress(address); err != nil {
		return nil, err
	}
	var names []string
	for _, imp := range cfg.Imports {
		if engine.MatchAddress(address, imp.Address) {
			return imp, nil
		}
		names = append(names, imp.Address.String())
	}
	for _, r := range cfg.Rules {
		if engine.MatchAddress(address, r.Address) {
			return nil, diag.Diagnostic{Code: "rule_not_served", Address: address, Summary: "Rules are not carried out by this version", Detail: "Their files cannot be checked yet; only imports can."}
		}
	}
	e := &engine.AddressError{Pattern: address}
	if near := nearest(address, names); near != "" {
		e.Nearest = []string{near}
	}
	return nil, e
}

// lastRows is what max_shrink compares with.
func (s *session) lastRows(cfg *engine.Config, imp *engine.Import) (n int64, err error) {
	reader, err := s.reader(cfg)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	err = reader.View(s.ctx, func(v *ledger.View) error {
		var err error
		n, err = v.LastRows(imp.Address.String())
		return err
	})
	return n, err
}

func (s *session) checkFile(name string, imp *engine.Import, opt csvschema.Options) (csvschema.Checked, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	f, err := s.FS.Open(path)
	if err != nil {
		return csvschema.Checked{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return csvschema.Checked{}, err
	}
	if info.IsDir() {
		return csvschema.Checked{}, errors.New("it is a directory")
	}
	report, err := csvschema.Validate(s.ctx, f, info.Size(), imp.CSV, opt)
	if err != nil {
		return csvschema.Checked{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return csvschema.Checked{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return csvschema.Checked{}, err
	}
	return csvschema.Checked{File: name, SHA256: hex.EncodeToString(h.Sum(nil)), Report: report}, nil
}
