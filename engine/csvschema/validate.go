package csvschema

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
)

// Options are what a validation needs beside the schema.
type Options struct {
	Lookup   func(path, column string) (map[string]struct{}, error) // the values of an in_file; nil where no column has one
	LastRows int64                                                  // data records of the last accepted file, for max_shrink; 0 when unknown
	Buffer   int                                                    // bytes of a batch, 0 for 64 KiB; the report does not depend on it
	Workers  int                                                    // goroutines that share the work, 0 or 1 for none beside the caller; nor on it
	Reading  func(encoding string)                                  // called before each reading of the file with its assumed encoding; the last is the report's
}

// Validate reads a file once and answers everything that is wrong with it. size is in bytes, -1 when unknown; a file
// that is longer than max_size is not read on. A nil schema stands for no csv block: structure, encoding and size only.
//
// The error is for a reader that fails, a context that ends and a schema that contradicts itself, never for what the
// file holds. Where an assumption about the encoding fails late (auto, or a declaration that is wrong), the file is read
// a second time, which needs an io.Seeker.
func Validate(ctx context.Context, r io.Reader, size int64, s *Schema, opt Options) (*Report, error) {
	return validate(ctx, r, size, s, opt, nil)
}

func validate(ctx context.Context, r io.Reader, size int64, s *Schema, opt Options, rows *rowTaker) (*Report, error) {
	if s == nil {
		s = Default()
		s.ExcelDamage, s.Mojibake, s.FileReferences = LevelAllow, LevelAllow, LevelAllow
	}
	p, err := newPlan(s, opt)
	if err != nil {
		return nil, err
	}
	p.rows = rows
	v := &validation{plan: p, opt: opt, size: size, src: newSource(r), seeds: newSeeds()}
	v.src.limit = s.MaxSize
	if s.MaxSize > 0 && size > s.MaxSize {
		return v.refused(size, CodeFileTooLarge, nounByte.of(s.MaxSize)), nil
	}
	rep, err := v.run(ctx)
	if errors.Is(err, errTooLarge) {
		return v.refused(max(size, s.MaxSize+1), CodeFileTooLarge, nounByte.of(s.MaxSize)), nil
	}
	if err != nil {
		return nil, err
	}
	rep.Valid = rep.ErrorCount == 0
	return rep, nil
}

var errTooLarge = errors.New("file longer than max_size")

// validation is one call of Validate.
type validation struct {
	*plan
	opt   Options
	size  int64
	src   *source
	seeds seeds
}

// refused is the report of a file whose records are not looked at.
func (v *validation) refused(size int64, code Code, args ...any) *Report {
	return &Report{Size: size, ErrorCount: 1, Errors: []Fault{{Code: code, Line: 1, Message: words[code].Of(args...)}}}
}

// run makes passes over the file until an assumption about its encoding holds; there are at most three.
func (v *validation) run(ctx context.Context) (*Report, error) {
	head, err := v.src.sniff(v.size)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return v.refused(0, CodeEmptyFile), nil
	}
	m, code := firstMode(head, v.Encoding)
	if code != "" {
		size, err := v.src.drain(ctx, v.size)
		rep := v.refused(size, code)
		if at := bytes.IndexByte(head, 0); code == CodeNotText && at >= 0 {
			f := &rep.Errors[0]
			f.Line, f.Offset = 1+linesBefore(head[:at], endsLF), int64(at)
			f.Message = words[code].Of(phraseZeroAt.Of(itoa(at)))
		}
		return rep, err
	}
	for again := false; ; again = true {
		if v.opt.Reading != nil {
			v.opt.Reading(m.name)
		}
		if err := v.src.begin(m, again); err != nil {
			return nil, err
		}
		rep, next, err := v.pass(ctx, m)
		if err != nil || next == nil {
			return rep, err
		}
		m = *next
	}
}

