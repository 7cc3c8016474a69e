package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// look finds out what one file is. Files whose decision still stands are not opened.
func (p Planner) look(ctx context.Context, cfg *Config, imp *Import, seen *importSeen, f *fileFacts, only *scope, replace again) {
	path := filepath.Join(imp.Folder, f.Name)
	if !p.meet(cfg, imp.Address, &imp.DropFolder, &seen.folderSeen, f, replace) || imp.tooLarge(f.FileSeen) {
		return
	}
	if !only.recall(seen, f) {
		p.read(ctx, imp, seen, f, path)
	}
	if !f.isKnown {
		f.beside = p.hasProtocol(imp, cfg, seen, f.FileSeen)
	}
}

// meet looks at a file from outside and reports whether to open it: it is a plain file, is not settled, and nobody writes
// to it.
func (p Planner) meet(cfg *Config, block Address, d *DropFolder, seen *folderSeen, f *fileFacts, replace again) bool {
	path := filepath.Join(d.Folder, f.Name)
	info, err := lstat(p.FS, path)
	if err != nil {
		f.err = err
		return false
	}
	if info.IsDir() || !info.Mode().IsRegular() {
		f.dir = true
		return false
	}
	f.Stamp = durable.StampOf(info)
	f.known, f.isKnown = seen.known[f.Name]
	if f.isKnown && f.known.Stamp.Equal(f.Stamp) {
		f.Digest = f.known.Digest
		if f.settled = stands(f.known, seen.checked) && !replace.covers(block.Of(f.Name)); f.settled {
			return false
		}
	}
	if f.marker = p.missingMarker(d, cfg, f.FileSeen); f.marker != "" {
		return false
	}
	if p.Writers != nil {
		if busy, _ := p.Writers(path); busy {
			f.busy = true
			return false
		}
	}
	return f.Stamp.Size >= d.MinSize
}

// stands reports whether what was decided about this very state of the file still holds.
func stands(k ledger.File, checked string) bool {
	switch k.State {
	case ledger.FileDone, ledger.FileDuplicate, ledger.FileExisting:
		return true
	case ledger.FileRejected:
		return k.Checked == checked
	default:
		return false
	}
}

// checkDigest stands for the rules that a file is rejected by.
func (i *Import) checkDigest() string {
	return digestOf(i.digestPaths("csv", "min_size"), fmt.Sprint(i.Connection.MaxUpload))
}

func (i *Import) tooLarge(f FileSeen) bool {
	_, _, broken := i.excess(f)
	return broken
}

// read hashes, validates and where need be recodes the file in one pass, and notices when it changes under the reader.
func (p Planner) read(ctx context.Context, imp *Import, seen *importSeen, f *fileFacts, path string) {
	file, err := p.FS.Open(path)
	if err != nil {
		f.err = err
		return
	}
	defer file.Close()
	h := &hashed{file: file, hash: sha256.New(), text: newRecoding(imp)}
	opt := csvschema.Options{Lookup: Lookup(p.FS), LastRows: seen.lastRows, Buffer: bufferFor(f.Stamp.Size)}
	if h.text != nil {
		opt.Reading = h.text.begin
	}
	report, err := csvschema.Validate(ctx, h, f.Stamp.Size, imp.CSV, opt)
	if err == nil {
		h.text.forget()
		_, err = io.Copy(io.Discard, h)
	}
	if err != nil {
		f.err = err
		return
	}
	f.Rows = report.Rows
	if !report.Valid || report.WarningCount > 0 {
		f.report = report // thousands of good files are told apart by their digests alone
	}
	f.Digest = sum(h.hash)
	if report.Valid { // of what is rejected nothing leaves
		f.Send, f.err = h.text.sending(f.Digest, f.Stamp.Size)
	}
	if after, err := lstat(p.FS, path); err != nil || !durable.StampOf(after).Equal(f.Stamp) {
		f.busy = true
	}
}

// bufferFor keeps ten thousand small files from being read through ten thousand large buffers.
func bufferFor(size int64) int {
	const least, most = 256, 128 << 10
	return int(min(max(size+1, least), most))
}

// hashed hashes what is read, also when the reader goes back to the start once.
type hashed struct {
	file afero.File
	hash hash.Hash
	text *recoding
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.file.Read(p)
	h.hash.Write(p[:n])
	h.text.write(p[:n])
	return n, err
}

// Seek goes back to the start and begins the hash anew; other places would leave holes in it.
func (h *hashed) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("can only be read from the start")
	}
	h.hash.Reset()
	return h.file.Seek(0, io.SeekStart)
}

func (p Planner) missingMarker(d *DropFolder, cfg *Config, f FileSeen) string {
	if d.ReadyFile == nil {
		return ""
	}
	name, err := d.ReadyFile(d.scope(cfg, f))
	if err != nil {
		return err.Error()
	}
	if _, err := p.FS.Stat(beside(d.Folder, name)); err != nil {
		return name
	}
	return ""
}

func (p Planner) hasProtocol(imp *Import, cfg *Config, seen *importSeen, f FileSeen) bool {
	name, err := imp.Protocol.Path(imp.scope(cfg, f))
	if err != nil {
		return false
	}
	if seen.names != nil && filepath.Base(name) == name {
		return seen.names[name]
	}
	_, err = p.FS.Stat(beside(imp.Folder, name))
	return err == nil
}

func lstat(fs afero.Fs, path string) (os.FileInfo, error) {
	if l, ok := fs.(afero.Lstater); ok {
		info, _, err := l.LstatIfPossible(path)
		return info, err
	}
	return fs.Stat(path)
}

func unixNano(n int64, loc *time.Location) time.Time { return time.Unix(0, n).In(loc) }
