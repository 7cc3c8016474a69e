package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// existingAge is how old a file must be to wait for a person when a watch applies its import for the first time.
const existingAge = 24 * time.Hour

// reload reads the edited configuration. A broken one changes nothing but what status and the log say.
func (s *Service) reload(ctx, soft context.Context) {
	cfg, diags := s.o.Load()
	s.mu.Lock()
	if diags.HasErrors() {
		s.broken = diags
		s.mu.Unlock()
		s.o.Runner.emit(ConfigRejected{Diags: diags})
		return
	}
	s.loaded, s.broken = cfg, nil
	s.mu.Unlock()
	s.applyAgain, s.patience = time.Time{}, 0
	s.takeUp(ctx, soft)
}

// takeUp is reconcile in a watch that serves already: what goes wrong is tried again.
func (s *Service) takeUp(ctx, soft context.Context) {
	s.applyAgain = time.Time{}
	if err := s.reconcile(ctx, soft); err != nil {
		s.o.Log.Warn("take up the configuration", "error", err)
		s.tryAgain()
	} else if s.applyAgain.IsZero() {
		s.appliedAtLast()
	}
}

// tryAgain has the configuration taken up again later, with growing patience.
func (s *Service) tryAgain() {
	s.patience = min(max(2*s.patience, firstLater), longestLater)
	s.applyAgain = time.Now().Add(s.patience)
}

