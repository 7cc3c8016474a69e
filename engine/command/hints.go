package command

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/afero"
	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/ledger"
)

// recentRuns is how many runs of an export are offered.
const recentRuns = 20

// hints is what a completion chooses from. It reads the configuration, the ledger and the names in one folder, and no
// file: somebody waits at the keyboard.
type hints struct {
	*session
	word   string // what has been typed of it
	cfg    *engine.Config
	reader *ledger.Reader // nil without a ledger
}

// hints reads what there is, as the options on the unfinished command line say. What cannot be read offers nothing.
func (s *session) hints(cmd *cobra.Command, args []string, word string) *hints {
	shortLived(0)
	h := &hints{session: s, word: word, cfg: &engine.Config{}}
	if s.move() != nil {
		return h
	}
	var vars []VarFlag
	if f := cmd.Flags().Lookup("var"); f != nil {
		if v, ok := f.Value.(varFlag); ok {
			vars = *v.list
		}
	}
	h.cfg = s.Outline(LoadRequest{Dir: s.Dir, Vars: vars}, func(a engine.Address) bool { return meant(a.String(), append(args, word)) })
	if _, err := s.FS.Stat(h.cfg.LedgerPath); err != nil {
		return h
	}
	var err error
	if h.reader, err = s.reader(h.cfg); err != nil {
		h.reader = nil
	}
	return h
}

// meant reports whether the files of a block may be asked for: one of the words names it, or its bracket is open.
func meant(block string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		name, _, _ := strings.Cut(word, "[")
		begin, _, glob := strings.Cut(name, "*")
		return name == block || glob && strings.HasPrefix(block, begin)
	})
}

func (h *hints) close() {
	if h.reader != nil {
		_ = h.reader.Close()
	}
}

func (h *hints) view(fn func(*ledger.View) error) {
	if h.reader != nil {
		_ = h.reader.View(h.ctx, fn)
	}
}

// each offers a list at every argument, without what has been named already; once offers it at the first alone.
func each(list func(*hints) []cobra.Completion) completer {
	return func(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return h.fitting(list(h), args, word), cobra.ShellCompDirectiveNoFileComp
	}
}

func once(list func(*hints) []cobra.Completion) completer {
	return func(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return each(list)(h, args, word)
	}
}

// fitting keeps what begins with the word, sorted, each once; a description that comes first wins.
func (h *hints) fitting(list []cobra.Completion, args []string, word string) []cobra.Completion {
	found := map[string]string{}
	for _, c := range list {
		name, text, _ := strings.Cut(c, "\t")
		if _, have := found[name]; !have && strings.HasPrefix(name, word) && !slices.Contains(args, name) {
			found[name] = text
		}
	}
	var out []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, cobra.CompletionWithDesc(name, found[name]))
	}
	return out
}

// blocks are the addresses of the configuration: blocks, and under for_each their instances too.
func (h *hints) blocks() []cobra.Completion {
	var out []cobra.Completion
	add := func(a engine.Address) {
		out = append(out, a.String())
		if a.Keyed {
			out = append(out, a.Base().String())
		}
	}
	for _, c := range h.cfg.Connections {
		add(c.Address)
	}
	for _, i := range h.cfg.Imports {
		add(i.Address)
	}
	for _, e := range h.cfg.Exports {
		add(e.Address)
	}
	for _, r := range h.cfg.Rules {
		add(r.Address)
	}
	return out
}

// definitions are the addresses that were applied.
func (h *hints) definitions() []cobra.Completion {
	var out []cobra.Completion
	h.view(func(v *ledger.View) error {
		all, err := v.Definitions()
		for a := range all {
			out = append(out, a)
		}
		return err
	})
	return out
}

// unfinished are the pieces of work in one of the states, with what is known of each.
func (h *hints) unfinished(states ...ledger.State) []cobra.Completion {
	var out []cobra.Completion
	h.view(func(v *ledger.View) error {
		all, err := v.Unfinished()
		for _, w := range all {
			if len(states) == 0 || slices.Contains(states, w.State) {
				out = append(out, cobra.CompletionWithDesc(itemAddress(w.Address, w.Item), words(string(w.State))+prefixed(", ", w.Message)))
			}
		}
		return err
	})
	return out
}

func (h *hints) unknown() []cobra.Completion { return h.unfinished(ledger.StateUnknown) }

// awaiting are the calls that nobody has approved yet, and the rules that have such.
func (h *hints) awaiting() []cobra.Completion {
	var out []cobra.Completion
	h.view(func(v *ledger.View) error {
		all, err := v.AllApprovals()
		for _, a := range all {
			if a.ApprovedAt.IsZero() {
				out = append(out, cobra.CompletionWithDesc(itemAddress(a.Address, a.Item), "from "+a.File), a.Address)
			}
		}
		return err
	})
	return out
}

// retriable is what did not go as it should, the blocks, and the files of a block whose bracket is open.
func (h *hints) retriable() []cobra.Completion {
	out := h.unfinished(ledger.StateFailed, ledger.StateRefused, ledger.StateNotSent)
	return slices.Concat(out, h.rejected(), h.blocks(), h.items())
}

// work is everything that a step can have as its address.
func (h *hints) work() []cobra.Completion {
	return slices.Concat(h.unfinished(), h.blocks(), h.definitions(), h.items())
}

