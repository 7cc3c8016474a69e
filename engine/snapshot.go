package engine

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// WriterTest asks the operating system whether somebody has the file open for writing. Where that cannot be known,
// known is false.
type WriterTest func(path string) (busy, known bool)

// Planner observes the world and the ledger and makes plans. It changes nothing, neither on disk nor on a server.
type Planner struct {
	FS       afero.Fs
	Reader   *ledger.Reader
	Writers  WriterTest
	Conboxes *Conboxes // asks for the prices of orders; nil: nobody is asked
	Now      func() time.Time
	Progress func(done, total int) // how many files have been read, where that takes long; may be nil

	// Reading hears how many positions of an order have been read; may be nil. It is called from several goroutines.
	Reading func(order Address, done, total int)
}

// snapshot is one observation: everything that Build looks at, and nothing else decides.
type snapshot struct {
	now         time.Time
	live        map[string]ledger.Owner
	definitions map[string]ledger.Definition
	was         map[string]string // new address to the one that the ledger still has
	unfinished  []ledger.Work
	workOf      map[string][]ledger.Work // unfinished, by address
	sought      map[int64]string         // of calls that may have happened, what to look for in moveIT
	madeOf      map[int64]string         // of unfinished calls, the file that they were made of
	filings     []ledger.Filing
	filingsOf   map[string][]ledger.Filing // by address
	again       again
	counter
	imports map[Address]*importSeen
	exports map[Address]*exportSeen
	rules   map[Address]*ruleSeen
	partial bool // only some files and exports were looked at
}

// folderSeen is one drop folder with what the ledger knows of it.
type folderSeen struct {
	missing bool // the folder is not there
	err     error
	files   []*fileFacts
	ignored []Ignored
	known   map[string]ledger.File
	names   map[string]bool // every name in the folder, where it was listed
	systems []ledger.SystemID
	checked string // digest of the rules that a rejected file failed, if it was rejected under them
	strange string // why this ledger must not serve the folder; empty: it may
	bare    bool   // it bears no marker
}

// importSeen is an import's folder.
type importSeen struct {
	folderSeen
	lastRows int64
}

// fileFacts is one file that the import takes.
type fileFacts struct {
	FileSeen
	err     error
	dir     bool
	busy    bool
	marker  string // the marker that is awaited; empty: none or there
	settled bool   // the ledger knows this very state of it and what was decided still holds
	beside  bool   // a protocol of ours lies beside it, which this ledger did not write
	known   ledger.File
	isKnown bool
	report  *csvschema.Report
	content []ledger.Work // what the ledger knows of this content, or of the same bytes sent in another encoding, oldest first
	since   bool          // other content was sent after the last of them
	other   *ledger.Work  // of another import that dealt with this very file
}

// unsettled counts the files of which the ledger does not know all.
func (s *importSeen) unsettled() int {
	n := 0
	for _, f := range s.files {
		if !f.settled {
			n++
		}
	}
	return n
}

// exportSeen is one export with its runs.
type exportSeen struct {
	last          []ledger.Work // newest first
	good          *ledger.Work
	targetMissing bool
}

// scope restricts an observation to some files of some imports and to some exports, as watch asks for them; nil means
// everything.
type scope struct {
	files   map[Address][]string
	exports map[Address]bool
	told    map[string]FileState     // files as they were when the watcher said that they are complete
	read    map[string]reading       // files that were read before and have waited for their connection since
	stamps  map[string]durable.Stamp // a rule's files that were looked at before: if they differ now, the watcher has not said that they are complete
}

// again lists address patterns whose files are looked at anew although they are done.
type again []string

func (r again) covers(a Address) bool {
	return slices.ContainsFunc(r, func(p string) bool { return MatchAddress(p, a) })
}

// file lists the names to look at in an import's folder. all means the whole folder; seen is whether the import is looked
// at in the first place.
func (s *scope) file(a Address) (names []string, all, seen bool) {
	if s == nil {
		return nil, true, true
	}
	names, seen = s.files[a]
	return names, false, seen
}

// incomplete reports whether a file has changed since the watcher said that it was complete.
func (s *scope) incomplete(f *fileFacts) bool {
	if s == nil {
		return false
	}
	if told, known := s.told[f.Name]; known && f.err == nil && told != (FileState{f.Stamp.Size, f.Stamp.ModTime}) {
		return true // the watcher says so when it is complete again
	}
	was, known := s.stamps[f.Name]
	return known && f.err == nil && !was.Equal(f.Stamp)
}

func (s *scope) export(a Address) bool { return s == nil || s.exports[a] }

func (p Planner) take(ctx context.Context, cfg *Config, only *scope, replace again) (*snapshot, error) {
	s := &snapshot{}
	err := p.Reader.View(ctx, func(v *ledger.View) error {
		*s = snapshot{now: p.Now(), partial: only != nil, imports: map[Address]*importSeen{}, exports: map[Address]*exportSeen{}, rules: map[Address]*ruleSeen{}, again: replace}
		return p.history(v, cfg, s, only)
	})
	if err != nil {
		return nil, err
	}
	if err := p.lookAtFolders(ctx, cfg, s, only, replace); err != nil {
		return nil, err
	}
	return s, p.Reader.View(ctx, func(v *ledger.View) error { return contents(v, cfg, s) })
}

