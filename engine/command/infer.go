package command

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"dropform/engine/csvschema"
	"dropform/engine/diag"
)

func (s *session) inferCommand() *cobra.Command {
	return &cobra.Command{
		Use: "infer FILE", Short: "Print a csv block for a sample file", Args: exactly(1, 1, "one file"),
		Long:    "Reads a sample and prints the csv block that accepts it, to be pasted into an import: encoding and delimiter where they have to be said, and each column with the type that all of its values have. Look it over: a sample does not show what else may come. Nothing is sent or written.",
		Example: "dropform infer march.csv",
		RunE:    func(_ *cobra.Command, args []string) error { return s.infer(args[0]) },
	}
}

func (s *session) infer(name string) error {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	f, err := s.FS.Open(path)
	if err != nil {
		return fmt.Errorf("open the sample: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return diag.Diagnostic{Code: "invalid_arguments", Summary: "No file", Detail: name + " is a directory. Name one CSV file in it."}
	}
	block, err := csvschema.Infer(f)
	if err != nil {
		return diag.Diagnostic{Code: "no_schema", Summary: "No csv block can be made from " + filepath.Base(name), Detail: sentence(err.Error())}
	}
	s.outScreen().printf("%s", block)
	return nil
}
