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

// reader cuts a file into batches of whole records. It deals with what stands above and below the data itself, and hands
// the data on.
type reader struct {
	*validation
	mode
	out    *merger
	scan   scanner
	batch  *batch
	index  int   // records read, of any sort
	number int64 // data records read
	skip   bool  // inside a record that was cut, up to its line end
	held   []*batch
	crew   *crew
	top    evidence // of what stands above the data

	misfit *Fault // why nothing below the header was looked at
	next   *mode  // the assumption that the header asks for
	header span
}

func newReader(v *validation, m mode, out *merger) *reader {
	v.columns, v.names, v.sets, v.width = nil, nil, nil, 0
	in := &reader{validation: v, mode: m, out: out, scan: newScanner(v.Schema)}
	in.scan.layout = v.layout(m.set)
	in.scan.setSingle(m.set != setUTF8)
	return in
}

// read does the whole pass. Every goroutine it starts has ended when it returns.
func (in *reader) read(ctx context.Context) error {
	in.crew = newCrew(in.plan, in.mode, in.out, in.seeds, in.opt.Workers)
	err := in.batches(ctx)
	misfit := errors.Is(err, errMisfit)
	if misfit {
		err = nil
	}
	if ended := in.crew.end(); err == nil {
		err = ended
	}
	if misfit {
		in.out.forget()
	}
	return err
}

func (in *reader) batches(ctx context.Context) error {
	size := in.opt.Buffer
	if size <= 0 {
		size = defaultBuffer
	}
	in.batch = in.crew.fresh(size)
	in.batch.base, in.batch.wide = int64(in.bom), in.wide
	for !in.scan.eof {
		b := in.batch
		n, eof, err := in.src.fill(ctx, b.data[b.n:len(b.data)-pad])
		if err != nil {
			return err
		}
		b.n += n
		b.data[b.n] = '\n'
		pos, err := in.records(eof)
		if err != nil {
			return err
		}
		if pos == 0 && !eof {
			b.data = append(b.data, make([]byte, len(b.data))...)
			continue
		}
		if err := in.turn(pos, size, eof); err != nil {
			return err
		}
	}
	return in.finish()
}

// records scans the batch as far as it holds whole records and answers where the rest begins.
func (in *reader) records(eof bool) (int, error) {
	b, s := in.batch, &in.scan
	s.data, s.n, s.eof, s.fields, s.cuts = b.data, b.n, eof, b.fields[:0], b.cuts[:0]
	pos := 0
	for pos < s.n {
		if in.skip {
			next, ok := s.skipLine(pos)
			if pos = next; !ok {
				break
			}
			in.skip = false
			continue
		}
		if in.columns != nil && s.ends == endsLF && s.layout == nil {
			known := len(b.recs)
			s.maker.wary = !in.bare
			pos, b.recs = s.sweep(pos, b.recs, in.number+1)
			in.number += int64(len(b.recs) - known)
			if pos == s.n {
				break
			}
		}
		r, ok := s.scan(pos)
		if !ok {
			break
		}
		pos, in.skip = int(r.next), r.cut
		b.fields, b.ends = s.fields, s.ends
		if err := in.take(r); err != nil {
			return 0, err
		}
	}
	b.fields, b.cuts, b.ends = s.fields, s.cuts, s.ends
	return pos, nil
}

// take sorts a record into what stands above the data and the data.
func (in *reader) take(r record) error {
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
	if r.blank && in.BlankRows == "skip" {
		return nil
	}
	if in.columns == nil {
		in.placed(in.headerless(int(r.n)))
	}
	in.number++
	r.number = in.number
	b.recs = append(b.recs, r)
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
		f.Message = words[r.fault].say(in.language, itoa(r.faultField+1))
		if r.fault == CodeRecordTooLong {
			f.Message = words[r.fault].say(in.language, itoa(in.MaxRecord))
		}
	case r.blank:
		f.Message = words[CodeHeader].say(in.language, words[CodeBlankRow].say(in.language))
	default:
		names := b.names(r, in.set, in.Quote)
		why := in.fitHeader(names)
		if why == "" {
			in.placed(names)
			return nil
		}
		if next := in.judge(&in.top); next != nil && in.fitHeader(b.names(r, next.set, in.Quote)) == "" {
			in.next = next
			return errRefuted
		}
		in.plan.names = names
		f.Message = words[CodeHeader].say(in.language, why)
		if len(in.declared) > 0 {
			f.Expected = phraseColumnsAre.say(in.language, quotedList(in.declaredNames()))
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

// turn hands the batch on and begins the next with the bytes left over from pos.
func (in *reader) turn(pos, size int, eof bool) error {
	b := in.batch
	rest := b.data[pos:b.n]
	fresh := in.crew.fresh(max(size, len(rest)))
	fresh.n = copy(fresh.data, rest)
	fresh.base, fresh.wide = b.offset(uint32(pos)), b.wide
	in.batch = fresh
	in.held = append(in.held, b)
	return in.release(eof)
}

// release hands on the batches that cannot hold a record of the footer any more. At the end of the file the footer is
// taken off the last ones.
func (in *reader) release(all bool) error {
	if all {
		footer := in.SkipFooter
		for i := len(in.held) - 1; i >= 0 && footer > 0; i-- {
			b := in.held[i]
			n := min(footer, len(b.recs))
			at := len(b.recs) - n
			b.below = append(b.below, b.recs[at:]...)
			b.recs = b.recs[:at]
			footer -= n
		}
	}
	for len(in.held) > 0 {
		behind := 0
		for _, b := range in.held[1:] {
			behind += len(b.recs)
		}
		if !all && behind < in.SkipFooter {
			return nil
		}
		b := in.held[0]
		in.held = slices.Delete(in.held, 0, 1)
		if err := in.crew.deliver(b); err != nil {
			return err
		}
	}
	return nil
}

// finish judges a file that ended before it gave what it had to.
func (in *reader) finish() error {
	if in.columns == nil && in.Header {
		f := Fault{Code: CodeHeaderMissing, Line: in.scan.line, Message: words[CodeHeaderMissing].say(in.language, itoa(in.headerRow()))}
		if in.index == 0 {
			f = Fault{Code: CodeEmptyFile, Line: 1, Message: words[CodeEmptyFile].say(in.language)}
		}
		in.misfit = &f
	} else if in.columns == nil {
		in.placed(in.headerless(0))
	}
	return nil
}
