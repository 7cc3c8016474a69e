package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/afero"
	"github.com/spf13/cobra"

	"dropform/engine/durable"
)

// formatter is one run of `fmt`, with Terraform's flags.
type formatter struct {
	*session
	check, diff, write, recursive bool
	differs, failed               bool
}

// note reports an error and goes on: every file is looked at.
func (f *formatter) note(err error) {
	if err != nil {
		f.explain(err)
		f.failed = true
	}
}

func (s *session) fmtCommand() *cobra.Command {
	f := &formatter{session: s}
	cmd := &cobra.Command{
		Use: "fmt [options] [FILE|DIR|-]...", Short: "Rewrite configuration files in the canonical style",
		Long:    "Rewrites all *.hcl files of the directory (or the files and directories named, or standard input with -) in the style of Terraform's formatter and lists those that changed.\n\nExit code: 0 done, 2 a file is not valid HCL, 3 with -check when a file is not in the canonical style.",
		Example: "dropform fmt\ndropform fmt -check -diff\ndropform fmt - < main.hcl",
		RunE:    func(_ *cobra.Command, args []string) error { return f.run(args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.check, "check", false, "write nothing; exit 3 if a file is not in the canonical style")
	flags.BoolVar(&f.diff, "diff", false, "show what changes")
	flags.BoolVar(&f.write, "write", true, "write the files; -write=false only lists them")
	flags.BoolVar(&f.recursive, "recursive", false, "sub-folders too")
	return cmd
}

func (f *formatter) run(args []string) error {
	shortLived(0)
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, a := range args {
		if a == "-" {
			if len(args) > 1 {
				return failure{2, errors.New("- stands alone: standard input cannot be mixed with files")}
			}
			f.note(f.stdin())
			continue
		}
		path := a
		if !filepath.IsAbs(path) {
			path = filepath.Join(f.Dir, path)
		}
		f.note(f.target(path, a))
	}
	switch {
	case f.failed:
		return exit(2)
	case f.check && f.differs:
		return exit(3)
	}
	return nil
}

func (f *formatter) target(path, shown string) error {
	info, err := f.FS.Stat(path)
	if err != nil {
		return fmt.Errorf("no file or directory at %s", shown)
	}
	if info.IsDir() {
		return f.dir(path)
	}
	if !strings.HasSuffix(path, ".hcl") {
		return fmt.Errorf("only .hcl files can be formatted, %s is none", shown)
	}
	return f.file(path, info.Mode().Perm())
}

// dir formats every HCL file of a directory, JSON syntax left out: its configuration, and values for variables under whatever
// name, also those that only -var-file reads.
func (f *formatter) dir(dir string) error {
	entries, err := afero.ReadDir(f.FS, dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", relative(f.Dir, dir), err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), ".hcl") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if info, err := f.FS.Stat(path); err == nil && !info.IsDir() {
			f.note(f.file(path, info.Mode().Perm()))
		}
	}
	for _, e := range entries {
		if f.recursive && e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			f.note(f.dir(filepath.Join(dir, e.Name())))
		}
	}
	return nil
}

func (f *formatter) file(path string, mode os.FileMode) error {
	src, err := afero.ReadFile(f.FS, path)
	if err != nil {
		return fmt.Errorf("read %s: %w", relative(f.Dir, path), err)
	}
	name := relative(f.Dir, path)
	text, diags := f.Format(name, src)
	if diags.HasErrors() {
		return diagnosed{diags}
	}
	if bytes.Equal(text, src) {
		return nil
	}
	f.differs = true
	fmt.Fprintln(f.Stdout, printable(name))
	if f.diff {
		f.showDiff(name, src, text)
	}
	if f.check || !f.write {
		return nil
	}
	return durable.WriteFile(f.FS, path, mode, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// stdin prints the formatted text, with -diff what changes, with -check alone nothing.
func (f *formatter) stdin() error {
	src, err := io.ReadAll(f.Stdin)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	text, diags := f.Format("<stdin>", src)
	if diags.HasErrors() {
		return diagnosed{diags}
	}
	f.differs = !bytes.Equal(text, src)
	if f.diff {
		if f.differs {
			f.showDiff("<stdin>", src, text)
		}
		return nil
	}
	if f.check {
		return nil
	}
	if !bytes.HasSuffix(text, []byte("\n")) { // as Terraform: on the screen every text ends with a line
		text = append(text, '\n')
	}
	_, err = f.Stdout.Write(text)
	return err
}

// showDiff prints a unified diff with Terraform's names for the two sides.
func (f *formatter) showDiff(name string, before, after []byte) {
	fmt.Fprint(f.Stdout, unifiedDiff("old/"+name, "new/"+name, string(before), string(after)))
}
