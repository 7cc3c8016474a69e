package csvschema

import "errors"

// recorder finds the records of batches.
type recorder struct {
	*plan
	scan   scanner
	number int64 // data records found so far
	skip   bool  // inside a record that was cut, up to its line end
}

func newRecorder(p *plan, m mode) recorder {
	f := recorder{plan: p, scan: newScanner(p.Schema)}
	f.scan.layout = p.layout(m.set)
	f.scan.setSingle(m.set != setUTF8)
	return f
}

// records finds the records of a batch as far as it holds them whole, and answers where the rest begins. What sweep finds
// is data; every other record goes to take, which may end the search.
func (f *recorder) records(b *batch, eof bool, take func(record) error) (int, error) {
	s := &f.scan
	s.data, s.eof, s.fields, s.cuts = b.data, eof, b.fields[:0], b.cuts[:0]
	s.maker.wary = !f.bare
	pos := 0
	for pos < b.n {
		s.n = b.n
		if f.skip {
			next, ok := s.skipLine(pos)
			if pos = next; !ok {
				break
			}
			f.skip = false
			continue
		}
		if f.columns != nil && s.ends == endsLF && s.layout == nil {
			known := len(b.recs)
			pos, b.recs = s.sweep(pos, b.recs, f.number+1)
			f.number += int64(len(b.recs) - known)
			if pos == s.n {
				break
			}
		}
		s.n += b.ahead
		r, ok := s.scan(pos)
		if !ok {
			break
		}
		pos, f.skip = int(r.next), r.cut
		b.fields, b.ends = s.fields, s.ends
		if err := take(r); err != nil {
			return 0, err
		}
	}
	b.fields, b.cuts, b.ends = s.fields, s.cuts, s.ends
	return pos, nil
}

// data adds a record of the data to a batch.
func (f *recorder) data(b *batch, r record) {
	if r.blank && f.BlankRows == "skip" {
		return
	}
	f.number++
	r.number = f.number
	b.recs = append(b.recs, r)
}

// stretch is what is known of a batch whose records have not been found yet.
type stretch struct {
	line, number         int64 // of its first record
	nextLine, nextNumber int64 // of the record behind it
}

// errStretch would be a mistake of border: better no verdict on a file than one on other records than it has.
var errStretch = errors.New("the records of the file were divided wrongly")

// fill finds the records of a stretch.
func (f *recorder) fill(b *batch) error {
	at := b.stretch
	f.scan.line, f.number, f.scan.ends = at.line, at.number-1, endsLF
	end, err := f.records(b, false, func(r record) error {
		f.data(b, r)
		return nil
	})
	if err == nil && (end != b.n || f.scan.line != at.nextLine || f.number+1 != at.nextNumber) {
		err = errStretch
	}
	b.left = false
	return err
}
