package csvschema

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// mode is one assumption about the encoding of the whole file. A pass over the file either confirms it or names the next.
type mode struct {
	set     charset
	wide    bool // UTF-16LE, turned into UTF-8 before anything looks at it
	bom     int  // bytes to drop at the beginning
	name    string
	proof   proof
	claimed bool  // the schema names this encoding and no mark stands in the file
	first   *mark // why the file is not what was declared, reported once
}

// proof says what a pass does when its assumption fails.
type proof uint8

const (
	proofNone      proof = iota // each cell that does not fit is an error of its own
	proofUTF8                   // auto: the first byte that is not UTF-8 makes the file Windows-1252
	proofUndefined              // auto: a byte that Windows-1252 does not define makes the encoding unknown
)

// sniffLen is how much of a file is looked at before its encoding is assumed.
const sniffLen = 4096

// source hands out the bytes of a file, UTF-16 already turned into UTF-8, and counts what it took.
type source struct {
	r     io.Reader
	head  []byte // read but not handed out yet
	mark  []byte // the byte order mark dropped
	limit int64  // bytes of the whole file, 0 for none
	taken int64
	start int64 // where the file begins in r, 0 when r does not tell, -1 when r cannot go back
	wide  *wideDecoder
}

func newSource(r io.Reader) *source {
	s := &source{r: r, start: -1}
	if seeker, ok := r.(io.Seeker); ok {
		s.start = 0
		if at, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			s.start = at
		}
	}
	return s
}

// peek reads ahead and leaves the bytes to be handed out.
func (s *source) peek(n int) ([]byte, error) {
	buf := make([]byte, n)
	got, err := io.ReadFull(s.r, buf)
	s.head = buf[:got]
	s.taken = int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return s.head, err
}

// sniff peeks at the first sniffLen bytes of a file that is said to have size bytes, -1 for nobody knows. A small one gets no
// large buffer, unless it has more than that.
func (s *source) sniff(size int64) ([]byte, error) {
	if size < 0 || size >= sniffLen {
		return s.peek(sniffLen)
	}
	head, err := s.peek(int(size) + 1) // one more, to meet its end
	if err != nil || int64(len(head)) <= size {
		return head, err
	}
	head = append(make([]byte, 0, sniffLen), head...)
	more, err := s.peek(sniffLen - len(head))
	s.head = append(head, more...)
	s.taken = int64(len(s.head))
	return s.head, err
}

// begin makes the source deliver the file from its first byte behind the mark, in the mode given.
func (s *source) begin(m mode, rewind bool) error {
	if rewind {
		if s.start < 0 {
			return errors.New("the encoding shows only at the end of the file, and it cannot be read again")
		}
		if _, err := s.r.(io.Seeker).Seek(s.start, io.SeekStart); err != nil {
			return fmt.Errorf("read the file again: %w", err)
		}
		s.head, s.taken = nil, 0
		if _, err := s.peek(m.bom); err != nil {
			return err
		}
	}
	at := min(m.bom, len(s.head))
	s.mark, s.head = s.head[:at:at], s.head[at:]
	s.wide = nil
	if m.wide {
		s.wide = &wideDecoder{}
	}
	return nil
}

// fill reads until buf is full or the file ends.
func (s *source) fill(ctx context.Context, buf []byte) (n int, eof bool, err error) {
	for n < len(buf) && !eof {
		if err := ctx.Err(); err != nil {
			return n, false, err
		}
		var got int
		if s.wide != nil {
			got, err = s.wide.read(buf[n:], s.raw)
		} else {
			got, err = s.raw(buf[n:])
		}
		n += got
		if errors.Is(err, io.EOF) {
			eof = true
		} else if err != nil {
			return n, false, fmt.Errorf("read: %w", err)
		}
	}
	return n, eof, nil
}

func (s *source) raw(p []byte) (int, error) {
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.r.Read(p)
	s.taken += int64(n)
	if s.limit > 0 && s.taken > s.limit {
		return 0, errTooLarge
	}
	return n, err
}

// drain answers the size of the file, reading to its end where nobody knows it.
func (s *source) drain(ctx context.Context, known int64) (int64, error) {
	if known >= 0 {
		return known, nil
	}
	s.wide = nil
	buf := make([]byte, 1<<16)
	for {
		if _, eof, err := s.fill(ctx, buf); eof || err != nil {
			return s.taken, err
		}
	}
}

