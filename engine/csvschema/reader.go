package csvschema

import (
	"context"
	"errors"
	"slices"
)

// errRefuted ends a pass whose assumption about the encoding is wrong.
var errRefuted = errors.New("the file is in another encoding than assumed")

// errMisfit ends the reading of a file whose header does not fit.
var errMisfit = errors.New("the header does not fit")

const defaultBuffer = 64 << 10

// reader cuts a file into batches of whole records. It deals with what stands above and below the data itself. The records
// of the data it finds itself where one goroutine does everything; where there are several, it leaves them to whoever takes
// the batch, as far as it can.
type reader struct {
	*validation
	mode
	out    *merger
	find   recorder
	shares bool // records are left to others
	batch  *batch
	free   chan *batch // for use once more
	index  int         // records found, of any sort
	held   []*batch
	top    evidence // of what stands above the data

	misfit *Fault // why nothing below the header was looked at
	next   *mode  // the assumption that the header asks for
	header span
}

func newReader(v *validation, m mode, out *merger, workers int) *reader {
	v.columns, v.names, v.sets, v.width = nil, nil, nil, 0
	in := &reader{validation: v, mode: m, out: out, find: newRecorder(v.plan, m), shares: workers > 1, free: make(chan *batch, 2*workers+2)}
	in.batch = in.fresh(in.size())
	in.batch.base, in.batch.wide = int64(in.bom), in.wide
	return in
}

// size is how many bytes a batch has room for, unless a record needs more.
func (in *reader) size() int {
	if in.opt.Buffer <= 0 {
		return defaultBuffer
	}
	return in.opt.Buffer
}

// take answers the next batch, nil at the end of the file.
func (in *reader) take(ctx context.Context) (*batch, error) {
	for {
		if b := in.released(); b != nil {
			return b, nil
		}
		if in.find.scan.eof {
			return nil, in.finish()
		}
		if err := in.read(ctx); err != nil {
			return nil, err
		}
	}
}

// read fills the batch and turns to the next, should it hold a whole record.
func (in *reader) read(ctx context.Context) error {
	b := in.batch
	n, eof, err := in.src.fill(ctx, b.data[b.n:len(b.data)-pad])
	if err != nil {
		return err
	}
	b.n += n
	b.data[b.n] = '\n'
	var pos int
	if b.left = in.leaves(eof); b.left {
		pos = in.find.border(b)
	} else if pos, err = in.find.records(b, eof, in.sort); err != nil {
		return err
	}
	if pos == 0 && !eof {
		b.data = append(b.data, make([]byte, len(b.data))...)
		return nil
	}
	in.turn(pos, eof)
	if eof {
		return in.footer()
	}
	return nil
}

// leaves tells whether the records of the batch are left to others. Then they are data, no line end but LF and CRLF ends
// one, none is longer than max_record and each counts.
func (in *reader) leaves(eof bool) bool {
	s := &in.find.scan
	return in.shares && !eof && in.columns != nil && !in.find.skip && s.ends == endsLF && s.layout == nil &&
		in.batch.n <= s.max && in.BlankRows != "skip"
}

// sort tells what stands above the data from the data.
func (in *reader) sort(r record) error {
	b := in.batch
	in.index++
	if in.Header && in.index <= in.headerRow() {
		b.look(&r, in.set)
		in.top.keep(&b.stats)
		r.heads = in.index == in.headerRow()
		b.above = append(b.above, r)
		if r.heads {
			return in.judgeHeader(&b.above[len(b.above)-1])
		}
		return nil
	}
	if in.columns == nil && !(r.blank && in.BlankRows == "skip") {
		in.placed(in.headerless(int(r.n)))
	}
	in.find.data(b, r)
	return nil
}

func (p *plan) headerRow() int { return max(1, p.HeaderRow) }

func (in *reader) placed(names []string) {
	in.place(names, in.set)
	in.out.placed()
}

