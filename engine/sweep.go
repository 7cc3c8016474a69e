package engine

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// abandonedAfter is how old a temporary file has to be to count as left behind by a crash, where others may be writing.
const abandonedAfter = time.Minute

// forgottenAfter is how long a folder that cannot be read is looked at for what a crash left there.
const forgottenAfter = 30 * 24 * time.Hour

// swept are the folders from which this process has removed what crashes left half written.
type swept struct {
	mu    sync.Mutex
	whole map[string]bool      // drop folders
	old   map[string]time.Time // folders that are written to: when
}

// sweep removes from a block's drop folder, once in a process, what a killed process left half written there. Where another
// process writes there as well (a block of its own may share the folder) that is left to whoever comes when it has gone.
func (n *run) sweep(ctx context.Context, g *group) {
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
	alone, err := n.o.Process.WritesIn(ctx, folder)
	if err != nil {
		n.o.Log.Debug("sweep the folder", "folder", folder, "error", plainError(err))
	}
	if err != nil || alone && !n.removeTemp(folder, time.Time{}) {
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

// sweepAbandoned removes what processes that are gone left half written, wherever they wrote: the configuration need not lead
// there any more. It reports whether something is to be looked at again when it has grown old.
func (r *Runner) sweepAbandoned(ctx context.Context) (again bool) {
	var found []ledger.Scratch
	err := r.o.Ledger.Reader().View(ctx, func(v *ledger.View) (err error) {
		found, err = v.Abandoned(r.o.Process.ID)
		return err
	})
	if err != nil {
		r.o.Log.Debug("look for folders that were written to", "error", plainError(err))
		return false
	}
	for _, s := range found {
		left, err := durable.RemoveTemp(r.o.FS, s.Folder, r.o.Now().Add(-abandonedAfter))
		switch {
		case left > 0:
			again = true
			continue
		case err != nil && !errors.Is(err, os.ErrNotExist) && r.o.Now().Sub(s.Last) < forgottenAfter:
			r.o.Log.Debug("sweep the folder", "folder", s.Folder, "error", plainError(err))
			continue
		}
		if err := r.o.Ledger.Swept(ctx, s); err != nil {
			r.o.Log.Debug("sweep the folder", "folder", s.Folder, "error", plainError(err))
		}
	}
	return again
}

// writesIn is to be called before something is written in a folder for which no turn has been claimed: an archive, a target's,
// one of protocols or images, or a drop folder that is marked. It records that, at first, and removes what is too old to be
// still in the making, once more when what a crash left just before this process began has grown old.
func (r *Runner) writesIn(ctx context.Context, folder string) error {
	now := r.o.Now()
	w := &r.swept
	w.mu.Lock()
	first, looked := w.old[folder]
	again := looked && !first.IsZero() && now.Sub(first) > abandonedAfter
	w.mu.Unlock()
	if looked && !again {
		return nil
	}
	alone, err := r.o.Process.WritesIn(ctx, folder)
	if err != nil {
		return err
	}
	if alone {
		r.removeTemp(folder, now.Add(-abandonedAfter))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.old == nil {
		w.old = map[string]time.Time{}
	}
	w.old[folder] = now
	if again {
		w.old[folder] = time.Time{} // that was the last time
	}
	return nil
}

func (r *Runner) removeTemp(folder string, before time.Time) (done bool) {
	_, err := durable.RemoveTemp(r.o.FS, folder, before)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it may not be there yet
		r.o.Log.Debug("sweep the folder", "folder", folder, "error", plainError(err))
		return false
	}
	return true
}
