package engine

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// Sending is what leaves of a file: its own bytes or, under csv.send_encoding, its text in that encoding. A file is known in
// its folder by the digest of its own bytes; content, that is what is imported once, by the digest of what leaves.
type Sending struct {
	Digest   string // SHA-256 of exactly these bytes, hex; empty where that is not known
	Size     int64  // bytes
	From, To string // the encodings, where the text is recoded; both empty: the file's own bytes
}

func (s Sending) recoded() bool { return s.To != "" }

// key is the digest that tells the file's content from other content.
func (f FileSeen) key() string { return cmp.Or(f.Send.Digest, f.Digest) }

// fileOf is the file of work that the ledger knows.
func fileOf(w *ledger.Work) FileSeen {
	return FileSeen{
		Name: w.Item, Digest: w.SourceDigest, Rows: w.ResultRows, Stamp: durable.Stamp{Size: w.Size},
		Send: Sending{Digest: w.Digest, Size: w.Size},
	}
}

// recodes reports whether a file of the import may have to leave in another encoding than it has.
func (i *Import) recodes() bool { return i.CSV != nil && i.CSV.SendEncoding != "" }

// excess tells which bound a file breaks, in bytes. max_size bounds the file as it was dropped, max_upload what leaves; of a
// file that has to be recoded that is known once it has been read.
func (i *Import) excess(f FileSeen) (size, most int64, broken bool) {
	leaves := f.Send.Size
	if !i.recodes() {
		leaves = f.Stamp.Size
	}
	if most := i.Connection.MaxUpload; most > 0 && leaves > most {
		return leaves, most, true
	}
	if i.CSV != nil && i.CSV.MaxSize > 0 && f.Stamp.Size > i.CSV.MaxSize {
		return f.Stamp.Size, i.CSV.MaxSize, true
	}
	return 0, 0, false
}

// recoding finds out, in the pass that validates a file, what its text is in another encoding: how many bytes, and their
// digest. A nil one stands for a file that leaves as it is.
type recoding struct {
	from, to string
	by       *csvschema.Recoder
	hash     hash.Hash
	size     int64
	early    []byte // read before it was known in which encoding
	out      []byte
	err      error
}

func newRecoding(imp *Import) *recoding {
	if !imp.recodes() {
		return nil
	}
	return &recoding{to: imp.CSV.SendEncoding, hash: sha256.New()}
}

// begin says which encoding the file is read in; what was read before belongs to it. It is called again, and then the file is
// read again, where that turned out to be wrong.
func (r *recoding) begin(from string) {
	r.from, r.size = from, 0
	r.hash.Reset()
	r.by, r.err = csvschema.NewRecoder(r.from, r.to)
	early := r.early
	r.early = nil
	r.write(early)
}

func (r *recoding) write(p []byte) { r.add(p, false) }

func (r *recoding) add(p []byte, last bool) {
	switch {
	case r == nil || r.err != nil:
	case r.from == "":
		r.early = append(r.early, p...)
	default:
		r.out, r.err = r.by.Append(r.out[:0], p, last)
		r.hash.Write(r.out)
		r.size += int64(len(r.out))
	}
}

// forget gives up where the file turned out to be no text before its encoding was known.
func (r *recoding) forget() {
	if r != nil && r.from == "" {
		r.early, r.err = nil, errors.New("the file is not text")
	}
}

// sending is what leaves of a file with the digest and size given, all of which has been written.
func (r *recoding) sending(digest string, size int64) (Sending, error) {
	if r == nil {
		return Sending{Digest: digest, Size: size}, nil
	}
	if r.add(nil, true); r.err != nil {
		return Sending{}, fmt.Errorf("send it as %s: %w", r.to, r.err)
	}
	if s := sum(r.hash); s != digest {
		return Sending{Digest: s, Size: r.size, From: r.from, To: r.to}, nil
	}
	return Sending{Digest: digest, Size: size}, nil
}

// recoded reads a file's text in the encoding in which it leaves. Like the reader that it reads from it ends with errChanged
// instead of io.EOF unless every byte was the one that was planned.
type recoded struct {
	from io.Reader
	want Sending
	by   *csvschema.Recoder
	hash hash.Hash
	size int64
	in   []byte
	all  []byte
	out  []byte // of all, not handed on yet
	err  error  // what comes when out is empty
}

func newRecoded(from io.Reader, want Sending) (*recoded, error) {
	by, err := csvschema.NewRecoder(want.From, want.To)
	if err != nil {
		return nil, err
	}
	return &recoded{from: from, want: want, by: by, hash: sha256.New(), in: make([]byte, 32<<10)}, nil
}

func (r *recoded) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		n, err := r.from.Read(r.in)
		r.next(r.in[:n], err)
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// next recodes what was read. A character that cannot be recoded was not there when the file was planned.
func (r *recoded) next(p []byte, err error) {
	last := errors.Is(err, io.EOF)
	var strict error
	r.all, strict = r.by.Append(r.all[:0], p, last)
	r.hash.Write(r.all)
	r.size += int64(len(r.all))
	r.out, r.err = r.all, err
	if strict != nil || r.size > r.want.Size || last && (r.size != r.want.Size || sum(r.hash) != r.want.Digest) {
		r.out, r.err = nil, errChanged
	}
}
