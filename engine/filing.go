package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// purposes under which written files are recorded; keep asks for them.
const (
	purposeArchive  = "archive"
	purposeFailed   = "failed"
	purposeTarget   = "target"
	purposeProtocol = "protocol"
	purposeWith     = "with " // and the path of what it belongs to: deleted together with that
)

// dispositions says what becomes true of the file with its outcome, and which moves are owed from then on.
func (n *run) dispositions(a *Action, w written, state ledger.State) ([]ledger.File, []ledger.Filing, []ledger.Written, error) {
	file := ledger.File{
		Address: a.Address.Block().String(), Name: a.Address.Item, Stamp: a.File.Stamp, Digest: a.File.Digest, State: ledger.FileDone,
	}
	if state == ledger.StateWarned {
		file.Message = "completed with errors"
	}
	files := []ledger.File{file}
	var wrote []ledger.Written
	if w.path != "" && !isOwnReport(foldName(filepath.Base(w.path))) {
		wrote = append(wrote, ledger.Written{Path: w.path, Address: file.Address, Purpose: purposeProtocol})
	}
	failedOnes := state == ledger.StateFailed || state == ledger.StateWarned && w.failed
	var reports []string
	if w.path != "" {
		reports = []string{w.path}
	}
	filings, err := n.filings(a, failedOnes, reports)
	return files, filings, wrote, err
}

// filings plans the moves of a file and its reports into the archive: the file first, so that a crash in between leaves
// the protocol where it is looked for, and the marker last. Without an archive there are none, and without a folder for
// failures what failed stays where it was dropped.
func (n *run) filings(a *Action, failed bool, reports []string) ([]ledger.Filing, error) {
	d := a.dropFolder()
	if d.Archive == nil || failed && d.Archive.FailedFolder == nil {
		return nil, nil
	}
	folder := d.Archive.Folder
	if failed {
		folder = d.Archive.FailedFolder
	}
	if folder == nil {
		return nil, nil
	}
	scope := d.scope(n.cfg, a.File)
	if a.File.Stamp.ModTime == 0 {
		scope.Time = n.o.Now().In(n.cfg.Location)
	}
	dir, err := folder(scope)
	if err != nil {
		return nil, fmt.Errorf("archive.folder: %w", err)
	}
	f := ledger.Filing{Address: a.Address.Block().String(), Item: a.Address.Item}
	var out []ledger.Filing
	if a.File.Stamp.ModTime != 0 {
		csv := f
		csv.Kept = purposeArchive
		if failed {
			csv.Kept = purposeFailed
		}
		csv.Stamp, csv.Digest, csv.Source = a.File.Stamp, a.File.Digest, filepath.Join(d.Folder, a.File.Name)
		out = append(out, csv)
	}
	for _, r := range reports {
		report := f
		report.Source = r
		out = append(out, report)
	}
	n.nameTogether(out, d.Folder, beside(n.cfg.Dir, dir), a.Address.Item)
	if marker := n.marker(a); marker != "" {
		if info, err := lstat(n.o.FS, marker); err == nil {
			f.Source, f.Stamp = marker, durable.StampOf(info) // a newer marker belongs to newer content
			out = append(out, f)
		}
	}
	return out, nil
}

// marker is the ready_file that let the file be taken. It goes last, so that a crash leaves it to let the file be taken
// again, and it goes only with its file.
func (n *run) marker(a *Action) string {
	d := a.dropFolder()
	if d.ReadyFile == nil || a.File.Stamp.ModTime == 0 {
		return ""
	}
	name, err := d.ReadyFile(d.scope(n.cfg, a.File))
	if err != nil {
		return ""
	}
	return beside(d.Folder, name)
}

// nameTogether gives a file and its reports names in the archive that are free and still belong together: where one of
// them is taken, all get the same addition, NAME~<time>-<n>. What lies in a sub-folder of the drop folder goes into that of the
// archive, so that a protocol of the file's own name does not meet the file there.
func (n *run) nameTogether(group []ledger.Filing, from, dir, name string) {
	stem, ext := splitName(name)
	for i := 0; ; i++ {
		fresh := name
		if i > 0 {
			fresh = fmt.Sprintf("%s~%s-%d%s", stem, n.o.Now().UTC().Format("20060102T150405Z"), i, ext)
		}
		free := true
		taken := map[string]bool{} // by a file of the group: two from different folders outside may bear one name
		for k := range group {
			target := filepath.Base(group[k].Source)
			if rest, own := strings.CutPrefix(target, name); own {
				target = fresh + rest
			} else if i > 0 {
				target = fmt.Sprintf("%d~%s", i, target)
			}
			target = filepath.Join(within(from, group[k].Source), target)
			if taken[foldName(target)] {
				target = filepath.Join(filepath.Dir(target), fmt.Sprintf("%d~%s", k, filepath.Base(target)))
			}
			taken[foldName(target)] = true
			group[k].Target = filepath.Join(dir, target)
			if _, err := lstat(n.o.FS, group[k].Target); err == nil {
				free = false
			}
		}
		if free {
			break
		}
	}
	if len(group) > 0 && isFile(group[0]) {
		for k := range group[1:] {
			group[k+1].Kept = purposeWith + group[0].Target
		}
	}
}

