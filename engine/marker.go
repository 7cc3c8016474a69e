package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// markerName is the hidden file that a served folder bears. Two ledgers on one folder would each send everything.
const markerName = ".dropform-served"

// folderMarker says which ledger serves a folder, and how far that ledger had counted. It is written after the ledger has
// counted on, so it is never ahead of its ledger, unless that is an old copy.
type folderMarker struct {
	Ledger   string    `json:"ledger"`
	Folder   string    `json:"folder"` // where it was when it was marked: a copied project is another one
	Sequence int64     `json:"sequence"`
	At       time.Time `json:"at"`
	Note     string    `json:"note"`
}

const markerNote = "dropform serves this folder; this file keeps a second ledger from sending its files again"

func readMarker(fs afero.Fs, folder string) (m folderMarker, found bool, err error) {
	f, err := fs.Open(filepath.Join(folder, markerName))
	if errors.Is(err, os.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return m, false, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, false, fmt.Errorf("%s cannot be read: %w", markerName, err)
	}
	return m, true, nil
}

// counter is what a ledger's markers are judged by: who it is, and how far it has counted.
type counter struct {
	identity string
	sequence int64
}

func counterOf(v *ledger.View) (c counter, err error) {
	if c.identity, err = v.Identity(); err != nil {
		return c, err
	}
	c.sequence, err = v.Sequence()
	return c, err
}

// claimed looks at the marker of a folder: why it must not be served by this ledger, empty where it may, and whether it bears
// none.
func (c counter) claimed(fs afero.Fs, folder string) (strange string, bare bool) {
	m, found, err := readMarker(fs, folder)
	return c.strange(m, found, err, folder), err == nil && !found
}

func (c counter) strange(m folderMarker, found bool, err error, folder string) string {
	switch {
	case err != nil:
		return "its marker cannot be read: " + plainError(err)
	case !found:
		return ""
	case m.Ledger != c.identity:
		return "another ledger served it, last " + m.At.Format("2006-01-02 15:04")
	case m.Folder != "" && foldName(filepath.Clean(m.Folder)) != foldName(filepath.Clean(folder)):
		return "it was served as " + m.Folder + ", last " + m.At.Format("2006-01-02 15:04") + ": it was copied or moved, and the other one may still be served"
	case m.Sequence > c.sequence:
		return "this ledger is older than what was done from there, last " + m.At.Format("2006-01-02 15:04") + ": it was restored from a copy"
	}
	return ""
}

// strangeProblem reports a folder that is not served until a person takes it over.
func (d *draft) strangeProblem(b *Declared, folder *DropFolder, why string) {
	d.problem(b, "folder_not_ours", b.Address, "The folder belongs to another ledger",
		fmt.Sprintf("%s: %s. Nothing is sent from it, because it may have been sent before. When this project is to serve it: "+
			"dropform adopt %s counts the files that lie there as done, dropform retry %s sends them.", folder.Folder, why, b.Address, b.Address))
}

// notOurs is a folder that turned out to belong to another ledger when this one was about to mark it or to send from it.
type notOurs struct{ why string }

func (e *notOurs) Error() string { return "the folder belongs to another ledger: " + e.why }

// unmarked is a step of which nothing was sent because its folder is not ours, or could not be marked or looked at before it.
type unmarked struct{ error }

func (e *unmarked) Unwrap() error { return e.error }

func (e *unmarked) ending(a *Action) ending {
	if foreign := (*notOurs)(nil); errors.As(e, &foreign) {
		text := "nothing was sent, because the folder belongs to another ledger: " + foreign.why
		return ending{
			result: ResultNotStarted, code: "folder_not_ours", text: text, stop: text,
			next: fmt.Sprintf("when this project is to serve it: dropform adopt %s or dropform retry %s", a.Address.Block(), a.Address.Block()),
		}
	}
	out := failed("nothing was sent, because the folder could not be marked as served by this ledger", e.error)
	out.next = "make room in the folder, and give the right to write there; then run it again"
	return out
}

// mark claims a folder that bears no marker, or renews this ledger's claim, durably. One that another ledger has claimed since
// it was last looked at is *notOurs and stays theirs; of two ledgers that claim a bare folder at once, one gets it.
func (r *Runner) mark(ctx context.Context, folder string) error {
	if err := r.writesIn(ctx, folder); err != nil {
		return err
	}
	err := r.markOnce(ctx, folder)
	if errors.Is(err, os.ErrExist) { // somebody was faster, and it may be another block of this project
		return r.markOnce(ctx, folder)
	}
	return err
}

// judge reads the marker of a folder, which may be missing, and holds it against the ledger: *notOurs where it must not be
// served.
func (r *Runner) judge(ctx context.Context, folder string) (own counter, found bool, err error) {
	m, found, unread := readMarker(r.o.FS, folder)
	err = r.o.Ledger.Reader().View(ctx, func(v *ledger.View) (err error) { // after the marker: what this ledger wrote there is never ahead of it
		own, err = counterOf(v)
		return err
	})
	if err != nil {
		return own, found, err
	}
	if why := own.strange(m, found, unread, folder); why != "" {
		return own, found, &notOurs{why}
	}
	return own, found, nil
}

