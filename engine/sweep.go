package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// abandonedAfter is how old a temporary file has to be to count as left behind by a crash, where others may be writing.
const abandonedAfter = time.Minute

// swept are the folders from which this process has removed what crashes left half written.
type swept struct {
	mu    sync.Mutex
	whole map[string]bool      // drop folders
	old   map[string]time.Time // folders that are written to: when
}

// sweep removes from a block's drop folder, once in a process, what a killed process left half written there. The block's
// turn is ours, so nobody else is writing reports; a marker that another process writes at this very moment is only
// written later.
func (n *run) sweep(g *group) {
	a := g.actions[0]
	if a.Export != nil || a.Import == nil && a.Rule == nil {
		return
	}
	folder := a.dropFolder().Folder
	w := &n.Runner.swept
	w.mu.Lock()
	done := w.whole[folder]
	if w.whole == nil {
		w.whole = map[string]bool{}
	}
	w.whole[folder] = true
	w.mu.Unlock()
	if done || folder == "" {
		return
	}
	if !n.removeTemp(folder, time.Time{}) {
		n.unswept(a)
	}
}

// unswept says that something half written may stand in a step's drop folder, because writing there failed, and perhaps removing
// too: the next turn of the block looks once more.
func (n *run) unswept(a *Action) {
	n.swept.mu.Lock()
	defer n.swept.mu.Unlock()
	delete(n.swept.whole, a.dropFolder().Folder)
}

// sweepOld removes what is too old to be still in the making from all drop folders, and from where moves are owed to: those of
// a block that is gone are carried out by nobody, and a copy to another volume may have been cut off in the middle of one.
func (r *Runner) sweepOld(ctx context.Context, cfg *Config) {
	for _, folder := range cfg.folders() {
		r.removeTemp(folder.Folder, r.o.Now().Add(-abandonedAfter))
	}
	r.sweepOwed(ctx)
}

// sweepOwed is sweepOld for the folders that moves are owed to. Where an export that is gone was to write, no one knows.
func (r *Runner) sweepOwed(ctx context.Context) {
	var owed []ledger.Filing
	err := r.o.Ledger.Reader().View(ctx, func(v *ledger.View) (err error) {
		owed, err = v.Filings()
		return err
	})
	if err != nil {
		r.o.Log.Debug("look for moves that are owed", "error", err)
		return
	}
	swept := map[string]bool{}
	for _, f := range owed {
		folder := filepath.Dir(f.Target)
		if f.Target == "" || swept[folder] { // a marker goes nowhere
			continue
		}
		swept[folder] = true
		r.removeTemp(folder, r.o.Now().Add(-abandonedAfter))
	}
}

// sweepWritten removes what is too old to be still in the making from a folder that something is written to and that need
// not be a drop folder: an archive, a target's, one of protocols or images. It looks at the first writing, and once more
// when what a crash left just before this process began has grown old.
func (r *Runner) sweepWritten(folder string) {
	now := r.o.Now()
	w := &r.swept
	w.mu.Lock()
	first, looked := w.old[folder]
	again := looked && !first.IsZero() && now.Sub(first) > abandonedAfter
	switch {
	case looked && !again:
		w.mu.Unlock()
		return
	case w.old == nil:
		w.old = map[string]time.Time{}
	}
	w.old[folder] = now
	if again {
		w.old[folder] = time.Time{} // that was the last time
	}
	w.mu.Unlock()
	r.removeTemp(folder, now.Add(-abandonedAfter))
}

func (r *Runner) removeTemp(folder string, before time.Time) (done bool) {
	err := durable.RemoveTemp(r.o.FS, folder, before)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it may not be there yet
		r.o.Log.Debug("sweep the folder", "folder", folder, "error", plainError(err))
		return false
	}
	return true
}