// within is the sub-folder of a drop folder in which a report lies; none when it lies elsewhere.
func within(folder, path string) string {
	sub, err := filepath.Rel(folder, filepath.Dir(path))
	if err != nil || !filepath.IsLocal(sub) {
		return ""
	}
	return sub
}

// fileNow carries out the moves that were just recorded. A failure leaves them owed; the outcome stands.
func (n *run) fileNow(ctx context.Context, a *Action, e ending) ending {
	var owed []ledger.Filing
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		owed, err = v.FilingsOf(a.Address.Block().String(), a.Address.Item)
		return err
	})
	if err == nil {
		err = n.moveAll(ctx, owed, false)
	}
	if err == nil {
		return e
	}
	e.result, e.code = ResultFailed, "archive"
	e.text += "; but it could not be moved to its archive: " + plainError(err)
	e.next = "make room or give the right to write there; the next run moves it, and sends nothing again"
	return e
}

// file is the step that carries out moves an earlier run owed.
func (n *run) file(ctx context.Context, a *Action) ending {
	if err := n.moveAll(ctx, a.Filings, true); err != nil {
		e := failed("it could not be moved to its archive", err)
		e.next = "make room or give the right to write there; the next run tries again"
		return e
	}
	return ending{result: ResultDone, text: "moved to its archive"}
}