// lookAtFolders lists the folders and finds out what each file is.
func (p Planner) lookAtFolders(ctx context.Context, cfg *Config, s *snapshot, only *scope, replace again) error {
	done := 0
	each := func(files []*fileFacts, look func(*fileFacts)) error {
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			look(f)
			done++
			if p.Progress != nil {
				p.Progress(done, 0)
			}
		}
		return nil
	}
	for _, imp := range cfg.Imports {
		seen := s.imports[imp.Address]
		if seen == nil {
			continue
		}
		wanted, all, _ := only.file(imp.Address)
		seen.strange, seen.bare = s.claimed(p.FS, imp.Folder)
		p.list(&imp.DropFolder, &seen.folderSeen, wanted, !all)
		if err := each(seen.files, func(f *fileFacts) {
			p.look(ctx, cfg, imp, seen, f, only, replace)
			f.busy = f.busy || only.incomplete(f)
		}); err != nil {
			return err
		}
	}
	for _, r := range cfg.Rules {
		seen := s.rules[r.Address]
		if seen == nil || r.Folder == "" {
			continue
		}
		wanted, all, _ := only.file(r.Address)
		seen.strange, seen.bare = s.claimed(p.FS, r.Folder)
		p.list(&r.DropFolder, &seen.folderSeen, wanted, !all)
		err := each(seen.files, func(f *fileFacts) {
			p.lookRule(ctx, cfg, r, seen, f, replace)
			f.busy = f.busy || only.incomplete(f)
		})
		if err != nil {
			return err
		}
		p.everyName(r, seen)
	}
	return nil
}

// everyName lists the rest of a rule's folder too: a result of another ledger may lie there.
func (p Planner) everyName(r *Rule, seen *ruleSeen) {
	if seen.names != nil || seen.taken {
		return
	}
	names, err := readNames(p.FS, r.Folder)
	if err != nil {
		return // the planner says so of the files
	}
	seen.names = make(map[string]bool, len(names))
	for _, name := range names {
		seen.names[name] = true
	}
}

// seekUnknown reads of each call that may have happened how people find it.
func (s *snapshot) seekUnknown(v *ledger.View) error {
	s.sought = map[int64]string{}
	for _, w := range s.unfinished {
		if w.Kind == ledger.KindImport || w.Kind == ledger.KindExport || w.State != ledger.StateUnknown && w.State != ledger.StateSending {
			continue
		}
		c, found, err := v.Call(w.ID)
		if err != nil {
			return err
		}
		if found {
			s.sought[w.ID] = soughtOf(c)
		}
	}
	return nil
}