// pass reads the whole file under one assumption. It answers the report, or the assumption to try next.
func (v *validation) pass(ctx context.Context, m mode) (*Report, *mode, error) {
	v.rows.begin()
	out := newMerger(v.plan, m, v.seeds)
	in := newReader(v, m, out, v.workers())
	switch err := newCrew(in, out, v.seeds, v.workers()).read(ctx); {
	case errors.Is(err, errRefuted) && in.next != nil:
		return nil, in.next, nil
	case errors.Is(err, errRefuted):
		return nil, refutedBy(m), nil
	case err != nil:
		return nil, nil, err
	}
	if next := m.judge(&out.stats); next != nil && in.misfit == nil {
		return nil, next, nil
	}
	rep := out.rep
	rep.Encoding, rep.Header = m.name, v.names
	rep.mark, rep.header = v.src.mark, in.header
	var err error
	if rep.Size, err = v.src.drain(ctx, v.size); err != nil {
		return nil, nil, err
	}
	v.whole(out, in)
	return rep, nil, nil
}

// workers is how many goroutines share a pass.
func (v *validation) workers() int {
	if len(v.Checks) > 0 { // a check may keep state of its own between rows
		return 1
	}
	return max(1, v.opt.Workers)
}

// refutedBy is the assumption that follows one of auto that failed.
func refutedBy(m mode) *mode {
	if m.proof == proofUTF8 {
		return &mode{set: set1252, name: set1252.String(), proof: proofUndefined}
	}
	return &mode{set: setUTF8, name: "unknown"}
}

// judge holds a declared encoding against what the whole stream showed: UTF-8 that was declared as something else, a
// single-byte file that was declared UTF-8, Windows-1252 that was declared ISO 8859. A file that is a mixture stays what
// it was declared, and each cell that does not fit is an error of its own.
func (m mode) judge(e *evidence) *mode {
	if !m.claimed {
		return nil
	}
	switch {
	case m.set != setUTF8 && e.multi.seen && !e.invalid.seen:
		return &mode{set: setUTF8, name: "utf-8", first: &e.multi}
	case m.set == setUTF8 && e.invalid.seen && !e.multi.seen && !e.undefined.seen:
		return &mode{set: set1252, name: set1252.String(), first: &e.invalid}
	case m.set > set1252 && e.c1.seen && !e.undefined.seen:
		return &mode{set: set1252, name: set1252.String(), first: &e.c1}
	}
	return nil
}

// whole adds what is said about the file and not about a record of it.
func (v *validation) whole(out *merger, in *reader) {
	rep := out.rep
	if f := out.overRow; f != nil {
		f.Message = words[f.Code].Of(nounRecord.of(rep.Rows), itoa(v.MaxRows))
		f.Expected = phraseAtMost.Of(itoa(v.MaxRows))
		out.insert(*f)
	}
	if in.misfit != nil {
		out.insert(*in.misfit)
	}
	if out.first != nil {
		out.insert(v.differs(out.mode))
	}
	if in.misfit != nil {
		return
	}
	end := Fault{Line: in.find.scan.line, Offset: rep.Size}
	if rep.Rows < v.MinRows {
		end.Code = CodeTooFewRows
		end.Message = words[end.Code].Of(nounRecord.of(rep.Rows), itoa(v.MinRows))
		end.Expected = phraseAtLeast.Of(itoa(v.MinRows))
		out.insert(end)
	}
	const slack = 1e-9 // 30 % of 100 rows are 30 rows, however a float says it
	if last := v.opt.LastRows; v.HasMaxShrink && float64(rep.Rows)+slack < float64(last)*(1-v.MaxShrink) {
		share := strconv.FormatFloat(v.MaxShrink*100, 'f', -1, 64) + " %"
		end.Code, end.Expected = CodeShrunk, Sentence{}
		end.Message = words[end.Code].Of(nounRecord.of(rep.Rows), itoa(last), share)
		out.insert(end)
	}
}
