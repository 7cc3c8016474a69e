package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/afero"
)

// A large file is hashed beside its sending. Hashing takes longer than all the rest, so some blocks wait for it: with but one
// ahead it stands still whenever the reader is woken late.
const (
	hashedBlock  = 256 << 10 // bytes
	hashedBlocks = 6
)

// verified reads a file and ends with errChanged instead of io.EOF unless every byte was the one that was planned. It is for
// one goroutine, and its Close ends the one that hashes.
type verified struct {
	s    *submission
	file afero.File
	read int64
	left []byte // of the block that was read last

	free   chan []byte // blocks that have been hashed; the one in left may be among them, and is read into when left is empty
	blocks chan []byte // to be hashed
	sum    chan string // what the hash is, once blocks is closed
	ended  bool        // blocks is closed
	err    error       // how it ended, once it has
}

func (s *submission) verify(file afero.File) *verified {
	v := &verified{s: s, file: file, free: make(chan []byte, hashedBlocks), blocks: make(chan []byte, hashedBlocks), sum: make(chan string, 1)}
	for range hashedBlocks {
		v.free <- make([]byte, hashedBlock)
	}
	go func() {
		h := sha256.New()
		for b := range v.blocks {
			h.Write(b)
			v.free <- b[:hashedBlock]
		}
		v.sum <- hex.EncodeToString(h.Sum(nil))
	}()
	return v
}

func (v *verified) Read(p []byte) (int, error) {
	if len(v.left) == 0 && v.err == nil {
		v.err = v.next()
	}
	if v.err != nil {
		return 0, v.err
	}
	n := copy(p, v.left)
	v.left = v.left[n:]
	return n, nil
}

// next reads a block and has it hashed. At the file's end it says whether the file was the planned one.
func (v *verified) next() error {
	b := <-v.free
	n, err := v.file.Read(b)
	v.blocks <- b[:n]
	v.left = b[:n]
	switch v.read += int64(n); {
	case v.read > v.s.file.Stamp.Size:
		return errChanged // it has grown
	case n > 0 || err == nil:
		return nil // an error comes again with the next block
	case !errors.Is(err, io.EOF):
		return err
	}
	v.end()
	if <-v.sum != v.s.file.Digest {
		return errChanged
	}
	if err := v.s.same(); err != nil {
		return fmt.Errorf("look at the file again: %w", err)
	}
	return io.EOF
}

func (v *verified) end() {
	if !v.ended {
		v.ended = true
		close(v.blocks)
	}
}

// Close ends the hashing, of which at most a few blocks are left.
func (v *verified) Close() error {
	v.end()
	v.err = cmp.Or(v.err, os.ErrClosed)
	return v.file.Close()
}
