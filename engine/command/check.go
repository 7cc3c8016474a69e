package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/csvschema"
	"dropform/engine/ledger"
)

// unreadable is the exit code of check when the schema or a file could not be read.
const unreadable = 2

// mostWorkers is how many processors check uses for a file: more of them would wait for the one that reads.
const mostWorkers = 4

func (s *session) checkCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check [options] ADDRESS FILE...", Short: "Check files against an import's or rule's schema, without a server",
		Args:    exactly(2, -1, "the address of an import or rule, then files"),
		Long:    "Validates the files as the import or rule would, wherever they lie, and prints every error. Nothing is sent, moved or recorded.\n\nExit code: 0 valid, 1 not valid (also: no text, an Excel file), 2 the schema or a file cannot be read.",
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
	schema, err := schemaFor(cfg, address)
	if err != nil {
		return err
	}
	opt := csvschema.Options{Lookup: engine.Lookup(s.FS), Workers: min(runtime.GOMAXPROCS(0), mostWorkers)}
	if opt.LastRows, err = s.lastRows(cfg, schema.of); err != nil {
		return err
	}
	var checked []csvschema.Checked
	valid := true
	for _, name := range files {
		c, err := s.checkFile(name, schema, opt)
		if err != nil {
			return fmt.Errorf("check %s: %w", name, err)
		}
		valid = valid && c.Report.Valid
		checked = append(checked, c)
	}
	if err := s.printChecked(checked, asJSON, cfg.Language); err != nil {
		return err
	}
	if !valid {
		return exit(1)
	}
	return nil
}

func (s *session) printChecked(checked []csvschema.Checked, asJSON bool, language string) error {
	if asJSON {
		return csvschema.WriteJSON(s.Stdout, checked...)
	}
	for _, c := range checked {
		if err := c.Report.WriteText(s.Stdout, printable(c.File), language); err != nil {
			return err
		}
	}
	return nil
}

// A schema is what the files of one block are held against: its csv block, nil where it has none, and for a rule what its
// rows are made into.
type schema struct {
	of   engine.Address
	csv  *engine.CSV
	rule *engine.Rule
}

// validate holds a file against the schema.
func (c schema) validate(ctx context.Context, f io.Reader, size int64, opt csvschema.Options) (*csvschema.Report, error) {
	if c.rule != nil {
		return c.rule.Check(ctx, f, opt)
	}
	return csvschema.Validate(ctx, f, size, c.csv, opt)
}

// schemaFor finds the import or rule whose schema an address means. Instances of one block have one schema.
func schemaFor(cfg *engine.Config, address string) (schema, error) {
	if _, err := cfg.ParseAddress(address); err != nil {
		return schema{}, err
	}
	var all []engine.Address
	for _, imp := range cfg.Imports {
		if engine.MatchAddress(address, imp.Address) {
			return schema{imp.Address, imp.CSV, nil}, nil
		}
		all = append(all, imp.Address)
	}
	for _, r := range cfg.Rules {
		switch named := engine.MatchAddress(address, r.Address); {
		case named && r.Folder == "":
			return schema{}, fmt.Errorf("no file belongs to %s: it follows %s", r.Address, r.After)
		case named:
			return schema{r.Address, r.CSV, r}, nil
		}
		all = append(all, r.Address)
	}
	return schema{}, engine.NoSuch(address, all)
}

// lastRows is what max_shrink compares with.
func (s *session) lastRows(cfg *engine.Config, of engine.Address) (n int64, err error) {
	reader, err := s.reader(cfg)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	err = reader.View(s.ctx, func(v *ledger.View) error {
		var err error
		n, err = v.LastRows(of.String())
		return err
	})
	return n, err
}

func (s *session) checkFile(name string, of schema, opt csvschema.Options) (csvschema.Checked, error) {
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
	report, err := of.validate(s.ctx, f, info.Size(), opt)
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
