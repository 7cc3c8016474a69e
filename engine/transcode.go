package engine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// unmappableError says that a character of the result does not exist in the target's encoding.
type unmappableError struct {
	line int
	char rune
	name string
}

func (e *unmappableError) Error() string {
	return fmt.Sprintf("line %d has the character %q, which does not exist in %s; set target.unmappable = \"replace:?\" or another encoding", e.line, e.char, e.name)
}

// foreignBytesError says that the result is not in the encoding that target.source_encoding declares. A decoder would put a
// replacement in place of such bytes, and nobody would know.
type foreignBytesError struct {
	line  int
	bytes []byte
	name  string
}

func (e *foreignBytesError) Error() string {
	return fmt.Sprintf("line %d holds the bytes 0x%x, which are not %s; correct target.source_encoding, or leave it out", e.line, e.bytes, e.name)
}

// proveSource looks for bytes that a declared encoding does not have. Each of the others has a character for every byte.
func (r *result) proveSource(name string) error {
	if name != "utf-8" && name != "utf-16le" {
		return nil
	}
	f, err := r.fs.Open(r.temp)
	if err != nil {
		return err
	}
	defer f.Close()
	next := nextUTF8
	if name == "utf-16le" {
		next = nextUTF16
	}
	from := bufio.NewReader(f)
	for line := 1; ; {
		c, foreign, err := next(from)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case foreign != nil:
			return &foreignBytesError{line: line, bytes: foreign, name: name}
		case c == '\n':
			line++
		}
	}
}

func nextUTF8(from *bufio.Reader) (c rune, foreign []byte, err error) {
	c, size, err := from.ReadRune()
	if c != utf8.RuneError || size != 1 || err != nil {
		return c, nil, err
	}
	if err := from.UnreadRune(); err != nil {
		return 0, nil, err
	}
	b, err := from.ReadByte()
	return 0, []byte{b}, err
}

func nextUTF16(from *bufio.Reader) (c rune, foreign []byte, err error) {
	var unit [4]byte
	n, err := io.ReadFull(from, unit[:2])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, unit[:n], nil
	}
	if err != nil {
		return 0, nil, err
	}
	c = rune(binary.LittleEndian.Uint16(unit[:]))
	if !utf16.IsSurrogate(c) {
		return c, nil, nil
	}
	if n, err = io.ReadFull(from, unit[2:]); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil, err
	}
	if c = utf16.DecodeRune(c, rune(binary.LittleEndian.Uint16(unit[2:]))); err != nil || c == unicode.ReplacementChar {
		return 0, unit[:2+n], nil
	}
	return c, nil, nil
}

// transcode rewrites the received bytes under the target's encoding and line ends.
func (r *result) transcode(t Target) error {
	if err := r.proveSource(t.SourceEncoding); err != nil {
		return err
	}
	source, name, err := r.open(t.SourceEncoding)
	if err != nil {
		return err
	}
	if t.Encoding == "" {
		t.Encoding = name // only line ends or a mark are to change
	}
	defer source.Close()
	piper, pipew := io.Pipe()
	var recoding sync.WaitGroup
	recoding.Go(func() { pipew.CloseWithError(recode(bufio.NewReader(source), pipew, t)) })
	defer recoding.Wait() // it reads source until the pipe is closed
	defer piper.Close()
	out := strings.TrimSuffix(r.temp, ".dropform-tmp") + ".encoded.dropform-tmp"
	err = r.write(piper, r.scratch(out))
	if err != nil {
		return errors.Join(err, r.fs.Remove(out))
	}
	old := r.temp
	r.temp = out
	return r.fs.Remove(old)
}

// open reads the temporary file as UTF-8, whatever it was written in, and tells what that was.
func (r *result) open(name string) (io.ReadCloser, string, error) {
	if name == "" || name == "auto" {
		valid, err := r.isUTF8()
		if err != nil {
			return nil, "", err
		}
		name = "windows-1252"
		if valid {
			name = "utf-8"
		}
	}
	f, err := r.fs.Open(r.temp)
	if err != nil {
		return nil, "", err
	}
	return struct {
		io.Reader
		io.Closer
	}{transform.NewReader(f, codec(name).NewDecoder()), f}, name, nil
}

func (r *result) isUTF8() (bool, error) {
	f, err := r.fs.Open(r.temp)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, transform.NewReader(f, encoding.UTF8Validator))
	if errors.Is(err, encoding.ErrInvalidUTF8) {
		return false, nil
	}
	return err == nil, err
}

func codec(name string) encoding.Encoding {
	switch name {
	case "windows-1252":
		return charmap.Windows1252
	case "iso-8859-1":
		return charmap.ISO8859_1
	case "iso-8859-15":
		return charmap.ISO8859_15
	case "utf-16le":
		return utf.UTF16(utf.LittleEndian, utf.UseBOM)
	default:
		return utf.UTF8BOM
	}
}

// recode writes UTF-8 text in the target's encoding, character by character, so that one that does not exist there is
// found with its line.
func recode(from *bufio.Reader, to io.Writer, t Target) error {
	name := t.Encoding
	w := bufio.NewWriter(to)
	enc := newEncoder(name, t.BOM)
	if _, err := w.WriteString(enc.bom); err != nil {
		return err
	}
	replacement, replaces := strings.CutPrefix(t.Unmappable, "replace:")
	line := 1
	for {
		c, _, err := from.ReadRune()
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err != nil {
			return err
		}
		if c == '\r' && t.Newline != "" {
			if next, err := from.Peek(1); err == nil && next[0] == '\n' {
				continue // the line end follows; alone it ends no line and stays
			}
		}
		text := string(c)
		if c == '\n' {
			line++
			if t.Newline == "crlf" {
				text = "\r\n"
			}
		}
		out, ok := enc.encode(text)
		if !ok && replaces {
			out, ok = enc.encode(replacement)
		}
		if !ok {
			return &unmappableError{line: line, char: c, name: name}
		}
		if _, err := w.WriteString(out); err != nil {
			return err
		}
	}
}

type encoder struct {
	bom    string
	encode func(string) (string, bool)
}

func newEncoder(name string, bom bool) encoder {
	e := encoder{encode: func(s string) (string, bool) { return s, true }}
	switch name {
	case "utf-8":
		if bom {
			e.bom = "\xef\xbb\xbf"
		}
	case "utf-16le":
		e.bom = "\xff\xfe"
		plain := utf.UTF16(utf.LittleEndian, utf.IgnoreBOM).NewEncoder()
		e.encode = func(s string) (string, bool) { out, err := plain.String(s); return out, err == nil }
	default:
		strict := codec(name).NewEncoder()
		e.encode = func(s string) (string, bool) { out, err := strict.String(s); return out, err == nil }
	}
	return e
}