// history reads what the ledger knows.
func (p Planner) history(v *ledger.View, cfg *Config, s *snapshot, only *scope) error {
	var errs [6]error
	s.live, errs[0] = v.Owners()
	s.definitions, errs[1] = applied(v, cfg, only)
	s.unfinished, errs[2] = v.Unfinished()
	s.filings, errs[3] = v.Filings()
	s.counter, errs[4] = counterOf(v)
	if only == nil { // only people name files
		s.madeOf, errs[5] = v.UnfinishedFiles()
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if err := s.seekUnknown(v); err != nil {
		return err
	}
	s.workOf = grouped(s.unfinished, func(w ledger.Work) string { return w.Address })
	s.filingsOf = grouped(s.filings, func(f ledger.Filing) string { return f.Address })
	s.was = moves(cfg, s.definitions)
	for _, imp := range cfg.Imports {
		wanted, all, ok := only.file(imp.Address)
		if !ok {
			continue
		}
		seen := &importSeen{folderSeen: folderSeen{checked: imp.checkDigest()}}
		s.imports[imp.Address] = seen
		var err error
		if seen.systems, err = v.Systems(s.inLedger(imp.Connection.Address), imp.Connection.Endpoint()); err != nil {
			return err
		}
		if seen.known, err = knownFiles(v, s.inLedger(imp.Address), wanted, !all && imp.OnError != "stop"); err != nil {
			return err
		}
		if imp.CSV != nil && imp.CSV.HasMaxShrink {
			if seen.lastRows, err = v.LastRows(s.inLedger(imp.Address)); err != nil {
				return err
			}
		}
	}
	for _, r := range cfg.Rules {
		if wanted, all, ok := only.file(r.Address); ok {
			if err := ruleHistory(v, cfg, s, r, wanted, !all); err != nil {
				return err
			}
		}
	}
	return p.exportHistory(v, cfg, s, only)
}

// grouped keeps the order within each group.
func grouped[T any](list []T, by func(T) string) map[string][]T {
	out := map[string][]T{}
	for _, x := range list {
		out[by(x)] = append(out[by(x)], x)
	}
	return out
}

// inLedger is the address under which the ledger has a block's history: the old one while a move is not applied.
func (s *snapshot) inLedger(a Address) string {
	if old, ok := s.was[a.String()]; ok {
		return old
	}
	return a.String()
}

func knownFiles(v *ledger.View, address string, wanted []string, restricted bool) (map[string]ledger.File, error) {
	if !restricted {
		return v.Files(address)
	}
	out := map[string]ledger.File{}
	for _, name := range wanted {
		f, found, err := v.File(address, name)
		if err != nil {
			return nil, err
		}
		if found {
			out[name] = f
		}
	}
	return out, nil
}

func (p Planner) exportHistory(v *ledger.View, cfg *Config, s *snapshot, only *scope) error {
	for _, exp := range cfg.Exports {
		if !only.export(exp.Address) {
			continue
		}
		last, err := v.LastExports(s.inLedger(exp.Address), lastExports)
		if err != nil {
			return err
		}
		seen := &exportSeen{last: last}
		good, found, err := v.LastGoodExport(s.inLedger(exp.Address))
		if err != nil {
			return err
		}
		if found {
			seen.good = &good
			seen.targetMissing = good.Path != "" && p.missing(good.Path)
		}
		s.exports[exp.Address] = seen
	}
	return nil
}

// missing reports whether nothing is there.
func (p Planner) missing(path string) bool {
	_, err := p.FS.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// list finds the files that are taken, in the folder or among the names given.
func (p Planner) list(d *DropFolder, seen *folderSeen, wanted []string, restricted bool) {
	entries := wanted
	if !restricted {
		var err error
		if entries, err = readNames(p.FS, d.Folder); err != nil {
			seen.missing = errors.Is(err, os.ErrNotExist)
			seen.err = err
			return
		}
		seen.names = make(map[string]bool, len(entries))
		for _, name := range entries {
			seen.names[name] = true
		}
	}
	for _, name := range entries {
		taken, reason := d.Take(name)
		if taken {
			seen.files = append(seen.files, &fileFacts{FileSeen: FileSeen{Name: name}})
		} else if reason != "" {
			seen.ignored = append(seen.ignored, Ignored{Name: name, Reason: reason})
		}
	}
	slices.SortFunc(seen.files, func(a, b *fileFacts) int { return naturalCompare(a.Name, b.Name) })
}

// readNames lists a folder without looking at what lies in it.
func readNames(fs afero.Fs, folder string) ([]string, error) {
	dir, err := fs.Open(folder)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// contents looks up what the ledger knows of each content that is to be decided on.
func contents(v *ledger.View, cfg *Config, s *snapshot) error {
	for _, r := range cfg.Rules {
		if seen := s.rules[r.Address]; seen != nil {
			if err := errors.Join(ruleContents(v, s, r, seen), foreignResult(v, cfg, r, seen)); err != nil {
				return err
			}
		}
	}
	for _, imp := range cfg.Imports {
		seen := s.imports[imp.Address]
		if seen == nil {
			continue
		}
		for _, f := range seen.files {
			if f.settled || f.Digest == "" {
				continue
			}
			f.content, f.other = nil, nil // a look at the ledger may be taken again
			fresh, err := v.NewContent(seen.systems, imp.Object, imp.Method, f.key(), f.Digest)
			if err == nil && !fresh {
				f.content, err = v.Content(seen.systems, imp.Object, imp.Method, f.key(), f.Digest)
			}
			if err != nil {
				return err
			}
			f.content = concerning(f.content, f.key())
			if len(f.content) == 0 && (!f.isKnown || f.known.Digest != f.Digest) {
				if !fresh {
					if f.other, err = cfg.elsewhere(v, imp, s.inLedger(imp.Address), f.FileSeen); err != nil {
						return err
					}
				}
				if err := f.foreignProtocol(v, cfg, imp); err != nil {
					return err
				}
			}
			if n := len(f.content); n > 0 {
				// Another process may have dealt with it since its row was read.
				known, found, err := v.File(s.inLedger(imp.Address), f.Name)
				if err != nil {
					return err
				}
				f.busy = f.busy || found != f.isKnown || known != f.known
				if f.since, err = v.SentSince(s.inLedger(imp.Address), f.content[n-1]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// foreignProtocol looks whether the protocol beside a file was written under this ledger, for earlier content and another block.
func (f *fileFacts) foreignProtocol(v *ledger.View, cfg *Config, imp *Import) error {
	if !f.beside {
		return nil
	}
	name, err := imp.Protocol.Path(imp.scope(cfg, f.FileSeen))
	if err != nil {
		return nil //nolint:nilerr // then nothing can lie beside it
	}
	ours, err := v.ProtocolOf(f.Name, beside(imp.Folder, name))
	f.beside = !ours
	return err
}

// concerning leaves out, at the end, the same file in another encoding where nothing of it was sent: then it is as if that had
// not been asked for.
func concerning(known []ledger.Work, key string) []ledger.Work {
	for n := len(known); n > 0; n-- {
		w := known[n-1]
		if w.Digest == key || w.State != ledger.StateRefused && w.State != ledger.StateNotSent {
			return known[:n]
		}
	}
	return nil
}
