package csvschema

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// checker holds records against a plan. Each worker has one; it keeps its scratch space between batches.
type checker struct {
	*plan
	mode
	b     *batch
	seeds seeds
	value []byte // a cell with its doubled quotes made single
	text  []byte // a cell as UTF-8
	row   []byte // the cells of a key, each behind its length
	typed number // of the cell at hand
	stamp stamp  // of the cell at hand
	find  recorder

	window window
	doubt  []uint64 // for each column the records of the window whose cell is not certainly right
}

func newChecker(p *plan, m mode, s seeds) *checker {
	return &checker{plan: p, mode: m, seeds: s, find: newRecorder(p, m)}
}

// check fills in the findings of a batch, and its records where they are still to be found.
func (k *checker) check(b *batch) error {
	if b.left {
		if err := k.find.fill(b); err != nil {
			return err
		}
	}
	k.b = b
	b.stats = evidence{}
	for i := range b.above {
		b.look(&b.above[i], k.set)
		k.unsendable(&b.above[i])
	}
	for from := 0; from < len(b.recs); from += windowRows {
		to := min(from+windowRows, len(b.recs))
		k.survey(from, to)
		if k.refuted(&b.stats) {
			return nil
		}
		k.settle(from, to)
	}
	if k.rows != nil {
		for i := range b.recs {
			k.rows.take(k, &b.recs[i])
		}
	}
	b.footer = len(b.faults)
	for i := range b.below {
		b.look(&b.below[i], k.set)
		k.unsendable(&b.below[i])
	}
	return nil
}

// refuted tells that the assumption about the encoding failed, so that the whole pass is for nothing.
func (m mode) refuted(e *evidence) bool {
	return m.proof == proofUTF8 && e.invalid.seen || m.proof == proofUndefined && e.undefined.seen
}

// settle holds the records of the window against the columns: each column first against all of them, which finds what is
// certainly right, then record by record what is left.
func (k *checker) settle(from, to int) {
	w := &k.window
	rest := ^uint64(0) >> (windowRows - (to - from)) &^ w.plain
	if !k.bare {
		if len(k.doubt) != k.width {
			k.doubt = make([]uint64, k.width)
		}
		for i, c := range k.columns {
			k.doubt[i] = w.plain
			if c.set < 0 && w.plain != 0 { // others have to be remembered
				k.doubt[i] = k.doubts(c, w.plain)
			}
			rest |= k.doubt[i]
		}
		if k.wholeRows {
			rest |= w.regular
		}
	}
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		k.record(from+i, rest&-rest)
	}
}

// record looks at what is not certain about a record; bit is its place in the window.
func (k *checker) record(index int, bit uint64) {
	b, w := k.b, &k.window
	r := &b.recs[index]
	switch {
	case r.fault != "":
		k.structural(r, r.fault)
		return
	case r.blank:
		k.structural(r, CodeBlankRow)
		return
	case int(r.n) != k.width:
		k.structural(r, CodeFieldCount)
		return
	}
	before := b.count
	for i, c := range k.columns {
		if w.plain&bit != 0 && k.doubt[i]&bit == 0 {
			continue
		}
		f := b.field(r, i)
		if f.start == f.end && !c.Required {
			continue
		}
		if !k.cell(r, c, &f, w.valid&bit != 0) && c.set >= 0 {
			k.remember(index, c, &f)
		}
	}
	for i := range k.sets {
		if k.sets[i].code != CodeUnique {
			k.rememberRow(index, i)
		}
	}
	if len(k.Checks) > 0 && b.count == before {
		k.conditions(r)
	}
}

// cell holds one cell against its column and answers whether it is at fault. The order of the rules is that of
// LANGUAGE.md; a value that passes its type needs no look for damage, because no damage has the form of a type.
func (k *checker) cell(r *record, c *column, f *field, valid bool) bool {
	v := k.b.data[f.start:f.end]
	text := v
	if f.flags&(fieldEscaped|fieldHigh|fieldNUL) != 0 {
		if at := k.undecodable(v, f.flags, valid); at >= 0 {
			return k.fault(r, c, f, CodeEncoding, at)
		}
		if at := k.send.unmappable(v, k.set); at >= 0 {
			return k.fault(r, c, f, CodeUnmappable, at)
		}
		if f.flags&fieldEscaped != 0 {
			k.value = unescape(k.value[:0], v, k.Quote)
			v = k.value
		}
		text = v
		if f.flags&fieldHigh != 0 && k.set != setUTF8 {
			k.text = k.set.appendDecoded(k.text[:0], v)
			text = k.text
		}
	}
	ok := k.isType(c, v)
	if !ok || c.kind == kindText || f.flags&fieldHigh != 0 {
		if k.marred(r, c, f, v) {
			return true
		}
	}
	switch {
	case c.Required && len(bytes.TrimLeft(v, " ")) == 0:
		return k.fault(r, c, f, CodeRequired, 0)
	case !ok:
		return k.fault(r, c, f, CodeType, 0)
	}
	return c.constrained && k.constraint(r, c, f, v, text)
}