func (r *Runner) markOnce(ctx context.Context, folder string) error {
	own, found, err := r.judge(ctx, folder)
	if err != nil {
		return err
	}
	write := durable.WriteFile
	if !found {
		write = durable.WriteNewFile
	}
	return writeMarker(ctx, r.o.FS, r.o.Ledger, folder, own, r.o.Now(), write)
}

// writeMarker writes the marker of the ledger that own is of, with a number greater than own's.
func writeMarker(ctx context.Context, fs afero.Fs, l *ledger.Ledger, folder string, own counter, now time.Time, write writeFile) error {
	failpoint.At("marker.mark")
	defer failpoint.At("marker.marked")
	m := folderMarker{Ledger: own.identity, Folder: folder, At: now.UTC().Truncate(time.Second), Note: markerNote}
	var err error
	if m.Sequence, err = l.NextSequence(ctx, own.sequence); err != nil {
		return err
	}
	failpoint.At("marker.counted")
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return write(fs, filepath.Join(folder, markerName), 0o644, func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
}

// writeFile is durable.WriteFile or durable.WriteNewFile.
type writeFile func(fs afero.Fs, path string, perm os.FileMode, write func(io.Writer) error) error

// markServed renews the markers of the folders from which something was sent. A failure is told and harms nothing now: the
// marker protects against a second ledger, and against this one's older copies.
func (n *run) markServed(ctx context.Context) {
	ctx, cancel := recording(ctx)
	defer cancel()
	n.mu.Lock()
	folders := sortedKeys(n.touched)
	n.touched = nil
	n.mu.Unlock()
	for _, folder := range folders {
		if err := n.mark(ctx, folder); err != nil {
			n.o.Log.Warn("mark the folder as served", "folder", folder, "error", plainError(err))
		}
	}
}

// markBare claims the folder of a served block that bears no marker although its definition is applied: another one stands in
// its place, or somebody has tidied up. Until then another ledger would take it for free.
func (s *Service) markBare(ctx context.Context, a Address, folder *DropFolder, seen *folderSeen) {
	if !seen.bare || seen.strange != "" {
		return
	}
	if _, err := s.o.Planner.FS.Stat(folder.Folder); err != nil {
		return
	}
	if err := s.o.Runner.mark(ctx, folder.Folder); err != nil {
		s.o.Log.Debug("mark the folder as served", "address", a.String(), "error", plainError(err))
	}
}

// touch is called before something is sent from the action's folder: it looks whether the folder is still ours, *unmarked
// where not, and notes that its marker is to be renewed.
func (n *run) touch(ctx context.Context, a *Action) error {
	if a.Export != nil || a.Import == nil && a.Rule.Folder == "" {
		return nil
	}
	folder := a.dropFolder().Folder
	if err := n.stillOurs(ctx, folder); err != nil {
		return &unmarked{err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.touched == nil {
		n.touched = map[string]bool{}
	}
	n.touched[folder] = true
	return nil
}

// judged are the markers that were found to be ours, by folder.
type judged struct {
	mu      sync.Mutex
	markers map[string]durable.Stamp
}

// stillOurs is *notOurs when another ledger has claimed the folder since it was planned. A marker is read again only where it
// is another one than the last time; without one the folder is claimed afterwards, see markServed.
func (r *Runner) stillOurs(ctx context.Context, folder string) error {
	info, missing := lstat(r.o.FS, filepath.Join(folder, markerName))
	if missing != nil {
		_, _, err := r.judge(ctx, folder)
		return err
	}
	stamp := durable.StampOf(info) // older than what is read: what changes in between is read the next time
	j := &r.judged
	j.mu.Lock()
	known, found := j.markers[folder]
	j.mu.Unlock()
	if found && known.Equal(stamp) {
		return nil
	}
	if _, _, err := r.judge(ctx, folder); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.markers == nil {
		j.markers = map[string]durable.Stamp{}
	}
	j.markers[folder] = stamp
	return nil
}

// takeOver claims, by a person's word, the folders of the blocks that the patterns name and that another or an older ledger
// served.
func (q Requests) takeOver(ctx context.Context, st *standing, patterns []string) ([]Address, error) {
	var taken []Address
	for b, folder := range q.Config.folders() {
		seen := st.snapshot.folderSeen(b.Address)
		if seen.strange == "" || !matches(patterns, b.Address) {
			continue
		}
		standing, _, err := readMarker(q.Planner.FS, folder.Folder)
		if err != nil {
			standing = folderMarker{} // it is written anew
		}
		own := st.snapshot.counter
		own.sequence = max(own.sequence, standing.Sequence)
		if err := writeMarker(ctx, q.Planner.FS, q.Ledger, folder.Folder, own, q.Planner.Now(), durable.WriteFile); err != nil {
			return taken, fmt.Errorf("%s: mark the folder as served: %w", b.Address, err)
		}
		if err := q.Ledger.TakeOver(ctx, b.Address.String(), q.Who); err != nil {
			return taken, err
		}
		taken = append(taken, b.Address)
	}
	return taken, nil
}
