package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"

	"github.com/spf13/afero"

	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/perbit"
)

// errChanged says that the file is not the one that was planned. Nothing of it counts as sent.
var errChanged = errors.New("the file has changed since it was planned")

// wholeInMemory is the size in bytes up to which a file is read before its request begins, so that what is sent is
// known to be what was planned before the intent is recorded. Larger files are streamed and verified on the way.
const wholeInMemory = 4 << 20

// submission is exactly the bytes that an upload may send: those whose digest was planned, or an incomplete request. Where
// they are not the file's own, both digests have to be the planned ones.
type submission struct {
	fs     afero.Fs
	path   string
	file   FileSeen
	memory []byte // nil: streamed
	sent   func(n int64)
}

// submit opens the file that was planned. It fails with errChanged when the file is another one by now.
func submit(fs afero.Fs, folder string, file FileSeen, sent func(n int64)) (*submission, error) {
	s := &submission{fs: fs, path: filepath.Join(folder, file.Name), file: file, sent: sent}
	if err := s.same(); err != nil {
		return nil, err
	}
	if file.Stamp.Size > wholeInMemory {
		return s, nil
	}
	raw, err := afero.ReadFile(fs, s.path)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != file.Digest {
		return nil, errChanged
	}
	if s.memory, err = s.whole(raw); err != nil {
		return nil, err
	}
	return s, s.same()
}

// whole is what leaves of a file that was read at once.
func (s *submission) whole(raw []byte) ([]byte, error) {
	if !s.file.Send.recoded() {
		return raw, nil
	}
	r, err := newRecoded(bytes.NewReader(raw), s.file.Send)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (s *submission) same() error {
	info, err := lstat(s.fs, s.path)
	if err != nil {
		return err
	}
	if !durable.StampOf(info).Equal(s.file.Stamp) {
		return errChanged
	}
	return nil
}

// body is what the client sends. The client holds the last block back until the reader has ended cleanly, so a reader
// that ends with errChanged leaves an incomplete request, which the server cannot take for the file.
func (s *submission) body() perbit.Body {
	return perbit.Body{Size: s.file.Send.Size, Open: func() (io.ReadCloser, error) {
		if s.memory != nil {
			return &counted{Reader: bytes.NewReader(s.memory), sent: s.sent}, nil
		}
		f, err := s.fs.Open(s.path)
		if err != nil {
			return nil, err
		}
		v := s.verify(f)
		var r io.Reader = v
		if s.file.Send.recoded() {
			if r, err = newRecoded(r, s.file.Send); err != nil {
				return nil, errors.Join(err, v.Close())
			}
		}
		return &counted{Reader: r, Closer: v, sent: s.sent}, nil
	}}
}

// counted reports how many bytes have been handed to the network.
type counted struct {
	io.Reader
	io.Closer
	sent  func(n int64)
	total int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.total += int64(n)
	if c.sent != nil {
		c.sent(c.total)
	}
	return n, err
}

func (c *counted) Close() error {
	failpoint.At("job.sent")
	if c.Closer == nil {
		return nil
	}
	return c.Closer.Close()
}