// marred looks for damage, garbled text and paths. Where the schema only warns, the cell goes on to the other rules.
func (k *checker) marred(r *record, c *column, f *field, v []byte) bool {
	if len(v) == 0 {
		return false
	}
	if k.ExcelDamage != LevelAllow && (v[0] < 'A' && damaged(v) || c.kind == kindDate && serial(v, c.decimal)) && k.graded(r, c, f, CodeExcelDamage, k.ExcelDamage) {
		return true
	}
	if k.Mojibake != LevelAllow && f.flags&fieldHigh != 0 && k.set.garbled(v) && k.graded(r, c, f, CodeMojibake, k.Mojibake) {
		return true
	}
	return k.FileReferences != LevelAllow && fileReference(v) && k.graded(r, c, f, CodeFileReference, k.FileReferences)
}

// graded reports a finding as the level asks and answers whether it is an error.
func (k *checker) graded(r *record, c *column, f *field, code Code, level Level) bool {
	if level != LevelWarn {
		return k.fault(r, c, f, code, 0)
	}
	k.b.warned++
	if len(k.b.warnings) < k.b.warnRoom {
		k.b.warnings = append(k.b.warnings, k.describe(r, c, f, code, 0))
		k.b.warnings[len(k.b.warnings)-1].Warning = true
	}
	return false
}

// undecodable is the first byte of a cell that its encoding does not define, or -1.
func (k *checker) undecodable(v []byte, flags uint8, valid bool) int {
	at := -1
	if flags&fieldHigh != 0 {
		switch {
		case k.set != setUTF8:
			at = k.set.firstUndefined(v)
		case !valid:
			at = firstInvalid(v)
		}
	}
	if flags&fieldNUL != 0 {
		if i := bytes.IndexByte(v, 0); at < 0 || i < at {
			at = i
		}
	}
	return at
}

func (k *checker) isType(c *column, v []byte) bool {
	ok := true
	switch c.kind {
	case kindInteger:
		k.typed, ok = parseInteger(v)
	case kindDecimal:
		k.typed, ok = parseDecimal(v, c.decimal, c.group)
	case kindDate, kindTime:
		k.stamp, ok = c.stamp(v)
	case kindBoolean:
		_, ok = parseBoolean(v)
	case kindEmail:
		ok = validEmail(v)
	case kindIBAN:
		ok = validIBAN(v)
	}
	return ok
}

// constraint holds a cell of the right type against the rest of its column: v in the file's bytes, text as UTF-8.
func (k *checker) constraint(r *record, c *column, f *field, v, text []byte) bool {
	if c.lengths && (c.MinLength > 0 || len(text) > c.MaxLength) {
		n := utf8.RuneCount(text)
		if n < c.MinLength {
			return k.fault(r, c, f, CodeMinLength, n)
		}
		if c.MaxLength > 0 && n > c.MaxLength {
			return k.fault(r, c, f, CodeMaxLength, n)
		}
	}
	if c.pattern != nil && !c.pattern.match(text) {
		return k.fault(r, c, f, CodePattern, 0)
	}
	if c.allowed != nil {
		if _, ok := c.allowed[string(text)]; !ok {
			return k.fault(r, c, f, CodeOneOf, 0)
		}
	}
	if c.listed != nil {
		if _, ok := c.listed[string(text)]; !ok {
			return k.fault(r, c, f, CodeInFile, 0)
		}
	}
	switch c.kind {
	case kindInteger, kindDecimal:
		if code := c.outside(k.typed, v); code != "" {
			return k.fault(r, c, f, code, 0)
		}
	case kindDate, kindTime:
		if code := c.beyond(k.stamp); code != "" {
			return k.fault(r, c, f, code, 0)
		}
	}
	return false
}

// outside is the rule that a number breaks, if any; v is how it is written.
func (c *column) outside(n number, v []byte) Code {
	switch {
	case c.low != nil && c.low.order(n, v, c.decimal, c.group) < 0:
		return CodeMin
	case c.high != nil && c.high.order(n, v, c.decimal, c.group) > 0:
		return CodeMax
	case c.kind == kindDecimal && c.Scale >= 0 && n.scale > c.Scale:
		return CodeScale
	}
	return ""
}

// beyond is the rule that a date or time breaks, if any.
func (c *column) beyond(s stamp) Code {
	switch {
	case c.Min != "" && s < c.from:
		return CodeMin
	case c.Max != "" && s > c.until:
		return CodeMax
	}
	return ""
}

// unescape appends v with doubled quotes made single.
func unescape(dst, v []byte, quote byte) []byte {
	for {
		i := bytes.IndexByte(v, quote)
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i+1]...)
		v = v[min(i+2, len(v)):]
	}
}