// wideDecoder turns UTF-16LE into UTF-8. A surrogate without its partner becomes the three bytes that would encode it,
// which are not UTF-8 and so are found as an error of their cell; each such triple stands for one unit of the file.
type wideDecoder struct {
	in  [8192]byte
	buf []byte // of in, not decoded yet
	out []byte // decoded, not handed out yet, part of all
	all []byte
	eof bool
}

func (d *wideDecoder) read(p []byte, raw func([]byte) (int, error)) (int, error) {
	for len(d.out) == 0 {
		if d.eof {
			return 0, io.EOF
		}
		kept := copy(d.in[:], d.buf)
		n, err := raw(d.in[kept:])
		d.buf = d.in[:kept+n]
		if errors.Is(err, io.EOF) {
			d.eof = true
		} else if err != nil {
			return 0, err
		}
		d.decode()
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *wideDecoder) decode() {
	out, b := d.all[:0], d.buf
	for len(b) >= 2 {
		u := rune(b[0]) | rune(b[1])<<8
		size := 2
		if utf16.IsSurrogate(u) {
			if u < 0xDC00 && len(b) < 4 && !d.eof {
				break
			}
			if len(b) >= 4 {
				if r := utf16.DecodeRune(u, rune(b[2])|rune(b[3])<<8); r != utf8.RuneError {
					u, size = r, 4
				}
			}
		}
		if size == 2 && utf16.IsSurrogate(u) {
			out = append(out, 0xE0|byte(u>>12), 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
		} else {
			out = utf8.AppendRune(out, u)
		}
		b = b[size:]
	}
	if d.eof && len(b) == 1 {
		out = append(out, 0xFF)
		b = nil
	}
	d.buf, d.out, d.all = b, out, out
}

// units is how many UTF-16 units b was in the file.
func units(b []byte) int64 {
	var n int64
	for _, c := range b {
		switch {
		case c >= 0xF0 && c != 0xFF:
			n += 2
		case c&0xC0 != 0x80:
			n++
		}
	}
	return n
}

var (
	bomUTF8 = []byte{0xEF, 0xBB, 0xBF}
	bomLE   = []byte{0xFF, 0xFE}
	bomBE   = []byte{0xFE, 0xFF}
)

// firstMode reads the assumption to begin with off the first bytes, or says why this is no text.
func firstMode(head []byte, declared string) (mode, Code) {
	if code := notText(head, declared); code != "" {
		return mode{}, code
	}
	marked := mode{}
	switch {
	case bytes.HasPrefix(head, bomLE):
		marked = mode{set: setUTF8, wide: true, bom: 2, name: "utf-16le"}
	case bytes.HasPrefix(head, bomUTF8):
		marked = mode{set: setUTF8, bom: 3, name: "utf-8"}
	}
	if marked.name != "" {
		if declared != "auto" && declared != marked.name {
			marked.first = &mark{line: 1, bytes: head[:marked.bom], seen: true, isBOM: true}
		}
		return marked, ""
	}
	if declared == "utf-16le" {
		return mode{set: setUTF8, wide: true, name: declared}, ""
	}
	for set := setUTF8; set <= setLatin9; set++ {
		if declared == set.String() {
			return mode{set: set, name: declared, claimed: true}, ""
		}
	}
	return mode{set: setUTF8, name: "utf-8", proof: proofUTF8}, ""
}

func notText(head []byte, declared string) Code {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")),
		bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return CodeExcelFile
	case bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xFE\xFF")):
		return CodeNotText
	case bytes.HasPrefix(head, bomLE):
		return ""
	case bytes.HasPrefix(head, bomBE):
		return CodeUTF16BigEndian
	case declared == "utf-16le" && len(head) >= 2 && head[0] != 0 && bytes.IndexByte(head, 0)%2 == 1:
		return "" // said so, and so it looks: every file has a delimiter or a line end, whose other byte is 0
	case len(head) >= 4 && (head[1] == 0 && head[3] == 0 && head[0] != 0 || head[0] == 0 && head[2] == 0 && head[1] != 0):
		return CodeUTF16NoBOM
	case declared == "utf-16le" && !bytes.HasPrefix(head, bomUTF8):
		return CodeUTF16NoBOM
	case bytes.IndexByte(head, 0) >= 0:
		return CodeNotText
	}
	return ""
}
