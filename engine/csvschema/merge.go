package csvschema

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// merger puts the findings of batches together in file order. It alone knows what came before a record, so it decides
// what is a duplicate.
type merger struct {
	*plan
	mode
	rep     *Report
	k       *checker // for describing duplicates; never checks
	seen    []*seen
	capped  []bool
	kept    atomic.Int64 // errors in the report, so that checkers ahead know how many more are worth describing
	noted   atomic.Int64 // and warnings
	stats   evidence
	overRow *Fault // the first record beyond max_rows
}

func newMerger(p *plan, m mode, s seeds) *merger {
	return &merger{plan: p, mode: m, rep: &Report{}, k: newChecker(p, m, s)}
}

// placed tells the merger that the columns are known.
func (m *merger) placed() {
	m.seen = make([]*seen, len(m.sets))
	m.capped = make([]bool, len(m.sets))
	for i := range m.seen {
		m.seen[i] = newSeen()
	}
}

// rooms are how many more errors and warnings the report takes.
func (m *merger) rooms() (errors, warnings int) {
	return m.maxErrors() - int(m.kept.Load()), m.maxErrors() - int(m.noted.Load())
}

func (p *plan) maxErrors() int {
	if p.MaxErrors <= 0 {
		return 1000
	}
	return p.MaxErrors
}

// merge adds a batch; it answers false when the assumption about the encoding has failed.
func (m *merger) merge(b *batch) bool {
	m.stats.keep(&b.stats)
	m.k.b = b
	if m.refuted(&m.stats) {
		return false
	}
	m.rep.Rows += int64(len(b.recs))
	if m.MaxRows > 0 && m.rep.Rows > m.MaxRows && m.overRow == nil {
		r := &b.recs[int64(len(b.recs))-(m.rep.Rows-m.MaxRows)]
		m.overRow = &Fault{Code: CodeTooManyRows, Line: r.line, Record: r.number, Offset: b.offset(r.start)}
	}
	if len(b.entries) > 0 {
		m.duplicates(b)
	}
	m.rep.ErrorCount += b.count
	m.rep.WarningCount += b.warned
	m.keep(b.faults...)
	_, warnings := m.rooms()
	m.rep.Warnings = append(m.rep.Warnings, b.warnings[:min(len(b.warnings), warnings)]...)
	m.noted.Store(int64(len(m.rep.Warnings)))
	return true
}

// keep adds faults, in file order, up to the bound.
func (m *merger) keep(faults ...Fault) {
	room, _ := m.rooms()
	n := min(len(faults), room)
	m.rep.Errors = append(m.rep.Errors, faults[:n]...)
	m.kept.Store(int64(len(m.rep.Errors)))
}

// forget drops what was found above a header that does not fit: that is the one error of the file, however much of what
// stands above it was handed on before.
func (m *merger) forget() {
	m.rep.Errors, m.rep.ErrorCount = nil, 0
	m.rep.Warnings, m.rep.WarningCount = nil, 0
}

// insert counts a fault of the file and puts it where its offset belongs.
func (m *merger) insert(f Fault) {
	m.rep.ErrorCount++
	at := slices.IndexFunc(m.rep.Errors, func(o Fault) bool { return o.Offset > f.Offset })
	if at < 0 {
		at = len(m.rep.Errors)
	}
	m.rep.Errors = slices.Insert(m.rep.Errors, at, f)
	m.rep.Errors = m.rep.Errors[:min(len(m.rep.Errors), m.maxErrors())]
}

// duplicates looks up the entries of a batch. A row that is whole the same as an earlier one is one fault, so its key
// and its unique cells are not looked at.
func (m *merger) duplicates(b *batch) {
	slices.SortStableFunc(b.entries, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.rec, y.rec), cmp.Compare(x.set, y.set))
	})
	footer := slices.Clone(b.faults[b.footer:]) // stays behind the data
	b.faults = b.faults[:b.footer]
	repeated, cells := -1, len(b.faults)
	for _, e := range b.entries {
		s := &m.sets[e.set]
		if e.rec == repeated {
			continue
		}
		r := &b.recs[e.rec]
		earlier, full := m.seen[e.set].add(e.lo, e.hi, uint32(min(r.number, 1<<32-1)))
		switch {
		case full && !m.capped[e.set]:
			m.capped[e.set] = true
			m.duplicate(b, cells, r, s, CodeUniqueLimit, maxDistinct)
		case earlier != 0:
			if s.code == CodeUniqueRows {
				repeated = e.rec
			}
			m.duplicate(b, cells, r, s, s.code, int64(earlier))
		}
	}
	if len(b.faults) > cells {
		slices.SortStableFunc(b.faults, func(x, y Fault) int {
			return cmp.Or(cmp.Compare(x.Record, y.Record), cmp.Compare(x.ColumnNumber, y.ColumnNumber))
		})
	}
	b.faults = append(b.faults, footer...)
}

// duplicate reports a value, key or row that came before in the record given. The batch holds the first faults of its
// cells already, and gets as many of duplicates: sorted together, their beginning is right.
func (m *merger) duplicate(b *batch, cells int, r *record, s *set, code Code, earlier int64) {
	b.count++
	if len(b.faults)-cells >= b.room {
		return
	}
	var out Fault
	if s.code == CodeUnique {
		c := m.columns[s.columns[0]]
		f := b.field(r, c.position)
		out = m.k.describe(r, c, &f, s.code, 0)
	} else {
		out = Fault{Line: r.line, Record: r.number, Offset: b.offset(r.start), Expected: m.expected(nil, s.code)}
		out.place(r, b)
	}
	out.Code = code
	args := []any{itoa(earlier)}
	if code == CodeKey {
		args = []any{s.names, itoa(earlier)}
	}
	out.Message = words[code].Of(args...)
	b.faults = append(b.faults, out)
}
