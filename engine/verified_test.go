package engine

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/spf13/afero"

	"dropform/engine/durable"
)

// TestVerified: what is handed out is the file, whatever pieces it is asked for in; a file that differs in its last byte, has
// grown or has shrunk since it was planned ends with errChanged; and nobody hashes on after Close.
func TestVerified(t *testing.T) {
	planned := strings.Repeat("0123456789abcdef", (2*hashedBlock+4711)/16)
	for name, now := range map[string]string{
		"":            planned,
		"last byte":   planned[:len(planned)-1] + "x",
		"grown":       planned + "\n",
		"shrunk":      planned[:len(planned)-1],
		"other block": "x" + planned[1:],
	} {
		for _, piece := range []int{1 << 10, 100_003, 4 << 20} {
			synctest.Test(t, func(t *testing.T) {
				fs := afero.NewMemMapFs()
				if err := afero.WriteFile(fs, "a.csv", []byte(planned), 0o644); err != nil {
					t.Fatal(err)
				}
				digest, stamp, err := digestFile(fs, "a.csv")
				if err != nil {
					t.Fatal(err)
				}
				if err := afero.WriteFile(fs, "a.csv", []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
				if name != "" {
					stamp.Size = int64(len(planned))
				} else if stamp, err = stampOf(fs, "a.csv"); err != nil {
					t.Fatal(err)
				}
				file, err := fs.Open("a.csv")
				if err != nil {
					t.Fatal(err)
				}
				v := (&submission{fs: fs, path: "a.csv", file: FileSeen{Digest: digest, Stamp: stamp}}).verify(file)
				defer v.Close()
				got, err := io.ReadAll(pieces{v, piece})
				switch {
				case name == "" && (err != nil || !bytes.Equal(got, []byte(planned))):
					t.Errorf("in pieces of %d: %d bytes, %v", piece, len(got), err)
				case name != "" && !errors.Is(err, errChanged):
					t.Errorf("%s, in pieces of %d: %v", name, piece, err)
				}
				if n, again := v.Read(make([]byte, 1)); n > 0 || name != "" && !errors.Is(again, errChanged) {
					t.Errorf("%s: read on: %d, %v", name, n, again)
				}
			})
		}
	}
}

// TestVerifiedIsClosedEarly, and by a file that cannot be read: the hashing ends with it.
func TestVerifiedIsClosedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := afero.NewMemMapFs()
		if err := afero.WriteFile(fs, "a.csv", make([]byte, 3*hashedBlock), 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := fs.Open("a.csv")
		if err != nil {
			t.Fatal(err)
		}
		v := (&submission{fs: fs, path: "a.csv", file: FileSeen{Stamp: durable.Stamp{Size: 3 * hashedBlock}}}).verify(file)
		if _, err := io.ReadFull(v, make([]byte, hashedBlock+1)); err != nil {
			t.Fatal(err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		fs := afero.NewMemMapFs()
		file, err := fs.Create("a.csv")
		if err != nil {
			t.Fatal(err)
		}
		broken := errors.New("the disk is broken")
		v := (&submission{fs: fs, path: "a.csv", file: FileSeen{Stamp: durable.Stamp{Size: 1}}}).verify(unreadable{file, iotest.ErrReader(broken)})
		defer v.Close()
		if _, err := io.ReadAll(v); !errors.Is(err, broken) {
			t.Errorf("read: %v", err)
		}
	})
}

// pieces asks for so many bytes at a time.
type pieces struct {
	from io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), p.size)]) }

// unreadable is a file with another's bytes.
type unreadable struct {
	afero.File
	from io.Reader
}

func (u unreadable) Read(b []byte) (int, error) { return u.from.Read(b) }

func stampOf(fs afero.Fs, path string) (durable.Stamp, error) {
	info, err := fs.Stat(path)
	if err != nil {
		return durable.Stamp{}, err
	}
	return durable.StampOf(info), nil
}