// rejected are the files that were not sent, with the reason.
func (h *hints) rejected() []cobra.Completion {
	var out []cobra.Completion
	h.view(func(v *ledger.View) error {
		for _, d := range h.dropFolders() {
			files, err := v.Files(d.address.String())
			if err != nil {
				return err
			}
			for name, f := range files {
				if f.State == ledger.FileRejected {
					out = append(out, cobra.CompletionWithDesc(d.address.Of(name).String(), "rejected"+prefixed(", ", f.Message)))
				}
			}
		}
		return nil
	})
	return out
}

// items are the pieces of work of the block whose bracket is being typed: files of its folder, and what the ledger has.
func (h *hints) items() []cobra.Completion {
	var out []cobra.Completion
	if i := strings.LastIndexByte(h.word, '['); i >= 0 {
		block := h.word[:i]
		h.view(func(v *ledger.View) error {
			files, err := v.Files(block)
			for name := range files {
				out = append(out, itemAddress(block, name))
			}
			if err != nil {
				return err
			}
			runs, err := v.LastExports(block, recentRuns)
			for _, w := range runs {
				out = append(out, itemAddress(block, w.Item))
			}
			return err
		})
	}
	for _, d := range h.dropFolders() {
		if !strings.HasPrefix(h.word, d.address.String()+"[") {
			continue
		}
		entries, err := afero.ReadDir(h.FS, d.folder.Folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if taken, _ := d.folder.Take(e.Name()); taken && e.Mode().IsRegular() {
				out = append(out, d.address.Of(e.Name()).String())
			}
		}
	}
	return out
}

// A dropPoint is a drop folder with the address of its block.
type dropPoint struct {
	address engine.Address
	folder  *engine.DropFolder
}

func (h *hints) dropFolders() []dropPoint {
	var out []dropPoint
	for _, i := range h.cfg.Imports {
		out = append(out, dropPoint{i.Address, &i.DropFolder})
	}
	for _, r := range h.cfg.Rules {
		if r.After.IsZero() {
			out = append(out, dropPoint{r.Address, &r.DropFolder})
		}
	}
	return out
}

// fromAndTo is for state mv: what was applied, then what the configuration has and was not.
func fromAndTo(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	applied := h.definitions()
	switch len(args) {
	case 0:
		return h.fitting(applied, nil, word), cobra.ShellCompDirectiveNoFileComp
	case 1:
		return h.fitting(h.blocks(), applied, word), cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// codes are those of explain.
func (h *hints) codes() []cobra.Completion {
	var out []cobra.Completion
	for _, a := range areas {
		for code, e := range h.codesOf(a) {
			out = append(out, cobra.CompletionWithDesc(code, e.what))
		}
	}
	return out
}

func plansOnly(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return h.paths(word, h.isPlan)
}

func plansAndWork(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	plans, directive := h.paths(word, h.isPlan)
	return append(h.fitting(h.work(), nil, word), plans...), directive
}

// blockThenFiles is for check: a block with a folder, then files of the names that it takes.
func blockThenFiles(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	points := h.dropFolders()
	if len(args) == 0 {
		var out []cobra.Completion
		for _, d := range points {
			out = append(out, d.address.String())
		}
		return h.fitting(out, nil, word), cobra.ShellCompDirectiveNoFileComp
	}
	for _, d := range points {
		if engine.MatchAddress(args[0], d.address) {
			return h.paths(word, func(path string) bool { taken, _ := d.folder.Take(filepath.Base(path)); return taken })
		}
	}
	return csvFiles(h, args, word)
}

func csvFiles(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return endingIn(".csv", ".txt")(h, args, word)
}

func hclFiles(h *hints, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return endingIn(".hcl")(h, args, word)
}

func endingIn(suffixes ...string) completer {
	return func(h *hints, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return h.paths(word, func(path string) bool {
			return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(strings.ToLower(path), s) })
		})
	}
}

func anyFile(*hints, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func folders(*hints, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// paths offers the folders and the wanted files of the folder that is being typed. They start at -chdir, which no shell
// knows of.
func (h *hints) paths(word string, wanted func(path string) bool) ([]cobra.Completion, cobra.ShellCompDirective) {
	cut := strings.LastIndexByte(word, '/') + 1
	if runtime.GOOS == "windows" {
		cut = strings.LastIndexAny(word, `/\`) + 1
	}
	dir, begun := word[:cut], word[cut:]
	entries, err := afero.ReadDir(h.FS, h.absolute(dir))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	directive := cobra.ShellCompDirectiveNoFileComp
	var out []cobra.Completion
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, begun) || strings.HasPrefix(name, ".") && !strings.HasPrefix(begun, ".") {
			continue
		}
		info := e
		if e.Mode()&os.ModeSymlink != 0 {
			if info, err = h.FS.Stat(filepath.Join(h.absolute(dir), name)); err != nil {
				continue
			}
		}
		switch {
		case info.IsDir():
			out = append(out, dir+name+"/")
			directive |= cobra.ShellCompDirectiveNoSpace
		case info.Mode().IsRegular() && wanted(filepath.Join(h.absolute(dir), name)):
			out = append(out, dir+name)
		}
	}
	return out, directive
}

// isPlan reports whether a file begins as plan -out writes it.
func (h *hints) isPlan(path string) bool {
	f, err := h.FS.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 512))
	return err == nil && bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"dropform_version"`)) && bytes.Contains(head, []byte(`"ledger"`))
}