// judgeHeader holds the header against the schema. A header that would fit in another encoding than the declared one
// says that the declaration is wrong.
func (in *reader) judgeHeader(r *record) error {
	b := in.batch
	if in.refuted(&in.top) {
		return errRefuted
	}
	in.header = spanOf(r, b)
	if len(in.Fixed) > 0 { // whatever it says: the fields have names
		in.placed(in.fixedNames())
		return nil
	}
	f := Fault{Code: CodeHeader, Line: r.line, Offset: b.offset(r.start)}
	switch {
	case r.fault != "":
		f.Code = r.fault
		f.Message = words[r.fault].Of(itoa(r.faultField + 1))
		if r.fault == CodeRecordTooLong {
			f.Message = words[r.fault].Of(nounByte.of(int64(in.MaxRecord)))
		}
	case r.blank:
		f.Message = words[CodeHeader].Of(words[CodeBlankRow].Of())
	default:
		names := b.names(r, in.set, in.Quote)
		why := in.fitHeader(names)
		if len(why) == 0 {
			in.placed(names)
			return nil
		}
		if next := in.judge(&in.top); next != nil && len(in.fitHeader(b.names(r, next.set, in.Quote))) == 0 {
			in.next = next
			return errRefuted
		}
		in.plan.names = names
		f.Message = words[CodeHeader].Of(why)
		if len(in.declared) > 0 {
			f.Expected = phraseColumnsAre.Of(quotedList(in.declaredNames()))
		}
	}
	in.misfit = &f
	return errMisfit
}

// names are the cells of a record as text.
func (b *batch) names(r *record, set charset, quote byte) []string {
	names := make([]string, 0, r.n)
	for i := range int(r.n) {
		f := b.field(r, i)
		v := b.data[f.start:f.end]
		if f.flags&fieldEscaped != 0 {
			v = unescape(nil, v, quote)
		}
		names = append(names, toText(set, v))
	}
	return names
}

// turn lets go of the batch and begins the next with the bytes left over from pos; at the end of the file nothing is to follow
// them.
func (in *reader) turn(pos int, eof bool) {
	b := in.batch
	rest := b.data[pos:b.n]
	room := len(rest)
	if !eof {
		room = max(room, in.size())
	}
	fresh := in.fresh(room)
	fresh.n = copy(fresh.data, rest)
	fresh.base, fresh.wide = b.offset(uint32(pos)), b.wide
	if b.left {
		b.n, b.ahead = pos, b.n-pos
	}
	in.batch = fresh
	in.held = append(in.held, b)
}

// fresh is an empty batch with room for size bytes.
func (in *reader) fresh(size int) *batch {
	var b *batch
	select {
	case b = <-in.free:
	default:
		b = &batch{}
		b.cuts, b.recs = make([]uint32, 0, size/8), make([]record, 0, size/128) // about as many as such a file has
	}
	if len(b.data) < size+pad {
		b.data = make([]byte, size+pad)
	}
	b.quote = in.Quote
	b.findings = findings{faults: b.faults[:0], warnings: b.warnings[:0], entries: b.entries[:0]}
	b.left, b.ahead = false, 0
	b.n, b.fields, b.cuts, b.above, b.recs, b.below = 0, b.fields[:0], b.cuts[:0], b.above[:0], b.recs[:0], b.below[:0]
	return b
}

// done takes a batch back that nobody needs any more.
func (in *reader) done(b *batch) {
	select {
	case in.free <- b:
	default:
	}
}

// released is the next batch that cannot hold a record of the footer, nil when there is none.
func (in *reader) released() *batch {
	if len(in.held) == 0 {
		return nil
	}
	if !in.find.scan.eof {
		behind := 0
		for _, b := range in.held[1:] {
			behind += b.rows()
		}
		if behind < in.SkipFooter {
			return nil
		}
	}
	b := in.held[0]
	in.held = slices.Delete(in.held, 0, 1)
	return b
}

// footer takes the footer off the last batches of the file.
func (in *reader) footer() error {
	footer := in.SkipFooter
	for i := len(in.held) - 1; i >= 0 && footer > 0; i-- {
		b := in.held[i]
		if b.left {
			f := newRecorder(in.plan, in.mode)
			if err := f.fill(b); err != nil {
				return err
			}
		}
		n := min(footer, len(b.recs))
		at := len(b.recs) - n
		b.below = append(b.below, b.recs[at:]...)
		b.recs = b.recs[:at]
		footer -= n
	}
	return nil
}

// finish judges a file that ended before it gave what it had to.
func (in *reader) finish() error {
	if in.columns == nil && in.Header {
		f := Fault{Code: CodeHeaderMissing, Line: in.find.scan.line, Message: words[CodeHeaderMissing].Of(itoa(in.headerRow()))}
		if in.index == 0 {
			f = Fault{Code: CodeEmptyFile, Line: 1, Message: words[CodeEmptyFile].Of()}
		}
		in.misfit = &f
	} else if in.columns == nil {
		in.placed(in.headerless(0))
	}
	return nil
}