// reconcile compares the configuration with what is applied, applies the difference under -auto-approve, and serves
// what is applied. Blocks that are unchanged go on undisturbed; those changed and not applied go on as they
// were if this watch has served them, else they wait: the ledger cannot give back what they were.
func (s *Service) reconcile(ctx, soft context.Context) error {
	applied, newest, err := s.definitions(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	cfg := s.loaded
	s.mu.Unlock()
	changes := diffDefinitions(cfg, applied)
	if mine, others := unattended(cfg, changes); s.o.AutoApprove && len(mine) > 0 {
		err := s.apply(ctx, cfg, mine)
		switch {
		case err == nil:
			changes = others
		case len(applied) == 0 && s.serves() == nil:
			return err // there is nothing that could be served meanwhile
		default:
			s.keepServing(err)
		}
		if applied, newest, err = s.definitions(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	first, old := s.served == nil, s.served
	s.seen = max(s.seen, newest)
	before := s.waitsFor
	s.served, s.waiting = serving(cfg, s.served, applied)
	s.unserved = appliedOnce(s.waiting, s.served, applied)
	for _, c := range changes {
		if c.Verb == "forget" {
			s.waiting = append(s.waiting, c.Address)
		}
	}
	served, waiting, unserved := s.served, s.waiting, s.unserved
	s.waitsFor = describeChanges(changes)
	news := first || s.waitsFor != before || len(waiting) == 0
	s.mu.Unlock()
	if news {
		s.o.Runner.emit(ConfigLoaded{Serving: addresses(served), Waiting: waiting, Unserved: unserved})
	}
	s.o.Watcher.SetFolders(watchFolders(served))
	changed := changedFolders(old, served)
	for _, b := range served.blocks() {
		if b.Address.Kind == KindConnectionPerbit || b.Address.Kind == KindConnectionConbox {
			continue
		}
		if changed[b.Address] {
			s.hurry(b.Address)
			s.o.Watcher.Rescan(b.Address.String()) // what was rejected or refused may do under the new definition
		}
		s.lay(ctx, soft, b.Address.String(), "")
	}
	return nil
}

// unattended picks the changes that a watch may apply by itself. A rule that places orders or deletes positions is applied
// by a person, who sees it.
func unattended(cfg *Config, changes []DefinitionChange) (mine, others []DefinitionChange) {
	for _, c := range changes {
		if r := cfg.ruleAt(c.Address); r != nil && r.Kind.Irreversible() && c.Verb != "forget" {
			others = append(others, c)
		} else {
			mine = append(mine, c)
		}
	}
	return mine, others
}

// keepServing tells that an edit could not be applied: what is applied is served on, and the edit is tried again with growing
// patience (a share may be away, a disk full).
func (s *Service) keepServing(err error) {
	told := s.patience > 0
	s.tryAgain()
	broken := diag.List{{Severity: diag.Error, Code: "not_applied", Summary: "The edit could not be applied", Detail: err.Error() + "\nWhat was served before is served on, and the edit is tried again."}}
	s.mu.Lock()
	s.broken = broken
	s.mu.Unlock()
	if !told {
		s.o.Runner.emit(ConfigRejected{Diags: broken})
	}
}

// appliedAtLast takes back what keepServing said.
func (s *Service) appliedAtLast() {
	s.patience = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.broken) > 0 && s.broken[0].Code == "not_applied" {
		s.broken = nil
	}
}

// changedFolders are the blocks with a drop folder that were served before under another definition.
func changedFolders(old, now *Config) map[Address]bool {
	out := map[Address]bool{}
	if old == nil {
		return out
	}
	was := map[Address]string{}
	for _, b := range old.blocks() {
		_, was[b.Address] = b.encode()
	}
	for b := range now.folders() {
		_, is := b.encode()
		before, served := was[b.Address]
		out[b.Address] = served && before != is
	}
	return out
}

// describeChanges stands for what waits to be applied, to notice when it becomes something else.
func describeChanges(changes []DefinitionChange) string {
	var parts []string
	for _, c := range changes {
		parts = append(parts, c.Verb, c.Address.String(), c.digest)
	}
	return strings.Join(parts, "\n")
}

func (s *Service) definitions(ctx context.Context) (applied map[string]ledger.Definition, newest int64, err error) {
	err = s.o.Planner.Reader.View(ctx, func(v *ledger.View) error {
		if newest, err = v.NewestEvent(); err != nil {
			return err
		}
		applied, err = v.Definitions()
		return err
	})
	return applied, newest, err
}

// apply registers changed definitions. Files that lie in a new import's folder for longer than a day are marked first:
// nobody was asked whether they are still meant to be sent.
func (s *Service) apply(ctx context.Context, cfg *Config, changes []DefinitionChange) error {
	now := s.o.Planner.Now()
	folders := cfg.foldersByAddress()
	for i, c := range changes {
		folder := folders[c.Address]
		if folder == nil || c.Verb == "forget" {
			continue
		}
		changes[i].folder = folder.Folder
		if c.Verb != "create" {
			continue
		}
		seen := &folderSeen{}
		s.o.Planner.list(folder, seen, nil, false)
		var old []ledger.File
		for _, f := range seen.files {
			info, err := lstat(s.o.Planner.FS, filepath.Join(folder.Folder, f.Name))
			if err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > existingAge {
				old = append(old, ledger.File{Address: c.Address.String(), Name: f.Name, Stamp: durable.StampOf(info), State: ledger.FileExisting})
			}
		}
		if err := s.o.Runner.o.Ledger.Put(ctx, old, nil, nil, "", "", ""); err != nil {
			return err
		}
	}
	return s.o.Runner.applyDefinitions(ctx, changes)
}

// serving picks, of the loaded and the so far served configuration, the blocks whose definition is the applied one.
func serving(loaded, before *Config, applied map[string]ledger.Definition) (*Config, []Address) {
	out := *loaded
	out.Connections, out.Imports, out.Exports, out.Rules = nil, nil, nil, nil
	isApplied := func(b *Declared) bool {
		_, digest := b.encode()
		return applied[b.Address.String()].Digest == digest
	}
	var waiting []Address
	taken := map[Address]bool{}
	take := func(cfg *Config, note bool) {
		for _, c := range cfg.Connections {
			if !taken[c.Address] && isApplied(&c.Declared) {
				taken[c.Address] = true
				out.Connections = append(out.Connections, c)
			} else if note && !taken[c.Address] {
				waiting = append(waiting, c.Address)
			}
		}
		for _, imp := range cfg.Imports {
			if !taken[imp.Address] && isApplied(&imp.Declared) && isApplied(&imp.Connection.Declared) {
				taken[imp.Address] = true
				out.Imports = append(out.Imports, imp)
			} else if note && !taken[imp.Address] {
				waiting = append(waiting, imp.Address)
			}
		}
		for _, exp := range cfg.Exports {
			if !taken[exp.Address] && isApplied(&exp.Declared) && isApplied(&exp.Connection.Declared) {
				taken[exp.Address] = true
				out.Exports = append(out.Exports, exp)
			} else if note && !taken[exp.Address] {
				waiting = append(waiting, exp.Address)
			}
		}
		for _, r := range cfg.Rules {
			if !taken[r.Address] && isApplied(&r.Declared) && isApplied(&r.Connection.Declared) {
				taken[r.Address] = true
				out.Rules = append(out.Rules, r)
			} else if note && !taken[r.Address] {
				waiting = append(waiting, r.Address)
			}
		}
	}
	take(loaded, true)
	if before != nil {
		take(before, false)
	}
	out.file()
	return &out, waiting
}

// appliedOnce picks, of the waiting blocks, those with work that have a definition in the ledger and are not served.
func appliedOnce(waiting []Address, served *Config, applied map[string]ledger.Definition) []Address {
	now := map[Address]bool{}
	for _, a := range addresses(served) {
		now[a] = true
	}
	var out []Address
	for _, a := range waiting {
		if _, once := applied[a.String()]; once && !now[a] && hasWork(a) {
			out = append(out, a)
		}
	}
	return out
}

func hasWork(block Address) bool {
	return block.Kind == KindImport || block.Kind == KindExport || block.IsRule()
}

func addresses(cfg *Config) []Address {
	var out []Address
	for _, b := range cfg.blocks() {
		if hasWork(b.Address) {
			out = append(out, b.Address)
		}
	}
	return out
}

func watchFolders(cfg *Config) []WatchFolder {
	var out []WatchFolder
	for _, imp := range cfg.Imports {
		out = append(out, watchFolder(cfg, imp.Address, &imp.DropFolder))
	}
	for _, r := range cfg.Rules {
		if r.Folder != "" {
			out = append(out, watchFolder(cfg, r.Address, &r.DropFolder))
		}
	}
	return out
}

func watchFolder(cfg *Config, block Address, d *DropFolder) WatchFolder {
	f := WatchFolder{
		ID: block.String(), Path: d.Folder, Settle: d.Settle, Poll: d.Poll, MinSize: d.MinSize,
		Take: func(name string) bool { ok, _ := d.Take(name); return ok },
	}
	if d.ReadyFile != nil {
		f.ReadyFile = func(name string, modified time.Time) string {
			marker, err := d.ReadyFile(FileScope{Name: name, Time: modified.In(cfg.Location)})
			if err != nil {
				return "" // the planner says what is wrong with the expression
			}
			return marker
		}
	}
	return f
}

// rearm sets the timer of the export that was just looked at. The others keep theirs: one that has come and whose event
// is still on its way must not be moved to its next time.
func (s *Service) rearm(cfg *Config, a Address) {
	if a.Kind != KindExport {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.timers, a.String())
	if exp := cfg.exportAt(a); exp != nil && exp.Schedule != nil {
		if next := exp.Schedule.Next(s.o.Planner.Now()); !next.IsZero() {
			s.timers[a.String()] = next
		}
	}
	s.o.Watcher.SetTimers(maps.Clone(s.timers))
}

// WatchState is what a running watch leaves for status.
type WatchState struct {
	PID         int               `json:"pid"`
	Since       time.Time         `json:"since"`
	At          time.Time         `json:"at"`
	Serving     []string          `json:"serving"`
	Waiting     []string          `json:"waiting"`                // definitions that are not applied
	Unserved    []string          `json:"unserved"`               // of these, what was applied once and is not served until it is again
	ConfigError string            `json:"config_error,omitempty"` // why the newest edit is not served
	Connections map[string]string `json:"connections"`            // address to why it is down; empty: up
	Folders     []WatchStatus     `json:"folders"`
}

// renewState is how long a watch's report stands that says nothing new. It has to stay well below freshState.
const renewState = 5 * time.Second

// says reports whether it tells what another one told. When each folder was looked through is told with the rest.
func (w *WatchState) says(other *WatchState) bool {
	return slices.Equal(w.Serving, other.Serving) && slices.Equal(w.Waiting, other.Waiting) && slices.Equal(w.Unserved, other.Unserved) && w.ConfigError == other.ConfigError &&
		maps.Equal(w.Connections, other.Connections) && slices.EqualFunc(w.Folders, other.Folders, func(a, b WatchStatus) bool {
		a.LastSweep, b.LastSweep = time.Time{}, time.Time{}
		return a == b
	})
}

// writeStatus leaves the state for status, where it has changed or grows old: with ten thousand blocks it is two megabytes. It
// is a convenience: a failure to write it is only logged.
func (s *Service) writeStatus() {
	s.mu.Lock()
	state := WatchState{PID: os.Getpid(), Since: s.began, At: s.o.Planner.Now(), Connections: s.o.Runner.outages()}
	for _, a := range addresses(s.served) {
		state.Serving = append(state.Serving, a.String())
	}
	for _, a := range s.waiting {
		state.Waiting = append(state.Waiting, a.String())
	}
	for _, a := range s.unserved {
		state.Unserved = append(state.Unserved, a.String())
	}
	state.ConfigError = firstError(s.broken)
	s.mu.Unlock()
	state.Folders = s.o.Watcher.Status()
	if age := state.At.Sub(s.reported.At); age >= 0 && age < renewState && state.says(&s.reported) {
		return
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err == nil {
		temp := s.o.StatusPath + ".tmp"
		if err = afero.WriteFile(s.o.Planner.FS, temp, raw, 0o600); err == nil {
			err = s.o.Planner.FS.Rename(temp, s.o.StatusPath)
		}
	}
	if err != nil {
		s.o.Log.Debug("write the status", "error", err)
		return
	}
	s.reported = state
}

func firstError(l diag.List) string {
	for _, d := range l {
		if d.Severity == diag.Error {
			return d.Error()
		}
	}
	return ""
}

// outages lists the connections in use, each with why it is down, empty when it is up.
func (r *Runner) outages() map[string]string {
	r.mu.Lock()
	links := make([]*link, 0, len(r.links))
	for _, l := range r.links {
		links = append(links, l)
	}
	r.mu.Unlock()
	out := map[string]string{}
	for _, l := range links {
		l.mu.Lock()
		text := ""
		if l.down != nil {
			text = l.down.text
		}
		out[l.conn.Address.String()] = text
		l.mu.Unlock()
	}
	return out
}

// freshState is how old a watch's own report may be to count as current.
const freshState = 10 * time.Second

// ReadWatchState reads what a running watch reports of itself; nil where that is missing or older than ten seconds.
func ReadWatchState(fsys afero.Fs, path string, now time.Time) (*WatchState, error) {
	raw, err := afero.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state := &WatchState{}
	if err := json.Unmarshal(raw, state); err != nil {
		return nil, fmt.Errorf("read the watch's report: %w", err)
	}
	if now.Sub(state.At) >= freshState {
		return nil, nil
	}
	return state, nil
}