// moveAll carries out moves that are owed; again is whether an earlier run may have begun them.
func (n *run) moveAll(ctx context.Context, owed []ledger.Filing, again bool) error {
	ctx, cancel := recording(ctx)
	defer cancel()
	replaced := false // the file: its marker is the new content's then
	for _, f := range owed {
		if again && f.Target != "" { // a crash in the middle of a copy to another volume
			if err := durable.RemoveTempOf(n.o.FS, f.Target); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if f.Target == "" && replaced {
			if err := n.o.Ledger.Filed(ctx, f); err != nil {
				return err
			}
			continue
		}
		failpoint.At("filing.move")
		moved, err := n.move(ctx, f)
		failpoint.At("filing.moved")
		replaced = replaced || f.Target != "" && isFile(f) && !moved
		if err != nil {
			return err
		}
		if !moved {
			f.Kept = ""
		} else if f.Digest == "" && f.Kept != "" {
			if f.Digest, _, err = digestFile(n.o.FS, f.Target); err != nil {
				return err
			}
		}
		if err := n.o.Ledger.Filed(ctx, f); err != nil {
			return err
		}
		failpoint.At("filing.filed")
		if moved && (f.Kept == purposeArchive || f.Kept == purposeFailed) {
			n.keepArchive(ctx, f.Address)
		}
	}
	return nil
}

// move carries out one filing. It reports false when the source is gone or is new content, which stays. A filing without a
// target is a marker that is not needed any more.
func (n *run) move(ctx context.Context, f ledger.Filing) (bool, error) {
	fs := n.o.FS
	info, err := lstat(fs, f.Source)
	if f.Target == "" {
		if err == nil && durable.StampOf(info).Equal(f.Stamp) {
			err = fs.Remove(f.Source)
		}
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	if errors.Is(err, os.ErrNotExist) {
		_, err := lstat(fs, f.Target)
		return err == nil, nil
	}
	if err != nil {
		return false, err
	}
	if isFile(f) && !durable.StampOf(info).Equal(f.Stamp) {
		return false, nil
	}
	if f.Digest != "" {
		digest, stamp, err := digestFile(fs, f.Source)
		if errors.Is(err, errChanged) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if digest != f.Digest || !stamp.Equal(f.Stamp) {
			return false, nil
		}
	}
	if err := n.makeRoom(ctx, f.Target); err != nil {
		return false, err
	}
	err = durable.Move(fs, f.Source, f.Target)
	if errors.Is(err, os.ErrExist) {
		return n.moveBeside(f)
	}
	if err != nil {
		return false, err
	}
	return n.ours(f)
}

// makeRoom makes the folder of a file that is about to be written, and sees to what a crash may leave or has left there.
func (r *Runner) makeRoom(ctx context.Context, path string) error {
	folder := filepath.Dir(path)
	if err := durable.MkdirAll(r.o.FS, folder, 0o755); err != nil {
		return err
	}
	return r.writesIn(ctx, folder)
}

// isFile tells the dropped file from our reports: it has the stamp under which it was decided on.
func isFile(f ledger.Filing) bool { return f.Stamp.ModTime != 0 }

// ours looks at what was moved: a file that took the source's name in the last instant is new content, and goes back.
func (n *run) ours(f ledger.Filing) (bool, error) {
	info, err := lstat(n.o.FS, f.Target)
	if err != nil {
		return false, err
	}
	if got := durable.StampOf(info); !isFile(f) || got.Size == f.Stamp.Size && got.ModTime == f.Stamp.ModTime {
		return true, nil
	}
	return false, durable.Move(n.o.FS, f.Target, durable.FreeName(n.o.FS, f.Source, n.o.Now()))
}

// moveBeside: something stands at the target. Our own copy, left by a crash in the middle of a move, ends the move;
// anything else stays, and the file gets a free name.
func (n *run) moveBeside(f ledger.Filing) (bool, error) {
	theirs, _, err := digestFile(n.o.FS, f.Target)
	if err != nil {
		return false, err
	}
	ours, _, err := digestFile(n.o.FS, f.Source)
	if err != nil {
		return false, err
	}
	if theirs == ours {
		return true, n.o.FS.Remove(f.Source)
	}
	err = durable.Move(n.o.FS, f.Source, durable.FreeName(n.o.FS, f.Target, n.o.Now()))
	return err == nil, err
}

// digestFile hashes a file and tells the stamp that it had throughout; errChanged when it did not keep it.
func digestFile(fs afero.Fs, path string) (string, durable.Stamp, error) {
	before, err := lstat(fs, path)
	if err != nil {
		return "", durable.Stamp{}, err
	}
	f, err := fs.Open(path)
	if err != nil {
		return "", durable.Stamp{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", durable.Stamp{}, err
	}
	info, err := lstat(fs, path)
	if err != nil {
		return "", durable.Stamp{}, err
	}
	stamp := durable.StampOf(info)
	if !stamp.Equal(durable.StampOf(before)) {
		return "", durable.Stamp{}, errChanged
	}
	return hex.EncodeToString(h.Sum(nil)), stamp, nil
}

// keepArchive deletes what archive.keep does not want any more, of what is done and of what failed apart: good files must not
// push out those that somebody has yet to look at. Its failure is only logged: the files stay.
func (n *run) keepArchive(ctx context.Context, address string) {
	keep := func(at Address, archive *Archive) {
		if at.String() != address || archive == nil {
			return
		}
		n.keep(ctx, address, purposeArchive, archive.Keep)
		n.keep(ctx, address, purposeFailed, archive.Keep)
	}
	for _, imp := range n.cfg.Imports {
		keep(imp.Address, imp.Archive)
	}
	for _, r := range n.cfg.Rules {
		keep(r.Address, r.Archive)
	}
}

// keep deletes the oldest files that this instance wrote for a purpose, beyond a number or an age, and only those whose
// bytes are still the ones that were written and that nobody needs any more.
func (n *run) keep(ctx context.Context, address, purpose string, k Keep) {
	if k == (Keep{}) {
		return
	}
	var surplus []ledger.Written
	var needed func(ledger.Written) bool
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		list, err := v.WrittenBy(address, purpose)
		for i, w := range list {
			if k.Count > 0 && i >= k.Count || k.Age > 0 && n.o.Now().Sub(w.At) > k.Age {
				surplus = append(surplus, w)
			}
		}
		if err == nil && len(surplus) > 0 {
			needed, err = neededFiles(v, address)
		}
		return err
	})
	for _, w := range surplus {
		if err == nil && !needed(w) {
			err = n.drop(ctx, w)
		}
	}
	if err != nil {
		n.o.Log.Warn("clean up", "address", address, "error", plainError(err))
	}
}

// neededFiles tells which files of a block status says somebody has to see to: an archive may have the only copy. They are known by
// their bytes, and what was too large to be read by its name.
func neededFiles(v *ledger.View, address string) (func(ledger.Written) bool, error) {
	open, err := v.OpenFiles(address)
	if err != nil {
		return nil, err
	}
	bytes := map[string]bool{}
	var names []string
	for _, k := range open {
		if stem, _ := splitName(k.Name); k.Digest == "" {
			names = append(names, stem)
		} else {
			bytes[k.Digest] = true
		}
	}
	works, err := v.Unfinished()
	for _, w := range works {
		if w.Address != address {
			continue
		}
		k, known, err := v.File(address, w.Item)
		if err != nil {
			return nil, err
		}
		if !known || !overtaken(k, w) {
			bytes[w.SourceDigest] = true
		}
	}
	return func(w ledger.Written) bool {
		return bytes[w.Digest] || slices.ContainsFunc(names, func(stem string) bool { return strings.HasPrefix(filepath.Base(w.Path), stem) })
	}, err
}

// drop deletes one written file, after what belongs to it.
func (n *run) drop(ctx context.Context, w ledger.Written) error {
	var with []ledger.Written
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		with, err = v.WrittenBy(w.Address, purposeWith+w.Path)
		return err
	})
	if err != nil {
		return err
	}
	for _, other := range with {
		if err := n.dropOne(ctx, other); err != nil {
			return err
		}
	}
	return n.dropOne(ctx, w)
}

func (n *run) dropOne(ctx context.Context, w ledger.Written) error {
	digest, _, err := digestFile(n.o.FS, w.Path)
	if err == nil && digest == w.Digest {
		err = n.o.FS.Remove(w.Path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return n.o.Ledger.Unwritten(ctx, w.Path)
}
