package csvschema

import (
	"bytes"
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
	typed number // of the cell at hand; for dates and times the ordinal
}

// check fills in the findings of a batch.
func (k *checker) check(b *batch) {
	k.b = b
	b.stats = evidence{}
	for i := range b.above {
		b.look(&b.above[i], k.set)
	}
	for i := range b.recs {
		k.record(i)
		if k.refuted(&b.stats) {
			return
		}
	}
	for i := range b.below {
		b.look(&b.below[i], k.set)
	}
}

// refuted tells that the assumption about the encoding failed, so that the whole pass is for nothing.
func (m mode) refuted(e *evidence) bool {
	return m.proof == proofUTF8 && e.invalid.seen || m.proof == proofUndefined && e.undefined.seen
}

func (k *checker) record(index int) {
	b := k.b
	r := &b.recs[index]
	valid := b.look(r, k.set)
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
	if k.bare && !r.nul && (!r.high || k.set == setUTF8 && valid || k.set != setUTF8 && !b.stats.c1.seen) {
		return
	}
	before := b.count
	fields := b.fields[r.first : r.first+r.n]
	for i, c := range k.columns {
		f := &fields[i]
		if f.start == f.end && !c.Required {
			continue
		}
		if !k.cell(r, c, f, valid) && c.set >= 0 {
			k.remember(index, c, f)
		}
	}
	for i := range k.sets {
		if k.sets[i].code != CodeUnique {
			k.rememberRow(index, i, fields)
		}
	}
	if len(k.Checks) > 0 && b.count == before {
		k.conditions(r, fields)
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
	if c.kind == kindText && f.flags&fieldHigh == 0 && len(v) > 1 && !suspects[v[0]] && v[1] != ':' {
		if c.Required && v[0] == ' ' && len(bytes.TrimLeft(v, " ")) == 0 {
			return k.fault(r, c, f, CodeRequired, 0)
		}
		return c.constrained && k.constraint(r, c, f, v, text)
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

// suspects are the first bytes of cells that a spreadsheet may have damaged or that may be a share or a file: address.
var suspects = func() (t [256]bool) {
	for _, c := range "#+-0123456789\\fF" {
		t[c] = true
	}
	return t
}()

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
		var s stamp
		if s, ok = c.stamp(v); ok && c.constrained {
			k.typed.mant = s.ordinal()
		}
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
		if c.low != nil && c.low.order(k.typed, v, c.decimal, c.group) < 0 {
			return k.fault(r, c, f, CodeMin, 0)
		}
		if c.high != nil && c.high.order(k.typed, v, c.decimal, c.group) > 0 {
			return k.fault(r, c, f, CodeMax, 0)
		}
		if c.kind == kindDecimal && c.Scale >= 0 && k.typed.scale > c.Scale {
			return k.fault(r, c, f, CodeScale, 0)
		}
	case kindDate, kindTime:
		if c.Min != "" && k.typed.mant < c.from {
			return k.fault(r, c, f, CodeMin, 0)
		}
		if c.Max != "" && k.typed.mant > c.until {
			return k.fault(r, c, f, CodeMax, 0)
		}
	}
	return false
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
