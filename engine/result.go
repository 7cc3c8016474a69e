package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/afero"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// result is an export's data on its way to the target: in a temporary file of the target's folder until it is checked.
type result struct {
	fs     afero.Fs
	path   string   // the target
	temp   string   // the finished temporary file; empty once it has been put somewhere
	made   []func() // its temporary files are not in the making any more
	digest string   // SHA-256 of the bytes as written, hex
	size   int64
	rows   int64
	header []string
}

func base(path string) string { return filepath.Base(path) }

// receive streams the server's bytes into a temporary file, transcoding them on the way where the target says so.
func (n *run) receive(ctx context.Context, a *Action, stream io.Reader) (*result, error) {
	path, err := a.Export.place(n.o.FS, n.cfg, a.runScope())
	if err != nil {
		return nil, err
	}
	if err := n.makeRoom(ctx, path); err != nil {
		return nil, err
	}
	if err := durable.RemoveTempOf(n.o.FS, path); err != nil {
		return nil, err
	}
	t := a.Export.Target
	raw := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".received.dropform-tmp")
	r := &result{fs: n.o.FS, path: path, temp: raw}
	if err := r.write(&counted{Reader: stream, sent: n.receiving(a)}, r.scratch(raw)); err != nil {
		r.abort()
		return nil, err
	}
	if t.Encoding == "" && t.Newline == "" && !t.BOM {
		return r, nil
	}
	if err := r.transcode(t); err != nil {
		r.abort()
		return nil, err
	}
	return r, nil
}

// write puts everything that from yields into a file and notes its digest and size. into makes the file: a plain
// temporary one, or the target, which is seen whole or not at all.
func (r *result) write(from io.Reader, into func(func(io.Writer) error) error) error {
	return into(func(w io.Writer) error {
		h := sha256.New()
		size, err := io.Copy(io.MultiWriter(w, h), from)
		r.size, r.digest = size, sum(h)
		return err
	})
}

// scratch is a file that nobody looks for: it is gone, or overwritten by the next run, before anything counts on it.
func (r *result) scratch(path string) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error {
		r.made = append(r.made, durable.Making(path))
		f, err := r.fs.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
}

func (r *result) durably(path string) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error { return durable.WriteFile(r.fs, path, 0o644, write) }
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// abort removes the temporary file, if it is still one.
func (r *result) abort() {
	defer func() {
		for _, made := range r.made {
			made()
		}
	}()
	if r.temp != "" {
		// What stays behind is overwritten by the next run of the same target.
		_ = r.fs.Remove(r.temp)
		r.temp = ""
	}
}

// commitAs puts the result under its name, replacing what stands there.
func (r *result) commitAs(path string) error {
	f, err := r.fs.Open(r.temp)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.write(f, r.durably(path)); err != nil {
		return err
	}
	r.abort()
	return nil
}

// check counts the rows and says what is wrong with the result; empty when nothing is. perbit logs no error inside an
// export (perbit 3.3), so this is all the protection that the last good result has.
func (r *result) check(ctx context.Context, n *run, exp *Export, good *ledger.Work) string {
	f, err := r.fs.Open(r.temp)
	if err != nil {
		return "the result cannot be read: " + plainError(err)
	}
	defer f.Close()
	rep, err := csvschema.Validate(ctx, f, r.size, exp.resultSchema(), csvschema.Options{Lookup: Lookup(r.fs)})
	if err != nil {
		return "the result cannot be read: " + plainError(err)
	}
	r.rows, r.header = rep.Rows, rep.Header
	switch asked := exp.CSV != nil || len(exp.Fixed) > 0; {
	case rep.Valid || !asked:
	case r.size == 0 && exp.CSV == nil:
		for _, field := range exp.Fixed { // no line, so none is wrong; expect.min_rows says whether there have to be some
			r.header = append(r.header, field.Name)
		}
	default:
		return fmt.Sprintf("the result has %s, the first: %s", plural(rep.ErrorCount, "error", "errors"), placed(&rep.Errors[0]))
	}
	return r.expect(exp.Expect, good)
}

// resultSchema is what a result is held against. A fixed-width one has the places of its fields checked also without a csv
// block, and its characters are counted in the encoding that it was written in, where that is known.
func (e *Export) resultSchema() *CSV {
	if len(e.Fixed) == 0 {
		return e.CSV
	}
	s := NewCSV()
	s.ExcelDamage, s.Mojibake, s.FileReferences, s.Header = csvschema.LevelAllow, csvschema.LevelAllow, csvschema.LevelAllow, false
	if e.CSV != nil {
		*s = *e.CSV
	}
	s.Fixed = e.Fixed
	if s.Encoding == "auto" && e.Target.Encoding != "" {
		s.Encoding = e.Target.Encoding
	}
	return s
}

// placed says where a fault lies and what it is.
func placed(f *csvschema.Fault) string {
	where := fmt.Sprintf("line %d", f.Line)
	switch {
	case f.Column == "" && f.ColumnNumber > 0:
		where += fmt.Sprintf(", column %d", f.ColumnNumber)
	case f.Column != "":
		where += fmt.Sprintf(", column %q (%d)", f.Column, f.ColumnNumber)
	}
	return where + ": " + f.Message.String()
}

func (r *result) expect(x Expect, good *ledger.Work) string {
	var missing []string
	for _, c := range x.Columns {
		if !slices.Contains(r.header, c) {
			missing = append(missing, c)
		}
	}
	switch {
	case r.rows < x.MinRows:
		return fmt.Sprintf("the result has %s, and expect.min_rows is %d", plural(r.rows, "row", "rows"), x.MinRows)
	case r.size < x.MinSize:
		return fmt.Sprintf("the result has %s, and expect.min_size is %s", size(r.size), size(x.MinSize))
	case len(missing) > 0:
		return "the result lacks the columns " + strings.Join(missing, ", ")
	case x.HasMaxShrink && good != nil && float64(r.rows) < float64(good.ResultRows)*(1-x.MaxShrink):
		return fmt.Sprintf("the result has %s, the last good one had %d: more than expect.max_shrink allows", plural(r.rows, "row", "rows"), good.ResultRows)
	}
	return ""
}

// companions writes the checksum and then the done file, so that whoever waits for the done file finds all of it. They are
// recorded as written with the target: keep deletes them together.
func (n *run) companions(ctx context.Context, a *Action, path string, res *result) ([]ledger.Written, error) {
	t := a.Export.Target
	var out []ledger.Written
	add := func(file, text string) error {
		digest := sha256.Sum256([]byte(text))
		out = append(out, ledger.Written{Path: file, Address: a.Address.Block().String(), Purpose: purposeWith + path, Digest: hex.EncodeToString(digest[:])})
		return durable.WriteFile(n.o.FS, file, 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if t.Checksum == "sha256" {
		if err := add(path+".sha256", fmt.Sprintf("%s  %s\n", res.digest, base(path))); err != nil {
			return nil, err
		}
	}
	if t.DoneFile == nil {
		return out, nil
	}
	done, err := a.Export.doneFile(path, a.runScope())
	if err != nil {
		return nil, err
	}
	if err := n.makeRoom(ctx, done); err != nil {
		return nil, err
	}
	return out, add(done, "")
}
